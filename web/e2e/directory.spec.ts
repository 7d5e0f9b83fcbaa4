import { ask, expect, tell, test, type Schemas } from "./world";

/** A directory entry of the story's own, so that it depends on no other. */
const STORY_OPERATOR = "Story Telecom";

test.beforeAll(async ({ browser, world }) => {
  const context = await world.signedIn(browser, "programme");
  const page = await context.newPage();
  const operator = await tell<Schemas["Operator"]>(page, "POST", "/programme/v1/operators", { name: STORY_OPERATOR });
  await tell(page, "PUT", `/programme/v1/operators/${operator.id}/offer`, {
    services: ["AudioConferencing"],
    countries: ["IE"],
    landing_page: "https://story.example/offer",
    published: true,
  });
  await context.close();
});

test("an organisation filters the directory by country and service", async ({ open }) => {
  const page = await open("tenant", "/directory");
  const all = await ask<{ items: Schemas["DirectoryEntry"][] }>(page, "/tenant/v1/operators?limit=1000");
  const cards = page.getByRole("list", { name: "Operators" }).getByRole("listitem");
  await expect(cards).toHaveCount(all.items.length);

  await page.getByLabel("Country").selectOption("Ireland");
  const irish = all.items.filter((entry) => entry.countries.includes("IE"));
  await expect(cards).toHaveCount(irish.length);
  await expect(cards.filter({ hasText: STORY_OPERATOR })).toBeVisible();

  await page.getByLabel("Service").selectOption("Calling");
  await expect(cards.filter({ hasText: STORY_OPERATOR })).toHaveCount(0);

  await page.getByLabel("Service").selectOption("Audio conferencing");
  const card = cards.filter({ hasText: STORY_OPERATOR });
  await expect(card.getByRole("link", { name: "Offer details" })).toHaveAttribute("href", "https://story.example/offer");
});

test("an organisation gives consent, is told what is missing, and takes it back", async ({ open }) => {
  const page = await open("tenant", "/directory");
  await page.getByRole("button", { name: `Choose ${STORY_OPERATOR}` }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Ireland")).toBeChecked();
  await dialog.getByLabel("Quantity").fill("25");
  await dialog.getByLabel("Full name").fill("Ada Archer");
  await dialog.getByLabel("E-mail").fill("ada@story.example");
  await dialog.getByLabel("Company name").fill("Story Ltd");
  await dialog.getByRole("button", { name: "Give consent" }).click();
  await expect(dialog.getByRole("alert")).toContainText("notice_not_accepted");

  await dialog.getByLabel(/I accept/).check();
  await dialog.getByRole("button", { name: "Give consent" }).click();
  await expect(dialog).toBeHidden();
  const card = page.getByRole("listitem").filter({ hasText: STORY_OPERATOR });
  await expect(card.getByText("Consent active")).toBeVisible();

  const consents = await ask<{ items: Schemas["Consent"][] }>(page, "/tenant/v1/consents?limit=1000");
  const consent = consents.items.find((one) => one.operator_name === STORY_OPERATOR);
  expect(consent?.requirements).toMatchObject([{ country: "IE", quantity: 25, number_type: "user", source: "new" }]);

  await page.getByRole("button", { name: `Manage consent to ${STORY_OPERATOR}` }).click();
  await page.getByRole("button", { name: "Remove consent" }).click();
  await expect(page.getByRole("button", { name: `Choose ${STORY_OPERATOR}` })).toBeVisible();
});
