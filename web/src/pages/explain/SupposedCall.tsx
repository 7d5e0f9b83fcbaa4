import { Button, makeStyles, tokens } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ok, useWhole } from "../../api/client";
import { tenantConsents, users } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { Text } from "../../components/Fields";
import { ProblemBar } from "../../components/ProblemBar";
import { complete, question, type From, type Supposed } from "./supposed";
import { Way } from "./Way";

const useStyles = makeStyles({
  form: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalM },
  answer: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalL },
});

const FROM: [From, string][] = [
  ["user", "One of your people"],
  ["inbound", "The operator of the called number"],
  ["address", "A phone that proves nothing"],
];

/** Which way a call would take now, before anybody places it. */
export function SupposedCall() {
  const styles = useStyles();
  const people = useWhole(users);
  const consents = useWhole(tenantConsents);
  const [call, setCall] = useState<Supposed>({ from: "user", called: "", user: "", caller: "", address: "" });
  const ask = useMutation({
    mutationFn: (supposed: Supposed) => ok(api.POST("/tenant/v1/explain/call", { body: question(supposed) })),
  });
  const change = (part: Partial<Supposed>) => setCall({ ...call, ...part });
  const operator = consents.rows.find((consent) => consent.operator_id === ask.data?.operator_id)?.operator_name;
  return (
    <>
      <form
        className={styles.form}
        aria-label="Call"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          ask.mutate(call);
        }}
      >
        <Choice label="Comes from" value={call.from} onChange={(from) => change({ from: from as From })} options={FROM} />
        {call.from === "user" && (
          <Choice
            label="Person"
            required
            any="Choose somebody"
            value={call.user}
            onChange={(user) => change({ user })}
            options={people.rows.map((user) => [user.id, `${user.display_name} (${user.number ?? "no number"})`] as const)}
          />
        )}
        {call.from === "inbound" && (
          <Text
            label="Who calls"
            placeholder="+44…, or anonymous"
            value={call.caller}
            onChange={(caller) => change({ caller })}
          />
        )}
        {call.from === "address" && (
          <Text
            label="Public address"
            required
            placeholder="198.51.100.7"
            value={call.address}
            onChange={(address) => change({ address })}
          />
        )}
        <Text label="Dialled" required placeholder="999, 020…, +49…" value={call.called} onChange={(called) => change({ called })} />
        <Button type="submit" appearance="primary" disabledFocusable={!complete(call) || ask.isPending}>
          Explain
        </Button>
      </form>
      {people.error ? <ProblemBar error={people.error} /> : null}
      {ask.error ? <ProblemBar error={ask.error} /> : null}
      {ask.data && (
        <div className={styles.answer} role="region" aria-label="The way of the call">
          <Way way={ask.data} operator={operator} />
        </div>
      )}
    </>
  );
}
