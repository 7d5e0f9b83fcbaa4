import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Spinner, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";

import { api, ok } from "../../api/client";
import type { Role } from "../../api/session";
import { Facts } from "../../components/Facts";
import { dateAndTime, dateTime, words } from "../../components/format";
import { ProblemBar } from "../../components/ProblemBar";
import { Table } from "../../components/Table";
import { Way } from "./Way";

const useStyles = makeStyles({
  all: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
});

function ask(role: Role, call_id: string, signal: AbortSignal) {
  return role === "programme"
    ? // A record's id is a UUID; anything else is looked for among the Call-IDs.
      ok(
        api.GET("/programme/v1/explain/call", {
          params: { query: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(call_id) ? { id: call_id } : { call_id } },
          signal,
        }),
      )
    : ok(api.GET(`/${role}/v1/calls/{call_id}/explain`, { params: { path: { call_id } }, signal }));
}

/** Why a call went as it did: its way through the rules, what has changed since, its messages. */
export function CallWhy({ role, id, withRecord = false }: { role: Role; id: string; withRecord?: boolean }) {
  const styles = useStyles();
  const answer = useQuery({
    queryKey: [role, "explain", "call", id],
    staleTime: 0,
    queryFn: ({ signal }) => ask(role, id, signal),
  });
  if (answer.error) return <ProblemBar error={answer.error} />;
  const of = answer.data;
  if (!of) return <Spinner label="Asking the edges" />;
  const { record } = of;
  return (
    <div className={styles.all}>
      {withRecord && record && (
        <Facts
          facts={[
            ["Caller, called", `${record.caller} to ${record.callee}`],
            ["Started", dateTime(record.started_at)],
            ["SIP result", record.sip_code],
            ["Reason", record.reason && words(record.reason)],
            ["Operator", record.operator_name],
            ["Trunk", record.trunk],
          ]}
        />
      )}
      {of.alarms.map((alarm) => (
        <MessageBar key={alarm.id} intent="warning" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{alarm.code}</MessageBarTitle> {alarm.detail} {alarm.remedy}
          </MessageBarBody>
        </MessageBar>
      ))}
      {of.routing ? (
        <>
          <Way way={of.routing} operator={record?.operator_name} />
          {of.routing_as_of && <div>By the data of {dateTime(of.routing_as_of)}, not of the call's own moment.</div>}
        </>
      ) : (
        <div>The rules say nothing of this call to you.</div>
      )}
      <Table
        title="What is otherwise by now"
        head={["What", "Then", "Now"]}
        rows={(of.routing_changed ?? []).map((change) => [words(change.what), change.then, change.now])}
      />
      <Table
        title="Messages"
        head={["At", "Way", "With", "Message"]}
        rows={of.messages.map((message) => [
          dateAndTime(message.at)[1],
          message.way === "in" ? "From" : "To",
          message.peer_name || message.peer,
          message.summary,
        ])}
      />
      {of.messages.length === 0 && (
        <div>
          No edge has its messages any more ({of.edges_answered} of {of.edges_asked} answered).
        </div>
      )}
    </div>
  );
}
