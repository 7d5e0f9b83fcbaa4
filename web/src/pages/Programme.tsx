import { useList, type Schemas } from "../api/client";
import { operators, tenants } from "../api/lists";
import { dateTime } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page } from "../components/Page";

const operatorColumns: Column<Schemas["Operator"]>[] = [
  { key: "name", header: "Operator", width: "2fr", render: (row) => row.name },
  { key: "since", header: "Admitted", width: "1fr", render: (row) => dateTime(row.created_at) },
  { key: "id", header: "Id", width: "2fr", render: (row) => row.id },
];

const tenantColumns: Column<Schemas["Tenant"]>[] = [
  { key: "name", header: "Organisation", width: "2fr", render: (row) => row.name },
  { key: "domain", header: "SIP domain", width: "2fr", render: (row) => row.domain },
  { key: "since", header: "Since", width: "1fr", render: (row) => dateTime(row.created_at) },
  { key: "id", header: "Id", width: "2fr", render: (row) => row.id },
];

/** The operators the programme admitted. */
export function Operators() {
  const list = useList(operators);
  return (
    <Page
      title="Operators"
      lead="Operators admitted to this exchange. They are admitted, and given trunks and ranges, by the API or the command line."
      error={list.error}
      loading={list.isLoading}
    >
      <Grid
        label="Operators"
        columns={operatorColumns}
        rows={list.rows}
        rowKey={(row) => row.id}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No operator is admitted yet."
      />
    </Page>
  );
}

/** The organisations served here. */
export function Tenants() {
  const list = useList(tenants);
  return (
    <Page
      title="Organisations"
      lead="Organisations served by this exchange, each with the SIP domain of its phones."
      error={list.error}
      loading={list.isLoading}
    >
      <Grid
        label="Organisations"
        columns={tenantColumns}
        rows={list.rows}
        rowKey={(row) => row.id}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No organisation is served yet."
      />
    </Page>
  );
}
