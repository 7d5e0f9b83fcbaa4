import { FluentProvider, webLightTheme } from "@fluentui/react-components";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { readSession } from "../src/api/session";
import { MailsDrawer } from "../src/pages/numbers/MailsDrawer";
import { wholeNumber, type Mail } from "../src/pages/numbers/mails";
import { SettingsDrawer } from "../src/pages/numbers/SettingsDrawer";
import { beginning, blockSaid, complete, sent, type NumberSettings } from "../src/pages/numbers/settings";

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => {
  Element.prototype.scrollIntoView ??= () => undefined;
  // A grid shows the rows that there is room for, and jsdom knows of no room.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(400);
});
afterEach(cleanup);

const FRESH: NumberSettings = {
  assignment_email: false,
  unassignment_email: false,
  assignment_blocked_forever: false,
  assignment_blocked_days: null,
  free_numbers_of_leavers: false,
  version: 0,
};

test.each<[Partial<NumberSettings>, string]>([
  [{}, "Not blocked"],
  [{ assignment_blocked_days: 1 }, "Blocked for 1 day"],
  [{ assignment_blocked_days: 30, assignment_email: true, unassignment_email: true }, "Blocked for 30 days"],
  [{ assignment_blocked_forever: true, free_numbers_of_leavers: true }, "Blocked until somebody lifts it"],
])("settings %j come back from the form as they went in", (part, said) => {
  const settings = { ...FRESH, ...part };
  const { version: _, ...rest } = settings;
  expect(sent(beginning(settings))).toEqual(rest);
  expect(blockSaid(settings)).toBe(said);
});

test("days are sent only where numbers are blocked for some days", () => {
  const form = { ...beginning(FRESH), days: "7" };
  expect(sent({ ...form, block: "days" })).toMatchObject({ assignment_blocked_days: 7, assignment_blocked_forever: false });
  expect(sent({ ...form, block: "none" })).toMatchObject({ assignment_blocked_days: null, assignment_blocked_forever: false });
  expect(sent({ ...form, block: "forever" })).toMatchObject({ assignment_blocked_days: null, assignment_blocked_forever: true });
});

test("a block of days without days is not sent: it would be none", () => {
  const form = { ...beginning(FRESH), days: "" };
  expect(complete(form)).toBe(true);
  expect(complete({ ...form, block: "days" })).toBe(false);
  expect(complete({ ...form, block: "days", days: "x" })).toBe(false);
  // Too many are the server's to refuse.
  expect(complete({ ...form, block: "days", days: "400" })).toBe(true);
});

test.each([
  ["+44 20 7946-0123", "+442079460123"],
  ["0044 (20) 79460123", "+442079460123"],
  ["+44 20", ""],
  ["020 7946 0123", ""],
  ["Ada", ""],
  ["", ""],
])("mails are looked for by %j", (text, number) => expect(wholeNumber(text)).toBe(number));

function show(role: string, children: ReactNode) {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  const session = { principal_id: "p", name: "Ada", tenant_id: "t", tenant_name: "Adatum", operator_id: null, operator_name: null };
  queries.setQueryData(["session"], readSession({ ...session, role, demo: true }));
  render(
    <QueryClientProvider client={queries}>
      <FluentProvider theme={webLightTheme}>{children}</FluentProvider>
    </QueryClientProvider>,
  );
}

function showSettings(role: string, put?: () => Response) {
  const asked: { method: string; body: unknown; match: string | null }[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    if (request.method === "GET") return Response.json({ ...FRESH, assignment_blocked_days: 30, version: 4 });
    asked.push({ method: request.method, body: await request.json(), match: request.headers.get("If-Match") });
    return put?.() ?? Response.json({ ...FRESH, version: 5 });
  });
  const onDone = vi.fn();
  show(role, <SettingsDrawer onMails={() => undefined} onClose={() => undefined} onDone={onDone} />);
  return { asked, onDone };
}

test("whoever may only read sees the settings, and no form", async () => {
  showSettings("tenant_reader");
  expect(await screen.findByText("Blocked for 30 days")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Save" })).toBeNull();
  expect(screen.queryByRole("checkbox")).toBeNull();
});

test("an administrator replaces the version that was read", async () => {
  const { asked, onDone } = showSettings("tenant_admin");
  fireEvent.click(await screen.findByRole("checkbox", { name: "Mail people who lose a number" }));
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "forever" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(onDone).toHaveBeenCalled());
  const { version: _, ...rest } = FRESH;
  expect(asked).toEqual([
    { method: "PUT", match: '"4"', body: { ...rest, unassignment_email: true, assignment_blocked_forever: true } },
  ]);
});

test("days that are refused say so beside the days", async () => {
  const { onDone } = showSettings("tenant_admin", () =>
    Response.json(
      { code: "invalid_field", field: "/assignment_blocked_days", title: "T.", reason: "A block ends after 1 to 365 days.", remedy: "R." },
      { status: 422 },
    ),
  );
  fireEvent.change(await screen.findByRole("spinbutton"), { target: { value: "400" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  const refusal = await screen.findByRole("alert");
  expect(refusal.textContent).toContain("1 to 365 days");
  expect(refusal.closest("fieldset")?.textContent).toContain("Numbers that are taken back");
  expect(onDone).not.toHaveBeenCalled();
});

const FAILED: Mail = {
  id: "m1",
  user_id: "u1",
  address: "mona@example.com",
  kind: "number_assigned",
  number: "+442079460123",
  state: "failed",
  attempts: 1,
  created_at: "2026-03-01T08:00:00Z",
  settled_at: "2026-03-01T08:00:01Z",
  error_code: "mail_refused",
  error: "the mail server refused it: 550 no such mailbox",
};

/** One mail that failed, to somebody who was removed since. */
function showMails(role: string) {
  const posts: string[] = [];
  let mail = FAILED;
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/tenant/v1/users/")) return Response.json({ code: "not_found" }, { status: 404 });
    if (request.method === "POST") {
      posts.push(pathname);
      mail = { ...mail, state: "waiting", error: null, error_code: null };
      return Response.json(mail);
    }
    return Response.json({ items: [mail] });
  });
  show(role, <MailsDrawer onClose={() => undefined} />);
  return posts;
}

test("a mail that failed says why, and is sent again", async () => {
  const posts = showMails("tenant_admin");
  const row = await screen.findByRole("row", { name: /mona@example.com/ });
  for (const said of ["Number given", "Failed", "550 no such mailbox"]) expect(row.textContent).toContain(said);
  fireEvent.click(row);
  fireEvent.click(await screen.findByRole("button", { name: "Send again" }));
  expect(await screen.findByText("The mail to mona@example.com waits to be sent again.")).toBeTruthy();
  expect(posts).toEqual(["/tenant/v1/mails/m1/resend"]);
  expect((await screen.findByRole("row", { name: /mona@example.com/ })).textContent).toContain("Waiting");
});

test("whoever may only read sends nothing again", async () => {
  showMails("tenant_helpdesk");
  fireEvent.click(await screen.findByRole("row", { name: /mona@example.com/ }));
  expect(await screen.findByText("mail_refused")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Send again" })).toBeNull();
});
