import { useState } from "react";

import { api, ifMatch, ok, type Schemas } from "../../api/client";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { NUMBER_TYPES, OFFERED_ADDRESS_EDITING, OFFERED_EMERGENCY_HANDLING, SERVICES } from "../../components/choices";
import { Pair, Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { RowList } from "../../components/RowList";
import { Several } from "../../components/Several";
import { beginning, freshCountry, sent } from "./draft";

interface DraftDialogProps {
  draft: Schemas["OfferDraft"] | null;
  offer: Schemas["Offer"] | null;
  onClose: () => void;
  onDone: () => void;
}

/** The draft of an offer, country by country. */
export function DraftDialog({ draft, offer, onClose, onDone }: DraftDialogProps) {
  const [form, setForm] = useState(() => beginning(draft, offer));
  const change = (part: Partial<typeof form>) => setForm({ ...form, ...part });
  const save = useWrite(
    () =>
      ok(
        api.PUT("/operator/v1/offer/draft", {
          params: { header: draft ? ifMatch(draft.version) : {} },
          body: sent(form),
        }),
      ),
    onDone,
  );
  return (
    <FormDialog
      title="Draft of the offer"
      wide
      submit="Save the draft"
      error={save.error}
      busy={save.isPending}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <Several
        legend="Services"
        options={Object.entries(SERVICES)}
        chosen={form.services}
        onChange={(services) => change({ services })}
      />
      <Pair>
        <Text
          label="Landing page"
          placeholder="https://northwind.example/"
          value={form.landing_page}
          onChange={(landing_page) => change({ landing_page })}
        />
        <Text label="Terms" placeholder="https://…" value={form.terms_uri} onChange={(terms_uri) => change({ terms_uri })} />
        <Text label="Logo" placeholder="https://…" value={form.logo_uri} onChange={(logo_uri) => change({ logo_uri })} />
        <Text
          label="Small logo"
          placeholder="https://…"
          value={form.logo_thumbnail_uri}
          onChange={(logo_thumbnail_uri) => change({ logo_thumbnail_uri })}
        />
      </Pair>
      <Text label="Price, in words" value={form.price_note} onChange={(price_note) => change({ price_note })} />
      <RowList
        legend="Coverage"
        what="country"
        rows={form.coverage}
        onChange={(coverage) => change({ coverage })}
        fresh={freshCountry}
        render={(one, edit) => (
          <>
            <Pair>
              <Text
                label="Country (two letters)"
                required
                value={one.country}
                onChange={(country) => edit({ country })}
              />
              <Choice
                label="Emergency calls"
                value={one.emergency_handling}
                onChange={(emergency_handling) => edit({ emergency_handling })}
                options={Object.entries(OFFERED_EMERGENCY_HANDLING)}
              />
              <Choice
                label="Emergency addresses"
                value={one.address_editing}
                onChange={(address_editing) => edit({ address_editing })}
                options={Object.entries(OFFERED_ADDRESS_EDITING)}
              />
              <Text label="Price note" value={one.price_note ?? ""} onChange={(price_note) => edit({ price_note })} />
              <Text
                label="Emergency note"
                value={one.emergency_note ?? ""}
                onChange={(emergency_note) => edit({ emergency_note })}
              />
            </Pair>
            <Several
              legend="Numbers"
              options={Object.entries(NUMBER_TYPES)}
              chosen={one.number_types}
              onChange={(number_types) => edit({ number_types })}
            />
          </>
        )}
      />
    </FormDialog>
  );
}
