//! How many calls a trunk may carry, at once and a second: counted without a
//! lock, in atomics that every shard reaches through one pointer.
//!
//! A trunk's limit is the fleet's. Each edge has a share of it on lease:
//! [`share`] gives every edge what it uses and an equal part of the rest, from
//! the last reports of all, so that what all hold together is never more than the
//! limit. Calls for help are counted and never refused.
//!
//! A call is counted by the edge that set it up, from its first message until it
//! is over as far as that edge sees it. Since calls live in their messages, an
//! edge that starts anew knows none of the calls before it: for as long as those
//! last a trunk may carry more than its limit.

use arc_swap::ArcSwap;
use domain::{EdgeId, IdMap, TrunkId};
use feed::record::TrunkRecord;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

const SECOND_US: i64 = 1_000_000;

/// What a trunk carries at this edge.
#[derive(Debug)]
pub struct TrunkLoad {
    /// Calls that ring or talk.
    calls: AtomicU32,
    /// When the calls let in so far would be spread evenly to, microseconds since
    /// 1970: the generic cell rate algorithm (ITU-T I.371 annex A).
    even_until_us: AtomicI64,
    /// Share of the limits, in millionths.
    share: AtomicU32,
    /// Calls refused or sent elsewhere since the start.
    refused: AtomicU64,
    /// Calls for help beyond the limit since the start.
    exempt: AtomicU64,
    /// Some were refused since this was last asked.
    refused_lately: AtomicU32,
}

impl Default for TrunkLoad {
    fn default() -> Self {
        Self {
            calls: AtomicU32::new(0),
            even_until_us: AtomicI64::new(0),
            share: AtomicU32::new(WHOLE),
            refused: AtomicU64::new(0),
            exempt: AtomicU64::new(0),
            refused_lately: AtomicU32::new(0),
        }
    }
}

/// All of a limit, in millionths.
const WHOLE: u32 = 1_000_000;

/// A call's place on a trunk; free again when dropped.
#[derive(Debug)]
pub struct Place(Arc<TrunkLoad>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Relaxed);
    }
}

/// A trunk carries all it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Of calls at once.
    Calls,
    /// Of calls a second.
    Rate,
}

/// What one edge has on a trunk, as it tells its siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkUse {
    /// Which trunk.
    pub trunk: TrunkId,
    /// Calls at once.
    pub calls: u32,
}

/// What an edge tells its siblings of its load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Whose.
    pub edge: EdgeId,
    /// Trunks with a limit that it has used.
    pub trunks: Vec<TrunkUse>,
}

/// A trunk's figures, for status and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrunkFigures {
    /// Which trunk.
    pub trunk: TrunkId,
    /// Calls at once, here.
    pub calls: u32,
    /// Refused or sent elsewhere since the start.
    pub refused: u64,
    /// For help, beyond the limit, since the start.
    pub exempt: u64,
    /// This edge's share of the trunk's limits, in millionths.
    pub share: u32,
}

/// The load of all trunks.
#[derive(Debug, Default)]
pub struct Limits {
    known: ArcSwap<IdMap<TrunkId, Arc<TrunkLoad>>>,
    writers: Mutex<()>,
}

impl Limits {
    /// A place for a new call on `trunk`. One that is `exempt`, a call for help,
    /// always gets one.
    pub fn begin(&self, trunk: &TrunkRecord, exempt: bool, now_us: i64) -> Result<Place, Full> {
        let load = self.load(trunk.id);
        let refuse = |full| {
            load.refused.fetch_add(1, Relaxed);
            load.refused_lately.store(1, Relaxed);
            Err(full)
        };
        let share = load.share.load(Relaxed);
        let calls = load.calls.fetch_add(1, Relaxed);
        // Dropped on every way out that refuses.
        let place = Place(load.clone());
        let over = trunk.max_concurrent_calls.is_some_and(|max| calls >= part(max, share));
        if over && !exempt {
            return refuse(Full::Calls);
        }
        let late = trunk
            .max_calls_per_second
            .is_some_and(|max| !load.take_turn(part(max, share).max(1), exempt, now_us));
        if late && !exempt {
            return refuse(Full::Rate);
        }
        if over || late {
            load.exempt.fetch_add(1, Relaxed);
        }
        Ok(place)
    }

    fn load(&self, trunk: TrunkId) -> Arc<TrunkLoad> {
        if let Some(load) = self.known.load().get(&trunk) {
            return load.clone();
        }
        // Only the first call of a trunk waits here.
        let _one_writer = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = IdMap::clone(&self.known.load());
        let load = known.entry(trunk).or_default().clone();
        self.known.store(Arc::new(known));
        load
    }

    /// Calls at once on a trunk, of this edge.
    pub fn calls(&self, trunk: TrunkId) -> u32 {
        self.known.load().get(&trunk).map_or(0, |load| load.calls.load(Relaxed))
    }

    /// How full a trunk is, and whether calls were refused since this was last
    /// asked: what its alarms go by.
    pub fn fill(&self, trunk: &TrunkRecord, now_us: i64) -> Fill {
        let known = self.known.load();
        let Some(load) = known.get(&trunk.id) else { return Fill::default() };
        let share = load.share.load(Relaxed);
        let calls = u64::from(load.calls.load(Relaxed));
        let of_calls = trunk.max_concurrent_calls.map_or(0, |max| percent(calls, part(max, share)));
        let ahead = (load.even_until_us.load(Relaxed) - now_us).clamp(0, SECOND_US);
        let of_rate = trunk.max_calls_per_second.map_or(0, |_| (ahead * 100 / SECOND_US) as u32);
        Fill { percent: of_calls.max(of_rate), refused: load.refused_lately.swap(0, Relaxed) != 0 }
    }

    /// What siblings are to be told.
    pub fn report(&self, edge: EdgeId) -> LoadReport {
        let mut trunks: Vec<TrunkUse> = self
            .known
            .load()
            .iter()
            .map(|(trunk, load)| TrunkUse { trunk: *trunk, calls: load.calls.load(Relaxed) })
            .collect();
        trunks.sort_unstable_by_key(|used| used.trunk);
        LoadReport { edge, trunks }
    }

    /// Takes shares of the limits of `trunks` anew from the last reports of all
    /// living edges: `own` as it was told to the others, so that all reckon with
    /// the same. Without siblings each limit is this edge's alone.
    pub fn lease<'t>(
        &self,
        own: &LoadReport,
        others: &[LoadReport],
        trunks: impl IntoIterator<Item = &'t TrunkRecord>,
    ) {
        let mut all: Vec<&LoadReport> = others.iter().filter(|r| r.edge != own.edge).collect();
        all.push(own);
        all.sort_unstable_by_key(|report| report.edge);
        all.dedup_by_key(|report| report.edge);
        let me = all.iter().position(|report| report.edge == own.edge).unwrap_or_default();
        for trunk in trunks {
            let used = |report: &&LoadReport| {
                report.trunks.iter().find(|used| used.trunk == trunk.id).map_or(0, |u| u.calls)
            };
            let uses: Vec<u32> = all.iter().map(used).collect();
            // A rate without a limit of calls is shared by the same measure.
            let limit = trunk.max_concurrent_calls.unwrap_or(WHOLE).max(1);
            let part = u64::from(share(limit, &uses, me)) * u64::from(WHOLE);
            // Rounded up, or a share of one call in three would be none; `part`
            // rounds down again.
            let millionths = part.div_ceil(u64::from(limit)) as u32;
            self.load(trunk.id).share.store(millionths, Relaxed);
        }
    }

    /// The figures of every trunk that was ever used.
    pub fn figures(&self) -> Vec<TrunkFigures> {
        let known = self.known.load();
        let mut all: Vec<TrunkFigures> = known
            .iter()
            .map(|(trunk, load)| TrunkFigures {
                trunk: *trunk,
                calls: load.calls.load(Relaxed),
                refused: load.refused.load(Relaxed),
                exempt: load.exempt.load(Relaxed),
                share: load.share.load(Relaxed),
            })
            .collect();
        all.sort_unstable_by_key(|figures| figures.trunk);
        all
    }
}

/// How full a trunk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Of its limits, the fuller one.
    pub percent: u32,
    /// Calls were refused lately.
    pub refused: bool,
}

impl TrunkLoad {
    /// Lets one call a second more in, if this second has had fewer than `max`;
    /// one that must come in anyway takes its turn all the same.
    fn take_turn(&self, max: u32, exempt: bool, now_us: i64) -> bool {
        let step = SECOND_US / i64::from(max);
        let mut fits = false;
        let turn = self.even_until_us.fetch_update(Relaxed, Relaxed, |until| {
            let next = until.max(now_us) + step;
            fits = next - now_us <= SECOND_US;
            (fits || exempt).then_some(next)
        });
        turn.is_ok() && fits
    }
}

fn percent(calls: u64, of: u32) -> u32 {
    if of == 0 { 100 } else { u32::try_from(calls * 100 / u64::from(of)).unwrap_or(u32::MAX) }
}

/// So many millionths of `limit`.
fn part(limit: u32, millionths: u32) -> u32 {
    (u64::from(limit) * u64::from(millionths) / u64::from(WHOLE)) as u32
}

/// How much of `limit` the edge at `me` may use, when each edge uses as many as
/// `uses` says, itself included: what it uses and an equal part of the rest. If
/// all use more than the limit together, each keeps its part of it. What all are
/// given is never more than the limit.
pub fn share(limit: u32, uses: &[u32], me: usize) -> u32 {
    let Some(&own) = uses.get(me) else { return 0 };
    let (limit, own) = (u64::from(limit), u64::from(own));
    let used: u64 = uses.iter().map(|used| u64::from(*used)).sum();
    let mine = match limit.checked_sub(used) {
        Some(rest) => {
            let edges = uses.len() as u64;
            own + rest / edges + u64::from((me as u64) < rest % edges)
        }
        None => limit * own / used,
    };
    u32::try_from(mine).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::OperatorId;
    use feed::record::Transport;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn trunk(calls: Option<u32>, rate: Option<u32>) -> TrunkRecord {
        TrunkRecord {
            id: TrunkId(Uuid::from_u128(1)),
            operator: OperatorId(Uuid::from_u128(1)),
            fqdn: "t".into(),
            address: "192.0.2.1:5060".parse().expect("an address"),
            sources: Vec::new(),
            match_port: false,
            transport: Transport::Udp,
            enabled: true,
            send_options: false,
            options_interval_seconds: 60,
            failover_time_seconds: 10,
            max_uri: 256,
            single_early_dialog: false,
            max_concurrent_calls: calls,
            max_calls_per_second: rate,
        }
    }

    fn report(edge: u128, calls: u32) -> LoadReport {
        let trunks = vec![TrunkUse { trunk: trunk(None, None).id, calls }];
        LoadReport { edge: EdgeId(Uuid::from_u128(edge)), trunks }
    }

    proptest! {
        #[test]
        fn all_shares_together_are_never_more_than_the_limit(
            limit in 0u32..=u32::MAX,
            uses in prop::collection::vec(0u32..=u32::MAX, 1..20),
        ) {
            let all: u64 = (0..uses.len()).map(|me| u64::from(share(limit, &uses, me))).sum();
            prop_assert!(all <= u64::from(limit), "{all} of {limit} for {uses:?}");
        }

        #[test]
        fn nothing_lies_idle_and_nobody_loses_what_they_use(
            limit in 0u32..100_000,
            uses in prop::collection::vec(0u32..1_000, 1..20),
        ) {
            let shares: Vec<u32> = (0..uses.len()).map(|me| share(limit, &uses, me)).collect();
            if uses.iter().sum::<u32>() <= limit {
                prop_assert_eq!(shares.iter().sum::<u32>(), limit);
                for (share, used) in shares.iter().zip(&uses) {
                    prop_assert!(share >= used);
                }
            }
        }

        #[test]
        fn edges_with_the_same_reports_never_exceed_a_limit_together(
            limit in 1u32..200,
            uses in prop::collection::vec(0u32..100, 1..6),
        ) {
            let record = trunk(Some(limit), None);
            let reports: Vec<LoadReport> =
                uses.iter().enumerate().map(|(n, calls)| report(n as u128, *calls)).collect();
            let mut carried = 0;
            for own in &reports {
                let limits = Limits::default();
                limits.lease(own, &reports, [&record]);
                let mut places = Vec::new();
                while let Ok(place) = limits.begin(&record, false, 0) {
                    places.push(place);
                }
                carried += places.len();
            }
            prop_assert!(carried <= limit as usize, "{carried} of {limit}");
            prop_assert!(carried + 2 * reports.len() >= limit as usize || uses.iter().sum::<u32>() > limit);
        }

        #[test]
        fn no_second_ever_sees_more_calls_than_twice_the_rate(
            max in 1u32..200,
            gaps in prop::collection::vec(0i64..200_000, 1..120),
        ) {
            let limits = Limits::default();
            let record = trunk(None, Some(max));
            let mut now = 1_800_000_000_000_000;
            let mut taken: Vec<i64> = Vec::new();
            for gap in gaps {
                now += gap;
                if limits.begin(&record, false, now).is_ok() {
                    taken.push(now);
                }
            }
            // A full second's worth may come at once, after a second without.
            for (n, at) in taken.iter().enumerate() {
                let within = taken[n..].iter().take_while(|t| **t - at < SECOND_US).count();
                prop_assert!(within <= 2 * max as usize, "{within} in a second, {max} allowed");
            }
        }
    }

    #[test]
    fn a_full_trunk_takes_only_calls_for_help_until_one_is_over() {
        let limits = Limits::default();
        let trunk = trunk(Some(2), None);
        let first = limits.begin(&trunk, false, 0).expect("a place");
        let _second = limits.begin(&trunk, false, 0).expect("a place");
        assert_eq!(limits.begin(&trunk, false, 0).err(), Some(Full::Calls));
        let help = limits.begin(&trunk, true, 0).expect("help always gets through");
        assert_eq!(limits.calls(trunk.id), 3, "and is counted");
        drop(help);
        assert!(limits.begin(&trunk, false, 0).is_err());
        drop(first);
        let _third = limits.begin(&trunk, false, 0).expect("room again");
        let fill = limits.fill(&trunk, 0);
        assert_eq!(fill, Fill { percent: 100, refused: true });
        assert!(!limits.fill(&trunk, 0).refused, "told once");
        let figures = limits.figures();
        assert_eq!((figures[0].refused, figures[0].exempt), (2, 1));
    }

    #[test]
    fn a_rate_lets_a_second_s_worth_in_at_once_and_then_its_steady_flow() {
        let limits = Limits::default();
        let trunk = trunk(None, Some(10));
        let begin = |at| limits.begin(&trunk, false, at).map(drop);
        let start = 1_000_000_000;
        for _ in 0..10 {
            begin(start).expect("the first ten");
        }
        assert_eq!(begin(start), Err(Full::Rate));
        assert_eq!(begin(start + 99_999), Err(Full::Rate));
        begin(start + 100_000).expect("one more every tenth of a second");
        assert_eq!(begin(start + 100_000), Err(Full::Rate));
        assert!(limits.fill(&trunk, start + 100_000).percent >= 90);
        assert_eq!(limits.fill(&trunk, start + 5_000_000).percent, 0);
    }

    #[test]
    fn without_a_limit_there_is_none() {
        let limits = Limits::default();
        let trunk = trunk(None, None);
        let places: Vec<_> = (0..10_000).map(|_| limits.begin(&trunk, false, 0)).collect();
        assert!(places.iter().all(Result::is_ok));
        assert_eq!(limits.fill(&trunk, 0).percent, 0);
    }

    #[test]
    fn an_edge_left_alone_has_the_whole_limit() {
        let limits = Limits::default();
        let trunk = trunk(Some(100), None);
        limits.lease(&report(1, 0), &[report(2, 60)], [&trunk]);
        let half: Vec<_> = std::iter::from_fn(|| limits.begin(&trunk, false, 0).ok()).collect();
        assert_eq!(half.len(), 20, "the other has what it uses and half of the rest");
        limits.lease(&report(1, 20), &[], [&trunk]);
        let rest: Vec<_> = std::iter::from_fn(|| limits.begin(&trunk, false, 0).ok()).collect();
        assert_eq!(half.len() + rest.len(), 100);
    }
}
