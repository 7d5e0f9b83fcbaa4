import type { Schemas } from "../../api/client";
import { DIAL_OUT, named, SUBSTITUTES } from "../../components/choices";

export type Settings = Schemas["PolicySettings"];
export type Kind = Settings["kind"];

/** What a new policy of a kind says until somebody says otherwise. */
export function blank(kind: Kind): Settings {
  switch (kind) {
    case "TenantDialPlan":
      return { kind, rules: [{ name: "", pattern: "", translation: "" }] };
    case "CallingLineIdentity":
      return { kind, substitute: "LineUri" };
    case "OnlineDialOutPolicy":
      return { kind, allowed: "InternationalAndDomestic", premium: true };
    case "OnlineVoiceRoutingPolicy":
      return { kind, online_pstn_usages: [] };
  }
}

/** What is sent of them: a number that is not shown is not named. */
export function sent(settings: Settings): Settings {
  if (settings.kind !== "CallingLineIdentity") return settings;
  const { resource_account_id, company_name, ...rest } = settings;
  const company = company_name?.trim();
  return {
    ...rest,
    ...(settings.substitute === "Resource" && resource_account_id && { resource_account_id }),
    ...(company && { company_name: company }),
  };
}

/** What a policy says, in one line. */
export function said(settings: Settings): string {
  switch (settings.kind) {
    case "TenantDialPlan":
      return settings.rules.map((rule) => `${rule.pattern} → ${rule.translation}`).join(", ");
    case "CallingLineIdentity":
      return [
        named(SUBSTITUTES, settings.substitute),
        settings.company_name && `as ${settings.company_name}`,
        settings.enable_user_override && "people may hide it",
        settings.block_incoming_pstn_caller_id && "callers from outside are not shown",
      ]
        .filter(Boolean)
        .join(", ");
    case "OnlineDialOutPolicy":
      return `${named(DIAL_OUT, settings.allowed)}${settings.premium || settings.allowed === "None" ? "" : ", no premium numbers"}`;
    case "OnlineVoiceRoutingPolicy":
      return settings.online_pstn_usages?.join(", then ") || "By no gateway";
  }
}
