import { useQuery } from "@tanstack/react-query";

import { api, ifMatch, ok, type Schemas } from "../../api/client";
import { useWrite } from "../../api/write";

export type Screening = Schemas["CallScreening"];

/** The rules for callers and for numbers that nobody has. */
export function useScreening() {
  return useQuery({
    queryKey: ["tenant", "call-screening"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/call-screening", { signal })),
  });
}

/** Replaces a part of them; the rest goes back as it was read, at the version that was read. */
export function usePutScreening(screening: Screening, onDone: () => void) {
  const { version, ...rules } = screening;
  return useWrite(
    (part: Schemas["CallScreeningPut"]) =>
      ok(
        api.PUT("/tenant/v1/call-screening", { params: { header: ifMatch(version) }, body: { ...rules, ...part } }),
      ),
    onDone,
  );
}
