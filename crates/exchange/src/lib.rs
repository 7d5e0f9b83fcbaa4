//! The use cases of the exchange: where a rule of `domain` meets the store.
//!
//! One use case is one function, one transaction, one entry in the audit log
//! and one or more entries in the change log. Who may do what is decided in
//! one place (`authorize`).

#![allow(
    clippy::result_large_err,
    reason = "a problem document is the answer itself, made once a request"
)]

mod accounts;
mod act;
mod addresses;
mod alarms;
mod authz;
mod billing;
mod bulk;
mod calling;
mod calling_file;
mod calls;
mod clients;
mod coexistence;
pub mod compat;
mod conferences;
mod consents;
mod cx;
mod deliver;
mod direct_numbers;
mod disputes;
mod edge_keys;
mod edges;
mod edges_known;
mod emergency_calls;
mod engagement;
mod events;
mod explain;
mod explain_number;
mod fallback;
mod fraud;
mod freezes;
mod gateways;
mod groups;
mod identity;
mod inside;
mod issuers;
mod jwt;
mod leads;
mod leavers;
mod lines;
mod listing;
mod mail;
mod mask;
mod networks;
mod notices;
mod numbers;
mod offers;
mod oidc;
mod orders;
mod people;
mod people_file;
mod placer;
mod placing;
mod policies;
mod policy_emergency;
mod policy_settings;
mod programme;
mod records;
mod reservations;
pub mod scim;
mod screening;
mod secret;
mod shared_calling;
mod sharing;
mod sheet;
mod shop;
mod stock;
mod storefront;
mod tail;
mod tenant_orders;
mod totp;
mod user_file;
mod voice_routing;
mod voice_targets;
mod webhooks;
mod worker;
mod world;

pub use alarms::AlarmFilter;
pub use authz::{Access, Face, admit, scopes_for};
pub use billing::ExportJob;
pub use clients::ClientProof;
pub use cx::{
    Actor, CallFilter, ChangesError, Cx, DirectoryFilter, ListQuery, NumberFilter, OpenError, Role,
    Scope,
};

pub use deliver::WebhookConfig;
pub use events::{Events, event_types};
pub use explain_number::NumberQuestion;
pub use inside::WhichCall;
pub use lines::category as assignment_category;
pub use listing::{Narrow, Narrowed};
pub use mail::MailFilter;
pub use outbound::webhook::Received;
pub use sharing::RequestUse;
pub use shop::ShopSearch;
pub use tenant_orders::TenantOrderFile;

use act::{Fail, change, store_problem};
use api_types::{ErrorCode, Page, Problem, identity::ClientCredentials};
use domain::webhook::Patience;
use feed::{
    cdr::CdrRecord,
    change::{Change, ChangeEntry, Position},
    record::EdgeKey,
    wrap::WrapKey,
};
use numbering::E164;
use outbound::{Fetcher, Guard, Http, Mailer, Poster};
use std::{pin::Pin, sync::Arc, time::Duration};
use store::{Db, Store, StoreError, Tx};
use uuid::Uuid;

/// How long a database may take to say that it is there.
const READY: Duration = Duration::from_secs(4);

/// How an exchange is opened.
#[derive(Clone, Debug)]
pub struct ExchangeConfig {
    /// `sqlite:///path/file.db` or `postgres://…`.
    pub database_url: String,
    /// Sessions say that the data is made up.
    pub demo: bool,
    /// Entries of an order that commit together, 1 to 1,000.
    pub order_chunk: u32,
    /// Positions of the change log that are kept; an edge further behind takes
    /// a snapshot.
    pub changes_kept: u64,
    /// How events are delivered to the endpoints of subscriptions.
    pub webhooks: WebhookConfig,
    /// Who posts them; left out, an HTTP client that calls the public Internet only.
    pub poster: Option<Arc<dyn Poster>>,
    /// Who asks issuers and clients for their keys; left out, an HTTP client that asks anybody by
    /// https, since the programme owner names them.
    pub fetcher: Option<Arc<dyn Fetcher>>,
    /// Who hands mails to a mail server; left out, this node sends none.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// When a mail that was not taken is tried again.
    pub mail_patience: Patience,
    /// How soon they are asked for again where a token names one that was not among them.
    pub keys_again: Duration,
}

impl ExchangeConfig {
    /// The usual settings over a database.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            demo: false,
            order_chunk: 1000,
            changes_kept: 1_000_000,
            webhooks: WebhookConfig::default(),
            poster: None,
            fetcher: None,
            mailer: None,
            mail_patience: mail::PATIENCE,
            keys_again: Duration::from_secs(5),
        }
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
    store: Store,
    /// Told when an order was placed here.
    orders: tokio::sync::Notify,
    /// To the edges.
    questions: inside::Questions,
    /// Whom the newest changes concern.
    tail: tail::Tail,
    /// To the outside.
    poster: Arc<dyn Poster>,
    fetcher: Arc<dyn Fetcher>,
    /// Of clients and outside issuers.
    key_sets: jwt::KeySets,
    /// What issuers say of themselves.
    discoveries: oidc::Discoveries,
}

impl Exchange {
    /// Connects, brings the schema up to date under a lock, and makes the epoch
    /// and the edge key on first start.
    pub async fn open(mut config: ExchangeConfig) -> Result<Self, OpenError> {
        config.order_chunk = config.order_chunk.clamp(1, 1000);
        let store = Store::open(&config.database_url).await.map_err(|error| match error {
            store::OpenError::Scheme | store::OpenError::Url(_) => {
                OpenError::Url(error.to_string())
            }
            _ => OpenError::Store(error.to_string()),
        })?;
        let mut fresh = vec![0u8; 64];
        getrandom::fill(&mut fresh).expect("the operating system gives random bytes");
        let first_key = async |mut tx: Tx| -> Result<(), StoreError> {
            if tx.edge_key_list().await?.is_empty() {
                let at = tx.at();
                if tx.edge_key_insert(1, &fresh, at).await? {
                    let key = EdgeKey { id: 1, secret: fresh.clone(), seals_from_us: 0 };
                    change(&mut tx, &Change::EdgeKeyPut(key));
                    tx.audit(None, "edge_key.create", "1", None).await?;
                }
            }
            Ok(())
        };
        store.write(first_key).await.map_err(|error| OpenError::Store(error.to_string()))?;
        let (orders, questions) = (tokio::sync::Notify::new(), inside::Questions::default());
        let tail = tail::Tail::default();
        let poster = config.poster.clone().unwrap_or_else(|| Arc::new(Http::new(Guard::default())));
        let fetcher =
            config.fetcher.clone().unwrap_or_else(|| Arc::new(Http::new(Guard::anywhere())));
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                store,
                orders,
                questions,
                tail,
                poster,
                fetcher,
                key_sets: jwt::KeySets::default(),
                discoveries: oidc::Discoveries::default(),
            }),
        })
    }

    /// On an empty database makes the first programme owner's client and
    /// returns it, this once.
    pub async fn bootstrap(&self) -> Result<Option<ClientCredentials>, Problem> {
        let first = async |mut tx: Tx| -> Result<Option<ClientCredentials>, Fail> {
            tx.bootstrap_lock().await?;
            if tx.principal_count().await? > 0 {
                return Ok(None);
            }
            let made =
                identity::client_insert(&mut tx, "programme owner", Role::ProgrammeOwner, &[])
                    .await?;
            tx.audit(None, "client.bootstrap", &made.client_id.to_string(), None).await?;
            Ok(Some(made))
        };
        Ok(self.inner.store.write(first).await?)
    }

    /// The database answers, and in time: one that hangs is as good as gone.
    ///
    /// # Errors
    /// `database_away`, `busy`.
    pub async fn ready(&self) -> Result<(), Problem> {
        let look = self.view(async |mut db| Ok(db.change_newest().await?));
        match tokio::time::timeout(READY, look).await {
            Ok(answer) => answer.map(drop),
            Err(_elapsed) => {
                let reason = format!("the database gave no answer within {} s", READY.as_secs());
                Err(ErrorCode::DatabaseAway.problem(None, reason))
            }
        }
    }

    /// Closes every connection to the database.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }

    /// Which life of the change log this is.
    pub fn epoch(&self) -> Uuid {
        self.inner.store.epoch()
    }

    pub(crate) async fn read(&self) -> Result<Db, Problem> {
        self.inner.store.read().await.map_err(|error| store_problem(&error))
    }

    /// Reads what the actor reaches, at one moment.
    pub(crate) fn view_as<'a, T: Send + 'a, Work>(
        &'a self,
        cx: &'a Cx,
        work: impl FnOnce(Db) -> Work + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'a>>
    where
        Work: Future<Output = Result<T, Fail>> + Send + 'a,
    {
        Box::pin(async move {
            let db = self.inner.store.read_as(cx.reach()).await;
            Ok(work(db.map_err(|error| store_problem(&error))?).await?)
        })
    }

    /// Reads anything at one moment, for what has to see both sides of a wall and shows one.
    /// The future is boxed here, where its borrows have
    /// names: a caller further up could not show that it is `Send`.
    pub(crate) fn view<'a, T: Send + 'a, Work>(
        &'a self,
        work: impl FnOnce(Db) -> Work + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'a>>
    where
        Work: Future<Output = Result<T, Fail>> + Send + 'a,
    {
        Box::pin(async move { Ok(work(self.read().await?).await?) })
    }
}
