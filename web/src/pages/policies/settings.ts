import type { Schemas } from "../../api/client";
import { DIAL_OUT, named, NOTIFICATION_MODES, SUBSTITUTES } from "../../components/choices";

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
      return { kind, allowed: "InternationalAndDomestic", premium: true, conferencing_allowed: "InternationalAndDomestic" };
    case "OnlineVoiceRoutingPolicy":
    case "OnlineAudioConferencingRoutingPolicy":
      return { kind, online_pstn_usages: [] };
    case "TeamsSharedCallingRoutingPolicy":
      return { kind, resource_account_id: "", emergency_numbers: [] };
    case "TeamsEmergencyCallingPolicy":
      return { kind, notification_mode: "NotificationOnly", external_location_lookup_mode: "Disabled" };
    case "TeamsEmergencyCallRoutingPolicy":
      return { kind, allow_enhanced_emergency_services: true, emergency_numbers: [] };
  }
}

/** The entries of a list that was typed: without spaces around them, and without empty ones. */
function typed(entries: readonly string[] | undefined): string[] {
  return (entries ?? []).map((entry) => entry.trim()).filter(Boolean);
}

/** Whom a policy tells, without what its mode does not use. */
function told<One extends Notified>(one: One): One {
  const { notification_dial_out_number, ...rest } = one;
  const dialled = notification_dial_out_number?.trim();
  return {
    ...rest,
    notification_group: typed(one.notification_group),
    ...(dialled && one.notification_mode !== "NotificationOnly" && { notification_dial_out_number: dialled }),
  } as One;
}

type Notified = Pick<Schemas["ExtendedNotification"], "notification_dial_out_number" | "notification_group" | "notification_mode">;

/** What is sent of them: lists without gaps, and nothing that the rest makes meaningless. */
export function sent(settings: Settings): Settings {
  switch (settings.kind) {
    case "CallingLineIdentity": {
      const { resource_account_id, company_name, ...rest } = settings;
      const company = company_name?.trim();
      return {
        ...rest,
        ...(settings.substitute === "Resource" && resource_account_id && { resource_account_id }),
        ...(company && { company_name: company }),
      };
    }
    case "TeamsSharedCallingRoutingPolicy":
      return { ...settings, emergency_numbers: typed(settings.emergency_numbers) };
    case "TeamsEmergencyCallingPolicy": {
      const { enhanced_emergency_service_disclaimer, ...rest } = told(settings);
      const disclaimer = enhanced_emergency_service_disclaimer?.trim();
      return {
        ...rest,
        ...(disclaimer && { enhanced_emergency_service_disclaimer: disclaimer }),
        extended_notifications: settings.extended_notifications?.map(told) ?? [],
      };
    }
    case "TeamsEmergencyCallRoutingPolicy":
      return {
        ...settings,
        emergency_numbers: (settings.emergency_numbers ?? []).map(({ online_pstn_usage, ...number }) => ({
          ...number,
          emergency_dial_mask: typed(number.emergency_dial_mask),
          ...(online_pstn_usage && { online_pstn_usage }),
        })),
      };
    default:
      return settings;
  }
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
      return [
        `${named(DIAL_OUT, settings.allowed)}${settings.premium || settings.allowed === "None" ? "" : ", no premium numbers"}`,
        settings.conferencing_allowed !== "InternationalAndDomestic" &&
          `meetings: ${named(DIAL_OUT, settings.conferencing_allowed).toLowerCase()}`,
      ]
        .filter(Boolean)
        .join("; ");
    case "OnlineVoiceRoutingPolicy":
    case "OnlineAudioConferencingRoutingPolicy":
      return settings.online_pstn_usages?.join(", then ") || "By no gateway";
    case "TeamsSharedCallingRoutingPolicy":
      return `By a call queue's number; emergency calls by ${settings.emergency_numbers?.join(", ") || "the same"}`;
    case "TeamsEmergencyCallingPolicy": {
      const addresses = settings.notification_group ?? [];
      const groups = settings.notification_group_ids?.length ?? 0;
      const whom = [...addresses, groups > 0 && (groups === 1 ? "a group" : `${groups} groups`)].filter(Boolean);
      const strings = settings.extended_notifications?.map((one) => one.emergency_dial_string) ?? [];
      return [
        whom.length > 0 ? `${named(NOTIFICATION_MODES, settings.notification_mode)}: ${whom.join(", ")}` : "Nobody is told",
        strings.length > 0 && `another rule for ${strings.join(", ")}`,
      ]
        .filter(Boolean)
        .join("; ");
    }
    case "TeamsEmergencyCallRoutingPolicy": {
      const number = ({ emergency_dial_mask, emergency_dial_string }: Schemas["EmergencyNumber"]) =>
        [emergency_dial_mask?.join(", "), emergency_dial_string].filter(Boolean).join(" → ");
      return settings.emergency_numbers?.map(number).join("; ") || "The country's emergency numbers";
    }
  }
}
