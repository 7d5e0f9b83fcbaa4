import { ask, expect, test, type Schemas } from "./world";

test("an offer is drafted, told what it lacks, published, withdrawn and published again", async ({ open }) => {
  test.slow();
  const page = await open("operator", "/offer");
  const published = page.getByRole("region", { name: "Published offer" });
  const draft = page.getByRole("region", { name: "Draft" });
  const dialog = page.getByRole("dialog");
  await expect(published).toContainText("Published");
  const before = await ask<Schemas["Offer"]>(page, "/operator/v1/offer");

  await draft.getByRole("button", { name: "Begin a draft" }).click();
  await expect(dialog.getByLabel("Landing page")).toHaveValue(before.landing_page);
  await dialog.getByLabel("Landing page").fill("");
  await dialog.getByLabel("Price, in words").fill("Ask us");
  await dialog.getByRole("button", { name: "Save the draft" }).click();
  await expect(draft.getByText("Before it can be published")).toBeVisible();
  await expect(draft.getByRole("button", { name: "Publish" })).toBeDisabled();
  // Nobody else sees any of it.
  await expect(published).not.toContainText("Ask us");

  await draft.getByRole("button", { name: "Edit" }).click();
  await dialog.getByLabel("Landing page").fill(before.landing_page);
  const country = dialog.getByRole("listitem").first();
  await country.getByLabel("Emergency calls").selectOption("The address registered for the number routes it");
  await country.getByLabel("For conferences").uncheck();
  await dialog.getByRole("button", { name: "Save the draft" }).click();
  const coverage = draft.getByRole("region", { name: "Coverage" }).locator("tbody tr");
  await expect(coverage).toHaveCount(before.countries.length);
  await expect(coverage.first()).toContainText("For users, For services");
  await expect(coverage.first()).toContainText("The address registered for the number routes it; 999, 112");

  await draft.getByRole("button", { name: "Publish" }).click();
  await expect(page.getByText("The offer is published: it is in the directory.")).toBeVisible();
  await expect(draft).toContainText("There is no draft.");
  await expect(published).toContainText("Ask us");
  const tenant = await open("tenant", "/directory");
  const read = await ask<Schemas["Offer"]>(tenant, `/tenant/v1/operators/${before.operator_id}/offer`);
  expect(read).toMatchObject({ price_note: "Ask us", countries: before.countries, state: "published" });
  expect(read.coverage?.[0]).toMatchObject({ number_types: ["user", "service"], emergency_handling: "registered_address" });

  await published.getByRole("button", { name: "Withdraw" }).click();
  await expect(published).toContainText("Withdrawn");
  await tenant.reload();
  await expect(tenant.getByRole("button", { name: /Skylark Telecom/ })).toBeVisible();
  // Whoever has consented still sees to the consent there.
  const card = tenant.getByRole("listitem").filter({ hasText: "Northwind Voice" });
  await expect(card).toContainText("It is not in the directory.");
  await expect(card.getByRole("link", { name: "Offer details" })).toHaveCount(0);
  await expect(card.getByRole("button", { name: "Manage consent to Northwind Voice" })).toBeVisible();

  await draft.getByRole("button", { name: "Begin a draft" }).click();
  await dialog.getByRole("button", { name: "Save the draft" }).click();
  await draft.getByRole("button", { name: "Publish" }).click();
  await expect(published.getByRole("button", { name: "Withdraw" })).toBeVisible();
  await tenant.reload();
  await expect(card.getByRole("link", { name: "Offer details" })).toBeVisible();
});

test("an operator invites by a code; the organisation shows it and declines, and the operator reads why", async ({ open }) => {
  const operator = await open("operator", "/invitations");
  const form = operator.getByRole("dialog");
  await operator.getByRole("button", { name: "Invite" }).click();
  await form.getByLabel("Countries").fill("gb ie");
  await form.getByLabel("Days").fill("366");
  await form.getByLabel("Message").fill("We have numbers in Dublin.");
  await form.getByRole("button", { name: "Invite" }).click();
  await expect(form.getByRole("alert")).toContainText("days");
  await form.getByLabel("Days").fill("7");
  await form.getByRole("button", { name: "Invite" }).click();
  await expect(form).toBeHidden();
  const code = (await operator.locator("code").textContent()) ?? "";
  expect(code).not.toBe("");
  const sent = operator.getByRole("grid", { name: "Invitations" }).getByRole("row").nth(1);
  await expect(sent).toContainText("Open");
  await expect(sent).toContainText("United Kingdom, Ireland");

  const tenant = await open("tenant", "/invitations");
  const dialog = tenant.getByRole("dialog");
  await tenant.getByRole("button", { name: "I have a code" }).click();
  await dialog.getByRole("textbox", { name: "Code" }).fill("no-such-code");
  await dialog.getByRole("button", { name: "Show it" }).click();
  await expect(dialog.getByRole("alert")).toContainText("lead_code_invalid");
  await dialog.getByRole("textbox", { name: "Code" }).fill(code);
  await dialog.getByRole("button", { name: "Show it" }).click();
  const decision = tenant.getByRole("dialog", { name: "Invitation of Northwind Voice" });
  await expect(decision).toContainText("We have numbers in Dublin.");
  await decision.getByLabel("Why you decline").fill("No office there");
  await decision.getByRole("button", { name: "Decline" }).click();
  await expect(tenant.getByRole("grid", { name: "Invitations" }).getByRole("row").nth(1)).toContainText("Declined");

  await operator.reload();
  await expect(sent).toContainText("Declined");
  await expect(sent).toContainText("No office there");
});
