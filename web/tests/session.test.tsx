import { FluentProvider, webLightTheme } from "@fluentui/react-components";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import { readSession, useSession, useSignOut } from "../src/api/session";
import Login from "../src/pages/Login";

const SESSION = {
  principal_id: "p",
  name: "Ada",
  role: "tenant_admin",
  tenant_id: "t",
  tenant_name: "Adatum",
  operator_id: null,
  operator_name: null,
  demo: true,
};

afterEach(cleanup);

function show() {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <FluentProvider theme={webLightTheme}>
        <Login />
      </FluentProvider>
    </QueryClientProvider>,
  );
}

test("a session is read as whose console it is", () => {
  expect(readSession(SESSION)).toEqual({ role: "tenant", admin: true, name: "Ada", party: "Adatum", demo: true });
  expect(readSession({ ...SESSION, role: "programme_owner", tenant_name: null })).toMatchObject({ party: "Meetpoint" });
  for (const role of ["tenant_helpdesk", "tenant_reader"]) {
    expect(readSession({ ...SESSION, role })).toMatchObject({ role: "tenant", admin: false });
  }
  expect(() => readSession({ ...SESSION, role: "edge" })).toThrow(/edge/);
});

test("a sign-in link is used at once, once, and leaves the address bar", async () => {
  const sent: [string, RequestInit | undefined][] = [];
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    if (url === "/session/providers") return Response.json({ items: [] });
    sent.push([url, init]);
    return Response.json(SESSION, { status: init?.method === "POST" ? 201 : 200 });
  });
  history.replaceState(null, "", "/login?code=one-time");
  show();
  await waitFor(() => expect(location.pathname).toBe("/"));
  const posts = sent.filter(([, init]) => init?.method === "POST");
  expect(posts).toHaveLength(1);
  expect(posts[0]?.[1]).toMatchObject({
    body: JSON.stringify({ code: "one-time" }),
    headers: { "X-Meetpoint-CSRF": "1" },
  });
  expect(location.search).toBe("");
});

test("a used link says why it does not work and what to do", async () => {
  vi.stubGlobal("fetch", async () =>
    Response.json(
      { code: "login_code_invalid", title: "T.", reason: "It was used before.", remedy: "Ask for a new sign-in link." },
      { status: 401 },
    ),
  );
  history.replaceState(null, "", "/login?code=used");
  show();
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("It was used before.");
  expect(alert.textContent).toContain("Ask for a new sign-in link.");
  expect(alert.textContent).toContain("login_code_invalid");
});

/** A server that knows one person, with a second factor, and one provider. */
function serve(sent: unknown[]) {
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    if (url === "/session/providers") return Response.json({ items: [{ id: "7", name: "Contoso's directory" }] });
    if (url.startsWith("/errors/")) {
      return Response.json({ code: "token_role", status: 403, title: "It gives no role here.", remedy: "Ask for one." });
    }
    if (init?.method !== "POST") return Response.json(SESSION);
    const body = JSON.parse(init.body as string) as Record<string, string>;
    sent.push(body);
    const refuse = (code: string) => Response.json({ code, title: "T.", reason: `It is ${code}.` }, { status: 401 });
    if (body["password"] !== "right") return refuse("login_invalid");
    if (!body["one_time_code"]) return refuse("one_time_code_required");
    return body["one_time_code"] === "123456" ? Response.json(SESSION, { status: 201 }) : refuse("login_invalid");
  });
}

function type(label: string, value: string) {
  fireEvent.change(screen.getByLabelText(label, { exact: false }), { target: { value } });
}

const submit = () => fireEvent.click(screen.getByRole("button", { name: "Sign in" }));

test("login and password, then the code that is asked for", async () => {
  const sent: unknown[] = [];
  serve(sent);
  history.replaceState(null, "", "/login");
  show();
  type("Login", " ada@example.com ");
  type("Password", "wrong");
  submit();
  expect((await screen.findByRole("alert")).textContent).toContain("It is login_invalid.");
  expect((screen.getByLabelText("Login", { exact: false }) as HTMLInputElement).value, "nothing is typed twice").toBe(
    " ada@example.com ",
  );
  type("Password", "right");
  submit();
  await screen.findByLabelText("Code of your authenticator app", { exact: false });
  expect(screen.queryByRole("alert"), "to be asked for it is no refusal").toBeNull();
  type("Code of", "000000");
  submit();
  expect((await screen.findByRole("alert")).textContent).toContain("It is login_invalid.");
  type("Code of", "123456");
  submit();
  await waitFor(() => expect(location.pathname).toBe("/"));
  expect(sent.at(-1)).toEqual({ login: "ada@example.com", password: "right", one_time_code: "123456" });
});

test("providers are offered, and what one refused is said in Meetpoint's words", async () => {
  serve([]);
  history.replaceState(null, "", "/login?refused=token_role");
  show();
  const provider = await screen.findByRole("link", { name: "Sign in with Contoso's directory" });
  expect(provider.getAttribute("href")).toBe("/session/oidc/7");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("It gives no role here.");
  expect(alert.textContent).toContain("Ask for one.");
  expect(location.search).toBe("");
});

test("signing out shows at once, and forgets what was shown", async () => {
  vi.stubGlobal("fetch", async (_: string, init?: RequestInit) =>
    init?.method === "DELETE" ? new Response(null, { status: 204 }) : Response.json(SESSION),
  );
  const queries = new QueryClient();
  queries.setQueryData(["tenant", "numbers"], ["+442071838750"]);
  function Door() {
    const session = useSession();
    const signOut = useSignOut();
    return <button onClick={() => void signOut()}>{session.data ? session.data.party : "nobody"}</button>;
  }
  render(
    <QueryClientProvider client={queries}>
      <Door />
    </QueryClientProvider>,
  );
  fireEvent.click(await screen.findByText("Adatum"));
  await screen.findByText("nobody");
  expect(queries.getQueryData(["tenant", "numbers"])).toBeUndefined();
});
