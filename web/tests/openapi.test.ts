// @vitest-environment node
import { readFileSync } from "node:fs";

import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, test } from "vitest";

test("the page's types are those of the committed OpenAPI document", { timeout: 60_000 }, async () => {
  const generated = COMMENT_HEADER + astToString(await openapiTS(new URL("../../docs/openapi.json", import.meta.url)));
  const committed = readFileSync(new URL("../src/api/schema.d.ts", import.meta.url), "utf8");
  expect(committed === generated, "the API changed: run `npm --prefix web run generate`").toBe(true);
});
