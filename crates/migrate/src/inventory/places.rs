//! Sites, networks, emergency addresses and places.

use super::merge::Merge;
use super::numbers::empty_if_nil;
use super::{Builder, Columns};
use crate::import::Row;
use crate::model::{
    Address, AddressState, Building, Cell, ChassisPort, LisLocation, LisSubnet, RemarkKind, Site,
    SiteSubnet, SourceKind, SourceRef, Switch, TrustedAddress, WirelessAccessPoint,
};
use crate::read;

impl Builder {
    /// The site of that name, made where there is none yet.
    pub(super) fn site_at(&mut self, name: &str, at: SourceRef) -> usize {
        let name = name.trim();
        if let Some(index) = self.sites.get(&name.to_lowercase()) {
            return *index;
        }
        let index = self.inventory.sites.len();
        self.inventory.sites.push(Site { name: name.to_owned(), at, ..Site::default() });
        self.sites.insert(name.to_lowercase(), index);
        index
    }

    pub(super) fn site(&mut self, row: &Row<'_>, columns: &Columns, kind: SourceKind) {
        let name = match row.str(columns.get("name")) {
            "" => row.str(columns.get("identity")),
            name => name,
        };
        if name.is_empty() {
            return;
        }
        let index = self.site_at(name, row.at());
        let text = |name: &str| row.text(columns.get(name));
        let truth = |name: &str| row.cell(columns.get(name), read::truth);
        let value = |name: &str| row.cell(columns.get(name), read::decimal);
        // Links are told in either unit.
        let kbps = |kilo: &str, mega: &str| match value(kilo) {
            Cell::Absent => value(mega).map(|mbps| mbps * 1000.0),
            told => told,
        };
        let queue = |name: &str| match value(name) {
            Cell::Absent => value("queue_kbps"),
            told => told,
        };
        let inventory = &mut self.inventory;
        let site = &mut inventory.sites[index];
        let subject = site.name.clone();
        site.declared = true;
        let mut merge = Merge {
            kind: "site",
            subject: &subject,
            files: &inventory.files,
            resolutions: &self.settings.resolutions,
            conflicts: &mut inventory.conflicts,
            index: &mut self.conflicts,
        };
        merge.cell("region", &mut site.region, text("region"));
        merge.cell("address", &mut site.address, text("address"));
        merge.cell("country", &mut site.country, text("country"));
        merge.cell("city", &mut site.city, text("city"));
        merge.cell("time_zone", &mut site.time_zone, text("time_zone"));
        merge.cell("users", &mut site.users, row.cell(columns.get("users"), read::count));
        merge.cell("wan_up_kbps", &mut site.wan_up_kbps, kbps("wan_up_kbps", "wan_up_mbps"));
        merge.cell(
            "wan_down_kbps",
            &mut site.wan_down_kbps,
            kbps("wan_down_kbps", "wan_down_mbps"),
        );
        merge.cell("usable_up_kbps", &mut site.usable_up_kbps, value("usable_up_kbps"));
        merge.cell("usable_down_kbps", &mut site.usable_down_kbps, value("usable_down_kbps"));
        merge.cell("queue_up_kbps", &mut site.queue_up_kbps, queue("queue_up_kbps"));
        merge.cell("queue_down_kbps", &mut site.queue_down_kbps, queue("queue_down_kbps"));
        merge.cell("egress", &mut site.egress, text("egress"));
        merge.cell("media_bypass", &mut site.media_bypass, truth("media_bypass"));
        merge.cell("vpn", &mut site.vpn, truth("vpn"));
        merge.cell("qos", &mut site.qos, truth("qos"));
        merge.cell("peak_calls", &mut site.peak_calls, value("peak_calls"));
        if kind == SourceKind::NetworkSites {
            let policy = |name: &str| {
                row.cell(columns.get(name), |text| Some(read::policy_name(text).to_owned()))
            };
            site.location_based_routing = truth("location_based_routing");
            site.emergency_calling_policy = policy("emergency_calling_policy");
            site.emergency_call_routing_policy = policy("emergency_call_routing_policy");
            site.voice_routing_policy = policy("voice_routing_policy");
        }
    }

    pub(super) fn site_subnet(&mut self, row: &Row<'_>, columns: &Columns) {
        let subnet = match row.str(columns.get("subnet")) {
            "" => row.str(columns.get("identity")),
            subnet => subnet,
        };
        self.inventory.site_subnets.push(SiteSubnet {
            subnet: subnet.to_owned(),
            address: address(subnet),
            bits: bits(row, columns.get("bits"), subnet),
            site: row.text(columns.get("site")),
            description: row.text(columns.get("description")),
            at: row.at(),
        });
    }

    pub(super) fn building(&mut self, row: &Row<'_>, columns: &Columns) {
        let network = row.str(columns.get("network")).to_owned();
        let address = address(&network);
        if address.is_none() {
            let message = format!("{network:?} is no network address");
            self.remark(RemarkKind::Note, row.at(), "no_network_address", message, "Correct it.");
        }
        self.inventory.buildings.push(Building {
            address,
            bits: bits(row, columns.get("bits"), &network),
            network_name: row.text(columns.get("network_name")),
            building: row.text(columns.get("building")),
            city: row.text(columns.get("city")),
            country: row.text(columns.get("country")),
            region: row.text(columns.get("region")),
            inside_corp: row.cell(columns.get("inside_corp"), read::truth),
            express_route: row.cell(columns.get("express_route"), read::truth),
            vpn: row.cell(columns.get("vpn"), read::truth),
            network,
            at: row.at(),
        });
    }

    pub(super) fn address(&mut self, row: &Row<'_>, columns: &Columns) {
        let Some(id) = read::id(row.str(columns.get("id"))) else { return };
        let text = |name: &str| row.text(columns.get(name));
        let joined = |names: &[&str], first: &str| {
            let parts: Vec<&str> = names
                .iter()
                .map(|name| row.str(columns.get(name)))
                .filter(|part| !part.is_empty())
                .collect();
            match text(first) {
                Cell::Given { at, .. } => Cell::given(parts.join(" "), at),
                other => other,
            }
        };
        let validation = self.word(row, columns.get("validation"), AddressState::read, |state| {
            *state == AddressState::Other
        });
        let address = Address {
            description: text("description"),
            company: text("company"),
            house_number: joined(&["house_number", "house_suffix"], "house_number"),
            street: joined(&["pre", "street", "street_suffix", "post"], "street"),
            city: text("city"),
            postal_code: text("postal_code"),
            state: text("state"),
            country: text("country"),
            latitude: text("latitude"),
            longitude: text("longitude"),
            elin: text("elin"),
            default_location_id: empty_if_nil(row, columns.get("default_location_id")),
            validation,
            voice_users: row.cell(columns.get("voice_users"), read::count),
            telephone_numbers: row.cell(columns.get("telephone_numbers"), read::count),
            at: row.at(),
            id,
        };
        let addresses = &mut self.inventory.addresses;
        match addresses.iter_mut().find(|own| own.id == address.id) {
            // The same export made anew tells what is so today.
            Some(own) => *own = address,
            None => addresses.push(address),
        }
    }

    pub(super) fn location(&mut self, row: &Row<'_>, columns: &Columns) {
        let Some(id) = read::id(row.str(columns.get("id"))) else { return };
        if self.inventory.locations.iter().any(|own| own.id == id) {
            return;
        }
        self.inventory.locations.push(LisLocation {
            id,
            civic_address_id: empty_if_nil(row, columns.get("civic_address_id")),
            place: row.text(columns.get("place")),
            at: row.at(),
        });
    }

    pub(super) fn lis_subnet(&mut self, row: &Row<'_>, columns: &Columns) {
        let subnet = row.str(columns.get("subnet"));
        self.inventory.lis_subnets.push(LisSubnet {
            subnet: subnet.to_owned(),
            address: address(subnet),
            location_id: empty_if_nil(row, columns.get("location_id")),
            description: row.text(columns.get("description")),
            at: row.at(),
        });
    }

    pub(super) fn access_point(&mut self, row: &Row<'_>, columns: &Columns) {
        self.inventory.access_points.push(WirelessAccessPoint {
            bssid: row.str(columns.get("bssid")).to_owned(),
            location_id: empty_if_nil(row, columns.get("location_id")),
            description: row.text(columns.get("description")),
            at: row.at(),
        });
    }

    pub(super) fn switch(&mut self, row: &Row<'_>, columns: &Columns) {
        self.inventory.switches.push(Switch {
            chassis_id: row.str(columns.get("chassis_id")).to_owned(),
            location_id: empty_if_nil(row, columns.get("location_id")),
            description: row.text(columns.get("description")),
            at: row.at(),
        });
    }

    pub(super) fn port(&mut self, row: &Row<'_>, columns: &Columns) {
        self.inventory.ports.push(ChassisPort {
            port_id: row.str(columns.get("port_id")).to_owned(),
            chassis_id: row.text(columns.get("chassis_id")),
            location_id: empty_if_nil(row, columns.get("location_id")),
            description: row.text(columns.get("description")),
            at: row.at(),
        });
    }

    pub(super) fn trusted(&mut self, row: &Row<'_>, columns: &Columns) {
        let text = match row.str(columns.get("address")) {
            "" => row.str(columns.get("identity")),
            text => text,
        };
        self.inventory.trusted_addresses.push(TrustedAddress {
            address_text: text.to_owned(),
            address: address(text),
            bits: bits(row, columns.get("bits"), text),
            description: row.text(columns.get("description")),
            site: row.text(columns.get("site")),
            at: row.at(),
        });
    }
}

fn address(text: &str) -> Option<std::net::IpAddr> {
    text.split('/').next()?.trim().parse().ok()
}

/// Bits of the mask: of their own column, or behind the address.
fn bits(row: &Row<'_>, at: Option<usize>, network: &str) -> Cell<u8> {
    let told = row.cell(at, |text| text.trim().parse().ok().filter(|bits: &u8| *bits <= 128));
    match (told, network.split_once('/')) {
        (Cell::Absent | Cell::Empty { .. }, Some((_, bits))) => bits
            .trim()
            .parse()
            .ok()
            .filter(|bits: &u8| *bits <= 128)
            .map_or(Cell::Lost { at: row.at() }, |bits| Cell::given(bits, row.at())),
        (told, _) => told,
    }
}
