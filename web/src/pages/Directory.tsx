import {
  Badge,
  Body1,
  Button,
  Card,
  Link as OutsideLink,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Subtitle1,
  tokens,
} from "@fluentui/react-components";
import { useEffect, useState } from "react";

import { useList, type Schemas } from "../api/client";
import { directory, tenantConsents } from "../api/lists";
import { Choice } from "../components/Choice";
import { named, RELATIONSHIP, SERVICES } from "../components/choices";
import { countryName } from "../components/format";
import { Page } from "../components/Page";
import { StatusBadge } from "../components/StatusBadge";
import { ConsentDialog } from "./directory/ConsentDialog";
import { ManageConsent } from "./directory/ManageConsent";

type Entry = Schemas["DirectoryEntry"];

const COUNTRIES_SHOWN = 6;

const useStyles = makeStyles({
  cards: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fill, minmax(min(290px, 100%), 1fr))",
    gap: tokens.spacingHorizontalL,
    listStyleType: "none",
    margin: 0,
    padding: 0,
  },
  card: { height: "100%", boxSizing: "border-box", padding: tokens.spacingHorizontalL },
  head: { display: "flex", alignItems: "start", gap: tokens.spacingHorizontalM },
  push: { marginLeft: "auto", flexShrink: 0, whiteSpace: "nowrap" },
  row: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalXS },
  facts: { color: tokens.colorNeutralForeground2, margin: 0 },
  foot: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: tokens.spacingHorizontalL,
    marginTop: "auto",
    paddingTop: tokens.spacingVerticalS,
  },
  filter: { minWidth: "200px" },
});

/** The published operators: whom an organisation may choose. */
export default function Directory() {
  const styles = useStyles();
  const [country, setCountry] = useState("");
  const [service, setService] = useState("");
  const list = useList(directory({ country, service }));
  const consents = useList(tenantConsents);
  const everyone = useList(directory({ country: "", service: "" }));
  const [choosing, setChoosing] = useState<Entry>();
  const [managing, setManaging] = useState<Schemas["Consent"]>();
  const [done, setDone] = useState<string>();

  // Few operators exist: all of them belong on one page.
  useEffect(() => {
    if (list.hasMore) list.more();
    if (everyone.hasMore) everyone.more();
    if (consents.hasMore) consents.more();
  });

  const countries = [...new Set(everyone.rows.flatMap((entry) => entry.countries))]
    .map((code) => [code, countryName(code)] as const)
    .sort((a, b) => a[1].localeCompare(b[1]));
  const services = [...new Set(everyone.rows.flatMap((entry) => entry.services))]
    .sort()
    .map((code) => [code, named(SERVICES, code)] as const);
  const filtered = country !== "" || service !== "";
  // A consent outlives the offer, and an invitation needs none.
  const elsewhere =
    filtered || everyone.isLoading || everyone.hasMore
      ? []
      : consents.rows.filter(
          (consent) =>
            consent.status !== "Removed" && !everyone.rows.some((entry) => entry.operator_id === consent.operator_id),
        );

  return (
    <Page
      title="Operators"
      lead="Operators that offer numbers and calling here. Choose one and give consent; it then gets in touch and uploads your numbers."
      filters={
        <>
          <div className={styles.filter}>
            <Choice label="Country" any="All countries" value={country} onChange={setCountry} options={countries} />
          </div>
          <div className={styles.filter}>
            <Choice label="Service" any="All services" value={service} onChange={setService} options={services} />
          </div>
        </>
      }
      error={list.error ?? consents.error}
      loading={list.isLoading}
    >
      {done && (
        <MessageBar intent="success">
          <MessageBarBody>{done}</MessageBarBody>
        </MessageBar>
      )}
      <div role="status">
        {list.rows.length === 0
          ? filtered
            ? "No operator offers this. Choose another country or service."
            : "No operator has published an offer yet."
          : `${list.rows.length} ${list.rows.length === 1 ? "operator" : "operators"}`}
      </div>
      <ul className={styles.cards} aria-label="Operators">
        {list.rows.map((entry) => {
          const consent = consents.rows.find((one) => one.operator_id === entry.operator_id);
          return (
            <li key={entry.operator_id}>
              <Card className={styles.card}>
                <div className={styles.head}>
                  <Subtitle1 as="h2">{entry.name}</Subtitle1>
                  <span className={styles.push}>
                    {entry.consent_status && (
                      <StatusBadge status={entry.consent_status} label={`Consent ${entry.consent_status.toLowerCase()}`} />
                    )}
                  </span>
                </div>
                <div className={styles.row}>
                  {entry.services.map((code) => (
                    <Badge key={code} appearance="outline">
                      {named(SERVICES, code)}
                    </Badge>
                  ))}
                </div>
                <Body1>
                  {entry.countries.slice(0, COUNTRIES_SHOWN).map(countryName).join(", ")}
                  {entry.countries.length > COUNTRIES_SHOWN &&
                    ` and ${entry.countries.length - COUNTRIES_SHOWN} more`}
                </Body1>
                <p className={styles.facts}>
                  {entry.acquired_numbers_count === 0
                    ? "You hold no numbers from this operator."
                    : `You hold ${entry.acquired_numbers_count.toLocaleString()} of its numbers.`}
                  {consent && consent.status !== "Removed" && (
                    <> {named(RELATIONSHIP, consent.relationship_status)}.</>
                  )}
                  {consent?.acceptance_due && consent.status !== "Removed" && (
                    <> Another notice, or other terms, are to be accepted.</>
                  )}
                </p>
                <div className={styles.foot}>
                  {consent && consent.status !== "Removed" ? (
                    <Button onClick={() => setManaging(consent)} aria-label={`Manage consent to ${entry.name}`}>
                      Manage consent
                    </Button>
                  ) : (
                    <Button
                      appearance="primary"
                      onClick={() => setChoosing(entry)}
                      aria-label={`Choose ${entry.name}`}
                    >
                      Choose
                    </Button>
                  )}
                  <OutsideLink href={entry.landing_page} target="_blank" rel="noreferrer">
                    Offer details
                  </OutsideLink>
                </div>
              </Card>
            </li>
          );
        })}
        {elsewhere.map((consent) => (
          <li key={consent.operator_id}>
            <Card className={styles.card}>
              <div className={styles.head}>
                <Subtitle1 as="h2">{consent.operator_name}</Subtitle1>
                <span className={styles.push}>
                  <StatusBadge status={consent.status} label={`Consent ${consent.status.toLowerCase()}`} />
                </span>
              </div>
              <Body1>{consent.countries.map(countryName).join(", ")}</Body1>
              <p className={styles.facts}>
                It is not in the directory. {named(RELATIONSHIP, consent.relationship_status)}.
                {consent.acceptance_due && <> Another notice, or other terms, are to be accepted.</>}
              </p>
              <div className={styles.foot}>
                <Button onClick={() => setManaging(consent)} aria-label={`Manage consent to ${consent.operator_name}`}>
                  Manage consent
                </Button>
              </div>
            </Card>
          </li>
        ))}
      </ul>
      {choosing && (
        <ConsentDialog
          entry={choosing}
          onClose={() => setChoosing(undefined)}
          onDone={() => {
            setChoosing(undefined);
            setDone(`${choosing.name} has your consent and will get in touch.`);
          }}
        />
      )}
      {managing && (
        <ManageConsent
          consent={managing}
          onClose={() => setManaging(undefined)}
          onDone={(what) => {
            setManaging(undefined);
            setDone(what);
          }}
        />
      )}
    </Page>
  );
}
