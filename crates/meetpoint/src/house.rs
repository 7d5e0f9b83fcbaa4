//! One running Meetpoint: exchange, API, page, and an edge beside them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{ApiConfig, ApiState};
use api_types::Problem;
use api_types::identity::ClientCredentials;
use edge::EdgeHandle;
use edge::inside::metrics::Text;
use edge_host::settings::EdgeSettings;
use edge_host::{
    Beside, GRACE, InsideSettings, kept, listen, make_folder, start_admin, start_edge,
};
use exchange::{Exchange, ExchangeConfig, OpenError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::carrier::InProcess;

/// What to start.
pub struct Plan {
    /// The exchange over its database.
    pub exchange: ExchangeConfig,
    /// API and page.
    pub listen: SocketAddr,
    /// How they behave.
    pub api: ApiConfig,
    /// The edge, if it is to run here.
    pub edge: Option<EdgeSettings>,
    /// Looking inside.
    pub inside: InsideSettings,
    /// Where the edge keeps its files.
    pub data_dir: PathBuf,
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("database: {0}")]
    Open(#[from] OpenError),
    /// The first client could not be made.
    #[error("first start: {0}")]
    Bootstrap(Box<Problem>),
    /// A file, an address, or the edge.
    #[error(transparent)]
    Host(#[from] edge_host::StartError),
}

/// A running Meetpoint. Stop it with [`House::stop`].
pub struct House {
    /// Where API and page are reached.
    pub http: SocketAddr,
    /// The first programme owner, on an empty database only.
    pub owner: Option<ClientCredentials>,
    /// Where the admin listener is reached.
    pub admin: Option<SocketAddr>,
    edge: Option<EdgeHandle>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl House {
    /// Starts everything; returns when all sockets are open.
    ///
    /// # Errors
    /// [`StartError`] says which part and why.
    pub async fn start(plan: Plan) -> Result<Self, StartError> {
        make_folder(&plan.data_dir)?;
        let exchange = Exchange::open(plan.exchange).await?;
        let (listener, http) = listen(plan.listen).await?;

        let (stop, stopping) = watch::channel(false);
        let edge = match plan.edge {
            Some(settings) => {
                let secret = edge_secret(&plan.data_dir)?;
                let feed = Arc::new(InProcess::new(exchange.clone(), secret));
                Some(start_edge(settings, plan.inside.clone(), &plan.data_dir.join("edge"), feed)?)
            }
            None => None,
        };
        let beside = Some(metrics_of(exchange.clone()));
        let admin = start_admin(plan.inside.admin, edge.as_ref(), beside, stopping.clone()).await?;
        // Last of what may fail: the owner's secret is shown once, by whoever started
        // this. A start that failed after it would lock everybody out.
        let owner = match exchange.bootstrap().await {
            Ok(owner) => owner,
            Err(problem) => {
                if let Some(edge) = edge {
                    edge.shutdown().await;
                }
                return Err(StartError::Bootstrap(Box::new(problem)));
            }
        };
        let workers = {
            let (exchange, stopping) = (exchange.clone(), stopping.clone());
            tokio::spawn(async move { exchange.run_workers(stopping).await })
        };
        let webhooks = {
            let (exchange, stopping) = (exchange.clone(), stopping.clone());
            tokio::spawn(async move { exchange.run_webhooks(stopping).await })
        };
        let mails = {
            let (exchange, stopping) = (exchange.clone(), stopping.clone());
            tokio::spawn(async move { exchange.run_mails(stopping).await })
        };
        let state = ApiState { exchange, config: plan.api };
        let faces = tokio::spawn(async move {
            let mut stopping = stopping;
            let until = async move {
                // An error means that the sender is gone: stop as well.
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            if let Err(error) = api::serve(listener, state, until).await {
                tracing::error!(%error, "the HTTP server ended");
            }
        });
        let (admin, admin_task) = admin.unzip();
        let tasks = [Some(workers), Some(webhooks), Some(mails), Some(faces), admin_task]
            .into_iter()
            .flatten()
            .collect();
        Ok(Self { http, owner, admin, edge, stop, tasks })
    }

    /// The edge's first address for SIP over UDP.
    pub fn sip_udp(&self) -> Option<SocketAddr> {
        self.edge.as_ref().and_then(|edge| edge.udp_addresses().first().copied())
    }

    /// The edge's first address for SIP over TCP.
    pub fn sip_tcp(&self) -> Option<SocketAddr> {
        self.edge.as_ref().and_then(|edge| edge.tcp_addresses().first().copied())
    }

    /// Stops: requests that have begun end, call records are delivered.
    pub async fn stop(self) {
        if let Some(edge) = self.edge {
            edge.shutdown().await;
        }
        self.stop.send_replace(true);
        for task in self.tasks {
            if tokio::time::timeout(GRACE, task).await.is_err() {
                tracing::warn!("something did not end in time");
            }
        }
    }
}

/// The secret that wraps the edge's files, made on first start.
fn edge_secret(data_dir: &Path) -> Result<String, edge_host::StartError> {
    kept(
        &data_dir.join("edge-secret"),
        |text| text.len() == 64,
        || {
            let mut bytes = [0u8; 32];
            getrandom::fill(&mut bytes).expect("the system has randomness once it has booted");
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        },
    )
}

/// What the control plane tells Prometheus.
fn metrics_of(exchange: Exchange) -> Beside {
    Box::new(move || {
        let exchange = exchange.clone();
        Box::pin(async move {
            let mut control = Text::default();
            let (gauge, ready) = ("gauge", exchange.ready().await.is_ok());
            let help = "1 while the control plane's database answers.";
            control.single("meetpoint_database_up", gauge, help, u8::from(ready));
            let help = "Edges that follow the feed of this node.";
            control.single("meetpoint_edges_following", gauge, help, exchange.edges_following());
            if let Ok((failing, disabled)) = exchange.webhooks_failing().await {
                let help = "Endpoints of webhooks that fail and are tried again.";
                control.single("meetpoint_webhooks_failing", gauge, help, failing);
                let help = "Endpoints that were disabled since they failed for too long.";
                control.single("meetpoint_webhooks_disabled", gauge, help, disabled);
            }
            if let Ok((waiting, failed)) = exchange.mails_unsent().await {
                let help = "Mails to people that wait to be sent.";
                control.single("meetpoint_mails_waiting", gauge, help, waiting);
                let help = "Mails of the last 30 days that no mail server took.";
                control.single("meetpoint_mails_failed", gauge, help, failed);
            }
            control.into_string()
        })
    })
}
