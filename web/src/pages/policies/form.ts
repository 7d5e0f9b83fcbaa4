import { useQuery } from "@tanstack/react-query";

import { api, ok } from "../../api/client";
import type { Settings } from "./settings";

/** The settings of one kind of policy. */
export type Of<Kind> = Extract<Settings, { kind: Kind }>;

export interface FormProps<One> {
  settings: One;
  onChange: (settings: One) => void;
}

/** The PSTN usages of the organisation's voice routing, to choose from. */
export function usePstnUsages() {
  const routing = useQuery({
    queryKey: ["tenant", "voice-routing"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/voice-routing", { signal })),
  });
  return {
    error: routing.error,
    options: (routing.data?.online_pstn_usages ?? []).map((usage) => [usage, usage] as const),
  };
}
