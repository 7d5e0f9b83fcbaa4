//! Starting an edge and its admin listener, and the few files they are known by.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::EdgeId;
use edge::{Edge, EdgeConfig, EdgeError, EdgeHandle};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::admin::{self, Admin, AdminSettings, Beside, InsideSettings};
use crate::settings::EdgeSettings;

/// Why something did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A folder or file.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// An address is taken or not ours.
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

/// Listens for HTTP; with the address it is reached by.
///
/// # Errors
/// [`StartError::Listen`].
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let at = listener.local_addr().map_err(failed)?;
    Ok((listener, at))
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
    beside: Option<Beside>,
    stopping: watch::Receiver<bool>,
) -> Result<Option<(SocketAddr, JoinHandle<()>)>, StartError> {
    let Some(AdminSettings { listen: at, token }) = settings else { return Ok(None) };
    let (listener, address) = listen(at).await?;
    let admin = Admin { edge: edge.map(EdgeHandle::view), beside, token };
    Ok(Some((address, tokio::spawn(admin::serve(listener, admin, stopping)))))
}

/// A folder, made for its owner only where it is not there yet: what is in it
/// holds secrets, whatever the umask says.
///
/// # Errors
/// [`StartError::File`].
pub fn make_folder(path: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StartError::File { path: path.to_owned(), error })
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
///
/// # Errors
/// [`StartError::File`].
pub fn kept(
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
