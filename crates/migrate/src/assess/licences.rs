//! Licences and accounts (migration.md section 2.3, statements 11 to 13).

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::findings::Findings;
use super::plans::{self, PlanClass, PlanFound};
use super::rules::Rule;
use super::scope::{Account, Scope};
use crate::model::{
    AccountType, CallKind, Cloud, NumberType, ResourceAccount, RoomKind, Severity, Sku, SkuStatus,
    SourceKind, User, UserLicence,
};

/// Seats for resource accounts at no cost: 25, and one for each 10 seats with Teams Phone
/// (migration.md section 2.3; its example: 600 seats give 85).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allotment {
    /// Seats with Teams Phone bought and in force.
    pub phone_seats: u64,
    /// Seats at no cost.
    pub free: u64,
}

impl Allotment {
    /// The allotment of so many seats with Teams Phone.
    pub const fn of(phone_seats: u64) -> Self {
        Self { phone_seats, free: 25 + phone_seats / 10 }
    }
}

/// Seats needed and to be bought. `None` where no export tells of the tenant's products.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceNeed {
    /// Accounts without any plan of Teams Phone that need one.
    pub phone_needed: u64,
    /// Seats with Teams Phone bought and not in use.
    pub phone_free: Option<u64>,
    /// Seats with Teams Phone to be bought.
    pub phone_to_buy: Option<u64>,
    /// Resource accounts.
    pub resource_accounts: u64,
    /// Seats for resource accounts bought or ordered.
    pub resource_seats: Option<u64>,
    /// Seats for resource accounts at no cost.
    pub allotment: Option<Allotment>,
    /// Seats for resource accounts to be ordered at no cost.
    pub resource_to_order: Option<u64>,
    /// Seats for resource accounts to be bought.
    pub resource_to_buy: Option<u64>,
}

pub fn judge(scope: &Scope<'_>, day: Date, found: &mut Findings<'_>) -> LicenceNeed {
    let inventory = scope.inventory;
    let exported = inventory.has(SourceKind::LicenceDetails)
        || inventory.users.iter().any(|user| user.licences_known)
        || inventory.resource_accounts.iter().any(|account| account.licences_known);
    if !exported && (scope.voice.contains(&true) || !inventory.resource_accounts.is_empty()) {
        for rule in [Rule::LicencePhoneMissing, Rule::LicenceTeamsMissing] {
            found.unknown(rule, "tenant", None, "No export of licences was imported.").fix =
                "Import Get-MgUserLicenseDetail for every user (one row for each plan).".into();
        }
    }
    let hosts = conference_hosts(scope);
    let mut need = LicenceNeed::default();
    let mut needed = [0; SEATS.len()];
    for (at, user) in inventory.users.iter().enumerate() {
        account(scope, at, user, found);
        if !scope.voice[at] {
            continue;
        }
        if exported && phone(scope, at, user, found) {
            need.phone_needed += 1;
            needed[Seat::of(scope.rooms[at]) as usize] += 1;
        }
        grace(&user.upn, &user.licences, day, found);
        if exported {
            calling_plan(scope, at, user, found);
            let conferencing =
                plans::found(&user.licences, user.licences_known, PlanClass::Conferencing);
            if hosts.contains(&at) && conferencing < PlanFound::Unknown {
                found.add(
                    Rule::LicenceConferencing,
                    &user.upn,
                    Some(user.at),
                    "Conference calls were made from or to this account, which has no Audio Conferencing.",
                );
            }
        }
    }
    for account in &inventory.resource_accounts {
        need.resource_accounts += 1;
        if exported {
            resource(account, found);
        }
        grace(&account.upn, &account.licences, day, found);
    }
    seats(scope, needed, &mut need, found);
    need
}

/// The account itself: what Operator Connect asks of it before any licence.
fn account(scope: &Scope<'_>, at: usize, user: &User, found: &mut Findings<'_>) {
    let holds = user.line_uri.get().is_some() || !scope.numbers_of[at].is_empty();
    let kind = user.account_type.copied();
    if kind == Some(AccountType::IneligibleUser) && holds {
        let message = "The account has no valid Teams licence and holds a number.";
        found.add(Rule::LicenceIneligible, &user.upn, user.account_type.at(), message);
    } else if (kind == Some(AccountType::Other) || user.account_type.is_lost()) && holds {
        let message = "What kind of account it is was lost, or stands in a word not known.";
        found.unknown(Rule::LicenceIneligible, &user.upn, user.account_type.at(), message);
    }
    if user.soft_deleted.is_lost() && holds {
        let message = "Whether the account was deleted was lost in the export.";
        found.unknown(Rule::AccountSoftDeleted, &user.upn, user.soft_deleted.at(), message);
    }
    if user.soft_deleted.get().is_some() {
        if holds {
            let message = "The account was deleted and still holds its number.";
            found.add(Rule::AccountSoftDeleted, &user.upn, user.soft_deleted.at(), message);
        }
        return;
    }
    // Rooms and common-area phones need nobody to sign in.
    if holds && scope.rooms[at].is_none() {
        if user.enabled.copied() == Some(false) {
            let message = "The account may not sign in and holds a number.";
            found.add(Rule::AccountDisabled, &user.upn, user.enabled.at(), message);
        } else if user.enabled.is_lost() {
            let message = "Whether the account may sign in was lost in the export.";
            found.unknown(Rule::AccountDisabled, &user.upn, user.enabled.at(), message);
        }
    }
    if !scope.voice[at] {
        return;
    }
    if user.usage_location.is_empty() {
        let message = "The usage location is blank.";
        found.add(Rule::AccountUsageLocation, &user.upn, user.usage_location.at(), message);
    } else if user.usage_location.is_lost() {
        let message = "The usage location was lost in the export.";
        found.unknown(Rule::AccountUsageLocation, &user.upn, user.usage_location.at(), message);
    }
    let sip = user.sip_address.text();
    if !sip.is_empty() && !sip.eq_ignore_ascii_case(&user.upn) && user.upn.contains('@') {
        let message = format!("The SIP address is {sip}.");
        found.add(Rule::AccountSipDiffers, &user.upn, user.sip_address.at(), message);
    }
}

/// Teams Phone and Teams. Answers whether a seat is needed that the account does not have.
fn phone(scope: &Scope<'_>, at: usize, user: &User, found: &mut Findings<'_>) -> bool {
    if user.soft_deleted.get().is_some() {
        return false;
    }
    let room = scope.rooms[at];
    let holds = user.line_uri.get().is_some() || !scope.numbers_of[at].is_empty();
    if room == Some(RoomKind::MeetingRoom) && !holds {
        return false;
    }
    let rule = match room {
        Some(RoomKind::MeetingRoom) => Rule::LicenceRoomWithoutPhone,
        Some(RoomKind::CommonArea) => Rule::LicenceSharedDeviceMissing,
        _ => Rule::LicencePhoneMissing,
    };
    let seat = match room {
        Some(RoomKind::MeetingRoom) => "1 seat of Teams Rooms Pro",
        Some(RoomKind::CommonArea) => "1 seat of Teams Shared Devices",
        _ if is_gcc(scope) => "1 seat of Teams Phone for GCC",
        _ => "1 seat of Teams Phone",
    };
    let row = user.licences.first().map_or(user.at, |licence| licence.at);
    let state = plans::found(&user.licences, user.licences_known, PlanClass::Phone);
    let in_product = |class| {
        plans::product(&user.licences, class)
            .map(|licence| (licence.at, licence.part_number.clone()))
            .filter(|(_, part)| !part.is_empty())
    };
    match state {
        PlanFound::None => {
            let message = match plans::found(&user.licences, true, PlanClass::ResourceAccount) {
                PlanFound::None => "No licence of this account has a plan of Teams Phone.",
                _ => "This account has the resource account's licence; people need Teams Phone.",
            };
            found.add(rule, &user.upn, Some(row), message).cost = seat.to_owned();
        }
        PlanFound::Disabled => {
            let (at, part) = in_product(PlanClass::Phone).unwrap_or((row, "its product".into()));
            let message = format!("Teams Phone is switched off inside {part}.");
            found.add(Rule::LicencePhoneDisabled, &user.upn, Some(at), message);
        }
        PlanFound::Error => {
            let message = "Teams Phone could not be provisioned.";
            found.add(Rule::LicencePhoneError, &user.upn, Some(row), message);
        }
        PlanFound::Pending => {
            let message = "Teams Phone waits to be provisioned.";
            found.add(Rule::LicencePhonePending, &user.upn, Some(row), message);
        }
        PlanFound::Unknown => {
            let message = if user.licences_known {
                "The plans of a licence were lost in the export or stand in a word not known."
            } else {
                "No export of licences covers this account."
            };
            found.unknown(rule, &user.upn, Some(row), message).fix =
                "Import Get-MgUserLicenseDetail for this account, one row for each plan.".into();
        }
        PlanFound::Warning | PlanFound::Success => {}
    }
    teams(scope, user, state, row, found);
    state == PlanFound::None
}

fn is_gcc(scope: &Scope<'_>) -> bool {
    scope.inventory.tenant.cloud.copied() == Some(Cloud::Gcc)
}

fn teams(
    scope: &Scope<'_>,
    user: &User,
    phone: PlanFound,
    row: crate::model::SourceRef,
    found: &mut Findings<'_>,
) {
    let listed = || {
        user.features.get().is_some_and(|f| f.iter().any(|word| word.eq_ignore_ascii_case("Teams")))
    };
    match plans::found(&user.licences, user.licences_known, PlanClass::Teams) {
        PlanFound::None if listed() => {}
        PlanFound::None if is_other_cloud(scope) => {
            let message = "The plan of Teams of this cloud is in no table known here.";
            found.unknown(Rule::LicenceTeamsMissing, &user.upn, Some(row), message);
        }
        PlanFound::None => {
            let message = "No licence of this account has a plan of Teams.";
            found.add(Rule::LicenceTeamsMissing, &user.upn, Some(row), message).cost =
                "1 seat of Teams".into();
        }
        PlanFound::Disabled | PlanFound::Error => {
            let message = "The plan of Teams is switched off or failed.";
            found.add(Rule::LicenceTeamsMissing, &user.upn, Some(row), message);
        }
        PlanFound::Unknown if phone != PlanFound::Unknown => {
            let message = "Whether Teams itself is active cannot be told from the export.";
            found.unknown(Rule::LicenceTeamsMissing, &user.upn, Some(row), message);
        }
        PlanFound::Pending => {
            let message = "The plan of Teams waits to be provisioned.";
            let severity = Severity::Warn;
            found.add_as(Rule::LicenceTeamsMissing, severity, &user.upn, Some(row), message);
        }
        PlanFound::Unknown | PlanFound::Warning | PlanFound::Success => {}
    }
}

fn is_other_cloud(scope: &Scope<'_>) -> bool {
    matches!(
        scope.inventory.tenant.cloud.copied(),
        Some(Cloud::GccHigh | Cloud::Dod | Cloud::China)
    )
}

/// Calling Plans go last (statement 13).
fn calling_plan(scope: &Scope<'_>, at: usize, user: &User, found: &mut Findings<'_>) {
    let on_plan =
        scope.numbers(at).any(|n| n.number_type.copied() == Some(NumberType::CallingPlan));
    if !on_plan {
        return;
    }
    let state = plans::found(&user.licences, user.licences_known, PlanClass::CallingPlan);
    let product = plans::product(&user.licences, PlanClass::CallingPlan);
    let row = product.map_or(user.at, |licence| licence.at);
    if state.works() {
        let bundled = product.is_some_and(|licence| {
            plans::product(std::slice::from_ref(licence), PlanClass::Phone).is_some()
        });
        let message = if bundled {
            "The Calling Plan is part of the product that holds Teams Phone: after the port it is waste."
        } else {
            "The Calling Plan is to be dropped after the port completed and the number is unassigned."
        };
        found.add(Rule::LicenceCallingPlanAfterPort, &user.upn, Some(row), message);
    } else if state < PlanFound::Unknown {
        let message = "The number is of a Calling Plan, and no Calling Plan is active.";
        found.add(Rule::LicenceCallingPlanGone, &user.upn, Some(row), message);
    }
}

fn resource(account: &ResourceAccount, found: &mut Findings<'_>) {
    let row = account.licences.first().map_or(account.at, |licence| licence.at);
    let own = plans::found(&account.licences, account.licences_known, PlanClass::ResourceAccount);
    let of_people = plans::found(&account.licences, account.licences_known, PlanClass::Phone);
    let rule = Rule::LicenceResourceAccountMissing;
    match own {
        PlanFound::Success | PlanFound::Warning => {}
        PlanFound::Unknown => {
            let message = "The licences of this resource account cannot be told from the exports.";
            found.unknown(rule, &account.upn, Some(row), message);
        }
        PlanFound::Pending => {
            let message = "The licence waits to be provisioned.";
            found.add_as(rule, Severity::Warn, &account.upn, Some(row), message);
        }
        PlanFound::None if of_people > PlanFound::None => {
            let message = "The account holds Teams Phone for people.";
            found.add(Rule::LicenceResourceAccountUserPlan, &account.upn, Some(row), message);
        }
        PlanFound::None => {
            let message = "The account has no plan MCOEV_VIRTUALUSER.";
            found.add(rule, &account.upn, Some(row), message).cost =
                "1 seat of Teams Phone Resource Account".into();
        }
        PlanFound::Disabled | PlanFound::Error => {
            let message = "The plan MCOEV_VIRTUALUSER is switched off or failed.";
            found.add(rule, &account.upn, Some(row), message);
        }
    }
}

/// Grace of the account's own licences.
fn grace(subject: &str, licences: &[UserLicence], day: Date, found: &mut Findings<'_>) {
    for licence in licences {
        if let Some(until) = licence.grace_until.get() {
            let until = until.to_zoned(TimeZone::UTC).date();
            let message = if until < day {
                format!("{} was in grace until {until}.", name(licence))
            } else {
                format!("{} is in grace until {until}.", name(licence))
            };
            found.add(Rule::LicenceGrace, subject, licence.grace_until.at(), message);
        } else if licence.grace_until.is_lost() {
            let message =
                format!("Until when {} is in grace was lost in the export.", name(licence));
            found.unknown(Rule::LicenceGrace, subject, licence.grace_until.at(), message);
        } else if let Some(plan) = licence.plans.get().and_then(|plans| {
            plans.iter().find(|p| {
                p.status == crate::model::PlanStatus::Warning
                    && matches!(
                        plans::class(p),
                        Some(PlanClass::Phone | PlanClass::Teams | PlanClass::ResourceAccount)
                    )
            })
        }) {
            let message = format!("{} is in warning.", plan.name);
            found.add(Rule::LicenceGrace, subject, Some(licence.at), message);
        }
    }
}

fn name(licence: &UserLicence) -> &str {
    if licence.part_number.is_empty() { "A licence" } else { &licence.part_number }
}

/// Whom a seat with Teams Phone may be given to: a free seat for rooms is none for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    People,
    Rooms,
    CommonArea,
}

const SEATS: [Seat; 3] = [Seat::People, Seat::Rooms, Seat::CommonArea];

impl Seat {
    const fn product(self) -> &'static str {
        match self {
            Self::People => "Teams Phone",
            Self::Rooms => "Teams Rooms Pro",
            Self::CommonArea => "Teams Shared Devices",
        }
    }

    const fn of(room: Option<RoomKind>) -> Self {
        match room {
            Some(RoomKind::MeetingRoom) => Self::Rooms,
            Some(RoomKind::CommonArea) => Self::CommonArea,
            _ => Self::People,
        }
    }
}

/// Rooms' products are known by their plan; Teams Shared Devices has no plan of its own, only its
/// part number (MCOCAP, MCOCAP_FACULTY, MCOCAP_GOV) tells.
fn seat_of(sku: &Sku) -> Seat {
    let part = sku.part_number.trim().to_ascii_uppercase();
    if plans::sku_has(sku, PlanClass::Rooms) == Some(true)
        || part.contains("TEAMS_ROOMS")
        || matches!(part.as_str(), "MEETING_ROOM" | "MTR_PREM")
    {
        Seat::Rooms
    } else if part == "MCOCAP" || part.starts_with("MCOCAP_") {
        Seat::CommonArea
    } else {
        Seat::People
    }
}

/// Seats of the tenant: what is short, what is in grace, what resource accounts may have.
fn seats(
    scope: &Scope<'_>,
    needed: [u64; SEATS.len()],
    need: &mut LicenceNeed,
    found: &mut Findings<'_>,
) {
    let skus = &scope.inventory.skus;
    if skus.is_empty() {
        if need.phone_needed > 0 {
            let message = format!(
                "{} accounts need a seat with Teams Phone; how many are free is not known.",
                need.phone_needed
            );
            found.unknown(Rule::LicenceSeatsShort, "tenant", None, message).fix =
                "Import Get-MgSubscribedSku.".into();
        }
        if need.resource_accounts > 0 {
            let message = "Without the tenant's products the allotment cannot be computed.";
            found.unknown(Rule::LicenceResourceAccountSeats, "tenant", None, message).fix =
                "Import Get-MgSubscribedSku.".into();
        }
        return;
    }
    let mut unknown_plans = None;
    let (mut phone_seats, mut resource_seats) = (0_u64, 0_u64);
    let mut free = [0_u64; SEATS.len()];
    for sku in skus {
        if matches!(
            sku.status.copied(),
            Some(SkuStatus::Warning | SkuStatus::Suspended | SkuStatus::LockedOut)
        ) {
            let message = format!("The product {} is not in force.", sku.part_number);
            found.add(Rule::LicenceGrace, &sku.part_number, sku.status.at(), message);
        }
        let enabled = sku.enabled.copied();
        match (plans::sku_has(sku, PlanClass::Phone), enabled) {
            (Some(true), Some(enabled)) => {
                phone_seats += enabled;
                match sku.consumed.copied() {
                    Some(consumed) => {
                        free[seat_of(sku) as usize] += enabled.saturating_sub(consumed);
                    }
                    None => unknown_plans = Some(sku),
                }
            }
            (Some(false), _) => {}
            (None, _) | (Some(true), None) => unknown_plans = Some(sku),
        }
        if plans::sku_has(sku, PlanClass::ResourceAccount) == Some(true) {
            resource_seats += enabled.unwrap_or(0);
        }
    }
    if let Some(sku) = unknown_plans {
        if need.phone_needed > 0 || need.resource_accounts > 0 {
            let message = format!(
                "Plans or seats of {} were lost: seats cannot be counted.",
                sku.part_number
            );
            for rule in [Rule::LicenceSeatsShort, Rule::LicenceResourceAccountSeats] {
                found.unknown(rule, "tenant", Some(sku.at), message.clone());
            }
        }
        return;
    }
    let allotment = Allotment::of(phone_seats);
    let short: Vec<(Seat, u64)> = SEATS
        .into_iter()
        .zip(needed.iter().zip(free))
        .map(|(seat, (needed, free))| (seat, needed.saturating_sub(free)))
        .filter(|(_, short)| *short > 0)
        .collect();
    let to_buy: u64 = short.iter().map(|(_, short)| short).sum();
    let lacking = need.resource_accounts.saturating_sub(resource_seats);
    let to_order = lacking.min(allotment.free.saturating_sub(resource_seats));
    need.phone_free = Some(free.iter().sum());
    need.phone_to_buy = Some(to_buy);
    need.resource_seats = Some(resource_seats);
    need.allotment = Some(allotment);
    need.resource_to_order = Some(to_order);
    need.resource_to_buy = Some(lacking - to_order);
    if to_buy > 0 {
        let told: Vec<String> = short
            .iter()
            .map(|(seat, _)| {
                let at = *seat as usize;
                format!(
                    "{} need a seat of {} and {} are free",
                    needed[at],
                    seat.product(),
                    free[at]
                )
            })
            .collect();
        let costs: Vec<String> =
            short.iter().map(|(seat, short)| format!("{short} of {}", seat.product())).collect();
        let message = format!("{}.", told.join("; "));
        found.add(Rule::LicenceSeatsShort, "tenant", None, message).cost =
            format!("seats: {}", costs.join(", "));
    }
    if lacking > 0 {
        let message = format!(
            "{} resource accounts, {resource_seats} seats for them; {} seats with Teams Phone allow {} at no cost.",
            need.resource_accounts, allotment.phone_seats, allotment.free
        );
        found.add(Rule::LicenceResourceAccountSeats, "tenant", None, message).cost =
            format!("{to_order} seats at no cost, {} to be bought", lacking - to_order);
    }
}

/// Users with conference calls in the records.
fn conference_hosts(scope: &Scope<'_>) -> BTreeSet<usize> {
    let calls = &scope.inventory.calls;
    let mut parties = vec![false; calls.parties.len()];
    for call in calls.records.iter().filter(|call| call.kind == CallKind::Conference) {
        if let Some(seen) = parties.get_mut(call.party as usize) {
            *seen = true;
        }
    }
    calls
        .parties
        .iter()
        .zip(parties)
        .filter(|(_, seen)| *seen)
        .filter_map(|(party, _)| match scope.account(party) {
            Some(Account::User(at)) => Some(at),
            _ => None,
        })
        .collect()
}
