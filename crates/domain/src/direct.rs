//! May a tenant add this number as a Direct Routing one? (operator-connect.md section 5 rules 1
//! and 3, 1.8 `DirectRoutingNumberCreation`.)

use crate::ids::{OperatorId, TenantId};
use crate::number::{NumberType, Usage};

/// What is known of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectNumber {
    /// What it is for.
    pub usage: Usage,
    /// Nobody pays for calls to it but its holder.
    pub toll_free: bool,
    /// An operator declared the range it is in.
    pub in_operator_range: bool,
    /// Who has it already.
    pub held_by: Option<(OperatorId, TenantId)>,
    /// The location named for it is the tenant's; true where none is named.
    pub location_known: bool,
    /// That location lies in the number's country; true where none is named.
    pub location_in_country: bool,
}

/// Why it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DirectRefusal {
    /// The tenant has it, as a Direct Routing number.
    #[error("the number is in the inventory already, as a Direct Routing number")]
    AlreadyThere,
    /// The tenant has it, by an operator: one number has one type (rule 1).
    #[error("the number is in the inventory already, by an operator: one number has one type")]
    OtherType,
    /// Another tenant has it.
    #[error("the number is already held elsewhere")]
    HeldElsewhere,
    /// Ranges of both ways must not overlap (rule 1).
    #[error("an operator declared the range that the number is in")]
    InsideOperatorRange,
    /// Toll-free numbers are not for people.
    #[error("a toll-free number cannot be used for people")]
    TollFreeUser,
    /// The location is not the tenant's.
    #[error("the location does not exist in this tenant")]
    UnknownLocation,
    /// The location lies elsewhere.
    #[error("the location lies in another country than the number")]
    LocationCountry,
}

/// The first rule that refuses names the reason.
///
/// # Errors
/// Why not.
pub fn check(n: &DirectNumber, tenant: TenantId) -> Result<(), DirectRefusal> {
    match n.held_by {
        Some((_, holder)) if holder != tenant => return Err(DirectRefusal::HeldElsewhere),
        Some((operator, _)) => {
            return Err(match NumberType::of(operator) {
                NumberType::DirectRouting => DirectRefusal::AlreadyThere,
                NumberType::OperatorConnect => DirectRefusal::OtherType,
            });
        }
        None => {}
    }
    if n.in_operator_range {
        return Err(DirectRefusal::InsideOperatorRange);
    }
    match n.usage {
        Usage::CallingUserAssignment if n.toll_free => return Err(DirectRefusal::TollFreeUser),
        // What an exchange's owner sells no numbers for, a bridge's default number is one of the
        // tenant's own (operator-connect.md 1.12: an operator's cannot be).
        Usage::CallingUserAssignment
        | Usage::FirstPartyAppAssignment
        | Usage::ConferenceAssignment => {}
    }
    if !n.location_known {
        return Err(DirectRefusal::UnknownLocation);
    }
    if !n.location_in_country {
        return Err(DirectRefusal::LocationCountry);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_rule_refuses_its_own_case() {
        let tenant = TenantId(Uuid::from_u128(1));
        let other = TenantId(Uuid::from_u128(2));
        let operator = OperatorId(Uuid::from_u128(3));
        let good = DirectNumber {
            usage: Usage::CallingUserAssignment,
            toll_free: false,
            in_operator_range: false,
            held_by: None,
            location_known: true,
            location_in_country: true,
        };
        let app = Usage::FirstPartyAppAssignment;
        let held = |by| DirectNumber { held_by: Some(by), ..good };
        for (number, expect) in [
            (good, Ok(())),
            (DirectNumber { usage: app, toll_free: true, ..good }, Ok(())),
            (held((OperatorId::DIRECT_ROUTING, tenant)), Err(DirectRefusal::AlreadyThere)),
            (held((operator, tenant)), Err(DirectRefusal::OtherType)),
            (held((operator, other)), Err(DirectRefusal::HeldElsewhere)),
            (held((OperatorId::DIRECT_ROUTING, other)), Err(DirectRefusal::HeldElsewhere)),
            (
                DirectNumber { in_operator_range: true, ..good },
                Err(DirectRefusal::InsideOperatorRange),
            ),
            (DirectNumber { usage: Usage::ConferenceAssignment, toll_free: true, ..good }, Ok(())),
            (DirectNumber { toll_free: true, ..good }, Err(DirectRefusal::TollFreeUser)),
            (DirectNumber { location_known: false, ..good }, Err(DirectRefusal::UnknownLocation)),
            (
                DirectNumber { location_in_country: false, ..good },
                Err(DirectRefusal::LocationCountry),
            ),
        ] {
            assert_eq!(check(&number, tenant), expect, "{number:?}");
        }
    }
}
