//! Emergency readiness and networks.

use super::tenant::*;
use super::{Case, check};
use migrate::assess::Rule;
use migrate::model::Severity::{Block, Info, Unknown, Warn};
use migrate::model::*;

/// One window in the busy hour of each of these days, counted from a Monday.
fn one_window_a_day(tenant: &mut House, days: &[i64]) {
    tenant.inventory.measurements =
        days.iter().map(|day| measurement(MONDAY + day * 86_400 + 36_000)).collect();
}

fn lis(tenant: &mut House, subnet: &str, place: Cell<String>) {
    tenant.inventory.lis_subnets.push(LisSubnet {
        subnet: subnet.into(),
        address: subnet.split('/').next().and_then(|address| address.parse().ok()),
        location_id: place,
        at: at(9, 3),
        ..LisSubnet::default()
    });
}

fn site_subnet(tenant: &mut House, subnet: &str, bits: u8, site: &str) {
    tenant.inventory.site_subnets.push(SiteSubnet {
        subnet: subnet.into(),
        address: subnet.parse().ok(),
        bits: given(bits),
        site: text(site),
        at: at(11, 3),
        ..SiteSubnet::default()
    });
}

pub fn cases() -> Vec<Case> {
    let mut cases = emergency();
    cases.extend(network());
    cases
}

#[rustfmt::skip]
fn emergency() -> Vec<Case> {
    vec![
        Case { rule: Rule::EmergencyAddressIncomplete, severity: Block, subject: ADDRESS,
            breaks: |t| t.inventory.addresses[0].street = empty(),
            just_not: |t| t.inventory.addresses[0].house_number = empty() },
        Case { rule: Rule::EmergencyAddressNotValidated, severity: Block, subject: ADDRESS,
            breaks: |t| t.inventory.addresses[0].validation = given(AddressState::NotValidated),
            just_not: |t| {
                let spare = Address { id: "spare".into(), validation: Cell::Absent, ..t.inventory.addresses[0].clone() };
                t.inventory.addresses.push(spare);
            } },
        Case { rule: Rule::EmergencyLocationMissing, severity: Block, subject: ALICE_NUMBER,
            breaks: |t| t.number(ALICE_NUMBER).location_id = text("no such place"),
            just_not: |t| {
                t.number(ALICE_NUMBER).location_id = text("of an address");
                t.inventory.addresses[0].default_location_id = text("of an address");
            } },
        Case { rule: Rule::EmergencyNumberWithoutLocation, severity: Block, subject: ALICE_NUMBER,
            breaks: |t| { t.number(ALICE_NUMBER).location_id = empty(); t.number(ALICE_NUMBER).civic_address_id = empty(); },
            just_not: |t| t.number(ALICE_NUMBER).location_id = empty() },
        Case { rule: Rule::EmergencySubnetHost, severity: Block, subject: "10.1.0.150",
            breaks: |t| lis(t, "10.1.0.150", text(PLACE)),
            just_not: |t| { site_subnet(t, "10.1.0.150", 32, SITE); lis(t, "10.1.0.150", text(PLACE)); } },
        Case { rule: Rule::EmergencySubnetWithoutLocation, severity: Block, subject: "10.2.0.0",
            breaks: |t| lis(t, "10.2.0.0", empty()),
            just_not: |t| lis(t, "10.2.0.0", text(PLACE)) },
        Case { rule: Rule::EmergencySubnetNotMapped, severity: Warn, subject: "10.3.0.0",
            breaks: |t| site_subnet(t, "10.3.0.0", 24, SITE),
            just_not: |t| { site_subnet(t, "10.3.0.0", 24, SITE); lis(t, "10.3.0.0", text(PLACE)); } },
        Case { rule: Rule::EmergencySiteWithoutTrusted, severity: Block, subject: SITE,
            breaks: |t| t.inventory.trusted_addresses[0].description = text("Egress of London HQ2"),
            just_not: |t| {
                t.inventory.trusted_addresses[0].description = text("Egress");
                t.inventory.measurements[0].reflexive = "198.51.100.7".parse().ok();
            } },
        Case { rule: Rule::EmergencySiteWithoutAddress, severity: Block, subject: SITE,
            breaks: |t| { t.inventory.addresses[0].city = text("Leeds"); t.inventory.lis_subnets.clear(); },
            just_not: |t| t.inventory.addresses[0].city = text("Leeds") },
        Case { rule: Rule::EmergencySiteWithoutPolicy, severity: Warn, subject: SITE,
            breaks: |t| t.site().emergency_calling_policy = empty(),
            just_not: |t| {
                let depot = Site { name: "Depot".into(), declared: false, emergency_calling_policy: empty(), ..t.site().clone() };
                t.inventory.sites.push(depot);
            } },
        Case { rule: Rule::EmergencySiteNotTested, severity: Warn, subject: SITE,
            breaks: |t| t.settings.emergency_tests.iter_mut().for_each(|test| test.site = "Leeds".into()),
            just_not: |t| t.settings.emergency_tests.iter_mut().for_each(|test| test.site = "london hq".into()) },
    ]
}

/// Every `n`th window of the busy hour, never three in a row.
fn every(n: usize, at: usize) -> bool {
    at.is_multiple_of(n)
}

#[rustfmt::skip]
fn network() -> Vec<Case> {
    vec![
        Case { rule: Rule::NetworkInsufficient, severity: Unknown, subject: SITE,
            breaks: |t| one_window_a_day(t, &[0, 1, 2, 3, 5]),
            just_not: |t| one_window_a_day(t, &[0, 1, 2, 3, 4]) },
        Case { rule: Rule::NetworkNotMeasured, severity: Unknown, subject: SITE,
            breaks: |t| t.measured(|_, m| m.jitter_ms = Cell::Absent),
            just_not: |t| t.measured(|_, m| { m.rtt_ms = Cell::Absent; m.one_way_ms = given(10.0); }) },
        Case { rule: Rule::NetworkBurstNotMeasured, severity: Unknown, subject: SITE,
            breaks: |t| t.measured(|_, m| m.burst_loss_percent = Cell::Absent),
            just_not: |t| t.measured(|at, m| if at > 0 { m.burst_loss_percent = Cell::Absent; }) },
        Case { rule: Rule::NetworkLoss, severity: Block, subject: SITE,
            breaks: |t| t.measured(|at, m| if every(99, at) { m.loss_percent = given(1.0); }),
            just_not: |t| t.measured(|at, m| if every(100, at) { m.loss_percent = given(1.0); }) },
        Case { rule: Rule::NetworkBurstLoss, severity: Block, subject: SITE,
            breaks: |t| t.measured(|at, m| if at < 3 { m.burst_loss_percent = given(10.0); }),
            just_not: |t| t.measured(|at, m| if at < 2 { m.burst_loss_percent = given(10.0); }) },
        Case { rule: Rule::NetworkJitter, severity: Block, subject: SITE,
            breaks: |t| t.measured(|at, m| if at < 3 { m.jitter_ms = given(30.0); }),
            just_not: |t| t.measured(|at, m| if at < 3 { m.jitter_ms = given(29.9); }) },
        Case { rule: Rule::NetworkLatency, severity: Block, subject: SITE,
            breaks: |t| t.measured(|_, m| m.rtt_ms = given(100.0)),
            just_not: |t| t.measured(|_, m| m.rtt_ms = given(99.0)) },
        Case { rule: Rule::NetworkReorder, severity: Warn, subject: SITE,
            breaks: |t| t.measured(|_, m| m.reorder_percent = given(0.05)),
            just_not: |t| t.measured(|_, m| m.reorder_percent = given(0.04)) },
        Case { rule: Rule::NetworkWifi, severity: Warn, subject: SITE,
            breaks: |t| wireless(t, 5.0),
            just_not: |t| wireless(t, 0.5) },
        Case { rule: Rule::NetworkQueue, severity: Block, subject: SITE,
            breaks: |t| t.site().queue_down_kbps = given(303.0),
            just_not: |t| t.site().queue_down_kbps = given(304.0) },
        Case { rule: Rule::NetworkWan, severity: Block, subject: SITE,
            breaks: |t| t.site().usable_up_kbps = given(405.0),
            just_not: |t| t.site().usable_up_kbps = given(406.0) },
        Case { rule: Rule::NetworkGuess, severity: Info, subject: SITE,
            breaks: |t| t.inventory.calls.records.clear(),
            just_not: |t| { t.inventory.calls.records.clear(); t.site().peak_calls = given(4.0); } },
        Case { rule: Rule::NetworkDscp, severity: Warn, subject: SITE,
            breaks: |t| t.inventory.measurements[0].dscp_received = given(0),
            just_not: |t| t.measured(|at, m| if at > 0 { m.dscp_received = Cell::Absent; }) },
        Case { rule: Rule::NetworkNotUdp, severity: Warn, subject: SITE,
            breaks: |t| t.inventory.measurements[0].transport = given(Transport::Https),
            just_not: |t| t.inventory.measurements[0].transport = Cell::Absent },
        Case { rule: Rule::NetworkProxied, severity: Warn, subject: SITE,
            breaks: |t| t.inventory.measurements[0].proxied = given(true),
            just_not: |t| t.inventory.measurements[0].proxied = Cell::Absent },
        Case { rule: Rule::NetworkVpn, severity: Warn, subject: SITE,
            breaks: |t| t.site().vpn = given(true),
            just_not: |t| t.site().vpn = given(false) },
        Case { rule: Rule::NetworkMediaBypass, severity: Info, subject: SITE,
            breaks: |t| t.site().media_bypass = given(true),
            just_not: |t| t.site().media_bypass = empty() },
        Case { rule: Rule::NetworkSubnetOverlap, severity: Warn, subject: "10.1.0.128",
            breaks: |t| site_subnet(t, "10.1.0.128", 25, "Leeds"),
            just_not: |t| site_subnet(t, "10.1.0.128", 25, SITE) },
    ]
}

fn wireless(tenant: &mut House, loss: f64) {
    for day in 0..5 {
        for n in 0..10 {
            let mut measured = measurement(MONDAY + day * 86_400 + 36_000 + n * 15);
            measured.network = Some(NetworkType::Wifi5);
            measured.loss_percent = given(loss);
            tenant.inventory.measurements.push(measured);
        }
    }
}

#[test]
fn emergency_rules() {
    check(&emergency());
}

#[test]
fn network_rules() {
    check(&network());
}
