import { useState } from "react";

import { everything, useList, type Schemas } from "../api/client";
import { orderEntries, orders } from "../api/lists";
import type { CsvColumn } from "../components/csv";
import { Drawer } from "../components/Drawer";
import { ExportButton } from "../components/ExportButton";
import { dateTime, words } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page, Part } from "../components/Page";
import { StatusBadge } from "../components/StatusBadge";
import { Tabs } from "../components/Tabs";
import { TwoLines } from "../components/TwoLines";
import { Failures } from "./orders/Failures";

type Order = Schemas["NumberOrder"];
type Entry = Schemas["NumberOrderEntry"];

const LIVE_MS = 2_000;

const columns: Column<Order>[] = [
  { key: "placed", header: "Placed", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.created_at) },
  {
    key: "kind",
    header: "Order",
    width: "minmax(110px, 1fr)",
    render: (row) => (row.dry_run ? `${words(row.kind)}, dry run` : words(row.kind)),
  },
  { key: "ticket", header: "Reference", width: "minmax(110px, 1fr)", render: (row) => row.ticket_id },
  { key: "status", header: "Status", width: "140px", render: (row) => <StatusBadge status={row.status} /> },
  { key: "done", header: "Done", width: "112px", numeric: true, render: (row) => `${row.done} of ${row.total}` },
  { key: "failed", header: "Refused", width: "80px", numeric: true, render: (row) => row.failed },
];

const entryColumns: Column<Entry>[] = [
  { key: "number", header: "Number", width: "150px", render: (row) => row.number },
  { key: "status", header: "Result", width: "90px", render: (row) => <StatusBadge status={row.status} /> },
  {
    key: "why",
    header: "Why, and what to do",
    width: "minmax(240px, 1fr)",
    render: (row) =>
      row.error ? (
        <TwoLines first={`${row.error.code}: ${row.error.reason}`} second={row.error.remedy} />
      ) : (
        row.warning
      ),
  },
];

const entryCsv: CsvColumn<Entry>[] = [
  { header: "Index", value: (row) => row.index },
  { header: "Number", value: (row) => row.number },
  { header: "Status", value: (row) => row.status },
  { header: "Code", value: (row) => row.error?.code },
  { header: "Field", value: (row) => row.error?.field },
  { header: "Reason", value: (row) => row.error?.reason },
  { header: "Remedy", value: (row) => row.error?.remedy },
  { header: "Warning", value: (row) => row.warning },
];

/** The operator's uploads and releases, each with a result for every number, and what failed in them. */
export default function Orders() {
  return (
    <Page
      title="Orders"
      lead="Your uploads and releases, placed by the API or the command line. Open one for each number's result."
    >
      <Tabs
        label="Orders"
        tabs={[
          { name: "orders", label: "Orders", render: () => <OrderList /> },
          { name: "failed", label: "What failed", render: () => <Failures /> },
        ]}
      />
    </Page>
  );
}

function OrderList() {
  const list = useList(orders, { everyMs: LIVE_MS });
  const [open, setOpen] = useState<Order>();
  return (
    <Part error={list.error} loading={list.isLoading}>
      <Grid
        label="Orders"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={setOpen}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No order was placed yet."
      />
      {open && <Entries order={open} onClose={() => setOpen(undefined)} />}
    </Part>
  );
}

function Entries({ order, onClose }: { order: Order; onClose: () => void }) {
  const source = orderEntries(order.id);
  const list = useList(source);
  const [failed, setFailed] = useState<unknown>();
  return (
    <Drawer
      title={`${words(order.kind)} of ${dateTime(order.created_at)}`}
      size="large"
      error={list.error ?? failed}
      onClose={onClose}
    >
      <div>
        <ExportButton file="order.csv" columns={entryCsv} rows={() => everything(source)} onError={setFailed} />
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
