import {
  Body1,
  Button,
  Checkbox,
  makeStyles,
  MessageBar,
  MessageBarBody,
  MessageBarTitle,
  tokens,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ifMatch, ok, type Schemas } from "../../api/client";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { Done } from "../../components/Done";
import { Pair, Text } from "../../components/Fields";
import { whole } from "../../components/figures";
import { Part } from "../../components/Page";
import { ProblemBar } from "../../components/ProblemBar";

const useStyles = makeStyles({
  form: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM, maxWidth: "720px" },
  steps: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
  secret: { overflowWrap: "anywhere" },
});

const FULFILMENT = [
  ["manual", "You accept each reservation"],
  ["when_paid", "As soon as the payment page says that it is paid"],
] as const;

/** How the operator sells: terms, payment page, deadlines, delivery. */
export function StorefrontForm() {
  const storefront = useQuery({
    queryKey: ["operator", "storefront"],
    queryFn: ({ signal }) => ok(api.GET("/operator/v1/storefront", { signal })),
  });
  const [done, setDone] = useState<string>();
  return (
    <Part error={storefront.error} loading={storefront.isPending && !storefront.error}>
      <Done>{done}</Done>
      {storefront.data && <Fields key={storefront.data.version} of={storefront.data} onDone={setDone} />}
      {storefront.data && <Secret of={storefront.data} />}
    </Part>
  );
}

function Fields({ of, onDone }: { of: Schemas["Storefront"]; onDone: (what?: string) => void }) {
  const styles = useStyles();
  const [open, setOpen] = useState(of.open);
  const [terms, setTerms] = useState(of.terms);
  const [url, setUrl] = useState(of.payment_url ?? "");
  const [quote, setQuote] = useState(String(of.quote_minutes));
  const [held, setHeld] = useState(String(of.reservation_minutes));
  const [fulfilment, setFulfilment] = useState(of.fulfilment);
  const [atOnce, setAtOnce] = useState(of.free_at_once);
  const [addresses, setAddresses] = useState(of.allow_tenant_address_update);
  const save = useWrite(
    () =>
      ok(
        api.PUT("/operator/v1/storefront", {
          params: { header: ifMatch(of.version) },
          body: {
            open,
            terms: terms.trim(),
            payment_url: url.trim() || null,
            quote_minutes: whole(quote),
            reservation_minutes: whole(held),
            fulfilment,
            free_at_once: atOnce,
            allow_tenant_address_update: addresses,
          },
        }),
      ),
    (saved) => onDone(saved.open ? "The storefront is saved, and open." : "The storefront is saved, and closed."),
  );
  return (
    <form
      className={styles.form}
      aria-label="Storefront"
      onSubmit={(event) => {
        event.preventDefault();
        onDone();
        save.mutate();
      }}
    >
      {save.error ? <ProblemBar error={save.error} /> : null}
      <Checkbox
        label="Open: organisations with a consent may ask for quotes"
        checked={open}
        onChange={(_, data) => setOpen(data.checked === true)}
      />
      <Text label="Terms" lines={3} hint="Part of every quote" value={terms} onChange={setTerms} />
      <Text
        label="Payment page"
        placeholder="https://pay.northwind.example/?order={reference}"
        hint="{reference} is what is to be paid, signed; {reservation_id}, {amount} and {currency} may stand there too"
        value={url}
        onChange={setUrl}
      />
      <Pair>
        <Text label="A quote is good for, minutes" type="number" value={quote} onChange={setQuote} />
        <Text label="A reservation is held for, minutes" type="number" value={held} onChange={setHeld} />
        <Choice label="Numbers are delivered" value={fulfilment} onChange={setFulfilment} options={FULFILMENT} />
      </Pair>
      <Checkbox
        label="What costs nothing is delivered as soon as it is reserved"
        checked={atOnce}
        onChange={(_, data) => setAtOnce(data.checked === true)}
      />
      <Checkbox
        label="Customers may set or change the emergency location of what is delivered"
        checked={addresses}
        onChange={(_, data) => setAddresses(data.checked === true)}
      />
      <div className={styles.steps}>
        <Button type="submit" appearance="primary" disabledFocusable={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}

/** The secret that signs what goes to the payment page and what comes back. */
function Secret({ of }: { of: Schemas["Storefront"] }) {
  const styles = useStyles();
  const renew = useWrite(() => ok(api.POST("/operator/v1/storefront/secret")));
  return (
    <section className={styles.form} aria-label="Secret">
      <Body1>
        {of.has_secret
          ? "There is a secret that signs what goes to the payment page and what comes back. A new one replaces it at once."
          : "Without a secret nobody is sent to the payment page: make one, and give it to the page."}
      </Body1>
      {renew.error ? <ProblemBar error={renew.error} /> : null}
      {renew.data && (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>The new secret</MessageBarTitle>{" "}
            <code className={styles.secret}>{renew.data.secret}</code> It is shown this once.
          </MessageBarBody>
        </MessageBar>
      )}
      <div className={styles.steps}>
        <Button disabledFocusable={renew.isPending} onClick={() => renew.mutate()}>
          {of.has_secret ? "Make another secret" : "Make a secret"}
        </Button>
      </div>
    </section>
  );
}
