use super::{Feed, FeedError, WorldFile};
use feed::{
    change::Position,
    frame::{Frame, FrameDecoder},
    inside::Question,
    snapshot::{Applied, Snapshot},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use uuid::Uuid;

/// Where a followed world is published, and what is known of the link.
pub trait Follow: Send {
    /// A new version of the world; the old one stays valid for whoever reads it.
    fn publish(&mut self, world: Arc<Snapshot>);
    /// The link came up or went down, with the reason.
    fn link(&mut self, up: bool, reason: Option<&FeedError>);
    /// The control plane said what time it has, microseconds since 1970 UTC.
    fn clock(&mut self, _at_us: i64) {}
    /// The blocks of a person or tenant are lifted.
    fn fraud_release(&mut self, _id: Uuid) {}
    /// It wants to know something of a call.
    fn question(&mut self, _question: Question) {}
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Starts from the file if there is one, then follows the feed until `stop`
/// turns true. Reconnects with growing pauses; takes a new snapshot when the
/// log no longer reaches back, when its epoch changed, or when another version
/// wrote the file: that one dropped the fields and the changes it did not know.
///
/// The control plane being away is no reason to stop: the world that was
/// published last stays in force.
pub async fn follow(
    feed: Arc<dyn Feed>,
    mut file: WorldFile,
    mut out: impl Follow,
    mut stop: watch::Receiver<bool>,
) {
    let mut world = file.load().map(Arc::new);
    if let Some(world) = &world {
        out.publish(world.clone());
    }
    // What another version wrote serves until the control plane is there.
    let mut stale = file.is_foreign();
    let mut pause = FIRST_PAUSE;
    loop {
        let ended = tokio::select! {
            ended = once(&*feed, &mut file, &mut out, &mut world, &mut stale, &mut pause) => ended,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match &ended {
            Ok(()) => out.link(false, None),
            Err(error) => {
                tracing::warn!(%error, "the link to the control plane is down");
                out.link(false, Some(error));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// One connection, from its first byte to its end.
async fn once(
    feed: &dyn Feed,
    file: &mut WorldFile,
    out: &mut impl Follow,
    world: &mut Option<Arc<Snapshot>>,
    stale: &mut bool,
    pause: &mut Duration,
) -> Result<(), FeedError> {
    let mut current = match world {
        Some(world) if !*stale => world.clone(),
        _ => take_snapshot(feed, file, out, world).await?,
    };
    *stale = false;
    let mut stream = match feed.changes(current.position()).await {
        Err(FeedError::Gone) => {
            current = take_snapshot(feed, file, out, world).await?;
            feed.changes(current.position()).await?
        }
        other => other?,
    };
    out.link(true, None);
    let mut decoder = FrameDecoder::default();
    while let Some(bytes) = stream.next_bytes().await? {
        *pause = FIRST_PAUSE;
        decoder.push(&bytes);
        let (mut next, mut kept) = (None::<Snapshot>, Vec::new());
        loop {
            match decoder.next_frame() {
                Ok(Some(Frame::Change(entry))) => {
                    let fresh = next.get_or_insert_with(|| (*current).clone());
                    if fresh.apply(&entry) != Applied::Old {
                        if let Some(id) = entry.change.fraud_release() {
                            out.fraud_release(id);
                        }
                        let mut frame = Vec::new();
                        Frame::Change(entry)
                            .encode(&mut frame)
                            .map_err(|e| FeedError::Unreachable(e.to_string()))?;
                        kept.push(frame);
                    }
                }
                Ok(Some(Frame::Heartbeat(position))) => another_epoch(position, &current)?,
                Ok(Some(Frame::Clock(at_us))) => out.clock(at_us),
                Ok(Some(Frame::Question(question))) => out.question(question),
                Ok(None) => break,
                Err(error) => return Err(FeedError::Unreachable(error.to_string())),
            }
        }
        if let Some(fresh) = next {
            current = Arc::new(fresh);
            *world = Some(current.clone());
            // What calls go by is in the file before, so that a kill takes none of
            // it back; only the disk is not waited for.
            file.append(&kept, &current);
            out.publish(current.clone());
            if let Err(error) = file.sync(&current) {
                tracing::error!(%error, "the snapshot file cannot be kept up to date");
            }
        }
    }
    Ok(())
}

fn another_epoch(heard: Position, current: &Snapshot) -> Result<(), FeedError> {
    if heard.epoch == current.position().epoch {
        Ok(())
    } else {
        Err(FeedError::Unreachable("the change log began a new epoch".into()))
    }
}

async fn take_snapshot(
    feed: &dyn Feed,
    file: &mut WorldFile,
    out: &mut impl Follow,
    world: &mut Option<Arc<Snapshot>>,
) -> Result<Arc<Snapshot>, FeedError> {
    let bytes = feed.snapshot().await?;
    let fresh = Snapshot::open(&bytes, &feed.wrap_key()).map_err(|error| {
        FeedError::Unreachable(format!("a snapshot that cannot be read: {error}"))
    })?;
    let fresh = Arc::new(fresh);
    *world = Some(fresh.clone());
    out.publish(fresh.clone());
    if let Err(error) = file.save(&fresh) {
        tracing::error!(%error, "the snapshot file cannot be written");
    }
    Ok(fresh)
}
