import { Body1, Button, Link, makeStyles, Spinner, tokens } from "@fluentui/react-components";
import { OpenRegular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ok, type Schemas } from "../../api/client";
import { useWrite } from "../../api/write";
import { named, RESERVATIONS } from "../../components/choices";
import { Drawer } from "../../components/Drawer";
import { Facts } from "../../components/Facts";
import { Text } from "../../components/Fields";
import { dateTime, money, words } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { StatusBadge } from "../../components/StatusBadge";
import { TimeLeft } from "../../components/TimeLeft";
import { TwoLines } from "../../components/TwoLines";

type Reservation = Schemas["Reservation"];
type Item = Schemas["ReservationItem"];

const LIVE_MS = 2_000;
const STILL_OPEN = ["Reserved", "Paid", "Accepted"];

const useStyles = makeStyles({
  steps: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS, alignItems: "center" },
});

const itemColumns: Column<Item>[] = [
  { key: "number", header: "Number", width: "140px", render: (row) => row.number },
  {
    key: "status",
    header: "State",
    width: "96px",
    render: (row) => <StatusBadge status={row.status} label={words(row.status)} />,
  },
  {
    key: "why",
    header: "Due, or why not",
    width: "minmax(180px, 1fr)",
    render: (row) =>
      row.error ? (
        <TwoLines first={`${row.error.code}: ${row.error.reason}`} second={row.error.remedy} />
      ) : (
        row.amount
      ),
  },
];

interface ReservationDrawerProps {
  role: "tenant" | "operator";
  id: string;
  partner: { header: string; name: (row: Reservation) => string };
  onClose: () => void;
  onDone: (what: string | undefined) => void;
}

/** One reservation: what is due where, how long it is held, what became of each number, and the next step. */
export function ReservationDrawer({ role, id, partner, onClose, onDone }: ReservationDrawerProps) {
  const styles = useStyles();
  const [why, setWhy] = useState("");
  const found = useQuery({
    queryKey: [role, "reservation", id],
    queryFn: ({ signal }) =>
      ok(api.GET(`/${role}/v1/reservations/{reservation_id}`, { params: { path: { reservation_id: id } }, signal })),
    refetchInterval: (query) => (STILL_OPEN.includes(query.state.data?.state ?? "Reserved") ? LIVE_MS : false),
  });
  const params = { params: { path: { reservation_id: id } } };
  const step = useWrite(
    (what: "cancel" | "extend" | "accept" | "decline") => {
      switch (what) {
        case "cancel":
        case "extend":
          return ok(api.POST(`/tenant/v1/reservations/{reservation_id}/${what}`, params));
        case "accept":
          return ok(api.POST("/operator/v1/reservations/{reservation_id}/accept", params));
        case "decline":
          return ok(
            api.POST("/operator/v1/reservations/{reservation_id}/decline", { ...params, body: { reason: why.trim() } }),
          );
      }
    },
    (after, what) => {
      onDone(
        what === "extend"
          ? `The numbers are held until ${dateTime(after.expires_at)}.`
          : `The reservation is ${named(RESERVATIONS, after.state).toLowerCase()}.`,
      );
      if (what !== "extend") onClose();
    },
  );
  const one = found.data;
  const reserved = one?.state === "Reserved";

  return (
    <Drawer
      title={one ? `${one.numbers.toLocaleString()} ${one.numbers === 1 ? "number" : "numbers"}` : "Reservation"}
      error={step.error ?? found.error}
      onClose={onClose}
    >
      {found.isPending && <Spinner label="Loading" />}
      {one && (
        <>
          <Facts
            facts={[
              ["State", <StatusBadge key="state" status={one.state} label={named(RESERVATIONS, one.state)} />],
              ["Why", one.reason],
              [partner.header, partner.name(one)],
              ["Due at the operator", money(one.amount, one.currency) || "Nothing"],
              ["Held for", reserved ? <TimeLeft key="left" until={one.expires_at} over="Over" /> : null],
              ["Held until", reserved ? dateTime(one.expires_at) : null],
              ["Extended", reserved && one.extended ? "Yes, which can be once" : null],
              ["Paid", dateTime(one.paid_at)],
              ["Payment", one.payment_reference],
              ["Delivered", one.order_id ? `${one.delivered} of ${one.numbers}` : null],
              ["Order", one.order_id],
              ["Ended", dateTime(one.ended_at)],
              ["Reservation", one.id],
            ]}
          />
          {role === "tenant" && reserved && one.payment_url && (
            <Body1>
              <Link href={one.payment_url} target="_blank" rel="noreferrer">
                Pay at {partner.name(one)} <OpenRegular />
              </Link>{" "}
              in a new window. This page shows by itself when it is paid.
            </Body1>
          )}
          {role === "tenant" && reserved && !one.payment_url && (
            <Body1>Nothing is to be paid here: {partner.name(one)} looks at it and delivers.</Body1>
          )}
          {role === "tenant" && reserved && (
            <div className={styles.steps}>
              {!one.extended && (
                <Button disabledFocusable={step.isPending} onClick={() => step.mutate("extend")}>
                  Hold as long again
                </Button>
              )}
              <Button disabledFocusable={step.isPending} onClick={() => step.mutate("cancel")}>
                Cancel the reservation
              </Button>
            </div>
          )}
          {role === "operator" && (reserved || one.state === "Paid") && (
            <>
              <Text label="Why you decline" hint="The customer reads it" value={why} onChange={setWhy} />
              <div className={styles.steps}>
                <Button appearance="primary" disabledFocusable={step.isPending} onClick={() => step.mutate("accept")}>
                  Accept and deliver
                </Button>
                <Button disabledFocusable={step.isPending} onClick={() => step.mutate("decline")}>
                  Decline
                </Button>
              </div>
            </>
          )}
          <Grid
            label="Its numbers"
            columns={itemColumns}
            rows={one.items ?? []}
            rowKey={(row) => row.number}
            rowPx={52}
            empty="No numbers."
          />
        </>
      )}
    </Drawer>
  );
}
