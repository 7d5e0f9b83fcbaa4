//! Telephone numbers of the tenant (migration.md section 1.3).

use super::cell::{Cell, SourceRef};
use super::policy::PolicyGrant;
use super::word::words;
use numbering::{Country, E164};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A line: an E.164 number, with an extension behind it where Direct Routing has one.
///
/// Extensions exist only as Direct Routing (migration.md section 0, fact 5). Printed as
/// `+12065551000;ext=524`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineNumber {
    e164: E164,
    /// Digits of the extension with a one before them, so that leading zeros stay; 0 for none.
    extension: u64,
}

/// Why a text is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LineNumberError {
    /// Digits were lost in a spreadsheet: nothing brings them back (migration.md section 1.1).
    #[error("the digits were lost to scientific notation in a spreadsheet")]
    Scientific,
    /// National, and nothing tells of which country.
    #[error("the number is national and no country is known for it")]
    NoCountry,
    /// No number can be of this shape or length.
    #[error("no telephone number has this shape")]
    Impossible,
    /// The extension is not 1 to 15 digits.
    #[error("the extension is not 1 to 15 digits")]
    Extension,
}

impl LineNumber {
    /// A number without extension.
    pub const fn new(e164: E164) -> Self {
        Self { e164, extension: 0 }
    }

    /// A number with an extension of 1 to 15 digits.
    pub fn with_extension(e164: E164, extension: &str) -> Result<Self, LineNumberError> {
        if extension.is_empty()
            || extension.len() > 15
            || !extension.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(LineNumberError::Extension);
        }
        let digits = extension.bytes().fold(1, |value, b| value * 10 + u64::from(b - b'0'));
        Ok(Self { e164, extension: digits })
    }

    /// Reads what prints: `+` and digits, and `;ext=` with digits perhaps.
    pub fn parse(text: &str) -> Result<Self, LineNumberError> {
        let (number, extension) = match text.split_once(";ext=") {
            Some((number, extension)) => (number, Some(extension)),
            None => (text, None),
        };
        let e164 = E164::parse(number).map_err(|_| LineNumberError::Impossible)?;
        match extension {
            Some(extension) => Self::with_extension(e164, extension),
            None => Ok(Self::new(e164)),
        }
    }

    /// The number.
    pub const fn e164(self) -> E164 {
        self.e164
    }

    /// The extension's digits.
    pub fn extension(self) -> Option<String> {
        (self.extension > 0).then(|| self.extension.to_string()[1..].to_owned())
    }

    /// Has an extension.
    pub const fn has_extension(self) -> bool {
        self.extension > 0
    }
}

impl fmt::Display for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.extension() {
            Some(extension) => write!(f, "{};ext={extension}", self.e164),
            None => self.e164.fmt(f),
        }
    }
}

impl fmt::Debug for LineNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for LineNumber {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LineNumber {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

words! {
    /// How a number reaches Teams.
    NumberType {
        /// Direct Routing.
        DirectRouting = "DirectRouting",
        /// Calling Plan.
        CallingPlan = "CallingPlan",
        /// Operator Connect.
        OperatorConnect = "OperatorConnect",
        /// Not in Teams: on a PBX, or on a carrier's list only.
        None = "None",
    }
}

words! {
    /// State of a number's activation.
    ActivationState {
        /// In service.
        Activated = "Activated",
        /// Being assigned.
        AssignmentPending = "AssignmentPending",
        /// Could not be assigned.
        AssignmentFailed = "AssignmentFailed",
        /// Being changed.
        UpdatePending = "UpdatePending",
        /// Could not be changed.
        UpdateFailed = "UpdateFailed",
    }
}

words! {
    /// Whom a number is assigned to.
    PstnAssignment {
        /// Nobody.
        Unassigned = "Unassigned",
        /// A user.
        UserAssigned = "UserAssigned",
        /// A conference bridge.
        ConferenceAssigned = "ConferenceAssigned",
        /// A queue or attendant.
        VoiceApplicationAssigned = "VoiceApplicationAssigned" | "VoiceApp",
        /// Somebody else's application.
        ThirdPartyAppAssigned = "ThirdPartyAppAssigned",
        /// A policy, such as Shared Calling.
        PolicyAssigned = "PolicyAssigned",
        /// Graph says the service failed.
        InternalError = "InternalError",
    }
}

words! {
    /// Which of a user's numbers it is.
    AssignmentCategory {
        /// The first.
        Primary = "Primary",
        /// A private one.
        Private = "Private",
        /// A further one.
        Alternate = "Alternate",
    }
}

words! {
    /// Where the number is kept.
    NumberSource {
        /// In the cloud.
        Online = "Online",
        /// In the local directory, synchronised.
        OnPremises = "OnPremises",
    }
}

words! {
    /// May the number be assigned again?
    BlockedState {
        /// Yes.
        NotBlocked = "NotBlocked",
        /// Never.
        BlockedForever = "BlockedForever",
        /// Not before `blocked_until`.
        BlockedUntil = "BlockedUntil",
    }
}

words! {
    /// What libphonenumber's metadata says: advice, since ranges may be newer than it.
    NumberValidity {
        /// In a known range.
        Valid = "valid",
        /// Possible by its length, in no known range (migration.md statement 7).
        PossibleOnly = "possible_only",
        /// Cannot exist.
        Impossible = "impossible",
    }
}

/// A number of the tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Number {
    /// Exactly as the export has it: the subject of findings.
    pub raw: String,
    /// Read and repaired; `None` where no number can look like it.
    pub line: Option<LineNumber>,
    /// What the metadata says; `None` where `line` is `None`.
    pub validity: Option<NumberValidity>,
    /// Geographic, mobile, toll-free or other, by the metadata.
    pub kind: Option<numbering::NumberKind>,
    /// Country by the metadata.
    pub country: Option<Country>,
    /// How it reaches Teams.
    pub number_type: Cell<NumberType>,
    /// Activation.
    pub activation: Cell<ActivationState>,
    /// Object id of its holder, lower case, or a policy instance such as
    /// `TeamsSharedCallingRoutingPolicy|Tag:SC1`.
    pub target_id: Cell<String>,
    /// Holder's user principal name where the inventory knows it.
    pub target: Option<String>,
    /// Whom it is assigned to.
    pub assignment: Cell<PstnAssignment>,
    /// Which of the holder's numbers.
    pub category: Cell<AssignmentCategory>,
    /// Such as `UserAssignment`, `VoiceApplicationAssignment`.
    pub capabilities: Cell<Vec<String>>,
    /// City.
    pub city: Cell<String>,
    /// Country as exported.
    pub iso_country: Cell<String>,
    /// State or province.
    pub iso_subdivision: Cell<String>,
    /// Emergency address; the nil id counts as empty (Direct Routing).
    pub civic_address_id: Cell<String>,
    /// Emergency location; the nil id counts as empty.
    pub location_id: Cell<String>,
    /// May the tenant change the location?
    pub location_update: Cell<bool>,
    /// What the operator lets the tenant do.
    pub customer_actions: Cell<Vec<String>>,
    /// Network site.
    pub network_site: Cell<String>,
    /// State of a port-in.
    pub port_in: Cell<String>,
    /// Operator's name.
    pub partner: Cell<String>,
    /// Operator's id.
    pub partner_id: Cell<String>,
    /// Where it is kept.
    pub source: Cell<NumberSource>,
    /// Such as `SkipInternalVoip`.
    pub reverse_lookup: Cell<Vec<String>>,
    /// Labels.
    pub tags: Cell<Vec<String>>,
    /// Blocked?
    pub blocked: Cell<BlockedState>,
    /// Until when, UTC.
    pub blocked_until: Cell<jiff::Timestamp>,
    /// Text messages, as exported.
    pub sms: Cell<String>,
    /// Policies granted to the number itself (module 7.3.1 and later).
    pub policies: Vec<PolicyGrant>,
    /// How often this number and type was exported; more than 1 is a duplicate.
    pub times: u32,
    /// Row of the first.
    pub at: SourceRef,
}

/// A number a carrier charges for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BilledNumber {
    /// Exactly as written.
    pub raw: String,
    /// The number.
    pub line: Option<LineNumber>,
    /// Carrier.
    pub carrier: Cell<String>,
    /// Billing telephone number of the account.
    pub btn: Cell<String>,
    /// Address of service, as the carrier has it.
    pub service_address: Cell<String>,
    /// Calls or fee in the period, if the list says.
    pub used: Cell<bool>,
    /// Row.
    pub at: SourceRef,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_print_as_they_parse() {
        for text in ["+12065551000", "+12065551000;ext=524", "+390612345678;ext=0012"] {
            assert_eq!(LineNumber::parse(text).map(|line| line.to_string()), Ok(text.to_owned()));
        }
        for (text, error) in [
            ("+12065551000;ext=", LineNumberError::Extension),
            ("+12065551000;ext=1a", LineNumberError::Extension),
            ("+12065551000;ext=1234567890123456", LineNumberError::Extension),
            ("12065551000", LineNumberError::Impossible),
        ] {
            assert_eq!(LineNumber::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn words_are_read_in_any_case_and_unknown_ones_kept_apart() {
        assert_eq!(NumberType::read("operatorconnect"), NumberType::OperatorConnect);
        assert_eq!(NumberType::read("Carrier Pigeon"), NumberType::Other);
        assert_eq!(PstnAssignment::VoiceApplicationAssigned.word(), "VoiceApplicationAssigned");
    }
}
