//! May this number be uploaded? One entry of an operator's order against what
//! the exchange knows (operator-connect.md 2.2 Upload, emergency.md 1.3,
//! design section 9).

use crate::{
    consent::{ConsentStatus, RelationshipStatus},
    ids::{OperatorId, TenantId},
    number::Usage,
};
use numbering::{Country, E164};

/// What is known of the tenant and the operator before the entries are looked at.
#[derive(Clone, Debug)]
pub struct UploadContext<'a> {
    /// Who uploads.
    pub operator: OperatorId,
    /// For whom.
    pub tenant: TenantId,
    /// The tenant's side of the consent; `None` where it never gave one.
    pub consent: Option<ConsentStatus>,
    /// Countries it covers.
    pub consented_countries: &'a [Country],
    /// The operator's side.
    pub relationship: Option<RelationshipStatus>,
    /// The tenant has at least one emergency location.
    pub tenant_has_location: bool,
}

/// One number of the order, as far as it has been understood.
#[derive(Clone, Copy, Debug)]
pub struct UploadEntry {
    /// The number.
    pub number: E164,
    /// Its country, declared or found by its digits.
    pub country: Country,
    /// What it is for.
    pub usage: Usage,
    /// Free for the caller (such numbers serve no person).
    pub toll_free: bool,
    /// The order names an emergency location for it.
    pub has_location: bool,
    /// That location exists in the tenant.
    pub location_known: bool,
    /// The tenant may set or change the location.
    pub tenant_may_update_location: bool,
    /// The calling profile it names is the operator's and has two active trunks.
    pub profile_usable: bool,
    /// Lies inside a range the operator declared and the programme accepted.
    pub in_declared_range: bool,
    /// A tenant has reserved it, and this is not what it was reserved for.
    pub reserved: bool,
    /// Who holds it now, if anybody.
    pub held_by: Option<(OperatorId, TenantId)>,
}

/// Why an order or one of its entries is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UploadRefusal {
    /// The tenant never consented, or took its consent back.
    #[error("the tenant has not consented to this operator")]
    NoConsent,
    /// The tenant suspended its consent.
    #[error("the tenant has suspended its consent")]
    ConsentSuspended,
    /// The operator itself declined or terminated.
    #[error("the operator has declined or terminated the relationship")]
    RelationshipEnded,
    /// User numbers need an emergency location to exist first.
    #[error("the tenant has no emergency location yet")]
    NoEmergencyLocation,
    /// The consent does not cover the number's country.
    #[error("the tenant's consent does not cover {0}")]
    CountryNotConsented(Country),
    /// Not the operator's number.
    #[error("the number is outside the ranges this operator declared")]
    OutsideRanges,
    /// Somebody else has it.
    #[error("the number is already held elsewhere")]
    HeldElsewhere,
    /// The tenant has it already, from this operator.
    #[error("the number is already in this tenant's inventory")]
    AlreadyUploaded,
    /// Somebody is about to have it.
    #[error("a tenant has reserved the number")]
    Reserved,
    /// The calling profile is not the operator's, or cannot carry calls.
    #[error("the calling profile is not one of the operator's usable profiles")]
    ProfileUnusable,
    /// The named location is not the tenant's.
    #[error("the location does not exist in this tenant")]
    UnknownLocation,
    /// A user number that the tenant may not give a location itself.
    #[error("a user number needs a location unless the tenant may set it")]
    LocationRequired,
    /// Toll-free numbers are not for people.
    #[error("a toll-free number cannot be used for people")]
    TollFreeUser,
}

/// The gate before any entry: applies to the order as a whole.
pub fn check_order(c: &UploadContext<'_>) -> Result<(), UploadRefusal> {
    match c.consent {
        None | Some(ConsentStatus::Removed) => return Err(UploadRefusal::NoConsent),
        Some(ConsentStatus::Suspended) => return Err(UploadRefusal::ConsentSuspended),
        Some(ConsentStatus::Active) => {}
    }
    match c.relationship {
        Some(RelationshipStatus::ConsentDeclined | RelationshipStatus::ContractTerminated) => {
            Err(UploadRefusal::RelationshipEnded)
        }
        _ => Ok(()),
    }
}

/// One entry; the first rule that refuses it names the reason.
pub fn check_entry(c: &UploadContext<'_>, e: &UploadEntry) -> Result<(), UploadRefusal> {
    if !c.consented_countries.contains(&e.country) {
        return Err(UploadRefusal::CountryNotConsented(e.country));
    }
    if !e.in_declared_range {
        return Err(UploadRefusal::OutsideRanges);
    }
    match e.held_by {
        Some(holder) if holder == (c.operator, c.tenant) => {
            return Err(UploadRefusal::AlreadyUploaded);
        }
        Some(_) => return Err(UploadRefusal::HeldElsewhere),
        None => {}
    }
    if e.reserved {
        return Err(UploadRefusal::Reserved);
    }
    if !e.profile_usable {
        return Err(UploadRefusal::ProfileUnusable);
    }
    if e.has_location && !e.location_known {
        return Err(UploadRefusal::UnknownLocation);
    }
    if e.usage == Usage::CallingUserAssignment {
        if e.toll_free {
            return Err(UploadRefusal::TollFreeUser);
        }
        if !c.tenant_has_location {
            return Err(UploadRefusal::NoEmergencyLocation);
        }
        if !e.has_location && !e.tenant_may_update_location {
            return Err(UploadRefusal::LocationRequired);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn gb() -> Country {
        Country::parse("GB").expect("GB")
    }

    fn context(countries: &[Country]) -> UploadContext<'_> {
        UploadContext {
            operator: OperatorId(Uuid::from_u128(1)),
            tenant: TenantId(Uuid::from_u128(2)),
            consent: Some(ConsentStatus::Active),
            consented_countries: countries,
            relationship: Some(RelationshipStatus::AgreementSigned),
            tenant_has_location: true,
        }
    }

    fn entry() -> UploadEntry {
        UploadEntry {
            number: E164::parse("+442079460000").expect("number"),
            country: gb(),
            usage: Usage::CallingUserAssignment,
            toll_free: false,
            has_location: true,
            location_known: true,
            tenant_may_update_location: false,
            profile_usable: true,
            in_declared_range: true,
            reserved: false,
            held_by: None,
        }
    }

    #[test]
    fn each_rule_refuses_its_own_case() {
        let countries = [gb()];
        let us = Country::parse("US").expect("US");
        let c = context(&countries);
        let other = (OperatorId(Uuid::from_u128(9)), TenantId(Uuid::from_u128(9)));
        let app = Usage::FirstPartyAppAssignment;
        for (name, e, expect) in [
            ("plain", entry(), Ok(())),
            (
                "country",
                UploadEntry { country: us, ..entry() },
                Err(UploadRefusal::CountryNotConsented(us)),
            ),
            (
                "range",
                UploadEntry { in_declared_range: false, ..entry() },
                Err(UploadRefusal::OutsideRanges),
            ),
            (
                "held",
                UploadEntry { held_by: Some(other), ..entry() },
                Err(UploadRefusal::HeldElsewhere),
            ),
            (
                "again",
                UploadEntry { held_by: Some((c.operator, c.tenant)), ..entry() },
                Err(UploadRefusal::AlreadyUploaded),
            ),
            ("reserved", UploadEntry { reserved: true, ..entry() }, Err(UploadRefusal::Reserved)),
            (
                "profile",
                UploadEntry { profile_usable: false, ..entry() },
                Err(UploadRefusal::ProfileUnusable),
            ),
            (
                "location unknown",
                UploadEntry { location_known: false, ..entry() },
                Err(UploadRefusal::UnknownLocation),
            ),
            (
                "location missing",
                UploadEntry { has_location: false, ..entry() },
                Err(UploadRefusal::LocationRequired),
            ),
            (
                "tenant sets it",
                UploadEntry { has_location: false, tenant_may_update_location: true, ..entry() },
                Ok(()),
            ),
            ("app needs none", UploadEntry { has_location: false, usage: app, ..entry() }, Ok(())),
            (
                "toll-free person",
                UploadEntry { toll_free: true, ..entry() },
                Err(UploadRefusal::TollFreeUser),
            ),
            ("toll-free app", UploadEntry { toll_free: true, usage: app, ..entry() }, Ok(())),
        ] {
            assert_eq!(check_entry(&c, &e), expect, "{name}");
        }
        let bare = UploadContext { tenant_has_location: false, ..context(&countries) };
        let e = UploadEntry { has_location: false, tenant_may_update_location: true, ..entry() };
        assert_eq!(check_entry(&bare, &e), Err(UploadRefusal::NoEmergencyLocation));
    }

    #[test]
    fn the_order_as_a_whole() {
        let countries = [gb()];
        let c = || context(&countries);
        for (ctx, expect) in [
            (c(), Ok(())),
            (UploadContext { consent: None, ..c() }, Err(UploadRefusal::NoConsent)),
            (
                UploadContext { consent: Some(ConsentStatus::Removed), ..c() },
                Err(UploadRefusal::NoConsent),
            ),
            (
                UploadContext { consent: Some(ConsentStatus::Suspended), ..c() },
                Err(UploadRefusal::ConsentSuspended),
            ),
            (
                UploadContext { relationship: Some(RelationshipStatus::ContractTerminated), ..c() },
                Err(UploadRefusal::RelationshipEnded),
            ),
        ] {
            assert_eq!(check_order(&ctx), expect);
        }
    }
}
