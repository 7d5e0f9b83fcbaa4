import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { expect, test as base, type Browser, type BrowserContext, type Page } from "@playwright/test";

import type { components } from "../src/api/schema";

export type Schemas = components["schemas"];
export type Role = "tenant" | "operator" | "programme";

const START_MS = 60_000;

/** What `meetpoint demo --serve --json` says of itself, as far as the stories need it. */
interface Announcement {
  web: { url: string };
  logins: Record<Role | "operator_b", { url: string }>;
}

/** The real program with its demonstration data, its operators and its phones. */
export class World {
  private readonly states = new Map<Role, Awaited<ReturnType<BrowserContext["storageState"]>>>();

  private constructor(
    readonly announcement: Announcement,
    private readonly process: ChildProcess,
  ) {}

  static async start(): Promise<World> {
    const path = process.env["MEETPOINT_BIN"];
    if (!path) throw new Error("global set-up names the program in MEETPOINT_BIN");
    const child = spawn(path, ["demo", "--serve", "--json"], { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
    const line = await Promise.race([
      once(createInterface({ input: child.stdout }), "line").then(([first]) => first as string),
      once(child, "exit").then(([code]) => Promise.reject(new Error(`the demo ended (${code}): ${said}`))),
      new Promise<never>((_, reject) =>
        setTimeout(() => reject(new Error(`the demo did not start: ${said}`)), START_MS).unref(),
      ),
    ]);
    return new World(JSON.parse(line) as Announcement, child);
  }

  async stop() {
    if (this.process.exitCode !== null) return;
    const gone = once(this.process, "exit");
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process.kill("SIGKILL"), 10_000);
    await gone;
    clearTimeout(late);
  }

  get url() {
    return this.announcement.web.url.replace(/\/$/, "");
  }

  /** A browser that is signed in. Sign-in links work once, so each role's is used once and kept. */
  async signedIn(browser: Browser, role: Role, options: Parameters<Browser["newContext"]>[0] = {}) {
    let state = this.states.get(role);
    if (!state) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(this.announcement.logins[role].url);
      await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible();
      state = await context.storageState();
      this.states.set(role, state);
      await context.close();
    }
    return browser.newContext({ ...options, storageState: state, baseURL: this.url });
  }
}

/** Fails the story for anything the browser complains about, except answers a story asked for. */
export function watch(page: Page): { complaints: string[] } {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    if (/^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())) return;
    complaints.push(`console: ${message.text()}`);
  });
  return { complaints };
}

interface Fixtures {
  open: (role: Role, path: string, options?: Parameters<Browser["newContext"]>[0]) => Promise<Page>;
}

export const test = base.extend<Fixtures, { world: World }>({
  world: [
    async ({}, use) => {
      const world = await World.start();
      await use(world);
      await world.stop();
    },
    { scope: "worker", timeout: START_MS + 15_000 },
  ],
  open: async ({ browser, world }, use) => {
    const opened: { context: BrowserContext; complaints: string[] }[] = [];
    await use(async (role, path, options) => {
      const context = await world.signedIn(browser, role, options);
      const page = await context.newPage();
      opened.push({ context, complaints: watch(page).complaints });
      await page.goto(path);
      return page;
    });
    for (const { context } of opened) await context.close();
    expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
  },
});

export { expect };

/** Asks the API what the page's own session may ask. */
export async function ask<Answer>(page: Page, path: string): Promise<Answer> {
  const response = await page.request.get(path);
  expect(response.status(), path).toBe(200);
  return (await response.json()) as Answer;
}

/** Does something through the API as the page's own session. */
export async function tell<Answer>(
  page: Page,
  method: "POST" | "PUT",
  path: string,
  data?: unknown,
  /** The version that is replaced, where one must be named. */
  version?: number,
): Promise<Answer> {
  const response = await page.request.fetch(path, {
    method,
    data,
    headers: { "X-Meetpoint-CSRF": "1", ...(version !== undefined && { "If-Match": `"${version}"` }) },
  });
  expect(response.ok(), `${method} ${path}: ${response.status()} ${await response.text()}`).toBe(true);
  return (await response.json()) as Answer;
}
