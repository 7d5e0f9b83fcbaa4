import { Button } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState, type ReactNode } from "react";

import { useList, type Schemas } from "../../api/client";
import { orders } from "../../api/lists";
import { Done } from "../../components/Done";
import { dateTime, words } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { Entries } from "./Entries";

type Order = Schemas["NumberOrder"];

const LIVE_MS = 2_000;

/** What an order does, and whether it is a trial, a further try or an undoing. */
export function told(order: Pick<Order, "kind" | "dry_run" | "retries_id" | "undoes_id">): string {
  return [
    words(order.kind),
    order.dry_run && "dry run",
    order.retries_id && "tried again",
    order.undoes_id && "undoing",
  ]
    .filter(Boolean)
    .join(", ");
}

const columns: Column<Order>[] = [
  { key: "placed", header: "Placed", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.created_at) },
  {
    key: "kind",
    header: "Order",
    width: "minmax(140px, 1.2fr)",
    render: told,
  },
  { key: "ticket", header: "Reference", width: "minmax(110px, 1fr)", render: (row) => row.ticket_id },
  { key: "status", header: "Status", width: "140px", render: (row) => <StatusBadge status={row.status} /> },
  { key: "done", header: "Done", width: "112px", numeric: true, render: (row) => `${row.done} of ${row.total}` },
  { key: "failed", header: "Refused", width: "80px", numeric: true, render: (row) => row.failed },
];

interface OrderListProps {
  role: "tenant" | "operator";
  /** The dialog that places one from a file. */
  place: (close: () => void, placed: (what: string) => void) => ReactNode;
}

/** Orders, newest first, kept up to date while they run. */
export function OrderList({ role, place }: OrderListProps) {
  const list = useList(orders(role), { everyMs: LIVE_MS });
  const [openId, setOpenId] = useState<string>();
  const [placing, setPlacing] = useState(false);
  const [done, setDone] = useState<string>();
  const finished = (what: string) => {
    setPlacing(false);
    setOpenId(undefined);
    setDone(what);
  };
  // Looked up anew each time, so that the drawer lives on with the order.
  const open = list.rows.find((order) => order.id === openId);
  return (
    <Part
      actions={
        <Button
          appearance="primary"
          icon={<AddRegular />}
          onClick={() => {
            setDone(undefined);
            setPlacing(true);
          }}
        >
          Order from a file
        </Button>
      }
      error={list.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Orders"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpenId(row.id);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No order was placed yet."
      />
      {open && <Entries role={role} order={open} onClose={() => setOpenId(undefined)} onPlaced={finished} />}
      {placing && place(() => setPlacing(false), finished)}
    </Part>
  );
}
