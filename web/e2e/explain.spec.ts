import type { Locator } from "@playwright/test";

import { ask, expect, test, type Schemas } from "./world";

type Items<Item> = { items: Item[] };

/** What the table shows is what the API says: each act, whether it would be done, and the code if not. */
async function showsActs(where: Locator, explained: Schemas["NumberExplained"]) {
  const rows = where.getByRole("region", { name: "What may be done now" }).locator("tbody tr");
  await expect(rows).toHaveCount(explained.acts.length);
  for (const [at, act] of explained.acts.entries()) {
    await expect(rows.nth(at)).toContainText(act.may ? "Yes" : "No");
    if (!act.may) {
      await expect(rows.nth(at)).toContainText(act.code ?? "");
      await expect(rows.nth(at)).toContainText(act.remedy ?? "");
    }
  }
}

test("a number says what may be done to it now, and why not", async ({ open }) => {
  const page = await open("tenant", "/numbers");
  const all = await ask<Items<Schemas["Number"]>>(page, "/tenant/v1/numbers?status=UserAssigned&limit=1000");
  const number = all.items[0]?.number ?? "";
  await page.getByLabel("Find").fill(number);
  await page.getByRole("row", { name: number }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Why?" }).click();
  const drawer = page.getByRole("dialog", { name: number });
  const explained = await ask<Schemas["NumberExplained"]>(page, `/tenant/v1/explain/number?number=${encodeURIComponent(number)}`);
  // What somebody has cannot be given to somebody else, and can be taken back.
  expect(explained.acts.find((act) => act.act === "assign")?.may).toBe(false);
  expect(explained.acts.find((act) => act.act === "unassign")?.may).toBe(true);
  await showsActs(drawer, explained);
  await expect(drawer).toContainText(all.items[0]?.assigned_to_name ?? "");
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
});

test("an unlicensed person is named as the reason", async ({ open }) => {
  const page = await open("tenant", "/explain");
  const free = await ask<Items<Schemas["Number"]>>(page, "/tenant/v1/numbers?status=Unassigned&usage=CallingUserAssignment&country=GB");
  const people = await ask<Items<Schemas["User"]>>(page, "/tenant/v1/users?limit=1000");
  const dan = people.items.find((user) => user.display_name === "Dan Draper");
  expect(free.items.length).toBeGreaterThan(0);
  expect(dan).toBeDefined();
  await page.getByRole("textbox", { name: "Number" }).fill(free.items[0]?.number ?? "");
  await page.getByLabel("Assigned to").selectOption(`user:${dan?.id}`);
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Explain" }).click();
  const assign = page.getByRole("region", { name: "What may be done now" }).locator("tbody tr").filter({ hasText: "Assign" }).first();
  await expect(assign).toContainText("user_unlicensed");
  await expect(assign).toContainText("Give the user the licence teams_phone.");
});

test("the operator sees its own acts, and nothing of who has the number", async ({ open }) => {
  const page = await open("operator", "/numbers");
  const all = await ask<Items<Schemas["Number"]>>(page, "/operator/v1/numbers?limit=1000");
  const held = all.items.find((row) => row.assignment_status !== "Unassigned");
  const number = held?.number ?? "";
  await page.getByLabel("Find").fill(number);
  await page.getByRole("row", { name: number }).click();
  const drawer = page.getByRole("dialog", { name: number });
  await showsActs(
    drawer,
    await ask<Schemas["NumberExplained"]>(page, `/operator/v1/explain/number?number=${encodeURIComponent(number)}`),
  );
  await expect(drawer).not.toContainText("Assigned to");
});

test("calls that might be are told rule by rule, and one that happened too", async ({ open }) => {
  const page = await open("tenant", "/explain?tab=call");
  const form = page.getByRole("form", { name: "Call" });
  const people = await ask<Items<Schemas["User"]>>(page, "/tenant/v1/users?limit=1000");
  const id = (name: string) => people.items.find((user) => user.display_name === name)?.id ?? "";
  const answer = page.getByRole("region", { name: "The way of the call" });

  await form.getByLabel("Person").selectOption(id("Alice Archer"));
  await form.getByLabel("Dialled").fill("999");
  await form.getByRole("button", { name: "Explain" }).click();
  await expect(answer).toContainText("It would be carried");
  await expect(answer).toContainText("Emergency");
  await expect(answer).toContainText("Northwind Voice");
  await expect(answer.getByRole("region", { name: "Rule by rule" }).locator("tbody tr").first()).toBeVisible();

  await form.getByLabel("Person").selectOption(id("Dan Draper"));
  await form.getByLabel("Dialled").fill("01632960123");
  await form.getByRole("button", { name: "Explain" }).click();
  await expect(answer).toContainText("Refused with");

  const calls = await ask<Items<Schemas["CallRecord"]>>(page, "/tenant/v1/calls?limit=100");
  const call = calls.items.find((one) => one.ended_at && one.complete);
  expect(call, "the demonstration placed calls").toBeDefined();
  await page.goto(`/explain?tab=happened&id=${call?.id}`);
  await expect(page.getByText(`${call?.caller} to ${call?.callee}`)).toBeVisible();
  await expect(page.getByRole("region", { name: "Rule by rule" }).locator("tbody tr").first()).toBeVisible();

  await page.goto("/calls");
  await page.getByLabel("Live").uncheck();
  await page.getByLabel("Find").fill(call?.id ?? "");
  await page.getByRole("grid").getByRole("row").nth(1).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("button", { name: "Why did it go this way?" }).click();
  await expect(drawer.getByRole("region", { name: "Rule by rule" })).toBeVisible();
});
