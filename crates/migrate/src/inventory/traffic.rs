//! Quality of calls, and measurements.

use super::{Builder, Columns};
use crate::import::{ImportedFile, Row};
use crate::model::{Cell, Measurement, NetworkType, QualityRow, SourceKind, Tool, Transport};
use crate::read;

impl Builder {
    pub(super) fn quality(&mut self, row: &Row<'_>, columns: &Columns) {
        let value = |name: &str| row.cell(columns.get(name), read::decimal);
        let band = row.str(columns.get("band")).to_ascii_lowercase();
        let network = row.cell(columns.get("network"), |text| Some(network_type(text, &band)));
        self.inventory.quality.push(QualityRow {
            site: row.text(columns.get("site")),
            network,
            date: row.text(columns.get("date")),
            user: row.text(columns.get("user")),
            good: value("good"),
            poor: value("poor"),
            unclassified: value("unclassified"),
            poor_percent: value("poor_percent"),
            cdr_available: value("cdr_available"),
            setup_failed: value("setup_failed"),
            setup_succeeded: value("setup_succeeded"),
            dropped: value("dropped"),
            at: row.at(),
        });
    }

    pub(super) fn measurement(&mut self, row: &Row<'_>, columns: &Columns, file: &ImportedFile) {
        let str = |name: &str| row.str(columns.get(name));
        let value = |name: &str| row.cell(columns.get(name), read::decimal);
        let moment = |name: &str| read::moment(str(name)).map(|at| at.as_second());
        let site = match (str("site"), &file.source.site) {
            ("", told) => told.clone(),
            (site, _) => Some(site.to_owned()),
        };
        let network = match str("network") {
            "" => None,
            text => Some(network_type(text, "")),
        };
        let mut measured = Measurement {
            site,
            network,
            start: moment("time").or_else(|| moment("start")).or_else(|| moment("date")),
            transport: row.cell(columns.get("protocol"), |text| Some(Transport::read(text))),
            proxied: row.cell(columns.get("proxied"), read::truth),
            local: str("local").parse().ok(),
            reflexive: str("reflexive").split(':').next().and_then(|ip| ip.parse().ok()),
            at: row.at(),
            ..Measurement::default()
        };
        match file.source.kind {
            // Mind the unit: a fraction here, a percentage there (migration.md section 1.10).
            SourceKind::TeamsNetworkTool if columns.get("loss_fraction").is_some() => {
                measured.tool = Some(Tool::TeamsNetworkToolOld);
                measured.loss_percent = value("loss_fraction").map(percent);
                measured.rtt_ms = value("rtt");
                measured.jitter_ms = value("jitter");
                measured.reorder_percent = value("reorder_ratio").map(percent);
            }
            SourceKind::TeamsNetworkTool => {
                measured.tool = Some(Tool::TeamsNetworkTool);
                measured.loss_percent = value("loss_percent");
                measured.rtt_ms = value("latency");
                measured.jitter_ms = value("jitter");
                // The tool's window (migration.md section 1.10).
                measured.window_seconds = Cell::given(5.0, row.at());
            }
            SourceKind::Iperf3 => {
                measured.tool = Some(Tool::Iperf3);
                measured.loss_percent = value("lost_percent");
                measured.jitter_ms = value("iperf_jitter_ms");
                measured.window_seconds = value("seconds");
                // The upper six bits of the octet (RFC 2474 section 3).
                measured.dscp_sent = row
                    .cell(columns.get("tos"), |text| text.parse::<u8>().ok())
                    .map(|octet| octet >> 2);
            }
            SourceKind::ThousandEyes => {
                measured.tool = Some(Tool::ThousandEyes);
                measured.loss_percent = value("loss");
                measured.rtt_ms = value("latency");
                measured.jitter_ms = value("jitter");
                if measured.site.is_none() && !str("agent").is_empty() {
                    measured.site = Some(str("agent").to_owned());
                }
            }
            _ => {
                let octet =
                    |name: &str| row.cell(columns.get(name), |text| text.parse::<u8>().ok());
                measured.tool = Some(Tool::List);
                measured.window_seconds = value("window_seconds");
                measured.loss_percent = value("loss_percent");
                measured.burst_loss_percent = value("burst_loss_percent");
                measured.jitter_ms = value("jitter_ms");
                measured.rtt_ms = value("rtt_ms");
                measured.one_way_ms = value("one_way_ms");
                measured.reorder_percent = value("reorder_percent");
                measured.dscp_sent = octet("dscp_sent");
                measured.dscp_received = octet("dscp_received");
            }
        }
        self.inventory.measurements.push(measured);
    }
}

/// A share in percent, without the noise of binary fractions.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}

fn network_type(text: &str, band: &str) -> NetworkType {
    let known = NetworkType::read(text);
    let lower = text.to_ascii_lowercase();
    let wireless = known == NetworkType::Wifi || lower.contains("wifi") || lower.contains("wi-fi");
    match () {
        () if wireless
            && (band.starts_with('5') || lower.contains("5 ghz") || lower.contains("5ghz")) =>
        {
            NetworkType::Wifi5
        }
        () if wireless && (band.starts_with('2') || lower.contains("2.4")) => NetworkType::Wifi24,
        () if wireless && known == NetworkType::Other => NetworkType::Wifi,
        () if known != NetworkType::Other => known,
        () if lower.contains("wired") || lower.contains("ethernet") => NetworkType::Wired,
        () => NetworkType::Unknown,
    }
}
