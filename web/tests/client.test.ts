import { expect, test, vi } from "vitest";

import { api, everything, ifMatch, ok, orNone, postCsv, type ListSource } from "../src/api/client";
import { calls, numbers } from "../src/api/lists";

function answer(status: number, body: unknown) {
  const seen: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    seen.push(request);
    return new Response(JSON.stringify(body), {
      status,
      headers: { "Content-Type": status < 400 ? "application/json" : "application/problem+json" },
    });
  });
  return seen;
}

test("a write carries the version it was made for and the header a foreign page cannot send", async () => {
  const seen = answer(200, { number: "+442071838750" });
  await ok(
    api.PUT("/tenant/v1/numbers/{number}/assignment", {
      params: { path: { number: "+442071838750" }, header: ifMatch(7) },
      body: { user_id: "u" },
    }),
  );
  const request = seen[0]!;
  expect(request.method).toBe("PUT");
  expect(new URL(request.url).pathname).toBe("/tenant/v1/numbers/%2B442071838750/assignment");
  expect(request.headers.get("If-Match")).toBe('"7"');
  expect(request.headers.get("X-Meetpoint-CSRF")).toBe("1");
});

test("a refusal is thrown with the server's words", async () => {
  answer(422, { code: "user_unlicensed", reason: "R", remedy: "Give the user the licence teams_phone.", status: 422 });
  await expect(
    ok(api.PUT("/tenant/v1/numbers/{number}/assignment", { params: { path: { number: "+4420" } }, body: {} })),
  ).rejects.toMatchObject({ code: "user_unlicensed", remedy: "Give the user the licence teams_phone." });
});

test("empty filters are not sent, set ones are", async () => {
  const seen = answer(200, { items: [], next_cursor: null });
  await numbers("tenant", { prefix: "+44", country: "", usage: "", status: "Unassigned" }).page({ limit: 10 });
  await calls("programme", { kind: "" }).page({ limit: 5, cursor: "c" });
  expect(seen.map((request) => request.url.replace(location.origin, ""))).toEqual([
    "/tenant/v1/numbers?prefix=%2B44&status=Unassigned&limit=10",
    "/programme/v1/calls?limit=5&cursor=c",
  ]);
});

test("an export follows the cursor to the end", async () => {
  const asked: (string | undefined)[] = [];
  const source: ListSource<number> = {
    key: ["n"],
    size: 2,
    page: async ({ cursor }) => {
      asked.push(cursor);
      if (cursor === undefined) return { items: [1, 2], next_cursor: "b" };
      return { items: [3], next_cursor: null };
    },
  };
  expect(await everything(source)).toEqual([1, 2, 3]);
  expect(asked).toEqual([undefined, "b"]);
});

test("a file goes as it is, with what was said and nothing that was not, and a refusal comes back whole", async () => {
  const sent: [string, RequestInit | undefined][] = [];
  let status = 202;
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    sent.push([url, init]);
    return Response.json(status < 400 ? { id: "o" } : { code: "malformed_csv", field: "line 2" }, { status });
  });
  const query = { kind: "assign", ticket_id: "", dry_run: "true" };
  expect(await postCsv("/tenant/v1/number-orders/csv", query, "number,user\n")).toEqual({ id: "o" });
  expect(sent[0]?.[0]).toBe("/tenant/v1/number-orders/csv?kind=assign&dry_run=true");
  expect(sent[0]?.[1]).toMatchObject({
    method: "POST",
    body: "number,user\n",
    headers: { "Content-Type": "text/csv", "X-Meetpoint-CSRF": "1" },
  });
  status = 422;
  await expect(postCsv("/tenant/v1/number-orders/csv", query, "")).rejects.toMatchObject({
    code: "malformed_csv",
    field: "line 2",
  });
});

test("what is not there is an answer where it may be, any other refusal is one", async () => {
  const offer = () => orNone(api.GET("/operator/v1/offer"));
  answer(404, { code: "not_found" });
  expect(await offer()).toBeNull();
  answer(403, { code: "forbidden" });
  await expect(offer()).rejects.toMatchObject({ code: "forbidden" });
});
