import { Body1 } from "@fluentui/react-components";
import { useState } from "react";

import { api, ok, useList, type Schemas } from "../api/client";
import { disputes } from "../api/lists";
import { useWrite } from "../api/write";
import { Choice } from "../components/Choice";
import { DISPUTES, named } from "../components/choices";
import { Done } from "../components/Done";
import { Facts } from "../components/Facts";
import { Text } from "../components/Fields";
import { FormDialog } from "../components/FormDialog";
import { dateTime } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page } from "../components/Page";
import { StatusBadge } from "../components/StatusBadge";

type Dispute = Schemas["Dispute"];
type Role = "operator" | "programme";

const columns: Column<Dispute>[] = [
  { key: "number", header: "Number", width: "minmax(140px, 1fr)", render: (row) => row.number },
  { key: "claimant", header: "Wants it", width: "minmax(130px, 1fr)", render: (row) => row.claimant_name },
  { key: "holder", header: "Has it", width: "minmax(130px, 1fr)", render: (row) => row.holder_name },
  {
    key: "state",
    header: "State",
    width: "minmax(180px, 1fr)",
    render: (row) => <StatusBadge status={row.state} label={named(DISPUTES, row.state)} />,
  },
  { key: "opened", header: "Opened", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.opened_at) },
  { key: "why", header: "Comment", width: "minmax(120px, 1.2fr)", render: (row) => row.comment },
];

export function OperatorDisputes() {
  return (
    <Disputes
      role="operator"
      lead="Numbers that one operator uploaded while another one's customer had them. What you want you may withdraw, what you have you may concede."
    />
  );
}

export function ProgrammeDisputes() {
  return (
    <Disputes
      role="programme"
      lead="Numbers that one operator uploaded while another one's customer had them. You uphold the claim or reject it, and say why."
    />
  );
}

function Disputes({ role, lead }: { role: Role; lead: string }) {
  const list = useList(disputes(role));
  const [open, setOpen] = useState<Dispute>();
  const [done, setDone] = useState<string>();
  return (
    <Page title="Disputes" lead={lead} error={list.error} loading={list.isLoading}>
      <Done>{done}</Done>
      <Grid
        label="Disputes"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No number is in dispute."
      />
      {open && (
        <Decide
          role={role}
          dispute={open}
          onClose={() => setOpen(undefined)}
          onDone={(what) => {
            setOpen(undefined);
            setDone(what);
          }}
        />
      )}
    </Page>
  );
}

/** The words that each side may end a dispute with. */
const ENDS: Record<Role, (readonly [state: string, text: string])[]> = {
  operator: [
    ["withdrawn", "You want it no longer (claimant)"],
    ["conceded", "You give it up (holder)"],
  ],
  programme: [
    ["upheld", "The claim is upheld"],
    ["rejected", "The claim is rejected"],
  ],
};

interface DecideProps {
  role: Role;
  dispute: Dispute;
  onClose: () => void;
  onDone: (what: string) => void;
}

function Decide({ role, dispute, onClose, onDone }: DecideProps) {
  // The holder's tenant is shown to the holder, the claimant's to the claimant: so an operator is told which it is.
  const ends = ENDS[role].filter(
    ([state]) =>
      role === "programme" || state === (dispute.holder_tenant_id ? "conceded" : "withdrawn"),
  );
  const [state, setState] = useState(ends[0]?.[0] ?? "");
  const [comment, setComment] = useState("");
  const end = useWrite(
    () =>
      ok(
        api.PATCH(`/${role}/v1/disputes/{dispute_id}`, {
          params: { path: { dispute_id: dispute.id } },
          body: { state, comment: comment.trim() || null },
        }),
      ),
    (after) => onDone(`${after.number}: ${named(DISPUTES, after.state).toLowerCase()}.`),
  );
  const over = dispute.state !== "open";
  return (
    <FormDialog
      title={`Dispute on ${dispute.number}`}
      submit="End it"
      error={end.error}
      busy={end.isPending}
      disabled={over}
      onSubmit={() => end.mutate()}
      onClose={onClose}
    >
      <Facts
        facts={[
          ["State", <StatusBadge key="state" status={dispute.state} label={named(DISPUTES, dispute.state)} />],
          ["Wants it", dispute.claimant_name],
          ["For the organisation", dispute.claimant_tenant_id],
          ["Has it", dispute.holder_name],
          ["Of the organisation", dispute.holder_tenant_id],
          ["Opened", dateTime(dispute.opened_at)],
          ["Ended", dateTime(dispute.closed_at)],
          ["Comment", dispute.comment],
        ]}
      />
      {!over && (
        <>
          <Choice label="How it ends" value={state} onChange={setState} options={ends} />
          <Text
            label="Comment"
            lines={2}
            required={role === "programme"}
            hint="Both operators read it"
            value={comment}
            onChange={setComment}
          />
          <Body1>The number stays where it is until its holder releases it.</Body1>
        </>
      )}
    </FormDialog>
  );
}
