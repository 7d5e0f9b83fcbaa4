import { expect, test, watch } from "./world";

test("a sign-in link opens the organisation's console, and works once", async ({ browser, world, open }) => {
  const page = await open("tenant", "/");
  await expect(page.getByRole("heading", { level: 1, name: "Operators" })).toBeVisible();

  const stranger = await browser.newContext();
  const again = await stranger.newPage();
  const { complaints } = watch(again);
  await again.goto(world.announcement.logins.tenant.url);
  const refusal = again.getByRole("alert");
  await expect(refusal).toContainText("login_code_invalid");
  await expect(refusal).toContainText("Ask for a new sign-in link");
  expect(new URL(again.url()).search, "the used code leaves the address bar").toBe("");
  expect(complaints).toEqual([]);
  await stranger.close();
});

test("without a session every page asks to sign in", async ({ browser, world }) => {
  const context = await browser.newContext({ baseURL: world.url });
  const page = await context.newPage();
  for (const path of ["/", "/numbers", "/calls"]) {
    await page.goto(path);
    await expect(page.getByLabel("One-time code")).toBeVisible();
  }
  await context.close();
});

test("the page comes with a policy that admits nothing from elsewhere, and a fresh nonce", async ({ world, request }) => {
  const nonces = new Set<string>();
  for (let i = 0; i < 2; i += 1) {
    const response = await request.get(`${world.url}/`);
    const policy = response.headers()["content-security-policy"] ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
    expect(nonce.length).toBeGreaterThanOrEqual(16);
    expect(await response.text()).toContain(nonce);
    nonces.add(nonce);
  }
  expect(nonces.size).toBe(2);
});

test("signing out ends the session, here and at the server", async ({ browser, world }) => {
  const context = await browser.newContext({ baseURL: world.url });
  const page = await context.newPage();
  await page.goto(world.announcement.logins.operator_b.url);
  await expect(page.getByRole("heading", { level: 1, name: "Customers" })).toBeVisible();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByLabel("One-time code")).toBeVisible();
  expect((await page.request.get("/session")).status()).toBe(401);
  await context.close();
});
