//! A consent and the relationship around it: two independent states on one
//! record, the first the tenant's, the second the operator's
//! (operator-connect.md 1.4).

use crate::offer::words;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The tenant's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConsentStatus {
    /// Numbers may be uploaded and assigned.
    Active,
    /// No new upload, assignment or port; assigned numbers keep calling (design section 9).
    Suspended,
    /// Ended; adding the operator again re-uses the record.
    Removed,
}

/// The operator's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RelationshipStatus {
    /// The operator has not looked at the consent yet, or has seen it.
    ConsentAcknowledged,
    /// First contact was made.
    CustomerContacted,
    /// The commercial agreement stands.
    AgreementSigned,
    /// The operator will not serve this tenant; a comment is mandatory.
    ConsentDeclined,
    /// The agreement ended; a comment is mandatory.
    ContractTerminated,
}

words! {
    /// What numbers are needed for, as tenants and offers say it.
    NumberType {
        /// People.
        User = "user",
        /// Call queues and attendants.
        Service = "service",
        /// Conference bridges.
        Conference = "conference",
    }
}

words! {
    /// Where needed numbers come from.
    NumberOrigin {
        /// The operator gives new ones.
        New = "new",
        /// They come from another operator.
        Port = "port",
    }
}

words! {
    /// How a service of the operator is there for the tenant (migration.md 10 step 2).
    Provision {
        /// Without anybody doing anything.
        OnByDefault = "on_by_default",
        /// Once it is configured.
        ToBeConfigured = "to_be_configured",
    }
}

/// A band of company sizes, coded `L<lower>_U<upper>` (1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompanySize {
    lower: u32,
    upper: u32,
}

impl CompanySize {
    /// Reads the code.
    pub fn parse(text: &str) -> Option<Self> {
        let (lower, upper) = text.strip_prefix('L')?.split_once("_U")?;
        let bound = |digits: &str| {
            let good = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            good.then(|| digits.parse::<u32>().ok()).flatten()
        };
        let (lower, upper) = (bound(lower)?, bound(upper)?);
        (lower <= upper).then_some(Self { lower, upper })
    }
}

impl fmt::Display for CompanySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}_U{}", self.lower, self.upper)
    }
}

/// The versions of the data transfer notice and of the operator's terms, accepted or in force. 0
/// is what there was before anybody wrote any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of the notice.
    pub notice: i64,
    /// Of the operator's terms; `None` where it has none.
    pub terms: Option<i64>,
}

impl Versions {
    /// Must the tenant be asked again? What is accepted beyond what is in force is no harm.
    pub fn is_due(self, in_force: Self) -> bool {
        self.notice < in_force.notice
            || in_force.terms.is_some_and(|terms| self.terms.unwrap_or(0) < terms)
    }
}

/// What a tenant may do to a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConsentEvent {
    /// Choose the operator, or choose it again after a removal.
    Give,
    /// Change countries, contacts or requirements.
    Edit,
    /// Pause.
    Suspend,
    /// Take up again.
    Resume,
    /// End.
    Remove,
}

/// What a guard must know of the numbers under a consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumbersHeld {
    /// Numbers of the operator in the tenant's inventory, assigned or not.
    pub total: u64,
    /// Of these, in countries that the edit would take away.
    pub in_dropped_countries: u64,
}

/// Why a transition is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentRefusal {
    /// The event does not fit the state.
    #[error("a {from:?} consent cannot take this step")]
    WrongState {
        /// The state it is in; `None` where there is no consent yet.
        from: Option<ConsentStatus>,
    },
    /// Numbers are still there.
    #[error("{0} numbers of this operator are still in the inventory")]
    NumbersRemain(u64),
    /// Numbers are still there in a country that would be dropped.
    #[error("{0} numbers are still held in a country to be dropped")]
    NumbersInCountry(u64),
    /// A newer notice or newer terms are to be accepted first.
    #[error("a newer data transfer notice, or newer terms of the operator, are not accepted yet")]
    AcceptanceDue,
}

/// May this step be taken while a newer notice or newer terms are not accepted? Calls, numbers and
/// assignments go on, and so does what shares less; what shares more with the operator waits.
///
/// # Errors
/// [`ConsentRefusal::AcceptanceDue`].
pub const fn while_due(event: ConsentEvent) -> Result<(), ConsentRefusal> {
    match event {
        ConsentEvent::Edit | ConsentEvent::Resume => Err(ConsentRefusal::AcceptanceDue),
        // Whoever gives consent accepts what is in force.
        ConsentEvent::Give | ConsentEvent::Suspend | ConsentEvent::Remove => Ok(()),
    }
}

/// The next state of a consent, or why there is none
/// (transitions of operator-connect.md 1.4).
pub fn next(
    from: Option<ConsentStatus>,
    event: ConsentEvent,
    numbers: NumbersHeld,
) -> Result<ConsentStatus, ConsentRefusal> {
    use ConsentEvent as E;
    use ConsentStatus as S;
    match (from, event) {
        (None | Some(S::Removed), E::Give) => Ok(S::Active),
        (Some(S::Active), E::Edit) if numbers.in_dropped_countries > 0 => {
            Err(ConsentRefusal::NumbersInCountry(numbers.in_dropped_countries))
        }
        (Some(S::Active), E::Edit) => Ok(S::Active),
        (Some(S::Active), E::Suspend) => Ok(S::Suspended),
        (Some(S::Suspended), E::Resume) => Ok(S::Active),
        (Some(S::Active | S::Suspended), E::Remove) if numbers.total > 0 => {
            Err(ConsentRefusal::NumbersRemain(numbers.total))
        }
        (Some(S::Active | S::Suspended), E::Remove) => Ok(S::Removed),
        _ => Err(ConsentRefusal::WrongState { from }),
    }
}

/// Why an operator's step is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelationshipRefusal {
    /// Declined and terminated need a reason in words.
    #[error("declining or terminating needs a comment")]
    CommentMissing,
    /// The step leads backwards or out of an end state.
    #[error("the relationship cannot go from {from:?} to {to:?}")]
    WrongState {
        /// Today's state.
        from: RelationshipStatus,
        /// The state asked for.
        to: RelationshipStatus,
    },
}

/// May the operator move the relationship so? Forward steps may skip one;
/// a declined or terminated relationship may be taken up again from the start.
pub fn relationship_next(
    from: RelationshipStatus,
    to: RelationshipStatus,
    comment: Option<&str>,
) -> Result<RelationshipStatus, RelationshipRefusal> {
    use RelationshipStatus as R;
    let ends = matches!(to, R::ConsentDeclined | R::ContractTerminated);
    if ends && comment.is_none_or(|c| c.trim().is_empty()) {
        return Err(RelationshipRefusal::CommentMissing);
    }
    let allowed = match (from, to) {
        (a, b) if a == b => true,
        (
            R::ConsentAcknowledged,
            R::CustomerContacted | R::AgreementSigned | R::ConsentDeclined,
        ) => true,
        (R::CustomerContacted, R::AgreementSigned | R::ConsentDeclined) => true,
        (R::AgreementSigned, R::ContractTerminated) => true,
        (
            R::ConsentDeclined | R::ContractTerminated,
            R::ConsentAcknowledged | R::CustomerContacted,
        ) => true,
        _ => false,
    };
    if allowed { Ok(to) } else { Err(RelationshipRefusal::WrongState { from, to }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConsentEvent as E;
    use ConsentStatus as S;
    use RelationshipStatus as R;

    #[test]
    fn tenant_side() {
        let none = NumbersHeld::default();
        let held = NumbersHeld { total: 3, in_dropped_countries: 2 };
        for (from, event, numbers, expect) in [
            (None, E::Give, none, Ok(S::Active)),
            (None, E::Suspend, none, Err(ConsentRefusal::WrongState { from: None })),
            (
                Some(S::Active),
                E::Give,
                none,
                Err(ConsentRefusal::WrongState { from: Some(S::Active) }),
            ),
            (Some(S::Active), E::Edit, none, Ok(S::Active)),
            (Some(S::Active), E::Edit, held, Err(ConsentRefusal::NumbersInCountry(2))),
            (Some(S::Active), E::Suspend, held, Ok(S::Suspended)),
            (Some(S::Suspended), E::Resume, held, Ok(S::Active)),
            (
                Some(S::Suspended),
                E::Edit,
                none,
                Err(ConsentRefusal::WrongState { from: Some(S::Suspended) }),
            ),
            (Some(S::Active), E::Remove, held, Err(ConsentRefusal::NumbersRemain(3))),
            (Some(S::Suspended), E::Remove, none, Ok(S::Removed)),
            (Some(S::Removed), E::Give, none, Ok(S::Active)),
            (
                Some(S::Removed),
                E::Remove,
                none,
                Err(ConsentRefusal::WrongState { from: Some(S::Removed) }),
            ),
        ] {
            assert_eq!(next(from, event, numbers), expect, "{from:?} {event:?}");
        }
    }

    /// Every event in every state, with and without numbers: the table of 1.4 and nothing else.
    #[test]
    fn every_step_from_every_state() {
        let states = [None, Some(S::Active), Some(S::Suspended), Some(S::Removed)];
        let held = NumbersHeld { total: 3, in_dropped_countries: 2 };
        for from in states {
            for event in [E::Give, E::Edit, E::Suspend, E::Resume, E::Remove] {
                let to = match (from, event) {
                    (None | Some(S::Removed), E::Give) => Some(S::Active),
                    (Some(S::Active), E::Edit) => Some(S::Active),
                    (Some(S::Active), E::Suspend) => Some(S::Suspended),
                    (Some(S::Suspended), E::Resume) => Some(S::Active),
                    (Some(S::Active | S::Suspended), E::Remove) => Some(S::Removed),
                    _ => None,
                };
                let expect = to.ok_or(ConsentRefusal::WrongState { from });
                assert_eq!(next(from, event, NumbersHeld::default()), expect, "{from:?} {event:?}");
                let guarded = match (to, event) {
                    (Some(_), E::Edit) => Err(ConsentRefusal::NumbersInCountry(2)),
                    (Some(_), E::Remove) => Err(ConsentRefusal::NumbersRemain(3)),
                    _ => expect,
                };
                assert_eq!(next(from, event, held), guarded, "{from:?} {event:?} with numbers");
            }
        }
    }

    #[test]
    fn company_sizes() {
        for (text, good) in [
            ("L1_U1", true),
            ("L250_U999", true),
            ("L0_U4294967295", true),
            ("L5_U4", false),
            ("L1_U4294967296", false),
            ("L+1_U49", false),
            ("L1_U", false),
            ("L_U1", false),
            ("l1_u49", false),
            ("L1-U49", false),
            ("1_49", false),
            ("L1_U49 ", false),
            ("", false),
        ] {
            let read = CompanySize::parse(text).map(|size| size.to_string());
            assert_eq!(read.as_deref(), good.then_some(text), "{text:?}");
        }
    }

    #[test]
    fn words_of_needs() {
        for (word, number_type) in [
            ("user", Some(NumberType::User)),
            ("service", Some(NumberType::Service)),
            ("conference", Some(NumberType::Conference)),
            ("User", None),
            ("fax", None),
            ("", None),
        ] {
            assert_eq!(NumberType::parse(word), number_type, "{word}");
        }
        for (word, origin) in [
            ("new", Some(NumberOrigin::New)),
            ("port", Some(NumberOrigin::Port)),
            ("ported", None),
            ("", None),
        ] {
            assert_eq!(NumberOrigin::parse(word), origin, "{word}");
        }
        for (word, provision) in [
            ("on_by_default", Some(Provision::OnByDefault)),
            ("to_be_configured", Some(Provision::ToBeConfigured)),
            ("off", None),
            ("", None),
        ] {
            assert_eq!(Provision::parse(word), provision, "{word}");
        }
    }

    #[test]
    fn a_newer_version_asks_again_and_stops_only_what_shares_more() {
        let versions = |notice, terms| Versions { notice, terms };
        for (accepted, in_force, due) in [
            (versions(0, None), versions(0, None), false),
            (versions(1, Some(0)), versions(2, None), true),
            (versions(2, Some(0)), versions(2, Some(1)), true),
            (versions(2, None), versions(2, Some(1)), true),
            (versions(2, Some(1)), versions(2, Some(1)), false),
            (versions(2, Some(1)), versions(2, None), false),
            (versions(3, Some(2)), versions(2, Some(1)), false),
        ] {
            assert_eq!(accepted.is_due(in_force), due, "{accepted:?} {in_force:?}");
        }
        for (event, waits) in [
            (E::Give, false),
            (E::Edit, true),
            (E::Suspend, false),
            (E::Resume, true),
            (E::Remove, false),
        ] {
            assert_eq!(while_due(event).is_err(), waits, "{event:?}");
        }
    }

    #[test]
    fn operator_side() {
        let all = [
            R::ConsentAcknowledged,
            R::CustomerContacted,
            R::AgreementSigned,
            R::ConsentDeclined,
            R::ContractTerminated,
        ];
        for from in all {
            for to in all {
                let allowed = from == to
                    || match from {
                        R::ConsentAcknowledged => {
                            [R::CustomerContacted, R::AgreementSigned, R::ConsentDeclined]
                                .contains(&to)
                        }
                        R::CustomerContacted => {
                            [R::AgreementSigned, R::ConsentDeclined].contains(&to)
                        }
                        R::AgreementSigned => to == R::ContractTerminated,
                        R::ConsentDeclined | R::ContractTerminated => {
                            [R::ConsentAcknowledged, R::CustomerContacted].contains(&to)
                        }
                    };
                let expect = if allowed {
                    Ok(to)
                } else {
                    Err(RelationshipRefusal::WrongState { from, to })
                };
                assert_eq!(relationship_next(from, to, Some("unpaid")), expect);
                // Declined and terminated need words, and blanks are none.
                let ends = [R::ConsentDeclined, R::ContractTerminated].contains(&to);
                let expect = if ends { Err(RelationshipRefusal::CommentMissing) } else { expect };
                for comment in [None, Some(""), Some("  ")] {
                    assert_eq!(relationship_next(from, to, comment), expect, "{from:?} {to:?}");
                }
            }
        }
    }
}
