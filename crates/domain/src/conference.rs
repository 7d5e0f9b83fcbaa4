//! Conference bridges of a tenant and their numbers (operator-connect.md 1.12).
//!
//! What answers a bridge's calls is one of the tenant's gateways, as everything that plays
//! audio stands outside the exchange (design section 5). Where the field leaves something
//! open: a bridge has a default number as soon as it has a number that may be one.

mod languages;

pub use languages::{LanguageError, LanguageTag, Languages, MOST_SECONDARY, MOST_TAG};

use crate::ids::UserId;
use crate::number::NumberType;

/// Most bridges of a tenant. Public documents set no limit that counts here: every edge
/// keeps them all.
pub const MOST_BRIDGES: i64 = 50;
/// Most numbers of a bridge, for the same reason.
pub const MOST_BRIDGE_NUMBERS: i64 = 1_000;
/// Most gateways that answer a bridge's calls.
pub const MOST_BRIDGE_GATEWAYS: usize = 10;
/// Longest name of a bridge, characters.
pub const MOST_BRIDGE_NAME: usize = 100;

/// Why a bridge, or what it has, cannot be as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BridgeRefusal {
    /// An Operator Connect number cannot be the default one.
    #[error("a number of an operator cannot be a bridge's default number")]
    DefaultOfOperator,
    /// Only one of its own numbers can be the default one.
    #[error("the number is not one of the bridge's")]
    NotOfBridge,
    /// The default number stays.
    #[error("the default number of a bridge cannot be unregistered")]
    IsDefault,
    /// A voice route names it as the number by which meetings call out.
    #[error("a voice route names the number as the source of calls out of meetings")]
    IsSource,
    /// A bridge that is removed has no number but its default one.
    #[error("the bridge has other numbers than its default one")]
    NumbersRemain,
}

/// A number of a bridge, as far as the rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BridgeNumber {
    /// Which way to the PSTN it has.
    pub kind: NumberType,
    /// It is the bridge's default number.
    pub is_default: bool,
    /// A voice route names it as `BridgeSourcePhoneNumber`.
    pub is_source: bool,
}

/// May a number of the bridge become its default one? `None` is a number that the bridge
/// does not have (1.12: an Operator Connect conferencing number cannot be the default).
///
/// # Errors
/// Why not.
pub const fn check_default(number: Option<BridgeNumber>) -> Result<(), BridgeRefusal> {
    match number {
        None => Err(BridgeRefusal::NotOfBridge),
        Some(BridgeNumber { kind: NumberType::OperatorConnect, .. }) => {
            Err(BridgeRefusal::DefaultOfOperator)
        }
        Some(_) => Ok(()),
    }
}

/// Does a number that is registered become the default one? The first that may be one does,
/// so that a bridge has one as soon as it can.
pub const fn becomes_default(kind: NumberType, has_default: bool) -> bool {
    matches!(kind, NumberType::DirectRouting) && !has_default
}

/// May a number be unregistered (1.12: the default number cannot be unassigned)?
///
/// # Errors
/// Why not.
pub const fn check_unregister(number: BridgeNumber) -> Result<(), BridgeRefusal> {
    if number.is_default {
        Err(BridgeRefusal::IsDefault)
    } else if number.is_source {
        Err(BridgeRefusal::IsSource)
    } else {
        Ok(())
    }
}

/// May the bridge be removed? Its default number goes with it.
///
/// # Errors
/// Why not.
pub const fn check_remove(
    numbers: usize,
    default: Option<BridgeNumber>,
) -> Result<(), BridgeRefusal> {
    match default {
        _ if numbers > 1 => Err(BridgeRefusal::NumbersRemain),
        None if numbers > 0 => Err(BridgeRefusal::NumbersRemain),
        Some(BridgeNumber { is_source: true, .. }) => Err(BridgeRefusal::IsSource),
        _ => Ok(()),
    }
}

/// Who lets a bridge call out of a meeting, as it says (1.12, "per organiser or global").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The bridge that it runs on.
    pub bridge: crate::ids::BridgeId,
    /// Its organiser; nobody, and everybody's policies hold.
    pub organizer: Option<UserId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use NumberType::{DirectRouting, OperatorConnect};

    const fn number(kind: NumberType, is_default: bool, is_source: bool) -> BridgeNumber {
        BridgeNumber { kind, is_default, is_source }
    }

    #[test]
    fn which_number_may_be_the_default_one() {
        for (asked, expect) in [
            (None, Err(BridgeRefusal::NotOfBridge)),
            (Some(number(OperatorConnect, false, false)), Err(BridgeRefusal::DefaultOfOperator)),
            (Some(number(DirectRouting, false, false)), Ok(())),
            (Some(number(DirectRouting, true, true)), Ok(())),
        ] {
            assert_eq!(check_default(asked), expect, "{asked:?}");
        }
        for (kind, has_default, expect) in [
            (DirectRouting, false, true),
            (DirectRouting, true, false),
            (OperatorConnect, false, false),
            (OperatorConnect, true, false),
        ] {
            assert_eq!(becomes_default(kind, has_default), expect, "{kind:?} {has_default}");
        }
    }

    #[test]
    fn what_can_be_taken_from_a_bridge() {
        for (asked, expect) in [
            (number(OperatorConnect, false, false), Ok(())),
            (number(DirectRouting, false, false), Ok(())),
            (number(DirectRouting, true, false), Err(BridgeRefusal::IsDefault)),
            (number(OperatorConnect, false, true), Err(BridgeRefusal::IsSource)),
        ] {
            assert_eq!(check_unregister(asked), expect, "{asked:?}");
        }
        let default = number(DirectRouting, true, false);
        for (numbers, default, expect) in [
            (0, None, Ok(())),
            (1, Some(default), Ok(())),
            (1, None, Err(BridgeRefusal::NumbersRemain)),
            (2, Some(default), Err(BridgeRefusal::NumbersRemain)),
            (1, Some(number(DirectRouting, true, true)), Err(BridgeRefusal::IsSource)),
        ] {
            assert_eq!(check_remove(numbers, default), expect, "{numbers} {default:?}");
        }
    }
}
