import { Table } from "../../components/Table";
import { Facts } from "../../components/Facts";
import { words } from "../../components/format";
import { StatusBadge } from "../../components/StatusBadge";
import type { Schemas } from "../../api/client";

/** The way that the rules give a call: the outcome, then each rule with what it found. */
export function Way({ way, operator }: { way: Schemas["Explanation"]; operator?: string | null | undefined }) {
  return (
    <>
      <Facts
        facts={[
          [
            "Outcome",
            <StatusBadge
              key="outcome"
              status={way.routed ? "success" : "error"}
              label={way.routed ? "It would be carried" : `Refused with ${way.sip_code ?? "no answer"}`}
            />,
          ],
          ["Code", way.code],
          ["Way", way.kind && words(way.kind)],
          ["Operator", operator ?? way.operator_id],
          ["Trunks, as tried", way.trunks.join(", then ")],
        ]}
      />
      <Table
        title="Rule by rule"
        head={["Rule", "What it found"]}
        rows={way.steps.map((step) => [<code key="rule">{step.rule}</code>, step.found])}
      />
    </>
  );
}
