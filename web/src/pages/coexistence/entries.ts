import type { Schemas } from "../../api/client";
import { readCsv } from "../../components/readCsv";

type Entry = Schemas["DirectNumberCreate"];

/** The most entries that one request takes. */
export const LARGEST = 1_000;

const FIELDS = ["number", "usage", "location_id", "country"] as const;

/**
 * Reads numbers, a line each, or a file whose header names `number` and perhaps `usage`, `location_id`, `country`;
 * other columns are passed over. What stands there is the server's to judge.
 */
export function readEntries(text: string): Entry[] {
  const rows = readCsv(text);
  const header = (rows[0] ?? []).map((name) => name.toLowerCase());
  const at = header.includes("number")
    ? FIELDS.map((field) => [field, header.indexOf(field)] as const)
    : ([["number", 0]] as const);
  return rows.slice(header.includes("number") ? 1 : 0).map((row) => {
    const entry: Entry = { number: "" };
    for (const [field, column] of at) {
      const cell = row[column];
      // Our own exports put a mark before what a spreadsheet would run.
      if (cell) entry[field] = field === "number" ? plain(cell) : cell.replace(/^'/, "");
    }
    return entry;
  });
}

/** `'+44 20 7946-0500` is the same as `+442079460500`. */
function plain(cell: string): string {
  return cell.replace(/^'/, "").replace(/[\s().-]/g, "");
}

/** The entries in requests that the server takes. */
export function chunks(entries: Entry[]): Entry[][] {
  const all: Entry[][] = [];
  for (let at = 0; at < entries.length; at += LARGEST) all.push(entries.slice(at, at + LARGEST));
  return all;
}
