//! Calls, their quality, and measurements.

use super::{Builder, Columns};
use crate::import::{ImportedFile, Row};
use crate::model::{
    CallKind, CallRecord, CallSystem, Cell, Measurement, NetworkType, QualityRow, RemarkKind,
    SourceKind, Tool, Transport,
};
use crate::read;
use foldhash::quality::FixedState;
use numbering::{Country, E164};
use std::hash::BuildHasher;

impl Builder {
    fn party(&mut self, name: &str) -> u32 {
        if let Some(index) = self.parties.get(name) {
            return *index;
        }
        let index = u32::try_from(self.parties.len()).unwrap_or(CallRecord::NONE);
        self.parties.insert(name.to_owned(), index);
        self.inventory.calls.parties.push(name.to_owned());
        index
    }

    fn trunk_index(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return CallRecord::NONE;
        }
        if let Some(index) = self.trunks.get(name) {
            return *index;
        }
        let index = u32::try_from(self.trunks.len()).unwrap_or(CallRecord::NONE);
        self.trunks.insert(name.to_owned(), index);
        self.inventory.calls.trunks.push(name.to_owned());
        index
    }

    /// The direction of a call. Exports say it in few words, each very often.
    fn call_kind(&mut self, call_type: &str, direction: &str) -> CallKind {
        let word = if call_type.is_empty() { direction } else { call_type };
        if let Some(kind) = self.call_kinds.get(word) {
            return *kind;
        }
        let kind = kind_of(word);
        if self.call_kinds.len() < 1000 {
            self.call_kinds.insert(word.to_owned(), kind);
        }
        kind
    }

    pub(super) fn call(&mut self, row: &Row<'_>, columns: &Columns, source: SourceKind) {
        let str = |name: &str| row.str(columns.get(name));
        let moment = |name: &str| read::moment(str(name)).map(|at| at.as_second());
        let Some(start) = moment("invite").or_else(|| moment("start")) else {
            let message = format!("{:?} is no moment that can be told", str("start"));
            let remedy = "Export with times in ISO 8601, such as 2026-01-31T13:00:00Z.";
            self.remark(RemarkKind::Rejected, row.at(), "no_start", message, remedy);
            return;
        };
        // Exports of overlapping months hold the same calls.
        let id = str("usage_id");
        if !id.is_empty() && !self.seen_calls.insert(FixedState::default().hash_one(id)) {
            let message = "the call is known from another row".to_owned();
            self.remark(RemarkKind::Duplicate, row.at(), "duplicate_call", message, "");
            return;
        }
        let end = moment("end").or_else(|| moment("failure"));
        let told = seconds(str("duration"));
        let span = end.map(|end| whole(end - start));
        // From invite to end a channel is held; a duration alone counts talk.
        let held = match (span, told) {
            (Some(span), Some(told)) => span.max(told),
            (Some(span), None) => span,
            (None, told) => told.unwrap_or(0),
        };
        let success = match read::truth(str("success")) {
            None => read::truth(str("disposition")).or(match str("disposition") {
                "" => None,
                _ => Some(false),
            }),
            told => told,
        };
        let talked = match (seconds(str("talked")), told) {
            (Some(talked), _) => talked,
            (None, Some(told)) => told,
            (None, None) if success == Some(false) => 0,
            (None, None) => moment("start").zip(end).map_or(0, |(a, b)| whole(b - a)),
        };
        let answered = match (source, success) {
            (_, Some(told)) => Some(told),
            (SourceKind::PstnCalls, None) => Some(true),
            (_, None) if columns.get("talked").is_some() => Some(talked > 0),
            _ => None,
        };
        let country = self.settings.country;
        let (from, to) = (str("from"), str("to"));
        let kind = self.call_kind(str("call_type"), str("direction"));
        let system = match source {
            SourceKind::DirectRoutingCalls => CallSystem::DirectRouting,
            SourceKind::OtherCalls => CallSystem::Pbx,
            _ => match str("number_type").to_ascii_lowercase() {
                text if text.contains("operatorconnect") => CallSystem::OperatorConnect,
                text if text.contains("mcopstn") || text.contains("callingplan") => {
                    CallSystem::CallingPlan
                }
                _ if is_outside(str("operator")) => CallSystem::OperatorConnect,
                _ => CallSystem::Pstn,
            },
        };
        let named = [str("upn"), str("party"), str("user_id")].into_iter().find(|n| !n.is_empty());
        let party = self.party(named.unwrap_or(if kind == CallKind::Inbound { to } else { from }));
        let trunk = self.trunk_index(str("trunk"));
        let sip_code = str("sip_code").parse().unwrap_or(0);
        let number = |text: &str| telephone(text, country);
        self.inventory.calls.records.push(CallRecord {
            start,
            held,
            talked,
            party,
            trunk,
            from: number(from),
            to: number(to),
            sip_code,
            kind,
            system,
            answered,
            file: row.file,
            row: row.line,
        });
    }

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

/// An operator's name that is not Microsoft's own.
fn is_outside(operator: &str) -> bool {
    !operator.is_empty() && !operator.eq_ignore_ascii_case("Microsoft")
}

fn whole(seconds: i64) -> u32 {
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
}

/// Seconds as a number or as `hh:mm:ss`.
fn seconds(text: &str) -> Option<u32> {
    if text.contains(':') {
        return text.split(':').try_fold(0u32, |sum, part| {
            let part = part.split('.').next()?.parse::<u32>().ok()?;
            sum.checked_mul(60)?.checked_add(part)
        });
    }
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    let value = read::decimal(text).filter(|value| (0.0..4e9).contains(value))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(value.ceil() as u32)
}

/// Direction by the usage reports' words (migration.md section 1.8).
fn kind_of(word: &str) -> CallKind {
    let word = word.to_ascii_lowercase();
    if word.contains("emergency") {
        CallKind::Emergency
    } else if word.starts_with("conf") || word.contains("_conf") {
        CallKind::Conference
    } else if word.contains("internal") {
        CallKind::Internal
    } else if word.contains("out") {
        CallKind::Outbound
    } else if word.contains("in") {
        CallKind::Inbound
    } else {
        CallKind::Other
    }
}

/// Numbers in call records are hints: what is none, or hides its end behind stars, is left out.
fn telephone(text: &str, country: Option<Country>) -> Option<E164> {
    let text = text.trim();
    if text.starts_with('+') {
        return E164::parse(text).ok();
    }
    if text.len() < 7 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    numbering::from_dialled(text, country?)
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
