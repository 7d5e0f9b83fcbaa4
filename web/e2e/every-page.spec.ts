import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { expect, test, type Role } from "./world";

const PAGES: [Role, string, string][] = [
  ["tenant", "/directory", "Operators"],
  ["tenant", "/invitations", "Invitations"],
  ["tenant", "/shop", "Number shop"],
  ["tenant", "/shop?tab=reservations", "Number shop"],
  ["tenant", "/numbers", "Numbers"],
  ["tenant", "/orders", "Orders"],
  ["tenant", "/calls", "Call records"],
  ["tenant", "/locations", "Emergency locations"],
  ...["policies", "assignments", "groups", "effective", "blocked", "unassigned", "freezes"].map(
    (tab): [Role, string, string] => ["tenant", `/policies?tab=${tab}`, "Policies"],
  ),
  ...["findings", "gateways", "routes", "numbers", "fallback"].map(
    (tab): [Role, string, string] => ["tenant", `/coexistence?tab=${tab}`, "Coexistence"],
  ),
  ["tenant", "/explain", "Explain"],
  ["tenant", "/explain?tab=call", "Explain"],
  ["tenant", "/explain?tab=happened", "Explain"],
  ["operator", "/customers", "Customers"],
  ["operator", "/numbers", "Numbers"],
  ["operator", "/offer", "Offer"],
  ["operator", "/invitations", "Invitations"],
  ["operator", "/stock", "Stock"],
  ["operator", "/stock?tab=reservations", "Stock"],
  ["operator", "/stock?tab=storefront", "Stock"],
  ["operator", "/orders", "Orders"],
  ["operator", "/orders?tab=failed", "Orders"],
  ["operator", "/disputes", "Disputes"],
  ["operator", "/calls", "Call records"],
  ["operator", "/explain", "Explain"],
  ["programme", "/explain", "Explain"],
  ["programme", "/operators", "Operators"],
  ["programme", "/organisations", "Organisations"],
  ["programme", "/notice", "Notice"],
  ["programme", "/freezes", "Change freezes"],
  ["programme", "/disputes", "Disputes"],
  ["programme", "/calls", "Call records"],
];

/**
 * What axe finds, but for the sentinels by which Fluent's focus manager (tabster) notices the keyboard
 * coming and going: they are hidden and take the focus for a moment, which harms nobody.
 */
async function violations(page: Page, rules?: string[]) {
  const axe = new AxeBuilder({ page });
  const found = (await (rules ? axe.withRules(rules) : axe).analyze()).violations.map((violation) => ({
    id: violation.id,
    nodes: violation.nodes.filter(
      (node) => violation.id !== "aria-hidden-focus" || !node.html.includes("data-tabster-dummy"),
    ),
  }));
  return found.filter(({ nodes }) => nodes.length > 0).map(({ id, nodes }) => [id, nodes.map((node) => node.target)]);
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [role, path, title] of PAGES) {
    test(`${role} ${path} is accessible, ${colorScheme}`, async ({ open }) => {
      const page = await open(role, path, { colorScheme });
      await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
      await expect(page.getByText("Loading")).toHaveCount(0);
      await expect(page.getByRole("alert")).toHaveCount(0);
      // A theme changes colours and nothing else.
      expect(await violations(page, colorScheme === "dark" ? ["color-contrast"] : undefined)).toEqual([]);
    });
  }
}

test("dialogs are accessible, and the sign-in page is", async ({ open, browser, world }) => {
  test.slow();
  const page = await open("tenant", "/numbers");
  await page.getByRole("grid").getByRole("row").nth(1).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press("Escape");

  for (const [path, button] of [
    ["/policies", "Add policy"],
    ["/policies?tab=assignments", "Assign a policy"],
    ["/coexistence?tab=gateways", "Add gateway"],
    ["/coexistence?tab=numbers", "Add numbers"],
    ["/orders", "Order from a file"],
    ["/numbers", "Settings"],
  ] as const) {
    await page.goto(path);
    await page.getByRole("button", { name: button }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await violations(page), path).toEqual([]);
  }
  await page.getByRole("button", { name: "See the mails" }).click();
  await expect(page.getByRole("grid", { name: "Mails to people" })).toBeVisible();
  expect(await violations(page), "mails").toEqual([]);

  const stranger = await browser.newContext({ baseURL: world.url });
  const door = await stranger.newPage();
  await door.goto("/login");
  await expect(door.getByRole("textbox", { name: "Login" })).toBeVisible();
  expect((await new AxeBuilder({ page: door }).analyze()).violations).toEqual([]);
  await stranger.close();
});

test("the reader's choice of theme stays", async ({ open }) => {
  const page = await open("tenant", "/directory", { colorScheme: "light" });
  const background = () => page.evaluate(() => getComputedStyle(document.querySelector("main h1")!).color);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  const light = await background();
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  await expect.poll(background).not.toBe(light);
  await page.reload();
  await expect(page.getByRole("button", { name: "Use the light theme" })).toBeVisible();
});

test("a narrow screen needs no sideways scrolling of the page", async ({ open }) => {
  test.slow();
  for (const path of ["/directory", "/shop", "/numbers", "/orders", "/calls", "/policies", "/coexistence", "/explain"]) {
    const page = await open("tenant", path, { viewport: { width: 390, height: 800 } });
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    const [scroll, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(scroll, path).toBeLessThanOrEqual(width ?? 0);
  }
});
