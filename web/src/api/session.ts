import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";

import { Problem } from "./problem";

export type Role = "tenant" | "operator" | "programme";

export interface Session {
  role: Role;
  display_name: string;
  tenant_id?: string | null;
  operator_id?: string | null;
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
      return (await response.json()) as Session;
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

export function useSignIn() {
  const queries = useQueryClient();
  return async (code: string) => {
    await answer(
      fetch("/session", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...CSRF },
        body: JSON.stringify({ code }),
      }),
    );
    // Nothing of whoever was signed in before may show to whoever is now.
    queries.clear();
    await queries.fetchQuery(sessionQuery);
  };
}

export function useSignOut() {
  const queries = useQueryClient();
  return async () => {
    await answer(fetch("/session", { method: "DELETE", headers: CSRF }));
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, null);
  };
}
