import { makeStyles, Spinner, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";

import { api, ok, type Schemas } from "../../api/client";
import type { Role } from "../../api/session";
import { ASSIGNMENT, named, RELATIONSHIP, USAGES } from "../../components/choices";
import { Facts } from "../../components/Facts";
import { countryName, dateTime, words } from "../../components/format";
import { ProblemBar } from "../../components/ProblemBar";
import { StatusBadge } from "../../components/StatusBadge";
import { Table } from "../../components/Table";

type Explained = Schemas["NumberExplained"];

/** What an act is tried with; without it somebody, or some place, that would do is meant. */
export interface Suppose {
  user_id?: string;
  resource_account_id?: string;
  location_id?: string;
  tenant_id?: string;
}

const useStyles = makeStyles({
  all: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
  line: { display: "block" },
  code: { display: "block", fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

function ask(role: Role, number: string, suppose: Suppose, signal: AbortSignal): Promise<Explained> {
  const { user_id, resource_account_id, location_id, tenant_id } = suppose;
  switch (role) {
    case "tenant":
      return ok(
        api.GET("/tenant/v1/explain/number", {
          params: { query: { number, user_id, resource_account_id, location_id } },
          signal,
        }),
      );
    case "operator":
      return ok(api.GET("/operator/v1/explain/number", { params: { query: { number, tenant_id } }, signal }));
    case "programme":
      return ok(api.GET("/programme/v1/explain/number", { params: { query: { number } }, signal }));
  }
}

const STATES: Record<string, string> = {
  held: "In an organisation's inventory",
  declared: "In an operator's range, in nobody's inventory",
};

function blocked(of: Explained): string | null {
  switch (of.assignment_blocked_state) {
    case "BlockedForever":
      return "For ever";
    case "BlockedUntil":
      return `Until ${dateTime(of.assignment_blocked_until)}`;
    default:
      return null;
  }
}

/** How a number stands, and which acts would be done now, or why not: by the rules of the acts themselves. */
export function NumberWhy({ role, number, suppose = {} }: { role: Role; number: string; suppose?: Suppose }) {
  const styles = useStyles();
  const answer = useQuery({
    queryKey: [role, "explain", "number", number, suppose],
    staleTime: 0,
    queryFn: ({ signal }) => ask(role, number, suppose, signal),
  });
  if (answer.error) return <ProblemBar error={answer.error} />;
  const of = answer.data;
  if (!of) return <Spinner label="Loading" />;
  return (
    <div className={styles.all}>
      <Table
        title="What may be done now"
        head={["Act", "Whose", "Now", "Why not, and what to do"]}
        rows={of.acts.map((act) => [
          words(act.act),
          act.by === role ? "Yours" : words(act.by),
          <StatusBadge key="may" status={act.may ? "success" : "warning"} label={act.may ? "Yes" : "No"} />,
          act.may ? null : (
            <span key="why">
              <span className={styles.line}>{act.reason}</span>
              <span className={styles.line}>{act.remedy}</span>
              <span className={styles.code}>{[act.code, act.field].filter(Boolean).join(" · ")}</span>
            </span>
          ),
        ])}
      />
      <Facts
        facts={[
          ["Number", of.number],
          ["State", named(STATES, of.state)],
          ["Country", of.country && countryName(of.country)],
          ["Type", words(of.kind)],
          ["Known range", of.known_range ? null : "No: the metadata of telephone numbers knows none around it"],
          ["Operator", of.number_type === "DirectRouting" ? "None: Direct Routing" : of.operator_name],
          ["Usage", of.usage && named(USAGES, of.usage)],
          ["Activation", of.activation_state && words(of.activation_state)],
          ["Assignment", of.assignment_status && named(ASSIGNMENT, of.assignment_status)],
          ["Assigned to", of.assigned_to_name],
          ["Blocked", blocked(of)],
          ["Consent", of.consent_status],
          ["Relationship", of.relationship_status && named(RELATIONSHIP, of.relationship_status)],
          [
            "Change freeze",
            of.change_freeze && `${of.change_freeze}, until ${dateTime(of.change_freeze_until)}`,
          ],
          ["On its way", of.move_id],
          ["Tags", of.tags.join(", ")],
          ["Acquired", dateTime(of.acquired_at)],
        ]}
      />
      <Table
        title="Orders under way"
        head={["Order", "Whose", "Status", "Placed"]}
        rows={of.open_orders.map((order) => [
          words(order.kind),
          words(order.by),
          <StatusBadge key="status" status={order.status} />,
          dateTime(order.created_at),
        ])}
      />
      <Table
        title="Disputes"
        head={["Wants it", "Has it", "Since"]}
        rows={of.disputes.map((one) => [one.claimant_name, one.holder_name, dateTime(one.opened_at)])}
      />
    </div>
  );
}
