import { Body1, Button, makeStyles, tokens } from "@fluentui/react-components";
import { useEffect, useState } from "react";

import { api, ok, useList, type Schemas } from "../../api/client";
import { civicAddresses } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { Facts } from "../../components/Facts";
import { FormDialog } from "../../components/FormDialog";
import { dateTime, money, timeLeft } from "../../components/format";
import { TimeLeft, useNow } from "../../components/TimeLeft";
import { locationChoices } from "../numbers/locations";
import { asked, size, span, type Basket } from "./basket";

const useStyles = makeStyles({
  list: { margin: 0, paddingLeft: tokens.spacingHorizontalL, maxHeight: "180px", overflow: "auto" },
  terms: { whiteSpace: "pre-wrap", margin: 0 },
});

interface QuoteDialogProps {
  seller: Schemas["Consent"];
  basket: Basket;
  onClose: () => void;
  onReserved: (reservation: Schemas["Reservation"]) => void;
}

/** First what the numbers cost and on which terms; then, at that price, the reservation. */
export function QuoteDialog({ seller, basket, onClose, onReserved }: QuoteDialogProps) {
  const styles = useStyles();
  const addresses = useList(civicAddresses);
  useEffect(() => {
    if (addresses.hasMore) addresses.more();
  });
  const chosen = [...basket.values()];
  const countries = new Set(chosen.map((one) => one.country));
  const places = locationChoices(addresses.rows.filter((address) => countries.has(address.country)));
  const [location, setLocation] = useState("");
  const now = useNow();

  const ask = useWrite(() =>
    ok(
      api.POST("/tenant/v1/quotes", {
        body: { operator_id: seller.operator_id, ...asked(basket), location_id: location || null },
      }),
    ),
  );
  const reserve = useWrite(
    (quote_id: string) => ok(api.POST("/tenant/v1/reservations", { body: { quote_id } })),
    onReserved,
  );
  const quote = ask.data;
  const count = size(basket).toLocaleString();

  if (!quote) {
    return (
      <FormDialog
        title={`Quote of ${seller.operator_name}`}
        submit="Get the quote"
        error={ask.error ?? addresses.error}
        busy={ask.isPending}
        onSubmit={() => ask.mutate()}
        onClose={onClose}
      >
        <Body1>{count === "1" ? "One number:" : `${count} numbers:`}</Body1>
        <ul className={styles.list} tabIndex={0} aria-label="Chosen numbers">
          {chosen.map((one) => (
            <li key={one.first}>{span(one)}</li>
          ))}
        </ul>
        <Choice
          label="Emergency location"
          any="None"
          value={location}
          onChange={setLocation}
          options={places}
        />
        <Body1>Numbers for users need one: help is sent there when somebody calls for it.</Body1>
      </FormDialog>
    );
  }
  const over = timeLeft(quote.valid_until, now) === "";
  return (
    <FormDialog
      title={`Quote of ${seller.operator_name}`}
      submit="Reserve"
      error={reserve.error}
      busy={reserve.isPending}
      disabled={over}
      onSubmit={() => reserve.mutate(quote.id)}
      onClose={onClose}
      actions={
        <Button
          onClick={() => {
            reserve.reset();
            ask.reset();
          }}
        >
          Back
        </Button>
      }
    >
      <Facts
        facts={[
          ["Numbers", quote.items.length.toLocaleString()],
          ["Due at the operator", money(quote.amount, quote.currency) || "Nothing"],
          ["Price", [...new Set(quote.items.map((item) => item.price_note))].filter(Boolean).join("; ")],
          ["Good until", dateTime(quote.valid_until)],
          ["Left", <TimeLeft key="left" until={quote.valid_until} over="It has run out: go back for a new one" />],
          ["Terms", quote.terms && <p key="terms" className={styles.terms}>{quote.terms}</p>],
        ]}
      />
      <Body1>
        The quote holds no numbers; reserving does, all of them or none. By reserving you accept the operator's terms.
      </Body1>
    </FormDialog>
  );
}
