//! Numbers and orders (operator-connect.md 1.7, 1.8).

use crate::problem::EntryError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// `POST /operator/v1/number-orders`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberOrderCreate {
    /// `upload`, `release` or `update`.
    #[schema(pattern = "^(upload|release|update)$")]
    pub kind: String,
    /// The tenant.
    pub tenant_id: Uuid,
    /// For uploads and updates: what entries use unless they say otherwise.
    #[serde(default)]
    pub calling_profile_id: Option<Uuid>,
    /// For uploads and updates: usage unless an entry says otherwise;
    /// `CallingUserAssignment`, `FirstPartyAppAssignment`, `ConferenceAssignment`.
    #[serde(default)]
    #[schema(
        pattern = "^(CallingUserAssignment|FirstPartyAppAssignment|ConferenceAssignment|ConferenceAssigned)$"
    )]
    pub usage: Option<String>,
    /// For uploads and updates: location unless an entry says otherwise.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// For uploads and updates: the tenant may set or change the location; false for an upload
    /// that does not say it, and as it was for an update.
    #[serde(default)]
    pub allow_tenant_address_update: Option<bool>,
    /// The operator's own reference, at most 64 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub ticket_id: Option<String>,
    /// Check everything, change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// 1 to 1,000 entries.
    #[schema(min_items = 1, max_items = 1000)]
    pub entries: Vec<NumberOrderEntryCreate>,
}

/// One entry of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberOrderEntryCreate {
    /// E.164.
    #[schema(example = "+442079460000")]
    pub number: String,
    /// Overrides the order's usage.
    #[serde(default)]
    pub usage: Option<String>,
    /// Overrides the order's calling profile.
    #[serde(default)]
    pub calling_profile_id: Option<Uuid>,
    /// Overrides the order's location.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// Where the digits do not tell it.
    #[serde(default)]
    pub country: Option<String>,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NumberOrder {
    /// Identity.
    pub id: Uuid,
    /// `upload`, `release` and `update` are operators'; `assign`, `unassign`, `location`, `tags`
    /// and `usage` are tenants'.
    pub kind: String,
    /// Whose numbers.
    pub tenant_id: Uuid,
    /// Which operator placed it; a tenant's own order has none.
    pub operator_id: Option<Uuid>,
    /// `pending`, `in_progress`, `success`, `partial_success`, `error`.
    pub status: String,
    /// Changes nothing.
    pub dry_run: bool,
    /// Entries in all.
    pub total: u32,
    /// Entries done, good or bad.
    pub done: u32,
    /// Entries that succeeded.
    pub succeeded: u32,
    /// Entries that failed.
    pub failed: u32,
    /// The reference of whoever placed it.
    pub ticket_id: Option<String>,
    /// The order whose failed entries it tries again.
    pub retries_id: Option<Uuid>,
    /// The order whose acts it undoes.
    pub undoes_id: Option<Uuid>,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the last entry was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
}

/// One entry's result, `GET /…/v1/number-orders/{id}/entries`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NumberOrderEntry {
    /// Its place in the order, from 0.
    pub index: u32,
    /// As it was sent.
    pub number: String,
    /// The line of the file it came from, counted from 1.
    pub line: Option<u32>,
    /// The column of that file to blame, by its header.
    pub column: Option<String>,
    /// `pending`, `success`, `error`.
    pub status: String,
    /// Why it failed.
    pub error: Option<EntryError>,
    /// Not wrong, but odd: outside the ranges the metadata knows.
    pub warning: Option<String>,
}

/// A number, as tenant and operator see it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Number {
    /// E.164.
    pub number: String,
    /// Its holder.
    pub tenant_id: Uuid,
    /// Its operator; of every Direct Routing number the same that stands for none.
    pub operator_id: Uuid,
    /// The operator's name.
    pub operator_name: String,
    /// `OperatorConnect`: the operator's trunks. `DirectRouting`: the tenant's own gateways.
    pub number_type: String,
    /// Who sees to it when its calls fail: the `operator`, or the `tenant`'s own people.
    pub support_owner: String,
    /// Its calling profile; of every Direct Routing number the same that stands for none.
    pub calling_profile_id: Uuid,
    /// Country.
    pub country: String,
    /// Usage.
    pub usage: String,
    /// `AssignmentPending`, `Activated`, …
    pub activation_state: String,
    /// `Unassigned`, `UserAssigned`, `VoiceApplicationAssigned`, `ConferenceAssigned`,
    /// `PolicyAssigned`.
    pub assignment_status: String,
    /// User or resource account.
    pub assigned_to_id: Option<Uuid>,
    /// Their name.
    pub assigned_to_name: Option<String>,
    /// What it is to the person who has it: `Primary`, `Private` (inbound only), `Alternate` (a
    /// second line). Nothing for others, and operators see none.
    pub assignment_category: Option<String>,
    /// Its emergency location.
    pub location_id: Option<Uuid>,
    /// The tenant may set or change the location.
    pub location_update_supported: bool,
    /// The tenant's tags, in their order; operators see none.
    pub tags: Vec<String>,
    /// `NotBlocked`, `BlockedForever`, `BlockedUntil`: whether it may be assigned.
    pub assignment_blocked_state: String,
    /// Until when, if it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub assignment_blocked_until: Option<Timestamp>,
    /// When it came into the inventory.
    #[schema(value_type = String, format = DateTime)]
    pub acquired_at: Timestamp,
    /// Optimistic version, also in the ETag.
    pub version: i64,
}

/// `PUT /tenant/v1/numbers/{number}/assignment` (If-Match honoured). Exactly one
/// of `user_id` and `resource_account_id`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentPut {
    /// A person.
    #[serde(default)]
    pub user_id: Option<Uuid>,
    /// A call queue's account.
    #[serde(default)]
    pub resource_account_id: Option<Uuid>,
    /// The emergency location; left out, the number keeps the one it has.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// What it is to the person: `Primary` if left out, `Private` or `Alternate`. Whoever has the
    /// number may be given it as something else.
    #[serde(default)]
    #[schema(pattern = "^(Primary|Private|Alternate)$")]
    pub category: Option<String>,
    /// Check everything, change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// `POST /tenant/v1/number-orders`: the same for many numbers, each of which succeeds or fails
/// alone.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantOrderCreate {
    /// `assign`, `unassign`, `location`, `tags` or `usage`.
    #[schema(pattern = "^(assign|unassign|location|tags|usage)$")]
    pub kind: String,
    /// For `assign` and `location`: unless an entry says otherwise. A `location` order without one
    /// removes the locations of entries that name none.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// For `usage`: `CallingUserAssignment` or `FirstPartyAppAssignment`.
    #[serde(default)]
    #[schema(pattern = "^(CallingUserAssignment|FirstPartyAppAssignment)$")]
    pub usage: Option<String>,
    /// For `tags`: to add; with those to remove at most 10.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub add_tags: Vec<String>,
    /// For `tags`: to remove.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub remove_tags: Vec<String>,
    /// For `unassign`: keep the numbers from being assigned: `none`, `forever` or 1 to 365 days.
    /// Wins over the tenant's default.
    #[serde(default)]
    #[schema(pattern = "^(none|forever|[1-9][0-9]{0,2})$")]
    pub block: Option<String>,
    /// The tenant's own reference, at most 64 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub ticket_id: Option<String>,
    /// Check everything, change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// 1 to 1,000 entries.
    #[schema(min_items = 1, max_items = 1000)]
    pub entries: Vec<TenantOrderEntryCreate>,
}

/// One entry of a tenant's order.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantOrderEntryCreate {
    /// E.164.
    #[schema(example = "+442079460000")]
    pub number: String,
    /// For `assign`: a person, by user principal name or id.
    #[serde(default)]
    pub user: Option<String>,
    /// For `assign`: a resource account, by user principal name or id.
    #[serde(default)]
    pub resource_account: Option<String>,
    /// For `assign` and `location`: overrides the order's.
    #[serde(default)]
    pub location_id: Option<Uuid>,
    /// For `assign`: `Primary` if left out, `Private` or `Alternate`.
    #[serde(default)]
    pub category: Option<String>,
}

/// `PUT /tenant/v1/numbers/{number}/tags`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagsPut {
    /// At most 50, of at most 50 characters each; upper and lower case are the same.
    #[schema(max_items = 50)]
    pub tags: Vec<String>,
}

/// A tag, `GET /tenant/v1/tags`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NumberTag {
    /// As it was written first.
    pub name: String,
    /// How many numbers have it.
    pub numbers: i64,
}

/// `PUT /tenant/v1/numbers/{number}/assignment-block`: one of the two.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentBlockPut {
    /// Until somebody lifts it.
    #[serde(default)]
    pub forever: bool,
    /// 1 to 365.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    pub days: Option<u32>,
}

/// What a tenant wants done unless an operation says otherwise, `/tenant/v1/number-settings`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct NumberSettings {
    /// Whoever is given a number hears of it by mail, if a node of the house was told of a mail server.
    pub assignment_email: bool,
    /// Whoever loses one too.
    pub unassignment_email: bool,
    /// A number that is taken back is blocked until somebody lifts it.
    pub assignment_blocked_forever: bool,
    /// Or for so many days, 1 to 365.
    pub assignment_blocked_days: Option<u32>,
    /// Numbers of people who are deactivated or removed are taken back. Otherwise they stay theirs,
    /// and nobody is removed who has one.
    pub free_numbers_of_leavers: bool,
    /// Optimistic version, also in the ETag; 0 before the first change.
    pub version: i64,
}

/// `PUT /tenant/v1/number-settings` (If-Match honoured).
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberSettingsPut {
    /// See [`NumberSettings`].
    #[serde(default)]
    pub assignment_email: bool,
    /// See [`NumberSettings`].
    #[serde(default)]
    pub unassignment_email: bool,
    /// Not together with days.
    #[serde(default)]
    pub assignment_blocked_forever: bool,
    /// 1 to 365, not together with for ever.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    pub assignment_blocked_days: Option<u32>,
    /// See [`NumberSettings`].
    #[serde(default)]
    pub free_numbers_of_leavers: bool,
}

/// What failed in an operator's order, `GET /operator/v1/order-messages`, until it is dismissed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OrderMessage {
    /// Identity.
    pub id: Uuid,
    /// The tenant it was for.
    pub tenant_id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// The entry's place in it, from 0.
    pub index: u32,
    /// Its number, as it was sent.
    pub number: String,
    /// The operator's reference.
    pub ticket_id: Option<String>,
    /// Stable.
    pub code: String,
    /// What the code means.
    pub title: String,
    /// What was wrong with this entry.
    pub detail: String,
    /// What helps.
    pub remedy: String,
    /// Where in the order, a JSON pointer.
    pub pointer: String,
    /// When it failed.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// A dispute on a number's authority: an operator uploaded it while another operator's tenant held
/// it. `GET /operator/v1/disputes`, `GET /programme/v1/disputes`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Dispute {
    /// Identity.
    pub id: Uuid,
    /// E.164.
    pub number: String,
    /// `open`, `withdrawn`, `conceded`, `upheld`, `rejected`.
    pub state: String,
    /// The operator that wants it.
    pub claimant_id: Uuid,
    /// Its name.
    pub claimant_name: String,
    /// For which tenant; shown to the claimant and the programme.
    pub claimant_tenant_id: Option<Uuid>,
    /// The operator that has it.
    pub holder_id: Uuid,
    /// Its name.
    pub holder_name: String,
    /// Whose it is; shown to the holder and the programme.
    pub holder_tenant_id: Option<Uuid>,
    /// Why it ended so.
    pub comment: Option<String>,
    /// When the number was uploaded.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
}

/// `PATCH /operator/v1/disputes/{id}`, `PATCH /programme/v1/disputes/{id}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeUpdate {
    /// The claimant: `withdrawn`; the holder: `conceded`; the programme: `upheld`, `rejected`.
    #[schema(pattern = "^(withdrawn|conceded|upheld|rejected)$")]
    pub state: String,
    /// Why; the programme has to say it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub comment: Option<String>,
}

/// `POST /tenant/v1/direct-routing-numbers`: numbers of your own PSTN access.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectNumbersCreate {
    /// Usage unless an entry says otherwise; `CallingUserAssignment` by default, or
    /// `FirstPartyAppAssignment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(CallingUserAssignment|FirstPartyAppAssignment)$")]
    pub usage: Option<String>,
    /// Emergency location unless an entry says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<Uuid>,
    /// Check everything, change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// 1 to 1,000 entries, each of which succeeds or fails alone.
    #[schema(min_items = 1, max_items = 1000)]
    pub entries: Vec<DirectNumberCreate>,
}

/// One of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectNumberCreate {
    /// E.164.
    #[schema(example = "+442079460500")]
    pub number: String,
    /// Overrides the usage of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Overrides the location of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<Uuid>,
    /// Where the digits do not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// What became of Direct Routing numbers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DirectNumbersResult {
    /// It was a trial.
    pub dry_run: bool,
    /// How many were added, or would be.
    pub succeeded: u32,
    /// How many were not.
    pub failed: u32,
    /// What became of each, in their order.
    pub entries: Vec<DirectNumberResult>,
}

/// What became of one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DirectNumberResult {
    /// As it was sent.
    pub number: String,
    /// `success`, `error`.
    pub status: String,
    /// Why it failed.
    pub error: Option<EntryError>,
    /// Not wrong, but odd: outside the ranges the metadata knows.
    pub warning: Option<String>,
}

/// What may be done to a number now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NumberAct {
    /// `assign`, `unassign`, `set_location`, `clear_location`, `change_usage`, `tag`, `block`,
    /// `unblock`, `release`, `update_location`, `update_usage`, `upload`.
    pub act: String,
    /// Whose act it is: `tenant` or `operator`.
    #[schema(pattern = "^(tenant|operator)$")]
    pub by: String,
    /// It would be done.
    pub may: bool,
    /// Why not: the code it would be refused with.
    pub code: Option<String>,
    /// The field to blame, if one is.
    pub field: Option<String>,
    /// Why not, in words.
    pub reason: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// An order that still has to do something with a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenOrder {
    /// Identity.
    pub id: Uuid,
    /// What it does.
    pub kind: String,
    /// `pending` or `in_progress`.
    pub status: String,
    /// Whose: `tenant` or `operator`.
    #[schema(pattern = "^(tenant|operator)$")]
    pub by: String,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// `GET /…/explain/number`: how a number stands, as far as the asker may see, and what may be done
/// to it now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NumberExplained {
    /// The number.
    pub number: String,
    /// `held`: in a tenant's inventory; `declared`: in an operator's range and nobody's.
    #[schema(pattern = "^(held|declared)$")]
    pub state: String,
    /// The tenant that has it. An operator is not told of another operator's.
    pub tenant_id: Option<Uuid>,
    /// The operator that it is of: its holder's, or whose range it lies in.
    pub operator_id: Option<Uuid>,
    /// That operator's name.
    pub operator_name: Option<String>,
    /// Where it comes from: `OperatorConnect`.
    pub number_type: Option<String>,
    /// Its country; of one that nobody has, as its digits say.
    pub country: Option<String>,
    /// `geographic`, `mobile`, `toll_free` or `other`, as its digits say.
    #[schema(pattern = "^(geographic|mobile|toll_free|other)$")]
    pub kind: String,
    /// It lies in a range that the metadata of telephone numbers knows.
    pub known_range: bool,
    /// What it is for.
    pub usage: Option<String>,
    /// `Activated` and the like.
    pub activation_state: Option<String>,
    /// `Unassigned`, `UserAssigned`, `VoiceApplicationAssigned`, `ConferenceAssigned`,
    /// `PolicyAssigned`.
    pub assignment_status: Option<String>,
    /// Who has it; the tenant's own business.
    pub assigned_to_id: Option<Uuid>,
    /// Their name.
    pub assigned_to_name: Option<String>,
    /// `Primary`, `Private` or `Alternate`, of what a person has; tenants alone are told.
    pub assignment_category: Option<String>,
    /// Which trunks carry it.
    pub calling_profile_id: Option<Uuid>,
    /// Where help is sent.
    pub location_id: Option<Uuid>,
    /// The tenant may set the location.
    pub location_update_supported: Option<bool>,
    /// `NotBlocked`, `BlockedForever`, `BlockedUntil`.
    pub assignment_blocked_state: Option<String>,
    /// Until when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub assignment_blocked_until: Option<Timestamp>,
    /// The tenant's words for it.
    pub tags: Vec<String>,
    /// When it came into the inventory.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acquired_at: Option<Timestamp>,
    /// It is on its way between two operators, or an operator and another source.
    pub move_id: Option<Uuid>,
    /// How the tenant's consent to its operator stands.
    pub consent_status: Option<String>,
    /// How the operator's side of it does.
    pub relationship_status: Option<String>,
    /// Open disputes about it, for operators and the programme.
    pub disputes: Vec<Dispute>,
    /// The window in which changes of it are refused, if one is open.
    pub change_freeze: Option<String>,
    /// Until when that lasts.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub change_freeze_until: Option<Timestamp>,
    /// Orders of the asker's that still have to do something with it.
    pub open_orders: Vec<OpenOrder>,
    /// What may be done to it now and what not, with the rule that refuses it.
    pub acts: Vec<NumberAct>,
}
