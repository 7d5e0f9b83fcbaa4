import { expect, test, vi } from "vitest";

import { reservations, shopNumbers } from "../src/api/lists";
import { money, timeLeft } from "../src/components/format";
import { asked, EMPTY, isIn, size, span, toggled, type Offered } from "../src/pages/shop/basket";

const offered = (first: string, count = 1): Offered => ({
  first,
  last: `+${Number(first.slice(1)) + count - 1}`,
  count,
  area: "London",
  country: "GB",
  kind: "Geographic",
  price_note: "",
  usage: "CallingUserAssignment",
});

test("what is chosen again is put back", () => {
  const one = offered("+442079460200");
  const with_one = toggled(EMPTY, one);
  expect(isIn(with_one, one)).toBe(true);
  expect(size(toggled(with_one, one))).toBe(0);
});

test.each([
  ["a block over it", "+442079460200", 10, 10],
  ["a block that ends with it", "+442079460196", 10, 10],
  ["a block that begins with it", "+442079460205", 5, 5],
  ["a block just before it", "+442079460195", 10, 11],
  ["a block just behind it", "+442079460206", 10, 11],
])("a number is in the basket once: %s", (_, first, count, whole) => {
  const basket = toggled(toggled(EMPTY, offered("+442079460205")), offered(first, count));
  expect(size(basket)).toBe(whole);
});

test("a basket is asked for as single numbers and ranges", () => {
  const basket = toggled(toggled(EMPTY, offered("+442079460200", 100)), offered("+442079460500"));
  expect(asked(basket)).toEqual({
    numbers: ["+442079460500"],
    ranges: [{ first: "+442079460200", last: "+442079460299" }],
  });
  expect([...basket.values()].map(span)).toEqual(["+442079460200 to +442079460299", "+442079460500"]);
});

test.each([
  ["2026-11-29T12:16:00Z", "16:00"],
  ["2026-11-29T12:00:00.400Z", "0:01"],
  ["2026-11-29T12:00:00Z", ""],
  ["2026-11-29T11:59:59Z", ""],
  ["2026-11-30T12:00:00Z", "24:00:00"],
  ["2026-12-02T11:00:00Z", "2 days"],
  ["never", ""],
])("until %s there is %j left", (until, left) => {
  expect(timeLeft(until, Date.parse("2026-11-29T12:00:00Z"))).toBe(left);
});

test("an amount is told with its currency, and none as nothing", () => {
  expect([money("12.50", "GBP"), money("12.50", null), money(null, "GBP")]).toEqual(["12.50 GBP", "12.50", ""]);
});

test("a search sends what was asked for, and no more", async () => {
  const seen: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    seen.push(request.url.replace(location.origin, ""));
    return Response.json({ items: [], next_cursor: null });
  });
  const none = { country: "GB", area: "", kind: "", usage: "", pattern: "", block: "", aligned: "" };
  await shopNumbers("o", none).page({ limit: 5 });
  await shopNumbers("o", { ...none, pattern: "44*1", block: "10", aligned: "true" }).page({ limit: 5 });
  // Alignment is of blocks: of single numbers the server would refuse it.
  await shopNumbers("o", { ...none, aligned: "true" }).page({ limit: 5 });
  await reservations("tenant", "Paid").page({ limit: 5 });
  expect(seen).toEqual([
    "/tenant/v1/shop/o/numbers?country=GB&limit=5",
    "/tenant/v1/shop/o/numbers?country=GB&pattern=44*1&block=10&aligned=true&limit=5",
    "/tenant/v1/shop/o/numbers?country=GB&limit=5",
    "/tenant/v1/reservations?filter=state%20eq%20Paid&limit=5",
  ]);
});
