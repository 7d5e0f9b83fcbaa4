import { expect, test } from "vitest";

import { callMatches, type Call } from "../src/pages/calls/columns";
import { carriesName, readSearch, type PhoneNumber } from "../src/pages/numbers/columns";
import { locationChoices } from "../src/pages/numbers/locations";

test.each([
  ["+44 20 7183", { prefix: "+44207183" }],
  ["0044 (20)", { prefix: "+4420" }],
  ["7183", { name: "7183" }],
  ["  Alice ", { name: "alice" }],
  ["", { name: "" }],
])("%j is read as a search", (text, expected) => expect(readSearch(text)).toEqual(expected));

test("a name is found in the number, the holder and the operator", () => {
  const row = { number: "+442071838750", assigned_to_name: "Alice", operator_name: "Northwind" } as PhoneNumber;
  expect(["8387", "alice", "northw", ""].map((name) => carriesName(row, name))).toEqual([true, true, true, true]);
  expect(carriesName(row, "bob")).toBe(false);
  expect(carriesName({ ...row, assigned_to_name: null }, "alice")).toBe(false);
});

test("a call is found by who took it and by the trunk", () => {
  const call = { id: "c", caller: "+447946", callee: "+4420", user_name: "Alice", trunk: "sbc1.example" } as Call;
  expect(["ALICE", "sbc1", "+4479", ""].map((text) => callMatches(call, text))).toEqual([true, true, true, true]);
  expect(callMatches(call, "bob")).toBe(false);
});

test("each place of an address can be chosen, the default one by the address alone", () => {
  const address = {
    company_name: "Adatum",
    house_number: "1",
    street_name: "High Street",
    city_or_town: "London",
    postal_or_zip_code: null,
    country: "GB",
    locations: [
      { id: "d", description: "", is_default: true },
      { id: "f", description: "2nd floor", is_default: false },
    ],
  };
  expect(locationChoices([address as never])).toEqual([
    ["d", "Adatum, 1 High Street, London, GB"],
    ["f", "Adatum, 1 High Street, London, GB: 2nd floor"],
  ]);
});
