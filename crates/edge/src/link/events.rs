use super::{Feed, FeedError};
use crate::core::Shared;
use domain::EdgeId;
use feed::alarm::EventBatch;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Most alarms in one delivery.
const BATCH: usize = 500;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a control plane that knows no alarms is left in peace: it may be
/// upgraded.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// How long an edge that has nothing to tell is silent: the control plane gives one
/// up that it did not hear for four times as long.
const PULSE: Duration = Duration::from_secs(30);

/// Brings alarms to the control plane until `stop` turns true, and a sign of life
/// while there are none. At least once:
/// what it has not acknowledged waits, in memory only, since a restarted edge
/// finds anew what is wrong. The first delivery goes out at once, so that alarms
/// of an earlier life of the edge end.
pub async fn deliver_events(
    feed: Arc<dyn Feed>,
    shared: Arc<Shared>,
    edge: EdgeId,
    started_at_us: i64,
    mut stop: watch::Receiver<bool>,
) {
    let mut pause = FIRST_PAUSE;
    let mut greeted = false;
    loop {
        let waiting = if greeted {
            tokio::select! {
                waiting = shared.alarms.waiting(BATCH) => Some(waiting),
                () = tokio::time::sleep(PULSE) => None,
                _ = stop.wait_for(|stop| *stop) => return,
            }
        } else {
            shared.alarms.waiting_now(BATCH)
        };
        let batch = EventBatch {
            edge,
            started_at_us,
            alarms: waiting.as_ref().map(|w| w.alarms.clone()).unwrap_or_default(),
        };
        let outcome = tokio::select! {
            outcome = feed.deliver_events(&batch) => outcome,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let wait = match outcome {
            Ok(()) => {
                if let Some(waiting) = &waiting {
                    shared.alarms.delivered(waiting);
                }
                (greeted, pause) = (true, FIRST_PAUSE);
                continue;
            }
            Err(FeedError::Refused(reason)) => {
                tracing::warn!(reason, "the control plane takes no alarms of this edge");
                REFUSED_PAUSE
            }
            Err(error) => {
                tracing::debug!(%error, "alarms wait");
                pause = (pause * 2).min(LONGEST_PAUSE);
                pause
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
