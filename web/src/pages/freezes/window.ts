import type { Schemas } from "../../api/client";

export type Freeze = Schemas["ChangeFreeze"];

/** Where a window stands now. */
export function stands(freeze: Pick<Freeze, "starts_at" | "ends_at">, now: number): "planned" | "open" | "over" {
  if (now < Date.parse(freeze.starts_at)) return "planned";
  return now < Date.parse(freeze.ends_at) ? "open" : "over";
}

/** What a `datetime-local` field holds, which is the reader's own time, as the API wants it; nothing where it is empty. */
export function instant(local: string): string | null {
  const at = new Date(local);
  return local === "" || Number.isNaN(at.getTime()) ? null : at.toISOString();
}
