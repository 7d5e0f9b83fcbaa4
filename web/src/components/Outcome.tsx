import { MessageBar, MessageBarBody } from "@fluentui/react-components";

import type { Schemas } from "../api/client";
import { Table } from "./Table";

interface OutcomeProps {
  succeeded: number;
  total: number;
  /** What became of the good ones: `are offered`. */
  verb: string;
  refused: readonly { number: string; error: Schemas["EntryError"] }[];
  /** Good, but odd. */
  warned?: readonly { number: string; warning: string }[];
}

/** How many rows of each kind are listed: whoever has more mends these first. */
const SHOWN = 100;

/** What became of numbers of which each succeeds or fails alone. */
export function Outcome({ succeeded, total, verb, refused, warned = [] }: OutcomeProps) {
  return (
    <>
      <MessageBar intent={succeeded < total ? "warning" : "success"} layout="multiline">
        <MessageBarBody>
          {succeeded.toLocaleString()} of {total.toLocaleString()} {verb}, {(total - succeeded).toLocaleString()} refused
        </MessageBarBody>
      </MessageBar>
      <Table
        title="Refused"
        head={["Number", "Why, and what to do"]}
        rows={refused.slice(0, SHOWN).map(({ number, error }) => [number, `${error.code}: ${error.reason}. ${error.remedy}`])}
      />
      <Table
        title="Odd"
        head={["Number", "Why"]}
        rows={warned.slice(0, SHOWN).map(({ number, warning }) => [number, warning])}
      />
    </>
  );
}
