//! Policies for emergency calls (emergency.md sections 1.6 and 3.1). One says who is told that
//! somebody calls for help; the other which strings are calls for help where they leave by the
//! tenant's own gateways. Neither delays or refuses a call.

use super::{PolicyError, voice_routing::usage_names};
use crate::GroupId;
use crate::emergency::{DialString, is_test_number};
use numbering::E164;
use serde::{Deserialize, Serialize};

/// Most entries of a notification group (emergency.md section 1.6).
pub const MOST_NOTIFIED: usize = 10;
/// Most people of one once its groups are expanded (emergency.md section 1.6).
pub const MOST_NOTIFIED_PEOPLE: usize = 50;
/// Longest disclaimer, characters (emergency.md section 1.6).
pub const MOST_DISCLAIMER: usize = 350;
/// Most dial strings of a policy. Public documents set no limit.
pub const MOST_EMERGENCY_NUMBERS: usize = 50;
/// Longest mail address (RFC 5321 section 4.5.3.1.3).
const MOST_ADDRESS: usize = 254;

/// How a security desk is told (emergency.md section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotificationMode {
    /// Told, and not called.
    #[default]
    NotificationOnly,
    /// Joins the call and only listens.
    ConferenceMuted,
    /// Joins the call and may speak.
    ConferenceUnMuted,
}

impl NotificationMode {
    /// Every mode.
    pub const ALL: [Self; 3] =
        [Self::NotificationOnly, Self::ConferenceMuted, Self::ConferenceUnMuted];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotificationOnly => "NotificationOnly",
            Self::ConferenceMuted => "ConferenceMuted",
            Self::ConferenceUnMuted => "ConferenceUnMuted",
        }
    }

    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// Who is told of a call for help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Mail addresses or user principal names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Groups of the tenant's people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// A number outside that is dialled too, in the two conference modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial_out: Option<E164>,
    /// How.
    #[serde(default)]
    pub mode: NotificationMode,
}

/// Does it look like a mail address? Whether somebody reads it, only mail can tell.
pub fn is_mail_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-') || !c.is_ascii();
    text.len() <= MOST_ADDRESS
        && (1..=64).contains(&local.len())
        && !local
            .contains(|c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>@[\\]".contains(c))
        && !host.is_empty()
        && host.chars().all(of_host)
        && host.split('.').all(|label| !label.is_empty())
}

impl Notify {
    /// Nobody is told.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
            && self.groups.is_empty()
            && (self.dial_out.is_none() || self.mode == NotificationMode::NotificationOnly)
    }

    fn check(&self, at: &str) -> Result<(), PolicyError> {
        let group = format!("{at}notification_group");
        let count = self.addresses.len() + self.groups.len();
        if count > MOST_NOTIFIED {
            let reason = format!("{count} entries: it has at most {MOST_NOTIFIED}");
            return Err(PolicyError::new(group, reason));
        }
        for (nth, address) in self.addresses.iter().enumerate() {
            if !is_mail_address(address) {
                let reason = format!("{address:?} is neither a mail address nor a UPN");
                return Err(PolicyError::new(format!("{group}/{nth}"), reason));
            }
            if self.addresses[..nth].iter().any(|other| other.eq_ignore_ascii_case(address)) {
                let reason = format!("{address:?} is there twice");
                return Err(PolicyError::new(format!("{group}/{nth}"), reason));
            }
        }
        for (nth, id) in self.groups.iter().enumerate() {
            if self.groups[..nth].contains(id) {
                let field = format!("{at}notification_group_ids/{nth}");
                return Err(PolicyError::new(field, format!("{id} is there twice")));
            }
        }
        Ok(())
    }
}

/// Who is told of calls of one dial string, in place of the policy's own, and nobody where it
/// names nobody (emergency.md section 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendedNotification {
    /// Which.
    pub dial_string: DialString,
    /// Who.
    #[serde(default)]
    pub notify: Notify,
}

/// What happens around a person's call for help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyCalling {
    /// Who is told.
    #[serde(default)]
    pub notify: Notify,
    /// People may say themselves where they are when they are away.
    #[serde(default)]
    pub external_lookup: bool,
    /// What people are shown about emergency calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclaimer: Option<String>,
    /// What differs by what is dialled; each string once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extended: Vec<ExtendedNotification>,
}

impl EmergencyCalling {
    /// Is it well formed?
    ///
    /// # Errors
    /// Which field is wrong, and why.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.notify.check("")?;
        if let Some(text) = &self.disclaimer {
            let count = text.chars().count();
            let control = text.chars().any(|c| c.is_control() && c != '\n');
            if count == 0 || count > MOST_DISCLAIMER || control {
                let reason = format!("it is 1 to {MOST_DISCLAIMER} characters long");
                return Err(PolicyError::new("enhanced_emergency_service_disclaimer", reason));
            }
        }
        if self.extended.len() > MOST_EMERGENCY_NUMBERS {
            let reason = format!("there are at most {MOST_EMERGENCY_NUMBERS} of them");
            return Err(PolicyError::new("extended_notifications", reason));
        }
        for (nth, entry) in self.extended.iter().enumerate() {
            let at = format!("extended_notifications/{nth}/");
            if self.extended[..nth].iter().any(|other| other.dial_string == entry.dial_string) {
                let reason = format!("{} is there twice", entry.dial_string);
                return Err(PolicyError::new(format!("{at}emergency_dial_string"), reason));
            }
            entry.notify.check(&at)?;
        }
        Ok(())
    }

    /// Who is told of a call: an entry for what was dialled replaces the rest of the policy, also
    /// where it names nobody.
    pub fn notice(&self, dialled: &str) -> Option<&Notify> {
        let dialled = dialled.strip_prefix('+').unwrap_or(dialled);
        let of_it = self.extended.iter().find(|entry| entry.dial_string.as_str() == dialled);
        let notify = of_it.map_or(&self.notify, |entry| &entry.notify);
        (!notify.is_empty()).then_some(notify)
    }

    /// All whom it may tell: the policy's own and those by dial string, with the field of each.
    pub fn all(&self) -> impl Iterator<Item = (String, &Notify)> {
        let extended = self.extended.iter().enumerate();
        let of_them =
            extended.map(|(nth, entry)| (format!("extended_notifications/{nth}/"), &entry.notify));
        std::iter::once((String::new(), &self.notify)).chain(of_them)
    }
}

/// A number for help, as a tenant's gateways are to carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyNumber {
    /// What the gateway is given.
    pub dial_string: DialString,
    /// What is dialled and becomes it, as a visitor's 112 becomes 911.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<DialString>,
    /// The PSTN usage whose routes name the gateways; without one it leaves by those in the
    /// country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
}

/// How calls for help of Direct Routing numbers leave. Of no effect for numbers of operators
/// (emergency.md section 1.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyCallRouting {
    /// Calls carry where the caller is.
    #[serde(default)]
    pub enhanced: bool,
    /// The numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<EmergencyNumber>,
}

impl EmergencyCallRouting {
    /// Is it well formed?
    ///
    /// # Errors
    /// Which field is wrong, and why.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.numbers.len() > MOST_EMERGENCY_NUMBERS {
            let reason = format!("there are at most {MOST_EMERGENCY_NUMBERS} of them");
            return Err(PolicyError::new("emergency_numbers", reason));
        }
        let mut masks: Vec<DialString> = Vec::new();
        for (nth, number) in self.numbers.iter().enumerate() {
            let at = format!("emergency_numbers/{nth}");
            if self.numbers[..nth].iter().any(|other| other.dial_string == number.dial_string) {
                let reason = format!("{} is there twice", number.dial_string);
                return Err(PolicyError::new(format!("{at}/emergency_dial_string"), reason));
            }
            if let Some(usage) = &number.usage {
                usage_names(&format!("{at}/online_pstn_usage"), std::slice::from_ref(usage))
                    .map_err(|error| {
                        PolicyError::new(format!("{at}/online_pstn_usage"), error.reason)
                    })?;
            }
            if number.masks.len() > MOST_EMERGENCY_NUMBERS {
                let reason = format!("there are at most {MOST_EMERGENCY_NUMBERS} of them");
                return Err(PolicyError::new(format!("{at}/emergency_dial_mask"), reason));
            }
            for (which, mask) in number.masks.iter().enumerate() {
                let field = format!("{at}/emergency_dial_mask/{which}");
                let another = |n: &EmergencyNumber| {
                    n.dial_string == *mask && n.dial_string != number.dial_string
                };
                if masks.contains(mask) || self.numbers.iter().any(another) {
                    let reason = format!("{mask} is in this policy already");
                    return Err(PolicyError::new(field, reason));
                }
                if is_test_number(*mask) && *mask != number.dial_string {
                    let reason = format!(
                        "{mask} is a test number: as a mask of {} each test would be a real \
                         emergency call",
                        number.dial_string
                    );
                    return Err(PolicyError::new(field, reason));
                }
                masks.push(*mask);
            }
        }
        Ok(())
    }

    /// The number that this dials, by itself or by a mask; a stray leading `+` is tolerated
    /// (emergency.md section 4.2).
    pub fn find(&self, dialled: &str) -> Option<&EmergencyNumber> {
        let digits = DialString::parse(dialled.strip_prefix('+').unwrap_or(dialled))?;
        self.numbers
            .iter()
            .find(|number| number.dial_string == digits || number.masks.contains(&digits))
    }

    /// The usage of a dial string.
    pub fn usage_of(&self, digits: DialString) -> Option<&str> {
        self.numbers.iter().find(|number| number.dial_string == digits)?.usage.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn dial(text: &str) -> DialString {
        DialString::parse(text).expect("digits")
    }

    fn desk(count: usize) -> Notify {
        Notify {
            addresses: (0..count).map(|n| format!("desk{n}@contoso.example")).collect(),
            ..Notify::default()
        }
    }

    #[test]
    fn what_a_calling_policy_may_say() {
        let with = |notify| EmergencyCalling { notify, ..EmergencyCalling::default() };
        let group = GroupId(Uuid::from_u128(1));
        let grouped = |count| Notify { groups: vec![group], ..desk(count) };
        let text = |len| EmergencyCalling {
            disclaimer: Some("x".repeat(len)),
            ..EmergencyCalling::default()
        };
        let entry = |digits, notify| ExtendedNotification { dial_string: dial(digits), notify };
        let extended =
            |entries: Vec<_>| EmergencyCalling { extended: entries, ..EmergencyCalling::default() };
        let twice = Notify {
            addresses: vec!["a@x.example".into(), "A@X.example".into()],
            ..Notify::default()
        };
        for (policy, wrong) in [
            (with(desk(10)), None),
            (with(desk(11)), Some("notification_group")),
            (with(grouped(9)), None),
            (with(grouped(10)), Some("notification_group")),
            (with(twice), Some("notification_group/1")),
            (
                with(Notify { groups: vec![group, group], ..Notify::default() }),
                Some("notification_group_ids/1"),
            ),
            (text(1), None),
            (text(350), None),
            (text(351), Some("enhanced_emergency_service_disclaimer")),
            (text(0), Some("enhanced_emergency_service_disclaimer")),
            (extended(vec![entry("911", desk(1)), entry("933", desk(0))]), None),
            (
                extended(vec![entry("911", desk(1)), entry("911", desk(0))]),
                Some("extended_notifications/1/emergency_dial_string"),
            ),
            (
                extended(vec![entry("911", desk(11))]),
                Some("extended_notifications/0/notification_group"),
            ),
        ] {
            let found = policy.check().err().map(|error| error.field);
            assert_eq!(found.as_deref(), wrong, "{policy:?}");
        }
    }

    #[test]
    fn mail_addresses() {
        for (text, good) in [
            ("desk@contoso.example", true),
            ("a.b+c@x.example", true),
            ("ada@müller.example", true),
            ("desk", false),
            ("@contoso.example", false),
            ("desk@", false),
            ("desk@contoso..example", false),
            ("a b@contoso.example", false),
            ("a@b@contoso.example", false),
            ("desk@contoso.example\r\nBcc: x@y.example", false),
            ("<desk@contoso.example>", false),
            ("a;b@contoso.example", false),
        ] {
            assert_eq!(is_mail_address(text), good, "{text:?}");
        }
        assert!(is_mail_address(&format!("{}@x.example", "l".repeat(64))));
        assert!(!is_mail_address(&format!("{}@x.example", "l".repeat(65))));
    }

    #[test]
    fn who_is_told_depends_on_what_was_dialled() {
        let out = Notify { dial_out: E164::parse("+442079460099").ok(), ..Notify::default() };
        let policy = EmergencyCalling {
            notify: desk(1),
            extended: vec![
                ExtendedNotification { dial_string: dial("933"), notify: Notify::default() },
                ExtendedNotification { dial_string: dial("112"), notify: desk(2) },
                // Nobody is dialled where the desk is only told.
                ExtendedNotification { dial_string: dial("110"), notify: out.clone() },
                ExtendedNotification {
                    dial_string: dial("119"),
                    notify: Notify { mode: NotificationMode::ConferenceMuted, ..out },
                },
            ],
            ..EmergencyCalling::default()
        };
        for (dialled, told) in [
            ("911", Some(1)),
            ("933", None),
            ("+933", None),
            ("112", Some(2)),
            ("110", None),
            ("119", Some(0)),
        ] {
            assert_eq!(policy.notice(dialled).map(|n| n.addresses.len()), told, "{dialled}");
        }
        assert_eq!(EmergencyCalling::default().notice("911"), None);
    }

    #[test]
    fn every_mode_is_read_as_it_is_written() {
        for mode in NotificationMode::ALL {
            assert_eq!(NotificationMode::parse(mode.as_str()), Some(mode));
        }
        assert_eq!(NotificationMode::parse("ConferenceUnmuted"), None);
    }

    #[test]
    fn what_a_routing_policy_may_say() {
        let number = |digits, masks: &[&str]| EmergencyNumber {
            dial_string: dial(digits),
            masks: masks.iter().map(|mask| dial(mask)).collect(),
            usage: Some("Help".into()),
        };
        let usage = |text: &str| EmergencyNumber { usage: Some(text.into()), ..number("911", &[]) };
        let mask = |nth, which| format!("emergency_numbers/{nth}/emergency_dial_mask/{which}");
        for (numbers, wrong) in [
            (vec![number("911", &["112", "999"])], None),
            (vec![number("911", &["911"])], None),
            (vec![number("933", &["933"])], None),
            (
                vec![number("911", &[]), number("911", &[])],
                Some("emergency_numbers/1/emergency_dial_string".to_owned()),
            ),
            (vec![number("911", &["112", "112"])], Some(mask(0, 1))),
            (vec![number("911", &["112"]), number("110", &["112"])], Some(mask(1, 0))),
            (vec![number("911", &["110"]), number("110", &[])], Some(mask(0, 0))),
            (vec![number("911", &["933"])], Some(mask(0, 0))),
            (vec![usage("")], Some("emergency_numbers/0/online_pstn_usage".to_owned())),
            (vec![usage(&"u".repeat(49))], None),
            (
                vec![usage(&"u".repeat(50))],
                Some("emergency_numbers/0/online_pstn_usage".to_owned()),
            ),
        ] {
            let policy = EmergencyCallRouting { enhanced: true, numbers };
            assert_eq!(policy.check().err().map(|error| error.field), wrong, "{policy:?}");
        }
    }

    #[test]
    fn a_mask_becomes_the_dial_string() {
        let policy = EmergencyCallRouting {
            enhanced: false,
            numbers: vec![EmergencyNumber {
                dial_string: dial("911"),
                masks: vec![dial("112"), dial("9911")],
                usage: Some("Help".into()),
            }],
        };
        for (dialled, expect) in [
            ("911", Some("911")),
            ("+911", Some("911")),
            ("112", Some("911")),
            ("9911", Some("911")),
            ("999", None),
            ("urn:service:sos", None),
        ] {
            let found = policy.find(dialled).map(|number| number.dial_string);
            assert_eq!(found.as_ref().map(DialString::as_str), expect, "{dialled}");
        }
        assert_eq!(policy.usage_of(dial("911")), Some("Help"));
        assert_eq!(policy.usage_of(dial("112")), None);
    }
}
