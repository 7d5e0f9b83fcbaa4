import { Body1, Button, makeStyles, tokens } from "@fluentui/react-components";
import { useState } from "react";

import { api, everything, ok, useList, type Schemas } from "../../api/client";
import { orderEntries } from "../../api/lists";
import { useWrite } from "../../api/write";
import type { CsvColumn } from "../../components/csv";
import { Drawer } from "../../components/Drawer";
import { ExportButton } from "../../components/ExportButton";
import { dateTime, words } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { StatusBadge } from "../../components/StatusBadge";
import { TwoLines } from "../../components/TwoLines";

type Order = Schemas["NumberOrder"];
type Entry = Schemas["NumberOrderEntry"];

const LIVE_MS = 2_000;

const entryColumns: Column<Entry>[] = [
  { key: "number", header: "Number", width: "150px", render: (row) => row.number },
  { key: "status", header: "Result", width: "90px", render: (row) => <StatusBadge status={row.status} /> },
  {
    key: "why",
    header: "Why, and what to do",
    width: "minmax(240px, 1fr)",
    render: (row) =>
      row.error ? (
        <TwoLines
          first={`${row.error.code}: ${row.error.reason}`}
          second={[row.line && `Line ${row.line}${row.column ? `, ${row.column}` : ""}.`, row.error.remedy].filter(Boolean).join(" ")}
        />
      ) : (
        row.warning
      ),
  },
];

const entryCsv: CsvColumn<Entry>[] = [
  { header: "Index", value: (row) => row.index },
  { header: "Number", value: (row) => row.number },
  { header: "Line", value: (row) => row.line },
  { header: "Column", value: (row) => row.column },
  { header: "Status", value: (row) => row.status },
  { header: "Code", value: (row) => row.error?.code },
  { header: "Field", value: (row) => row.error?.field },
  { header: "Reason", value: (row) => row.error?.reason },
  { header: "Remedy", value: (row) => row.error?.remedy },
  { header: "Warning", value: (row) => row.warning },
];

const useStyles = makeStyles({
  steps: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalS },
});

interface EntriesProps {
  role: "tenant" | "operator";
  order: Order;
  onClose: () => void;
  onPlaced: (what: string) => void;
}

/** What became of each number of an order; what failed is tried again, what was done is undone, by another order. */
export function Entries({ role, order, onClose, onPlaced }: EntriesProps) {
  const styles = useStyles();
  const source = orderEntries(role, order.id);
  const over = order.finished_at !== null && order.finished_at !== undefined;
  const list = useList(source, over ? {} : { everyMs: LIVE_MS });
  const [failed, setFailed] = useState<unknown>();
  const params = { params: { path: { order_id: order.id } } };
  const again = useWrite(
    (what: "retry" | "undo") =>
      what === "retry"
        ? ok(api.POST(`/${role}/v1/number-orders/{order_id}/retry`, params))
        : ok(api.POST(`/${role}/v1/number-orders/{order_id}/undo`, params)),
    (placed, what) =>
      onPlaced(
        what === "retry"
          ? `${placed.total.toLocaleString()} failed entries are tried again.`
          : `The order is being undone, ${placed.total.toLocaleString()} entries.`,
      ),
  );
  return (
    <Drawer
      title={`${words(order.kind)} of ${dateTime(order.created_at)}`}
      size="large"
      error={again.error ?? list.error ?? failed}
      onClose={onClose}
    >
      <div className={styles.steps}>
        <ExportButton file="order.csv" columns={entryCsv} rows={() => everything(source)} onError={setFailed} />
        {over && order.failed > 0 && !order.dry_run && (
          <Button disabledFocusable={again.isPending} onClick={() => again.mutate("retry")}>
            Try the failed ones again
          </Button>
        )}
        {over && order.succeeded > 0 && !order.dry_run && (
          <Button disabledFocusable={again.isPending} onClick={() => again.mutate("undo")}>
            Undo
          </Button>
        )}
        {order.dry_run && <Body1>It was a trial: nothing was changed.</Body1>}
      </div>
      <Grid
        label="Entries"
        columns={entryColumns}
        rows={list.rows}
        rowKey={(row) => String(row.index)}
        rowPx={52}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={list.isLoading ? "Loading" : "The order has no entries."}
      />
    </Drawer>
  );
}
