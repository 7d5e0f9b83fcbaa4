import { Button, Field, makeStyles, SearchBox, Switch, tokens } from "@fluentui/react-components";
import { useMemo, useState } from "react";

import { everything, useList } from "../../api/client";
import { calls } from "../../api/lists";
import type { Role } from "../../api/session";
import { Choice } from "../../components/Choice";
import { ExportButton } from "../../components/ExportButton";
import { Grid } from "../../components/Grid";
import { Page } from "../../components/Page";
import { CallDrawer } from "./CallDrawer";
import { CALL_ROW_PX, callColumns, callCsv, callMatches } from "./columns";

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
  const [text, setText] = useState("");
  const [kind, setKind] = useState("");
  const source = calls(role, { kind });
  const list = useList(source, live ? { everyMs: LIVE_MS } : {});
  const [openId, setOpenId] = useState<string>();
  const [failed, setFailed] = useState<unknown>();

  const shown = useMemo(() => list.rows.filter((call) => callMatches(call, text)), [list.rows, text]);
  const filtered = text !== "" || kind !== "";
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
              value={text}
              onChange={(_, data) => setText(data.value)}
            />
          </Field>
          <Choice label="Way" any="All" value={kind} onChange={setKind} options={KINDS} />
        </>
      }
      actions={
        <>
          <Switch label="Live" checked={live} onChange={(_, data) => setLive(data.checked)} />
          <ExportButton
            file="calls.csv"
            columns={callCsv}
            onError={setFailed}
            rows={async () => (await everything(source)).filter((call) => callMatches(call, text))}
          />
        </>
      }
    >
      <div className={styles.count}>
        {text !== "" && list.hasMore
          ? `${shown.length.toLocaleString()} among the latest ${list.rows.length.toLocaleString()} calls`
          : `${shown.length.toLocaleString()}${list.hasMore ? "+" : ""} ${shown.length === 1 ? "call" : "calls"}`}
        {text !== "" && list.hasMore && (
          <Button appearance="transparent" size="small" onClick={list.more}>
            Search older calls
          </Button>
        )}
      </div>
      <Grid
        label="Call records"
        columns={callColumns}
        rows={shown}
        rowPx={CALL_ROW_PX}
        rowKey={(call) => call.id}
        onOpen={(call) => setOpenId(call.id)}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={filtered ? "No call matches. Take a filter away." : "No calls yet. They appear here as they happen."}
      />
      {open && <CallDrawer role={role} call={open} onClose={() => setOpenId(undefined)} />}
    </Page>
  );
}
