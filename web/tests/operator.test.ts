import { expect, test } from "vitest";

import { beginning, freshCountry, sent } from "../src/pages/offer/draft";
import { isEmpty, readSpans } from "../src/pages/stock/spans";

test.each([
  ["+442079460000", { numbers: ["+442079460000"], ranges: [] }],
  [
    "+44 20 7946 0000..+44 20 7946 0099\n+442079460500, +442079460501",
    {
      numbers: ["+442079460500", "+442079460501"],
      ranges: [{ first: "+442079460000", last: "+442079460099" }],
    },
  ],
  ["+442079460000 to +442079460099", { numbers: [], ranges: [{ first: "+442079460000", last: "+442079460099" }] }],
  [" \n;,\n", { numbers: [], ranges: [] }],
])("%j is read as numbers and ranges", (text, spans) => {
  expect(readSpans(text)).toEqual(spans);
  expect(isEmpty(readSpans(text))).toBe(spans.numbers.length + spans.ranges.length === 0);
});

const offer = {
  operator_id: "o",
  services: ["Calling"],
  countries: ["GB"],
  coverage: [{ ...freshCountry(), country: "GB", emergency_numbers: ["112", "999"] }],
  landing_page: "https://a.example/",
  published: true,
  state: "published",
  terms_version: 1,
  version: 3,
} as never;

test("a draft begins with the draft that is there, else with what is published, else with nothing", () => {
  expect(beginning(null, offer)).toMatchObject({
    landing_page: "https://a.example/",
    coverage: [{ ...freshCountry(), country: "GB" }],
  });
  expect(beginning(null, offer).coverage[0]).not.toHaveProperty("emergency_numbers");
  expect(beginning({ services: [], coverage: [], version: 1, operator_id: "o", edited_at: "" } as never, offer)).toMatchObject({
    landing_page: "",
    coverage: [],
  });
  expect(beginning(null, null)).toMatchObject({ services: ["Calling"], coverage: [] });
});

test("what is sent has no empty texts, and countries written large", () => {
  const form = beginning(null, null);
  expect(
    sent({ ...form, landing_page: " https://a.example/ ", coverage: [{ ...freshCountry(), country: " gb " }] }),
  ).toEqual({
    services: ["Calling"],
    landing_page: "https://a.example/",
    terms_uri: null,
    logo_uri: null,
    logo_thumbnail_uri: null,
    price_note: null,
    coverage: [
      {
        country: "GB",
        number_types: ["user"],
        emergency_handling: "dynamic_location",
        address_editing: "operator_then_tenant",
        emergency_note: null,
        price_note: null,
      },
    ],
  });
});
