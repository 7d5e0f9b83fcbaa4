//! What each edge carries, so that limits can be shared out between them.

use arc_swap::ArcSwap;
use domain::{EdgeId, TrunkId};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A report counts so long, and no longer: an edge that is gone holds no share.
pub const LEASE: Duration = Duration::from_secs(3);

/// A trunk, calls under way on it, and calls that the edge would carry if it could.
pub type TrunkLoad = (TrunkId, u32, u32);

/// What a sibling said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Who.
    pub edge: EdgeId,
    /// When it came.
    pub at: Instant,
    /// Each trunk it has calls on.
    pub trunks: Vec<TrunkLoad>,
}

/// Loads of this edge and its siblings. Read and written without a lock.
#[derive(Debug, Default)]
pub struct Loads {
    own: ArcSwap<Vec<TrunkLoad>>,
    others: ArcSwap<Vec<Report>>,
}

impl Loads {
    /// Has siblings told, within a fraction of [`LEASE`], what this edge carries.
    pub fn publish(&self, own: Vec<TrunkLoad>) {
        self.own.store(Arc::new(own));
    }

    /// What siblings said within [`LEASE`] before `now`. With this edge there are
    /// one more edges alive than reports.
    pub fn others(&self, now: Instant) -> Vec<Report> {
        let fresh = |r: &&Report| now.saturating_duration_since(r.at) <= LEASE;
        self.others.load().iter().filter(fresh).cloned().collect()
    }

    /// What this edge carries, as last published.
    pub fn own(&self) -> Vec<TrunkLoad> {
        Vec::clone(&self.own.load())
    }

    pub(super) fn heard(&self, report: Report) {
        self.others.rcu(|others| {
            let fresh = |r: &&Report| {
                r.edge != report.edge && report.at.saturating_duration_since(r.at) <= LEASE
            };
            let mut list: Vec<Report> = others.iter().filter(fresh).cloned().collect();
            list.push(report.clone());
            list
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_last_word_of_each_counts_until_its_lease_is_over() {
        let (loads, begun) = (Loads::default(), Instant::now());
        let report = |edge: u128, ms: u64, calls: u32| Report {
            edge: EdgeId(Uuid::from_u128(edge)),
            at: begun + Duration::from_millis(ms),
            trunks: vec![(TrunkId(Uuid::from_u128(9)), calls, calls)],
        };
        loads.heard(report(1, 0, 5));
        loads.heard(report(2, 100, 6));
        loads.heard(report(1, 200, 7));
        assert_eq!(loads.others(begun), [report(2, 100, 6), report(1, 200, 7)]);
        assert_eq!(loads.others(begun + Duration::from_millis(3150)), [report(1, 200, 7)]);
        assert_eq!(loads.others(begun + Duration::from_secs(9)), []);
    }
}
