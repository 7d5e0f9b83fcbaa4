//! What measurements say about a network: in windows, since bursts count and averages do not
//! (migration.md section 3.3, statement 15).
//!
//! Samples are put into windows of 15 s. A sample longer than that cannot prove that every 15 s
//! within it were good: it can only prove that some were bad.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::assess::NetworkLimits;

/// The window of the targets, seconds.
pub const WINDOW_S: i64 = 15;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Loss in 15 s, percent.
    Loss,
    /// Largest loss in 200 ms, percent.
    BurstLoss,
    /// Jitter in 15 s, ms.
    Jitter,
    /// Round trip, ms.
    RoundTrip,
    /// One way, ms.
    OneWay,
    /// Packets out of order, percent.
    Reorder,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 6] =
        [Self::Loss, Self::BurstLoss, Self::Jitter, Self::RoundTrip, Self::OneWay, Self::Reorder];

    /// What a value must stay below.
    pub fn limit(self, limits: &NetworkLimits) -> f64 {
        match self {
            Self::Loss => limits.loss_percent,
            Self::BurstLoss => limits.burst_loss_percent,
            Self::Jitter => limits.jitter_ms,
            Self::RoundTrip => limits.rtt_ms,
            Self::OneWay => limits.one_way_ms,
            Self::Reorder => limits.reorder_percent,
        }
    }

    /// Unit for people.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Loss | Self::BurstLoss | Self::Reorder => "%",
            Self::Jitter | Self::RoundTrip | Self::OneWay => "ms",
        }
    }

    /// The longest sample that can prove a window good, seconds. The largest loss of any 200 ms is
    /// already a figure about its worst moment, whatever the sample's length.
    const fn proves_within_s(self) -> f64 {
        match self {
            Self::BurstLoss => f64::INFINITY,
            _ => WINDOW_S as f64,
        }
    }
}

/// One sample of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Beginning, Unix seconds UTC; `None` where the tool does not tell.
    pub start_s: Option<i64>,
    /// Length in seconds; `None` where the tool does not tell.
    pub length_s: Option<f64>,
    /// Values measured; what is not in here was not measured.
    pub values: BTreeMap<Metric, f64>,
}

/// What the samples say about one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Windows that prove something, in all.
    pub windows: usize,
    /// Windows that miss the limit.
    pub missed: usize,
    /// Windows in the busy hour.
    pub busy_windows: usize,
    /// Those among them that miss the limit.
    pub busy_missed: usize,
    /// Most windows in a row that miss the limit.
    pub longest_run: usize,
    /// Worst window.
    pub worst: f64,
    /// Start of the worst window, Unix seconds UTC.
    pub worst_at_s: Option<i64>,
    /// Some samples were too long to prove a window good.
    pub only_coarse: bool,
}

impl Measured {
    /// Does the network fail by this metric? More than the share of busy windows, or a run.
    pub fn fails(&self, limits: &NetworkLimits) -> bool {
        let over_share = self.busy_windows > 0
            && self.busy_missed as f64 > limits.missed_share * self.busy_windows as f64;
        over_share || self.longest_run >= limits.missed_run
    }

    /// Is it measured finely enough to pass?
    pub fn proves(&self) -> bool {
        self.windows > 0 && !self.only_coarse
    }
}

/// What the samples of one kind of network at one site say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// By metric; one that is missing was not measured at all.
    pub metrics: BTreeMap<Metric, Measured>,
    /// Business days with samples in the busy hour.
    pub busy_days: usize,
    /// Samples in all.
    pub samples: usize,
}

/// Judges samples at a place whose clock is `offset_s` ahead of UTC and whose busy hour is
/// `busy_hour` (0 to 23).
pub fn quality(
    samples: &[Sample],
    busy_hour: u8,
    offset_s: i64,
    limits: &NetworkLimits,
) -> Quality {
    let mut quality = Quality { samples: samples.len(), ..Quality::default() };
    let mut days = BTreeSet::new();
    for sample in samples {
        if let Some(start) = sample.start_s
            && let Some(day) = busy_day(start, busy_hour, offset_s)
        {
            days.insert(day);
        }
    }
    quality.busy_days = days.len();
    for metric in Metric::ALL {
        if let Some(measured) = measure(samples, metric, busy_hour, offset_s, limits) {
            quality.metrics.insert(metric, measured);
        }
    }
    quality
}

/// The business day whose busy hour holds this instant.
fn busy_day(start_s: i64, busy_hour: u8, offset_s: i64) -> Option<i64> {
    let local = start_s.saturating_add(offset_s);
    let day = local.div_euclid(86_400);
    let weekend = matches!((day + 4).rem_euclid(7), 0 | 6);
    let hour = local.rem_euclid(86_400) / 3_600;
    (!weekend && hour == i64::from(busy_hour)).then_some(day)
}

/// A window in the making: value times seconds, and seconds.
#[derive(Clone, Copy, Default)]
struct Window {
    weighed: f64,
    seconds: f64,
    highest: f64,
}

fn measure(
    samples: &[Sample],
    metric: Metric,
    busy_hour: u8,
    offset_s: i64,
    limits: &NetworkLimits,
) -> Option<Measured> {
    let limit = metric.limit(limits);
    let mut windows: BTreeMap<i64, Window> = BTreeMap::new();
    let mut measured = Measured::default();
    let mut any = false;
    for sample in samples {
        let Some(value) = sample.values.get(&metric).copied().filter(|v| v.is_finite()) else {
            continue;
        };
        any = true;
        let length = sample.length_s.filter(|s| s.is_finite() && *s > 0.0);
        let fine =
            length.is_some_and(|s| s <= metric.proves_within_s()) || metric == Metric::BurstLoss;
        if !fine && value < limit {
            measured.only_coarse = true;
            continue;
        }
        let Some(start) = sample.start_s else {
            // Bad somewhere, at no time that is known: it counts, in no row.
            measured.windows += 1;
            if value >= limit {
                measured.missed += 1;
            }
            note_worst(&mut measured, value, None);
            continue;
        };
        let seconds = length.unwrap_or(1.0).min(WINDOW_S as f64);
        let window = windows.entry(start.div_euclid(WINDOW_S)).or_default();
        window.weighed += value * seconds;
        window.seconds += seconds;
        window.highest = window.highest.max(value);
    }
    if !any {
        return None;
    }
    let (mut run, mut last) = (0_usize, None);
    for (at, window) in windows {
        let value = match metric {
            Metric::BurstLoss => window.highest,
            _ => window.weighed / window.seconds,
        };
        let start = at * WINDOW_S;
        let missed = value >= limit;
        measured.windows += 1;
        measured.missed += usize::from(missed);
        if busy_day(start, busy_hour, offset_s).is_some() {
            measured.busy_windows += 1;
            measured.busy_missed += usize::from(missed);
        }
        let follows = last.is_some_and(|last| last + 1 == at);
        run = match (missed, follows) {
            (false, _) => 0,
            (true, true) => run + 1,
            (true, false) => 1,
        };
        measured.longest_run = measured.longest_run.max(run);
        last = Some(at);
        note_worst(&mut measured, value, Some(start));
    }
    // Fine windows prove what they cover, whatever coarse samples stand beside them.
    if measured.windows > measured.missed {
        measured.only_coarse = false;
    }
    Some(measured)
}

fn note_worst(measured: &mut Measured, value: f64, at: Option<i64>) {
    if value > measured.worst || measured.windows == 1 {
        measured.worst = value;
        measured.worst_at_s = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2 March 2026, 10:00 UTC.
    const MONDAY_TEN: i64 = 1_772_409_600 + 36_000;

    fn samples(
        days: i64,
        step_s: i64,
        per_day: i64,
        length_s: f64,
        value: impl Fn(i64) -> f64,
    ) -> Vec<Sample> {
        (0..days)
            .flat_map(|day| (0..per_day).map(move |n| (day, n)))
            .map(|(day, n)| Sample {
                start_s: Some(MONDAY_TEN + day * 86_400 + n * step_s),
                length_s: Some(length_s),
                values: [(Metric::Loss, value(n))].into(),
            })
            .collect()
    }

    fn loss(samples: &[Sample]) -> (Measured, bool, bool) {
        let limits = NetworkLimits::default();
        let measured = quality(samples, 10, 0, &limits).metrics[&Metric::Loss];
        (measured, measured.fails(&limits), measured.proves())
    }

    #[test]
    fn bursts_count_and_averages_do_not() {
        // 300 s of samples of 5 s, thrice 15 s at 2 %: a mean of 0.3 % over all.
        let burst = samples(1, 5, 60, 5.0, |n| if (9..18).contains(&n) { 2.0 } else { 0.0 });
        let (measured, fails, _) = loss(&burst);
        assert_eq!((measured.windows, measured.missed, measured.longest_run), (20, 3, 3));
        assert!(fails);
        // The same in one sample of 300 s is below the limit, and proves nothing.
        let (_, fails, proves) = loss(&samples(1, 300, 1, 300.0, |_| 0.3));
        assert!(!fails && !proves);
        // A long sample above the limit had bad windows in it.
        let (measured, _, _) = loss(&samples(1, 300, 1, 300.0, |_| 1.5));
        assert_eq!(measured.missed, 1);
    }

    #[test]
    fn one_bad_sample_in_a_good_window_is_weighed_with_its_neighbours() {
        let (measured, fails, proves) =
            loss(&samples(1, 5, 600, 5.0, |n| if n == 0 { 2.9 } else { 0.0 }));
        assert_eq!(measured.missed, 0, "2.9 % of 5 s is below 1 % of 15 s");
        assert!(!fails && proves);
    }

    #[test]
    fn the_limit_itself_is_missed_and_one_in_a_hundred_is_allowed() {
        let with_missed = |missed: i64| {
            // Apart from each other, so that no run of three fails the site.
            samples(
                1,
                15,
                200,
                15.0,
                move |n| {
                    if n % 10 == 0 && n / 10 < missed { 1.0 } else { 0.0 }
                },
            )
        };
        assert!(!loss(&with_missed(2)).1, "2 of 200 is 1 %");
        assert!(loss(&with_missed(3)).1, "3 of 200 is more");
        assert!(!loss(&samples(1, 15, 200, 15.0, |_| 0.999)).1);
    }

    #[test]
    fn busy_days_are_business_days_with_a_sample_in_the_busy_hour() {
        let week = samples(7, 15, 1, 15.0, |_| 0.0);
        let limits = NetworkLimits::default();
        assert_eq!(quality(&week, 10, 0, &limits).busy_days, 5);
        assert_eq!(quality(&week, 11, 0, &limits).busy_days, 0);
        assert_eq!(quality(&week, 11, 3_600, &limits).busy_days, 5, "by the local clock");
    }

    #[test]
    fn what_is_not_in_the_samples_was_not_measured() {
        let limits = NetworkLimits::default();
        let quality = quality(&samples(5, 5, 10, 5.0, |_| 0.0), 10, 0, &limits);
        assert!(quality.metrics.contains_key(&Metric::Loss));
        assert!(!quality.metrics.contains_key(&Metric::BurstLoss));
        assert!(!quality.metrics.contains_key(&Metric::Jitter));
    }
}
