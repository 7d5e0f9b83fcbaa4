//! Emergency readiness: addresses, places, subnets, trusted addresses, tests (migration.md
//! section 1.5, statement 37).

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::findings::Findings;
use super::rules::Rule;
use super::scope::{Scope, is_assigned};
use super::settings::Settings;
use crate::model::{
    Address, AddressState, Cell, Inventory, NumberType, Severity, Site, SourceKind, SourceRef,
};
use crate::subnet::{Subnet, looks_like_an_id, overlaps};
use foldhash::{HashMap, HashSet};

pub fn judge(scope: &Scope<'_>, settings: &Settings, found: &mut Findings<'_>) {
    let places = Places::new(scope.inventory);
    addresses(scope, &places, found);
    numbers(scope, &places, found);
    networks(scope, &places, found);
    devices(scope, &places, found);
    sites(scope, settings, &places, found);
    site_overlaps(scope.inventory, found);
}

/// Which places exist.
struct Places<'a> {
    /// Addresses by id.
    addresses: HashMap<&'a str, &'a Address>,
    /// Address of each place, by the place's id; addresses' default places among them.
    address_of: HashMap<&'a str, &'a str>,
    /// Addresses were exported.
    addresses_known: bool,
    /// Places were exported: without them only default places are known.
    places_known: bool,
}

impl<'a> Places<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let addresses: HashMap<&str, &Address> =
            inventory.addresses.iter().map(|address| (address.id.as_str(), address)).collect();
        let defaults = inventory.addresses.iter().filter_map(|address| {
            Some((address.default_location_id.get()?.as_str(), address.id.as_str()))
        });
        let own = inventory
            .locations
            .iter()
            .map(|place| (place.id.as_str(), place.civic_address_id.text()));
        Self {
            address_of: defaults.chain(own).collect(),
            addresses,
            addresses_known: inventory.has(SourceKind::CivicAddresses),
            places_known: inventory.has(SourceKind::LisLocations),
        }
    }

    /// Does a place exist? `None` where the exports do not tell.
    fn exists(&self, location: &str) -> Option<bool> {
        if self.address_of.contains_key(location) {
            Some(true)
        } else if self.places_known {
            Some(false)
        } else {
            None
        }
    }
}

/// Addresses that something uses must be whole and validated; others should be.
fn addresses(scope: &Scope<'_>, places: &Places<'_>, found: &mut Findings<'_>) {
    let used = used_addresses(scope, places);
    for address in &scope.inventory.addresses {
        let in_use = used.contains(address.id.as_str())
            || address.voice_users.copied().is_some_and(|users| users > 0)
            || address.telephone_numbers.copied().is_some_and(|numbers| numbers > 0);
        let severity = if in_use { Severity::Block } else { Severity::Warn };
        let parts = [
            ("the street", &address.street),
            ("the city", &address.city),
            ("the country", &address.country),
            ("the house number", &address.house_number),
        ];
        let missing: Vec<&str> = parts
            .iter()
            .filter(|(_, cell)| cell.is_empty() || cell.get().is_some_and(|t| t.trim().is_empty()))
            .map(|(name, _)| *name)
            .collect();
        // Many countries write addresses without a house number: that alone stops nothing.
        let whole = missing.is_empty() || missing == ["the house number"];
        if !whole {
            let message = format!("It lacks {}.", missing.join(", "));
            let rule = Rule::EmergencyAddressIncomplete;
            found.add_as(rule, severity, &address.id, Some(address.at), message);
        }
        let rule = Rule::EmergencyAddressNotValidated;
        let place = address.validation.at();
        match address.validation.copied() {
            Some(AddressState::Validated) => {}
            Some(AddressState::NotValidated) => {
                found.add_as(rule, severity, &address.id, place, "It is not validated.");
            }
            Some(AddressState::Invalid) => {
                found.add_as(rule, severity, &address.id, place, "It was found invalid.");
            }
            Some(AddressState::Other) | None if in_use => {
                let message = "Whether it is validated cannot be told from the export.";
                found.unknown(rule, &address.id, Some(address.at), message);
            }
            Some(AddressState::Other) | None => {}
        }
    }
    for place in &scope.inventory.locations {
        let address = place.civic_address_id.text();
        if places.addresses_known && !address.is_empty() && !places.addresses.contains_key(address)
        {
            let message = format!("Its address {address} does not exist.");
            found.add(Rule::EmergencyLocationMissing, &place.id, Some(place.at), message);
        }
    }
}

fn used_addresses<'a>(scope: &Scope<'a>, places: &Places<'a>) -> HashSet<&'a str> {
    let inventory = scope.inventory;
    let by_place = inventory
        .numbers
        .iter()
        .filter(|number| is_assigned(number))
        .map(|number| &number.location_id)
        .chain(inventory.lis_subnets.iter().map(|subnet| &subnet.location_id))
        .chain(inventory.access_points.iter().map(|point| &point.location_id))
        .chain(inventory.switches.iter().map(|switch| &switch.location_id))
        .chain(inventory.ports.iter().map(|port| &port.location_id))
        .filter_map(|cell| places.address_of.get(cell.text()).copied());
    let direct = inventory
        .numbers
        .iter()
        .filter(|number| is_assigned(number))
        .map(|number| number.civic_address_id.text());
    by_place.chain(direct).filter(|id| !id.is_empty()).collect()
}

/// Numbers of Operator Connect and Calling Plans carry a place; Direct Routing's need none.
fn numbers(scope: &Scope<'_>, places: &Places<'_>, found: &mut Findings<'_>) {
    for number in scope.inventory.numbers.iter().filter(|number| is_assigned(number)) {
        let owned = matches!(
            number.number_type.copied(),
            Some(NumberType::OperatorConnect | NumberType::CallingPlan)
        );
        let place = &number.location_id;
        if let Some(id) = place.get() {
            if places.exists(id) == Some(false) {
                let message = format!("Its location {id} does not exist.");
                found.add(Rule::EmergencyLocationMissing, &number.raw, place.at(), message);
            }
            continue;
        }
        if owned && place.is_lost() && number.civic_address_id.get().is_some() {
            let message = "Its emergency location was lost in the export.";
            found.unknown(Rule::EmergencyLocationMissing, &number.raw, place.at(), message);
        }
        if !owned || number.civic_address_id.get().is_some() {
            continue;
        }
        let rule = Rule::EmergencyNumberWithoutLocation;
        let blank = place.is_empty() || number.civic_address_id.is_empty();
        if place.is_lost() || number.civic_address_id.is_lost() || !blank {
            let message = "Its emergency location is not in the export.";
            found.unknown(rule, &number.raw, place.at(), message);
        } else {
            let at = place.at().or(Some(number.at));
            let finding = found.add(rule, &number.raw, at, "It has no emergency location.");
            if number.location_update.copied() == Some(false) {
                finding.fix = "Only the operator may set it: ask the operator.".into();
            }
        }
    }
}

/// Subnets of both maps: each a network's own id, each with a place (statement 37).
fn networks(scope: &Scope<'_>, places: &Places<'_>, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    let known = known_networks(inventory);
    for subnet in &inventory.lis_subnets {
        let at = Some(subnet.at);
        if let Some(address) = subnet.address {
            lis_subnet(&subnet.subnet, address, at, &known, found);
        } else {
            let message = "It is no address of a network.";
            found.add(Rule::EmergencySubnetHost, &subnet.subnet, at, message);
        }
        let place = &subnet.location_id;
        let rule = Rule::EmergencySubnetWithoutLocation;
        match place.get() {
            Some(id) => match places.exists(id) {
                Some(true) => {}
                Some(false) => {
                    let message = format!("Its location {id} does not exist.");
                    found.add(rule, &subnet.subnet, place.at(), message);
                }
                None => {
                    let message = "No export of locations was imported.";
                    found.unknown(rule, "tenant", None, message).fix =
                        "Import Get-CsOnlineLisLocation and Get-CsOnlineLisCivicAddress.".into();
                }
            },
            None if place.is_unknown() => {
                let message = "Its location was lost or not exported.";
                found.unknown(rule, &subnet.subnet, at, message);
            }
            None => {
                found.add(rule, &subnet.subnet, place.at().or(at), "It names no location.");
            }
        }
    }
    let mapped = sorted_addresses(inventory.lis_subnets.iter().filter_map(|subnet| subnet.address));
    let lis_known = inventory.has(SourceKind::LisSubnets);
    for subnet in &inventory.site_subnets {
        if subnet.bits.is_lost() || subnet.site.is_lost() {
            let message = "Its mask or its site was lost in the export.";
            let rule = Rule::EmergencySubnetNotMapped;
            found.unknown(rule, &subnet.subnet, Some(subnet.at), message);
        }
        let (Some(address), Some(bits)) = (subnet.address, subnet.bits.copied()) else { continue };
        let Some(net) = Subnet::new(address, bits) else { continue };
        let at = Some(subnet.at);
        if !net.is_written_as_id() {
            let message = format!("The network's id is {}.", net.id());
            found.add(Rule::EmergencySubnetHost, &subnet.subnet, at, message);
        }
        // A finer division in the location service serves too; a host amid it does not count here,
        // it has a finding of its own.
        if lis_known && !any_in(&mapped, net) {
            let message = "The location service does not know it.";
            found.add(Rule::EmergencySubnetNotMapped, &subnet.subnet, at, message);
        } else if !lis_known {
            let message = "No export of the location service's subnets was imported.";
            found.unknown(Rule::EmergencySubnetNotMapped, "tenant", None, message).fix =
                "Import Get-CsOnlineLisSubnet.".into();
        }
    }
}

/// `10.1.0.0/24` carries its mask.
fn written_bits(text: &str) -> Option<u8> {
    text.rsplit_once('/').and_then(|(_, bits)| bits.trim().parse().ok())
}

fn sorted_addresses(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut sorted: Vec<IpAddr> = addresses.collect();
    sorted.sort_unstable();
    sorted
}

/// Does one of the sorted addresses lie in the network?
fn any_in(sorted: &[IpAddr], net: Subnet) -> bool {
    let from = sorted.partition_point(|address| *address < net.id());
    sorted.get(from).is_some_and(|address| net.contains(*address))
}

/// Networks whose masks are known, of sites and of building files: id and bits.
fn known_networks(inventory: &Inventory) -> HashSet<(IpAddr, u8)> {
    let sites = inventory.site_subnets.iter().map(|s| (s.address, s.bits.copied()));
    let buildings = inventory.buildings.iter().map(|b| (b.address, b.bits.copied()));
    sites
        .chain(buildings)
        .filter_map(|(address, bits)| Subnet::new(address?, bits?))
        .map(|net| (net.id(), net.bits()))
        .collect()
}

/// The narrowest known network around an address.
fn around(known: &HashSet<(IpAddr, u8)>, address: IpAddr) -> Option<Subnet> {
    (0..=128)
        .rev()
        .filter_map(|bits| Subnet::new(address, bits))
        .map(|net| (net.id(), net.bits()))
        .find(|net| known.contains(net))
        .and_then(|(id, bits)| Subnet::new(id, bits))
}

fn lis_subnet(
    subject: &str,
    address: IpAddr,
    at: Option<SourceRef>,
    known: &HashSet<(IpAddr, u8)>,
    found: &mut Findings<'_>,
) {
    let rule = Rule::EmergencySubnetHost;
    if let Some(net) = written_bits(subject).and_then(|bits| Subnet::new(address, bits)) {
        if !net.is_written_as_id() {
            found.add(rule, subject, at, format!("The network's id is {}.", net.id()));
        }
        return;
    }
    match around(known, address) {
        Some(net) if net.id() == address => {}
        Some(net) if looks_like_an_id(address) => {
            let message = format!("The site's network is {net}: the two maps differ.");
            found.add_as(rule, Severity::Warn, subject, at, message);
        }
        Some(net) => {
            let message = format!("It is a host of {net}; the network's id is {}.", net.id());
            found.add(rule, subject, at, message);
        }
        None if looks_like_an_id(address) => {}
        None => {
            let message = "It is the address of a host, not of a network.";
            found.add(rule, subject, at, message);
        }
    }
}

/// Access points, switches and ports name places too.
fn devices(scope: &Scope<'_>, places: &Places<'_>, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    let points = inventory.access_points.iter().map(|p| (&p.bssid, &p.location_id, p.at));
    let switches = inventory.switches.iter().map(|s| (&s.chassis_id, &s.location_id, s.at));
    let ports = inventory.ports.iter().map(|p| (&p.port_id, &p.location_id, p.at));
    for (subject, place, at) in points.chain(switches).chain(ports) {
        let rule = Rule::EmergencyLocationMissing;
        match place.get() {
            Some(id) if places.exists(id) == Some(false) => {
                let message = format!("Its location {id} does not exist.");
                found.add(rule, subject, place.at(), message);
            }
            None if place.is_empty() => {
                found.add(rule, subject, Some(at), "It names no location.");
            }
            _ => {}
        }
    }
}

fn sites(scope: &Scope<'_>, settings: &Settings, places: &Places<'_>, found: &mut Findings<'_>) {
    let inventory = scope.inventory;
    let trusted = Trusted::new(inventory);
    let with_place = sorted_addresses(
        inventory
            .lis_subnets
            .iter()
            .filter(|lis| places.exists(lis.location_id.text()) == Some(true))
            .filter_map(|lis| lis.address),
    );
    let placed: HashSet<&str> = inventory
        .site_subnets
        .iter()
        .filter(|subnet| {
            let net = subnet.address.zip(subnet.bits.copied());
            net.and_then(|(address, bits)| Subnet::new(address, bits))
                .is_some_and(|net| any_in(&with_place, net))
        })
        .map(|subnet| subnet.site.text())
        .collect();
    let cities: HashSet<String> = lowered(inventory.addresses.iter().map(|a| &a.city));
    let descriptions: HashSet<String> = lowered(inventory.addresses.iter().map(|a| &a.description));
    for (at, site) in inventory.sites.iter().enumerate() {
        let voices = scope.voices_at[at];
        if !site.declared && voices == 0 {
            continue;
        }
        trusted.judge(site, found);
        if places.addresses_known {
            let has_address = placed.contains(site.name.as_str())
                || cities.contains(&site.city.text().trim().to_lowercase())
                || descriptions.iter().any(|text| names(text, &site.name.to_lowercase()));
            if !has_address {
                let rule = Rule::EmergencySiteWithoutAddress;
                if site.city.get().is_none() && site.address.get().is_none() {
                    let message = "Neither its city nor its address is known.";
                    found.unknown(rule, &site.name, Some(site.at), message);
                } else {
                    let message = "No civic address lies in its city.";
                    found.add(rule, &site.name, Some(site.at), message);
                }
            }
        } else {
            let message = "No export of civic addresses was imported.";
            found.unknown(Rule::EmergencySiteWithoutAddress, "tenant", None, message).fix =
                "Import Get-CsOnlineLisCivicAddress.".into();
        }
        if site.emergency_calling_policy.is_empty() {
            let place = site.emergency_calling_policy.at();
            let message = "The site has no emergency calling policy of its own.";
            found.add(Rule::EmergencySiteWithoutPolicy, &site.name, place, message);
        } else if site.emergency_calling_policy.is_lost() {
            let place = site.emergency_calling_policy.at();
            let message = "Its emergency calling policy was lost in the export.";
            found.unknown(Rule::EmergencySiteWithoutPolicy, &site.name, place, message);
        }
        let tested =
            settings.emergency_tests.iter().any(|t| t.site.eq_ignore_ascii_case(&site.name));
        if voices > 0 && !tested {
            let message = "No test of an emergency call is noted.";
            found.add(Rule::EmergencySiteNotTested, &site.name, Some(site.at), message);
        }
    }
}

/// Texts that are not blank, in lower case.
fn lowered<'a>(cells: impl Iterator<Item = &'a Cell<String>>) -> HashSet<String> {
    cells.map(|cell| cell.text().trim().to_lowercase()).filter(|text| !text.is_empty()).collect()
}

/// The trusted addresses, and whose they are.
struct Trusted<'a> {
    inventory: &'a Inventory,
    /// Addresses measured as seen from outside, by site.
    reflexive: BTreeMap<&'a str, Vec<IpAddr>>,
    /// Descriptions in lower case, in the order of the addresses.
    descriptions: Vec<String>,
    known: bool,
    /// Some trusted address names no site: it may be anybody's.
    nameless: bool,
}

impl<'a> Trusted<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        let mut reflexive: BTreeMap<&str, Vec<IpAddr>> = BTreeMap::new();
        for measurement in &inventory.measurements {
            if let (Some(site), Some(address)) = (&measurement.site, measurement.reflexive) {
                let seen = reflexive.entry(site).or_default();
                if !seen.contains(&address) {
                    seen.push(address);
                }
            }
        }
        let nameless = inventory
            .trusted_addresses
            .iter()
            .any(|t| t.site.text().is_empty() && t.description.text().trim().is_empty());
        let known = inventory.has(SourceKind::TrustedAddresses);
        let trusted = inventory.trusted_addresses.iter();
        let descriptions = trusted.map(|t| t.description.text().to_lowercase()).collect();
        Self { inventory, reflexive, descriptions, known, nameless }
    }

    fn judge(&self, site: &Site, found: &mut Findings<'_>) {
        let rule = Rule::EmergencySiteWithoutTrusted;
        if !self.known {
            let message = "No export of trusted addresses was imported.";
            found.unknown(rule, "tenant", None, message).fix =
                "Import Get-CsTenantTrustedIPAddress.".into();
            return;
        }
        let remote = site.egress.text().eq_ignore_ascii_case("remote");
        let seen = self.reflexive.get(site.name.as_str()).map_or(&[][..], Vec::as_slice);
        let name = site.name.to_lowercase();
        let mut all = self.inventory.trusted_addresses.iter().zip(&self.descriptions);
        let own = all.any(|(trusted, description)| {
            let bits = trusted.bits.copied();
            let holds = |address: &IpAddr| {
                trusted.address.is_some_and(|own| {
                    bits.and_then(|bits| Subnet::new(own, bits))
                        .map_or(own == *address, |net| net.contains(*address))
                })
            };
            trusted.site.text().eq_ignore_ascii_case(&site.name)
                || names(description, &name)
                || seen.iter().any(holds)
        });
        if own {
            return;
        }
        if !seen.is_empty() {
            let message = format!("It reaches the internet by {}, which is not trusted.", seen[0]);
            found.add(rule, &site.name, Some(site.at), message);
        } else if remote || self.nameless {
            let message = if remote {
                "It reaches the internet at another site; which one is not told."
            } else {
                "Some trusted addresses name no site: whether one is this site's cannot be told."
            };
            found.unknown(rule, &site.name, Some(site.at), message);
        } else {
            let message = "No trusted address names this site.";
            found.add(rule, &site.name, Some(site.at), message);
        }
    }
}

/// Does a text name the site as a whole word? `Berlin 2` does not name `Berlin 21`.
fn names(text: &str, site: &str) -> bool {
    if site.is_empty() {
        return false;
    }
    text.match_indices(site).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + site.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Subnets of sites, or of buildings, that overlap and tell different places.
fn site_overlaps(inventory: &Inventory, found: &mut Findings<'_>) {
    let sites: Vec<(usize, Subnet)> = inventory
        .site_subnets
        .iter()
        .enumerate()
        .filter_map(|(at, s)| Some((at, Subnet::new(s.address?, s.bits.copied()?)?)))
        .collect();
    for (wide, narrow) in overlaps(&sites) {
        let (a, b) = (&inventory.site_subnets[wide], &inventory.site_subnets[narrow]);
        if a.site != b.site && a.site.text() != b.site.text() {
            let message = format!("It overlaps {} of {}.", a.subnet, a.site.text());
            found.add(Rule::NetworkSubnetOverlap, &b.subnet, Some(b.at), message);
        }
    }
    let buildings: Vec<(usize, Subnet)> = inventory
        .buildings
        .iter()
        .enumerate()
        .filter_map(|(at, b)| Some((at, Subnet::new(b.address?, b.bits.copied()?)?)))
        .collect();
    for (wide, narrow) in overlaps(&buildings) {
        let (a, b) = (&inventory.buildings[wide], &inventory.buildings[narrow]);
        let message = format!("It overlaps {} of {}.", a.network, a.building.text());
        found.add(Rule::NetworkSubnetOverlap, &b.network, Some(b.at), message);
    }
}
