import { Body1, Button, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { api, ok, useList, useWhole, type Schemas } from "../../api/client";
import { groups, policies, policyAssignments, users } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { named, POLICY_KINDS } from "../../components/choices";
import { Done } from "../../components/Done";
import { Facts } from "../../components/Facts";
import { Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { PersonName } from "../../components/PersonName";
import { rankOf } from "./rank";

type Assignment = Schemas["PolicyAssignment"];

const TARGETS: Record<string, string> = {
  global: "Everybody",
  group: "A group",
  user: "A person",
  number: "A number",
};

/** For whom policies hold. */
export function Assignments() {
  const list = useList(policyAssignments);
  const all = useWhole(groups);
  const [adding, setAdding] = useState(false);
  const [open, setOpen] = useState<Assignment>();
  const [done, setDone] = useState<string>();
  const [warning, setWarning] = useState<string | null>();
  const groupName = (id: string) => all.rows.find((group) => group.id === id)?.name ?? id;
  const target = (row: Assignment) => {
    if (row.user_id) return <PersonName id={row.user_id} />;
    if (row.group_id) return groupName(row.group_id);
    return row.number ?? named(TARGETS, row.target);
  };
  const columns: Column<Assignment>[] = [
    { key: "kind", header: "Kind", width: "minmax(120px, 1fr)", render: (row) => named(POLICY_KINDS, row.kind) },
    { key: "policy", header: "Policy", width: "minmax(140px, 1.4fr)", render: (row) => row.policy_name },
    { key: "for", header: "Holds for", width: "minmax(110px, 0.8fr)", render: (row) => named(TARGETS, row.target) },
    { key: "whom", header: "Whom", width: "minmax(140px, 1.4fr)", render: target },
    { key: "rank", header: "Rank", width: "64px", numeric: true, render: (row) => row.rank },
  ];
  const finished = (what: string, after?: Assignment) => {
    setAdding(false);
    setOpen(undefined);
    setDone(what);
    setWarning(after?.warning);
  };
  return (
    <Part
      actions={
        <Button
          appearance="primary"
          icon={<AddRegular />}
          onClick={() => {
            setDone(undefined);
            setWarning(null);
            setAdding(true);
          }}
        >
          Assign a policy
        </Button>
      }
      error={list.error ?? all.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      {warning && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>{warning}</MessageBarBody>
        </MessageBar>
      )}
      <Grid
        label="Assignments"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => [row.kind, row.target, row.user_id, row.group_id, row.number].join()}
        onOpen={(row) => {
          setDone(undefined);
          setWarning(null);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No policy is assigned: none holds."
      />
      {adding && <AssignPolicy onClose={() => setAdding(false)} onDone={finished} />}
      {open && (
        <TakeAway assignment={open} whom={target(open)} onClose={() => setOpen(undefined)} onDone={finished} />
      )}
    </Part>
  );
}

interface DialogProps {
  onClose: () => void;
  onDone: (what: string, after?: Assignment) => void;
}

function AssignPolicy({ onClose, onDone }: DialogProps) {
  const [kind, setKind] = useState("TenantDialPlan");
  const [policy, setPolicy] = useState("");
  const [target, setTarget] = useState("global");
  const [whom, setWhom] = useState("");
  const [rank, setRank] = useState("1");
  const offered = useWhole(policies(kind));
  const people = useWhole(users);
  const all = useWhole(groups);
  const assign = useWrite(
    () =>
      ok(
        api.PUT("/tenant/v1/policy-assignments", {
          body: {
            kind,
            policy_id: policy,
            ...(target === "user" && { user_id: whom }),
            ...(target === "group" && { group_id: whom, rank: rankOf(rank) }),
            ...(target === "number" && { number: whom.trim() }),
          },
        }),
      ),
    (after) => onDone(`${after.policy_name ?? "The policy"} is assigned.`, after),
  );
  return (
    <FormDialog
      title="Assign a policy"
      submit="Assign"
      error={assign.error ?? offered.error ?? people.error ?? all.error}
      busy={assign.isPending}
      disabled={policy === "" || (target !== "global" && whom.trim() === "")}
      onSubmit={() => assign.mutate()}
      onClose={onClose}
    >
      <Choice
        label="Kind"
        value={kind}
        onChange={(next) => {
          setKind(next);
          setPolicy("");
        }}
        options={Object.entries(POLICY_KINDS)}
      />
      <Choice
        label="Policy"
        required
        any={offered.rows.length === 0 && !offered.isLoading ? "There is none of this kind" : "Choose a policy"}
        value={policy}
        onChange={setPolicy}
        options={offered.rows.filter((one) => one.settings.kind === kind).map((one) => [one.id, one.name] as const)}
      />
      <Choice
        label="Holds for"
        value={target}
        onChange={(next) => {
          setTarget(next);
          setWhom("");
        }}
        options={Object.entries(TARGETS)}
      />
      {target === "user" && (
        <Choice
          label="Person"
          required
          any="Choose somebody"
          value={whom}
          onChange={setWhom}
          options={people.rows.map((user) => [user.id, `${user.display_name} (${user.upn})`] as const)}
        />
      )}
      {target === "group" && (
        <>
          <Choice
            label="Group"
            required
            any={all.rows.length === 0 && !all.isLoading ? "There is no group" : "Choose a group"}
            value={whom}
            onChange={setWhom}
            options={all.rows.map((group) => [group.id, group.name] as const)}
          />
          <Text
            label="Rank"
            type="number"
            required
            hint="Of several groups of a person the lowest counts"
            value={rank}
            onChange={setRank}
          />
        </>
      )}
      {target === "number" && (
        <Text label="Number" required placeholder="+44…" value={whom} onChange={setWhom} />
      )}
      <Body1>It replaces what was assigned there. A number's policy beats a person's, that beats a group's, that beats everybody's.</Body1>
    </FormDialog>
  );
}

function TakeAway(props: DialogProps & { assignment: Assignment; whom: React.ReactNode }) {
  const { assignment, whom, onClose, onDone } = props;
  const take = useWrite(
    () => {
      const { kind, user_id, group_id, number } = assignment;
      return ok(api.PUT("/tenant/v1/policy-assignments", { body: { kind, user_id, group_id, number } }));
    },
    () => onDone(`${assignment.policy_name ?? "The policy"} is assigned there no longer.`),
  );
  return (
    <FormDialog
      title={assignment.policy_name ?? named(POLICY_KINDS, assignment.kind)}
      submit="Take it away"
      error={take.error}
      busy={take.isPending}
      onSubmit={() => take.mutate()}
      onClose={onClose}
    >
      <Facts
        facts={[
          ["Kind", named(POLICY_KINDS, assignment.kind)],
          ["Holds for", named(TARGETS, assignment.target)],
          ["Whom", assignment.target === "global" ? null : whom],
          ["Rank", assignment.rank],
        ]}
      />
      <Body1>Taken away, the next one that there is holds: of a group, or of everybody.</Body1>
    </FormDialog>
  );
}
