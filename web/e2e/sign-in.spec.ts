import { createHmac } from "node:crypto";

import { Provider } from "./provider";
import { expect, tell, test, watch } from "./world";

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
    await expect(page.getByLabel("Password")).toBeVisible();
  }
  await page.getByRole("button", { name: "one-time code" }).click();
  await expect(page.getByLabel("One-time code")).toBeVisible();
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
  await expect(page.getByLabel("Password")).toBeVisible();
  expect((await page.request.get("/session")).status()).toBe(401);
  await context.close();
});

/** The code of now (RFC 6238), as an authenticator app shows it. */
function appShows(secret: string) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"));
  const key = Buffer.from((bits.join("").match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const at = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("a person signs in by password, and by a second factor once there is one", async ({ browser, world, open }) => {
  const owner = await open("programme", "/");
  const account = { login: "ada@example.com", password: "a quite long password" };
  await tell(owner, "PUT", "/session/account", account);

  const context = await browser.newContext({ baseURL: world.url });
  const page = await context.newPage();
  const { complaints } = watch(page);
  const fill = async (password: string) => {
    // What is said of a wrong one is labelled with the same words.
    await page.locator('input[name="username"]').fill(account.login);
    await page.locator('input[type="password"]').fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };
  await page.goto("/");
  await fill("not the password");
  await expect(page.getByRole("alert")).toContainText("login_invalid");
  await fill(account.password);
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();

  const proven = { current_password: account.password };
  const { secret } = await tell<{ secret: string }>(owner, "POST", "/session/account/totp", proven);
  const confirm = { one_time_code: appShows(secret) };
  const { recovery_codes } = await tell<{ recovery_codes: string[] }>(owner, "POST", "/session/account/totp/confirm", confirm);

  await page.getByRole("button", { name: "Sign out" }).click();
  await fill(account.password);
  const code = page.getByLabel("Code of your authenticator app");
  await expect(code).toBeFocused();
  await code.fill("000000");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("login_invalid");
  await code.fill(recovery_codes[0] ?? "");
  await code.press("Enter");
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  expect(complaints).toEqual([]);
  await context.close();
});

test("a person signs in at a provider; whom it gives no role is told so on the page", async ({ browser, world, open }) => {
  const provider = await Provider.start();
  const owner = await open("programme", "/");
  await tell(owner, "POST", "/programme/v1/issuers", {
    name: "Contoso's directory", issuer: provider.issuer, audience: "meetpoint", login_client_id: "meetpoint",
    roles: [{ value: "helps", role: "programme_support" }],
  });
  const context = await browser.newContext({ baseURL: world.url });
  const page = await context.newPage();
  const { complaints } = watch(page);
  const there = page.getByRole("link", { name: "Sign in with Contoso's directory" });
  provider.roles = ["guest"];
  await page.goto("/");
  await there.click();
  await expect(page.getByRole("alert")).toContainText("token_role");
  expect(new URL(page.url()).search, "nothing of it stays in the address bar").toBe("");
  provider.roles = ["helps"];
  await there.click();
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
  await expect(page.getByText("Ada Byron")).toBeVisible();
  expect(complaints).toEqual([]);
  await context.close();
  await provider.stop();
});
