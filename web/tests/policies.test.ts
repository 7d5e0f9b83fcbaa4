import { expect, test } from "vitest";

import { POLICY_KINDS } from "../src/components/choices";
import { moved, put, without } from "../src/components/rows";
import { instant, stands } from "../src/pages/freezes/window";
import { lines } from "../src/pages/policies/Blocked";
import { rankOf } from "../src/pages/policies/rank";
import { blank, said, sent, type Kind, type Settings } from "../src/pages/policies/settings";

const KINDS = Object.keys(POLICY_KINDS) as Kind[];

test.each(KINDS)("a new %s is of its kind", (kind) => expect(blank(kind).kind).toBe(kind));

test.each<[Settings, string]>([
  [
    {
      kind: "TenantDialPlan",
      rules: [
        { name: "a", pattern: "^0$", translation: "+1" },
        { name: "b", pattern: "^1$", translation: "+2" },
      ],
    },
    "^0$ → +1, ^1$ → +2",
  ],
  [{ kind: "CallingLineIdentity", substitute: "Anonymous" }, "No number"],
  [
    { kind: "CallingLineIdentity", substitute: "LineUri", enable_user_override: true, block_incoming_pstn_caller_id: true },
    "The caller's own number, people may hide it, callers from outside are not shown",
  ],
  [
    { kind: "OnlineDialOutPolicy", allowed: "Domestic", premium: false, conferencing_allowed: "InternationalAndDomestic" },
    "In the country only, no premium numbers",
  ],
  [
    { kind: "OnlineDialOutPolicy", allowed: "None", premium: false, conferencing_allowed: "Domestic" },
    "Not at all; meetings: in the country only",
  ],
  [{ kind: "OnlineVoiceRoutingPolicy", online_pstn_usages: ["Local", "Any"] }, "Local, then Any"],
  [{ kind: "OnlineVoiceRoutingPolicy" }, "By no gateway"],
  [
    { kind: "TeamsSharedCallingRoutingPolicy", resource_account_id: "q", emergency_numbers: ["+442079460001"] },
    "By a call queue's number; emergency calls by +442079460001",
  ],
  [
    {
      kind: "TeamsEmergencyCallingPolicy",
      notification_mode: "ConferenceMuted",
      external_location_lookup_mode: "Disabled",
      notification_group: ["desk@contoso.example"],
      notification_group_ids: ["g"],
      extended_notifications: [{ emergency_dial_string: "933", notification_mode: "NotificationOnly" }],
    },
    "Called in, to listen: desk@contoso.example, a group; another rule for 933",
  ],
  [
    {
      kind: "TeamsEmergencyCallRoutingPolicy",
      emergency_numbers: [
        { emergency_dial_string: "911", emergency_dial_mask: ["112", "999"] },
        { emergency_dial_string: "933" },
      ],
    },
    "112, 999 → 911; 933",
  ],
])("%j is told as %j", (settings, text) => expect(said(settings)).toBe(text));

test("a queue is named only where its number is shown, and no empty company", () => {
  const was: Settings = {
    kind: "CallingLineIdentity",
    substitute: "LineUri",
    resource_account_id: "q",
    company_name: "  ",
    enable_user_override: true,
  };
  expect(sent(was)).toEqual({ kind: "CallingLineIdentity", substitute: "LineUri", enable_user_override: true });
  expect(sent({ ...was, substitute: "Resource", company_name: " Contoso " })).toMatchObject({
    resource_account_id: "q",
    company_name: "Contoso",
  });
});

test("a typed list is sent without its gaps, and no number where nobody is called in", () => {
  expect(
    sent({
      kind: "TeamsEmergencyCallingPolicy",
      notification_mode: "NotificationOnly",
      notification_dial_out_number: "+442079460100",
      external_location_lookup_mode: "Disabled",
      notification_group: [" desk@contoso.example ", ""],
      enhanced_emergency_service_disclaimer: " ",
      extended_notifications: [
        {
          emergency_dial_string: "933",
          notification_mode: "ConferenceMuted",
          notification_dial_out_number: "+442079460100",
          notification_group: [""],
        },
      ],
    }),
  ).toEqual({
    kind: "TeamsEmergencyCallingPolicy",
    notification_mode: "NotificationOnly",
    external_location_lookup_mode: "Disabled",
    notification_group: ["desk@contoso.example"],
    extended_notifications: [
      {
        emergency_dial_string: "933",
        notification_mode: "ConferenceMuted",
        notification_dial_out_number: "+442079460100",
        notification_group: [],
      },
    ],
  });
  expect(
    sent({
      kind: "TeamsEmergencyCallRoutingPolicy",
      emergency_numbers: [{ emergency_dial_string: "911", emergency_dial_mask: ["112", " 999", ""], online_pstn_usage: "" }],
    }),
  ).toEqual({
    kind: "TeamsEmergencyCallRoutingPolicy",
    emergency_numbers: [{ emergency_dial_string: "911", emergency_dial_mask: ["112", "999"] }],
  });
});

test("rows are moved, replaced, added and taken away where they stand", () => {
  expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b"], 0, 1)).toEqual(["b", "a"]);
  expect(without(["a", "a", "b"], 1)).toEqual(["a", "b"]);
  expect(put(["a", "b"], 1, "c")).toEqual(["a", "c"]);
  expect(put(["a"], undefined, "b")).toEqual(["a", "b"]);
});

test("a rule keeps its place in its own list", () => {
  const shown = lines({
    version: 3,
    blocked: [{ name: "x", pattern: "1" }, { name: "y", pattern: "2", enabled: false, redirect_to_account_id: "q" }],
    exempt: [{ name: "z", pattern: "3" }],
    unassigned: [],
  });
  expect(shown.map(({ list, at, name, enabled }) => [list, at, name, enabled])).toEqual([
    ["blocked", 0, "x", true],
    ["blocked", 1, "y", false],
    ["exempt", 0, "z", true],
  ]);
});

test.each([
  ["1", 1],
  [" 12 ", 12],
  ["", null],
  ["-1", null],
  ["1.5", null],
])("%j typed as a rank is %j", (text, rank) => expect(rankOf(text)).toBe(rank));

test.each([
  ["11:59:59", "planned"],
  ["12:00:00", "open"],
  ["12:59:59", "open"],
  ["13:00:00", "over"],
])("at %s a window from noon to one is %s", (time, where) => {
  const window = { starts_at: "2026-11-29T12:00:00Z", ends_at: "2026-11-29T13:00:00Z" };
  expect(stands(window, Date.parse(`2026-11-29T${time}Z`))).toBe(where);
});

test("a local moment is told as an instant, an empty or unfinished one as none", () => {
  expect(instant("2026-11-29T12:00")).toBe(new Date(2026, 10, 29, 12).toISOString());
  expect(instant("")).toBeNull();
  expect(instant("soon")).toBeNull();
});
