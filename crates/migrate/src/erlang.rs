//! How many calls a site or trunk must carry at once.
//!
//! Erlang B gives channels from offered traffic (`domain/migration.md` section 3.2), Engset does so
//! where the callers are few, and the busy hour comes from call records: carried traffic by clock
//! hour (mean of the five highest weekdays) beside the highest number of calls at one instant.
//!
//! Traffic is in erlangs (call seconds per second), instants in Unix seconds UTC.

use std::collections::BTreeMap;

/// More channels than any site of this field: an end for [`channels`].
pub const MOST_CHANNELS: u32 = 1_000_000;

/// Weekdays whose busiest hours are averaged (`domain/migration.md` section 3.2).
pub const BUSIEST_DAYS: usize = 5;

/// The share of calls refused when `channels` channels are offered `erlangs`.
///
/// The recursion of `domain/migration.md` section 3.2. Nothing offered is never refused; traffic
/// that is no finite number is always refused.
pub fn blocking(erlangs: f64, channels: u32) -> f64 {
    if !erlangs.is_finite() {
        return 1.0;
    }
    if erlangs <= 0.0 {
        return 0.0;
    }
    let mut refused = 1.0;
    for n in 1..=channels {
        let carried = erlangs * refused;
        refused = carried / (f64::from(n) + carried);
    }
    refused
}

/// The fewest channels that refuse no more than `target` (0.01 is 1 %) of `erlangs`.
///
/// `None` where the target is not between 0 and 1 or more than [`MOST_CHANNELS`] were needed.
pub fn channels(erlangs: f64, target: f64) -> Option<u32> {
    if !(erlangs.is_finite() && target > 0.0 && target < 1.0) {
        return None;
    }
    if erlangs <= 0.0 {
        return Some(0);
    }
    let mut refused = 1.0;
    for n in 1..=MOST_CHANNELS {
        let carried = erlangs * refused;
        refused = carried / (f64::from(n) + carried);
        if refused <= target {
            return Some(n);
        }
    }
    None
}

/// The share of calls refused when `callers` people offer `erlangs` together to `channels` channels
/// (Engset's call congestion: who is on the phone does not call).
///
/// Erlang B assumes endless callers and is pessimistic below about ten callers a channel
/// (`domain/migration.md` section 3.2).
pub fn engset_blocking(callers: u32, erlangs: f64, channels: u32) -> f64 {
    if channels >= callers || erlangs <= 0.0 {
        return 0.0;
    }
    let each = erlangs / f64::from(callers);
    if !each.is_finite() || each >= 1.0 {
        return 1.0;
    }
    let idle_rate = each / (1.0 - each);
    let mut refused = 1.0;
    for n in 1..=channels {
        let offered = f64::from(callers - n) * idle_rate * refused;
        refused = offered / (f64::from(n) + offered);
    }
    refused
}

/// [`channels`] with Engset where the callers are fewer than ten times the channels Erlang B asks
/// for, never more than there are callers.
pub fn channels_for(callers: u32, erlangs: f64, target: f64) -> Option<u32> {
    let endless = channels(erlangs, target)?;
    if callers == 0 || callers >= endless.saturating_mul(10) {
        return Some(endless);
    }
    (0..=endless.min(callers)).find(|n| engset_blocking(callers, erlangs, *n) <= target)
}

/// One call as traffic: when it held a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// First second.
    pub from_s: i64,
    /// The second after its last; an end before the start counts as no time at all.
    pub until_s: i64,
}

/// What call records say about a site's busiest time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusyHour {
    /// Hour of the local day, 0 to 23.
    pub hour: u8,
    /// Carried traffic of that hour: the mean of its busiest weekdays, at most five.
    pub erlangs: f64,
    /// Weekdays with any call in the records.
    pub weekdays: usize,
    /// Most calls at one instant.
    pub most_at_once: u32,
}

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

/// The longest call that counts in full: a record that was never closed is no traffic of weeks.
const LONGEST_S: i64 = DAY_S;

/// The busy hour of calls at a place whose clock is `offset_s` ahead of UTC.
///
/// `None` without a call on a weekday. Weekends count for `most_at_once` only.
pub fn busy_hour(calls: &[Held], offset_s: i64) -> Option<BusyHour> {
    let mut by_hour: BTreeMap<i64, i64> = BTreeMap::new();
    for call in calls {
        let mut at = call.from_s.saturating_add(offset_s);
        let until = call.until_s.saturating_add(offset_s).min(at.saturating_add(LONGEST_S));
        while at < until {
            let hour = at.div_euclid(HOUR_S);
            let end = until.min((hour + 1) * HOUR_S);
            *by_hour.entry(hour).or_default() += end - at;
            at = end;
        }
    }
    let mut clock: [Vec<i64>; 24] = Default::default();
    let mut days = std::collections::BTreeSet::new();
    for (hour, seconds) in by_hour {
        let day = hour.div_euclid(24);
        if is_weekday(day) {
            days.insert(day);
            let of_day = usize::try_from(hour.rem_euclid(24)).unwrap_or(0);
            clock[of_day].push(seconds);
        }
    }
    let mut best: Option<(u8, i64, usize)> = None;
    for (hour, mut loads) in (0_u8..).zip(clock) {
        loads.sort_unstable_by(|a, b| b.cmp(a));
        loads.truncate(BUSIEST_DAYS);
        let counted = loads.len().max(1).max(days.len().min(BUSIEST_DAYS));
        let seconds: i64 = loads.iter().sum();
        let better = best.is_none_or(|(_, most, of)| {
            i128::from(seconds) * of as i128 > i128::from(most) * counted as i128
        });
        if seconds > 0 && better {
            best = Some((hour, seconds, counted));
        }
    }
    let (hour, seconds, counted) = best?;
    Some(BusyHour {
        hour,
        erlangs: seconds as f64 / (counted as f64 * HOUR_S as f64),
        weekdays: days.len(),
        most_at_once: most_at_once(calls),
    })
}

/// Day 0 of the Unix era was a Thursday.
fn is_weekday(day: i64) -> bool {
    !matches!((day + 4).rem_euclid(7), 0 | 6)
}

/// The highest number of calls at one instant, by sweep line. A call that ends in the second
/// another starts makes room for it.
pub fn most_at_once(calls: &[Held]) -> u32 {
    let mut starts: Vec<i64> = Vec::with_capacity(calls.len());
    let mut ends: Vec<i64> = Vec::with_capacity(calls.len());
    for call in calls.iter().filter(|call| call.until_s > call.from_s) {
        starts.push(call.from_s);
        ends.push(call.until_s);
    }
    starts.sort_unstable();
    ends.sort_unstable();
    let (mut ended, mut most) = (0, 0);
    for (started, from) in (1_usize..).zip(&starts) {
        while ends[ended] <= *from {
            ended += 1;
        }
        most = most.max(started - ended);
    }
    u32::try_from(most).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verified values of `domain/migration.md` section 3.2.
    #[test]
    fn erlang_b_gives_the_channels_of_the_table() {
        for (erlangs, target, wanted) in [
            (0.5, 0.01, 4),
            (1.0, 0.01, 5),
            (2.0, 0.01, 7),
            (3.0, 0.01, 8),
            (5.0, 0.01, 11),
            (8.0, 0.01, 15),
            (10.0, 0.01, 18),
            (15.0, 0.01, 24),
            (20.0, 0.01, 30),
            (30.0, 0.01, 42),
            (40.0, 0.01, 53),
            (50.0, 0.01, 64),
            (75.0, 0.01, 91),
            (100.0, 0.01, 117),
            (150.0, 0.01, 170),
            (200.0, 0.01, 221),
            (300.0, 0.01, 324),
            (500.0, 0.01, 527),
            (10.0, 0.001, 21),
            (50.0, 0.001, 71),
            (100.0, 0.001, 128),
            (0.0, 0.01, 0),
        ] {
            assert_eq!(channels(erlangs, target), Some(wanted), "{erlangs} E at {target}");
        }
        for target in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(channels(10.0, target), None, "target {target}");
        }
        assert_eq!(channels(f64::INFINITY, 0.01), None);
    }

    #[test]
    fn engset_asks_for_no_more_than_erlang_and_meets_it_for_many_callers() {
        assert_eq!(channels_for(12, 2.0, 0.01), Some(6));
        assert_eq!(channels_for(2, 1.5, 0.01), Some(2), "two people need two channels at most");
        let many = engset_blocking(1_000_000, 10.0, 18);
        assert!((many - blocking(10.0, 18)).abs() < 1e-4, "{many}");
        for callers in [5, 10, 50, 100] {
            let few = channels_for(callers, 3.0, 0.01).expect("a number of channels");
            assert!(few <= 8, "{callers} callers: {few}");
            assert!(engset_blocking(callers, 3.0, few) <= 0.01);
            assert!(few == 0 || engset_blocking(callers, 3.0, few - 1) > 0.01);
        }
    }

    /// Monday 2 March 2026, 00:00 UTC.
    const MONDAY: i64 = 1_772_409_600;

    fn call(day: i64, hour: i64, minute: i64, seconds: i64) -> Held {
        let from_s = MONDAY + day * DAY_S + hour * HOUR_S + minute * 60;
        Held { from_s, until_s: from_s + seconds }
    }

    #[test]
    fn the_busy_hour_is_the_clock_hour_with_the_highest_mean_of_five_weekdays() {
        let mut calls: Vec<Held> = (0..5).flat_map(|day| [call(day, 10, 0, 1_800); 4]).collect();
        // A single busy day, and a busy Saturday, do not make a busy hour.
        calls.extend([call(0, 15, 0, 3_000); 8]);
        calls.extend([call(5, 12, 0, 3_600); 50]);
        let busy = busy_hour(&calls, 0).expect("there are calls");
        assert_eq!((busy.hour, busy.weekdays, busy.most_at_once), (10, 5, 50));
        assert!((busy.erlangs - 2.0).abs() < 1e-9, "{}", busy.erlangs);
        assert_eq!(busy_hour(&calls, 2 * HOUR_S).expect("calls").hour, 12, "by the local clock");
    }

    #[test]
    fn a_call_over_the_hour_counts_in_both() {
        let busy = busy_hour(&[call(1, 9, 50, 1_800)], 0).expect("a call");
        assert_eq!(busy.hour, 10, "20 of its 30 minutes");
        assert!((busy.erlangs - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(busy_hour(&[], 0), None);
        assert_eq!(busy_hour(&[call(5, 9, 0, 60)], 0), None, "a Saturday is no weekday");
    }

    #[test]
    fn calls_that_touch_do_not_overlap() {
        let after = |from_s, until_s| Held { from_s, until_s };
        assert_eq!(most_at_once(&[after(0, 10), after(10, 20), after(20, 30)]), 1);
        assert_eq!(most_at_once(&[after(0, 10), after(9, 20), after(9, 9)]), 2);
        assert_eq!(most_at_once(&[after(10, 0)]), 0);
    }
}
