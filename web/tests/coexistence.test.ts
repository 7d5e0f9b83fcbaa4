import { expect, test } from "vitest";

import { readCsv } from "../src/components/readCsv";
import { chunks, readEntries } from "../src/pages/coexistence/entries";
import { limit, whole } from "../src/components/figures";
import { byPriority } from "../src/pages/coexistence/VoiceRoutes";

test.each([
  ["a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]],
  ["a;b\nc;d", [["a", "b"], ["c", "d"]]],
  ["a\tb", [["a", "b"]]],
  ['\ufeffa,"b, with ""quotes""\nand a line"\n\n', [["a", 'b, with "quotes"\nand a line']]],
  ["a,,c\n , ,\n", [["a", "", "c"]]],
  ["", []],
])("%j is read as cells", (text, rows) => expect(readCsv(text)).toEqual(rows));

test.each([
  ["+442079470500\n+44 20 7947-0501\n", [{ number: "+442079470500" }, { number: "+442079470501" }]],
  [
    "Number;Usage;Owner\n'+442079470500;FirstPartyAppAssignment;Ada\n+442079470501;;Bob",
    [{ number: "+442079470500", usage: "FirstPartyAppAssignment" }, { number: "+442079470501" }],
  ],
  ["country,number\nGB,+442079470500", [{ number: "+442079470500", country: "GB" }]],
  ["no number", [{ number: "nonumber" }]],
  ["number\n", []],
])("%j is read as entries", (text, entries) => expect(readEntries(text)).toEqual(entries));

test("a thousand entries go at once, and none is lost", () => {
  const all = Array.from({ length: 2_001 }, (_, at) => ({ number: `+44${at}` }));
  const parts = chunks(all);
  expect(parts.map((part) => part.length)).toEqual([1_000, 1_000, 1]);
  expect(parts.flat()).toEqual(all);
  expect(chunks([])).toEqual([]);
});

test("no limit is told as such, and an empty field is none", () => {
  expect([limit(null), limit(undefined), limit(0), limit(1200)]).toEqual(["No limit", "No limit", "0", "1,200"]);
  expect([whole(""), whole(" 5 "), whole("0")]).toEqual([null, 5, 0]);
});

test("routes stand in the order in which they are tried", () => {
  const route = (name: string, priority?: number) => ({ name, number_pattern: ".", online_pstn_usages: [], ...(priority !== undefined && { priority }) });
  expect(byPriority([route("c", 2), route("b"), route("a", 2), route("d", 1)]).map(({ name }) => name)).toEqual(["b", "d", "a", "c"]);
});
