import type { Schemas } from "../../api/client";
import { MAIL_KINDS, MAIL_STATES, named } from "../../components/choices";
import type { CsvColumn } from "../../components/csv";
import { dateAndTime } from "../../components/format";
import type { Column } from "../../components/Grid";
import { usePersonName } from "../../components/PersonName";
import { StatusBadge } from "../../components/StatusBadge";
import { TwoLines } from "../../components/TwoLines";

export type Mail = Schemas["Mail"];

export function MailState({ mail }: { mail: Mail }) {
  return <StatusBadge status={mail.state} label={named(MAIL_STATES, mail.state)} />;
}

function Whom({ mail }: { mail: Mail }) {
  const name = usePersonName(mail.user_id);
  return name ? <TwoLines first={name} second={mail.address} /> : mail.address;
}

export const MAIL_ROW_PX = 52;

export const mailColumns: Column<Mail>[] = [
  {
    key: "when",
    header: "When",
    width: "88px",
    render: (row) => {
      const [date, time] = dateAndTime(row.created_at);
      return <TwoLines first={time} second={date} />;
    },
  },
  { key: "whom", header: "To", width: "minmax(150px, 1.2fr)", render: (row) => <Whom mail={row} /> },
  {
    key: "number",
    header: "Number, what it tells",
    width: "minmax(150px, 0.9fr)",
    render: (row) => <TwoLines first={row.number} second={named(MAIL_KINDS, row.kind)} />,
  },
  { key: "state", header: "State", width: "76px", render: (row) => <MailState mail={row} /> },
  { key: "attempts", header: "Attempts", width: "80px", numeric: true, render: (row) => row.attempts },
  { key: "error", header: "Why it was not taken", width: "minmax(150px, 1.8fr)", render: (row) => row.error },
];

export const mailCsv: CsvColumn<Mail>[] = [
  { header: "Id", value: (row) => row.id },
  { header: "CreatedAt", value: (row) => row.created_at },
  { header: "UserId", value: (row) => row.user_id },
  { header: "Address", value: (row) => row.address },
  { header: "Kind", value: (row) => row.kind },
  { header: "Number", value: (row) => row.number },
  { header: "State", value: (row) => row.state },
  { header: "Attempts", value: (row) => row.attempts },
  { header: "NextAttemptAt", value: (row) => row.next_attempt_at },
  { header: "SettledAt", value: (row) => row.settled_at },
  { header: "ErrorCode", value: (row) => row.error_code },
  { header: "Error", value: (row) => row.error },
];

/** A whole international number as it may be typed; nothing until it is one, lest each key ask for another. */
export function wholeNumber(text: string): string {
  const digits = text.replace(/[\s().-]/g, "").replace(/^00/, "+");
  return /^\+[1-9]\d{6,14}$/.test(digits) ? digits : "";
}
