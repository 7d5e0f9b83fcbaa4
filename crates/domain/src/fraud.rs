//! Toll fraud: how much a person, and a tenant, may call to costly destinations
//! (design section 5). Calls for help are never asked about here.
//!
//! Somebody who steals a phone's password sells calls to the dearest numbers there
//! are, as many at once as they can, at night. [`FraudLimits::default`] is far
//! above what a person dials and far below what makes a theft worth its while.

use numbering::{Country, E164, tariff};
use serde::{Deserialize, Serialize};

/// How long somebody over a limit is blocked for the class, microseconds.
pub const BLOCK_US: i64 = 3600 * 1_000_000;
const MINUTE_US: i64 = 60 * 1_000_000;

/// What kind of destination a call to an operator has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationClass {
    /// In the caller's own country, or free for the caller.
    National,
    /// In another country.
    International,
    /// Premium rate, shared cost, satellites: dear wherever it is.
    Premium,
}

impl DestinationClass {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::International => "international",
            Self::Premium => "premium",
        }
    }

    /// The class of a number for somebody whose own number is of `home`.
    pub fn of(dialled: E164, home: Country) -> Self {
        let tariff = tariff(dialled);
        match tariff.country {
            _ if tariff.premium => Self::Premium,
            Some(country) if country != home => Self::International,
            _ => Self::National,
        }
    }
}

/// Limits of one class; `None` for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassLimit {
    /// Most calls at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
    /// Most calls begun within any 60 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
}

impl ClassLimit {
    const fn new(at_once: u32, per_hour: u32) -> Self {
        Self { at_once: Some(at_once), per_hour: Some(per_hour) }
    }

    /// Limits nothing.
    pub const fn is_none(self) -> bool {
        self.at_once.is_none() && self.per_hour.is_none()
    }
}

/// Limits by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassLimits {
    /// Of [`DestinationClass::National`].
    #[serde(default)]
    pub national: ClassLimit,
    /// Of [`DestinationClass::International`].
    #[serde(default)]
    pub international: ClassLimit,
    /// Of [`DestinationClass::Premium`].
    #[serde(default)]
    pub premium: ClassLimit,
}

impl ClassLimits {
    /// Those of one class.
    pub const fn of(&self, class: DestinationClass) -> ClassLimit {
        match class {
            DestinationClass::National => self.national,
            DestinationClass::International => self.international,
            DestinationClass::Premium => self.premium,
        }
    }
}

/// A tenant's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FraudLimits {
    /// Of each person.
    pub person: ClassLimits,
    /// Of all persons together.
    pub tenant: ClassLimits,
}

impl Default for FraudLimits {
    /// National calls cost little: no limit. A person talks to one party and holds
    /// a few more: 6 calls abroad at once and one a minute for an hour is a busy
    /// seller's day; dear numbers are dialled now and then. A tenant's limits stop
    /// many stolen accounts at once; call centres that sell abroad raise theirs.
    fn default() -> Self {
        Self {
            person: ClassLimits {
                national: ClassLimit::default(),
                international: ClassLimit::new(6, 60),
                premium: ClassLimit::new(2, 10),
            },
            tenant: ClassLimits {
                national: ClassLimit::default(),
                international: ClassLimit::new(200, 2_000),
                premium: ClassLimit::new(20, 100),
            },
        }
    }
}

/// Whose limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The calling person's.
    Person,
    /// Their tenant's.
    Tenant,
}

/// Which limit a call would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Excess {
    /// Calls at once.
    AtOnce,
    /// Calls within an hour.
    PerHour,
    /// An earlier call did; the block lasts.
    Blocked,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub struct FraudRefusal {
    /// Whose limit.
    pub whose: Whose,
    /// Of which class.
    pub class: DestinationClass,
    /// Which.
    pub excess: Excess,
}

impl FraudRefusal {
    /// A stable code, as it stands in call records.
    pub const fn code(self) -> &'static str {
        "fraud_limit"
    }

    /// The SIP response to give.
    pub const fn sip_status(self) -> u16 {
        403
    }

    /// Which setting of the tenant's limits it is.
    pub fn field(self) -> String {
        let whose = match self.whose {
            Whose::Person => "person",
            Whose::Tenant => "tenant",
        };
        let what = match self.excess {
            Excess::AtOnce => "/at_once",
            Excess::PerHour => "/per_hour",
            Excess::Blocked => "",
        };
        format!("/{whose}/{}{what}", self.class.as_str())
    }

    /// What is wrong, in a sentence.
    pub fn reason(self) -> String {
        let whose = match self.whose {
            Whose::Person => "the person",
            Whose::Tenant => "the tenant",
        };
        let class = self.class.as_str();
        match self.excess {
            Excess::AtOnce => format!("{whose} has as many {class} calls at once as it may"),
            Excess::PerHour => format!("{whose} made as many {class} calls in an hour as it may"),
            Excess::Blocked => format!("{whose} is blocked for {class} calls for an hour"),
        }
    }

    /// What to do.
    pub const fn remedy(self) -> &'static str {
        "Ask the person; change the password of a stolen phone; then lift the block, or raise the limit."
    }
}

/// Minutes that are counted: the running one and the 60 before it.
const MINUTES: usize = 61;

/// Counts and blocks of one person or tenant in one class.
#[derive(Clone, Debug)]
pub struct Tally {
    minutes: [u16; MINUTES],
    /// The last minute that was counted in, since 1970.
    minute: i64,
    blocked_until_us: i64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { minutes: [0; MINUTES], minute: 0, blocked_until_us: 0 }
    }
}

impl Tally {
    /// Counts a call begun now, with `at_once` others under way; or refuses it,
    /// and blocks for [`BLOCK_US`] what exceeds a limit. A clock that goes back
    /// counts on in the minute it was in.
    ///
    /// # Errors
    /// Which limit it exceeds.
    pub fn begin(&mut self, limit: ClassLimit, at_once: u32, now_us: i64) -> Result<(), Excess> {
        if self.is_blocked(now_us) {
            return Err(Excess::Blocked);
        }
        self.turn(now_us);
        let excess = if limit.at_once.is_some_and(|most| at_once >= most) {
            Excess::AtOnce
        } else if limit.per_hour.is_some_and(|most| self.begun() >= most) {
            Excess::PerHour
        } else {
            let slot = &mut self.minutes[slot(self.minute)];
            *slot = slot.saturating_add(1);
            return Ok(());
        };
        self.blocked_until_us = now_us.saturating_add(BLOCK_US);
        Err(excess)
    }

    /// Blocks the class until a time, if it is not blocked for longer: another counter
    /// found a limit exceeded.
    pub fn block(&mut self, until_us: i64) {
        self.blocked_until_us = self.blocked_until_us.max(until_us);
    }

    /// Is the class blocked?
    pub fn is_blocked(&self, now_us: i64) -> bool {
        now_us < self.blocked_until_us
    }

    /// Was it blocked, whether or not that is over?
    pub fn was_blocked(&self) -> bool {
        self.blocked_until_us != 0
    }

    /// Lifts a block, and forgets what was counted: the next call goes.
    pub fn release(&mut self) {
        *self = Self { minute: self.minute, ..Self::default() };
    }

    /// Nothing of the last hour is left, nor a block.
    pub fn is_idle(&self, now_us: i64) -> bool {
        !self.was_blocked() && now_us / MINUTE_US - self.minute >= MINUTES as i64
    }

    fn begun(&self) -> u32 {
        self.minutes.iter().map(|n| u32::from(*n)).sum()
    }

    fn turn(&mut self, now_us: i64) {
        let now = now_us / MINUTE_US;
        for minute in (self.minute + 1..=now).take(MINUTES) {
            self.minutes[slot(minute)] = 0;
        }
        if now - self.minute > MINUTES as i64 {
            self.minutes = [0; MINUTES];
        }
        self.minute = self.minute.max(now);
    }
}

fn slot(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(MINUTES as i64)).expect("below 61")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_of_destinations() {
        for (home, number, class) in [
            ("GB", "+442079460000", DestinationClass::National),
            ("GB", "+448081570000", DestinationClass::National),
            ("GB", "+440000000000", DestinationClass::National),
            ("GB", "+80012345678", DestinationClass::National),
            ("GB", "+33123456789", DestinationClass::International),
            ("US", "+18762345678", DestinationClass::International),
            ("GB", "+449098790000", DestinationClass::Premium),
            ("FR", "+449098790000", DestinationClass::Premium),
            ("GB", "+881612345678", DestinationClass::Premium),
            ("GB", "+979123456789", DestinationClass::Premium),
        ] {
            let home = Country::parse(home).expect("country");
            let dialled = E164::parse(number).expect("number");
            assert_eq!(DestinationClass::of(dialled, home), class, "{number} from {home}");
        }
    }

    #[test]
    fn what_exceeds_a_limit_blocks_for_an_hour() {
        let limit = ClassLimit::new(2, 3);
        let start = 1_790_000_000_000_000;
        let mut tally = Tally::default();
        assert_eq!(tally.begin(limit, 0, start), Ok(()));
        assert_eq!(tally.begin(limit, 2, start), Err(Excess::AtOnce));
        assert_eq!(tally.begin(limit, 0, start + BLOCK_US - 1), Err(Excess::Blocked));
        for _ in 0..3 {
            assert_eq!(tally.begin(limit, 0, start + 2 * BLOCK_US), Ok(()));
        }
        assert_eq!(tally.begin(limit, 0, start + 2 * BLOCK_US), Err(Excess::PerHour));
        assert!(tally.is_blocked(start + 2 * BLOCK_US));
        tally.release();
        assert_eq!(tally.begin(limit, 0, start + 2 * BLOCK_US), Ok(()));
        assert!(!tally.is_idle(start + 3 * BLOCK_US));
        assert!(tally.is_idle(start + 4 * BLOCK_US));
    }

    #[test]
    fn no_limit_refuses_nothing() {
        let mut tally = Tally::default();
        for n in 0..10_000 {
            assert_eq!(tally.begin(ClassLimit::default(), n, 0), Ok(()));
        }
    }

    #[test]
    fn limits_read_as_they_were_written() {
        let limits = FraudLimits::default();
        let person = limits.person.of(DestinationClass::International);
        assert_eq!((person.at_once, person.per_hour), (Some(6), Some(60)));
        let refusal = FraudRefusal {
            whose: Whose::Tenant,
            class: DestinationClass::Premium,
            excess: Excess::PerHour,
        };
        assert_eq!(refusal.field(), "/tenant/premium/per_hour");
    }

    proptest! {
        /// Whatever the pace, no rolling hour holds more calls than the limit.
        #[test]
        fn no_hour_holds_more_than_the_limit(
            most in 0u32..20,
            pauses in proptest::collection::vec(0i64..600_000_000, 1..200),
        ) {
            let limit = ClassLimit { at_once: None, per_hour: Some(most) };
            let (mut tally, mut now, mut passed) = (Tally::default(), 1_790_000_000_000_000, vec![]);
            for pause in pauses {
                now += pause;
                if tally.begin(limit, 0, now).is_ok() {
                    passed.push(now);
                }
                let hour = passed.iter().filter(|at| now - **at < BLOCK_US).count();
                prop_assert!(hour <= most as usize, "{hour} calls in an hour");
            }
        }
    }
}
