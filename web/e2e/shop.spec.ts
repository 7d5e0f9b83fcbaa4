import { ask, expect, tell, test, type Schemas } from "./world";

/** Numbers of the demonstration's operator that nobody holds. */
const FIRST = "+442079460200";
const LAST = "+442079460219";
const PRICE = "5 a month";

test.beforeAll(async ({ browser, world }) => {
  const context = await world.signedIn(browser, "operator");
  const page = await context.newPage();
  const storefront = await ask<Schemas["Storefront"]>(page, "/operator/v1/storefront");
  await tell(
    page,
    "PUT",
    "/operator/v1/storefront",
    { open: true, payment_url: "https://pay.northwind.example/?order={reference}", terms: "Twelve months at least.", allow_tenant_address_update: false },
    storefront.version,
  );
  await tell(page, "POST", "/operator/v1/storefront/secret");
  const profiles = await ask<{ items: Schemas["CallingProfile"][] }>(page, "/operator/v1/calling-profiles");
  const stocked = await tell<Schemas["StockResult"]>(page, "POST", "/operator/v1/stock", {
    calling_profile_id: profiles.items[0]?.id,
    area: "London",
    usage: "CallingUserAssignment",
    price_note: PRICE,
    amount: "12.50",
    currency: "GBP",
    ranges: [{ first: FIRST, last: LAST }],
  });
  expect(stocked).toMatchObject({ succeeded: 20, failed: 0 });
  await context.close();
});

test("an organisation searches, gets a quote, reserves, is sent to pay, and cancels", async ({ open }) => {
  const page = await open("tenant", "/shop");
  const search = page.getByRole("form", { name: "Search" });
  await search.getByLabel("Operator").selectOption("Northwind Voice");
  await search.getByLabel("Country").selectOption("United Kingdom");
  await search.getByLabel("Area").fill("london");
  await search.getByLabel("Digits").fill("44207946020?");
  await search.getByRole("button", { name: "Search" }).click();
  const grid = page.getByRole("grid", { name: "Numbers in stock" });
  await expect(grid).toHaveAttribute("aria-rowcount", "11");
  await expect(grid.getByRole("row", { name: FIRST })).toContainText("12.50 GBP");
  await expect(grid.getByRole("row", { name: FIRST })).toContainText(PRICE);

  // Chosen by keyboard: the first, and the third.
  await grid.getByRole("row", { name: FIRST }).focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toHaveText("2 numbers chosen");
  await expect(grid.getByRole("row", { selected: true })).toHaveCount(2);

  await page.getByRole("button", { name: "Get a quote" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("listitem")).toHaveText([FIRST, "+442079460202"]);
  await dialog.getByRole("button", { name: "Get the quote" }).click();
  // People's numbers come with a place that help is sent to.
  await expect(dialog.getByRole("alert")).toContainText("location_required");
  await dialog.getByRole("combobox", { name: "Emergency location" }).selectOption({ index: 1 });
  await dialog.getByRole("button", { name: "Get the quote" }).click();
  await expect(dialog).toContainText("25.00 GBP");
  await expect(dialog).toContainText("Twelve months at least.");
  await expect(dialog.getByRole("timer")).toContainText(/:\d\d$/);

  await dialog.getByRole("button", { name: "Reserve" }).click();
  const drawer = page.getByRole("dialog");
  await expect(drawer).toContainText("Reserved");
  const pay = drawer.getByRole("link", { name: "Pay at Northwind Voice" });
  await expect(pay).toHaveAttribute("href", /^https:\/\/pay\.northwind\.example\/\?order=.+\..+\..+/);
  await expect(drawer.getByRole("timer")).toContainText(/^1[56]:\d\d$/);
  await expect(drawer.getByRole("grid", { name: "Its numbers" }).getByRole("row")).toHaveCount(3);

  const left = await drawer.getByRole("timer").textContent();
  await expect(drawer.getByRole("timer")).not.toHaveText(left ?? "");
  await drawer.getByRole("button", { name: "Hold as long again" }).click();
  await expect(drawer.getByRole("timer")).toContainText(/^(2|3)\d:\d\d$/);
  await expect(drawer.getByRole("button", { name: "Hold as long again" })).toHaveCount(0);

  await drawer.getByRole("button", { name: "Cancel the reservation" }).click();
  await expect(drawer).toBeHidden();
  const first = page.getByRole("grid", { name: "Reservations" }).getByRole("row").nth(1);
  await expect(first).toContainText("Cancelled");
  await expect(first).toContainText("25.00 GBP");

  // What was held is for sale again.
  const again = await ask<{ items: Schemas["Reservation"][] }>(page, "/tenant/v1/reservations");
  expect(again.items[0]).toMatchObject({ state: "Cancelled", numbers: 2, extended: true });
});

test("blocks are found as blocks, and a bad pattern is told in the server's words", async ({ open }) => {
  const page = await open("tenant", "/shop");
  const search = page.getByRole("form", { name: "Search" });
  await search.getByLabel("Operator").selectOption("Northwind Voice");
  await search.getByLabel("Country").selectOption("United Kingdom");
  await search.getByLabel("In blocks").selectOption("Blocks of 10");
  await search.getByLabel("Round beginnings").check();
  await search.getByRole("button", { name: "Search" }).click();
  const grid = page.getByRole("grid", { name: "Numbers in stock" });
  await expect(grid.getByRole("row", { name: `${FIRST} to +442079460209` })).toBeVisible();
  await expect(grid).toHaveAttribute("aria-rowcount", "3");
  await grid.getByRole("row", { name: FIRST }).click();
  await expect(page.getByRole("status")).toHaveText("10 numbers chosen");

  await search.getByLabel("Digits").fill("44x");
  await search.getByRole("button", { name: "Search" }).click();
  await expect(page.getByRole("alert")).toContainText("pattern");
});
