import { Body1, Button, Field, Input, MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { MailRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { api, ok, useList, type Schemas } from "../api/client";
import { leads } from "../api/lists";
import { useWrite } from "../api/write";
import { LEADS, named } from "../components/choices";
import { Done } from "../components/Done";
import { Facts } from "../components/Facts";
import { Pair, Text } from "../components/Fields";
import { FormDialog } from "../components/FormDialog";
import { countryName, dateTime } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page } from "../components/Page";
import { StatusBadge } from "../components/StatusBadge";
import { whole } from "../components/figures";

type Lead = Schemas["Lead"];

const columns: Column<Lead>[] = [
  { key: "who", header: "Invited", width: "minmax(160px, 1.4fr)", render: (row) => row.domain ?? "By a code" },
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
  { key: "made", header: "Made", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.created_at) },
  { key: "until", header: "Good until", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.expires_at) },
  { key: "said", header: "What it said", width: "minmax(140px, 1.2fr)", render: (row) => row.comment },
];

/** Invitations of organisations by the operator. */
export default function Leads() {
  const list = useList(leads("operator"));
  const [inviting, setInviting] = useState(false);
  const [open, setOpen] = useState<Lead>();
  const [made, setMade] = useState<Schemas["LeadCreated"]>();
  const [done, setDone] = useState<string>();
  return (
    <Page
      title="Invitations"
      lead="Organisations that you invite: by their domain, or by a code that they show. They choose you, or decline."
      error={list.error}
      loading={list.isLoading}
      actions={
        <Button
          appearance="primary"
          icon={<MailRegular />}
          onClick={() => {
            setDone(undefined);
            setMade(undefined);
            setInviting(true);
          }}
        >
          Invite
        </Button>
      }
    >
      <Done>{done}</Done>
      {made && (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>The invitation is made</MessageBarTitle>
            {made.code ? (
              <>
                Its code is <code>{made.code}</code>. It is shown this once: give it to the organisation.
              </>
            ) : (
              `Whoever runs ${made.lead.domain} sees it among its operators.`
            )}
          </MessageBarBody>
        </MessageBar>
      )}
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
        empty="You have invited nobody yet."
      />
      {inviting && (
        <Invite
          onClose={() => setInviting(false)}
          onDone={(lead) => {
            setInviting(false);
            setMade(lead);
          }}
        />
      )}
      {open && (
        <TakeBack
          lead={open}
          onClose={() => setOpen(undefined)}
          onDone={(what) => {
            setOpen(undefined);
            setMade(undefined);
            setDone(what);
          }}
        />
      )}
    </Page>
  );
}

function Invite({ onClose, onDone }: { onClose: () => void; onDone: (made: Schemas["LeadCreated"]) => void }) {
  const [domain, setDomain] = useState("");
  const [countries, setCountries] = useState("");
  const [days, setDays] = useState("");
  const [message, setMessage] = useState("");
  const invite = useWrite(
    () =>
      ok(
        api.POST("/operator/v1/leads", {
          body: {
            domain: domain.trim() || null,
            countries: countries.toUpperCase().split(/[\s,;]+/).filter(Boolean),
            days: whole(days),
            message: message.trim() || null,
          },
        }),
      ),
    onDone,
  );
  return (
    <FormDialog
      title="Invite an organisation"
      submit="Invite"
      error={invite.error}
      busy={invite.isPending}
      onSubmit={() => invite.mutate()}
      onClose={onClose}
    >
      <Text
        label="Domain"
        placeholder="contoso.example"
        hint="Left out, you get a code that the organisation shows"
        value={domain}
        onChange={setDomain}
      />
      <Pair>
        <Field label="Countries" required hint="Two letters each: GB, IE">
          <Input value={countries} onChange={(_, data) => setCountries(data.value)} />
        </Field>
        <Text label="Days" type="number" placeholder="30" hint="1 to 365" value={days} onChange={setDays} />
      </Pair>
      <Text label="Message" lines={3} hint="To whoever decides" value={message} onChange={setMessage} />
    </FormDialog>
  );
}

function TakeBack({ lead, onClose, onDone }: { lead: Lead; onClose: () => void; onDone: (what: string) => void }) {
  const take = useWrite(
    () => ok(api.DELETE("/operator/v1/leads/{lead_id}", { params: { path: { lead_id: lead.id } } })),
    () => onDone("The invitation is withdrawn."),
  );
  return (
    <FormDialog
      title={lead.domain ?? "Invitation by a code"}
      submit="Withdraw"
      error={take.error}
      busy={take.isPending}
      disabled={lead.status !== "open"}
      onSubmit={() => take.mutate()}
      onClose={onClose}
    >
      <Facts
        facts={[
          ["Status", <StatusBadge key="status" status={lead.status} label={named(LEADS, lead.status)} />],
          ["Countries", lead.countries.map(countryName).join(", ")],
          ["Message", lead.message],
          ["Made", dateTime(lead.created_at)],
          ["Good until", dateTime(lead.expires_at)],
          ["Decided", dateTime(lead.decided_at)],
          ["What it said", lead.comment],
          ["Organisation", lead.tenant_id],
          ["Invitation", lead.id],
        ]}
      />
      {lead.status !== "open" && <Body1>It is over: only an open invitation can be withdrawn.</Body1>}
    </FormDialog>
  );
}
