import { useState, type ReactNode } from "react";

import { useList, type Schemas } from "../../api/client";
import { reservations } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { named, RESERVATIONS } from "../../components/choices";
import { Done } from "../../components/Done";
import { dateTime, money } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { TimeLeft } from "../../components/TimeLeft";
import { ReservationDrawer } from "./ReservationDrawer";

export type Reservation = Schemas["Reservation"];

const LIVE_MS = 2_000;

interface ReservationListProps {
  role: "tenant" | "operator";
  /** Who stands on the other side. */
  partner: { header: string; name: (row: Reservation) => string };
  empty: ReactNode;
  /** One that was just made, to be shown at once. */
  openFirst?: string | undefined;
  onOpenedFirst?: () => void;
}

/** Reservations, newest first, as buyer and seller see them. */
export function ReservationList({ role, partner, empty, openFirst, onOpenedFirst }: ReservationListProps) {
  const [state, setState] = useState("");
  const list = useList(reservations(role, state), { everyMs: LIVE_MS });
  const [open, setOpen] = useState(openFirst);
  const [done, setDone] = useState<string>();
  const columns: Column<Reservation>[] = [
    { key: "made", header: "Made", width: "minmax(160px, 1fr)", render: (row) => dateTime(row.created_at) },
    { key: "partner", header: partner.header, width: "minmax(130px, 1.2fr)", render: partner.name },
    { key: "numbers", header: "Numbers", width: "76px", numeric: true, render: (row) => row.numbers.toLocaleString() },
    { key: "due", header: "Due", width: "minmax(96px, 0.8fr)", render: (row) => money(row.amount, row.currency) || "Nothing" },
    {
      key: "state",
      header: "State",
      width: "140px",
      render: (row) => <StatusBadge status={row.state} label={named(RESERVATIONS, row.state)} />,
    },
    {
      key: "left",
      header: "Held for",
      width: "88px",
      render: (row) => (row.state === "Reserved" ? <TimeLeft until={row.expires_at} over="Over" /> : null),
    },
    { key: "why", header: "Why", width: "minmax(120px, 1.2fr)", render: (row) => row.reason },
  ];
  return (
    <Part
      filters={
        <Choice label="State" any="All" value={state} onChange={setState} options={Object.entries(RESERVATIONS)} />
      }
      error={list.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Reservations"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row.id);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={state ? "No reservation is in this state." : empty}
      />
      {open && (
        <ReservationDrawer
          role={role}
          id={open}
          partner={partner}
          onClose={() => {
            setOpen(undefined);
            onOpenedFirst?.();
          }}
          onDone={setDone}
        />
      )}
    </Part>
  );
}
