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
  expect(readSession(SESSION)).toEqual({ role: "tenant", name: "Ada", party: "Adatum", demo: true });
  expect(readSession({ ...SESSION, role: "programme_owner", tenant_name: null })).toMatchObject({ party: "Meetpoint" });
  expect(() => readSession({ ...SESSION, role: "edge" })).toThrow(/edge/);
});

test("a sign-in link is used at once, once, and leaves the address bar", async () => {
  const sent: [string, RequestInit | undefined][] = [];
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
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
