import { Button, Field, Input, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ok, useList, type Schemas } from "../api/client";
import { civicAddresses } from "../api/lists";
import { FormDialog } from "../components/FormDialog";
import { countryName } from "../components/format";
import { Grid, type Column } from "../components/Grid";
import { Page } from "../components/Page";
import { addressLine } from "./numbers/locations";

type Address = Schemas["CivicAddress"];

const columns: Column<Address>[] = [
  { key: "address", header: "Address", width: "minmax(240px, 3fr)", render: addressLine },
  { key: "country", header: "Country", width: "minmax(120px, 1fr)", render: (row) => countryName(row.country) },
  { key: "note", header: "Description", width: "minmax(120px, 1fr)", render: (row) => row.description },
  { key: "places", header: "Places", width: "80px", numeric: true, render: (row) => row.locations.length },
];

const useStyles = makeStyles({
  pair: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fit, minmax(200px, 1fr))",
    gap: tokens.spacingHorizontalM,
  },
});

/** Emergency locations: where help is sent to when somebody calls for it. */
export default function Locations() {
  const list = useList(civicAddresses);
  const [adding, setAdding] = useState(false);
  const [done, setDone] = useState<string>();
  return (
    <Page
      title="Emergency locations"
      lead="Where help is sent when somebody dials an emergency number. Operators upload users' numbers only once there is one."
      error={list.error}
      loading={list.isLoading}
      actions={
        <Button appearance="primary" icon={<AddRegular />} onClick={() => setAdding(true)}>
          Add address
        </Button>
      }
    >
      {done && (
        <MessageBar intent="success">
          <MessageBarBody>{done}</MessageBarBody>
        </MessageBar>
      )}
      <Grid
        label="Emergency locations"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No address yet. Add the first, so that operators can upload numbers for your users."
      />
      {adding && (
        <AddAddress
          onClose={() => setAdding(false)}
          onDone={(what) => {
            setAdding(false);
            setDone(what);
          }}
        />
      )}
    </Page>
  );
}

const FIELDS = [
  ["company_name", "Company name", true],
  ["country", "Country (two letters)", true],
  ["house_number", "House number", false],
  ["street_name", "Street", false],
  ["city_or_town", "City or town", false],
  ["state_or_province", "State or province", false],
  ["postal_or_zip_code", "Postal code", false],
  ["latitude", "Latitude", false],
  ["longitude", "Longitude", false],
  ["description", "Description", false],
] as const;

type FieldName = (typeof FIELDS)[number][0];

function AddAddress({ onClose, onDone }: { onClose: () => void; onDone: (what: string) => void }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const [values, setValues] = useState<Partial<Record<FieldName, string>>>({});
  const add = useMutation({
    mutationFn: () => {
      const given = Object.fromEntries(
        Object.entries(values)
          .map(([name, value]) => [name, value.trim()] as const)
          .filter(([, value]) => value !== ""),
      ) as Partial<Record<FieldName, string>>;
      return ok(
        api.POST("/tenant/v1/civic-addresses", {
          body: { ...given, company_name: given.company_name ?? "", country: (given.country ?? "").toUpperCase() },
        }),
      );
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tenant"] });
      onDone("The address and its default location are there.");
    },
  });
  return (
    <FormDialog
      title="Add an address"
      submit="Add"
      error={add.error}
      busy={add.isPending}
      onSubmit={() => add.mutate()}
      onClose={onClose}
    >
      <div className={styles.pair}>
        {FIELDS.map(([name, label, required]) => (
          <Field key={name} label={label} required={required}>
            <Input
              value={values[name] ?? ""}
              onChange={(_, data) => setValues({ ...values, [name]: data.value })}
            />
          </Field>
        ))}
      </div>
    </FormDialog>
  );
}
