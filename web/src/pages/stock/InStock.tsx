import { Body1, Button, Checkbox } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";

import { api, ok, useList, useWhole, type Schemas } from "../../api/client";
import { callingProfiles, stock } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { named, NUMBER_KINDS, USAGES } from "../../components/choices";
import { Done } from "../../components/Done";
import { Facts } from "../../components/Facts";
import { Pair, Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { countryName, dateTime, money } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Outcome } from "../../components/Outcome";
import { Part } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { isEmpty, readSpans } from "./spans";

type Stock = Schemas["Stock"];

const columns: Column<Stock>[] = [
  { key: "number", header: "Number", width: "minmax(150px, 1fr)", render: (row) => row.number },
  { key: "area", header: "Area", width: "minmax(110px, 1fr)", render: (row) => row.area },
  { key: "kind", header: "Type", width: "minmax(96px, 0.7fr)", render: (row) => named(NUMBER_KINDS, row.kind) },
  { key: "usage", header: "Usage", width: "minmax(110px, 0.8fr)", render: (row) => named(USAGES, row.usage) },
  { key: "due", header: "Due", width: "96px", render: (row) => money(row.amount, row.currency) || "Nothing" },
  { key: "price", header: "Price", width: "minmax(140px, 1.2fr)", render: (row) => row.price_note },
  {
    key: "held",
    header: "State",
    width: "96px",
    render: (row) => (row.reservation_id ? <StatusBadge status="Reserved" /> : "For sale"),
  },
];

/** Numbers that are for sale. */
export function InStock() {
  const [text, setText] = useState("");
  const [country, setCountry] = useState("");
  const counts = useQuery({
    queryKey: ["operator", "stock", "counts"],
    queryFn: ({ signal }) => ok(api.GET("/operator/v1/stock/counts", { signal })),
  });
  const prefix = useDeferredValue(text.replace(/[\s().-]/g, "").replace(/^00/, "+"));
  const list = useList(stock(prefix, country));
  const [adding, setAdding] = useState(false);
  const [withdrawing, setWithdrawing] = useState<string>();
  const [open, setOpen] = useState<Stock>();
  const [done, setDone] = useState<string>();
  const all = counts.data?.counts ?? [];
  const countries = [...new Set(all.map((count) => count.country))];
  return (
    <Part
      filters={
        <>
          <Text label="Begins with" placeholder="+44 20…" value={text} onChange={setText} />
          <Choice
            label="Country"
            any="All"
            value={country}
            onChange={setCountry}
            options={countries.map((code) => [code, countryName(code)] as const)}
          />
        </>
      }
      actions={
        <>
          <Button
            onClick={() => {
              setDone(undefined);
              setWithdrawing("");
            }}
          >
            Withdraw numbers
          </Button>
          <Button
            appearance="primary"
            icon={<AddRegular />}
            onClick={() => {
              setDone(undefined);
              setAdding(true);
            }}
          >
            Offer numbers
          </Button>
        </>
      }
      error={list.error ?? counts.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <div role="status">
        {all.length === 0
          ? "Nothing is in stock."
          : all
              .map(
                (count) =>
                  `${countryName(count.country)}, ${named(NUMBER_KINDS, count.kind).toLowerCase()}: ${count.available.toLocaleString()} for sale, ${count.reserved.toLocaleString()} reserved`,
              )
              .join(" · ")}
      </div>
      <Grid
        label="Numbers in stock"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.number}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={prefix || country ? "No number in stock matches." : "Nothing is in stock. Offer numbers of your ranges that nobody has."}
      />
      {adding && (
        <OfferNumbers
          onClose={() => setAdding(false)}
          onDone={(what) => {
            setAdding(false);
            setDone(what);
          }}
        />
      )}
      {withdrawing !== undefined && (
        <WithdrawNumbers
          first={withdrawing}
          onClose={() => setWithdrawing(undefined)}
          onDone={(what) => {
            setWithdrawing(undefined);
            setDone(what);
          }}
        />
      )}
      {open && (
        <FormDialog
          title={open.number}
          submit="Withdraw it"
          error={null}
          busy={false}
          onSubmit={() => {
            setOpen(undefined);
            setWithdrawing(open.number);
          }}
          onClose={() => setOpen(undefined)}
        >
          <Facts
            facts={[
              ["Country", countryName(open.country)],
              ["Area", open.area],
              ["Type", named(NUMBER_KINDS, open.kind)],
              ["Usage", named(USAGES, open.usage)],
              ["Due", money(open.amount, open.currency)],
              ["Price", open.price_note],
              ["Offered like this since", dateTime(open.listed_at)],
              ["Reservation", open.reservation_id],
            ]}
          />
        </FormDialog>
      )}
    </Part>
  );
}

interface DialogProps {
  onClose: () => void;
  onDone: (what: string) => void;
}

function OfferNumbers({ onClose, onDone }: DialogProps) {
  const profiles = useWhole(callingProfiles);
  const [text, setText] = useState("");
  const [profile, setProfile] = useState("");
  const [area, setArea] = useState("");
  const [usage, setUsage] = useState("CallingUserAssignment");
  const [price, setPrice] = useState("");
  const [amount, setAmount] = useState("");
  const [currency, setCurrency] = useState("");
  const [trial, setTrial] = useState(false);
  const spans = readSpans(text);
  const chosen = profile || (profiles.rows.length === 1 ? profiles.rows[0]?.id : "") || null;
  const add = useWrite(
    (dry_run: boolean) =>
      ok(
        api.POST("/operator/v1/stock", {
          body: {
            entries: spans.numbers.map((number) => ({ number })),
            ranges: spans.ranges,
            calling_profile_id: chosen,
            area: area.trim() || null,
            usage,
            price_note: price.trim() || null,
            amount: amount.trim() || null,
            currency: currency.trim().toUpperCase() || null,
            dry_run,
          },
        }),
      ),
    (result, dry_run) => {
      if (!dry_run && result.failed === 0) {
        onDone(`${result.succeeded.toLocaleString()} ${result.succeeded === 1 ? "number is" : "numbers are"} for sale.`);
      }
    },
  );
  return (
    <FormDialog
      title="Offer numbers"
      submit={trial ? "Try" : "Offer"}
      error={add.error ?? profiles.error}
      busy={add.isPending}
      disabled={isEmpty(spans)}
      onSubmit={() => add.mutate(trial)}
      onClose={onClose}
    >
      <Text
        label="Numbers and ranges, a line each"
        lines={4}
        placeholder={"+442079460200..+442079460299\n+442079460500"}
        value={text}
        onChange={(next) => {
          add.reset();
          setText(next);
        }}
      />
      <Pair>
        <Choice
          label="Calling profile"
          any={profiles.rows.length === 1 ? profiles.rows[0]?.name ?? "The only one" : "Choose a profile"}
          value={profile}
          onChange={setProfile}
          options={profiles.rows.map((one) => [one.id, one.name] as const)}
        />
        <Choice label="Usage" value={usage} onChange={setUsage} options={Object.entries(USAGES)} />
        <Text label="Area" placeholder="London" value={area} onChange={setArea} />
        <Text label="Price, in words" placeholder="5 a month" value={price} onChange={setPrice} />
        <Text label="Due before delivery" placeholder="12.50" value={amount} onChange={setAmount} />
        <Text label="Currency" placeholder="GBP" value={currency} onChange={setCurrency} />
      </Pair>
      <Checkbox
        label="Only try: check everything, change nothing"
        checked={trial}
        onChange={(_, data) => {
          add.reset();
          setTrial(data.checked === true);
        }}
      />
      {add.data && (
        <Outcome
          {...add.data}
          verb={add.variables ? "would be offered" : "are offered"}
          refused={add.data.errors}
        />
      )}
    </FormDialog>
  );
}

function WithdrawNumbers({ first, onClose, onDone }: DialogProps & { first: string }) {
  const [text, setText] = useState(first);
  const spans = readSpans(text);
  const withdraw = useWrite(
    () => ok(api.POST("/operator/v1/stock/withdraw", { body: { numbers: spans.numbers, ranges: spans.ranges } })),
    (result) => {
      if (result.failed === 0) {
        onDone(`${result.succeeded.toLocaleString()} ${result.succeeded === 1 ? "number is" : "numbers are"} for sale no longer.`);
      }
    },
  );
  return (
    <FormDialog
      title="Withdraw numbers"
      submit="Withdraw"
      error={withdraw.error}
      busy={withdraw.isPending}
      disabled={isEmpty(spans)}
      onSubmit={() => withdraw.mutate()}
      onClose={onClose}
    >
      <Text
        label="Numbers and ranges, a line each"
        lines={4}
        placeholder="+442079460200..+442079460299"
        value={text}
        onChange={(next) => {
          withdraw.reset();
          setText(next);
        }}
      />
      <Body1>Those that are reserved stay.</Body1>
      {withdraw.data && <Outcome {...withdraw.data} verb="are withdrawn" refused={withdraw.data.errors} />}
    </FormDialog>
  );
}
