import { Button, Checkbox } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { useWhole } from "../../api/client";
import { resourceAccounts } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { Done } from "../../components/Done";
import { Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { put, without } from "../../components/rows";
import { usePutScreening, useScreening, type Screening } from "./screening";

/** A rule for callers, and where it stands in which of the two lists. */
interface Line {
  list: "blocked" | "exempt";
  at: number;
  name: string;
  pattern: string;
  enabled: boolean;
  redirect: string | null | undefined;
}

export function lines(screening: Screening): Line[] {
  return [
    ...screening.blocked.map((rule, at) => ({
      list: "blocked" as const,
      at,
      name: rule.name,
      pattern: rule.pattern,
      enabled: rule.enabled ?? true,
      redirect: rule.redirect_to_account_id,
    })),
    ...screening.exempt.map((rule, at) => ({
      list: "exempt" as const,
      at,
      name: rule.name,
      pattern: rule.pattern,
      enabled: rule.enabled ?? true,
      redirect: null,
    })),
  ];
}

/** Callers that are not let in, and the exceptions from that. */
export function Blocked() {
  const screening = useScreening();
  const queues = useWhole(resourceAccounts);
  const [open, setOpen] = useState<Line | "new">();
  const [done, setDone] = useState<string>();
  const queue = (id: string) => queues.rows.find((one) => one.id === id)?.display_name ?? id;
  const effect = (row: Line) => {
    if (row.list === "exempt") return "Let in, though it is blocked";
    return row.redirect ? `Goes to ${queue(row.redirect)}` : "Refused";
  };
  const columns: Column<Line>[] = [
    { key: "name", header: "Name", width: "minmax(140px, 1fr)", render: (row) => row.name },
    { key: "pattern", header: "Callers", width: "minmax(150px, 1.4fr)", render: (row) => <code>{row.pattern}</code> },
    { key: "effect", header: "What becomes of the call", width: "minmax(180px, 1.4fr)", render: effect },
    { key: "enabled", header: "In effect", width: "80px", render: (row) => (row.enabled ? "Yes" : "No") },
  ];
  return (
    <Part
      actions={
        <Button appearance="primary" icon={<AddRegular />} disabledFocusable={!screening.data} onClick={() => setOpen("new")}>
          Block numbers
        </Button>
      }
      error={screening.error ?? queues.error}
      loading={screening.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Blocked numbers"
        columns={columns}
        rows={screening.data ? lines(screening.data) : []}
        rowKey={(row) => `${row.list} ${row.at}`}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        empty="No caller is blocked."
      />
      {open && screening.data && (
        <RuleDialog
          screening={screening.data}
          line={open === "new" ? undefined : open}
          queues={queues.rows.map((one) => [one.id, one.display_name] as const)}
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

interface RuleDialogProps {
  screening: Screening;
  line: Line | undefined;
  queues: readonly (readonly [id: string, name: string])[];
  onClose: () => void;
  onDone: (what: string) => void;
}

function RuleDialog({ screening, line, queues, onClose, onDone }: RuleDialogProps) {
  const [list, setList] = useState<Line["list"]>(line?.list ?? "blocked");
  const [name, setName] = useState(line?.name ?? "");
  const [pattern, setPattern] = useState(line?.pattern ?? "");
  const [redirect, setRedirect] = useState(line?.redirect ?? "");
  const [enabled, setEnabled] = useState(line?.enabled ?? true);
  const [gone, setGone] = useState(false);
  const save = usePutScreening(screening, () => onDone(gone ? `${line?.name} is deleted.` : `${name.trim()} is saved.`));
  const rule = { name: name.trim(), pattern: pattern.trim(), enabled };
  const at = line?.list === list ? line.at : undefined;
  return (
    <FormDialog
      title={line?.name ?? "Block numbers"}
      submit={line ? "Save" : "Add"}
      error={save.error}
      busy={save.isPending}
      onSubmit={() => {
        setGone(false);
        save.mutate(
          list === "blocked"
            ? { blocked: put(screening.blocked, at, { ...rule, ...(redirect && { redirect_to_account_id: redirect }) }) }
            : { exempt: put(screening.exempt, at, rule) },
        );
      }}
      onClose={onClose}
      actions={
        line && (
          <Button
            disabledFocusable={save.isPending}
            onClick={() => {
              setGone(true);
              save.mutate({ [line.list]: without<unknown>(screening[line.list], line.at) });
            }}
          >
            Delete
          </Button>
        )
      }
    >
      {!line && (
        <Choice
          label="Such callers are"
          value={list}
          onChange={(next) => setList(next as Line["list"])}
          options={[
            ["blocked", "Blocked"],
            ["exempt", "Let in, though another rule blocks them"],
          ]}
        />
      )}
      <Text label="Name" required value={name} onChange={setName} />
      <Text
        label="Callers"
        required
        hint="A regular expression over the caller's number, + and digits, or anonymous"
        placeholder="^\+1900"
        value={pattern}
        onChange={setPattern}
      />
      {list === "blocked" && (
        <Choice
          label="Their calls"
          any="Are refused"
          value={redirect}
          onChange={setRedirect}
          options={queues.map(([id, queue]) => [id, `Go to ${queue}`] as const)}
        />
      )}
      <Checkbox label="In effect" checked={enabled} onChange={(_, data) => setEnabled(data.checked === true)} />
    </FormDialog>
  );
}
