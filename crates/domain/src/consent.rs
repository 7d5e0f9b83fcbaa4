//! A consent and the relationship around it: two independent states on one
//! record, the first the tenant's, the second the operator's
//! (operator-connect.md 1.4).

use serde::{Deserialize, Serialize};

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

    #[test]
    fn operator_side() {
        for (from, to, comment, ok) in [
            (R::ConsentAcknowledged, R::CustomerContacted, None, true),
            (R::CustomerContacted, R::AgreementSigned, None, true),
            (R::CustomerContacted, R::ConsentAcknowledged, None, false),
            (R::AgreementSigned, R::ContractTerminated, Some("unpaid"), true),
            (R::AgreementSigned, R::ContractTerminated, Some("  "), false),
            (R::ConsentAcknowledged, R::ConsentDeclined, None, false),
            (R::ConsentDeclined, R::ConsentAcknowledged, None, true),
            (R::ConsentDeclined, R::AgreementSigned, None, false),
        ] {
            assert_eq!(relationship_next(from, to, comment).is_ok(), ok, "{from:?} -> {to:?}");
        }
    }
}
