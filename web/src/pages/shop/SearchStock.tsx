import { Button, Checkbox, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { CheckboxCheckedRegular, CheckboxUncheckedRegular, SearchRegular } from "@fluentui/react-icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ok, useList, type Schemas } from "../../api/client";
import { shopNumbers, type StockFilter } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { named, NUMBER_KINDS, USAGES } from "../../components/choices";
import { Text } from "../../components/Fields";
import { countryName, money } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { ProblemBar } from "../../components/ProblemBar";
import { EMPTY, isIn, size, span, toggled, type Basket, type Offered } from "./basket";
import { QuoteDialog } from "./QuoteDialog";

const useStyles = makeStyles({
  form: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalM },
  basket: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  icon: { display: "flex", fontSize: "20px" },
});

const BLOCKS = ["2", "5", "10", "20", "50", "100", "200", "500", "1000"].map(
  (count) => [count, `Blocks of ${Number(count).toLocaleString()}`] as const,
);

interface SearchStockProps {
  /** Consents under which numbers may be bought; at least one. */
  sellers: Schemas["Consent"][];
  onReserved: (reservation: Schemas["Reservation"]) => void;
}

/** Finds numbers in one operator's stock and gathers those that are to be quoted. */
export function SearchStock({ sellers, onReserved }: SearchStockProps) {
  const styles = useStyles();
  const queries = useQueryClient();
  const [operator, setOperator] = useState(sellers[0]?.operator_id ?? "");
  const seller = sellers.find((one) => one.operator_id === operator) ?? sellers[0];
  const [wanted, setWanted] = useState<StockFilter>({
    country: seller?.countries[0] ?? "",
    area: "",
    kind: "",
    usage: "",
    pattern: "",
    block: "",
    aligned: "",
  });
  const [asked, setAsked] = useState<StockFilter>();
  const [basket, setBasket] = useState<Basket>(EMPTY);
  const [quoting, setQuoting] = useState(false);
  const shop = useQuery({
    queryKey: ["tenant", "shop", operator],
    enabled: operator !== "",
    queryFn: ({ signal }) =>
      ok(api.GET("/tenant/v1/shop/{operator_id}", { params: { path: { operator_id: operator } }, signal })),
  });
  const change = (part: Partial<StockFilter>) => setWanted((all) => ({ ...all, ...part }) as StockFilter);
  const count = size(basket);

  return (
    <>
      <form
        className={styles.form}
        aria-label="Search"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          // What was free a minute ago may be somebody's by now.
          void queries.invalidateQueries({ queryKey: ["tenant", "shop", operator] });
          setAsked({ ...wanted, area: wanted.area.trim(), pattern: wanted.pattern.trim() });
        }}
      >
        <Choice
          label="Operator"
          value={operator}
          onChange={(id) => {
            setOperator(id);
            setAsked(undefined);
            // A quote is of one operator's numbers.
            setBasket(EMPTY);
            change({ country: sellers.find((one) => one.operator_id === id)?.countries[0] ?? "" });
          }}
          options={sellers.map((one) => [one.operator_id, one.operator_name] as const)}
        />
        <Choice
          label="Country"
          value={wanted.country}
          onChange={(country) => change({ country })}
          options={(seller?.countries ?? []).map((code) => [code, countryName(code)] as const)}
        />
        <Text label="Area" placeholder="London" value={wanted.area} onChange={(area) => change({ area })} />
        <Choice
          label="Type"
          any="All"
          value={wanted.kind}
          onChange={(kind) => change({ kind })}
          options={Object.entries(NUMBER_KINDS)}
        />
        <Choice
          label="Usage"
          any="All"
          value={wanted.usage}
          onChange={(usage) => change({ usage })}
          options={Object.entries(USAGES)}
        />
        <Text
          label="Digits"
          placeholder="4420794600?? or *777*"
          value={wanted.pattern}
          onChange={(pattern) => change({ pattern })}
        />
        <Choice
          label="In blocks"
          any="Single numbers"
          value={wanted.block}
          onChange={(block) => change({ block })}
          options={BLOCKS}
        />
        {wanted.block !== "" && (
          <Checkbox
            label="Round beginnings"
            checked={wanted.aligned !== ""}
            onChange={(_, data) => change({ aligned: data.checked === true ? "true" : "" })}
          />
        )}
        <Button type="submit" appearance="primary" icon={<SearchRegular />} disabledFocusable={!shop.data?.open}>
          Search
        </Button>
      </form>
      {shop.error ? <ProblemBar error={shop.error} /> : null}
      {shop.data && !shop.data.open && (
        <MessageBar intent="info">
          <MessageBarBody>{seller?.operator_name} sells no numbers here at the moment. Ask it, or choose another.</MessageBarBody>
        </MessageBar>
      )}
      {asked && shop.data?.open && (
        <>
          <div className={styles.basket}>
            <span role="status">
              {count === 0
                ? "Choose numbers by a click, or the space bar."
                : `${count.toLocaleString()} ${count === 1 ? "number" : "numbers"} chosen`}
            </span>
            <Button appearance="primary" disabledFocusable={count === 0} onClick={() => setQuoting(true)}>
              Get a quote
            </Button>
            {count > 0 && <Button onClick={() => setBasket(EMPTY)}>Choose none</Button>}
          </div>
          <Found
            operator={operator}
            filter={asked}
            basket={basket}
            onToggle={(offered) => setBasket(toggled(basket, offered))}
          />
        </>
      )}
      {quoting && seller && (
        <QuoteDialog
          seller={seller}
          basket={basket}
          onClose={() => setQuoting(false)}
          onReserved={(reservation) => {
            setQuoting(false);
            setBasket(EMPTY);
            onReserved(reservation);
          }}
        />
      )}
    </>
  );
}

interface FoundProps {
  operator: string;
  filter: StockFilter;
  basket: Basket;
  onToggle: (offered: Offered) => void;
}

function Found({ operator, filter, basket, onToggle }: FoundProps) {
  const styles = useStyles();
  const list = useList(shopNumbers(operator, filter));
  const columns: Column<Offered>[] = [
    {
      key: "chosen",
      header: "",
      width: "24px",
      render: (row) => (
        <span className={styles.icon}>
          {isIn(basket, row) ? <CheckboxCheckedRegular /> : <CheckboxUncheckedRegular />}
        </span>
      ),
    },
    {
      key: "number",
      header: filter.block ? "Numbers" : "Number",
      width: filter.block ? "minmax(270px, 1.6fr)" : "minmax(150px, 1fr)",
      render: span,
    },
    { key: "area", header: "Area", width: "minmax(110px, 1fr)", render: (row) => row.area },
    { key: "kind", header: "Type", width: "minmax(96px, 0.7fr)", render: (row) => named(NUMBER_KINDS, row.kind) },
    { key: "usage", header: "Usage", width: "minmax(110px, 0.8fr)", render: (row) => named(USAGES, row.usage) },
    { key: "due", header: "Due now, each", width: "112px", render: (row) => money(row.amount, row.currency) || "Nothing" },
    { key: "price", header: "Price", width: "minmax(160px, 1.6fr)", render: (row) => row.price_note },
  ];
  return (
    <Part error={list.error} loading={list.isLoading}>
      <Grid
        label="Numbers in stock"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.first}
        onOpen={onToggle}
        isChosen={(row) => isIn(basket, row)}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={list.hasMore ? "Searching" : "Nothing in stock matches. Take a filter away, or ask for smaller blocks."}
      />
    </Part>
  );
}
