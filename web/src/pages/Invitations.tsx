import { Body1, Button } from "@fluentui/react-components";
import { useState } from "react";

import { api, ok, useList, type Schemas } from "../api/client";
import { leads } from "../api/lists";
import { useWrite } from "../api/write";
import { LEADS, named } from "../components/choices";
import { Done } from "../components/Done";
import { Facts } from "../components/Facts";
import { Text } from "../components/Fields";
import { FormDialog } from "../components/FormDialog";
import { countryName, dateTime } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page } from "../components/Page";
import { StatusBadge } from "../components/StatusBadge";
import { ConsentDialog } from "./directory/ConsentDialog";

type Lead = Schemas["Lead"];

const columns: Column<Lead>[] = [
  { key: "operator", header: "Operator", width: "minmax(140px, 1.2fr)", render: (row) => row.operator_name },
  {
    key: "status",
    header: "Status",
    width: "104px",
    render: (row) => <StatusBadge status={row.status} label={named(LEADS, row.status)} />,
  },
  {
    key: "countries",
    header: "Countries",
    width: "minmax(140px, 1.2fr)",
    render: (row) => row.countries.map(countryName).join(", "),
  },
  { key: "message", header: "Message", width: "minmax(160px, 2fr)", render: (row) => row.message },
  { key: "until", header: "Good until", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.expires_at) },
];

/** Operators that invited the organisation. */
export default function Invitations() {
  const list = useList(leads("tenant"));
  const [claiming, setClaiming] = useState(false);
  const [open, setOpen] = useState<Lead>();
  const [accepting, setAccepting] = useState<Lead>();
  const [done, setDone] = useState<string>();
  return (
    <Page
      title="Invitations"
      lead="Operators that invited you. Accept one with a consent, or decline it; who gave you a code is found by it."
      error={list.error}
      loading={list.isLoading}
      actions={
        <Button
          onClick={() => {
            setDone(undefined);
            setClaiming(true);
          }}
        >
          I have a code
        </Button>
      }
    >
      <Done>{done}</Done>
      <Grid
        label="Invitations"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No operator has invited you."
      />
      {claiming && (
        <Claim
          onClose={() => setClaiming(false)}
          onDone={(lead) => {
            setClaiming(false);
            setOpen(lead);
          }}
        />
      )}
      {open && (
        <Decide
          lead={open}
          onClose={() => setOpen(undefined)}
          onAccept={() => {
            setOpen(undefined);
            setAccepting(open);
          }}
          onDone={(what) => {
            setOpen(undefined);
            setDone(what);
          }}
        />
      )}
      {accepting && (
        <ConsentDialog
          entry={{
            operator_id: accepting.operator_id,
            name: accepting.operator_name,
            countries: accepting.countries,
          }}
          lead={accepting.id}
          onClose={() => setAccepting(undefined)}
          onDone={() => {
            setAccepting(undefined);
            setDone(`${accepting.operator_name} has your consent.`);
          }}
        />
      )}
    </Page>
  );
}

function Claim({ onClose, onDone }: { onClose: () => void; onDone: (lead: Lead) => void }) {
  const [code, setCode] = useState("");
  const claim = useWrite(() => ok(api.POST("/tenant/v1/leads/claim", { body: { code: code.trim() } })), onDone);
  return (
    <FormDialog
      title="Show a code"
      submit="Show it"
      error={claim.error}
      busy={claim.isPending}
      disabled={code.trim() === ""}
      onSubmit={() => claim.mutate()}
      onClose={onClose}
    >
      <Text label="Code" required hint="As the operator gave it to you" value={code} onChange={setCode} />
    </FormDialog>
  );
}

interface DecideProps {
  lead: Lead;
  onClose: () => void;
  onAccept: () => void;
  onDone: (what: string) => void;
}

function Decide({ lead, onClose, onAccept, onDone }: DecideProps) {
  const [comment, setComment] = useState("");
  const decline = useWrite(
    () =>
      ok(
        api.POST("/tenant/v1/leads/{lead_id}/decline", {
          params: { path: { lead_id: lead.id } },
          body: { comment: comment.trim() || null },
        }),
      ),
    () => onDone(`The invitation of ${lead.operator_name} is declined.`),
  );
  const open = lead.status === "open";
  return (
    <FormDialog
      title={`Invitation of ${lead.operator_name}`}
      submit="Accept"
      error={decline.error}
      busy={decline.isPending}
      disabled={!open}
      onSubmit={onAccept}
      onClose={onClose}
      actions={
        open && (
          <Button disabledFocusable={decline.isPending} onClick={() => decline.mutate()}>
            Decline
          </Button>
        )
      }
    >
      <Facts
        facts={[
          ["Status", <StatusBadge key="status" status={lead.status} label={named(LEADS, lead.status)} />],
          ["Countries", lead.countries.map(countryName).join(", ")],
          ["Message", lead.message],
          ["Good until", dateTime(lead.expires_at)],
          ["Decided", dateTime(lead.decided_at)],
          ["What you said", lead.comment],
        ]}
      />
      {open && (
        <Text label="Why you decline" hint="The operator reads it" value={comment} onChange={setComment} />
      )}
      {!open && <Body1>It is over.</Body1>}
    </FormDialog>
  );
}
