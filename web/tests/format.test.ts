import { expect, test } from "vitest";

import { toCsv } from "../src/components/csv";
import { countryName, duration, words } from "../src/components/format";
import { nextRow } from "../src/components/gridKeys";

test.each([
  ["CallingUserAssignment", "Calling user assignment"],
  ["no_answer", "No answer"],
  ["Active", "Active"],
])("%s reads as %s", (name, expected) => expect(words(name)).toBe(expected));

test("countries have names, and an unknown one keeps its code", () => {
  expect(countryName("GB")).toBe("United Kingdom");
  expect(countryName("not a region")).toBe("not a region");
});

test.each([
  [0, "0:00"],
  [7.9, "0:07"],
  [723, "12:03"],
  [3600, "1:00:00"],
  [null, ""],
])("%s seconds read as %s", (seconds, expected) => expect(duration(seconds)).toBe(expected));

test("csv quotes what needs it and defuses formulas but not numbers", () => {
  const columns = [{ header: "who", value: (row: [string, string]) => row[0] }, { header: "what", value: (row: [string, string]) => row[1] }];
  const rows: [string, string][] = [
    ["+442071838750", 'says "hi", twice'],
    ["=1+1", "-2"],
    ["+cmd|' /C calc'!A0", ""],
  ];
  expect(toCsv(columns, rows)).toBe(
    `who,what\r\n+442071838750,"says ""hi"", twice"\r\n'=1+1,-2\r\n'+cmd|' /C calc'!A0,\r\n`,
  );
});

test.each([
  ["ArrowDown", 0, 1],
  ["ArrowDown", 9, 9],
  ["ArrowUp", 0, 0],
  ["PageDown", 2, 7],
  ["PageUp", 2, 0],
  ["Home", 5, 0],
  ["End", 5, 9],
  ["a", 5, null],
])("%s from row %i goes to %s", (key, at, expected) => expect(nextRow(key, at, 10, 5)).toBe(expected));
