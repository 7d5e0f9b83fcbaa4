//! Calls outside by people without a number of their own: by the number of a resource account
//! (the field's shared calling, `TeamsSharedCallingRoutingPolicy`; operator-connect.md 1.13).

use super::PolicyError;
use crate::ids::{ResourceAccountId, TenantId, UserId};
use crate::number::{NumberType, Usage};
use numbering::{Country, E164};
use serde::{Deserialize, Serialize};

/// Most numbers for emergency calls of a policy. Public documents set no limit that counts
/// here: each is asked for in the way of a call for help.
pub const MOST_SHARED_NUMBERS: usize = 50;

/// How long a number for emergency calls is reserved for being called back (1.13: 60 minutes).
pub const CALLBACK_US: i64 = 60 * 60 * 1_000_000;

/// By which numbers people without one of their own call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedCalling {
    /// Its number is the one they call by.
    pub resource_account: ResourceAccountId,
    /// Numbers of which an emergency call takes one, so that those who come to help call back
    /// whoever called; the account's number where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergency_numbers: Vec<E164>,
}

impl SharedCalling {
    /// Is it well formed?
    ///
    /// # Errors
    /// Which number is wrong, and why.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.emergency_numbers.len() > MOST_SHARED_NUMBERS {
            let reason = format!("there are at most {MOST_SHARED_NUMBERS} of them");
            return Err(PolicyError::new("emergency_numbers", reason));
        }
        for (at, number) in self.emergency_numbers.iter().enumerate() {
            if self.emergency_numbers[..at].contains(number) {
                let field = format!("emergency_numbers/{at}");
                return Err(PolicyError::new(field, format!("{number} is there twice")));
            }
        }
        Ok(())
    }

    /// Which number an emergency call of a person takes: the one that is reserved for them
    /// already; or the first that is reserved for nobody; or, where all are taken, the first
    /// (1.13). None where there are none.
    pub fn emergency_number(&self, caller: UserId, reserved: Reserved<'_>) -> Option<E164> {
        let numbers = &self.emergency_numbers;
        let of = |wanted: Option<UserId>| {
            numbers.iter().copied().find(|number| reserved.by(*number) == wanted)
        };
        of(Some(caller)).or_else(|| of(None)).or_else(|| numbers.first().copied())
    }
}

/// For whom numbers for emergency calls are reserved now. Only edges know: they placed the
/// calls.
#[derive(Clone, Copy)]
pub struct Reserved<'a>(&'a dyn Fn(E164) -> Option<UserId>);

impl<'a> Reserved<'a> {
    /// For nobody.
    pub const NONE: Reserved<'static> = Reserved(&|_| None);

    /// As this tells.
    pub const fn new(by: &'a dyn Fn(E164) -> Option<UserId>) -> Self {
        Self(by)
    }

    /// For whom a number is reserved.
    pub fn by(&self, number: E164) -> Option<UserId> {
        (self.0)(number)
    }
}

impl std::fmt::Debug for Reserved<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reserved")
    }
}

/// A number that a policy is to have, as far as the rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedNumber {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which way to the PSTN it has.
    pub kind: NumberType,
    /// Its country.
    pub country: Country,
    /// What it is for.
    pub usage: Usage,
    /// Calls can be routed to it.
    pub activated: bool,
    /// It has an emergency location.
    pub has_location: bool,
    /// Somebody has it, and not this policy.
    pub taken: bool,
    /// A block keeps it from being assigned.
    pub blocked: bool,
    /// The consent to its operator is active, or it needs none; of no account for what the policy
    /// has already.
    pub consented: bool,
}

/// Why a policy cannot have an account or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SharedRefusal {
    /// People call by its number.
    #[error("the resource account has no number")]
    AccountWithoutNumber,
    /// Help comes to where it is.
    #[error("the resource account's number has no emergency location")]
    AccountWithoutLocation,
    /// Of another type.
    #[error("the number is of another type than the resource account's")]
    OtherType,
    /// Of another country.
    #[error("the number is of another country than the resource account's")]
    OtherCountry,
    /// Somebody has it: a person, an account, a bridge, or another policy.
    #[error("the number is already assigned")]
    Taken,
    /// Not active yet.
    #[error("the number is not activated yet")]
    NotActivated,
    /// Kept from being assigned.
    #[error("the number is blocked from being assigned")]
    Blocked,
    /// The consent is suspended or gone (design section 9), as it keeps a number from being assigned.
    #[error("the consent to the number's operator is not active")]
    ConsentNotActive,
    /// Nobody calls by a number for conferences.
    #[error("a number for conferences is not for calls of people")]
    Conference,
}

/// May people call by the account that has this number?
///
/// # Errors
/// Why not.
pub const fn check_account(number: Option<&SharedNumber>) -> Result<(), SharedRefusal> {
    match number {
        None => Err(SharedRefusal::AccountWithoutNumber),
        Some(number) if !number.has_location => Err(SharedRefusal::AccountWithoutLocation),
        Some(number) if !number.consented => Err(SharedRefusal::ConsentNotActive),
        Some(_) => Ok(()),
    }
}

/// May the policy take this number for emergency calls, beside the account's? The first rule
/// that refuses names the reason.
///
/// # Errors
/// Why not.
pub fn check_emergency_number(
    number: &SharedNumber,
    of_account: &SharedNumber,
) -> Result<(), SharedRefusal> {
    if number.taken {
        return Err(SharedRefusal::Taken);
    }
    if !number.activated {
        return Err(SharedRefusal::NotActivated);
    }
    if number.blocked {
        return Err(SharedRefusal::Blocked);
    }
    if !number.consented {
        return Err(SharedRefusal::ConsentNotActive);
    }
    if number.usage == Usage::ConferenceAssignment {
        return Err(SharedRefusal::Conference);
    }
    if number.kind != of_account.kind {
        return Err(SharedRefusal::OtherType);
    }
    if number.country != of_account.country {
        return Err(SharedRefusal::OtherCountry);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn number(n: u64) -> E164 {
        E164::from_value(442_079_460_000 + n).expect("a number")
    }

    const fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn policy(numbers: &[u64]) -> SharedCalling {
        SharedCalling {
            resource_account: ResourceAccountId(Uuid::from_u128(5)),
            emergency_numbers: numbers.iter().copied().map(number).collect(),
        }
    }

    #[test]
    fn which_number_an_emergency_call_takes() {
        for (numbers, taken, expect) in [
            (&[][..], &[][..], None),
            (&[1, 2, 3], &[], Some(1)),
            (&[1, 2, 3], &[(1, 7)], Some(2)),
            (&[1, 2, 3], &[(1, 7), (2, 8)], Some(3)),
            (&[1, 2, 3], &[(2, 8)], Some(1)),
            // All are taken: the first once more.
            (&[1, 2, 3], &[(1, 7), (2, 8), (3, 9)], Some(1)),
            // Whoever calls again keeps their number.
            (&[1, 2, 3], &[(1, 7), (2, 100)], Some(2)),
            (&[1, 2, 3], &[(1, 7), (2, 8), (3, 100)], Some(3)),
        ] {
            let by = |asked: E164| {
                let found = taken.iter().find(|(n, _)| number(*n) == asked);
                found.map(|(_, n)| user(*n))
            };
            let found = policy(numbers).emergency_number(user(100), Reserved::new(&by));
            assert_eq!(found, expect.map(number), "{numbers:?} {taken:?}");
        }
    }

    #[test]
    fn lists_of_numbers_that_are_taken_and_that_are_not() {
        let most: Vec<u64> = (0..50).collect();
        let more: Vec<u64> = (0..51).collect();
        for (numbers, expect) in [
            (&[][..], None),
            (&[1, 2], None),
            (&most, None),
            (&more, Some("emergency_numbers")),
            (&[1, 2, 1], Some("emergency_numbers/2")),
        ] {
            let found = policy(numbers).check().err().map(|error| error.field);
            assert_eq!(found.as_deref(), expect, "{numbers:?}");
        }
    }

    #[test]
    fn each_rule_of_its_numbers_refuses_its_own_case() {
        let gb = Country::parse("GB").expect("GB");
        let good = SharedNumber {
            tenant: TenantId(Uuid::from_u128(1)),
            kind: NumberType::OperatorConnect,
            country: gb,
            usage: Usage::CallingUserAssignment,
            activated: true,
            has_location: true,
            taken: false,
            blocked: false,
            consented: true,
        };
        assert_eq!(check_account(None), Err(SharedRefusal::AccountWithoutNumber));
        let nowhere = SharedNumber { has_location: false, ..good };
        assert_eq!(check_account(Some(&nowhere)), Err(SharedRefusal::AccountWithoutLocation));
        let suspended = SharedNumber { consented: false, ..good };
        assert_eq!(check_account(Some(&suspended)), Err(SharedRefusal::ConsentNotActive));
        // It is assigned: to the account.
        assert_eq!(check_account(Some(&SharedNumber { taken: true, ..good })), Ok(()));
        let account = SharedNumber { usage: Usage::FirstPartyAppAssignment, taken: true, ..good };
        for (number, expect) in [
            (good, Ok(())),
            (SharedNumber { usage: Usage::FirstPartyAppAssignment, ..good }, Ok(())),
            // Help comes to where the account is.
            (nowhere, Ok(())),
            (SharedNumber { taken: true, ..good }, Err(SharedRefusal::Taken)),
            (SharedNumber { activated: false, ..good }, Err(SharedRefusal::NotActivated)),
            (SharedNumber { blocked: true, ..good }, Err(SharedRefusal::Blocked)),
            (suspended, Err(SharedRefusal::ConsentNotActive)),
            (
                SharedNumber { usage: Usage::ConferenceAssignment, ..good },
                Err(SharedRefusal::Conference),
            ),
            (
                SharedNumber { kind: NumberType::DirectRouting, ..good },
                Err(SharedRefusal::OtherType),
            ),
            (
                SharedNumber { country: Country::parse("DE").expect("DE"), ..good },
                Err(SharedRefusal::OtherCountry),
            ),
        ] {
            assert_eq!(check_emergency_number(&number, &account), expect, "{number:?}");
        }
    }
}
