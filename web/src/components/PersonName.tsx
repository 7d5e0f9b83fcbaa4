import { useQuery } from "@tanstack/react-query";

import { api, ok } from "../api/client";

/** The name of somebody of whom only the id is known; nothing while it is looked up, or once they are gone. */
export function usePersonName(id: string): string | undefined {
  const found = useQuery({
    queryKey: ["tenant", "users", id],
    staleTime: 60_000,
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/users/{user_id}", { params: { path: { user_id: id } }, signal })),
  });
  return found.data?.display_name;
}

/** The same to be shown; the id where there is none. */
export function PersonName({ id }: { id: string }) {
  return usePersonName(id) ?? id;
}
