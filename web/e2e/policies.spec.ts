import { ask, expect, test, type Schemas } from "./world";

type Items<Item> = { items: Item[] };

const tomorrow = (hours: number) => {
  const at = new Date(Date.now() + 24 * 3_600_000 + hours * 3_600_000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
};

test("a dial plan is made, put right where it was refused, assigned to a group, and explained for a person", async ({ open }) => {
  test.slow();
  const page = await open("tenant", "/policies");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Add policy" }).click();
  await dialog.getByRole("textbox", { name: "Name", exact: true }).first().fill("Short numbers");
  const rule = dialog.getByRole("listitem").first();
  await rule.getByLabel("Name").fill("extensions");
  await rule.getByLabel("Dialled").fill("^(\\d{4}$");
  await rule.getByLabel("Becomes").fill("+4420794$1");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("pattern");
  await rule.getByLabel("Dialled").fill("^(\\d{4})$");
  await dialog.getByRole("button", { name: "Add rule" }).click();
  const second = dialog.getByRole("listitem").nth(1);
  await second.getByLabel("Name").fill("first");
  await second.getByLabel("Dialled").fill("^0$");
  await second.getByLabel("Becomes").fill("+442079460010");
  await dialog.getByRole("button", { name: "Move rule 2 up" }).click();
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("row", { name: "Short numbers" })).toContainText("^0$ → +442079460010, ^(\\d{4})$ → +4420794$1");

  // A group with somebody in it.
  await page.getByRole("tab", { name: "Groups" }).click();
  await page.getByRole("button", { name: "Add group" }).click();
  await dialog.getByLabel("Name").fill("Front desk");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  const drawer = page.getByRole("dialog", { name: "Front desk" });
  const people = await ask<Items<Schemas["User"]>>(page, "/tenant/v1/users?limit=1000");
  const carol = people.items.find((user) => user.display_name === "Carol Cooper");
  expect(carol).toBeDefined();
  if (!carol) return;
  await drawer.getByLabel("Person").selectOption(carol.id);
  await drawer.getByRole("button", { name: "Put in" }).click();
  await expect(drawer.getByRole("grid", { name: "People in it" })).toContainText("Carol Cooper");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("row", { name: "Front desk" })).toContainText("1");

  await page.getByRole("tab", { name: "Assignments" }).click();
  await page.getByRole("button", { name: "Assign a policy" }).click();
  await dialog.getByLabel("Policy").selectOption("Short numbers");
  await dialog.getByLabel("Holds for").selectOption("A group");
  await dialog.getByRole("combobox", { name: "Group", exact: true }).selectOption("Front desk");
  await dialog.getByLabel("Rank").fill("7");
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await expect(dialog).toBeHidden();
  const assigned = page.getByRole("grid", { name: "Assignments" }).getByRole("row", { name: "Short numbers" });
  await expect(assigned).toContainText("Front desk");

  await page.getByRole("tab", { name: "Which one holds" }).click();
  await page.getByLabel("Person").selectOption(carol.id);
  const holds = page.getByRole("grid", { name: "Policies that hold" });
  await expect(holds.getByRole("row", { name: "Dial plan" })).toContainText("Short numbers");
  await expect(holds.getByRole("row", { name: "Dial plan" })).toContainText("By the group Front desk, rank 7");
  await expect(holds.getByRole("row", { name: "Caller ID" })).toContainText("None");

  // Assigned, it cannot be deleted; taken away, it can.
  await page.getByRole("tab", { name: "Policies" }).click();
  await page.getByRole("row", { name: "Short numbers" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(dialog.getByRole("alert")).toContainText("policy_in_use");
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Assignments" }).click();
  await assigned.click();
  await dialog.getByRole("button", { name: "Take it away" }).click();
  await expect(assigned).toHaveCount(0);
  await page.getByRole("tab", { name: "Policies" }).click();
  await page.getByRole("row", { name: "Short numbers" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("Short numbers is deleted.")).toBeVisible();
  await expect(page.getByRole("row", { name: "Short numbers" })).toHaveCount(0);
});

test("each kind of policy has its own fields", async ({ open }) => {
  const page = await open("tenant", "/policies");
  const dialog = page.getByRole("dialog");
  const add = page.getByRole("button", { name: "Add policy" });
  const save = dialog.getByRole("button", { name: "Add", exact: true });

  await add.click();
  await dialog.getByLabel("Kind").selectOption("Caller ID");
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Reception is shown");
  await dialog.getByLabel("Shown outside").selectOption("A call queue's number");
  await dialog.getByLabel("Call queue").selectOption({ index: 1 });
  await dialog.getByLabel("Company name").fill("Contoso");
  await save.click();
  await expect(page.getByRole("row", { name: "Reception is shown" })).toContainText("A call queue's number, as Contoso");

  await add.click();
  await dialog.getByLabel("Kind").selectOption("Calls outside");
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("At home only");
  await dialog.getByLabel("People may call").selectOption("In the country only");
  await dialog.getByLabel("Premium rate").uncheck();
  await save.click();
  await expect(page.getByRole("row", { name: "At home only" })).toContainText("In the country only, no premium numbers");

  await page.getByLabel("Kind").selectOption("Calls outside");
  await expect(page.getByRole("row", { name: "Reception is shown" })).toHaveCount(0);
  const kept = await ask<Items<Schemas["Policy"]>>(page, "/tenant/v1/policies?kind=OnlineDialOutPolicy");
  expect(kept.items.find((policy) => policy.name === "At home only")?.settings).toEqual({
    kind: "OnlineDialOutPolicy",
    allowed: "Domestic",
    premium: false,
    conferencing_allowed: "InternationalAndDomestic",
  });
});

test("callers are blocked with an exception, and numbers that nobody has are answered", async ({ open }) => {
  const page = await open("tenant", "/policies?tab=blocked");
  const dialog = page.getByRole("dialog");
  const grid = page.getByRole("grid", { name: "Blocked numbers" });
  await page.getByRole("button", { name: "Block numbers" }).click();
  await dialog.getByLabel("Name").fill("Premium");
  await dialog.getByRole("textbox", { name: "Callers", exact: true }).fill("^\\+1900");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(grid.getByRole("row", { name: "Premium" })).toContainText("Refused");

  await page.getByRole("button", { name: "Block numbers" }).click();
  await dialog.getByLabel("Such callers are").selectOption("Let in, though another rule blocks them");
  await dialog.getByLabel("Name").fill("Our bank");
  await dialog.getByRole("textbox", { name: "Callers", exact: true }).fill("^\\+19005550123$");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(grid.getByRole("row", { name: "Our bank" })).toContainText("Let in");

  await grid.getByRole("row", { name: "Premium" }).click();
  await dialog.getByLabel("Their calls").selectOption({ index: 1 });
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(grid.getByRole("row", { name: "Premium" })).toContainText("Goes to");

  await page.getByRole("tab", { name: "Unassigned numbers" }).click();
  await page.getByRole("button", { name: "Add treatment" }).click();
  await dialog.getByLabel("Name").fill("Spare ones");
  await dialog.getByLabel("Called numbers").fill("^\\+44207946030");
  await dialog.getByLabel("Who answers").selectOption({ index: 1 });
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("grid", { name: "Unassigned numbers" }).getByRole("row", { name: "Spare ones" })).toBeVisible();

  const kept = await ask<Schemas["CallScreening"]>(page, "/tenant/v1/call-screening");
  expect(kept).toMatchObject({
    blocked: [{ name: "Premium", pattern: "^\\+1900" }],
    exempt: [{ name: "Our bank" }],
    unassigned: [{ name: "Spare ones", priority: 1 }],
  });
  expect(kept.blocked[0]?.redirect_to_account_id).toBeTruthy();

  await page.getByRole("row", { name: "Spare ones" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("tab", { name: "Blocked numbers" }).click();
  for (const name of ["Premium", "Our bank"]) {
    await grid.getByRole("row", { name }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByText(`${name} is deleted.`)).toBeVisible();
  }
  await expect(page.getByText("No caller is blocked.")).toBeVisible();
});

test("changes are frozen from tomorrow on, and no longer", async ({ open }) => {
  const page = await open("tenant", "/policies?tab=freezes");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Freeze changes" }).click();
  await dialog.getByLabel("Name").fill("Cutover");
  await dialog.getByLabel("From").fill(tomorrow(2));
  await dialog.getByLabel("Until").fill(tomorrow(1));
  await dialog.getByRole("button", { name: "Freeze", exact: true }).click();
  await expect(dialog.getByRole("alert")).toContainText("ends_at");
  await dialog.getByLabel("Until").fill(tomorrow(8));
  await dialog.getByRole("button", { name: "Freeze", exact: true }).click();
  const row = page.getByRole("grid", { name: "Change freezes" }).getByRole("row", { name: "Cutover" });
  await expect(row).toContainText("Planned");
  await expect(row).toContainText(tomorrow(2).replace("T", " "));
  await row.click();
  await dialog.getByRole("button", { name: "Remove the window" }).click();
  await expect(row).toHaveCount(0);
});
