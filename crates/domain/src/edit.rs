//! May this number's location, usage or calling profile be changed? (operator-connect.md 1.7.1,
//! 1.8, 1.9, 2.2.)

use crate::number::Usage;

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum EditRefusal {
    /// The operator locked the location.
    #[error("the operator does not let the tenant change this number's location")]
    LocationLocked,
    /// A person's number keeps a location.
    #[error("a number that a person has needs an emergency location")]
    LocationRequired,
    /// A location in another country.
    #[error("the location lies in another country than the number")]
    LocationCountry,
    /// What it is for cannot change while somebody has it.
    #[error("the number is assigned")]
    Assigned,
    /// Toll-free numbers are not for people.
    #[error("a toll-free number cannot be used for people")]
    TollFreeUser,
    /// A tenant turns people's numbers into service numbers and back, nothing else.
    #[error("a tenant cannot change the usage from or to {0:?}")]
    UsageNotTenants(Usage),
    /// The calling profile is not the operator's, or cannot carry calls.
    #[error("the calling profile is not one of the operator's usable profiles")]
    ProfileUnusable,
}

/// A tenant sets a location, or takes it away.
#[derive(Clone, Copy, Debug)]
pub struct LocationEdit {
    /// The tenant may change it (one of the three models of 1.9).
    pub tenant_may_update: bool,
    /// It is another than the number has.
    pub changes: bool,
    /// There is one afterwards.
    pub present: bool,
    /// It lies in the number's country.
    pub in_country: bool,
    /// A person has the number.
    pub has_person: bool,
}

/// The first rule that refuses names the reason.
///
/// # Errors
/// [`EditRefusal`].
pub fn check_location(e: &LocationEdit) -> Result<(), EditRefusal> {
    if e.changes && !e.tenant_may_update {
        return Err(EditRefusal::LocationLocked);
    }
    if !e.present && e.has_person {
        return Err(EditRefusal::LocationRequired);
    }
    if e.present && !e.in_country {
        return Err(EditRefusal::LocationCountry);
    }
    Ok(())
}

/// A usage is changed.
#[derive(Clone, Copy, Debug)]
pub struct UsageEdit {
    /// What it is for.
    pub from: Usage,
    /// What it shall be for.
    pub to: Usage,
    /// Somebody has it.
    pub assigned: bool,
    /// Free for the caller.
    pub toll_free: bool,
    /// The tenant asks, not the operator.
    pub by_tenant: bool,
}

/// The same usage again is no change, and never refused.
///
/// # Errors
/// [`EditRefusal`].
pub fn check_usage(e: &UsageEdit) -> Result<(), EditRefusal> {
    if e.from == e.to {
        return Ok(());
    }
    if e.by_tenant {
        let theirs = |u| matches!(u, Usage::CallingUserAssignment | Usage::FirstPartyAppAssignment);
        for usage in [e.from, e.to] {
            if !theirs(usage) {
                return Err(EditRefusal::UsageNotTenants(usage));
            }
        }
    }
    if e.assigned {
        return Err(EditRefusal::Assigned);
    }
    if e.to == Usage::CallingUserAssignment && e.toll_free {
        return Err(EditRefusal::TollFreeUser);
    }
    Ok(())
}

/// An operator changes a number it has uploaded.
#[derive(Clone, Copy, Debug)]
pub struct UpdateEdit {
    /// What becomes of its usage.
    pub usage: UsageEdit,
    /// There is a location afterwards.
    pub location_present: bool,
    /// A person has the number, who keeps a location whoever may set it.
    pub has_person: bool,
    /// It lies in the number's country.
    pub location_in_country: bool,
    /// The tenant may set it afterwards.
    pub tenant_may_update: bool,
    /// The calling profile is the operator's and has two active trunks.
    pub profile_usable: bool,
}

/// The same conditions as at the upload hold afterwards.
///
/// # Errors
/// [`EditRefusal`].
pub fn check_update(e: &UpdateEdit) -> Result<(), EditRefusal> {
    check_usage(&e.usage)?;
    if !e.profile_usable {
        return Err(EditRefusal::ProfileUnusable);
    }
    if e.location_present && !e.location_in_country {
        return Err(EditRefusal::LocationCountry);
    }
    let needed =
        e.has_person || (e.usage.to == Usage::CallingUserAssignment && !e.tenant_may_update);
    if needed && !e.location_present {
        return Err(EditRefusal::LocationRequired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Usage = Usage::CallingUserAssignment;
    const APP: Usage = Usage::FirstPartyAppAssignment;
    const BRIDGE: Usage = Usage::ConferenceAssignment;

    #[test]
    fn locations() {
        const SET: LocationEdit = LocationEdit {
            tenant_may_update: true,
            changes: true,
            present: true,
            in_country: true,
            has_person: true,
        };
        for (name, e, expect) in [
            ("set", SET, Ok(())),
            (
                "locked",
                LocationEdit { tenant_may_update: false, ..SET },
                Err(EditRefusal::LocationLocked),
            ),
            (
                "locked and the same",
                LocationEdit { tenant_may_update: false, changes: false, ..SET },
                Ok(()),
            ),
            (
                "away under a person",
                LocationEdit { present: false, ..SET },
                Err(EditRefusal::LocationRequired),
            ),
            ("away", LocationEdit { present: false, has_person: false, ..SET }, Ok(())),
            (
                "abroad",
                LocationEdit { in_country: false, ..SET },
                Err(EditRefusal::LocationCountry),
            ),
        ] {
            assert_eq!(check_location(&e), expect, "{name}");
        }
    }

    #[test]
    fn usages() {
        const EDIT: UsageEdit =
            UsageEdit { from: USER, to: APP, assigned: false, toll_free: false, by_tenant: true };
        for (name, e, expect) in [
            ("to service", EDIT, Ok(())),
            ("back", UsageEdit { from: APP, to: USER, ..EDIT }, Ok(())),
            ("the same, assigned", UsageEdit { to: USER, assigned: true, ..EDIT }, Ok(())),
            ("assigned", UsageEdit { assigned: true, ..EDIT }, Err(EditRefusal::Assigned)),
            (
                "toll-free for people",
                UsageEdit { from: APP, to: USER, toll_free: true, ..EDIT },
                Err(EditRefusal::TollFreeUser),
            ),
            (
                "a bridge by the tenant",
                UsageEdit { to: BRIDGE, ..EDIT },
                Err(EditRefusal::UsageNotTenants(BRIDGE)),
            ),
            (
                "from a bridge by the tenant",
                UsageEdit { from: BRIDGE, ..EDIT },
                Err(EditRefusal::UsageNotTenants(BRIDGE)),
            ),
            (
                "a bridge by the operator",
                UsageEdit { to: BRIDGE, by_tenant: false, ..EDIT },
                Ok(()),
            ),
        ] {
            assert_eq!(check_usage(&e), expect, "{name}");
        }
    }

    #[test]
    fn updates() {
        const EDIT: UpdateEdit = UpdateEdit {
            usage: UsageEdit {
                from: USER,
                to: USER,
                assigned: true,
                toll_free: false,
                by_tenant: false,
            },
            location_present: true,
            has_person: false,
            location_in_country: true,
            tenant_may_update: false,
            profile_usable: true,
        };
        for (name, e, expect) in [
            ("plain", EDIT, Ok(())),
            (
                "usage while assigned",
                UpdateEdit { usage: UsageEdit { to: APP, ..EDIT.usage }, ..EDIT },
                Err(EditRefusal::Assigned),
            ),
            (
                "profile",
                UpdateEdit { profile_usable: false, ..EDIT },
                Err(EditRefusal::ProfileUnusable),
            ),
            (
                "abroad",
                UpdateEdit { location_in_country: false, ..EDIT },
                Err(EditRefusal::LocationCountry),
            ),
            (
                "locked without a location",
                UpdateEdit { location_present: false, ..EDIT },
                Err(EditRefusal::LocationRequired),
            ),
            (
                "the tenant sets it",
                UpdateEdit { location_present: false, tenant_may_update: true, ..EDIT },
                Ok(()),
            ),
            (
                "away under a person, as an undo would have it",
                UpdateEdit {
                    location_present: false,
                    tenant_may_update: true,
                    has_person: true,
                    ..EDIT
                },
                Err(EditRefusal::LocationRequired),
            ),
        ] {
            assert_eq!(check_update(&e), expect, "{name}");
        }
    }
}
