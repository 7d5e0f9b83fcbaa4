//! May this number be assigned to this person or account?
//! (operator-connect.md 1.10, 1.11, 2.1; emergency.md 1.3.)

use crate::line::{AssignmentCategory, Lines, MOST_ALTERNATES};
use crate::{consent::ConsentStatus, number::Usage};
use serde::{Deserialize, Serialize};

/// Whom the number is to be assigned to, as far as the rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignee {
    /// A person.
    User {
        /// Holds a telephony licence.
        licensed: bool,
        /// The other numbers that they have.
        lines: Lines,
    },
    /// A resource account.
    ResourceAccount {
        /// Holds a resource-account licence.
        licensed: bool,
        /// Has a number already.
        has_number: bool,
    },
    /// A conference bridge, which may have many (1.12).
    Bridge,
}

/// Who has a number that is neither a person's nor a resource account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherHolder {
    /// A conference bridge.
    Bridge,
    /// A shared calling policy, as a number for emergency calls.
    Policy,
}

/// What is known of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssignNumber {
    /// What it was uploaded for.
    pub usage: Usage,
    /// What it would be to whoever gets it.
    pub category: AssignmentCategory,
    /// Calls can be routed to it.
    pub activated: bool,
    /// It is assigned to somebody.
    pub assigned: bool,
    /// It is assigned, and to neither a person nor a resource account.
    pub other_holder: Option<OtherHolder>,
    /// A block keeps it from being assigned (`block::Block::holds`).
    pub blocked: bool,
    /// The tenant's consent to its operator.
    pub consent: ConsentStatus,
    /// The location it has, or would have after this step, exists.
    pub location_present: bool,
    /// The step names another location than the operator set.
    pub location_changes: bool,
    /// The tenant may change the location.
    pub tenant_may_update_location: bool,
    /// The location lies in the number's country.
    pub location_in_country: bool,
}

/// Why an assignment is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AssignRefusal {
    /// Not active yet.
    #[error("the number is not activated yet")]
    NotActivated,
    /// Taken.
    #[error("the number is already assigned")]
    AlreadyAssigned,
    /// Blocked, for ever or for some days.
    #[error("the number is blocked from being assigned")]
    Blocked,
    /// The consent is suspended or gone (design section 9).
    #[error("the consent to this number's operator is not active")]
    ConsentNotActive,
    /// A number for people given to an account, or the other way round.
    #[error("the number's usage is {0:?}")]
    WrongUsage(Usage),
    /// The person has no telephony licence.
    #[error("the user holds no telephony licence")]
    UserUnlicensed,
    /// The account has no licence.
    #[error("the resource account holds no licence")]
    AccountUnlicensed,
    /// One number each.
    #[error("the assignee already has a number")]
    HasNumber,
    /// One private line each.
    #[error("the user already has a private line")]
    HasPrivate,
    /// A few alternate lines each.
    #[error("the user already has {MOST_ALTERNATES} alternate lines")]
    TooManyAlternates,
    /// A queue or bridge has numbers, and no lines.
    #[error("only people have private and alternate lines")]
    CategoryOfPeople,
    /// A person's number needs an emergency location.
    #[error("the number demands an emergency location")]
    LocationRequired,
    /// The operator locked the location.
    #[error("the operator does not let the tenant change this number's location")]
    LocationLocked,
    /// A location in another country.
    #[error("the location lies in another country than the number")]
    LocationCountry,
}

/// Why a number cannot be taken back, or cannot leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HoldRefusal {
    /// Nobody has it.
    #[error("the number is assigned to nobody")]
    NotAssigned,
    /// Somebody has it.
    #[error("the number is assigned")]
    StillAssigned,
    /// A conference bridge has it, and gives it back by being told so.
    #[error("the number is a conference bridge's")]
    OfBridge,
    /// A shared calling policy has it as a number for emergency calls.
    #[error("a shared calling policy names the number for emergency calls")]
    OfPolicy,
}

/// May it be taken back?
///
/// # Errors
/// [`HoldRefusal::NotAssigned`]; who else has it.
pub const fn check_unassign(assigned: bool, other: Option<OtherHolder>) -> Result<(), HoldRefusal> {
    match other {
        Some(OtherHolder::Bridge) => Err(HoldRefusal::OfBridge),
        Some(OtherHolder::Policy) => Err(HoldRefusal::OfPolicy),
        None if assigned => Ok(()),
        None => Err(HoldRefusal::NotAssigned),
    }
}

/// May its operator release it?
///
/// # Errors
/// [`HoldRefusal::StillAssigned`].
pub const fn check_release(assigned: bool) -> Result<(), HoldRefusal> {
    if assigned { Err(HoldRefusal::StillAssigned) } else { Ok(()) }
}

/// The first rule that refuses names the reason.
pub fn check(n: &AssignNumber, to: &Assignee) -> Result<(), AssignRefusal> {
    if n.assigned {
        return Err(AssignRefusal::AlreadyAssigned);
    }
    if !n.activated {
        return Err(AssignRefusal::NotActivated);
    }
    if n.blocked {
        return Err(AssignRefusal::Blocked);
    }
    if n.consent != ConsentStatus::Active {
        return Err(AssignRefusal::ConsentNotActive);
    }
    if !matches!(to, Assignee::User { .. }) && !n.category.is_primary() {
        return Err(AssignRefusal::CategoryOfPeople);
    }
    match (n.usage, to) {
        (Usage::CallingUserAssignment, Assignee::User { licensed, lines }) => {
            if !licensed {
                return Err(AssignRefusal::UserUnlicensed);
            }
            lines.check(n.category)?;
        }
        (Usage::FirstPartyAppAssignment, Assignee::ResourceAccount { licensed, has_number }) => {
            if !licensed {
                return Err(AssignRefusal::AccountUnlicensed);
            }
            if *has_number {
                return Err(AssignRefusal::HasNumber);
            }
        }
        // Whoever calls a bridge finds help where they are: no location is asked for.
        (Usage::ConferenceAssignment, Assignee::Bridge) => return Ok(()),
        (usage, _) => return Err(AssignRefusal::WrongUsage(usage)),
    }
    if n.location_changes && !n.tenant_may_update_location {
        return Err(AssignRefusal::LocationLocked);
    }
    if n.usage == Usage::CallingUserAssignment && !n.location_present {
        return Err(AssignRefusal::LocationRequired);
    }
    if n.location_present && !n.location_in_country {
        return Err(AssignRefusal::LocationCountry);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: AssignNumber = AssignNumber {
        usage: Usage::CallingUserAssignment,
        category: AssignmentCategory::Primary,
        activated: true,
        assigned: false,
        other_holder: None,
        blocked: false,
        consent: ConsentStatus::Active,
        location_present: true,
        location_changes: true,
        tenant_may_update_location: true,
        location_in_country: true,
    };
    const NONE: Lines = Lines { primary: false, private: false, alternates: 0 };
    const USER: Assignee = Assignee::User { licensed: true, lines: NONE };
    const ACCOUNT: Assignee = Assignee::ResourceAccount { licensed: true, has_number: false };

    #[test]
    fn each_rule_refuses_its_own_case() {
        let app = Usage::FirstPartyAppAssignment;
        for (name, n, to, expect) in [
            ("plain", NUMBER, USER, Ok(())),
            ("queue", AssignNumber { usage: app, ..NUMBER }, ACCOUNT, Ok(())),
            (
                "queue without location",
                AssignNumber {
                    usage: app,
                    location_present: false,
                    location_changes: false,
                    ..NUMBER
                },
                ACCOUNT,
                Ok(()),
            ),
            (
                "user number on account",
                NUMBER,
                ACCOUNT,
                Err(AssignRefusal::WrongUsage(NUMBER.usage)),
            ),
            (
                "app number on user",
                AssignNumber { usage: app, ..NUMBER },
                USER,
                Err(AssignRefusal::WrongUsage(app)),
            ),
            (
                "unlicensed",
                NUMBER,
                Assignee::User { licensed: false, lines: NONE },
                Err(AssignRefusal::UserUnlicensed),
            ),
            (
                "unlicensed account",
                AssignNumber { usage: app, ..NUMBER },
                Assignee::ResourceAccount { licensed: false, has_number: false },
                Err(AssignRefusal::AccountUnlicensed),
            ),
            (
                "second number",
                NUMBER,
                Assignee::User { licensed: true, lines: Lines { primary: true, ..NONE } },
                Err(AssignRefusal::HasNumber),
            ),
            (
                "a line beside it",
                AssignNumber { category: AssignmentCategory::Alternate, ..NUMBER },
                Assignee::User { licensed: true, lines: Lines { primary: true, ..NONE } },
                Ok(()),
            ),
            (
                "a second private line",
                AssignNumber { category: AssignmentCategory::Private, ..NUMBER },
                Assignee::User { licensed: true, lines: Lines { private: true, ..NONE } },
                Err(AssignRefusal::HasPrivate),
            ),
            (
                "a private line without a licence",
                AssignNumber { category: AssignmentCategory::Private, ..NUMBER },
                Assignee::User { licensed: false, lines: NONE },
                Err(AssignRefusal::UserUnlicensed),
            ),
            (
                "an alternate line without a location",
                AssignNumber {
                    category: AssignmentCategory::Alternate,
                    location_present: false,
                    ..NUMBER
                },
                USER,
                Err(AssignRefusal::LocationRequired),
            ),
            (
                "a queue's private line",
                AssignNumber { category: AssignmentCategory::Private, usage: app, ..NUMBER },
                ACCOUNT,
                Err(AssignRefusal::CategoryOfPeople),
            ),
            (
                "no location",
                AssignNumber { location_present: false, ..NUMBER },
                USER,
                Err(AssignRefusal::LocationRequired),
            ),
            (
                "locked",
                AssignNumber { tenant_may_update_location: false, ..NUMBER },
                USER,
                Err(AssignRefusal::LocationLocked),
            ),
            (
                "operator's location kept",
                AssignNumber {
                    tenant_may_update_location: false,
                    location_changes: false,
                    ..NUMBER
                },
                USER,
                Ok(()),
            ),
            (
                "abroad",
                AssignNumber { location_in_country: false, ..NUMBER },
                USER,
                Err(AssignRefusal::LocationCountry),
            ),
            (
                "a bridge, as often as it likes and wherever help would come to",
                AssignNumber {
                    usage: Usage::ConferenceAssignment,
                    location_present: false,
                    ..NUMBER
                },
                Assignee::Bridge,
                Ok(()),
            ),
            (
                "person's number on a bridge",
                NUMBER,
                Assignee::Bridge,
                Err(AssignRefusal::WrongUsage(NUMBER.usage)),
            ),
            (
                "app number on a bridge",
                AssignNumber { usage: app, ..NUMBER },
                Assignee::Bridge,
                Err(AssignRefusal::WrongUsage(app)),
            ),
            (
                "bridge's number on user",
                AssignNumber { usage: Usage::ConferenceAssignment, ..NUMBER },
                USER,
                Err(AssignRefusal::WrongUsage(Usage::ConferenceAssignment)),
            ),
            (
                "taken",
                AssignNumber { assigned: true, ..NUMBER },
                USER,
                Err(AssignRefusal::AlreadyAssigned),
            ),
            (
                "blocked",
                AssignNumber { blocked: true, ..NUMBER },
                USER,
                Err(AssignRefusal::Blocked),
            ),
            (
                "not active",
                AssignNumber { activated: false, ..NUMBER },
                USER,
                Err(AssignRefusal::NotActivated),
            ),
            (
                "suspended",
                AssignNumber { consent: ConsentStatus::Suspended, ..NUMBER },
                USER,
                Err(AssignRefusal::ConsentNotActive),
            ),
        ] {
            assert_eq!(check(&n, &to), expect, "{name}");
        }
    }
}
