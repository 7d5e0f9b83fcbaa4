import { expect, test } from "vitest";

import { complete, question, type Supposed } from "../src/pages/explain/supposed";

const call: Supposed = { from: "user", called: " 999 ", user: "u", caller: "+1", address: "192.0.2.1" };

test.each<[Partial<Supposed>, object]>([
  [{}, { called: "999", from_user_id: "u" }],
  [{ from: "inbound" }, { called: "999", inbound: true, from_number: "+1" }],
  [{ from: "inbound", caller: " " }, { called: "999", inbound: true }],
  [{ from: "address" }, { called: "999", from_address: "192.0.2.1" }],
])("%j asks with one source, whatever was typed for the others", (part, asked) => {
  expect(question({ ...call, ...part })).toEqual(asked);
});

test.each<[Partial<Supposed>, boolean]>([
  [{}, true],
  [{ user: "" }, false],
  [{ called: " " }, false],
  [{ from: "inbound", user: "", caller: "" }, true],
  [{ from: "address", address: "" }, false],
])("%j is complete: %j", (part, whole) => expect(complete({ ...call, ...part })).toBe(whole));
