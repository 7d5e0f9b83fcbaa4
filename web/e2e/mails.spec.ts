import { readFileSync } from "node:fs";

import { ask, expect, tell, test, type Schemas } from "./world";

const SETTINGS = "/tenant/v1/number-settings";

test("mails are turned on, one waits in the list, and a block of 30 days stays", async ({ open }) => {
  test.slow();
  const page = await open("tenant", "/numbers");
  const before = await ask<Schemas["NumberSettings"]>(page, SETTINGS);
  const free = await ask<{ items: Schemas["Number"][] }>(
    page,
    "/tenant/v1/numbers?status=Unassigned&usage=CallingUserAssignment&country=GB&limit=1000",
  );
  const number = free.items.find((row) => row.activation_state === "Activated")?.number;
  const addresses = await ask<{ items: Schemas["CivicAddress"][] }>(page, "/tenant/v1/civic-addresses?limit=1000");
  const address = addresses.items.find((one) => one.country === "GB");
  if (!number || !address) throw new Error("the demonstration leaves a user's number free, and has an address for it");
  await tell(page, "POST", "/tenant/v1/users", {
    upn: "mona@story.example",
    display_name: "Mona Mailed",
    country: "GB",
    licences: ["teams_phone"],
  });
  await page.reload();

  const dialog = page.getByRole("dialog");
  const settings = page.getByRole("button", { name: "Settings", exact: true });
  const save = dialog.getByRole("button", { name: "Save" });
  await settings.click();
  await dialog.getByLabel("Mail people who are given a number").check();
  await dialog.getByLabel("Mail people who lose a number").check();
  await save.click();
  await expect(page.getByText("The settings of numbers are saved.")).toBeVisible();
  await expect(settings).toBeFocused();

  await page.getByLabel("Find").fill(number);
  const row = page.getByRole("grid", { name: "Numbers" }).getByRole("row", { name: number });
  await row.click();
  await dialog.getByLabel("Assign to").selectOption({ label: "Mona Mailed (no number)" });
  await dialog.getByLabel("Emergency location").selectOption(address.default_location_id);
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await expect(row).toContainText("Mona Mailed");

  await settings.click();
  await dialog.getByRole("button", { name: "See the mails" }).click();
  const mails = dialog.getByRole("grid", { name: "Mails to people" });
  const given = mails.getByRole("row").filter({ hasText: "mona@story.example" });
  await expect(given).toHaveCount(1);
  for (const said of ["Mona Mailed", number, "Number given", "Waiting"]) await expect(given).toContainText(said);

  await dialog.getByLabel("State").selectOption("Failed");
  await expect(dialog.getByText("No mail matches.")).toBeVisible();
  await dialog.getByLabel("State").selectOption("Waiting");
  await dialog.getByLabel("Number", { exact: true }).fill(number);
  await expect(given).toHaveCount(1);
  const saving = page.waitForEvent("download");
  await dialog.getByRole("button", { name: "Export CSV" }).click();
  const lines = readFileSync(await (await saving).path(), "utf8").trim().split("\r\n");
  expect(lines.slice(1).filter((line) => line.includes(`mona@story.example,number_assigned,${number},waiting`))).toHaveLength(1);

  await given.click();
  await expect(dialog.getByText("mona@story.example", { exact: true })).toBeVisible();
  // What still waits is not sent again by hand.
  await expect(dialog.getByRole("button", { name: "Send again" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  // Back in the list, with what was looked for.
  await expect(dialog.getByLabel("State")).toHaveValue("waiting");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();

  // Taken back before there is a block, so that the number is free for others.
  await row.click();
  await dialog.getByRole("button", { name: "Unassign" }).click();
  await expect(row).toContainText("Unassigned");

  await settings.click();
  const block = dialog.getByLabel("A number that is taken back is");
  const days = dialog.getByLabel("Days, 1 to 365");
  await block.selectOption("Blocked for some days");
  await days.fill("400");
  await save.click();
  await expect(dialog.getByRole("group", { name: "Numbers that are taken back" }).getByRole("alert")).toContainText(
    "invalid_field",
  );
  await days.fill("30");
  await save.click();
  await expect(dialog).toBeHidden();

  await page.reload();
  await settings.click();
  await expect(dialog.getByLabel("Mail people who are given a number")).toBeChecked();
  await expect(block).toHaveValue("days");
  await expect(days).toHaveValue("30");

  const { version } = await ask<Schemas["NumberSettings"]>(page, SETTINGS);
  const { version: _, ...rest } = before;
  await tell(page, "PUT", SETTINGS, rest, version);
});
