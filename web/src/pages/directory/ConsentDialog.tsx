import {
  Checkbox,
  Field,
  Input,
  Link,
  makeStyles,
  SpinButton,
  Subtitle2,
  Text,
  tokens,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, ok, type Schemas } from "../../api/client";
import { Choice } from "../../components/Choice";
import {
  ADDRESS_EDITING,
  COMPANY_SIZES,
  EMERGENCY_HANDLING,
  named,
  NUMBER_TYPES,
  SOURCES,
} from "../../components/choices";
import { Facts } from "../../components/Facts";
import { FormDialog } from "../../components/FormDialog";
import { countryName } from "../../components/format";

type Requirement = Schemas["Requirement"];

const useStyles = makeStyles({
  group: { border: 0, margin: 0, padding: 0, minWidth: 0 },
  legend: { padding: 0, marginBottom: tokens.spacingVerticalXS },
  countries: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
  need: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fit, minmax(200px, 1fr))",
    gap: tokens.spacingHorizontalM,
    alignItems: "end",
    paddingBottom: tokens.spacingVerticalS,
  },
  pair: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fit, minmax(200px, 1fr))",
    gap: tokens.spacingHorizontalM,
  },
});

interface ConsentDialogProps {
  entry: Pick<Schemas["DirectoryEntry"], "operator_id" | "name" | "countries">;
  /** The invitation that is accepted with it, where one is. */
  lead?: string;
  onClose: () => void;
  onDone: () => void;
}

function firstNeed(country: string): Requirement {
  return { country, number_type: "user", quantity: 10, source: "new", wanted_on: null };
}

/** Chooses an operator: countries, what is needed in each, whom to ask, and the notice. */
export function ConsentDialog({ entry, lead, onClose, onDone }: ConsentDialogProps) {
  const styles = useStyles();
  const queries = useQueryClient();
  const [needs, setNeeds] = useState<Requirement[]>(() =>
    entry.countries.length === 1 ? entry.countries.map(firstNeed) : [],
  );
  const [contact, setContact] = useState({ full_name: "", email: "", phone_number: "" });
  const [company, setCompany] = useState("");
  const [size, setSize] = useState("L50_U249");
  const [notice, setNotice] = useState(false);

  // What is read here is what the consent names: another version in force by then is refused.
  const offer = useQuery({
    queryKey: ["tenant", "offer", entry.operator_id],
    queryFn: ({ signal }) =>
      ok(
        api.GET("/tenant/v1/operators/{operator_id}/offer", {
          params: { path: { operator_id: entry.operator_id } },
          signal,
        }),
      ),
  });
  const words = useQuery({
    queryKey: ["tenant", "notice"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/notice", { signal })),
  });
  const here = (country: string) =>
    offer.data?.coverage?.find((coverage) => coverage.country === country);

  const give = useMutation({
    mutationFn: () =>
      ok(
        api.POST("/tenant/v1/consents", {
          body: {
            operator_id: entry.operator_id,
            ...(lead && { lead_id: lead }),
            countries: needs.map((need) => need.country),
            requirements: needs,
            contacts: [{ ...contact, phone_number: contact.phone_number || null }],
            company_name: company,
            company_size: size,
            notice_accepted: notice,
            notice_version: words.data?.version ?? null,
            terms_version: offer.data?.terms_uri ? (offer.data.terms_version ?? null) : null,
          },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["tenant"] });
      onDone();
    },
  });

  const change = (country: string, part: Partial<Requirement>) =>
    setNeeds((all) => all.map((need) => (need.country === country ? { ...need, ...part } : need)));

  return (
    <FormDialog
      title={`Choose ${entry.name}`}
      submit="Give consent"
      error={give.error}
      busy={give.isPending}
      onSubmit={() => give.mutate()}
      onClose={onClose}
    >
      <fieldset className={styles.group}>
        <legend className={styles.legend}>
          <Subtitle2>Countries</Subtitle2>
        </legend>
        <div className={styles.countries}>
          {entry.countries.map((country) => (
            <Checkbox
              key={country}
              label={countryName(country)}
              checked={needs.some((need) => need.country === country)}
              onChange={(_, data) =>
                setNeeds((all) =>
                  data.checked
                    ? [...all, firstNeed(country)]
                    : all.filter((need) => need.country !== country),
                )
              }
            />
          ))}
        </div>
      </fieldset>
      {needs.map((need) => (
        <fieldset key={need.country} className={styles.group}>
          <legend className={styles.legend}>
            <Subtitle2>What you need in {countryName(need.country)}</Subtitle2>
          </legend>
          <div className={styles.need}>
            <Choice
              label="Number type"
              value={need.number_type}
              onChange={(number_type) => change(need.country, { number_type })}
              options={Object.entries(NUMBER_TYPES)}
            />
            <Field label="Quantity">
              <SpinButton
                value={need.quantity}
                min={1}
                max={1_000_000}
                onChange={(_, data) => {
                  const quantity = data.value ?? Number(data.displayValue);
                  if (Number.isInteger(quantity) && quantity > 0) change(need.country, { quantity });
                }}
              />
            </Field>
            <Choice
              label="Source"
              value={need.source}
              onChange={(source) => change(need.country, { source })}
              options={Object.entries(SOURCES)}
            />
            <Field label="Wanted by">
              <Input
                type="date"
                value={need.wanted_on ?? ""}
                onChange={(_, data) => change(need.country, { wanted_on: data.value || null })}
              />
            </Field>
          </div>
          <Facts
            facts={[
              [
                "Emergency calls",
                named(EMERGENCY_HANDLING, here(need.country)?.emergency_handling ?? "The operator says nothing"),
              ],
              ["Note", here(need.country)?.emergency_note],
              [
                "Emergency addresses",
                named(ADDRESS_EDITING, here(need.country)?.address_editing ?? "The operator says nothing"),
              ],
              ["Price", here(need.country)?.price_note ?? offer.data?.price_note],
            ]}
          />
        </fieldset>
      ))}
      <fieldset className={styles.group}>
        <legend className={styles.legend}>
          <Subtitle2>Whom the operator may ask</Subtitle2>
        </legend>
        <div className={styles.pair}>
          <Field label="Full name" required>
            <Input
              autoComplete="name"
              value={contact.full_name}
              onChange={(_, data) => setContact({ ...contact, full_name: data.value })}
            />
          </Field>
          <Field label="E-mail" required>
            <Input
              type="email"
              autoComplete="email"
              value={contact.email}
              onChange={(_, data) => setContact({ ...contact, email: data.value })}
            />
          </Field>
          <Field label="Telephone">
            <Input
              type="tel"
              autoComplete="tel"
              value={contact.phone_number}
              onChange={(_, data) => setContact({ ...contact, phone_number: data.value })}
            />
          </Field>
          <Field label="Company name" required>
            <Input
              autoComplete="organization"
              value={company}
              onChange={(_, data) => setCompany(data.value)}
            />
          </Field>
          <Choice label="Company size" value={size} onChange={setSize} options={Object.entries(COMPANY_SIZES)} />
        </div>
      </fieldset>
      {words.data && <Text>{words.data.text}</Text>}
      {offer.data?.terms_uri && (
        <Link href={offer.data.terms_uri} target="_blank" rel="noreferrer">
          The terms of {entry.name}
        </Link>
      )}
      <Checkbox
        checked={notice}
        onChange={(_, data) => setNotice(data.checked === true)}
        label={`I accept that the company, contact and number data above go to ${entry.name}, which handles them under its own terms.`}
      />
    </FormDialog>
  );
}
