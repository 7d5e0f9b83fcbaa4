import { Body1, Button } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { api, ok, useList } from "../../api/client";
import { changeFreezes } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Done } from "../../components/Done";
import { Facts } from "../../components/Facts";
import { Pair, Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { dateTime } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { useNow } from "../../components/TimeLeft";
import { instant, stands, type Freeze } from "./window";

type Role = "tenant" | "programme";

const STANDS = { planned: "Planned", open: "Open now", over: "Over" };
const BADGE = { planned: "informative", open: "warning", over: "Removed" };

function Stands({ freeze }: { freeze: Freeze }) {
  const where = stands(freeze, useNow());
  return <StatusBadge status={BADGE[where]} label={STANDS[where]} />;
}

const columns: Column<Freeze>[] = [
  { key: "name", header: "Name", width: "minmax(160px, 1.4fr)", render: (row) => row.name },
  { key: "state", header: "State", width: "100px", render: (row) => <Stands freeze={row} /> },
  { key: "from", header: "From", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.starts_at) },
  { key: "until", header: "Until", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.ends_at) },
  {
    key: "whose",
    header: "Whose",
    width: "minmax(140px, 1fr)",
    render: (row) => (row.tenant_id ? "The organisation's" : "The whole exchange's"),
  },
];

/** Windows in which nothing that carries calls may be changed. */
export function Freezes({ role }: { role: Role }) {
  const list = useList(changeFreezes(role));
  const [adding, setAdding] = useState(false);
  const [open, setOpen] = useState<Freeze>();
  const [done, setDone] = useState<string>();
  const finished = (what: string) => {
    setAdding(false);
    setOpen(undefined);
    setDone(what);
  };
  return (
    <Part
      actions={
        <Button
          appearance="primary"
          icon={<AddRegular />}
          onClick={() => {
            setDone(undefined);
            setAdding(true);
          }}
        >
          Freeze changes
        </Button>
      }
      error={list.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Change freezes"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No window is set: changes are made at any time."
      />
      {adding && <AddFreeze role={role} onClose={() => setAdding(false)} onDone={finished} />}
      {open && <EndFreeze role={role} freeze={open} onClose={() => setOpen(undefined)} onDone={finished} />}
    </Part>
  );
}

interface DialogProps {
  role: Role;
  onClose: () => void;
  onDone: (what: string) => void;
}

function AddFreeze({ role, onClose, onDone }: DialogProps) {
  const [name, setName] = useState("");
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const add = useWrite(
    () =>
      ok(
        api.POST(`/${role}/v1/change-freezes`, {
          body: { name: name.trim(), starts_at: instant(from), ends_at: instant(until) ?? "" },
        }),
      ),
    (freeze) => onDone(`Changes are frozen until ${dateTime(freeze.ends_at)}.`),
  );
  return (
    <FormDialog
      title="Freeze changes"
      submit="Freeze"
      error={add.error}
      busy={add.isPending}
      disabled={instant(until) === null}
      onSubmit={() => add.mutate()}
      onClose={onClose}
    >
      <Text label="Name" required hint="What refusals call it" placeholder="Cutover of wave 2" value={name} onChange={setName} />
      <Pair>
        <Text label="From" type="datetime-local" hint="Now, if empty" value={from} onChange={setFrom} />
        <Text label="Until" type="datetime-local" required hint="At most 92 days later" value={until} onChange={setUntil} />
      </Pair>
      <Body1>
        Emergency addresses, locations and trusted networks may be changed all the same, and orders placed before go on.
      </Body1>
    </FormDialog>
  );
}

function EndFreeze({ role, freeze, onClose, onDone }: DialogProps & { freeze: Freeze }) {
  const end = useWrite(
    () => ok(api.DELETE(`/${role}/v1/change-freezes/{freeze_id}`, { params: { path: { freeze_id: freeze.id } } })),
    () => onDone(`${freeze.name} is removed.`),
  );
  return (
    <FormDialog
      title={freeze.name}
      submit="Remove the window"
      error={end.error}
      busy={end.isPending}
      onSubmit={() => end.mutate()}
      onClose={onClose}
    >
      <Facts
        facts={[
          ["State", <Stands key="state" freeze={freeze} />],
          ["From", dateTime(freeze.starts_at)],
          ["Until", dateTime(freeze.ends_at)],
          ["Whose", freeze.tenant_id ? "The organisation's" : "The whole exchange's"],
        ]}
      />
    </FormDialog>
  );
}
