use super::{Feed, FeedError};
use crate::journal::{Batch, Journal};
use feed::cdr::CdrBatch;
use std::{io, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Most records in one delivery.
const BATCH: usize = 500;
/// After a delivery that took all there was: on a busy edge the next one should
/// be worth its round trip.
const GATHER: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Delivers call records from the journal until `stop` turns true, or until the
/// journal has ended and all of it has been delivered. At least once: only what
/// the control plane has acknowledged leaves the journal.
pub async fn deliver(feed: Arc<dyn Feed>, journal: Arc<Journal>, mut stop: watch::Receiver<bool>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let step = tokio::select! {
            step = step(&*feed, &journal) => step,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let wait = match step {
            Ok(Some(delivered)) => {
                pause = FIRST_PAUSE;
                if delivered >= BATCH {
                    continue;
                }
                GATHER
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "call records wait in the journal");
                let longer = (pause * 2).min(LONGEST_PAUSE);
                std::mem::replace(&mut pause, longer)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Delivers what comes next and says how many records that were; `None` at the end.
async fn step(feed: &dyn Feed, journal: &Journal) -> io::Result<Option<usize>> {
    let Some(batch) = journal.next_batch(BATCH).await? else { return Ok(None) };
    match feed.deliver_cdrs(&batch.body).await {
        Ok(()) => {}
        Err(FeedError::Refused(_)) => one_by_one(feed, journal, &batch).await?,
        Err(error) => return Err(io::Error::other(error)),
    }
    journal.acknowledge(&batch)?;
    Ok(Some(batch.len()))
}

/// One record that is refused for good must not hold up the others.
async fn one_by_one(feed: &dyn Feed, journal: &Journal, batch: &Batch) -> io::Result<()> {
    for record in &batch.body.records {
        match feed.deliver_cdrs(&CdrBatch { records: vec![record.clone()] }).await {
            Ok(()) => {}
            Err(FeedError::Refused(reason)) => {
                tracing::error!(call = %record.id, reason, "a call record was refused and put aside");
                journal.put_aside(record)?;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(())
}
