import { useQuery } from "@tanstack/react-query";

import { api, ok } from "../api/client";

/** The name of somebody of whom only the id is known; the id while it is looked up. */
export function PersonName({ id }: { id: string }) {
  const found = useQuery({
    queryKey: ["tenant", "users", id],
    staleTime: 60_000,
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/users/{user_id}", { params: { path: { user_id: id } }, signal })),
  });
  return found.data?.display_name ?? id;
}
