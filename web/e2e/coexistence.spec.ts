import { ask, expect, test, type Schemas } from "./world";

test("a gateway, a route and numbers of one's own, and what the page warns of on the way", async ({ open }) => {
  test.slow();
  const page = await open("tenant", "/coexistence?tab=gateways");
  const dialog = page.getByRole("dialog");
  const sbc = page.getByRole("grid", { name: "Gateways" }).getByRole("row", { name: "sbc1.story.example" });
  await page.getByRole("button", { name: "Add gateway" }).click();
  await dialog.getByLabel("Name").fill("sbc1.story.example");
  await dialog.getByLabel("Address and port").fill("127.0.0.1:5060");
  await dialog.getByLabel("Country").fill("gb");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  // Loopback is the machine itself.
  await expect(dialog.getByRole("alert")).toContainText("address");
  await dialog.getByLabel("Address and port").fill("192.0.2.10:5060");
  await dialog.getByLabel("Most calls at once").fill("30");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(sbc).toContainText("Drained");
  await expect(sbc).toContainText("United Kingdom");

  await page.getByRole("tab", { name: "Voice routes" }).click();
  await page.getByRole("button", { name: "PSTN usages" }).click();
  await dialog.getByRole("button", { name: "Add PSTN usage" }).click();
  await dialog.getByLabel("Name").fill("Story");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("PSTN usages: Story")).toBeVisible();
  await page.getByRole("button", { name: "Add route" }).click();
  await dialog.getByLabel("Name").fill("Antarctica");
  await dialog.getByLabel("Called numbers").fill("^\\+6721");
  await dialog.getByLabel("Story", { exact: true }).check();
  await dialog.getByLabel("sbc1.story.example (drained)").check();
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const route = page.getByRole("grid", { name: "Voice routes" }).getByRole("row", { name: "Antarctica" });
  await expect(route).toContainText("sbc1.story.example");

  // The route's only gateway is drained: the page says so, and what helps.
  await page.getByRole("tab", { name: "What to look out for" }).click();
  const findings = page.getByRole("list", { name: "Findings" });
  const finding = findings.getByRole("listitem").filter({ hasText: "route_without_enabled_gateway" });
  await expect(finding).toContainText("Antarctica");
  const told = await ask<Schemas["Coexistence"]>(page, "/tenant/v1/coexistence");
  const fix = told.findings.find((one) => one.code === "route_without_enabled_gateway")?.fix;
  expect(fix).toBeTruthy();
  await expect(finding).toContainText(fix ?? "");

  await page.getByRole("tab", { name: "Gateways" }).click();
  await sbc.click();
  await expect(dialog.getByLabel("Most calls at once")).toHaveValue("30");
  await dialog.getByLabel("Most calls at once").fill("");
  await dialog.getByLabel("Enabled").check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(sbc).toContainText("Enabled");
  await expect(sbc).toContainText("No limit");
  // What is in use stays.
  await sbc.click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(dialog.getByRole("alert")).toContainText("gateway_in_use");
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "What to look out for" }).click();
  await expect(findings.getByText("route_without_enabled_gateway")).toHaveCount(0);

  await page.getByRole("tab", { name: "Voice routes" }).click();
  await route.click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(route).toHaveCount(0);
  await page.getByRole("tab", { name: "Gateways" }).click();
  await sbc.click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(sbc).toHaveCount(0);
});

test("numbers come from a file, are tried first, and each says what became of it", async ({ open }) => {
  const page = await open("tenant", "/coexistence?tab=numbers");
  const dialog = page.getByRole("dialog");
  const addresses = await ask<{ items: Schemas["CivicAddress"][] }>(page, "/tenant/v1/civic-addresses?limit=1000");
  const british = addresses.items.find((address) => address.country === "GB");
  expect(british).toBeDefined();
  await page.getByRole("button", { name: "Add numbers" }).click();
  await dialog.getByLabel("From a file").setInputFiles({
    name: "numbers.csv",
    mimeType: "text/csv",
    // The second lies in a range that an operator declared.
    buffer: Buffer.from("Owner;Number\nAda;+44 20 7947 0500\nBob;+442079460500\n"),
  });
  await expect(dialog.getByText("2 numbers read.")).toBeVisible();
  await dialog.getByRole("combobox", { name: "Emergency location" }).selectOption(british?.default_location_id ?? "");
  await dialog.getByRole("button", { name: "Try" }).click();
  await expect(dialog.getByText("1 of 2 would be added, 1 refused")).toBeVisible();
  const refused = dialog.getByRole("region", { name: "Refused" });
  await expect(refused).toContainText("+442079460500");
  await expect(refused).toContainText("inside_operator_range");
  const before = await ask<{ items: Schemas["Number"][] }>(page, "/tenant/v1/numbers?prefix=%2B442079470500");
  expect(before.items).toEqual([]);

  await dialog.getByLabel("Numbers, a line each").fill("+442079470500");
  await dialog.getByLabel("Only try").uncheck();
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole("grid", { name: "Direct Routing numbers" }).getByRole("row", { name: "+442079470500" });
  await expect(row).toContainText("Your own people");

  await row.click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
});

test("operators that stand in are put in an order, and taken out", async ({ open }) => {
  const page = await open("tenant", "/coexistence?tab=fallback");
  const list = page.getByRole("list", { name: "Operators that stand in" });
  const add = page.getByRole("button", { name: "Add", exact: true });
  const save = page.getByRole("button", { name: "Save" });
  await expect(page.getByText("a call that its own operator cannot carry fails")).toBeVisible();
  await expect(save).toBeDisabled();
  for (const name of ["Northwind Voice", "Skylark Telecom"]) {
    await page.getByLabel("Another operator").selectOption(name);
    await add.click();
  }
  await page.getByRole("button", { name: "Move Skylark Telecom up" }).click();
  await save.click();
  await expect(page.getByText("The operators that stand in are saved.")).toBeVisible();
  await page.reload();
  await expect(list.getByRole("listitem")).toHaveText([/Skylark Telecom/, /Northwind Voice/]);
  const set = await ask<Schemas["FallbackOperators"]>(page, "/tenant/v1/fallback-operators");
  expect(set.operator_ids).toHaveLength(2);
  expect(set.in_effect_ids).toEqual(set.operator_ids);
  await page.getByRole("button", { name: "Remove Skylark Telecom" }).click();
  await page.getByRole("button", { name: "Remove Northwind Voice" }).click();
  await save.click();
  await expect(page.getByText("a call that its own operator cannot carry fails")).toBeVisible();
});
