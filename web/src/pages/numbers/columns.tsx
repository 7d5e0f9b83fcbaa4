import type { Schemas } from "../../api/client";
import { LINES, named, USAGES } from "../../components/choices";
import type { CsvColumn } from "../../components/csv";
import { countryName } from "../../components/format";
import type { Column } from "../../components/Grid";
import { StatusBadge } from "../../components/StatusBadge";

export type PhoneNumber = Schemas["Number"];

/** A number is ready when calls can be routed to it; only what is not ready needs saying. */
function state(row: PhoneNumber) {
  return row.activation_state === "Activated" ? null : <StatusBadge status={row.activation_state} />;
}

/** Whose it is; only a line that is not the primary one needs saying. */
function assigned(row: PhoneNumber) {
  const line = row.assignment_category ?? "Primary";
  return line === "Primary" ? row.assigned_to_name : `${row.assigned_to_name} (${named(LINES, line).toLowerCase()})`;
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
    render: (row) => (row.assigned_to_name ? assigned(row) : (state(row) ?? "Unassigned")),
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
  { header: "AssignmentCategory", value: (row) => row.assignment_category },
  { header: "LocationId", value: (row) => row.location_id },
  { header: "AcquiredAt", value: (row) => row.acquired_at },
];

/** What is typed to find numbers: an international number's beginning, or part of a name. */
export type Search = { prefix: string } | { name: string };

/** `+44 20 7` and `0044207` ask the server for a prefix; anything else is looked for in names. */
export function readSearch(text: string): Search {
  const digits = text.replace(/[\s().-]/g, "").replace(/^00/, "+");
  return /^\+\d+$/.test(digits) ? { prefix: digits } : { name: text.trim().toLowerCase() };
}

/** Does a number carry the name, or the digits, somewhere? */
export function carriesName(row: PhoneNumber, name: string): boolean {
  return [row.number, row.assigned_to_name, row.operator_name].some((value) =>
    (value ?? "").toLowerCase().includes(name),
  );
}
