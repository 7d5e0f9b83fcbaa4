import type { Schemas } from "../../api/client";

/** Where a call that might be comes from. */
export type From = "user" | "inbound" | "address";

export interface Supposed {
  from: From;
  called: string;
  user: string;
  /** Who calls, where an operator brings it. */
  caller: string;
  address: string;
}

/** What is asked: exactly one of the three, and who calls only where an operator brings the call. */
export function question({ from, called, user, caller, address }: Supposed): Schemas["ExplainCall"] {
  switch (from) {
    case "user":
      return { called: called.trim(), from_user_id: user };
    case "inbound":
      return { called: called.trim(), inbound: true, ...(caller.trim() && { from_number: caller.trim() }) };
    case "address":
      return { called: called.trim(), from_address: address.trim() };
  }
}

/** All that must be known is. */
export function complete({ from, called, user, address }: Supposed): boolean {
  if (called.trim() === "") return false;
  return from === "user" ? user !== "" : from === "inbound" || address.trim() !== "";
}
