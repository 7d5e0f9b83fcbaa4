//! What an edge counts, in Prometheus' text format 0.0.4.
//!
//! Each shard has counters of its own behind a lock that only a scrape shares
//! with it; they are touched when a call record is written, not per packet.

use domain::TrunkId;
use domain::routing::CallKind;
use feed::cdr::{CdrEvent, CdrRecord};
use std::collections::{BTreeMap, HashMap};
use std::fmt::{Display, Write};
use std::sync::{Mutex, PoisonError};

/// Most different reasons and trunks that are told apart: none of these comes
/// from strangers, but a bound is a bound.
const MAX_LABELS: usize = 1_000;
const KINDS: [&str; 5] = ["inbound", "outbound", "internal", "emergency", "refused"];

/// One shard's counters.
#[derive(Debug, Default)]
pub(crate) struct ShardCounters {
    inner: Mutex<Counted>,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    begun: [u64; KINDS.len()],
    answered: u64,
    ended: HashMap<(u16, String), u64>,
    trunks: HashMap<TrunkId, TrunkCounted>,
    connected_us: u64,
    /// Lag of the shard's loop when it was last probed, and the worst since the
    /// last scrape, microseconds.
    lag_us: u64,
    worst_lag_us: u64,
    transactions: u64,
    connections: u64,
    trace_bytes: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct TrunkCounted {
    attempts: u64,
    failures: u64,
    answers: u64,
}

/// A look at a shard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    pub lag_us: u64,
    pub transactions: usize,
    pub connections: usize,
    pub trace_bytes: usize,
}

impl ShardCounters {
    fn with<T>(&self, work: impl FnOnce(&mut Counted) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts call records as they leave the core.
    pub fn records(&self, records: &[CdrRecord]) {
        if records.is_empty() {
            return;
        }
        self.with(|counted| records.iter().for_each(|record| counted.record(&record.event)));
    }

    /// Notes how the shard was found.
    pub fn probed(&self, probe: Probe) {
        self.with(|c| {
            c.lag_us = probe.lag_us;
            c.worst_lag_us = c.worst_lag_us.max(probe.lag_us);
            c.transactions = probe.transactions as u64;
            c.connections = probe.connections as u64;
            c.trace_bytes = probe.trace_bytes as u64;
        });
    }

    /// What is counted so far; the worst lag begins anew.
    pub fn read(&self) -> Counted {
        self.with(|c| {
            let read = c.clone();
            c.worst_lag_us = 0;
            read
        })
    }
}

impl Counted {
    fn record(&mut self, event: &CdrEvent) {
        match event {
            CdrEvent::Begin { kind, .. } => {
                self.begun[match kind {
                    Some(CallKind::Inbound) => 0,
                    Some(CallKind::Outbound) => 1,
                    Some(CallKind::Internal) => 2,
                    Some(CallKind::Emergency) => 3,
                    None => 4,
                }] += 1;
            }
            CdrEvent::Answer { out_trunk, .. } => {
                self.answered += 1;
                if let Some(trunk) = out_trunk.and_then(|trunk| self.trunk(trunk)) {
                    trunk.answers += 1;
                }
            }
            CdrEvent::End { at_us, answered_at_us, sip_code, reason, attempts, .. } => {
                if let Some(answered) = answered_at_us {
                    self.connected_us += at_us.saturating_sub(*answered).max(0).cast_unsigned();
                }
                let full = self.ended.len() >= MAX_LABELS;
                match self.ended.iter_mut().find(|((c, r), _)| c == sip_code && r == reason) {
                    Some((_, n)) => *n += 1,
                    None if full => {}
                    None => drop(self.ended.insert((*sip_code, reason.clone()), 1)),
                }
                for attempt in attempts {
                    if let Some(trunk) = self.trunk(attempt.trunk) {
                        trunk.attempts += 1;
                        // What makes the edge try the next trunk (operator-connect.md 6.4).
                        trunk.failures +=
                            u64::from(matches!(attempt.sip_code, 0 | 408 | 503 | 504));
                    }
                }
            }
        }
    }

    fn trunk(&mut self, id: TrunkId) -> Option<&mut TrunkCounted> {
        if self.trunks.len() >= MAX_LABELS && !self.trunks.contains_key(&id) {
            return None;
        }
        Some(self.trunks.entry(id).or_default())
    }

    fn add(&mut self, other: &Self) {
        for (a, b) in self.begun.iter_mut().zip(other.begun) {
            *a += b;
        }
        self.answered += other.answered;
        self.connected_us += other.connected_us;
        for (key, n) in &other.ended {
            *self.ended.entry(key.clone()).or_default() += n;
        }
        for (id, t) in &other.trunks {
            let mine = self.trunks.entry(*id).or_default();
            mine.attempts += t.attempts;
            mine.failures += t.failures;
            mine.answers += t.answers;
        }
    }
}

/// Metrics being written, in the text format: `# HELP`, `# TYPE`, samples.
#[derive(Debug, Default)]
pub struct Text(String);

impl Text {
    /// A metric of type `counter` or `gauge` with its samples: labels and value.
    pub fn metric<V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<(&'static str, String)>, V)>,
    ) {
        let text = &mut self.0;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            text.push_str(name);
            for (n, (label, value)) in labels.iter().enumerate() {
                let open = if n == 0 { '{' } else { ',' };
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let _ = write!(text, "{open}{label}=\"{value}\"");
            }
            if !labels.is_empty() {
                text.push('}');
            }
            let _ = writeln!(text, " {value}");
        }
    }

    /// A metric with one sample and no label.
    pub fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.metric(name, kind, help, [(Vec::new(), value)]);
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

const fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// Writes what shards counted. `trunk_name` names a trunk as the world does.
pub(crate) fn write_shards(
    text: &mut Text,
    shards: &[Counted],
    trunk_name: impl Fn(TrunkId) -> String,
) {
    let mut all = Counted::default();
    shards.iter().for_each(|shard| all.add(shard));
    text.metric(
        "meetpoint_calls_total",
        "counter",
        "Calls that began, by kind; refused are those that routing refused.",
        KINDS.iter().zip(all.begun).map(|(kind, n)| (vec![("kind", (*kind).to_owned())], n)),
    );
    text.single("meetpoint_answers_total", "counter", "Calls that were answered.", all.answered);
    text.single(
        "meetpoint_connected_seconds_total",
        "counter",
        "Connected time of calls that are over.",
        seconds(all.connected_us),
    );
    let ended: BTreeMap<_, _> = all.ended.iter().collect();
    text.metric(
        "meetpoint_calls_ended_total",
        "counter",
        "Calls that are over, by final SIP response and reason.",
        ended.into_iter().map(|((code, reason), n)| {
            (vec![("sip_code", code.to_string()), ("reason", reason.clone())], n)
        }),
    );
    let trunks: BTreeMap<_, _> = all.trunks.iter().collect();
    let by_trunk = |value: fn(&TrunkCounted) -> u64| {
        trunks
            .iter()
            .map(|(id, t)| (vec![("trunk", trunk_name(**id))], value(t)))
            .collect::<Vec<_>>()
    };
    text.metric(
        "meetpoint_trunk_attempts_total",
        "counter",
        "Calls tried on each trunk.",
        by_trunk(|t| t.attempts),
    );
    text.metric(
        "meetpoint_trunk_failures_total",
        "counter",
        "Of these, those that went on to the next trunk: silence, 408, 503, 504, no connection.",
        by_trunk(|t| t.failures),
    );
    text.metric(
        "meetpoint_trunk_answers_total",
        "counter",
        "Calls each trunk answered.",
        by_trunk(|t| t.answers),
    );
    let by_shard = |value: fn(&Counted) -> f64| {
        let sample = move |(n, c): (usize, &Counted)| (vec![("shard", n.to_string())], value(c));
        shards.iter().enumerate().map(sample).collect::<Vec<_>>()
    };
    for (name, help, value) in [
        (
            "meetpoint_shard_lag_seconds",
            "How long the last probe waited in the shard's queue.",
            (|c| seconds(c.lag_us)) as fn(&Counted) -> f64,
        ),
        (
            "meetpoint_shard_worst_lag_seconds",
            "The longest such wait since the last scrape.",
            |c| seconds(c.worst_lag_us),
        ),
        ("meetpoint_transactions", "SIP transactions under way or lingering.", |c| {
            c.transactions as f64
        }),
        ("meetpoint_connections", "TCP connections.", |c| c.connections as f64),
        ("meetpoint_trace_bytes", "Memory that the trace ring holds.", |c| c.trace_bytes as f64),
    ] {
        text.metric(name, "gauge", help, by_shard(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CdrId, EdgeId};
    use feed::cdr::{Attempt, HungUpBy};
    use uuid::Uuid;

    fn record(event: CdrEvent) -> CdrRecord {
        CdrRecord { id: CdrId(Uuid::nil()), edge: EdgeId(Uuid::nil()), event }
    }

    #[test]
    fn what_shards_counted_is_added_up() {
        let (a, b) = (ShardCounters::default(), ShardCounters::default());
        let trunk = TrunkId(Uuid::from_u128(1));
        let end = |code, reason: &str| {
            record(CdrEvent::End {
                at_us: 5_000_000,
                answered_at_us: (code == 200).then_some(3_000_000),
                sip_code: code,
                reason: reason.into(),
                hung_up_by: HungUpBy::Caller,
                attempts: vec![
                    Attempt { trunk, sip_code: 503, ms: 1 },
                    Attempt { trunk, sip_code: code, ms: 1 },
                ],
            })
        };
        a.records(&[end(200, "normal"), end(486, "busy")]);
        b.records(&[end(200, "normal")]);
        b.probed(Probe { lag_us: 2_000, transactions: 7, connections: 1, trace_bytes: 9 });
        b.probed(Probe { lag_us: 1_000, transactions: 7, connections: 1, trace_bytes: 9 });
        let mut text = Text::default();
        write_shards(&mut text, &[a.read(), b.read()], |_| "a \"b\"".into());
        let text = text.into_string();
        for line in [
            "meetpoint_calls_ended_total{sip_code=\"200\",reason=\"normal\"} 2",
            "meetpoint_calls_ended_total{sip_code=\"486\",reason=\"busy\"} 1",
            "meetpoint_trunk_attempts_total{trunk=\"a \\\"b\\\"\"} 6",
            "meetpoint_trunk_failures_total{trunk=\"a \\\"b\\\"\"} 3",
            "meetpoint_connected_seconds_total 4",
            "meetpoint_shard_worst_lag_seconds{shard=\"1\"} 0.002",
            "meetpoint_shard_lag_seconds{shard=\"1\"} 0.001",
            "meetpoint_transactions{shard=\"1\"} 7",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let (_, value) = line.rsplit_once(' ').expect("a sample has a value");
            value.parse::<f64>().expect("a number");
        }
        assert_eq!(b.read().worst_lag_us, 0, "the worst begins anew");
    }
}
