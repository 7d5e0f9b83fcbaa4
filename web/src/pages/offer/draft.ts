import type { Schemas } from "../../api/client";

type Coverage = Schemas["OfferCoverage"];

/** A country of the form. What is dialled for help there the server tells, and takes from nobody. */
export type Country = Omit<Coverage, "emergency_numbers">;

/** A draft as it is edited: no field is missing, an empty one is none. */
export interface Form {
  services: string[];
  coverage: Country[];
  landing_page: string;
  terms_uri: string;
  logo_uri: string;
  logo_thumbnail_uri: string;
  price_note: string;
}

/** What a country that is added says until somebody says otherwise. */
export function freshCountry(): Country {
  return {
    country: "",
    number_types: ["user"],
    emergency_handling: "dynamic_location",
    address_editing: "operator_then_tenant",
  };
}

/** Where editing begins: at the draft, else at what is published, else at nothing. */
export function beginning(draft: Schemas["OfferDraft"] | null, offer: Schemas["Offer"] | null): Form {
  const from = draft ?? offer;
  return {
    services: from?.services ?? ["Calling"],
    coverage: (from?.coverage ?? []).map(({ emergency_numbers: _, ...rest }) => rest),
    landing_page: from?.landing_page ?? "",
    terms_uri: from?.terms_uri ?? "",
    logo_uri: from?.logo_uri ?? "",
    logo_thumbnail_uri: from?.logo_thumbnail_uri ?? "",
    price_note: from?.price_note ?? "",
  };
}

const given = (text: string | null | undefined) => text?.trim() || null;

/** What is sent: empty fields are none, countries are written large. */
export function sent(form: Form): Schemas["OfferDraftPut"] {
  return {
    services: form.services,
    coverage: form.coverage.map((one) => ({
      ...one,
      country: one.country.trim().toUpperCase(),
      emergency_note: given(one.emergency_note),
      price_note: given(one.price_note),
    })),
    landing_page: given(form.landing_page),
    terms_uri: given(form.terms_uri),
    logo_uri: given(form.logo_uri),
    logo_thumbnail_uri: given(form.logo_thumbnail_uri),
    price_note: given(form.price_note),
  };
}
