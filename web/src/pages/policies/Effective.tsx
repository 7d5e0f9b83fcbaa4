import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";

import { api, ok, useWhole, type Schemas } from "../../api/client";
import { groups, users } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { named, POLICY_KINDS } from "../../components/choices";
import { Text } from "../../components/Fields";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";

/** A kind, and the policy of it that holds, if one does. */
interface Line {
  kind: string;
  holds: Schemas["EffectivePolicy"] | undefined;
}

/** Which policy of each kind holds for a person or a number, and why. */
export function Effective() {
  const people = useWhole(users);
  const all = useWhole(groups);
  const [person, setPerson] = useState("");
  const [number, setNumber] = useState("");
  const asked = useDeferredValue(number.replace(/[\s().-]/g, ""));
  const complete = /^\+\d{8,15}$/.test(asked);
  const answer = useQuery({
    queryKey: ["tenant", "effective-policies", person, complete ? asked : ""],
    enabled: person !== "" || complete,
    queryFn: ({ signal }) =>
      ok(
        api.GET("/tenant/v1/effective-policies", {
          params: { query: { ...(person && { user_id: person }), ...(complete && { number: asked }) } },
          signal,
        }),
      ),
  });
  const why = (holds: Schemas["EffectivePolicy"]) => {
    switch (holds.assigned) {
      case "number":
        return "It is assigned to the number";
      case "direct":
        return "It is assigned to the person";
      case "group": {
        const group = all.rows.find((one) => one.id === holds.group_id)?.name ?? holds.group_id ?? "a group";
        return `By the group ${group}, rank ${holds.rank ?? "?"}`;
      }
      case "global":
        return "It is assigned to everybody";
      default:
        return holds.assigned;
    }
  };
  const columns: Column<Line>[] = [
    { key: "kind", header: "Kind", width: "minmax(120px, 1fr)", render: (row) => named(POLICY_KINDS, row.kind) },
    {
      key: "policy",
      header: "Policy that holds",
      width: "minmax(140px, 1.4fr)",
      render: (row) => row.holds?.policy_name ?? "None",
    },
    {
      key: "why",
      header: "Why",
      width: "minmax(200px, 2fr)",
      render: (row) => (row.holds ? why(row.holds) : "None is assigned to anybody that this concerns"),
    },
  ];
  const lines: Line[] = answer.data
    ? Object.keys(POLICY_KINDS).map((kind) => ({
        kind,
        holds: answer.data.policies.find((policy) => policy.kind === kind),
      }))
    : [];
  return (
    <Part
      filters={
        <>
          <Choice
            label="Person"
            any="Nobody"
            value={person}
            onChange={setPerson}
            options={people.rows.map((user) => [user.id, `${user.display_name} (${user.upn})`] as const)}
          />
          <Text label="Number" placeholder="+44…, if it is called or called from" value={number} onChange={setNumber} />
        </>
      }
      error={answer.error ?? people.error ?? all.error}
      loading={answer.isLoading}
    >
      <Grid
        label="Policies that hold"
        columns={columns}
        rows={lines}
        rowKey={(row) => row.kind}
        empty="Choose a person, a number, or both."
      />
    </Part>
  );
}
