import { Body1, Button } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, ifMatch, ok, useList } from "../../api/client";
import { civicAddresses, resourceAccounts, users } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { LINES, named, USAGES } from "../../components/choices";
import { Facts } from "../../components/Facts";
import { FormDialog } from "../../components/FormDialog";
import { countryName, dateTime, words } from "../../components/format";
import type { PhoneNumber } from "./columns";
import { locationChoices } from "./locations";

interface AssignDialogProps {
  number: PhoneNumber;
  /** Asks what may be done to the number now, and why not. */
  onWhy: () => void;
  onClose: () => void;
  onDone: (what: string) => void;
}

/** Gives a free number to somebody, or takes an assigned one back. */
export function AssignDialog(props: AssignDialogProps) {
  return props.number.assigned_to_id ? <Unassign {...props} /> : <Assign {...props} />;
}

function NumberFacts({ number, place }: { number: PhoneNumber; place?: string | undefined }) {
  return (
    <Facts
      facts={[
        ["Country", countryName(number.country)],
        ["Operator", number.operator_name],
        ["Usage", named(USAGES, number.usage)],
        ["State", words(number.activation_state)],
        ["Assigned to", number.assigned_to_name],
        ["As", number.assignment_category && named(LINES, number.assignment_category)],
        ["Emergency location", place],
        ["Acquired", dateTime(number.acquired_at)],
      ]}
    />
  );
}

function Assign({ number, onWhy, onClose, onDone }: AssignDialogProps) {
  const queries = useQueryClient();
  const people = useList(users);
  const queues = useList(resourceAccounts);
  const addresses = useList(civicAddresses);
  const [to, setTo] = useState("");
  const [line, setLine] = useState("");
  const [location, setLocation] = useState(number.location_id ?? "");
  useEffect(() => {
    for (const list of [people, queues, addresses]) if (list.hasMore) list.more();
  });

  // The value says which of the two it is; ids alone do not.
  const candidates = [
    ...people.rows.map(
      (user) => [`user:${user.id}`, `${user.display_name} (${user.number ?? "no number"})`] as const,
    ),
    ...queues.rows.map(
      (queue) => [`queue:${queue.id}`, `${queue.display_name}, call queue (${queue.number ?? "no number"})`] as const,
    ),
  ];
  const name = candidates.find(([value]) => value === to)?.[1].replace(/,? ?(call queue )?\([^(]*\)$/, "");

  const assign = useMutation({
    mutationFn: () => {
      const [kind, id] = to.split(":");
      return ok(
        api.PUT("/tenant/v1/numbers/{number}/assignment", {
          params: { path: { number: number.number }, header: ifMatch(number.version) },
          body: {
            ...(kind === "user" ? { user_id: id } : { resource_account_id: id }),
            ...(kind === "user" && line ? { category: line } : {}),
            ...(location && location !== number.location_id ? { location_id: location } : {}),
          },
        }),
      );
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tenant"] });
      onDone(`${number.number} is assigned to ${name}.`);
    },
  });

  return (
    <FormDialog
      title={`Assign ${number.number}`}
      submit="Assign"
      error={assign.error ?? people.error ?? queues.error ?? addresses.error}
      busy={assign.isPending}
      disabled={to === ""}
      onSubmit={() => assign.mutate()}
      onClose={onClose}
      actions={<Button onClick={onWhy}>Why?</Button>}
    >
      <NumberFacts number={number} />
      <Choice
        label="Assign to"
        required
        any={people.isLoading || queues.isLoading ? "Loading" : "Choose a user or call queue"}
        value={to}
        onChange={setTo}
        options={candidates}
      />
      {to.startsWith("user:") && (
        <Choice label="As" any={named(LINES, "Primary")} value={line} onChange={setLine} options={Object.entries(LINES).slice(1)} />
      )}
      <Choice
        label="Emergency location"
        any="None"
        value={location}
        onChange={setLocation}
        options={locationChoices(addresses.rows)}
      />
      {!number.location_update_supported && (
        <Body1>The operator keeps this number's location; you cannot change it here.</Body1>
      )}
    </FormDialog>
  );
}

function Unassign({ number, onWhy, onClose, onDone }: AssignDialogProps) {
  const queries = useQueryClient();
  const addresses = useList(civicAddresses);
  const place = locationChoices(addresses.rows).find(([id]) => id === number.location_id)?.[1];
  const unassign = useMutation({
    mutationFn: () =>
      ok(
        api.DELETE("/tenant/v1/numbers/{number}/assignment", {
          params: { path: { number: number.number }, header: ifMatch(number.version) },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tenant"] });
      onDone(`${number.number} is free again.`);
    },
  });
  return (
    <FormDialog
      title={number.number}
      submit="Unassign"
      error={unassign.error}
      busy={unassign.isPending}
      onSubmit={() => unassign.mutate()}
      onClose={onClose}
      actions={<Button onClick={onWhy}>Why?</Button>}
    >
      <NumberFacts number={number} place={place} />
      <Body1>Unassigned, the number stays yours; calls to it are refused until it is assigned again.</Body1>
    </FormDialog>
  );
}
