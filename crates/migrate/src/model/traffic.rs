//! Calls that happened, their quality, and what network tools measured (migration.md
//! sections 1.8 and 1.10).

use super::cell::{Cell, FileId, SourceRef};
use super::word::words;
use numbering::E164;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

words! {
    /// Which way a call went.
    CallKind {
        /// From outside.
        Inbound = "inbound",
        /// To outside.
        Outbound = "outbound",
        /// From or to a meeting.
        Conference = "conference",
        /// To an emergency service.
        Emergency = "emergency",
        /// Within the house: no PSTN channel.
        Internal = "internal",
    }
}

words! {
    /// What carried it: only Direct Routing's records carry SIP causes (migration.md section 0,
    /// fact 8, statement 29).
    CallSystem {
        /// Calling Plan.
        CallingPlan = "calling_plan",
        /// Operator Connect.
        OperatorConnect = "operator_connect",
        /// Direct Routing.
        DirectRouting = "direct_routing",
        /// Calling Plan or Operator Connect, not told apart.
        Pstn = "pstn",
        /// A PBX.
        Pbx = "pbx",
    }
}

/// A call, as small as it can be: a tenant has millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Beginning (invite), seconds since 1970 UTC.
    pub start: i64,
    /// Seconds a channel was held, ringing included where the source tells.
    pub held: u32,
    /// Seconds of talk; 0 for a call nobody answered.
    pub talked: u32,
    /// Index in [`CallLog::parties`]: user principal name, object id or extension of the
    /// user within the tenant.
    pub party: u32,
    /// Index in [`CallLog::trunks`]; [`CallRecord::NONE`] if not told.
    pub trunk: u32,
    /// Caller's number.
    pub from: Option<E164>,
    /// Called number.
    pub to: Option<E164>,
    /// SIP code of the end, 0 if the source carries none.
    pub sip_code: u16,
    /// Which way.
    pub kind: CallKind,
    /// What carried it.
    pub system: CallSystem,
    /// Answered; `None` if the source does not tell.
    pub answered: Option<bool>,
    /// File.
    pub file: FileId,
    /// Row.
    pub row: u32,
}

impl CallRecord {
    /// No such index.
    pub const NONE: u32 = u32::MAX;
}

/// All calls, with the texts they share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallLog {
    /// Calls, in order of files and rows.
    pub records: Vec<CallRecord>,
    /// Users within the tenant: user principal name as exported where it is known.
    pub parties: Vec<String>,
    /// Trunks.
    pub trunks: Vec<String>,
}

words! {
    /// How a client reached the network.
    NetworkType {
        /// Cable.
        Wired = "wired" | "Ethernet",
        /// Wi-Fi at 5 GHz.
        Wifi5 = "wifi5" | "wifi_5" | "5ghz" | "5 GHz",
        /// Wi-Fi at 2.4 GHz.
        Wifi24 = "wifi24" | "wifi_2.4" | "2.4ghz" | "2.4 GHz",
        /// Wi-Fi, band not told.
        Wifi = "wifi" | "wi-fi" | "wireless",
        /// Mobile network.
        Mobile = "mobile" | "MobileBB" | "wwan",
        /// VPN.
        Vpn = "vpn",
        /// Not told.
        Unknown = "unknown",
    }
}

words! {
    /// Who measured.
    Tool {
        /// Teams Network Assessment Tool.
        TeamsNetworkTool = "teams_network_assessment",
        /// The older tool: loss is a fraction, not a percentage.
        TeamsNetworkToolOld = "network_performance_tool",
        /// iperf3 over UDP: no round-trip time.
        Iperf3 = "iperf3",
        /// ThousandEyes.
        ThousandEyes = "thousandeyes",
        /// A list.
        List = "list",
    }
}

words! {
    /// What carried the media.
    Transport {
        /// As it should be.
        Udp = "UDP",
        /// A finding.
        Tcp = "TCP" | "TLS",
        /// A finding.
        Https = "HTTPS",
    }
}

/// One window of a measurement. What a tool does not measure is [`Cell::Absent`]: *not
/// measured*, never passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measurement {
    /// Site, by the file's own word, `--site`, or the local address.
    pub site: Option<String>,
    /// Who measured.
    pub tool: Option<Tool>,
    /// Wired or wireless.
    pub network: Option<NetworkType>,
    /// Beginning of the window, seconds since 1970 UTC; `None` if the tool does not tell.
    pub start: Option<i64>,
    /// Length of the window, seconds.
    pub window_seconds: Cell<f64>,
    /// Loss in the window, percent.
    pub loss_percent: Cell<f64>,
    /// Largest loss in any 200 ms, percent.
    pub burst_loss_percent: Cell<f64>,
    /// Jitter, ms.
    pub jitter_ms: Cell<f64>,
    /// Round trip, ms.
    pub rtt_ms: Cell<f64>,
    /// One way, ms.
    pub one_way_ms: Cell<f64>,
    /// Reordered packets, percent.
    pub reorder_percent: Cell<f64>,
    /// Protocol.
    pub transport: Cell<Transport>,
    /// Over a proxy.
    pub proxied: Cell<bool>,
    /// DSCP as sent.
    pub dscp_sent: Cell<u8>,
    /// DSCP as it arrived.
    pub dscp_received: Cell<u8>,
    /// Local address.
    pub local: Option<IpAddr>,
    /// Address the outside sees.
    pub reflexive: Option<IpAddr>,
    /// Row.
    pub at: SourceRef,
}

/// A row of a Call Quality Dashboard export: counts of audio streams for whatever dimensions
/// the report had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QualityRow {
    /// Building or site.
    pub site: Cell<String>,
    /// Wired or wireless.
    pub network: Cell<NetworkType>,
    /// Day or hour as exported.
    pub date: Cell<String>,
    /// User.
    pub user: Cell<String>,
    /// Good audio streams.
    pub good: Cell<f64>,
    /// Poor audio streams.
    pub poor: Cell<f64>,
    /// Unclassified audio streams.
    pub unclassified: Cell<f64>,
    /// Poor, percent, where the export has no counts.
    pub poor_percent: Cell<f64>,
    /// Streams with a record.
    pub cdr_available: Cell<f64>,
    /// Streams that were not set up.
    pub setup_failed: Cell<f64>,
    /// Streams that were.
    pub setup_succeeded: Cell<f64>,
    /// Streams that dropped.
    pub dropped: Cell<f64>,
    /// Row.
    pub at: SourceRef,
}
