//! Each site's network against its peak (migration.md section 3.3, statements 15 and 16).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::findings::Findings;
use super::people::Readiness;
use super::rules::Rule;
use super::scope::{Account, Scope};
use super::settings::{NetworkLimits, Settings};
use crate::erlang::{self, BusyHour, Held};
use crate::model::{CallKind, Cell, Measurement, NetworkType, Severity, Site, Transport};
use crate::network::{Metric, Quality, Sample, quality};

/// What voice needs at a site's peak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// Calls at once that the site must carry.
    pub calls: f64,
    /// Where that comes from: `records`, `measured` (somebody's own figure) or `guess`.
    pub basis: String,
    /// Traffic of the busy hour, erlangs.
    pub erlangs: Option<f64>,
    /// Channels by Erlang B.
    pub channels: Option<u32>,
    /// Channels by Engset, where callers are few.
    pub channels_few_callers: Option<u32>,
    /// Most calls at one instant in the records.
    pub most_at_once: Option<u32>,
    /// Busy hour of the local day.
    pub busy_hour: u8,
    /// Bandwidth each way, kbit/s.
    pub kbps: f64,
}

/// Verdict about a site, with the figures used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteVerdict {
    /// Its name.
    pub site: String,
    /// The verdict about its network.
    pub network: Readiness,
    /// People and accounts with a voice there.
    pub voices: usize,
    /// What voice needs there.
    pub voice: Voice,
    /// Share of the usable link voice takes, up and down; `None` where the link is not known.
    pub link_share: [Option<f64>; 2],
    /// Share of the priority queue voice takes, up and down; `None` where it is not known.
    pub queue_share: [Option<f64>; 2],
    /// What was measured, by kind of network.
    pub quality: BTreeMap<String, Quality>,
    /// What was not measured, in words.
    pub not_measured: Vec<String>,
    /// Codes of the findings about its network.
    pub because: Vec<String>,
}

/// A finding about a site while it is judged.
struct Desk<'a, 'b> {
    found: &'a mut Findings<'b>,
    site: &'a Site,
    because: Vec<(Rule, Severity)>,
}

impl Desk<'_, '_> {
    fn add(
        &mut self,
        rule: Rule,
        severity: Severity,
        message: String,
    ) -> &mut crate::model::Finding {
        let finding =
            self.found.add_as(rule, severity, &self.site.name, Some(self.site.at), message);
        if !finding.code.is_empty() && finding.code == rule.code() {
            self.because.push((rule, finding.severity));
        }
        finding
    }
}

pub fn judge(scope: &Scope<'_>, settings: &Settings, found: &mut Findings<'_>) -> Vec<SiteVerdict> {
    let held = held_by_site(scope);
    let mut measured: BTreeMap<&str, Vec<&Measurement>> = BTreeMap::new();
    for measurement in &scope.inventory.measurements {
        if let Some(site) = &measurement.site {
            measured.entry(site).or_default().push(measurement);
        }
    }
    let mut verdicts = Vec::new();
    for (at, site) in scope.inventory.sites.iter().enumerate() {
        let voices = scope.voices_at[at];
        if voices == 0 && site.peak_calls.get().is_none() && held[at].is_empty() {
            continue;
        }
        let samples = measured.get(site.name.as_str()).map_or(&[][..], Vec::as_slice);
        verdicts.push(judge_site(site, voices, &held[at], samples, &settings.network, found));
    }
    verdicts
}

/// Calls that held a channel at each site: those of its people to and from outside.
fn held_by_site(scope: &Scope<'_>) -> Vec<Vec<Held>> {
    let calls = &scope.inventory.calls;
    let site_of: Vec<Option<usize>> = calls
        .parties
        .iter()
        .map(|party| match scope.account(party)? {
            Account::User(at) => scope.site_of[at],
            Account::Resource(_) => None,
        })
        .collect();
    let mut held = vec![Vec::new(); scope.inventory.sites.len()];
    for call in &calls.records {
        let outside =
            matches!(call.kind, CallKind::Inbound | CallKind::Outbound | CallKind::Emergency);
        let Some(site) = site_of.get(call.party as usize).copied().flatten() else { continue };
        let seconds = call.held.max(call.talked);
        if outside && seconds > 0 {
            held[site].push(Held { from_s: call.start, until_s: call.start + i64::from(seconds) });
        }
    }
    held
}

fn judge_site(
    site: &Site,
    voices: usize,
    held: &[Held],
    measurements: &[&Measurement],
    limits: &NetworkLimits,
    found: &mut Findings<'_>,
) -> SiteVerdict {
    let offset_s = offset_s(site, held, measurements);
    let busy = erlang::busy_hour(held, offset_s);
    let voice = voice(site, voices, busy, limits);
    let mut desk = Desk { found, site, because: Vec::new() };
    if voice.basis == "guess" {
        let message = format!(
            "{:.0} calls at once are guessed from {voices} users ({:.0} %).",
            voice.calls,
            limits.guessed_concurrency * 100.0
        );
        desk.add(Rule::NetworkGuess, Severity::Info, message);
    }
    let link_share = link(&voice, limits, &mut desk);
    let queue_share = queue(&voice, &mut desk);
    let (quality, not_measured) =
        measured_quality(measurements, &voice, offset_s, limits, &mut desk);
    marks(measurements, &mut desk);
    if site.media_bypass.copied() == Some(true) {
        let message = format!(
            "About {:.0} kbit/s each way that stay at the site today will use the internet link.",
            voice.kbps
        );
        desk.add(Rule::NetworkMediaBypass, Severity::Info, message);
    }
    let network = verdict(&desk.because);
    let because = desk.because.iter().map(|(rule, _)| rule.code().to_owned()).collect();
    SiteVerdict {
        site: site.name.clone(),
        network,
        voices,
        voice,
        link_share,
        queue_share,
        quality,
        not_measured,
        because,
    }
}

/// Bursts nobody can measure with the usual tools and marks leave a site ready with something to
/// do; everything else that is unknown leaves it without a verdict.
fn verdict(because: &[(Rule, Severity)]) -> Readiness {
    let open = |rule: &Rule| matches!(rule, Rule::NetworkBurstNotMeasured | Rule::NetworkDscp);
    because
        .iter()
        .map(|(rule, severity)| match severity {
            Severity::Block => Readiness::NotReady,
            Severity::Unknown if open(rule) => Readiness::ReadyWithActions,
            Severity::Unknown => Readiness::Unknown,
            Severity::Warn => Readiness::ReadyWithActions,
            Severity::Info => Readiness::Ready,
        })
        .max()
        .unwrap_or(Readiness::Ready)
}

/// Seconds the site's clock is ahead of UTC amid its data; 0 where its zone is not known.
fn offset_s(site: &Site, held: &[Held], measurements: &[&Measurement]) -> i64 {
    let when = held
        .get(held.len() / 2)
        .map(|call| call.from_s)
        .or_else(|| measurements.iter().find_map(|measurement| measurement.start));
    let zone = site.time_zone.get().and_then(|name| jiff::tz::TimeZone::get(name).ok());
    let (Some(zone), Some(Ok(when))) = (zone, when.map(jiff::Timestamp::from_second)) else {
        return 0;
    };
    i64::from(zone.to_offset(when).seconds())
}

/// Calls at the peak: by records, by somebody's own figure, or guessed.
fn voice(site: &Site, voices: usize, busy: Option<BusyHour>, limits: &NetworkLimits) -> Voice {
    let mut voice = Voice { busy_hour: limits.guessed_busy_hour, ..Voice::default() };
    if let Some(busy) = busy {
        let channels = erlang::channels(busy.erlangs, limits.blocking);
        voice.basis = "records".into();
        voice.busy_hour = busy.hour;
        voice.erlangs = Some(busy.erlangs);
        voice.channels = channels;
        let callers = u32::try_from(voices).unwrap_or(u32::MAX);
        voice.channels_few_callers =
            erlang::channels_for(callers, busy.erlangs, limits.blocking).filter(|_| voices > 0);
        voice.most_at_once = Some(busy.most_at_once);
        voice.calls = f64::from(channels.unwrap_or(0).max(busy.most_at_once));
    }
    if let Some(peak) = site.peak_calls.copied().filter(|peak| *peak > voice.calls) {
        voice.basis = "measured".into();
        voice.calls = peak;
    } else if busy.is_none() && site.peak_calls.get().is_some() {
        voice.basis = "measured".into();
    } else if busy.is_none() {
        voice.basis = "guess".into();
        voice.calls = (voices as f64 * limits.guessed_concurrency).ceil();
    }
    voice.kbps = voice.calls * limits.kbps_per_call * limits.overhead * limits.growth;
    voice
}

const DIRECTIONS: [&str; 2] = ["up", "down"];

/// Voice against its share of the usable link, each way for itself.
fn link(voice: &Voice, limits: &NetworkLimits, desk: &mut Desk<'_, '_>) -> [Option<f64>; 2] {
    let site = desk.site;
    let usable = [
        usable(&site.usable_up_kbps, &site.wan_up_kbps),
        usable(&site.usable_down_kbps, &site.wan_down_kbps),
    ];
    let mut faults = Vec::new();
    let mut unknown = Vec::new();
    for (direction, usable) in DIRECTIONS.into_iter().zip(usable) {
        match usable {
            Some(kbps) if voice.kbps > limits.wan_share * kbps => faults.push(format!(
                "{direction} {:.0} kbit/s of {kbps:.0} are needed, {:.0} % are allowed",
                voice.kbps,
                limits.wan_share * 100.0
            )),
            Some(_) => {}
            None => unknown.push(direction),
        }
    }
    if !faults.is_empty() {
        let cost = voice.kbps / limits.wan_share;
        let message = format!("{:.0} calls at once: {}.", voice.calls, faults.join("; "));
        desk.add(Rule::NetworkWan, Severity::Block, message).cost =
            format!("a link with {cost:.0} kbit/s to spare each way");
    } else if !unknown.is_empty() {
        let message = format!("The link is not known ({}).", unknown.join(", "));
        desk.add(Rule::NetworkWan, Severity::Unknown, message).fix =
            "Import a list of sites with their links.".into();
    }
    usable.map(|usable| usable.filter(|kbps| *kbps > 0.0).map(|kbps| voice.kbps / kbps))
}

fn usable(usable: &Cell<f64>, whole: &Cell<f64>) -> Option<f64> {
    if usable.is_lost() {
        return None;
    }
    usable.copied().or_else(|| whole.copied()).filter(|kbps| kbps.is_finite() && *kbps >= 0.0)
}

/// Voice against the priority queue, each way for itself.
fn queue(voice: &Voice, desk: &mut Desk<'_, '_>) -> [Option<f64>; 2] {
    let site = desk.site;
    let queues = [site.queue_up_kbps.copied(), site.queue_down_kbps.copied()];
    let mut faults = Vec::new();
    let mut unknown = Vec::new();
    for (direction, queue) in DIRECTIONS.into_iter().zip(queues) {
        match queue {
            Some(kbps) if voice.kbps > kbps => faults
                .push(format!("{direction} {:.0} kbit/s are needed, it has {kbps:.0}", voice.kbps)),
            Some(_) => {}
            None => unknown.push(direction),
        }
    }
    if !faults.is_empty() {
        let message = format!("{:.0} calls at once: {}.", voice.calls, faults.join("; "));
        desk.add(Rule::NetworkQueue, Severity::Block, message).cost =
            format!("a priority queue of {:.0} kbit/s each way", voice.kbps);
    } else if !unknown.is_empty() {
        let message = format!("The priority queue is not known ({}).", unknown.join(", "));
        desk.add(Rule::NetworkQueue, Severity::Unknown, message).fix =
            "Import a list of sites with their priority queues.".into();
    }
    queues.map(|queue| queue.filter(|kbps| *kbps > 0.0).map(|kbps| voice.kbps / kbps))
}

const fn is_wireless(network: NetworkType) -> bool {
    matches!(network, NetworkType::Wifi | NetworkType::Wifi5 | NetworkType::Wifi24)
}

fn measured_quality(
    measurements: &[&Measurement],
    voice: &Voice,
    offset_s: i64,
    limits: &NetworkLimits,
    desk: &mut Desk<'_, '_>,
) -> (BTreeMap<String, Quality>, Vec<String>) {
    let mut by_network: BTreeMap<NetworkType, Vec<Sample>> = BTreeMap::new();
    for measurement in measurements {
        let network = match measurement.network {
            None | Some(NetworkType::Other | NetworkType::Unknown) => NetworkType::Wired,
            Some(network) => network,
        };
        by_network.entry(network).or_default().push(sample(measurement));
    }
    let all: BTreeMap<NetworkType, Quality> = by_network
        .into_iter()
        .map(|(network, samples)| (network, quality(&samples, voice.busy_hour, offset_s, limits)))
        .collect();
    let only_wireless = all.keys().all(|network| is_wireless(*network));
    // Cable decides where it was measured; where it was not, what was measured does.
    let decides = |network: &NetworkType| only_wireless || !is_wireless(*network);
    let days = all.iter().filter(|(n, _)| decides(n)).map(|(_, q)| q.busy_days).max().unwrap_or(0);
    if days < limits.business_days {
        let message = format!(
            "{days} business days with measurements between {0}:00 and {0}:59, {1} are needed.",
            voice.busy_hour, limits.business_days
        );
        desk.add(Rule::NetworkInsufficient, Severity::Unknown, message);
    }
    for (network, quality) in &all {
        judge_quality(*network, decides(network), quality, limits, desk);
    }
    let not_measured = not_measured(&all, &decides, measurements, desk);
    let named = all.into_iter().map(|(network, q)| (network.word().to_owned(), q)).collect();
    (named, not_measured)
}

fn judge_quality(
    network: NetworkType,
    decides: bool,
    quality: &Quality,
    limits: &NetworkLimits,
    desk: &mut Desk<'_, '_>,
) {
    let mut wireless = Vec::new();
    for (metric, measured) in &quality.metrics {
        if !measured.fails(limits) {
            continue;
        }
        let told = format!(
            "{} of {} windows in the busy hour miss the limit of {} {}, {} in a row at most; the worst has {:.2} {}",
            measured.busy_missed,
            measured.busy_windows,
            metric.limit(limits),
            metric.unit(),
            measured.longest_run,
            measured.worst,
            metric.unit()
        );
        if decides {
            let (rule, severity) = match metric {
                Metric::Loss => (Rule::NetworkLoss, Severity::Block),
                Metric::BurstLoss => (Rule::NetworkBurstLoss, Severity::Block),
                Metric::Jitter => (Rule::NetworkJitter, Severity::Block),
                Metric::RoundTrip | Metric::OneWay => (Rule::NetworkLatency, Severity::Block),
                Metric::Reorder => (Rule::NetworkReorder, Severity::Warn),
            };
            desk.add(rule, severity, format!("{} ({}).", told, network.word()));
        } else {
            wireless.push(format!("{metric:?}: {told}"));
        }
    }
    if !wireless.is_empty() {
        let message = format!("{} ({}).", wireless.join(". "), network.word());
        desk.add(Rule::NetworkWifi, Severity::Warn, message);
    }
}

/// What nobody measured is told, never passed.
fn not_measured(
    all: &BTreeMap<NetworkType, Quality>,
    decides: &impl Fn(&NetworkType) -> bool,
    measurements: &[&Measurement],
    desk: &mut Desk<'_, '_>,
) -> Vec<String> {
    let proven = |metric: Metric| {
        all.iter()
            .filter(|(network, _)| decides(network))
            .filter_map(|(_, quality)| quality.metrics.get(&metric))
            .any(|measured| measured.proves() || measured.missed > 0)
    };
    let mut missing = Vec::new();
    if !proven(Metric::Loss) {
        missing.push("loss in 15 s");
    }
    if !proven(Metric::Jitter) {
        missing.push("jitter in 15 s");
    }
    if !proven(Metric::RoundTrip) && !proven(Metric::OneWay) {
        missing.push("latency in 15 s");
    }
    if !missing.is_empty() {
        let message = format!("Not measured: {}.", missing.join(", "));
        desk.add(Rule::NetworkNotMeasured, Severity::Unknown, message);
    }
    if !proven(Metric::BurstLoss) {
        missing.push("loss in 200 ms");
        let message = "Not measured: loss within 200 ms.".to_owned();
        desk.add(Rule::NetworkBurstNotMeasured, Severity::Unknown, message);
    }
    if !proven(Metric::Reorder) {
        missing.push("packets out of order");
    }
    if all.keys().all(|network| !is_wireless(*network)) {
        missing.push("wireless");
    }
    if !measurements.iter().any(|m| m.dscp_received.get().is_some()) {
        missing.push("marks at the far end");
    }
    if !measurements.iter().any(|m| m.transport.get().is_some()) {
        missing.push("whether media goes by UDP");
    }
    if !measurements.iter().any(|m| m.proxied.get().is_some()) {
        missing.push("proxies on the way");
    }
    missing.into_iter().map(str::to_owned).collect()
}

fn sample(measurement: &Measurement) -> Sample {
    let cells = [
        (Metric::Loss, &measurement.loss_percent),
        (Metric::BurstLoss, &measurement.burst_loss_percent),
        (Metric::Jitter, &measurement.jitter_ms),
        (Metric::RoundTrip, &measurement.rtt_ms),
        (Metric::OneWay, &measurement.one_way_ms),
        (Metric::Reorder, &measurement.reorder_percent),
    ];
    Sample {
        start_s: measurement.start,
        length_s: measurement.window_seconds.copied(),
        values: cells.into_iter().filter_map(|(m, cell)| Some((m, cell.copied()?))).collect(),
    }
}

/// Expedited forwarding (RFC 3246).
const EF: u8 = 46;

/// Marks, protocol, proxies, VPN.
fn marks(measurements: &[&Measurement], desk: &mut Desk<'_, '_>) {
    let site = desk.site;
    let sent = measurements.iter().find_map(|m| m.dscp_sent.copied().filter(|dscp| *dscp != EF));
    let lost = measurements.iter().find_map(|m| {
        let (sent, received) = (m.dscp_sent.copied()?, m.dscp_received.copied()?);
        (sent == EF && received != EF).then_some(received)
    });
    let received = measurements.iter().any(|m| m.dscp_received.get().is_some());
    if let Some(received) = lost {
        let message = format!("Audio leaves with DSCP {EF} and arrives with {received}.");
        desk.add(Rule::NetworkDscp, Severity::Warn, message);
    } else if site.qos.copied() == Some(false) {
        let message = "Clients do not mark audio.".to_owned();
        desk.add(Rule::NetworkDscp, Severity::Warn, message);
    } else if let Some(other) = sent {
        let message = format!("Audio leaves with DSCP {other}.");
        desk.add(Rule::NetworkDscp, Severity::Warn, message);
    } else if !received {
        let message = "Whether marks arrive was not measured.".to_owned();
        desk.add(Rule::NetworkDscp, Severity::Unknown, message);
    }
    let total = measurements.len();
    let not_udp = measurements
        .iter()
        .filter(|m| m.transport.copied().is_some_and(|t| t != Transport::Udp))
        .count();
    if not_udp > 0 {
        let message = format!("{not_udp} of {total} windows did not go by UDP.");
        desk.add(Rule::NetworkNotUdp, Severity::Warn, message);
    }
    let proxied = measurements.iter().filter(|m| m.proxied.copied() == Some(true)).count();
    if proxied > 0 {
        let message = format!("{proxied} of {total} windows went through a proxy.");
        desk.add(Rule::NetworkProxied, Severity::Warn, message);
    }
    let vpn = site.vpn.copied() == Some(true)
        || measurements.iter().any(|m| m.network == Some(NetworkType::Vpn));
    if vpn {
        let message = "Voice goes through a VPN.".to_owned();
        desk.add(Rule::NetworkVpn, Severity::Warn, message);
    } else if site.vpn.is_lost() {
        let message = "Whether voice goes through a VPN was lost in the list of sites.".to_owned();
        desk.add(Rule::NetworkVpn, Severity::Unknown, message);
    }
}
