//! Policies: what they say, for whom they hold, groups of people, and rules for callers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A rule of a dial plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalizationRule {
    /// What people call it; no other rule of the plan is called so.
    #[schema(min_length = 1, max_length = 49, example = "extensions")]
    pub name: String,
    /// A regular expression over what is dialled. It matches anywhere unless it says `^` and `$`.
    #[schema(min_length = 1, max_length = 256, example = "^(\\d{4})$")]
    pub pattern: String,
    /// What becomes of it: `+`, digits, and `$1` to `$9` for what the groups matched.
    #[schema(min_length = 1, max_length = 64, example = "+4420794$1")]
    pub translation: String,
}

/// What a policy says. Its kind never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind")]
pub enum PolicySettings {
    /// What people dial, made numbers: the first rule that matches counts.
    TenantDialPlan {
        /// 1 to 50, in their order.
        #[schema(min_items = 1, max_items = 50)]
        rules: Vec<NormalizationRule>,
    },
    /// What callers are shown by outside. Emergency calls always show the caller's own number.
    CallingLineIdentity {
        /// `LineUri`: the caller's own number. `Anonymous`: none. `Resource`: that of
        /// `resource_account_id`.
        #[serde(default = "line_uri")]
        #[schema(pattern = "^(LineUri|Anonymous|Resource)$", default = "LineUri")]
        substitute: String,
        /// Whose number is shown with `Resource`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resource_account_id: Option<Uuid>,
        /// Shown as the caller's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(min_length = 1, max_length = 50)]
        company_name: Option<String>,
        /// People may hide their number.
        #[serde(default)]
        enable_user_override: bool,
        /// People do not see who calls from outside.
        #[serde(default)]
        block_incoming_pstn_caller_id: bool,
    },
    /// Whom people may call outside. Never restricts an emergency call.
    OnlineDialOutPolicy {
        /// `InternationalAndDomestic`, `Domestic`, `None`.
        #[schema(pattern = "^(InternationalAndDomestic|Domestic|None)$")]
        allowed: String,
        /// Premium rate, shared cost and satellites too.
        #[serde(default = "yes")]
        #[schema(default = true)]
        premium: bool,
        /// Whom meetings that they organize may call: `InternationalAndDomestic` (default), `Domestic`,
        /// `None`.
        #[serde(default = "anywhere")]
        #[schema(
            pattern = "^(InternationalAndDomestic|Domestic|None)$",
            default = "InternationalAndDomestic"
        )]
        conferencing_allowed: String,
    },
    /// By which of the tenant's own gateways calls outside leave. A number that no route of
    /// these usages matches leaves by the operator of the caller's number.
    OnlineVoiceRoutingPolicy {
        /// PSTN usages of the voice routing, in the order in which they are tried; none keeps
        /// whom it holds for off the gateways.
        #[serde(default)]
        #[schema(max_items = 100)]
        online_pstn_usages: Vec<String>,
    },
    /// By which number of a conference bridge meetings call out: the first voice route of these
    /// usages that matches names it. Held by whoever organizes the meeting; everybody's where nobody
    /// does.
    OnlineAudioConferencingRoutingPolicy {
        /// PSTN usages of the voice routing, in the order in which they are tried; none lets meetings
        /// call nobody.
        #[serde(default)]
        #[schema(max_items = 100)]
        online_pstn_usages: Vec<String>,
    },
    /// Who is told when somebody calls for help. Never delays or refuses the call.
    TeamsEmergencyCallingPolicy {
        /// Mail addresses or user principal names; at most 10 together with the groups.
        #[serde(default)]
        #[schema(max_items = 10, example = json!(["desk@contoso.example"]))]
        notification_group: Vec<String>,
        /// Groups of your people, who are told as well; at most 50 people in all.
        #[serde(default)]
        #[schema(max_items = 10)]
        notification_group_ids: Vec<Uuid>,
        /// A number outside that is to be dialled too, in the two conference modes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(pattern = r"^\+[1-9]\d{1,14}$")]
        notification_dial_out_number: Option<String>,
        /// `NotificationOnly`, `ConferenceMuted`, `ConferenceUnMuted`.
        #[serde(default = "notification_only")]
        #[schema(
            pattern = "^(NotificationOnly|ConferenceMuted|ConferenceUnMuted)$",
            default = "NotificationOnly"
        )]
        notification_mode: String,
        /// `Enabled`: people may say themselves where they are when they are away. `Disabled`.
        #[serde(default = "disabled")]
        #[schema(pattern = "^(Disabled|Enabled)$", default = "Disabled")]
        external_location_lookup_mode: String,
        /// What people are shown about emergency calls.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(min_length = 1, max_length = 350)]
        enhanced_emergency_service_disclaimer: Option<String>,
        /// What holds in place of it for single dial strings, each once; at most 50. An entry that
        /// names nobody keeps calls of its string from being told, as those of a test number.
        #[serde(default)]
        #[schema(max_items = 50)]
        extended_notifications: Vec<ExtendedNotification>,
    },
    /// How calls for help of Direct Routing numbers leave by your own gateways. Of no effect for
    /// numbers of operators.
    TeamsEmergencyCallRoutingPolicy {
        /// Calls carry where the caller is.
        #[serde(default)]
        allow_enhanced_emergency_services: bool,
        /// At most 50. Calls of the country's emergency numbers that are not among them go as they
        /// would without the policy.
        #[serde(default)]
        #[schema(max_items = 50)]
        emergency_numbers: Vec<EmergencyNumber>,
    },
    /// By which number people without one of their own call outside.
    TeamsSharedCallingRoutingPolicy {
        /// A call queue whose number they call by; it has one, with an emergency location.
        resource_account_id: Uuid,
        /// Of these an emergency call takes one, so that those who come to help call back whoever
        /// called, within 60 minutes. They are free, of the type and country of the account's number,
        /// and no other policy's. Without any the account's number is taken.
        #[serde(default)]
        #[schema(max_items = 50)]
        emergency_numbers: Vec<String>,
    },
}

/// Who is told of calls of one dial string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendedNotification {
    /// What is dialled.
    #[schema(pattern = r"^\d{1,10}$", example = "933")]
    pub emergency_dial_string: String,
    /// As that of the policy.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub notification_group: Vec<String>,
    /// As those of the policy.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub notification_group_ids: Vec<Uuid>,
    /// As that of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\+[1-9]\d{1,14}$")]
    pub notification_dial_out_number: Option<String>,
    /// As that of the policy.
    #[serde(default = "notification_only")]
    #[schema(
        pattern = "^(NotificationOnly|ConferenceMuted|ConferenceUnMuted)$",
        default = "NotificationOnly"
    )]
    pub notification_mode: String,
}

/// A number for help, as gateways are to carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmergencyNumber {
    /// What the gateway is given.
    #[schema(pattern = r"^\d{1,10}$", example = "911")]
    pub emergency_dial_string: String,
    /// What is dialled and becomes it; a test number cannot be one.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["112"]))]
    pub emergency_dial_mask: Vec<String>,
    /// One of your PSTN usages, whose voice routes name the gateways. Left out, those in the
    /// caller's country carry the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 49)]
    pub online_pstn_usage: Option<String>,
}

fn anywhere() -> String {
    "InternationalAndDomestic".to_owned()
}

fn notification_only() -> String {
    "NotificationOnly".to_owned()
}

fn disabled() -> String {
    "Disabled".to_owned()
}

fn line_uri() -> String {
    "LineUri".to_owned()
}

const fn yes() -> bool {
    true
}

/// `POST /tenant/v1/policies`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyCreate {
    /// No other policy of its kind is called so.
    #[schema(min_length = 1, max_length = 49, example = "Soho")]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 512)]
    pub description: String,
    /// What it says.
    pub settings: PolicySettings,
}

/// `PATCH /tenant/v1/policies/{policy_id}`; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyUpdate {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 49)]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub description: Option<String>,
    /// What it says, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<PolicySettings>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// Identity.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it says.
    pub settings: PolicySettings,
    /// Grows with each edit.
    pub version: i64,
}

/// `PUT /tenant/v1/policy-assignments`: one of user, group and number, or none of them for
/// everybody. What held for the target before is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyAssignmentPut {
    /// `TenantDialPlan`, `CallingLineIdentity`, `OnlineDialOutPolicy`, `OnlineVoiceRoutingPolicy`,
    /// `TeamsEmergencyCallingPolicy`, `TeamsEmergencyCallRoutingPolicy`.
    #[schema(
        pattern = "^(TenantDialPlan|CallingLineIdentity|OnlineDialOutPolicy|OnlineVoiceRoutingPolicy|OnlineAudioConferencingRoutingPolicy|TeamsEmergencyCallingPolicy|TeamsEmergencyCallRoutingPolicy|TeamsSharedCallingRoutingPolicy)$"
    )]
    pub kind: String,
    /// Which; left out, none holds for the target any more.
    #[serde(default)]
    pub policy_id: Option<Uuid>,
    /// For one person.
    #[serde(default)]
    pub user_id: Option<Uuid>,
    /// For the people of a group.
    #[serde(default)]
    pub group_id: Option<Uuid>,
    /// Of a group with a policy: of several groups of a person the lowest rank counts, and no
    /// other group has the same with this kind.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub rank: Option<u32>,
    /// For the calls of one of your numbers.
    #[serde(default)]
    #[schema(pattern = r"^\+[1-9]\d{1,14}$")]
    pub number: Option<String>,
}

/// For whom a policy holds: everybody where neither person, group nor number is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyAssignment {
    /// Of which kind.
    pub kind: String,
    /// `global`, `group`, `user`, `number`.
    pub target: String,
    /// The policy; none where it was taken away.
    pub policy_id: Option<Uuid>,
    /// Its name.
    pub policy_name: Option<String>,
    /// The person.
    pub user_id: Option<Uuid>,
    /// The group.
    pub group_id: Option<Uuid>,
    /// The group's rank.
    pub rank: Option<u32>,
    /// The number.
    pub number: Option<String>,
    /// A trap that this assignment opens, as `/tenant/v1/coexistence` will list it; told where it
    /// is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The policy of one kind that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EffectivePolicy {
    /// Of which kind.
    pub kind: String,
    /// Which.
    pub policy_id: Uuid,
    /// Its name.
    pub policy_name: String,
    /// Why it holds: `number`, `direct`, `group`, `global`; each beats what follows it.
    pub assigned: String,
    /// The group, where one is why.
    pub group_id: Option<Uuid>,
    /// Its rank.
    pub rank: Option<u32>,
}

/// `GET /tenant/v1/effective-policies`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EffectivePolicies {
    /// One of each kind of which one holds.
    pub policies: Vec<EffectivePolicy>,
}

/// `POST /tenant/v1/groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupCreate {
    /// No other group is called so.
    #[schema(min_length = 1, max_length = 100, example = "Sales")]
    pub name: String,
}

/// A group of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Identity.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How many are in it.
    pub members: u32,
}

/// `POST /tenant/v1/groups/{group_id}/members`. Who is in it already, or is not, stays so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupMembersEdit {
    /// Who joins; at most 1,000 join and leave.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub join: Vec<Uuid>,
    /// Who leaves.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub leave: Vec<Uuid>,
}

/// Somebody in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupMember {
    /// Who.
    pub id: Uuid,
    /// User principal name.
    pub upn: String,
    /// Name.
    pub display_name: String,
}

/// Callers that are not let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockedNumbers {
    /// What people call it; no other one is called so.
    #[schema(min_length = 1, max_length = 49)]
    pub name: String,
    /// A regular expression over the caller's number, `+` and digits, or what stands in its place
    /// (`anonymous`).
    #[schema(min_length = 1, max_length = 256, example = "^\\+1900")]
    pub pattern: String,
    /// `false` keeps it, without effect.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Their calls go to this call queue; refused if left out.
    #[serde(default)]
    pub redirect_to_account_id: Option<Uuid>,
    /// They hear this announcement of your voice targets; not together with a queue.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 49)]
    pub redirect_to_announcement: Option<String>,
}

/// Callers that are let in though they are blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExemptNumbers {
    /// What people call it; no other one is called so.
    #[schema(min_length = 1, max_length = 49)]
    pub name: String,
    /// A regular expression over the caller's number.
    #[schema(min_length = 1, max_length = 256)]
    pub pattern: String,
    /// `false` keeps it, without effect.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// What becomes of calls to your numbers that nobody has; exactly one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnassignedTreatment {
    /// What people call it; no other one is called so.
    #[schema(min_length = 1, max_length = 49)]
    pub name: String,
    /// A regular expression over the called number, `+` and digits.
    #[schema(min_length = 1, max_length = 256)]
    pub pattern: String,
    /// The lowest that matches counts; no two are the same.
    pub priority: u32,
    /// This person answers.
    #[serde(default)]
    pub user_id: Option<Uuid>,
    /// This call queue answers.
    #[serde(default)]
    pub resource_account_id: Option<Uuid>,
    /// This announcement of your voice targets answers.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 49)]
    pub announcement: Option<String>,
}

/// `PUT /tenant/v1/call-screening`: replaces all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallScreeningPut {
    /// At most 200.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub blocked: Vec<BlockedNumbers>,
    /// At most 200.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub exempt: Vec<ExemptNumbers>,
    /// At most 200.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub unassigned: Vec<UnassignedTreatment>,
}

/// Rules for callers, and for numbers that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallScreening {
    /// Callers that are not let in.
    pub blocked: Vec<BlockedNumbers>,
    /// Exceptions from that.
    pub exempt: Vec<ExemptNumbers>,
    /// Numbers that nobody has.
    pub unassigned: Vec<UnassignedTreatment>,
    /// Grows with each edit; 0 where there never were any.
    pub version: i64,
}
