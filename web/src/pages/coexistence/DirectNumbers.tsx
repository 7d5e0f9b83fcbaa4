import { Body1, Button, Checkbox, Field } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useId, useState } from "react";

import { api, everything, ifMatch, ok, useList, useWhole, type Schemas } from "../../api/client";
import { civicAddresses, directNumbers } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { named, USAGES } from "../../components/choices";
import { Done } from "../../components/Done";
import { ExportButton } from "../../components/ExportButton";
import { Facts } from "../../components/Facts";
import { Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { countryName, words } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Outcome } from "../../components/Outcome";
import { Part } from "../../components/Page";
import { numberCsv, type PhoneNumber } from "../numbers/columns";
import { locationChoices } from "../numbers/locations";
import { chunks, readEntries } from "./entries";

type Result = Schemas["DirectNumberResult"];

const columns: Column<PhoneNumber>[] = [
  { key: "number", header: "Number", width: "minmax(150px, 1.2fr)", render: (row) => row.number },
  { key: "country", header: "Country", width: "minmax(110px, 1fr)", render: (row) => countryName(row.country) },
  { key: "usage", header: "Usage", width: "minmax(110px, 0.8fr)", render: (row) => named(USAGES, row.usage) },
  {
    key: "assigned",
    header: "Assigned to",
    width: "minmax(140px, 1.4fr)",
    render: (row) => row.assigned_to_name ?? "Unassigned",
  },
  { key: "support", header: "When calls fail", width: "minmax(140px, 1fr)", render: (row) => (row.support_owner === "tenant" ? "Your own people" : words(row.support_owner)) },
];

/** Numbers of the organisation's own PSTN access. */
export function DirectNumbers() {
  const list = useList(directNumbers);
  const [adding, setAdding] = useState(false);
  const [open, setOpen] = useState<PhoneNumber>();
  const [done, setDone] = useState<string>();
  const [failed, setFailed] = useState<unknown>();
  return (
    <Part
      actions={
        <>
          <ExportButton
            file="direct-routing-numbers.csv"
            columns={numberCsv}
            rows={() => everything(directNumbers)}
            onError={setFailed}
          />
          <Button
            appearance="primary"
            icon={<AddRegular />}
            onClick={() => {
              setDone(undefined);
              setAdding(true);
            }}
          >
            Add numbers
          </Button>
        </>
      }
      error={list.error ?? failed}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Direct Routing numbers"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.number}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No number of your own PSTN access. Add some, one by one or from a file."
      />
      {adding && (
        <AddNumbers
          onClose={() => setAdding(false)}
          onDone={(what) => {
            setAdding(false);
            setDone(what);
          }}
        />
      )}
      {open && (
        <RemoveNumber
          number={open}
          onClose={() => setOpen(undefined)}
          onDone={(what) => {
            setOpen(undefined);
            setDone(what);
          }}
        />
      )}
    </Part>
  );
}

interface DialogProps {
  onClose: () => void;
  onDone: (what: string) => void;
}

function AddNumbers({ onClose, onDone }: DialogProps) {
  const addresses = useWhole(civicAddresses);
  const file = useId();
  const [text, setText] = useState("");
  const [usage, setUsage] = useState("CallingUserAssignment");
  const [location, setLocation] = useState("");
  const [trial, setTrial] = useState(true);
  const entries = readEntries(text);
  const add = useWrite(
    async (dry_run: boolean) => {
      const results: Result[] = [];
      for (const some of chunks(entries)) {
        const answer = await ok(
          api.POST("/tenant/v1/direct-routing-numbers", {
            body: { entries: some, usage, location_id: location || null, dry_run },
          }),
        );
        results.push(...answer.entries);
      }
      return results;
    },
    (results, dry_run) => {
      // What was refused stays to be read and mended.
      if (!dry_run && results.every((one) => one.status === "success")) {
        onDone(`${results.length.toLocaleString()} ${results.length === 1 ? "number is" : "numbers are"} there.`);
      }
    },
  );
  return (
    <FormDialog
      title="Add Direct Routing numbers"
      submit={trial ? "Try" : "Add"}
      error={add.error ?? addresses.error}
      busy={add.isPending}
      disabled={entries.length === 0}
      onSubmit={() => add.mutate(trial)}
      onClose={onClose}
    >
      <Field
        label={{ children: "From a file", htmlFor: file }}
        hint="CSV with a header: number, and usage, location_id, country where they differ"
      >
        <input
          id={file}
          type="file"
          accept=".csv,.txt,text/csv,text/plain"
          onChange={(event) => {
            void event.target.files?.[0]?.text().then((read) => {
              add.reset();
              setText(read);
            });
          }}
        />
      </Field>
      <Text
        label="Numbers, a line each"
        lines={6}
        placeholder={"+442079470500\n+442079470501"}
        value={text}
        onChange={(next) => {
          add.reset();
          setText(next);
        }}
      />
      <Choice
        label="Usage"
        value={usage}
        onChange={setUsage}
        options={Object.entries(USAGES).filter(([value]) => value !== "ConferenceAssignment")}
      />
      <Choice
        label="Emergency location"
        any="None"
        value={location}
        onChange={setLocation}
        options={locationChoices(addresses.rows)}
      />
      <Checkbox
        label="Only try: check everything, change nothing"
        checked={trial}
        onChange={(_, data) => {
          add.reset();
          setTrial(data.checked === true);
        }}
      />
      <Body1>
        {entries.length.toLocaleString()} {entries.length === 1 ? "number" : "numbers"} read. Each succeeds or fails alone.
      </Body1>
      {add.data && (
        <Outcome
          succeeded={add.data.filter((one) => one.status === "success").length}
          total={add.data.length}
          verb={add.variables ? "would be added" : "are added"}
          refused={add.data.flatMap(({ number, error }) => (error ? [{ number, error }] : []))}
          warned={add.data.flatMap(({ number, warning }) => (warning ? [{ number, warning }] : []))}
        />
      )}
    </FormDialog>
  );
}

function RemoveNumber({ number, onClose, onDone }: DialogProps & { number: PhoneNumber }) {
  const remove = useWrite(
    () =>
      ok(
        api.DELETE("/tenant/v1/direct-routing-numbers/{number}", {
          params: { path: { number: number.number }, header: ifMatch(number.version) },
        }),
      ),
    () => onDone(`${number.number} is out of the inventory.`),
  );
  return (
    <FormDialog
      title={number.number}
      submit="Remove"
      error={remove.error}
      busy={remove.isPending}
      onSubmit={() => remove.mutate()}
      onClose={onClose}
    >
      <Facts
        facts={[
          ["Country", countryName(number.country)],
          ["Usage", named(USAGES, number.usage)],
          ["Assigned to", number.assigned_to_name],
        ]}
      />
      <Body1>Removed, an operator may upload it. Whoever has it must give it back first: open it under Numbers.</Body1>
    </FormDialog>
  );
}
