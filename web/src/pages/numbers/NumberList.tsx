import { Field, makeStyles, SearchBox, tokens } from "@fluentui/react-components";
import { useEffect, useMemo, useState, type ReactNode } from "react";

import { everything, useList } from "../../api/client";
import { numbers } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { ASSIGNMENT, USAGES } from "../../components/choices";
import { ExportButton } from "../../components/ExportButton";
import { countryName } from "../../components/format";
import { Grid } from "../../components/Grid";
import { Page } from "../../components/Page";
import { numberColumns, numberCsv, numberMatches, type NumberFilter, type PhoneNumber } from "./columns";

const useStyles = makeStyles({
  text: { minWidth: "220px" },
  count: { color: tokens.colorNeutralForeground2 },
});

interface NumberListProps {
  role: "tenant" | "operator";
  lead: string;
  empty: string;
  notice?: ReactNode;
  onOpen?: (number: PhoneNumber) => void;
}

/** The inventory, as its holder or its operator sees it. */
export function NumberList({ role, lead, empty, notice, onOpen }: NumberListProps) {
  const styles = useStyles();
  const source = numbers(role);
  const list = useList(source);
  const [filter, setFilter] = useState<NumberFilter>({ text: "", country: "", usage: "", assignment: "" });
  const [failed, setFailed] = useState<unknown>();
  const set = (part: Partial<NumberFilter>) => setFilter((now) => ({ ...now, ...part }));

  // Filtering is done here, over all rows, so that it answers at each keystroke.
  useEffect(() => {
    if (list.hasMore) list.more();
  });

  const shown = useMemo(() => list.rows.filter((row) => numberMatches(row, filter)), [list.rows, filter]);
  const countries = useMemo(
    () =>
      [...new Set(list.rows.map((row) => row.country))]
        .map((code) => [code, countryName(code)] as const)
        .sort((a, b) => a[1].localeCompare(b[1])),
    [list.rows],
  );
  const filtered = Object.values(filter).some((value) => value !== "");

  return (
    <Page
      title="Numbers"
      lead={lead}
      error={list.error ?? failed}
      loading={list.isLoading}
      filters={
        <>
          <Field label="Find" className={styles.text}>
            <SearchBox
              placeholder="Number, person or operator"
              value={filter.text}
              onChange={(_, data) => set({ text: data.value })}
            />
          </Field>
          <Choice label="Country" any="All" value={filter.country} onChange={(country) => set({ country })} options={countries} />
          <Choice label="Usage" any="All" value={filter.usage} onChange={(usage) => set({ usage })} options={Object.entries(USAGES)} />
          <Choice
            label="Assigned to"
            any="All"
            value={filter.assignment}
            onChange={(assignment) => set({ assignment })}
            options={Object.entries(ASSIGNMENT)}
          />
        </>
      }
      actions={
        <ExportButton
          file="numbers.csv"
          columns={numberCsv}
          onError={setFailed}
          rows={async () => (await everything(source)).filter((row) => numberMatches(row, filter))}
        />
      }
    >
      {notice}
      <div role="status" className={styles.count}>
        {filtered
          ? `${shown.length.toLocaleString()} of ${list.rows.length.toLocaleString()} numbers`
          : `${list.rows.length.toLocaleString()} numbers`}
        {list.hasMore && ", more are coming"}
      </div>
      <Grid
        label="Numbers"
        columns={numberColumns}
        rows={shown}
        rowKey={(row) => row.number}
        onOpen={onOpen}
        empty={filtered ? "No number matches. Take a filter away." : empty}
      />
    </Page>
  );
}
