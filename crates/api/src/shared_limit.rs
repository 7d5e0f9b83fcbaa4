//! One limit over several nodes: each tells the others every second what it let through, and
//! takes what they did out of its own buckets. What two nodes allow at once within that second
//! is a debt that the caller's bucket pays off: the rate holds over the minute.

use crate::{App, limit::Counted};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use uuid::Uuid;

const EVERY: Duration = Duration::from_secs(1);
/// Counts of other nodes that are remembered at most.
const MANY: usize = 100_000;

/// What other nodes were heard to have let through.
#[derive(Default)]
struct Heard {
    counts: HashMap<(String, Uuid), (i64, i64)>,
    newest: i64,
    /// What stood there before this node listened is no debt to it.
    listens: bool,
}

impl Heard {
    /// How many requests of a caller are new in this.
    fn news(&mut self, told: &exchange::RequestUse) -> i64 {
        self.newest = self.newest.max(told.at);
        let key = (told.caller.clone(), told.node);
        let before = self.counts.insert(key, (told.begun, told.used));
        match before {
            _ if !self.listens => 0,
            Some((begun, used)) if begun == told.begun => (told.used - used).max(0),
            _ => told.used,
        }
    }
}

/// Tells and listens until the server stops.
pub async fn share(app: App, mut closing: watch::Receiver<bool>) {
    let node = Uuid::now_v7();
    let mut heard = Heard::default();
    let mut untold: HashMap<String, (i64, i64)> = HashMap::new();
    let mut begins = true;
    loop {
        // At once the first time: what came before is told apart from what comes now.
        let wait = if std::mem::take(&mut begins) { Duration::ZERO } else { EVERY };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // An error means that the server is gone.
            _ = closing.wait_for(|closing| *closing) => return,
        }
        for (caller, begun, used) in app.limits.news(Instant::now()) {
            untold.insert(caller, (begun, used));
        }
        let own: Vec<_> =
            untold.iter().map(|(caller, (begun, used))| (caller.clone(), *begun, *used)).collect();
        // While the database is away there is nobody to agree with, and nothing to answer.
        let Ok(told) = app.exchange.requests_share(node, &own, heard.newest).await else {
            continue;
        };
        untold.clear();
        if heard.counts.len() > MANY {
            heard = Heard { newest: heard.newest, ..Heard::default() };
        }
        for told in &told {
            let news = heard.news(told);
            if news > 0
                && let Some(who) = Counted::parse(&told.caller)
            {
                app.limits.debit(who, news as f64, app.config.per_minute(who), Instant::now());
            }
        }
        heard.listens = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_elsewhere_counts_once() {
        let told = |node: u128, begun, used, at| exchange::RequestUse {
            caller: "client:x".into(),
            node: Uuid::from_u128(node),
            begun,
            used,
            at,
        };
        let mut heard = Heard::default();
        assert_eq!(heard.news(&told(1, 10, 40, 5)), 0, "it was there before");
        heard.listens = true;
        assert_eq!(heard.news(&told(1, 10, 40, 5)), 0, "read again");
        assert_eq!(heard.news(&told(1, 10, 43, 7)), 3);
        assert_eq!(heard.news(&told(2, 11, 2, 6)), 2, "another node");
        assert_eq!(heard.news(&told(1, 20, 1, 9)), 1, "the count began anew");
        assert_eq!(heard.newest, 9);
    }
}
