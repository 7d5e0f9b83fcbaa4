import { Body1, Button } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, ok, type Schemas } from "../../api/client";
import { named, RELATIONSHIP } from "../../components/choices";
import { Facts } from "../../components/Facts";
import { FormDialog } from "../../components/FormDialog";
import { countryName, dateTime } from "../../components/format";

interface ManageConsentProps {
  consent: Schemas["Consent"];
  onClose: () => void;
  onDone: (what: string) => void;
}

/** Pauses, takes up again or ends a consent. */
export function ManageConsent({ consent, onClose, onDone }: ManageConsentProps) {
  const queries = useQueryClient();
  const resumes = consent.status === "Suspended";
  const path = { operator_id: consent.operator_id };

  const change = useMutation({
    mutationFn: () =>
      ok(
        api.PATCH("/tenant/v1/consents/{operator_id}", {
          params: { path, header: ifMatch(consent.version) },
          body: { status: resumes ? "Active" : "Suspended" },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tenant"] });
      onDone(`The consent to ${consent.operator_name} is ${resumes ? "active again" : "suspended"}.`);
    },
  });
  const remove = useMutation({
    mutationFn: () =>
      ok(
        api.DELETE("/tenant/v1/consents/{operator_id}", {
          params: { path, header: ifMatch(consent.version) },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tenant"] });
      onDone(`The consent to ${consent.operator_name} is removed.`);
    },
  });

  return (
    <FormDialog
      title={`Consent to ${consent.operator_name}`}
      submit={resumes ? "Resume" : "Suspend"}
      error={change.error ?? remove.error}
      busy={change.isPending || remove.isPending}
      onSubmit={() => {
        remove.reset();
        change.mutate();
      }}
      onClose={onClose}
      actions={
        <Button
          disabled={remove.isPending || change.isPending}
          onClick={() => {
            change.reset();
            remove.mutate();
          }}
        >
          Remove consent
        </Button>
      }
    >
      <Facts
        facts={[
          ["Status", consent.status],
          ["Operator's side", named(RELATIONSHIP, consent.relationship_status)],
          ["Operator's comment", consent.relationship_comment],
          ["Countries", consent.countries.map(countryName).join(", ")],
          ["Contacts", consent.contacts.map((one) => `${one.full_name} <${one.email}>`).join(", ")],
          ["Given", dateTime(consent.consented_at)],
          ["Last change", dateTime(consent.modified_at)],
        ]}
      />
      <Body1>
        {resumes
          ? "Resuming lets the operator upload numbers, and you assign them, again."
          : "While suspended, no number is uploaded, assigned or ported; assigned numbers keep calling."}
      </Body1>
    </FormDialog>
  );
}
