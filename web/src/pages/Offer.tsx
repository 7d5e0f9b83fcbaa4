import { Body1, Button, makeStyles, MessageBar, MessageBarBody, Subtitle1, tokens } from "@fluentui/react-components";
import { EditRegular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ifMatch, ok, orNone, type Schemas } from "../api/client";
import { useWrite } from "../api/write";
import {
  named,
  NUMBER_TYPES,
  OFFER_STATES,
  OFFERED_ADDRESS_EDITING,
  OFFERED_EMERGENCY_HANDLING,
  SERVICES,
} from "../components/choices";
import { Done } from "../components/Done";
import { Facts } from "../components/Facts";
import { countryName, dateTime } from "../components/format";
import { Page } from "../components/Page";
import { ProblemBar } from "../components/ProblemBar";
import { StatusBadge } from "../components/StatusBadge";
import { Table } from "../components/Table";
import { DraftDialog } from "./offer/DraftDialog";

const useStyles = makeStyles({
  card: {
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalM,
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  head: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalS },
  push: { marginLeft: "auto", display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
});

/** What the operator offers: the published version, and the draft of the next one. */
export default function Offer() {
  const styles = useStyles();
  const offer = useQuery({
    queryKey: ["operator", "offer"],
    queryFn: ({ signal }) => orNone(api.GET("/operator/v1/offer", { signal })),
  });
  const draft = useQuery({
    queryKey: ["operator", "offer", "draft"],
    queryFn: ({ signal }) => orNone(api.GET("/operator/v1/offer/draft", { signal })),
  });
  const [editing, setEditing] = useState(false);
  const [done, setDone] = useState<string>();
  const publish = useWrite(
    (version: number) => ok(api.POST("/operator/v1/offer/publish", { params: { header: ifMatch(version) } })),
    () => setDone("The offer is published: it is in the directory."),
  );
  const withdraw = useWrite(
    (version: number) => ok(api.POST("/operator/v1/offer/withdraw", { params: { header: ifMatch(version) } })),
    () => setDone("The offer is withdrawn. Consents that are there go on."),
  );
  const discard = useWrite(
    (version: number) => ok(api.DELETE("/operator/v1/offer/draft", { params: { header: ifMatch(version) } })),
    () => setDone("The draft is thrown away."),
  );
  const steps = [publish, withdraw, discard];
  const busy = steps.some((step) => step.isPending);
  const refused = steps.find((step) => step.error)?.error;
  const begin = () => {
    for (const step of steps) step.reset();
    setDone(undefined);
  };
  const there = offer.data && offer.data.state !== "draft" ? offer.data : null;

  return (
    <Page
      title="Offer"
      lead="What organisations read in the directory before they choose you. A draft is yours alone until you publish it."
      error={offer.error ?? draft.error}
      loading={offer.isPending || draft.isPending}
    >
      <Done>{done}</Done>
      {refused ? <ProblemBar error={refused} /> : null}
      <section className={styles.card} aria-label="Published offer">
        <div className={styles.head}>
          <Subtitle1 as="h2">In the directory</Subtitle1>
          {there?.state && <StatusBadge status={there.state} label={named(OFFER_STATES, there.state)} />}
          {there?.state === "published" && (
            <span className={styles.push}>
              <Button
                disabledFocusable={busy}
                onClick={() => {
                  begin();
                  withdraw.mutate(there.version);
                }}
              >
                Withdraw
              </Button>
            </span>
          )}
        </div>
        {there ? <What of={there} /> : <Body1>Nothing was published yet.</Body1>}
      </section>
      <section className={styles.card} aria-label="Draft">
        <div className={styles.head}>
          <Subtitle1 as="h2">Draft</Subtitle1>
          <span className={styles.push}>
            <Button
              icon={<EditRegular />}
              disabledFocusable={busy}
              onClick={() => {
                begin();
                setEditing(true);
              }}
            >
              {draft.data ? "Edit" : "Begin a draft"}
            </Button>
            {draft.data && (
              <>
                <Button
                  disabledFocusable={busy}
                  onClick={() => {
                    begin();
                    if (draft.data) discard.mutate(draft.data.version);
                  }}
                >
                  Throw away
                </Button>
                <Button
                  appearance="primary"
                  disabledFocusable={busy || !!draft.data.lacks}
                  onClick={() => {
                    begin();
                    if (draft.data) publish.mutate(draft.data.version);
                  }}
                >
                  Publish
                </Button>
              </>
            )}
          </span>
        </div>
        {draft.data ? (
          <>
            {draft.data.lacks && (
              <MessageBar intent="warning" layout="multiline">
                <MessageBarBody>Before it can be published: {draft.data.lacks}</MessageBarBody>
              </MessageBar>
            )}
            <What of={draft.data} />
          </>
        ) : (
          <Body1>There is no draft. One begins with what is published, if anything is.</Body1>
        )}
      </section>
      {editing && (
        <DraftDialog
          draft={draft.data ?? null}
          offer={offer.data ?? null}
          onClose={() => setEditing(false)}
          onDone={() => {
            setEditing(false);
            setDone("The draft is saved.");
          }}
        />
      )}
    </Page>
  );
}

function What({ of }: { of: Schemas["Offer"] | Schemas["OfferDraft"] }) {
  return (
    <>
      <Facts
        facts={[
          ["Services", of.services.map((code) => named(SERVICES, code)).join(", ")],
          ["Landing page", of.landing_page],
          ["Terms", of.terms_uri],
          ["Price", of.price_note],
          ["Logo", of.logo_uri],
          ["Small logo", of.logo_thumbnail_uri],
          ["Published", "published_at" in of ? dateTime(of.published_at) : null],
          ["Withdrawn", "withdrawn_at" in of ? dateTime(of.withdrawn_at) : null],
          ["Edited", "edited_at" in of ? dateTime(of.edited_at) : null],
          // Countries of which the offer says no more than their names.
          [
            "Countries",
            "countries" in of && !of.coverage?.length ? of.countries.map(countryName).join(", ") : null,
          ],
        ]}
      />
      <Table
        title="Coverage"
        head={["Country", "Numbers", "Emergency calls", "Emergency addresses", "Notes"]}
        rows={(of.coverage ?? []).map((one) => [
          countryName(one.country),
          one.number_types.map((type) => named(NUMBER_TYPES, type)).join(", "),
          [named(OFFERED_EMERGENCY_HANDLING, one.emergency_handling), one.emergency_numbers?.join(", ")].filter(Boolean).join("; "),
          named(OFFERED_ADDRESS_EDITING, one.address_editing),
          [one.price_note, one.emergency_note].filter(Boolean).join("; "),
        ])}
      />
    </>
  );
}
