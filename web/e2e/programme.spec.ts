import { ask, expect, test, type Schemas } from "./world";

test("a new version of the notice is put in force, and an organisation is asked anew", async ({ open }) => {
  const page = await open("programme", "/notice");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Write a new version" }).click();
  await expect(dialog.getByRole("button", { name: "Put it in force" })).toBeDisabled();
  await dialog.getByLabel("Text").fill("Your data goes to the operator.\nIt handles them under its own terms.");
  await dialog.getByRole("button", { name: "Put it in force" }).click();
  await expect(page.getByText(/Version \d+ is in force/)).toBeVisible();
  const row = page.getByRole("grid", { name: "Versions of the notice" }).getByRole("row", { name: "Your data goes" });
  await expect(row).toBeVisible();
  await row.click();
  await expect(dialog).toContainText("It handles them under its own terms.");

  const tenant = await open("tenant", "/directory");
  const notice = await ask<Schemas["Notice"]>(tenant, "/tenant/v1/notice");
  expect(notice.text).toContain("under its own terms");
  for (const operator of ["Skylark Telecom", "Northwind Voice"]) {
    const card = tenant.getByRole("listitem").filter({ hasText: operator });
    await expect(card).toContainText("are to be accepted");
    await card.getByRole("button", { name: "Manage consent" }).click();
    const manage = tenant.getByRole("dialog");
    await expect(manage).toContainText("It handles them under its own terms.");
    await manage.getByRole("button", { name: "Accept them" }).click();
    await expect(manage).toBeHidden();
    await expect(card).not.toContainText("are to be accepted");
  }
  const consents = await ask<{ items: Schemas["Consent"][] }>(tenant, "/tenant/v1/consents");
  const active = consents.items.filter((consent) => consent.status === "Active");
  expect(active.map((consent) => [consent.acceptance_due, consent.notice_version])).toEqual(
    active.map(() => [false, notice.version]),
  );
});

test("the programme freezes changes from next year on, and no longer", async ({ open }) => {
  const page = await open("programme", "/freezes");
  const dialog = page.getByRole("dialog");
  const year = new Date().getFullYear() + 1;
  await page.getByRole("button", { name: "Freeze changes" }).click();
  await dialog.getByLabel("Name").fill("New year");
  await dialog.getByLabel("From").fill(`${year}-06-01T00:00`);
  await dialog.getByLabel("Until").fill(`${year}-06-02T00:00`);
  await dialog.getByRole("button", { name: "Freeze", exact: true }).click();
  const row = page.getByRole("grid", { name: "Change freezes" }).getByRole("row", { name: "New year" });
  await expect(row).toContainText("The whole exchange's");
  // Whom it concerns sees it, and cannot remove it.
  const tenant = await open("tenant", "/policies?tab=freezes");
  const theirs = tenant.getByRole("row", { name: "New year" });
  await theirs.click();
  await tenant.getByRole("dialog").getByRole("button", { name: "Remove the window" }).click();
  await expect(tenant.getByRole("dialog").getByRole("alert")).toBeVisible();
  await row.click();
  await dialog.getByRole("button", { name: "Remove the window" }).click();
  await expect(row).toHaveCount(0);
});

// Ranges of two operators never overlap, so that the demonstration has no dispute: the API's answers are put in.
test("a dispute is ended by whoever may, with the words that it takes", async ({ open }) => {
  const dispute: Schemas["Dispute"] = {
    id: "01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e5f",
    number: "+442079460001",
    claimant_id: "01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e60",
    claimant_name: "Skylark Telecom",
    holder_id: "01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e61",
    holder_name: "Northwind Voice",
    holder_tenant_id: "01938f6e-3a4b-7c5d-8e9f-0a1b2c3d4e62",
    state: "open",
    opened_at: "2026-11-29T06:00:00Z",
  };
  for (const [role, end, state] of [
    ["operator", "You give it up (holder)", "conceded"],
    ["programme", "The claim is rejected", "rejected"],
  ] as const) {
    const page = await open(role, "/calls");
    let sent: unknown;
    await page.route(`**/${role}/v1/disputes**`, async (route) => {
      if (route.request().method() === "PATCH") {
        sent = route.request().postDataJSON();
        await route.fulfill({ json: { ...dispute, state, comment: "By contract" } });
      } else {
        await route.fulfill({ json: { items: [{ ...dispute, state: sent ? state : "open" }], next_cursor: null } });
      }
    });
    await page.getByRole("link", { name: "Disputes" }).click();
    const row = page.getByRole("row", { name: dispute.number });
    await expect(row).toContainText("Open");
    await row.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("How it ends").selectOption(end);
    await dialog.getByLabel("Comment").fill("By contract");
    await dialog.getByRole("button", { name: "End it" }).click();
    await expect(dialog).toBeHidden();
    expect(sent).toEqual({ state, comment: "By contract" });
    await expect(row).toContainText(state === "conceded" ? "Conceded by the holder" : "Rejected by the programme");
  }
});
