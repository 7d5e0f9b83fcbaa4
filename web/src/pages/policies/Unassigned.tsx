import { Button } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { useWhole, type Schemas } from "../../api/client";
import { resourceAccounts, users } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { Done } from "../../components/Done";
import { Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { PersonName } from "../../components/PersonName";
import { put, without } from "../../components/rows";
import { usePutScreening, useScreening, type Screening } from "./screening";

type Treatment = Schemas["UnassignedTreatment"];

/** What becomes of calls to numbers that nobody has. */
export function Unassigned() {
  const screening = useScreening();
  const queues = useWhole(resourceAccounts);
  const [open, setOpen] = useState<Treatment | "new">();
  const [done, setDone] = useState<string>();
  const target = (row: Treatment) => {
    if (row.user_id) return <PersonName id={row.user_id} />;
    return queues.rows.find((one) => one.id === row.resource_account_id)?.display_name ?? row.resource_account_id;
  };
  const columns: Column<Treatment>[] = [
    { key: "priority", header: "Priority", width: "72px", numeric: true, render: (row) => row.priority },
    { key: "name", header: "Name", width: "minmax(140px, 1fr)", render: (row) => row.name },
    { key: "pattern", header: "Called numbers", width: "minmax(150px, 1.4fr)", render: (row) => <code>{row.pattern}</code> },
    { key: "target", header: "Who answers", width: "minmax(140px, 1.2fr)", render: target },
  ];
  const rows = [...(screening.data?.unassigned ?? [])].sort((a, b) => a.priority - b.priority);
  return (
    <Part
      actions={
        <Button appearance="primary" icon={<AddRegular />} disabledFocusable={!screening.data} onClick={() => setOpen("new")}>
          Add treatment
        </Button>
      }
      error={screening.error ?? queues.error}
      loading={screening.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Unassigned numbers"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.name}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        empty="Calls to your numbers that nobody has are refused."
      />
      {open && screening.data && (
        <TreatmentDialog
          screening={screening.data}
          treatment={open === "new" ? undefined : open}
          queues={queues.rows}
          onClose={() => setOpen(undefined)}
          onDone={(what) => {
            setOpen(undefined);
            setDone(what);
          }}
        />
      )}
    </Part>
  );
}

interface TreatmentDialogProps {
  screening: Screening;
  treatment: Treatment | undefined;
  queues: Schemas["ResourceAccount"][];
  onClose: () => void;
  onDone: (what: string) => void;
}

function TreatmentDialog({ screening, treatment, queues, onClose, onDone }: TreatmentDialogProps) {
  const people = useWhole(users);
  const all = screening.unassigned;
  const found = treatment ? all.findIndex((other) => other.name === treatment.name) : -1;
  const at = found < 0 ? undefined : found;
  const [name, setName] = useState(treatment?.name ?? "");
  const [pattern, setPattern] = useState(treatment?.pattern ?? "");
  const [priority, setPriority] = useState(
    String(treatment?.priority ?? all.reduce((most, other) => Math.max(most, other.priority), 0) + 1),
  );
  // The value says which of the two it is; ids alone do not.
  const [target, setTarget] = useState(
    treatment?.user_id ? `user:${treatment.user_id}` : treatment ? `queue:${treatment.resource_account_id}` : "",
  );
  const [gone, setGone] = useState(false);
  const save = usePutScreening(screening, () =>
    onDone(gone ? `${treatment?.name} is deleted.` : `${name.trim()} is saved.`),
  );
  const [kind, id] = target.split(":");
  return (
    <FormDialog
      title={treatment?.name ?? "Add a treatment"}
      submit={treatment ? "Save" : "Add"}
      error={save.error ?? people.error}
      busy={save.isPending}
      disabled={target === ""}
      onSubmit={() => {
        setGone(false);
        save.mutate({
          unassigned: put(all, at, {
            name: name.trim(),
            pattern: pattern.trim(),
            priority: Number(priority),
            ...(kind === "user" ? { user_id: id } : { resource_account_id: id }),
          }),
        });
      }}
      onClose={onClose}
      actions={
        at !== undefined && (
          <Button
            disabledFocusable={save.isPending}
            onClick={() => {
              setGone(true);
              save.mutate({ unassigned: without(all, at) });
            }}
          >
            Delete
          </Button>
        )
      }
    >
      <Text label="Name" required value={name} onChange={setName} />
      <Text
        label="Called numbers"
        required
        hint="A regular expression over the called number, + and digits"
        placeholder="^\+4420794600"
        value={pattern}
        onChange={setPattern}
      />
      <Text
        label="Priority"
        type="number"
        required
        hint="The lowest that matches counts"
        value={priority}
        onChange={setPriority}
      />
      <Choice
        label="Who answers"
        required
        any="Choose a person or call queue"
        value={target}
        onChange={setTarget}
        options={[
          ...queues.map((queue) => [`queue:${queue.id}`, `${queue.display_name}, call queue`] as const),
          ...people.rows.map((user) => [`user:${user.id}`, user.display_name] as const),
        ]}
      />
    </FormDialog>
  );
}
