import { readFileSync } from "node:fs";

import { ask, expect, tell, test, type Schemas } from "./world";

type Numbers = { items: Schemas["Number"][] };

test("the grid shows the inventory, filters it and exports what it shows", async ({ open }) => {
  const page = await open("tenant", "/numbers");
  const all = await ask<Numbers>(page, "/tenant/v1/numbers?limit=1000");
  expect(all.items.length).toBeGreaterThan(1);
  const grid = page.getByRole("grid", { name: "Numbers" });
  await expect(grid).toHaveAttribute("aria-rowcount", String(all.items.length + 1));

  const one = all.items[0];
  if (!one) throw new Error("the demonstration has numbers");
  await page.getByLabel("Find").fill(one.number);
  await expect(grid).toHaveAttribute("aria-rowcount", "2");
  await expect(grid.getByRole("row", { name: one.number })).toBeVisible();
  await page.getByLabel("Find").fill("");

  const apps = all.items.filter((row) => row.usage === "FirstPartyAppAssignment");
  await page.getByLabel("Usage").selectOption("Voice app");
  await expect(grid).toHaveAttribute("aria-rowcount", String(apps.length + 1));

  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export CSV" }).click();
  const lines = readFileSync(await (await saving).path(), "utf8").trim().split("\r\n");
  expect(lines[0]).toContain("Number,Country,Usage");
  expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(apps.map((row) => row.number));
});

test("the grid is worked by keyboard alone", async ({ open }) => {
  const page = await open("tenant", "/numbers");
  const rows = page.getByRole("grid", { name: "Numbers" }).getByRole("row");
  await expect(rows.nth(1)).toBeVisible();
  await page.getByRole("button", { name: "Export CSV" }).focus();
  await page.keyboard.press("Tab");
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(rows.nth(2)).toBeFocused();
  await page.keyboard.press("Home");
  await expect(rows.nth(1)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  // By role: the page is back for screen readers too, and the keyboard is where it was.
  await expect(rows.nth(1)).toBeFocused();
});

test("assigning says why not, and then assigns", async ({ open }) => {
  const page = await open("tenant", "/numbers");
  const free = await ask<Numbers>(page, "/tenant/v1/numbers?status=Unassigned&usage=CallingUserAssignment&limit=1000");
  const number = free.items.find((row) => row.activation_state === "Activated");
  expect(number, "the demonstration leaves a user's number free").toBeDefined();
  if (!number) return;
  const addresses = await ask<{ items: Schemas["CivicAddress"][] }>(page, "/tenant/v1/civic-addresses?limit=1000");
  const address = addresses.items.find((one) => one.country === number.country);
  expect(address, "the demonstration has an address in the number's country").toBeDefined();
  if (!address) return;

  const domain = "story.example";
  for (const [upn, display_name, licences] of [
    [`ursula@${domain}`, "Ursula Unlicensed", []],
    [`lisa@${domain}`, "Lisa Licensed", ["teams_phone"]],
  ] as const) {
    await tell(page, "POST", "/tenant/v1/users", { upn, display_name, country: number.country, licences });
  }
  await page.reload();

  await page.getByLabel("Find").fill(number.number);
  const row = page.getByRole("row", { name: number.number });
  await row.click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Assign to").selectOption({ label: "Ursula Unlicensed (no number)" });
  await dialog.getByLabel("Emergency location").selectOption(address.default_location_id);
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  const refusal = dialog.getByRole("alert");
  await expect(refusal).toContainText("user_unlicensed");
  await expect(refusal).toContainText("Give the user the licence teams_phone.");

  await dialog.getByLabel("Assign to").selectOption({ label: "Lisa Licensed (no number)" });
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText("Lisa Licensed");

  await row.click();
  await page.getByRole("dialog").getByRole("button", { name: "Unassign" }).click();
  await expect(row).toContainText("Unassigned");
});

test("many numbers are assigned by a file, tried first, and the order is undone", async ({ open }) => {
  test.slow();
  const page = await open("tenant", "/orders");
  const free = await ask<Numbers>(page, "/tenant/v1/numbers?status=Unassigned&usage=CallingUserAssignment&country=GB&limit=1000");
  const number = free.items[0];
  expect(number).toBeDefined();
  const addresses = await ask<{ items: Schemas["CivicAddress"][] }>(page, "/tenant/v1/civic-addresses?limit=1000");
  const address = addresses.items.find((one) => one.country === "GB");
  if (!number || !address) return;
  const user = await tell<Schemas["User"]>(page, "POST", "/tenant/v1/users", {
    upn: "olga@story.example",
    display_name: "Olga Ordered",
    country: "GB",
    licences: ["teams_phone"],
  });
  const dialog = page.getByRole("dialog");
  const place = async (trial: boolean) => {
    await page.getByRole("button", { name: "Order from a file" }).click();
    await dialog.getByLabel("Emergency location").selectOption(address.default_location_id);
    await dialog.getByLabel("File").setInputFiles({
      name: "assign.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(`number,user\n${number.number},${user.upn}\n${number.number},nobody@story.example\n`),
    });
    if (!trial) await dialog.getByLabel("Only try").uncheck();
    await dialog.getByRole("button", { name: trial ? "Try" : "Place the order" }).click();
    await expect(page.getByText("The order of 2 entries is placed.")).toBeVisible();
  };
  const row = page.getByRole("grid", { name: "Orders" }).getByRole("row").nth(1);
  await place(true);
  await expect(row).toContainText("Assign, dry run");
  await expect(row).toContainText("2 of 2");
  const untouched = await ask<Numbers>(page, `/tenant/v1/numbers?prefix=${encodeURIComponent(number.number)}`);
  expect(untouched.items[0]?.assigned_to_name ?? null).toBeNull();

  await place(false);
  await expect(row).not.toContainText("dry run");
  await expect(row).toContainText("2 of 2");
  await row.click();
  const entries = dialog.getByRole("grid", { name: "Entries" }).getByRole("row");
  await expect(entries.nth(1)).toContainText("Success");
  await expect(entries.nth(2)).toContainText("Line 3");
  const assigned = await ask<Numbers>(page, `/tenant/v1/numbers?prefix=${encodeURIComponent(number.number)}`);
  expect(assigned.items[0]?.assigned_to_name).toBe("Olga Ordered");
  await dialog.getByRole("button", { name: "Undo" }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText("undoing");
  await expect(row).toContainText("1 of 1");
  const back = await ask<Numbers>(page, `/tenant/v1/numbers?prefix=${encodeURIComponent(number.number)}`);
  expect(back.items[0]?.assigned_to_name ?? null).toBeNull();
});
