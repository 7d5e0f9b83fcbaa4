import type { Schemas } from "../../api/client";
import { ASSIGNMENT, named, USAGES } from "../../components/choices";
import type { CsvColumn } from "../../components/csv";
import { countryName, words } from "../../components/format";
import type { Column } from "../../components/Grid";
import { StatusBadge } from "../../components/StatusBadge";

export type PhoneNumber = Schemas["Number"];

/** A number is ready when calls can be routed to it; only what is not ready needs saying. */
function state(row: PhoneNumber) {
  return row.activation_state === "Activated" ? null : <StatusBadge status={row.activation_state} />;
}

export const numberColumns: Column<PhoneNumber>[] = [
  { key: "number", header: "Number", width: "minmax(150px, 1.2fr)", render: (row) => row.number },
  { key: "country", header: "Country", width: "minmax(110px, 1fr)", render: (row) => countryName(row.country) },
  { key: "usage", header: "Usage", width: "minmax(110px, 0.8fr)", render: (row) => named(USAGES, row.usage) },
  { key: "operator", header: "Operator", width: "minmax(120px, 1fr)", render: (row) => row.operator_name },
  {
    key: "assigned",
    header: "Assigned to",
    width: "minmax(140px, 1.4fr)",
    render: (row) => row.assigned_to_name ?? state(row) ?? "Unassigned",
  },
];

export const numberCsv: CsvColumn<PhoneNumber>[] = [
  { header: "Number", value: (row) => row.number },
  { header: "Country", value: (row) => row.country },
  { header: "Usage", value: (row) => row.usage },
  { header: "Operator", value: (row) => row.operator_name },
  { header: "ActivationState", value: (row) => row.activation_state },
  { header: "AssignmentStatus", value: (row) => row.assignment_status },
  { header: "AssignedTo", value: (row) => row.assigned_to_name },
  { header: "LocationId", value: (row) => row.location_id },
  { header: "AcquiredAt", value: (row) => row.acquired_at },
];

export interface NumberFilter {
  text: string;
  country: string;
  usage: string;
  assignment: string;
}

/** Does the number pass? Digits are found wherever they are written with spaces or dashes. */
export function numberMatches(row: PhoneNumber, filter: NumberFilter): boolean {
  if (filter.country && row.country !== filter.country) return false;
  if (filter.usage && row.usage !== filter.usage) return false;
  if (filter.assignment && row.assignment_status !== filter.assignment) return false;
  const text = filter.text.trim().toLowerCase();
  if (text === "") return true;
  const digits = text.replace(/[\s().-]/g, "");
  return (
    (digits !== "" && row.number.includes(digits)) ||
    (row.assigned_to_name ?? "").toLowerCase().includes(text) ||
    row.operator_name.toLowerCase().includes(text)
  );
}

export const assignmentText = (status: string) => named(ASSIGNMENT, status) || words(status);
