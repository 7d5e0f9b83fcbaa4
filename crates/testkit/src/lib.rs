//! What tests of several crates share: a PostgreSQL cluster of the test's own,
//! temporary folders, waiting for a condition. Only ever a dev-dependency.

mod mail;
mod postgres;
mod receiver;
mod temp;

pub use mail::{Mail, MailServer};
pub use postgres::{Cluster, cluster};
pub use receiver::{Received, Receiver, Reply, unbase64};
pub use temp::TempDir;

use std::time::{Duration, Instant};

/// A database to run a test on: a fresh one, empty.
#[derive(Debug)]
pub struct Database {
    /// `sqlite` or `postgres`, for messages.
    pub name: &'static str,
    /// What `Exchange::open` and `--database-url` take.
    pub url: String,
    /// Keeps a SQLite file's folder until the test is over.
    _folder: Option<TempDir>,
}

/// A fresh SQLite database in a folder of its own.
pub fn sqlite() -> Database {
    let folder = TempDir::new("sqlite");
    let url = format!("sqlite://{}", folder.path().join("meetpoint.db").display());
    Database { name: "sqlite", url, _folder: Some(folder) }
}

/// A fresh PostgreSQL database in the test process's own cluster.
pub fn postgres() -> Database {
    Database { name: "postgres", url: cluster().database(), _folder: None }
}

/// A fresh database in a cluster that the test may stop.
pub fn postgres_in(cluster: &Cluster) -> Database {
    Database { name: "postgres", url: cluster.database(), _folder: None }
}

impl Database {
    /// The same database for another node; a SQLite file stays with the first one.
    pub fn beside(&self) -> Self {
        Self { name: self.name, url: self.url.clone(), _folder: None }
    }
}

/// One of each: what every suite over the store runs on.
pub fn both() -> [Database; 2] {
    [sqlite(), postgres()]
}

/// Asks again until `ready` answers; panics with `what` after ten seconds.
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(answer) = ready() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited ten seconds in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Writes the same asynchronous test once for each database:
/// `on_both!(name, |db| { … db.url … });`.
#[macro_export]
macro_rules! on_both {
    ($name:ident, |$db:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every test needs its module's imports")]
            use super::*;

            async fn story($db: &$crate::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                story(&$crate::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                story(&$crate::postgres()).await;
            }
        }
    };
}
