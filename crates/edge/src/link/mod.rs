//! The link to the control plane: one trait, two carriers, the same bytes
//! (design decision 2).
//!
//! [`Feed`] is implemented over HTTP by [`HttpFeed`] and in process by whoever
//! holds both sides. [`follow`] keeps the edge's world fresh from it,
//! [`deliver`] takes call records back.

mod deliver;
mod events;
mod follow;
mod http;
mod world_file;

#[cfg(test)]
mod tests;

pub use deliver::deliver;
pub use events::deliver_events;
pub use follow::{Follow, follow};
pub use http::HttpFeed;
pub use world_file::WorldFile;

use feed::{alarm::EventBatch, cdr::CdrBatch, change::Position, inside::EdgeAnswer, wrap::WrapKey};
use std::{future::Future, pin::Pin};

/// A boxed future, so that [`Feed`] can stand behind a pointer.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, FeedError>> + Send + 'a>>;

/// Why the control plane did not serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// Not there, or it broke off: try again.
    #[error("the control plane cannot be reached: {0}")]
    Unreachable(String),
    /// The log no longer reaches back that far, or has another epoch: take a snapshot.
    #[error("the change log does not reach back that far")]
    Gone,
    /// The token is not an edge's.
    #[error("the control plane refuses this edge's token")]
    Unauthorised,
    /// It will never take this request.
    #[error("the control plane refuses: {0}")]
    Refused(String),
}

/// The control plane, as an edge sees it.
pub trait Feed: Send + Sync + 'static {
    /// The key under which secrets stand in snapshots.
    fn wrap_key(&self) -> WrapKey;
    /// A whole snapshot file.
    fn snapshot(&self) -> Pending<'_, Vec<u8>>;
    /// The bytes of all frames after a position, as they come.
    fn changes(&self, since: Position) -> Pending<'_, Box<dyn ChangeStream>>;
    /// Takes call records; idempotent.
    fn deliver_cdrs<'a>(&'a self, batch: &'a CdrBatch) -> Pending<'a, ()>;
    /// Takes alarms; idempotent. One of version 0.1.0 refuses them.
    fn deliver_events<'a>(&'a self, _batch: &'a EventBatch) -> Pending<'a, ()> {
        Box::pin(async { Err(FeedError::Refused("this control plane takes no alarms".into())) })
    }
    /// Takes the answer to a question that came down the feed.
    fn answer<'a>(&'a self, _answer: &'a EdgeAnswer) -> Pending<'a, ()> {
        Box::pin(async { Err(FeedError::Refused("this control plane asked nothing".into())) })
    }
}

/// A stream of frame bytes, cut anywhere.
pub trait ChangeStream: Send {
    /// The next bytes; `None` when the other side closed.
    fn next_bytes(&mut self) -> Pending<'_, Option<Vec<u8>>>;
}
