import { Body1, Button, makeStyles, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ifMatch, ok, useWhole, type Schemas } from "../../api/client";
import { tenantConsents } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Done } from "../../components/Done";
import { Part } from "../../components/Page";
import { ProblemBar } from "../../components/ProblemBar";
import { OrderedChoice } from "../../components/RowList";

const useStyles = makeStyles({
  form: {
    display: "flex",
    flexDirection: "column",
    alignItems: "start",
    gap: tokens.spacingVerticalM,
    maxWidth: "560px",
    "& fieldset": { width: "100%" },
  },
});

/** Operators that carry calls outside where the operator of the caller's number cannot. */
export function Fallback() {
  const set = useQuery({
    queryKey: ["tenant", "fallback-operators"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/fallback-operators", { signal })),
  });
  const [done, setDone] = useState<string>();
  return (
    <Part error={set.error} loading={set.isLoading}>
      <Done>{done}</Done>
      {/* Another version is another form: what was typed for the old one is not kept. */}
      {set.data && <FallbackForm key={set.data.version} set={set.data} onDone={setDone} />}
    </Part>
  );
}

function FallbackForm({ set, onDone }: { set: Schemas["FallbackOperators"]; onDone: (what?: string) => void }) {
  const styles = useStyles();
  const consents = useWhole(tenantConsents);
  const [ids, setIds] = useState(set.operator_ids);
  const save = useWrite(
    () =>
      ok(api.PUT("/tenant/v1/fallback-operators", { params: { header: ifMatch(set.version) }, body: { operator_ids: ids } })),
    () => onDone("The operators that stand in are saved."),
  );
  const name = (id: string) => consents.rows.find((consent) => consent.operator_id === id)?.operator_name ?? id;
  const out = set.operator_ids.filter((id) => !set.in_effect_ids.includes(id));
  const changed = ids.join() !== set.operator_ids.join();
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        onDone();
        save.mutate();
      }}
    >
      {save.error ? <ProblemBar error={save.error} /> : null}
      <Body1>
        They are tried in this order for calls outside, once every trunk of the number's own operator has failed, drains or is
        full. The caller is shown by the same number: ask them whether their screening lets it through.
      </Body1>
      <OrderedChoice
        legend="Operators that stand in"
        what="operator"
        none="None: a call that its own operator cannot carry fails."
        options={consents.rows
          .filter((consent) => consent.status !== "Removed")
          .map((consent) => [consent.operator_id, consent.operator_name] as const)}
        chosen={ids}
        onChange={setIds}
      />
      {out.length > 0 && (
        <Body1>
          Not in effect now, since the consent is suspended or the relationship has ended: {out.map(name).join(", ")}.
        </Body1>
      )}
      <Button type="submit" appearance="primary" disabledFocusable={!changed || save.isPending}>
        Save
      </Button>
    </form>
  );
}
