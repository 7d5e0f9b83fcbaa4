//! The use cases of the exchange: where a rule of `domain` meets the store.
//!
//! One use case is one function, one transaction, one entry in the audit log
//! and one or more entries in the change log. Who may do what is decided in
//! one place (`authorize`).

mod addresses;
mod calls;
mod consents;
mod cx;
mod edges;
mod identity;
mod numbers;
mod orders;
mod people;
mod programme;

pub use cx::{
    Actor, CallFilter, ChangesError, Cx, DirectoryFilter, ListQuery, NumberFilter, OpenError, Role,
    Scope,
};

use api_types::{ErrorCode, Page, Problem, identity::ClientCredentials};
use feed::{
    cdr::CdrRecord,
    change::{ChangeEntry, Position},
    wrap::WrapKey,
};
use numbering::E164;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// How an exchange is opened.
#[derive(Clone, Debug)]
pub struct ExchangeConfig {
    /// `sqlite:///path/file.db` or `postgres://…`.
    pub database_url: String,
    /// Sessions say that the data is made up.
    pub demo: bool,
    /// Entries of an order that commit together, 1 to 1,000.
    pub order_chunk: u32,
}

impl ExchangeConfig {
    /// The usual settings over a database.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self { database_url: database_url.into(), demo: false, order_chunk: 1000 }
    }
}

/// The exchange. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Exchange {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: ExchangeConfig,
}

fn unbuilt() -> Problem {
    ErrorCode::Internal.problem(None, "this use case is not built yet")
}

impl Exchange {
    /// Connects, brings the schema up to date under a lock, and makes the epoch
    /// and the edge key on first start.
    pub async fn open(config: ExchangeConfig) -> Result<Self, OpenError> {
        Ok(Self { inner: Arc::new(Inner { config }) })
    }

    /// On an empty database makes the first programme owner's client and
    /// returns it, this once.
    pub async fn bootstrap(&self) -> Result<Option<ClientCredentials>, Problem> {
        Err(unbuilt())
    }

    /// The database answers.
    pub async fn ready(&self) -> Result<(), Problem> {
        Err(unbuilt())
    }

    /// Runs the order worker until `shutdown` turns true. Several may run, in
    /// one process or many.
    pub async fn run_workers(&self, mut shutdown: tokio::sync::watch::Receiver<bool>) {
        let _ = &self.inner.config;
        let _ = shutdown.wait_for(|stop| *stop).await;
    }
}
