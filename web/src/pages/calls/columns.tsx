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
import { dateAndTime, duration, words } from "../../components/format";
import type { Column } from "../../components/Grid";
import { StatusBadge } from "../../components/StatusBadge";
import { TwoLines } from "../../components/TwoLines";

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

export const CALL_ROW_PX = 56;

export const callColumns: Column<Call>[] = [
  {
    key: "started",
    header: "Started",
    width: "88px",
    render: (call) => {
      const [date, time] = dateAndTime(call.started_at);
      return <TwoLines first={time} second={date} />;
    },
  },
  { key: "way", header: "Way", width: "104px", render: (call) => <Way call={call} /> },
  {
    key: "numbers",
    header: "Caller, called",
    width: "minmax(132px, 1fr)",
    render: (call) => <TwoLines first={call.caller} second={call.callee} />,
  },
  {
    key: "who",
    header: "Who",
    width: "minmax(110px, 1fr)",
    render: (call) =>
      call.user_name && call.queue_name ? <TwoLines first={call.user_name} second={call.queue_name} /> : who(call),
  },
  {
    key: "operator",
    header: "Operator, trunk",
    width: "minmax(150px, 1.4fr)",
    render: (call) => <TwoLines first={call.operator_name} second={call.trunk} />,
  },
  { key: "duration", header: "Length", width: "64px", numeric: true, render: (call) => duration(connected(call)) },
  { key: "result", header: "SIP result", width: "minmax(130px, 1fr)", render: (call) => <Result call={call} /> },
  {
    key: "hung",
    header: "Ended by",
    width: "80px",
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

/** Does the text occur in anything a row shows? */
export function callMatches(call: Call, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [call.caller, call.callee, call.number, call.operator_name, call.trunk, call.id, who(call)].some((value) =>
    (value ?? "").toLowerCase().includes(wanted),
  );
}
