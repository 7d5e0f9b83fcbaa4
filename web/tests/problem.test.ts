import { expect, test } from "vitest";

import { Problem } from "../src/api/problem";

test("a problem document keeps the server's words", () => {
  const problem = Problem.from(
    { code: "usage_mismatch", field: "number", reason: "R", remedy: "Do this", request_id: "r1" },
    409,
  );
  expect(problem).toMatchObject({
    status: 409,
    code: "usage_mismatch",
    field: "number",
    reason: "R",
    remedy: "Do this",
    requestId: "r1",
    isTemporary: false,
  });
});

test("an answer that is no problem document still names its status", () => {
  expect(Problem.from("<html>", 502)).toMatchObject({ status: 502, code: "http_502", isTemporary: true });
});

test("a broken connection says what to do", () => {
  const problem = Problem.wrap(new TypeError("Failed to fetch"));
  expect(problem).toMatchObject({ code: "unreachable", reason: "Failed to fetch", isTemporary: true });
  expect(problem.remedy).toContain("server is running");
});
