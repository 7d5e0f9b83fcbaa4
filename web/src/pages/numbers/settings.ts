import type { Schemas } from "../../api/client";
import { whole } from "../../components/figures";

export type NumberSettings = Schemas["NumberSettings"];

/** Whether a number that is taken back is blocked. */
export const BLOCKS = {
  none: "Not blocked",
  days: "Blocked for some days",
  forever: "Blocked until somebody lifts it",
} as const;

export type Block = keyof typeof BLOCKS;

/** The settings as they are edited. */
export interface Form {
  given: boolean;
  lost: boolean;
  block: Block;
  /** As typed; counts only where numbers are blocked for some days. */
  days: string;
  leavers: boolean;
}

/** What is offered to whoever turns to days: long enough for callers of the last holder to notice. */
const USUAL_DAYS = "30";

export function beginning(settings: NumberSettings): Form {
  const days = settings.assignment_blocked_days;
  return {
    given: settings.assignment_email,
    lost: settings.unassignment_email,
    block: settings.assignment_blocked_forever ? "forever" : days == null ? "none" : "days",
    days: days == null ? USUAL_DAYS : String(days),
    leavers: settings.free_numbers_of_leavers,
  };
}

/** Days that are no number would be sent as none, and none is no block: such a form is not sent. */
export function complete(form: Form): boolean {
  return form.block !== "days" || Number.isFinite(whole(form.days) ?? NaN);
}

/** What is sent: all of it, since it replaces what was there. */
export function sent(form: Form): Schemas["NumberSettingsPut"] {
  return {
    assignment_email: form.given,
    unassignment_email: form.lost,
    assignment_blocked_forever: form.block === "forever",
    assignment_blocked_days: form.block === "days" ? whole(form.days) : null,
    free_numbers_of_leavers: form.leavers,
  };
}

/** Whether a number that is taken back is blocked, in words. */
export function blockSaid(settings: NumberSettings): string {
  if (settings.assignment_blocked_forever) return BLOCKS.forever;
  const days = settings.assignment_blocked_days;
  return days == null ? BLOCKS.none : `Blocked for ${days} ${days === 1 ? "day" : "days"}`;
}
