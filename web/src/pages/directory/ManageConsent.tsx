import { Body1, Button, Link, MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, ok, orNone, type Schemas } from "../../api/client";
import { useWrite } from "../../api/write";
import { named, RELATIONSHIP } from "../../components/choices";
import { Facts } from "../../components/Facts";
import { FormDialog } from "../../components/FormDialog";
import { countryName, dateTime } from "../../components/format";
import { ProblemBar } from "../../components/ProblemBar";

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
          disabledFocusable={remove.isPending || change.isPending}
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
      {consent.acceptance_due && consent.status !== "Removed" && (
        <Accept consent={consent} onDone={() => onDone(`${consent.operator_name}: the notice in force is accepted.`)} />
      )}
      <Body1>
        {resumes
          ? "Resuming lets the operator upload numbers, and you assign them, again."
          : "While suspended, no number is uploaded, assigned or ported; assigned numbers keep calling."}
      </Body1>
    </FormDialog>
  );
}

/** A newer notice, or newer terms of the operator: read, and accepted in the versions that were read. */
function Accept({ consent, onDone }: { consent: Schemas["Consent"]; onDone: () => void }) {
  const path = { operator_id: consent.operator_id };
  const notice = useQuery({
    queryKey: ["tenant", "notice"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/notice", { signal })),
  });
  const offer = useQuery({
    queryKey: ["tenant", "offer", consent.operator_id, "or none"],
    // Whoever was invited may have consented to an operator without an offer.
    queryFn: ({ signal }) => orNone(api.GET("/tenant/v1/operators/{operator_id}/offer", { params: { path }, signal })),
  });
  const accept = useWrite(
    (notice_version: number) =>
      ok(
        api.POST("/tenant/v1/consents/{operator_id}/acceptances", {
          params: { path },
          body: { notice_version, terms_version: offer.data?.terms_uri ? (offer.data.terms_version ?? null) : null },
        }),
      ),
    onDone,
  );
  const error = accept.error ?? notice.error ?? offer.error;
  return (
    <section aria-label="To accept">
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>Another notice, or other terms, are in force</MessageBarTitle>{" "}
          Calls and numbers go on; the consent can be neither edited nor resumed until you accept.
        </MessageBarBody>
      </MessageBar>
      {error ? <ProblemBar error={error} /> : null}
      <p>{notice.data?.text}</p>
      {offer.data?.terms_uri && (
        <p>
          <Link href={offer.data.terms_uri} target="_blank" rel="noreferrer">
            The terms of {consent.operator_name}
          </Link>
        </p>
      )}
      <Button
        disabledFocusable={!notice.data || offer.isPending || accept.isPending}
        onClick={() => notice.data && accept.mutate(notice.data.version)}
      >
        Accept them
      </Button>
    </section>
  );
}
