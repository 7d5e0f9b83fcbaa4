import { Field, makeStyles, SearchBox, Switch, tokens } from "@fluentui/react-components";
import { useMemo, useState } from "react";

import { everything, useList } from "../../api/client";
import { calls } from "../../api/lists";
import type { Role } from "../../api/session";
import { Choice } from "../../components/Choice";
import { ExportButton } from "../../components/ExportButton";
import { Grid } from "../../components/Grid";
import { Page } from "../../components/Page";
import { CallDrawer } from "./CallDrawer";
import { callColumns, callCsv, callMatches, type CallFilter } from "./columns";

const LIVE_MS = 1_000;

const useStyles = makeStyles({
  text: { minWidth: "220px" },
  count: { color: tokens.colorNeutralForeground2 },
});

const KINDS = [
  ["inbound", "Inbound"],
  ["outbound", "Outbound"],
  ["internal", "Internal"],
  ["emergency", "Emergency"],
] as const;

/** Call records, newest first, kept up to date while the page is open. */
export function CallList({ role, lead }: { role: Role; lead: string }) {
  const styles = useStyles();
  const [live, setLive] = useState(true);
  const source = calls(role);
  const list = useList(source, live ? { everyMs: LIVE_MS } : {});
  const [filter, setFilter] = useState<CallFilter>({ text: "", kind: "" });
  const [openId, setOpenId] = useState<string>();
  const [failed, setFailed] = useState<unknown>();

  const shown = useMemo(() => list.rows.filter((call) => callMatches(call, filter)), [list.rows, filter]);
  const filtered = filter.text !== "" || filter.kind !== "";
  // Looked up anew each time, so that the drawer lives on with the call.
  const open = list.rows.find((call) => call.id === openId);

  return (
    <Page
      title="Call records"
      lead={lead}
      error={list.error ?? failed}
      loading={list.isLoading}
      filters={
        <>
          <Field label="Find" className={styles.text}>
            <SearchBox
              placeholder="Number, person, operator or trunk"
              value={filter.text}
              onChange={(_, data) => setFilter({ ...filter, text: data.value })}
            />
          </Field>
          <Choice label="Way" any="All" value={filter.kind} onChange={(kind) => setFilter({ ...filter, kind })} options={KINDS} />
        </>
      }
      actions={
        <>
          <Switch label="Live" checked={live} onChange={(_, data) => setLive(data.checked)} />
          <ExportButton
            file="calls.csv"
            columns={callCsv}
            onError={setFailed}
            rows={async () => (await everything(source)).filter((call) => callMatches(call, filter))}
          />
        </>
      }
    >
      <div className={styles.count}>
        {`${shown.length.toLocaleString()}${list.hasMore ? "+" : ""} ${shown.length === 1 ? "call" : "calls"}`}
      </div>
      <Grid
        label="Call records"
        columns={callColumns}
        rows={shown}
        rowKey={(call) => call.id}
        onOpen={(call) => setOpenId(call.id)}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={filtered ? "No call matches. Take a filter away." : "No calls yet. They appear here as they happen."}
      />
      {open && <CallDrawer call={open} onClose={() => setOpenId(undefined)} />}
    </Page>
  );
}
