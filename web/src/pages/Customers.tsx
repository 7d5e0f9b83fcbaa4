import { MessageBar, MessageBarBody, Textarea, Field } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, everything, ifMatch, ok, useList, type Schemas } from "../api/client";
import { operatorConsents } from "../api/lists";
import { Choice } from "../components/Choice";
import { COMPANY_SIZES, named, NUMBER_TYPES, RELATIONSHIP, SOURCES } from "../components/choices";
import type { CsvColumn } from "../components/csv";
import { ExportButton } from "../components/ExportButton";
import { Facts } from "../components/Facts";
import { FormDialog } from "../components/FormDialog";
import { countryName, dateTime } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page } from "../components/Page";
import { StatusBadge } from "../components/StatusBadge";

type Consent = Schemas["Consent"];

const columns: Column<Consent>[] = [
  { key: "tenant", header: "Customer", width: "minmax(140px, 1.2fr)", render: (row) => row.tenant_name },
  { key: "status", header: "Consent", width: "112px", render: (row) => <StatusBadge status={row.status} /> },
  {
    key: "relationship",
    header: "Relationship",
    width: "minmax(170px, 1fr)",
    render: (row) => (
      <StatusBadge status={row.relationship_status} label={named(RELATIONSHIP, row.relationship_status)} />
    ),
  },
  {
    key: "countries",
    header: "Countries",
    width: "minmax(140px, 1.2fr)",
    render: (row) => row.countries.map(countryName).join(", "),
  },
  {
    key: "wants",
    header: "Numbers wanted",
    width: "132px",
    numeric: true,
    render: (row) => row.requirements.reduce((sum, need) => sum + need.quantity, 0).toLocaleString(),
  },
  { key: "since", header: "Given", width: "minmax(180px, 1fr)", render: (row) => dateTime(row.consented_at) },
];

const csv: CsvColumn<Consent>[] = [
  { header: "Customer", value: (row) => row.tenant_name },
  { header: "Consent", value: (row) => row.status },
  { header: "Relationship", value: (row) => row.relationship_status },
  { header: "Countries", value: (row) => row.countries.join(" ") },
  { header: "Contact", value: (row) => row.contacts[0]?.full_name },
  { header: "Email", value: (row) => row.contacts[0]?.email },
  { header: "ConsentedAt", value: (row) => row.consented_at },
];

/** Who consented to the operator, and how far the relationship is. */
export default function Customers() {
  const list = useList(operatorConsents);
  const [open, setOpen] = useState<Consent>();
  const [done, setDone] = useState<string>();
  const [failed, setFailed] = useState<unknown>();
  return (
    <Page
      title="Customers"
      lead="Organisations that chose you. Open one to see what it needs and to move the relationship forward."
      error={list.error ?? failed}
      loading={list.isLoading}
      actions={
        <ExportButton file="customers.csv" columns={csv} rows={() => everything(operatorConsents)} onError={setFailed} />
      }
    >
      {done && (
        <MessageBar intent="success">
          <MessageBarBody>{done}</MessageBarBody>
        </MessageBar>
      )}
      <Grid
        label="Customers"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No organisation has chosen you yet."
      />
      {open && (
        <Relationship
          consent={open}
          onClose={() => setOpen(undefined)}
          onDone={(what) => {
            setOpen(undefined);
            setDone(what);
          }}
        />
      )}
    </Page>
  );
}

function Relationship(props: { consent: Consent; onClose: () => void; onDone: (what: string) => void }) {
  const { consent, onClose, onDone } = props;
  const queries = useQueryClient();
  const [status, setStatus] = useState(consent.relationship_status);
  const [comment, setComment] = useState(consent.relationship_comment ?? "");
  const change = useMutation({
    mutationFn: () =>
      ok(
        api.PATCH("/operator/v1/consents/{tenant_id}", {
          params: { path: { tenant_id: consent.tenant_id }, header: ifMatch(consent.version) },
          body: { status, comment: comment.trim() || null },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["operator"] });
      onDone(`${consent.tenant_name}: ${named(RELATIONSHIP, status).toLowerCase()}.`);
    },
  });
  return (
    <FormDialog
      title={consent.tenant_name}
      submit="Save"
      error={change.error}
      busy={change.isPending}
      onSubmit={() => change.mutate()}
      onClose={onClose}
    >
      <Facts
        facts={[
          ["Company", consent.company_name],
          ["Size", named(COMPANY_SIZES, consent.company_size)],
          ...consent.contacts.map(
            (one) => ["Contact", [one.full_name, one.email, one.phone_number].filter(Boolean).join(", ")] as const,
          ),
          ...consent.requirements.map(
            (need) =>
              [
                countryName(need.country),
                `${need.quantity.toLocaleString()}, ${named(NUMBER_TYPES, need.number_type).toLowerCase()}, ${named(SOURCES, need.source).toLowerCase()}${need.wanted_on ? `, by ${need.wanted_on}` : ""}`,
              ] as const,
          ),
        ]}
      />
      <Choice label="Relationship" value={status} onChange={setStatus} options={Object.entries(RELATIONSHIP)} />
      <Field label="Comment" hint="Needed when you decline or terminate">
        <Textarea value={comment} onChange={(_, data) => setComment(data.value)} />
      </Field>
    </FormDialog>
  );
}
