import { makeStyles, tokens } from "@fluentui/react-components";
import {
  CallInboundRegular,
  CallOutboundRegular,
  CallProhibitedRegular,
  CallRegular,
  ShieldErrorRegular,
} from "@fluentui/react-icons";

import type { Schemas } from "../../api/client";
import type { CsvColumn } from "../../components/csv";
import { dateTime, duration, words } from "../../components/format";
import type { Column } from "../../components/Grid";
import { StatusBadge } from "../../components/StatusBadge";

export type Call = Schemas["CallRecord"];

const ICONS: Record<string, typeof CallRegular> = {
  inbound: CallInboundRegular,
  outbound: CallOutboundRegular,
  emergency: ShieldErrorRegular,
  internal: CallRegular,
};

const useStyles = makeStyles({
  way: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalSNudge },
  icon: { fontSize: "18px", display: "flex", flexShrink: 0 },
});

function Way({ call }: { call: Call }) {
  const styles = useStyles();
  const Icon = (call.kind && ICONS[call.kind]) || CallProhibitedRegular;
  return (
    <span className={styles.way}>
      <span className={styles.icon}>
        <Icon />
      </span>
      {call.kind ? words(call.kind) : "Refused"}
    </span>
  );
}

export function who(call: Call): string {
  return [call.user_name, call.queue_name].filter(Boolean).join(", ");
}

/** How it went in one word: live, answered, or the reason it was not. */
export function Result({ call }: { call: Call }) {
  if (!call.ended_at) {
    return <StatusBadge status="in_progress" label={call.answered_at ? "Talking" : "Ringing"} />;
  }
  const answered = call.sip_code === 200;
  const text = call.reason && call.reason !== "normal" ? words(call.reason) : answered ? "Answered" : "Ended";
  return <StatusBadge status={answered ? "success" : "partial_success"} label={`${call.sip_code ?? "?"} ${text}`} />;
}

const connected = (call: Call) =>
  call.duration_ms === null || call.duration_ms === undefined ? null : call.duration_ms / 1000;

export const callColumns: Column<Call>[] = [
  { key: "started", header: "Started", width: "minmax(180px, 1.1fr)", render: (call) => dateTime(call.started_at) },
  { key: "way", header: "Way", width: "112px", render: (call) => <Way call={call} /> },
  { key: "caller", header: "Caller", width: "minmax(130px, 1fr)", render: (call) => call.caller },
  { key: "callee", header: "Called", width: "minmax(130px, 1fr)", render: (call) => call.callee },
  { key: "who", header: "Who", width: "minmax(110px, 1fr)", render: who },
  { key: "operator", header: "Operator", width: "minmax(110px, 0.9fr)", render: (call) => call.operator_name },
  { key: "trunk", header: "Trunk", width: "minmax(120px, 1fr)", render: (call) => call.trunk },
  { key: "duration", header: "Length", width: "72px", numeric: true, render: (call) => duration(connected(call)) },
  { key: "result", header: "Result", width: "minmax(130px, 1fr)", render: (call) => <Result call={call} /> },
  {
    key: "hung",
    header: "Ended by",
    width: "88px",
    render: (call) => (call.hung_up_by ? words(call.hung_up_by) : ""),
  },
];

export const callCsv: CsvColumn<Call>[] = [
  { header: "Id", value: (call) => call.id },
  { header: "Kind", value: (call) => call.kind },
  { header: "StartedAt", value: (call) => call.started_at },
  { header: "AnsweredAt", value: (call) => call.answered_at },
  { header: "EndedAt", value: (call) => call.ended_at },
  { header: "DurationSeconds", value: connected },
  { header: "Caller", value: (call) => call.caller },
  { header: "Called", value: (call) => call.callee },
  { header: "Number", value: (call) => call.number },
  { header: "User", value: (call) => call.user_name },
  { header: "Queue", value: (call) => call.queue_name },
  { header: "Operator", value: (call) => call.operator_name },
  { header: "Trunk", value: (call) => call.trunk },
  { header: "SipCode", value: (call) => call.sip_code },
  { header: "Reason", value: (call) => call.reason },
  { header: "HungUpBy", value: (call) => call.hung_up_by },
  { header: "Complete", value: (call) => String(call.complete) },
];

export interface CallFilter {
  text: string;
  kind: string;
}

export function callMatches(call: Call, filter: CallFilter): boolean {
  if (filter.kind && call.kind !== filter.kind) return false;
  const text = filter.text.trim().toLowerCase();
  return (
    text === "" ||
    [call.caller, call.callee, call.number, call.operator_name, call.trunk, call.id, who(call)].some((value) =>
      (value ?? "").toLowerCase().includes(text),
    )
  );
}
