//! The external SIP targets that play and record: voicemail and announcements (design section 5).

use super::{CallingError, MOST_ANNOUNCEMENTS, MOST_NAME, MOST_URI};
use crate::ids::TrunkId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `sip:user@host`: where a voicemail or announcement is, without port or parameters, which the
/// gateway that leads there and the call add.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetUri(String);

impl TargetUri {
    /// Reads one (RFC 3261 section 19.1.1, the part of it that needs no escapes).
    ///
    /// # Errors
    /// Where it is another kind of URI.
    pub fn parse(text: &str) -> Result<Self, TargetUriError> {
        let rest = text.strip_prefix("sip:").ok_or(TargetUriError)?;
        let (user, host) = rest.split_once('@').ok_or(TargetUriError)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+');
        let label = |l: &str| {
            !l.is_empty()
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let good = text.len() <= MOST_URI
            && !user.is_empty()
            && user.bytes().all(plain)
            && host.split('.').all(label);
        if good { Ok(Self(text.to_owned())) } else { Err(TargetUriError) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TargetUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TargetUri {
    type Error = TargetUriError;
    fn try_from(text: String) -> Result<Self, TargetUriError> {
        Self::parse(&text)
    }
}

impl From<TargetUri> for String {
    fn from(uri: TargetUri) -> Self {
        uri.0
    }
}

/// Not the URI of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a target is sip:user@host, at most {MOST_URI} bytes of letters, digits and -_.+, without port \
     or parameters"
)]
pub struct TargetUriError;

/// An external SIP target of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceTarget {
    /// What calls to it are addressed to.
    pub uri: TargetUri,
    /// The tenant's gateway that leads there.
    pub gateway: TrunkId,
    /// `false` keeps it, without effect.
    pub enabled: bool,
}

/// An announcement, which callers hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// What rules call it by; no other one is called so.
    pub name: String,
    /// Where it is.
    pub target: VoiceTarget,
}

/// What plays and records for a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceTargets {
    /// Takes messages for its people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voicemail: Option<VoiceTarget>,
    /// Plays to callers whom nobody answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announcements: Vec<Announcement>,
}

impl VoiceTargets {
    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.voicemail.is_none() && self.announcements.is_empty()
    }

    /// Every target, with the field that holds it.
    pub fn targets(&self) -> impl Iterator<Item = (String, &VoiceTarget)> {
        let voicemail = self.voicemail.iter().map(|target| ("voicemail".to_owned(), target));
        let others = self.announcements.iter().enumerate();
        voicemail.chain(others.map(|(at, a)| (format!("announcements/{at}"), &a.target)))
    }

    /// An enabled announcement, with its place.
    pub fn announcement(&self, name: &str) -> Option<(u16, &VoiceTarget)> {
        let at = self.announcements.iter().position(|a| a.name == name && a.target.enabled)?;
        Some((u16::try_from(at).ok()?, &self.announcements[at].target))
    }

    /// Are these targets that a tenant may have?
    ///
    /// # Errors
    /// Which field, and why.
    pub fn check(&self) -> Result<(), CallingError> {
        if self.announcements.len() > MOST_ANNOUNCEMENTS {
            let reason = format!("there are at most {MOST_ANNOUNCEMENTS} announcements");
            return Err(CallingError::new("announcements", reason));
        }
        for (at, one) in self.announcements.iter().enumerate() {
            let field = format!("announcements/{at}/name");
            let length = one.name.chars().count();
            if length == 0
                || length > MOST_NAME
                || one.name.trim() != one.name
                || one.name.chars().any(char::is_control)
            {
                let reason = format!(
                    "a name is 1 to {MOST_NAME} characters long, without control characters or \
                     space around it"
                );
                return Err(CallingError::new(field, reason));
            }
            if self.announcements[..at].iter().any(|other| other.name == one.name) {
                let reason = format!("{:?} is the name of another announcement", one.name);
                return Err(CallingError::new(field, reason));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn uris_of_targets() {
        let long = format!("sip:{}@vm.example", "a".repeat(MOST_URI - 15));
        assert_eq!(long.len(), MOST_URI);
        for (text, good) in [
            ("sip:voicemail@vm.contoso.example", true),
            ("sip:+442079460000@192.0.2.1", true),
            (&*long, true),
            (&*format!("{long}e"), false),
            ("sips:voicemail@vm.example", false),
            ("SIP:voicemail@vm.example", false),
            ("sip:vm.example", false),
            ("sip:@vm.example", false),
            ("sip:a@", false),
            ("sip:a@vm.example:5060", false),
            ("sip:a@vm.example;transport=tcp", false),
            ("sip:a b@vm.example", false),
            ("sip:a@vm..example", false),
            ("sip:a@-vm.example", false),
            ("sip:a\r\nX: y@vm.example", false),
            ("tel:+442079460000", false),
            ("", false),
        ] {
            assert_eq!(TargetUri::parse(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn targets_that_a_tenant_may_have() {
        let target = |enabled| VoiceTarget {
            uri: TargetUri::parse("sip:closed@vm.example").expect("a URI"),
            gateway: TrunkId(Uuid::from_u128(9)),
            enabled,
        };
        let named = |name: &str| Announcement { name: name.into(), target: target(true) };
        let with = |announcements| VoiceTargets { voicemail: None, announcements };
        let many = |n: usize| (0..n).map(|n| named(&n.to_string())).collect::<Vec<_>>();
        for (targets, wrong) in [
            (VoiceTargets::default(), None),
            (with(vec![named("Closed"), named("closed")]), None),
            (with(vec![named("Closed"), named("Closed")]), Some("announcements/1/name")),
            (with(vec![named("")]), Some("announcements/0/name")),
            (with(vec![named(" Closed")]), Some("announcements/0/name")),
            (with(vec![named("a\nb")]), Some("announcements/0/name")),
            (with(vec![named(&"é".repeat(49))]), None),
            (with(vec![named(&"é".repeat(50))]), Some("announcements/0/name")),
            (with(many(100)), None),
            (with(many(101)), Some("announcements")),
        ] {
            let found = targets.check().err().map(|e| e.field);
            assert_eq!(found.as_deref(), wrong, "{:?}", targets.announcements.len());
        }
        let mut some = with(vec![named("Closed"), named("Holiday")]);
        assert_eq!(some.announcement("Holiday").map(|(at, _)| at), Some(1));
        assert_eq!(some.announcement("Lunch"), None);
        some.announcements[1].target = target(false);
        assert_eq!(some.announcement("Holiday"), None);
    }
}
