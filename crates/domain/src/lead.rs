//! Leads: an operator invites a tenant, which accepts with a consent, or declines (operator-connect.md
//! 1.4, "direct leads").

use crate::offer::words;

/// Shortest and longest time that a lead stays open, days.
pub const DAYS: std::ops::RangeInclusive<u32> = 1..=365;
/// How long where nothing is said, days.
pub const DEFAULT_DAYS: u32 = 30;
/// Most leads of one operator that are open at once.
pub const MAX_OPEN: i64 = 1000;

words! {
    /// How a lead stands.
    LeadStatus {
        /// Nobody has decided.
        Open = "open",
        /// The tenant consented.
        Accepted = "accepted",
        /// The tenant does not want to.
        Declined = "declined",
        /// The operator took it back.
        Withdrawn = "withdrawn",
        /// Nobody decided in time. Never written: the clock says it.
        Expired = "expired",
    }
}

/// A step that ends a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeadEvent {
    /// The tenant consents.
    Accept,
    /// The tenant declines.
    Decline,
    /// The operator takes it back.
    Withdraw,
}

/// It is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the lead is {}", at.as_str())]
pub struct LeadOver {
    /// How it stands.
    pub at: LeadStatus,
}

impl LeadStatus {
    /// How it stands at this instant; times in microseconds since 1970 UTC.
    #[must_use]
    pub fn at(self, expires_us: i64, now_us: i64) -> Self {
        if self == Self::Open && expires_us <= now_us { Self::Expired } else { self }
    }

    /// What a step makes of it.
    ///
    /// # Errors
    /// Only an open lead takes one.
    pub fn next(self, event: LeadEvent) -> Result<Self, LeadOver> {
        match (self, event) {
            (Self::Open, LeadEvent::Accept) => Ok(Self::Accepted),
            (Self::Open, LeadEvent::Decline) => Ok(Self::Declined),
            (Self::Open, LeadEvent::Withdraw) => Ok(Self::Withdrawn),
            (at, _) => Err(LeadOver { at }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_lead_takes_a_step() {
        use LeadEvent::{Accept, Decline, Withdraw};
        for (event, to) in [
            (Accept, LeadStatus::Accepted),
            (Decline, LeadStatus::Declined),
            (Withdraw, LeadStatus::Withdrawn),
        ] {
            for from in LeadStatus::ALL.iter().copied() {
                let expect =
                    if from == LeadStatus::Open { Ok(to) } else { Err(LeadOver { at: from }) };
                assert_eq!(from.next(event), expect, "{from:?} {event:?}");
            }
        }
    }

    #[test]
    fn an_open_lead_ends_by_the_clock_and_a_decided_one_does_not() {
        for (status, now, expect) in [
            (LeadStatus::Open, 9, LeadStatus::Open),
            (LeadStatus::Open, 10, LeadStatus::Expired),
            (LeadStatus::Accepted, 11, LeadStatus::Accepted),
            (LeadStatus::Declined, 11, LeadStatus::Declined),
            (LeadStatus::Withdrawn, 11, LeadStatus::Withdrawn),
        ] {
            assert_eq!(status.at(10, now), expect, "{status:?} at {now}");
        }
        assert_eq!(LeadStatus::parse("open"), Some(LeadStatus::Open));
        assert_eq!(LeadStatus::parse("lost"), None);
    }
}
