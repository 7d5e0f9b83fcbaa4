import { queryOptions, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { Problem } from "./problem";
import type { components } from "./schema";

export type Role = "tenant" | "operator" | "programme";

type SessionDocument = components["schemas"]["Session"];

/** How somebody signs in: a link's code; or login and password, and a second factor's code. */
export type SignIn = { code: string } | { login: string; password: string; one_time_code?: string };

/** Who is signed in, in the words of the page. */
export interface Session {
  role: Role;
  /** May change all that is the party's; others can be spared forms that they would be refused. */
  admin: boolean;
  name: string;
  /** Whose console this is: the organisation, the operator, or Meetpoint itself. */
  party: string;
  demo: boolean;
}

const ROLES: Record<string, Role> = {
  tenant_admin: "tenant",
  tenant_helpdesk: "tenant",
  tenant_reader: "tenant",
  operator_admin: "operator",
  operator_reader: "operator",
  programme_owner: "programme",
  programme_support: "programme",
};

const ADMINS = ["tenant_admin", "operator_admin", "programme_owner"];

export function readSession(document: SessionDocument): Session {
  const role = ROLES[document.role];
  if (!role) {
    throw new Problem(
      {
        code: "role_without_page",
        title: "There is no page for this role",
        reason: `The role ${document.role} works through the API.`,
        remedy: "Sign in as a tenant, an operator or the programme owner.",
      },
      403,
    );
  }
  return {
    role,
    admin: ADMINS.includes(document.role),
    name: document.name,
    party: document.tenant_name ?? document.operator_name ?? "Meetpoint",
    demo: document.demo,
  };
}

/** Writes must carry this: a foreign page can send our cookie but not this header. */
export const CSRF = { "X-Meetpoint-CSRF": "1" } as const;

async function answer(request: Promise<Response>): Promise<Response> {
  const response = await request.catch((error: unknown) => {
    throw Problem.wrap(error);
  });
  if (response.ok) return response;
  throw Problem.from(await response.json().catch(() => undefined), response.status);
}

const sessionQuery = queryOptions({
  queryKey: ["session"],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      const response = await answer(fetch("/session", { signal }));
      return readSession((await response.json()) as SessionDocument);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null;
      throw error;
    }
  },
});

/** Who is signed in, or null; undefined while asking. */
export function useSession() {
  return useQuery(sessionQuery);
}

/** Where else people may sign in. Without an answer the form is there all the same. */
export function useProviders() {
  return useQuery({
    queryKey: ["session", "providers"],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const response = await answer(fetch("/session/providers", { signal }));
      return ((await response.json()) as components["schemas"]["LoginProviders"]).items;
    },
  });
}

/** What a code means that a sign-in elsewhere came back with: never words of the address itself. */
export async function refusalOf(code: string): Promise<Problem> {
  const response = await fetch(`/errors/${encodeURIComponent(code)}`, {
    headers: { Accept: "application/json" },
  }).catch(() => undefined);
  const known = response?.ok ? ((await response.json()) as { title: string; remedy: string }) : undefined;
  return new Problem(
    {
      code,
      title: "You are not signed in",
      reason: known?.title ?? "The sign-in there did not come about.",
      remedy: known?.remedy ?? "Try again.",
    },
    401,
  );
}

/** Nothing of whoever was signed in before may show to whoever is now. */
function forgetOthers(queries: QueryClient) {
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
}

export function useSignIn() {
  const queries = useQueryClient();
  return async (how: SignIn) => {
    await answer(
      fetch("/session", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...CSRF },
        body: JSON.stringify(how),
      }),
    );
    forgetOthers(queries);
    await queries.fetchQuery({ ...sessionQuery, staleTime: 0 });
  };
}

export function useSignOut() {
  const queries = useQueryClient();
  return async () => {
    await answer(fetch("/session", { method: "DELETE", headers: CSRF }));
    // First the page leaves, then what it showed is forgotten: the other way round it would ask again.
    queries.setQueryData(sessionQuery.queryKey, null);
    forgetOthers(queries);
  };
}
