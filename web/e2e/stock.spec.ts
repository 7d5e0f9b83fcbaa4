import { ask, expect, tell, test, type Schemas } from "./world";

const FIRST = "+442079460300";
const LAST = "+442079460304";

test("an operator opens its storefront, offers numbers, declines a reservation, and withdraws", async ({ open }) => {
  const page = await open("operator", "/stock?tab=storefront");
  const dialog = page.getByRole("dialog");
  const form = page.getByRole("form", { name: "Storefront" });
  await form.getByLabel("Open:").check();
  await form.getByLabel("Terms").fill("A year at least.");
  await form.getByLabel("A reservation is held for, minutes").fill("0");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByRole("alert")).toContainText("reservation_minutes");
  await form.getByLabel("A reservation is held for, minutes").fill("30");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The storefront is saved, and open.")).toBeVisible();
  await page.getByRole("button", { name: /secret$/ }).click();
  await expect(page.getByRole("region", { name: "Secret" }).locator("code")).toHaveText(/^whsec_/);

  await page.getByRole("tab", { name: "Numbers" }).click();
  await page.getByRole("button", { name: "Offer numbers" }).click();
  await dialog.getByLabel("Numbers and ranges").fill(`${FIRST}..${LAST}\n+15005550000`);
  await dialog.getByLabel("Area").fill("London");
  await dialog.getByLabel("Price, in words").fill("Two a month");
  await dialog.getByLabel("Only try").check();
  await dialog.getByRole("button", { name: "Try" }).click();
  await expect(dialog.getByText("5 of 6 would be offered, 1 refused")).toBeVisible();
  await expect(dialog.getByRole("region", { name: "Refused" })).toContainText("+15005550000");
  await dialog.getByLabel("Numbers and ranges").fill(`${FIRST}..${LAST}`);
  await dialog.getByLabel("Only try").uncheck();
  await dialog.getByRole("button", { name: "Offer", exact: true }).click();
  await expect(page.getByText("5 numbers are for sale.")).toBeVisible();
  await page.getByLabel("Begins with").fill("+44 20 7946 030");
  const grid = page.getByRole("grid", { name: "Numbers in stock" });
  await expect(grid).toHaveAttribute("aria-rowcount", "6");
  await expect(grid.getByRole("row", { name: FIRST })).toContainText("Two a month");

  // A customer reserves two of them.
  const tenant = await open("tenant", "/shop?tab=reservations");
  const shop = await ask<{ items: Schemas["Consent"][] }>(tenant, "/tenant/v1/consents");
  const seller = shop.items.find((consent) => consent.operator_name === "Northwind Voice");
  const addresses = await ask<{ items: Schemas["CivicAddress"][] }>(tenant, "/tenant/v1/civic-addresses");
  const quote = await tell<Schemas["Quote"]>(tenant, "POST", "/tenant/v1/quotes", {
    operator_id: seller?.operator_id,
    ranges: [{ first: FIRST, last: "+442079460301" }],
    location_id: addresses.items.find((address) => address.country === "GB")?.default_location_id,
  });
  await tell(tenant, "POST", "/tenant/v1/reservations", { quote_id: quote.id });

  await page.getByRole("tab", { name: "Reservations" }).click();
  const row = page.getByRole("grid", { name: "Reservations" }).getByRole("row").nth(1);
  await expect(row).toContainText("Contoso");
  await expect(row).toContainText("Reserved");
  await row.click();
  await dialog.getByLabel("Why you decline").fill("Sold on the telephone");
  await dialog.getByRole("button", { name: "Decline" }).click();
  await expect(row).toContainText("Declined");
  const theirs = tenant.getByRole("grid", { name: "Reservations" }).getByRole("row").nth(1);
  await expect(theirs).toContainText("Declined");
  await expect(theirs).toContainText("Sold on the telephone");

  await page.getByRole("tab", { name: "Numbers" }).click();
  await page.getByRole("button", { name: "Withdraw numbers" }).click();
  await dialog.getByLabel("Numbers and ranges").fill(`${FIRST} to ${LAST}`);
  await dialog.getByRole("button", { name: "Withdraw", exact: true }).click();
  await expect(page.getByText("5 numbers are for sale no longer.")).toBeVisible();
});

test("what failed in an order stays until somebody has seen to it", async ({ open }) => {
  const page = await open("operator", "/orders");
  const consents = await ask<{ items: Schemas["Consent"][] }>(page, "/operator/v1/consents");
  const profiles = await ask<{ items: Schemas["CallingProfile"][] }>(page, "/operator/v1/calling-profiles");
  const tenant = consents.items.find((consent) => consent.tenant_name === "Contoso");
  await tell(page, "POST", "/operator/v1/number-orders", {
    kind: "upload",
    tenant_id: tenant?.tenant_id,
    calling_profile_id: profiles.items[0]?.id,
    ticket_id: "T-2044",
    entries: [{ number: "+441632960999" }],
  });
  await page.getByRole("tab", { name: "What failed" }).click();
  const row = page.getByRole("grid", { name: "What failed" }).getByRole("row", { name: "+441632960999" });
  await expect(async () => {
    await page.reload();
    await expect(row).toContainText("T-2044", { timeout: 1_000 });
  }).toPass();
  await row.click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("/entries/0");
  await dialog.getByRole("button", { name: "I have seen to it" }).click();
  await expect(row).toHaveCount(0);
});
