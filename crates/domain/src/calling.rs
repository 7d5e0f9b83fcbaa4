//! A person's calling settings: forwarding, unanswered calls, delegates and the call group
//! (migration.md 1.4, as `Get-CsUserCallingSettings` names them). What plays and records is in `targets`.
//!
//! What the field's documents leave open is decided here: what happens to a busy or unreachable
//! person without a rule of its own, and how many delegates and members there are.

mod targets;

pub use targets::{Announcement, TargetUri, TargetUriError, VoiceTarget, VoiceTargets};

use crate::emergency;
use crate::ids::UserId;
use numbering::{Country, E164};
use serde::{Deserialize, Serialize};

/// Most delegates of a person. The field's own limit.
pub const MOST_DELEGATES: usize = 25;
/// Most members of a call group. The field's own limit.
pub const MOST_GROUP: usize = 25;
/// Most announcements of a tenant. Public documents set no limit that counts here.
pub const MOST_ANNOUNCEMENTS: usize = 100;
/// Longest name of an announcement, characters: that of other rules of a tenant.
pub const MOST_NAME: usize = 49;
/// Longest SIP URI of a target, bytes: within the least that a trunk's `max_uri` can be together
/// with what is added of the mailbox.
pub const MOST_URI: usize = 100;

/// Why something cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CallingError {
    /// Which field, as a JSON pointer without its first slash.
    pub field: String,
    /// Why.
    pub reason: String,
}

impl CallingError {
    fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

/// Where calls are forwarded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardTarget {
    /// The tenant's voicemail.
    Voicemail,
    /// One number, inside or outside (`SingleTarget`).
    Number(E164),
    /// One colleague (`SingleTarget`).
    User(UserId),
    /// The person's delegates that receive calls (`MyDelegates`).
    MyDelegates,
    /// The person's call group (`Group`).
    Group,
}

impl ForwardTarget {
    /// The field's word (`ForwardingTargetType`, `UnansweredTargetType`).
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Voicemail => "Voicemail",
            Self::Number(_) | Self::User(_) => "SingleTarget",
            Self::MyDelegates => "MyDelegates",
            Self::Group => "Group",
        }
    }
}

/// What becomes of a person's calls before anybody answers (`ForwardingType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarding {
    /// They go elsewhere at once, and the person's phones do not ring.
    Immediate(ForwardTarget),
    /// Others ring together with the person.
    Simultaneous(ForwardTarget),
}

impl Forwarding {
    /// The field's word.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Immediate(_) => "Immediate",
            Self::Simultaneous(_) => "Simultaneous",
        }
    }

    /// Where to.
    pub const fn target(self) -> ForwardTarget {
        match self {
            Self::Immediate(target) | Self::Simultaneous(target) => target,
        }
    }
}

/// How long a person's phones ring before a call counts as unanswered: 10 to 60 seconds in steps of
/// 10, as the field takes `UnansweredDelay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct UnansweredDelay(u32);

impl UnansweredDelay {
    /// That of a person who never set one.
    pub const DEFAULT: Self = Self(20);

    /// Seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for UnansweredDelay {
    type Error = DelayError;
    fn try_from(seconds: u32) -> Result<Self, DelayError> {
        if (10..=60).contains(&seconds) && seconds.is_multiple_of(10) {
            Ok(Self(seconds))
        } else {
            Err(DelayError)
        }
    }
}

impl From<UnansweredDelay> for u32 {
    fn from(delay: UnansweredDelay) -> Self {
        delay.0
    }
}

/// Not a delay that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a call is unanswered after 10, 20, 30, 40, 50 or 60 seconds")]
pub struct DelayError;

/// What becomes of a call that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unanswered {
    /// Where it goes.
    pub target: ForwardTarget,
    /// After how long.
    pub delay: UnansweredDelay,
}

/// Somebody who may act for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Delegate {
    /// Who.
    pub user: UserId,
    /// May call on behalf of the person, shown by the person's number (`MakeCalls`).
    pub make_calls: bool,
    /// Rings where the person's calls go to their delegates (`ReceiveCalls`).
    pub receive_calls: bool,
}

/// All of a person's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallingSettings {
    /// Before anybody answers; `IsForwardingEnabled` is whether there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<Forwarding>,
    /// Once nobody did; `IsUnansweredEnabled` is whether there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<Unanswered>,
    /// Where they are busy; as unanswered if left out, but at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<ForwardTarget>,
    /// Where none of their phones can be reached; as unanswered if left out, but at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<ForwardTarget>,
    /// Who may act for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delegates: Vec<Delegate>,
    /// Their call group (`CallGroupTargets`); all ring at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub call_group: Vec<UserId>,
}

/// Why a call goes on elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardCause {
    /// All of the person's calls do.
    Unconditional,
    /// Nobody answered in time, or it was declined.
    Unanswered,
    /// They are on the phone.
    Busy,
    /// No phone of theirs can be reached.
    Unreachable,
    /// It rings there and here.
    Simultaneous,
}

impl ForwardCause {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Unconditional, Self::Unanswered, Self::Busy, Self::Unreachable, Self::Simultaneous];

    /// Its name in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unconditional => "unconditional",
            Self::Unanswered => "unanswered",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Simultaneous => "simultaneous",
        }
    }

    /// The cause of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }

    /// The `cause` of a URI (RFC 4458 section 2). It knows no ringing here and there: that is told as
    /// forwarding of every call.
    pub const fn sip_cause(self) -> u16 {
        match self {
            Self::Unconditional | Self::Simultaneous => 302,
            Self::Unanswered => 408,
            Self::Busy => 486,
            Self::Unreachable => 404,
        }
    }

    /// The `reason` of a Diversion (RFC 5806 section 4).
    pub const fn diversion_reason(self) -> &'static str {
        match self {
            Self::Unconditional => "unconditional",
            Self::Unanswered => "no-answer",
            Self::Busy => "user-busy",
            Self::Unreachable => "unavailable",
            Self::Simultaneous => "follow-me",
        }
    }
}

impl CallingSettings {
    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Where a call goes for a cause. What every call is forwarded to already is not asked again.
    pub fn target(&self, cause: ForwardCause) -> Option<ForwardTarget> {
        let immediate = match self.forwarding {
            Some(Forwarding::Immediate(target)) => Some(target),
            Some(Forwarding::Simultaneous(_)) | None => None,
        };
        let unanswered = || self.unanswered.map(|u| u.target);
        let found = match cause {
            ForwardCause::Unconditional => return immediate,
            ForwardCause::Simultaneous => {
                return match self.forwarding {
                    Some(Forwarding::Simultaneous(target)) => Some(target),
                    Some(Forwarding::Immediate(_)) | None => None,
                };
            }
            ForwardCause::Unanswered => unanswered(),
            ForwardCause::Busy => self.busy.or_else(unanswered),
            ForwardCause::Unreachable => self.unreachable.or_else(unanswered),
        };
        found.filter(|target| Some(*target) != immediate)
    }

    /// Who receives calls for the person.
    pub fn receiving(&self) -> impl Iterator<Item = UserId> + '_ {
        self.delegates.iter().filter(|d| d.receive_calls).map(|d| d.user)
    }

    /// May somebody call on the person's behalf?
    pub fn lets_call(&self, delegate: UserId) -> bool {
        self.delegates.iter().any(|d| d.user == delegate && d.make_calls)
    }

    /// Everybody who is named, with the field that names them.
    pub fn people(&self) -> impl Iterator<Item = (String, UserId)> + '_ {
        let delegates = self.delegates.iter().enumerate();
        let delegates = delegates.map(|(at, d)| (format!("delegates/{at}/user_id"), d.user));
        let group = self.call_group.iter().enumerate();
        let group = group.map(|(at, user)| (format!("call_group/{at}"), *user));
        let targets = self.targets().filter_map(|(field, target)| match target {
            ForwardTarget::User(user) => Some((format!("{field}/user_id"), user)),
            _ => None,
        });
        delegates.chain(group).chain(targets)
    }

    /// The settings without somebody who is removed. What went to them goes nowhere any more, and
    /// so does what went to delegates or a call group of which nobody is left.
    #[must_use]
    pub fn without(mut self, user: UserId) -> Self {
        self.delegates.retain(|delegate| delegate.user != user);
        self.call_group.retain(|member| *member != user);
        let receives = self.receiving().next().is_some();
        let members = !self.call_group.is_empty();
        let stays = |target: &ForwardTarget| match target {
            ForwardTarget::User(of) => *of != user,
            ForwardTarget::MyDelegates => receives,
            ForwardTarget::Group => members,
            ForwardTarget::Voicemail | ForwardTarget::Number(_) => true,
        };
        self.forwarding = self.forwarding.filter(|forwarding| stays(&forwarding.target()));
        self.unanswered = self.unanswered.filter(|unanswered| stays(&unanswered.target));
        self.busy = self.busy.filter(stays);
        self.unreachable = self.unreachable.filter(stays);
        self
    }

    /// Every target, with the field that holds it.
    pub fn targets(&self) -> impl Iterator<Item = (&'static str, ForwardTarget)> {
        [
            ("forwarding/target", self.forwarding.map(Forwarding::target)),
            ("unanswered/target", self.unanswered.map(|u| u.target)),
            ("busy", self.busy),
            ("unreachable", self.unreachable),
        ]
        .into_iter()
        .filter_map(|(field, target)| Some((field, target?)))
    }

    /// Are these settings that a person in `country` may have?
    ///
    /// No emergency number is ever the target of a forward (emergency.md section 4.2).
    ///
    /// # Errors
    /// Which field, and why.
    pub fn check(&self, owner: UserId, country: Country) -> Result<(), CallingError> {
        let refuse = |field: String, reason: &str| Err(CallingError::new(field, reason));
        if self.delegates.len() > MOST_DELEGATES {
            let reason = format!("a person has at most {MOST_DELEGATES} delegates");
            return Err(CallingError::new("delegates", reason));
        }
        if self.call_group.len() > MOST_GROUP {
            let reason = format!("a call group has at most {MOST_GROUP} members");
            return Err(CallingError::new("call_group", reason));
        }
        for (at, delegate) in self.delegates.iter().enumerate() {
            let field = format!("delegates/{at}/user_id");
            if self.delegates[..at].iter().any(|other| other.user == delegate.user) {
                return refuse(field, "somebody is a delegate once");
            }
            if !(delegate.make_calls || delegate.receive_calls) {
                return refuse(format!("delegates/{at}"), "a delegate makes or receives calls");
            }
        }
        for (at, user) in self.call_group.iter().enumerate() {
            if self.call_group[..at].contains(user) {
                return refuse(format!("call_group/{at}"), "somebody is in a call group once");
            }
        }
        if let Some((field, _)) = self.people().find(|(_, user)| *user == owner) {
            return refuse(field, "nobody is a target, a delegate or a member of their own");
        }
        if let Some(Forwarding::Simultaneous(ForwardTarget::Voicemail)) = self.forwarding {
            return refuse(
                "forwarding/target/type".to_owned(),
                "voicemail answers at once: it cannot ring together with somebody",
            );
        }
        for (field, target) in self.targets() {
            match target {
                ForwardTarget::MyDelegates if self.receiving().next().is_none() => {
                    return refuse(format!("{field}/type"), "no delegate receives calls");
                }
                ForwardTarget::Group if self.call_group.is_empty() => {
                    return refuse(format!("{field}/type"), "the call group has no members");
                }
                ForwardTarget::Number(number)
                    if emergency::recognise(&number.to_string(), country).is_some() =>
                {
                    let reason = "calls are never forwarded to an emergency number";
                    return refuse(format!("{field}/number"), reason);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const OWNER: UserId = UserId(Uuid::from_u128(1));

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn gb() -> Country {
        Country::parse("GB").expect("GB")
    }

    fn number(text: &str) -> ForwardTarget {
        ForwardTarget::Number(E164::parse(text).expect("number"))
    }

    fn delegate(n: u128, make_calls: bool, receive_calls: bool) -> Delegate {
        Delegate { user: user(n), make_calls, receive_calls }
    }

    fn delay(seconds: u32) -> UnansweredDelay {
        UnansweredDelay::try_from(seconds).expect("a delay")
    }

    #[test]
    fn delays_that_there_are() {
        for (seconds, good) in [
            (0, false),
            (5, false),
            (9, false),
            (10, true),
            (15, false),
            (20, true),
            (30, true),
            (40, true),
            (50, true),
            (60, true),
            (61, false),
            (70, false),
            (u32::MAX, false),
        ] {
            assert_eq!(UnansweredDelay::try_from(seconds).is_ok(), good, "{seconds}");
        }
        assert_eq!(UnansweredDelay::try_from(20), Ok(UnansweredDelay::DEFAULT));
    }

    #[test]
    fn whoever_is_removed_is_named_no_more() {
        use ForwardTarget::{Group, MyDelegates, User, Voicemail};
        let gone = user(2);
        let all = |delegates: &[Delegate], group: &[u128], target, other| CallingSettings {
            forwarding: Some(Forwarding::Immediate(target)),
            unanswered: Some(Unanswered { target: other, delay: delay(20) }),
            busy: Some(target),
            unreachable: Some(other),
            delegates: delegates.to_vec(),
            call_group: group.iter().copied().map(user).collect(),
        };
        let (second, third) = (delegate(2, true, true), delegate(3, true, true));
        let calls = delegate(3, true, false);
        for (before, after) in [
            // Whoever is left stands for the person still.
            (
                all(&[second, third], &[2, 3], MyDelegates, Group),
                all(&[third], &[3], MyDelegates, Group),
            ),
            (
                all(&[second, calls], &[2], MyDelegates, Group),
                CallingSettings { delegates: vec![calls], ..CallingSettings::default() },
            ),
            (
                all(&[third], &[3], User(gone), Voicemail),
                CallingSettings {
                    forwarding: None,
                    busy: None,
                    ..all(&[third], &[3], Voicemail, Voicemail)
                },
            ),
            (all(&[third], &[3], User(user(3)), Group), all(&[third], &[3], User(user(3)), Group)),
        ] {
            let found = before.clone().without(gone);
            assert_eq!(found, after, "{before:?}");
            assert_eq!(found.check(OWNER, gb()), Ok(()), "what is left can be kept");
        }
    }

    #[test]
    fn settings_that_can_be_and_the_field_that_cannot() {
        use ForwardTarget::{Group, MyDelegates, User, Voicemail};
        let base = || CallingSettings {
            delegates: vec![delegate(2, true, false)],
            call_group: vec![user(3)],
            ..CallingSettings::default()
        };
        let forward = |forwarding| CallingSettings { forwarding: Some(forwarding), ..base() };
        let unanswered = |target| CallingSettings {
            unanswered: Some(Unanswered { target, delay: delay(20) }),
            ..base()
        };
        let many = |n: u128| (0..n).map(|n| user(n + 10)).collect::<Vec<_>>();
        let delegates = |n: u128| {
            many(n).into_iter().map(|user| Delegate { user, make_calls: true, receive_calls: true })
        };
        for (settings, wrong) in [
            (CallingSettings::default(), None),
            (base(), None),
            (forward(Forwarding::Immediate(Voicemail)), None),
            (forward(Forwarding::Simultaneous(Voicemail)), Some("forwarding/target/type")),
            (forward(Forwarding::Simultaneous(number("+493012345678"))), None),
            (forward(Forwarding::Simultaneous(Group)), None),
            (forward(Forwarding::Immediate(User(user(7)))), None),
            (forward(Forwarding::Immediate(User(OWNER))), Some("forwarding/target/user_id")),
            // The one delegate makes calls only.
            (forward(Forwarding::Immediate(MyDelegates)), Some("forwarding/target/type")),
            (unanswered(MyDelegates), Some("unanswered/target/type")),
            (unanswered(number("+999")), Some("unanswered/target/number")),
            (unanswered(number("+112")), Some("unanswered/target/number")),
            // Another country's is a number like any other.
            (unanswered(number("+911")), None),
            (CallingSettings { busy: Some(number("+999")), ..base() }, Some("busy/number")),
            (
                CallingSettings { unreachable: Some(User(OWNER)), ..base() },
                Some("unreachable/user_id"),
            ),
            (
                CallingSettings { unreachable: Some(Group), call_group: vec![], ..base() },
                Some("unreachable/type"),
            ),
            (
                CallingSettings { delegates: vec![delegate(2, false, false)], ..base() },
                Some("delegates/0"),
            ),
            (
                CallingSettings {
                    delegates: vec![delegate(2, true, true), delegate(2, true, false)],
                    ..base()
                },
                Some("delegates/1/user_id"),
            ),
            (
                CallingSettings { delegates: vec![delegate(1, true, true)], ..base() },
                Some("delegates/0/user_id"),
            ),
            (
                CallingSettings { call_group: vec![user(3), user(3)], ..base() },
                Some("call_group/1"),
            ),
            (CallingSettings { call_group: vec![OWNER], ..base() }, Some("call_group/0")),
            (CallingSettings { call_group: many(25), ..base() }, None),
            (CallingSettings { call_group: many(26), ..base() }, Some("call_group")),
            (CallingSettings { delegates: delegates(25).collect(), ..base() }, None),
            (CallingSettings { delegates: delegates(26).collect(), ..base() }, Some("delegates")),
        ] {
            let found = settings.check(OWNER, gb()).err().map(|e| e.field);
            assert_eq!(found.as_deref(), wrong, "{settings:?}");
        }
    }

    #[test]
    fn where_a_call_goes_for_each_cause() {
        use ForwardCause::{
            Busy, Simultaneous, Unanswered as NoAnswer, Unconditional, Unreachable,
        };
        use ForwardTarget::{Group, User, Voicemail};
        let voicemail = Some(Unanswered { target: Voicemail, delay: delay(30) });
        let plain = CallingSettings { unanswered: voicemail, ..CallingSettings::default() };
        let own = CallingSettings {
            busy: Some(User(user(4))),
            unreachable: Some(number("+493012345678")),
            ..plain.clone()
        };
        let away = CallingSettings {
            forwarding: Some(Forwarding::Immediate(Group)),
            unanswered: Some(Unanswered { target: Group, delay: delay(10) }),
            ..CallingSettings::default()
        };
        let both =
            CallingSettings { forwarding: Some(Forwarding::Simultaneous(Group)), ..plain.clone() };
        for (settings, cause, target) in [
            (&plain, Unconditional, None),
            (&plain, NoAnswer, Some(Voicemail)),
            (&plain, Busy, Some(Voicemail)),
            (&plain, Unreachable, Some(Voicemail)),
            (&plain, Simultaneous, None),
            (&own, Busy, Some(User(user(4)))),
            (&own, Unreachable, Some(number("+493012345678"))),
            (&own, NoAnswer, Some(Voicemail)),
            (&away, Unconditional, Some(Group)),
            (&away, NoAnswer, None),
            (&away, Busy, None),
            (&both, Simultaneous, Some(Group)),
            (&both, Unconditional, None),
            (&both, NoAnswer, Some(Voicemail)),
        ] {
            assert_eq!(settings.target(cause), target, "{settings:?} {cause:?}");
        }
    }

    #[test]
    fn causes_are_told_as_the_documents_say() {
        for (cause, name, sip, diversion) in [
            (ForwardCause::Unconditional, "unconditional", 302, "unconditional"),
            (ForwardCause::Unanswered, "unanswered", 408, "no-answer"),
            (ForwardCause::Busy, "busy", 486, "user-busy"),
            (ForwardCause::Unreachable, "unreachable", 404, "unavailable"),
            (ForwardCause::Simultaneous, "simultaneous", 302, "follow-me"),
        ] {
            assert_eq!(
                (cause.as_str(), cause.sip_cause(), cause.diversion_reason()),
                (name, sip, diversion)
            );
            assert_eq!(ForwardCause::parse(name), Some(cause));
        }
        assert_eq!(ForwardCause::parse("sometimes"), None);
    }

    #[test]
    fn who_may_do_what_for_somebody() {
        let settings = CallingSettings {
            delegates: vec![delegate(2, true, false), delegate(3, false, true)],
            ..CallingSettings::default()
        };
        assert_eq!(settings.receiving().collect::<Vec<_>>(), [user(3)]);
        assert!(settings.lets_call(user(2)));
        assert!(!settings.lets_call(user(3)) && !settings.lets_call(user(4)));
    }
}
