import { Field, makeStyles, SearchBox, tokens } from "@fluentui/react-components";
import { useDeferredValue, useEffect, useState, type ReactNode } from "react";

import { everything, useList } from "../../api/client";
import { numbers, operatorConsents, tenantConsents } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { ASSIGNMENT, USAGES } from "../../components/choices";
import { ExportButton } from "../../components/ExportButton";
import { countryName } from "../../components/format";
import { Grid } from "../../components/Grid";
import { Page } from "../../components/Page";
import { carriesName, numberColumns, numberCsv, readSearch, type PhoneNumber } from "./columns";

const useStyles = makeStyles({
  text: { minWidth: "220px" },
  count: { color: tokens.colorNeutralForeground2 },
});

interface NumberListProps {
  role: "tenant" | "operator";
  lead: string;
  empty: string;
  notice?: ReactNode;
  /** What else is done here, beside the export. */
  actions?: ReactNode;
  onOpen?: (number: PhoneNumber) => void;
}

/** The inventory, as its holder or its operator sees it. */
export function NumberList({ role, lead, empty, notice, actions, onOpen }: NumberListProps) {
  const styles = useStyles();
  const [text, setText] = useState("");
  const [country, setCountry] = useState("");
  const [usage, setUsage] = useState("");
  const [status, setStatus] = useState("");
  const [failed, setFailed] = useState<unknown>();
  const search = readSearch(useDeferredValue(text));
  const prefix = "prefix" in search ? search.prefix : "";
  const name = "name" in search ? search.name : "";
  const source = numbers(role, { prefix, country, usage, status });
  const list = useList(source);
  // Numbers come only from countries that were consented to.
  const consents = useList(role === "tenant" ? tenantConsents : operatorConsents);

  // Names are not searched by the server: the rest of the list is needed to search here.
  useEffect(() => {
    if (name !== "" && list.hasMore) list.more();
  });

  const shown = name === "" ? list.rows : list.rows.filter((row) => carriesName(row, name));
  const countries = [...new Set(consents.rows.flatMap((consent) => consent.countries))]
    .map((code) => [code, countryName(code)] as const)
    .sort((a, b) => a[1].localeCompare(b[1]));
  const filtered = [text, country, usage, status].some((value) => value !== "");

  return (
    <Page
      title="Numbers"
      lead={lead}
      error={list.error ?? failed}
      loading={list.isLoading}
      filters={
        <>
          <Field label="Find" className={styles.text}>
            <SearchBox placeholder="+44 20… or a name" value={text} onChange={(_, data) => setText(data.value)} />
          </Field>
          <Choice label="Country" any="All" value={country} onChange={setCountry} options={countries} />
          <Choice label="Usage" any="All" value={usage} onChange={setUsage} options={Object.entries(USAGES)} />
          <Choice
            label="Assigned to"
            any="All"
            value={status}
            onChange={setStatus}
            options={Object.entries(ASSIGNMENT)}
          />
        </>
      }
      actions={
        <>
          {actions}
          <ExportButton
            file="numbers.csv"
            columns={numberCsv}
            onError={setFailed}
            rows={async () => (await everything(source)).filter((row) => carriesName(row, name))}
          />
        </>
      }
    >
      {notice}
      <div role="status" className={styles.count}>
        {`${shown.length.toLocaleString()}${list.hasMore ? "+" : ""} ${shown.length === 1 ? "number" : "numbers"}`}
      </div>
      <Grid
        label="Numbers"
        columns={numberColumns}
        rows={shown}
        rowKey={(row) => row.number}
        onOpen={onOpen}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={filtered ? "No number matches. Take a filter away." : empty}
      />
    </Page>
  );
}
