//! One running Meetpoint: exchange, API, page, and an edge beside them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::{ApiConfig, ApiState};
use api_types::Problem;
use api_types::identity::ClientCredentials;
use domain::EdgeId;
use edge::{Edge, EdgeConfig, EdgeError, EdgeHandle};
use exchange::{Exchange, ExchangeConfig, OpenError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::admin::{self, Admin, AdminSettings, InsideSettings};
use crate::carrier::InProcess;
use crate::settings::EdgeSettings;

/// How long requests that have begun may take when the process stops.
pub const GRACE: Duration = Duration::from_secs(10);

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
    /// A folder or file.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// The address of the API is taken or not ours.
    #[error("listen on {address}: {error}. Choose another address with --listen.")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What happened.
        error: std::io::Error,
    },
    /// The edge.
    #[error("{0}")]
    Edge(#[from] EdgeError),
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
        let listener = TcpListener::bind(plan.listen)
            .await
            .map_err(|error| StartError::Listen { address: plan.listen, error })?;
        let http = listener
            .local_addr()
            .map_err(|error| StartError::Listen { address: plan.listen, error })?;

        let (stop, stopping) = watch::channel(false);
        let edge = match plan.edge {
            Some(settings) => {
                let secret = edge_secret(&plan.data_dir)?;
                let feed = Arc::new(InProcess::new(exchange.clone(), secret));
                Some(start_edge(settings, plan.inside.clone(), &plan.data_dir.join("edge"), feed)?)
            }
            None => None,
        };
        let (shown, all) = (edge.as_ref(), Some(exchange.clone()));
        let admin = start_admin(plan.inside.admin, shown, all, stopping.clone()).await?;
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
        let tasks = [Some(workers), Some(faces), admin_task].into_iter().flatten().collect();
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

/// Starts an edge over any carrier, on the current runtime.
///
/// # Errors
/// [`StartError::File`], [`StartError::Edge`].
pub fn start_edge(
    settings: EdgeSettings,
    inside: InsideSettings,
    folder: &Path,
    feed: Arc<dyn edge::link::Feed>,
) -> Result<EdgeHandle, StartError> {
    make_folder(folder)?;
    let config = EdgeConfig {
        listen_udp: settings.sip_udp,
        listen_tcp: settings.sip_tcp,
        advertised: settings.sip_host,
        home: settings.sip_home,
        fleet: settings.fleet,
        shards: settings.shards,
        trace_bytes: inside.trace_bytes,
        hep: inside.hep,
        shed_after: settings.shed_after,
        ..EdgeConfig::new(edge_id(folder)?, folder)
    };
    Ok(Edge::start(config, feed)?)
}

/// Starts the admin listener, if there is to be one: where it is reached, and its
/// task.
///
/// # Errors
/// [`StartError::Listen`].
pub async fn start_admin(
    settings: Option<AdminSettings>,
    edge: Option<&EdgeHandle>,
    exchange: Option<Exchange>,
    stopping: watch::Receiver<bool>,
) -> Result<Option<(SocketAddr, JoinHandle<()>)>, StartError> {
    let Some(AdminSettings { listen, token }) = settings else { return Ok(None) };
    let failed = |error| StartError::Listen { address: listen, error };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let admin = Admin { edge: edge.map(EdgeHandle::view), exchange, token };
    Ok(Some((address, tokio::spawn(admin::serve(listener, admin, stopping)))))
}

/// A folder, made for its owner only where it is not there yet: what is in it
/// holds secrets, whatever the umask says.
fn make_folder(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StartError::File { path: path.to_owned(), error })
}

/// The secret that wraps the edge's files, made on first start.
fn edge_secret(data_dir: &Path) -> Result<String, StartError> {
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

/// The identity of the edge in call records, made on first start.
fn edge_id(folder: &Path) -> Result<EdgeId, StartError> {
    let text = kept(
        &folder.join("edge-id"),
        |text| Uuid::parse_str(text).is_ok(),
        || Uuid::now_v7().to_string(),
    )?;
    Ok(EdgeId(Uuid::parse_str(&text).expect("`kept` returns only what parses")))
}

/// A line that is made once and kept in a file which only its owner may read.
fn kept(
    path: &Path,
    usable: impl Fn(&str) -> bool,
    make: impl Fn() -> String,
) -> Result<String, StartError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let failed = |error| StartError::File { path: path.to_owned(), error };
    match std::fs::read_to_string(path) {
        Ok(text) if usable(&text) => return Ok(text),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let text = make();
    // Whole or not at all: a torn line would be made anew, and differ.
    let draft = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = options.open(&draft).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&draft, path).map_err(failed)?;
    Ok(text)
}
