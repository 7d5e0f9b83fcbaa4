//! From what was asked for to the inventory: each number of a batch becomes a
//! row of the tenant's inventory, changes one, leaves it, or fails alone
//! (design section 9). The rules are those of an upload.

use super::draft::usual;
use crate::act::{Fail, change, change_of, raced};
use crate::numbers::{ACTIVATED, To};
use crate::orders::{refusal_code, upload_context};
use crate::records;
use crate::worker::country_of;
use api_types::ErrorCode;
use api_types::compat::account::AccountServiceDetails;
use api_types::compat::number::{CallingConfig, NumberServiceDetails};
use api_types::problem::EntryError;
use domain::line::AssignmentCategory;
use domain::number::Usage;
use domain::upload::{UploadEntry, check_entry, check_order};
use domain::{CallingProfileId, CivicAddressId, LocationId, OperatorId, TenantId};
use feed::change::Change;
use numbering::{Country, E164, NumberKind, code_admits, describe};
use std::collections::{HashMap, HashSet};
use store::{
    ChangeOwner, ConsentRow, NumberAccountRow, NumberEdit, NumberRow, PlaceRow, ProvisionedPut,
    RangeRow, Tx, WorldNumberRow,
};
use uuid::Uuid;

/// What a number of the account shall be.
pub(super) struct Item {
    pub(super) number: E164,
    pub(super) services: NumberServiceDetails,
    pub(super) custom_header: Option<String>,
    pub(super) strip: bool,
}

/// Where an account's Operator Connect numbers go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// It names no tenant.
    Nowhere,
    /// The service or its synchronisation is off.
    Paused,
    /// Into this tenant's inventory.
    To(TenantId),
}

/// An account that says nothing of Operator Connect has it: the older version cannot say it.
pub(super) fn binding(tenant: Option<TenantId>, services: &AccountServiceDetails) -> Binding {
    match (tenant, &services.teams_operator_connect) {
        (_, Some(service)) if !service.enabled || !service.sync_enabled => Binding::Paused,
        (Some(tenant), _) => Binding::To(tenant),
        (None, _) => Binding::Nowhere,
    }
}

/// What the rules want to know, whichever number it is about.
struct Ground {
    operator: OperatorId,
    tenant: TenantId,
    consent: Option<ConsentRow>,
    located: bool,
    /// Enabled trunks of each calling profile.
    profiles: HashMap<CallingProfileId, usize>,
    ranges: Vec<RangeRow>,
    /// Numbers that a tenant has reserved at the operator.
    reserved: HashSet<E164>,
    by_location: HashMap<LocationId, PlaceRow>,
    by_address: HashMap<CivicAddressId, PlaceRow>,
    at: i64,
}

/// What is done to the inventory.
#[derive(Debug)]
enum Step {
    Keep,
    Wait,
    Add(Box<NumberRow>),
    Edit(NumberEdit),
    Release,
}

fn id<T>(text: Option<&String>, of: impl Fn(Uuid) -> T) -> Option<T> {
    text.and_then(|text| Uuid::parse_str(text).ok()).map(of)
}

fn usable(profiles: &HashMap<CallingProfileId, usize>, id: CallingProfileId) -> bool {
    profiles.get(&id).is_some_and(|enabled| *enabled >= 2)
}

/// Numbers attach to a profile by themselves (operator-connect.md 1.5): the one they have, else
/// the operator's oldest that can carry calls.
fn profile(
    profiles: &HashMap<CallingProfileId, usize>,
    now: Option<CallingProfileId>,
) -> Option<CallingProfileId> {
    now.filter(|id| usable(profiles, *id)).or_else(|| {
        profiles.keys().copied().filter(|id| usable(profiles, *id)).min_by_key(|id| id.0)
    })
}

impl Ground {
    async fn read(
        tx: &mut Tx,
        operator: OperatorId,
        tenant: TenantId,
        items: &[Item],
    ) -> Result<Self, Fail> {
        tx.consent_share(tenant, operator).await?;
        tx.stock_share(operator).await?;
        let consent = tx.consent_get(tenant, operator).await?;
        let numbers: Vec<E164> = items.iter().map(|item| item.number).collect();
        let stocked = tx.stock_locked(operator, &numbers).await?.into_iter();
        let reserved = stocked.filter(|row| row.reservation_id.is_some()).map(|row| row.number);
        let reserved = reserved.collect();
        let mut profiles: HashMap<CallingProfileId, usize> = HashMap::new();
        for row in tx.profile_trunks(Some(operator)).await? {
            *profiles.entry(row.profile_id).or_default() += usize::from(row.enabled);
        }
        let (mut by_location, mut by_address) = (HashMap::new(), HashMap::new());
        for config in items.iter().filter_map(|item| config_of(&item.services)) {
            if let Some(id) = id(config.location_id.as_ref(), LocationId)
                && !by_location.contains_key(&id)
                && let Some(place) = tx.place_of_location(tenant, id).await?
            {
                by_location.insert(id, place);
            }
            if let Some(id) = id(config.civic_address_id.as_ref(), CivicAddressId)
                && !by_address.contains_key(&id)
                && let Some(place) = tx.place_of_address(tenant, id).await?
            {
                by_address.insert(id, place);
            }
        }
        Ok(Self {
            operator,
            tenant,
            consent,
            located: tx.location_any(tenant).await?,
            profiles,
            ranges: tx.range_all(operator).await?,
            reserved,
            by_location,
            by_address,
            at: tx.at(),
        })
    }

    /// The location a number is asked to have. An address stands for its default location.
    fn place(&self, config: &CallingConfig) -> Result<Option<&PlaceRow>, EntryError> {
        let unknown = |field: &str, reason: &str| {
            ErrorCode::UnknownLocation.entry(Some(field), reason.to_owned())
        };
        let location = id(config.location_id.as_ref(), LocationId);
        let address = id(config.civic_address_id.as_ref(), CivicAddressId);
        let of_address = match address {
            None => None,
            Some(id) => Some(self.by_address.get(&id).ok_or_else(|| {
                unknown("civicAddressId", "the civic address does not exist in this tenant")
            })?),
        };
        let Some(location) = location else { return Ok(of_address) };
        let place = self
            .by_location
            .get(&location)
            .ok_or_else(|| unknown("locationId", "the location does not exist in this tenant"))?;
        if address.is_some_and(|address| address != place.civic_address_id) {
            return Err(unknown("locationId", "the location lies in another civic address"));
        }
        Ok(Some(place))
    }

    /// What becomes of a number with Operator Connect enabled.
    fn step(
        &self,
        item: &Item,
        config: &CallingConfig,
        holder: Option<(OperatorId, TenantId)>,
        row: Option<&NumberRow>,
    ) -> Result<Step, EntryError> {
        let context =
            upload_context(self.operator, self.tenant, self.consent.as_ref(), self.located);
        let refused = |refusal| {
            let (code, field) = refusal_code(refusal);
            code.entry(field, refusal.to_string())
        };
        if row.is_none() {
            check_order(&context).map_err(refused)?;
        }
        let number = item.number;
        let usage = Usage::parse(&config.usage)
            .ok_or_else(|| ErrorCode::InvalidField.entry(Some("usage"), crate::numbers::USAGES))?;
        let allow = config.allow_tenant_address_update.unwrap_or(false);
        let country = match row {
            Some(row) => row.country,
            None => country(number, config.displayed_country_code.as_deref())?,
        };
        let place = self.place(config)?;
        // A location the tenant may set stays where the operator names none.
        let kept = row.filter(|_| allow).and_then(|row| row.location_id);
        let location = place.map(|place| place.id).or(kept);
        let profile = profile(&self.profiles, row.map(|row| row.profile_id));
        let facts = UploadEntry {
            number,
            country,
            usage,
            toll_free: describe(number).kind == NumberKind::TollFree,
            has_location: location.is_some(),
            location_known: true,
            tenant_may_update_location: allow,
            profile_usable: profile.is_some(),
            in_declared_range: self
                .ranges
                .iter()
                .any(|r| (r.first_number..=r.last_number).contains(&number)),
            reserved: self.reserved.contains(&number),
            held_by: holder.filter(|_| row.is_none()),
        };
        check_entry(&context, &facts).map_err(refused)?;
        if let Some(place) = place
            && place.country != country
        {
            let reason = format!("the location lies in {}, the number in {country}", place.country);
            return Err(ErrorCode::LocationCountry.entry(Some("locationId"), reason));
        }
        let profile = profile.ok_or_else(|| {
            ErrorCode::ProfileUnusable.entry(None, "the operator has no usable calling profile")
        })?;
        let Some(row) = row else {
            return Ok(Step::Add(Box::new(NumberRow {
                number,
                tenant_id: self.tenant,
                operator_id: self.operator,
                operator_name: String::new(),
                profile_id: profile,
                country,
                usage,
                activation_state: ACTIVATED.to_owned(),
                location_id: location,
                tenant_may_update_location: allow,
                person_id: None,
                category: AssignmentCategory::Primary,
                account_id: None,
                bridge_id: None,
                policy_id: None,
                assigned_name: None,
                move_id: None,
                blocked_forever: false,
                blocked_until: None,
                acquired_at: self.at,
                version: 1,
            })));
        };
        let (person, account) =
            if item.strip { (None, None) } else { (row.person_id, row.account_id) };
        // What a bridge or a policy has, the operator does not strip.
        let held = person.is_some() || account.is_some() || row.other_holder().is_some();
        if usage != row.usage && held {
            let reason = format!("{number} is assigned as a number for {}", row.usage.as_str());
            return Err(ErrorCode::StillAssigned.entry(Some("usage"), reason));
        }
        let edit = NumberEdit {
            usage,
            location,
            tenant_may_update_location: allow,
            profile,
            person,
            account,
        };
        let same = edit
            == NumberEdit {
                usage: row.usage,
                location: row.location_id,
                tenant_may_update_location: row.tenant_may_update_location,
                profile: row.profile_id,
                person: row.person_id,
                account: row.account_id,
            };
        Ok(if same { Step::Keep } else { Step::Edit(edit) })
    }
}

/// The country shown with a number counts where its digits tell none, and for toll-free numbers,
/// whose code several countries share.
fn country(number: E164, shown: Option<&str>) -> Result<Country, EntryError> {
    let told = describe(number);
    let shown_country = shown.and_then(|text| Country::parse(text).ok());
    match (told.kind, told.country, shown_country) {
        (NumberKind::TollFree, _, Some(shown)) if code_admits(number, shown) => Ok(shown),
        (_, Some(told), _) => Ok(told),
        _ => country_of(number, shown),
    }
}

fn config_of(services: &NumberServiceDetails) -> Option<&CallingConfig> {
    services.teams_operator_connect.as_ref().and_then(|calling| calling.configuration.as_ref())
}

/// An Operator Connect number that is switched off leaves the inventory.
fn release(number: E164, row: Option<&NumberRow>, strip: bool) -> Result<Step, EntryError> {
    match row {
        None => Ok(Step::Keep),
        Some(row) if row.other_holder().is_some() || !strip && row.is_assigned() => {
            Err(ErrorCode::StillAssigned.entry(Some("enabled"), format!("{number} is assigned")))
        }
        Some(_) => Ok(Step::Release),
    }
}

/// Brings numbers of an account to the inventory and keeps what became of each. The account is
/// held already; what another account of the operator has is refused before.
pub(super) async fn sync(
    tx: &mut Tx,
    account: &NumberAccountRow,
    services: &AccountServiceDetails,
    mut items: Vec<Item>,
) -> Result<(), Fail> {
    let operator = account.operator_id;
    let binding = binding(account.tenant_id, services);
    let ground = match account.tenant_id {
        Some(tenant) => {
            crate::freezes::check(tx, Some(tenant)).await?;
            Some(Ground::read(tx, operator, tenant, &items).await?)
        }
        None => None,
    };
    let numbers: Vec<E164> = items.iter().map(|item| item.number).collect();
    // A number that another operator holds, and the tenant's person who loses one, are behind the
    // wall of what the operator has itself.
    tx.reach_all().await?;
    let held: HashMap<E164, WorldNumberRow> =
        tx.numbers_held(&numbers).await?.into_iter().map(|row| (row.number, row)).collect();
    let mut done = Inventory::default();
    for item in &mut items {
        let holder = held.get(&item.number).map(|row| (row.operator_id, row.tenant_id));
        let ours = holder.is_some() && holder == account.tenant_id.map(|t| (operator, t));
        let row = if ours { tx.number_get(item.number).await? } else { None };
        let usual = usual(row.as_ref().map(|row| (row.usage, row.tenant_may_update_location)));
        let calling = item.services.teams_operator_connect.as_mut().filter(|c| c.enabled);
        let step = match (calling, binding, &ground) {
            (None, ..) => release(item.number, row.as_ref(), item.strip),
            (Some(_), Binding::Paused, _) => Ok(Step::Wait),
            (Some(_), Binding::Nowhere, _) | (Some(_), _, None) => {
                let reason = format!("the account {} names no tenant", account.name);
                Err(ErrorCode::NoTenant.entry(None, reason))
            }
            (Some(calling), Binding::To(_), Some(ground)) => {
                let config = calling.configuration.get_or_insert(usual).clone();
                ground.step(item, &config, holder, row.as_ref())
            }
        };
        let (status, error) = match step {
            Ok(step) => {
                let status = if matches!(step, Step::Wait) { "pending" } else { "synced" };
                done.take(tx, item, step, row).await?;
                (status, None)
            }
            Err(error) => {
                if error.code == ErrorCode::HeldElsewhere.code()
                    && let (Some(held), Some(tenant)) = (held.get(&item.number), account.tenant_id)
                {
                    crate::disputes::open(tx, (operator, tenant), None, held).await?;
                }
                ("failed", Some(error))
            }
        };
        let put = ProvisionedPut {
            number: item.number,
            services: serde_json::to_string(&item.services).expect("documents have text keys only"),
            custom_header: item.custom_header.clone(),
            calling: item.services.teams_operator_connect.as_ref().is_some_and(|c| c.enabled),
            usage: config_of(&item.services).and_then(|config| Usage::parse(&config.usage)),
            status,
            errors: error
                .map(|error| serde_json::to_string(&[error]).expect("an error has text keys only")),
        };
        let at = tx.at();
        raced(tx.provisioned_put(operator, account.id, &put, at).await?)?;
    }
    done.finish(tx, account.operator_id, account.tenant_id).await
}

/// What a batch does to the inventory.
#[derive(Default)]
struct Inventory {
    added: Vec<NumberRow>,
    edited: Vec<NumberRow>,
    released: Vec<E164>,
    stripped: Vec<To>,
}

impl Inventory {
    async fn take(
        &mut self,
        tx: &mut Tx,
        item: &Item,
        step: Step,
        row: Option<NumberRow>,
    ) -> Result<(), Fail> {
        let edit = match (step, &row) {
            (Step::Add(row), _) => {
                self.added.push(*row);
                return Ok(());
            }
            (Step::Edit(edit), _) => edit,
            (Step::Release, Some(row)) => {
                self.released.push(item.number);
                if row.person_id.is_none() && row.account_id.is_none() {
                    return Ok(());
                }
                NumberEdit {
                    usage: row.usage,
                    location: row.location_id,
                    tenant_may_update_location: row.tenant_may_update_location,
                    profile: row.profile_id,
                    person: None,
                    account: None,
                }
            }
            (Step::Keep | Step::Wait | Step::Release, _) => return Ok(()),
        };
        let Some(mut row) = row else { return Ok(()) };
        if let Some(from) = To::of(&row).filter(|_| edit.person.is_none() && edit.account.is_none())
        {
            from.lock(tx, row.tenant_id, row.number).await?;
            self.stripped.push(from);
        }
        let at = tx.at();
        raced(tx.number_edit(row.number, row.version, edit, at).await?)?;
        row.usage = edit.usage;
        row.location_id = edit.location;
        row.tenant_may_update_location = edit.tenant_may_update_location;
        row.profile_id = edit.profile;
        (row.person_id, row.account_id) = (edit.person, edit.account);
        if edit.person.is_none() {
            row.category = AssignmentCategory::Primary;
        }
        self.edited.push(row);
        Ok(())
    }

    async fn finish(
        self,
        tx: &mut Tx,
        operator: OperatorId,
        tenant: Option<TenantId>,
    ) -> Result<(), Fail> {
        if !self.added.is_empty() {
            // Whoever took one of them since they were looked at is seen on the next run.
            raced(tx.numbers_insert(&self.added).await? == self.added.len() as u64)?;
        }
        if !self.released.is_empty() {
            crate::disputes::take_out(tx, operator, &self.released).await?;
        }
        let put: Vec<_> = self
            .added
            .iter()
            .chain(&self.edited)
            .filter(|row| !self.released.contains(&row.number))
            .map(records::number)
            .collect();
        if !put.is_empty() {
            change(tx, &Change::NumbersPut { numbers: put });
        }
        if !self.released.is_empty() {
            let owner = ChangeOwner { tenant, operator: Some(operator) };
            change_of(tx, &Change::NumbersRemoved { numbers: self.released }, owner);
        }
        if let Some(tenant) = tenant {
            for from in self.stripped {
                from.change(tx, tenant).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::compat::account::SyncedService;

    #[test]
    fn where_an_account_leads() {
        let tenant = TenantId(Uuid::from_u128(1));
        let service = |enabled, sync_enabled| AccountServiceDetails {
            teams_operator_connect: Some(SyncedService {
                sync_enabled,
                enabled,
                number_count: None,
            }),
            ..AccountServiceDetails::default()
        };
        let silent = AccountServiceDetails::default();
        for (named, services, expect) in [
            (None, &silent, Binding::Nowhere),
            (Some(tenant), &silent, Binding::To(tenant)),
            (Some(tenant), &service(true, true), Binding::To(tenant)),
            (Some(tenant), &service(true, false), Binding::Paused),
            (Some(tenant), &service(false, true), Binding::Paused),
            (None, &service(false, false), Binding::Paused),
        ] {
            assert_eq!(binding(named, services), expect, "{named:?} {services:?}");
        }
    }

    #[test]
    fn numbers_find_their_profile() {
        let id = |n: u128| CallingProfileId(Uuid::from_u128(n));
        let profiles = HashMap::from([(id(1), 1), (id(2), 2), (id(3), 3)]);
        for (now, expect) in [
            (None, Some(id(2))),
            (Some(id(3)), Some(id(3))),
            (Some(id(1)), Some(id(2))),
            (Some(id(9)), Some(id(2))),
        ] {
            assert_eq!(profile(&profiles, now), expect, "{now:?}");
        }
        assert_eq!(profile(&HashMap::new(), Some(id(2))), None);
    }
}
