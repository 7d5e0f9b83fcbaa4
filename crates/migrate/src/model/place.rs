//! Sites, networks and emergency locations (migration.md sections 1.5 and 1.8).

use super::cell::{Cell, SourceRef};
use super::word::words;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A site: from `Get-CsTenantNetworkSite`, a list of sites, a building file, or the offices of
/// users.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Name: the subject of findings.
    pub name: String,
    /// Region.
    pub region: Cell<String>,
    /// Street address as written.
    pub address: Cell<String>,
    /// Country.
    pub country: Cell<String>,
    /// City.
    pub city: Cell<String>,
    /// IANA time zone.
    pub time_zone: Cell<String>,
    /// Users at the site, as a list says; the inventory's own count is of [`super::User::site`].
    pub users: Cell<u64>,
    /// Link towards the internet, kbit/s up.
    pub wan_up_kbps: Cell<f64>,
    /// Link towards the internet, kbit/s down.
    pub wan_down_kbps: Cell<f64>,
    /// What other traffic leaves at the busy hour, kbit/s up. Absent: the whole link.
    pub usable_up_kbps: Cell<f64>,
    /// The same, down.
    pub usable_down_kbps: Cell<f64>,
    /// Priority queue for voice, kbit/s up.
    pub queue_up_kbps: Cell<f64>,
    /// The same, down.
    pub queue_down_kbps: Cell<f64>,
    /// Media leaves at the site (`local`), at another one (`remote`).
    pub egress: Cell<String>,
    /// A local SBC takes media today: Operator Connect has no media bypass.
    pub media_bypass: Cell<bool>,
    /// Voice goes over a VPN.
    pub vpn: Cell<bool>,
    /// Clients mark audio.
    pub qos: Cell<bool>,
    /// Concurrent calls at the peak, where somebody measured them.
    pub peak_calls: Cell<f64>,
    /// Location-based routing is on.
    pub location_based_routing: Cell<bool>,
    /// Policy names.
    pub emergency_calling_policy: Cell<String>,
    /// Direct Routing only.
    pub emergency_call_routing_policy: Cell<String>,
    /// Voice routing policy of the site.
    pub voice_routing_policy: Cell<String>,
    /// Named by a list of sites or by the tenant, not only by users' offices.
    pub declared: bool,
    /// Row.
    pub at: SourceRef,
}

/// A subnet that names a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteSubnet {
    /// Network as exported: the subject of findings.
    pub subnet: String,
    /// Read; `None` where it is no address.
    pub address: Option<IpAddr>,
    /// Bits of the mask.
    pub bits: Cell<u8>,
    /// Site.
    pub site: Cell<String>,
    /// Free text.
    pub description: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

/// A row of a building file: 14 or 15 columns, with or without a header.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Building {
    /// `NetworkIP` as exported: the subject of findings.
    pub network: String,
    /// Read.
    pub address: Option<IpAddr>,
    /// `NetworkRange`: bits of the mask.
    pub bits: Cell<u8>,
    /// `NetworkName`.
    pub network_name: Cell<String>,
    /// `BuildingName`.
    pub building: Cell<String>,
    /// City.
    pub city: Cell<String>,
    /// Country.
    pub country: Cell<String>,
    /// Region.
    pub region: Cell<String>,
    /// Inside the corporate network.
    pub inside_corp: Cell<bool>,
    /// Over ExpressRoute.
    pub express_route: Cell<bool>,
    /// A VPN's.
    pub vpn: Cell<bool>,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// `ValidationStatus` of a civic address.
    AddressState {
        /// Checked.
        Validated = "Validated" | "True" | "IsValidated",
        /// Not checked.
        NotValidated = "NotValidated" | "False",
        /// Refused.
        Invalid = "Invalid",
    }
}

/// A civic address (`Get-CsOnlineLisCivicAddress`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// Id, lower case: the subject of findings.
    pub id: String,
    /// Free text.
    pub description: Cell<String>,
    /// Company.
    pub company: Cell<String>,
    /// House number with its suffix.
    pub house_number: Cell<String>,
    /// Street with its directions and suffix.
    pub street: Cell<String>,
    /// City.
    pub city: Cell<String>,
    /// Postal code.
    pub postal_code: Cell<String>,
    /// State or province.
    pub state: Cell<String>,
    /// Country.
    pub country: Cell<String>,
    /// Decimal degrees as written.
    pub latitude: Cell<String>,
    /// Decimal degrees as written.
    pub longitude: Cell<String>,
    /// Emergency location identification number.
    pub elin: Cell<String>,
    /// Place that stands for the whole address.
    pub default_location_id: Cell<String>,
    /// State.
    pub validation: Cell<AddressState>,
    /// Voice users there.
    pub voice_users: Cell<u64>,
    /// Numbers there.
    pub telephone_numbers: Cell<u64>,
    /// Row.
    pub at: SourceRef,
}

/// A place within an address (`Get-CsOnlineLisLocation`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LisLocation {
    /// Id, lower case.
    pub id: String,
    /// Its address.
    pub civic_address_id: Cell<String>,
    /// Such as a floor.
    pub place: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

/// A subnet that names a place: must be the network's id, not a host's address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LisSubnet {
    /// As exported: the subject of findings.
    pub subnet: String,
    /// Read.
    pub address: Option<IpAddr>,
    /// Place, lower case; it need not exist.
    pub location_id: Cell<String>,
    /// Free text.
    pub description: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

/// A wireless access point; its last one or two characters may be `*`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WirelessAccessPoint {
    /// BSSID as exported: the subject of findings.
    pub bssid: String,
    /// Place.
    pub location_id: Cell<String>,
    /// Free text.
    pub description: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

/// A switch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switch {
    /// Chassis id as exported: the subject of findings.
    pub chassis_id: String,
    /// Place.
    pub location_id: Cell<String>,
    /// Free text.
    pub description: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

/// A port of a switch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChassisPort {
    /// Port id as exported.
    pub port_id: String,
    /// Its switch.
    pub chassis_id: Cell<String>,
    /// Place.
    pub location_id: Cell<String>,
    /// Free text.
    pub description: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

/// An address or network by which a site reaches the internet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrustedAddress {
    /// As exported: the subject of findings.
    pub address_text: String,
    /// Read.
    pub address: Option<IpAddr>,
    /// Bits of the mask.
    pub bits: Cell<u8>,
    /// Free text; names the site where nothing else does.
    pub description: Cell<String>,
    /// Site, where a list says so.
    pub site: Cell<String>,
    /// Row.
    pub at: SourceRef,
}
