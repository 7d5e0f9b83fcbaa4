//! Forwarding, delegates and call groups of a person (migration.md 1.4), and what plays and records
//! for a tenant.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where calls go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardingTarget {
    /// `Voicemail`; `SingleTarget`, with a number or a user; `MyDelegates`, those that receive calls;
    /// `Group`, the call group.
    #[serde(rename = "type")]
    #[schema(pattern = "^(Voicemail|SingleTarget|MyDelegates|Group)$")]
    pub kind: String,
    /// Of a `SingleTarget`: this number, `+` and digits. One outside is called as if the person had
    /// called it: their restrictions, voice routes and limits hold.
    #[serde(default)]
    #[schema(pattern = "^\\+[1-9][0-9]{1,14}$", example = "+442079460001")]
    pub number: Option<String>,
    /// Of a `SingleTarget`: this colleague.
    #[serde(default)]
    pub user_id: Option<Uuid>,
}

/// What becomes of calls before anybody answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forwarding {
    /// `Immediate`: the person's phones do not ring; `Simultaneous`: others ring too.
    #[serde(rename = "type")]
    #[schema(pattern = "^(Immediate|Simultaneous)$")]
    pub kind: String,
    /// Where they go. Voicemail rings with nobody.
    pub target: ForwardingTarget,
}

/// What becomes of a call that nobody answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unanswered {
    /// Where it goes.
    pub target: ForwardingTarget,
    /// After so many seconds: 10, 20 (default), 30, 40, 50 or 60.
    #[serde(default)]
    #[schema(minimum = 10, maximum = 60)]
    pub delay_seconds: Option<u32>,
}

/// Somebody who may act for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Delegate {
    /// Who.
    pub user_id: Uuid,
    /// May call on behalf of the person, shown by the person's number: their phone asks for it by
    /// P-Preferred-Identity.
    #[serde(default)]
    pub make_calls: bool,
    /// Rings where the person's calls go to `MyDelegates`.
    #[serde(default)]
    pub receive_calls: bool,
}

/// `PUT /tenant/v1/users/{user_id}/calling-settings` (If-Match required): replaces all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallingSettingsPut {
    /// Before anybody answers; none if left out.
    #[serde(default)]
    pub forwarding: Option<Forwarding>,
    /// Once nobody did; none if left out.
    #[serde(default)]
    pub unanswered: Option<Unanswered>,
    /// Where the person is busy; as unanswered, but at once, if left out.
    #[serde(default)]
    pub busy: Option<ForwardingTarget>,
    /// Where no phone of theirs can be reached; as unanswered, but at once, if left out.
    #[serde(default)]
    pub unreachable: Option<ForwardingTarget>,
    /// At most 25.
    #[serde(default)]
    #[schema(max_items = 25)]
    pub delegates: Vec<Delegate>,
    /// The people of the call group, at most 25; all ring at once.
    #[serde(default)]
    #[schema(max_items = 25)]
    pub call_group: Vec<Uuid>,
}

/// A person's calling settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallingSettings {
    /// Whose.
    pub user_id: Uuid,
    /// Before anybody answers.
    pub forwarding: Option<Forwarding>,
    /// Once nobody did.
    pub unanswered: Option<Unanswered>,
    /// Where the person is busy.
    pub busy: Option<ForwardingTarget>,
    /// Where no phone of theirs can be reached.
    pub unreachable: Option<ForwardingTarget>,
    /// Who may act for them.
    pub delegates: Vec<Delegate>,
    /// Their call group.
    pub call_group: Vec<Uuid>,
    /// Grows with each edit; 0 where they never set anything.
    pub version: i64,
}

/// The settings of somebody who set something, in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserCallingSettings {
    /// User principal name.
    pub upn: String,
    /// Name.
    pub display_name: String,
    /// The settings.
    #[serde(flatten)]
    pub settings: CallingSettings,
}

/// What became of a file of calling settings, `POST /tenant/v1/calling-settings/csv`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallingFileResult {
    /// Changed nothing.
    pub dry_run: bool,
    /// Rows in all.
    pub total: u32,
    /// People whose settings were changed.
    pub updated: u32,
    /// People who had just these settings.
    pub unchanged: u32,
    /// Rows that failed.
    pub failed: u32,
    /// The rows that failed, in their order.
    pub errors: Vec<crate::tenant::UserFileError>,
}

/// An external SIP target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceTarget {
    /// What calls to it are addressed to: `sip:user@host`, without port or parameters. A voicemail is
    /// told in `target` and `cause` whose mailbox it is and why the call comes (RFC 4458).
    #[schema(max_length = 100, example = "sip:voicemail@vm.contoso.example")]
    pub uri: String,
    /// Your gateway that leads there; one with `voice_app` does nothing else.
    pub gateway_id: Uuid,
    /// `false` keeps it, without effect.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// An announcement, which callers hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// What rules call it by; no other one is called so.
    #[schema(min_length = 1, max_length = 49)]
    pub name: String,
    /// What calls to it are addressed to: `sip:user@host`.
    #[schema(max_length = 100, example = "sip:closed@vm.contoso.example")]
    pub uri: String,
    /// Your gateway that leads there.
    pub gateway_id: Uuid,
    /// `false` keeps it, without effect.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// `PUT /tenant/v1/voice-targets` (If-Match required): replaces all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceTargetsPut {
    /// Takes messages for your people; none if left out.
    #[serde(default)]
    pub voicemail: Option<VoiceTarget>,
    /// At most 100.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub announcements: Vec<Announcement>,
}

/// What plays and records for a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoiceTargets {
    /// Takes messages for your people.
    pub voicemail: Option<VoiceTarget>,
    /// What callers hear where rules say so.
    pub announcements: Vec<Announcement>,
    /// Grows with each edit; 0 where there never were any.
    pub version: i64,
}
