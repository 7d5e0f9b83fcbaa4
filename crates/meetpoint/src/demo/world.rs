//! The demo's own Meetpoint: a fresh database, real sockets on loopback, and the
//! programme owner signed in.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;

use api::ApiConfig;
use api_types::identity::ClientCredentials;
use exchange::ExchangeConfig;
use tempfile::TempDir;

use super::client::{Client, Refusal};
use super::report::Fault;
use crate::house::{House, Plan};
use edge_host::settings::EdgeSettings;
use edge_host::{InsideWords, inside_settings};

/// Nobody who points a tool at the demo shall wonder about 429.
const NO_LIMIT: u32 = 1_000_000;

/// Where the demo runs.
#[derive(Clone, Debug, Default)]
pub struct WorldPlan {
    /// Address of API and page; `None` takes a free port.
    pub listen: Option<SocketAddr>,
    /// SIP port to take if it is free.
    pub sip_port: Option<u16>,
    /// Keep the data here; otherwise it goes when the demo ends.
    pub data_dir: Option<PathBuf>,
}

/// The demo's Meetpoint.
pub struct World {
    /// What runs.
    pub house: House,
    /// Address of API and page, without a trailing slash.
    pub base: String,
    /// The programme owner's program.
    pub owner: Client,
    /// Its credentials.
    pub owner_credentials: ClientCredentials,
    _folder: Option<TempDir>,
}

impl World {
    /// Starts it.
    ///
    /// # Errors
    /// [`Fault`] in words.
    pub async fn start(plan: WorldPlan) -> Result<Self, Fault> {
        let failed = |what: &str, error: &dyn std::fmt::Display| Fault(format!("{what}: {error}"));
        let folder = match &plan.data_dir {
            Some(_) => None,
            None => {
                let folder = tempfile::Builder::new().prefix("meetpoint-demo-").tempdir();
                Some(folder.map_err(|error| failed("no temporary folder", &error))?)
            }
        };
        let data_dir = match (&plan.data_dir, &folder) {
            (Some(path), _) => path.clone(),
            (None, Some(folder)) => folder.path().to_owned(),
            (None, None) => unreachable!("a temporary folder is made where none is named"),
        };
        let sip = sip_address(plan.sip_port);
        let database = data_dir.join("meetpoint.db");
        let house = House::start(Plan {
            inside: inside_settings(InsideWords::default())
                .expect("the defaults are good, as a test shows"),
            exchange: ExchangeConfig {
                demo: true,
                ..ExchangeConfig::new(format!("sqlite://{}", database.display()))
            },
            listen: plan.listen.unwrap_or((Ipv4Addr::LOCALHOST, 0).into()),
            api: ApiConfig {
                requests_per_minute: NO_LIMIT,
                session_requests_per_minute: NO_LIMIT,
                ..ApiConfig::default()
            },
            edge: Some(EdgeSettings {
                sip_home: Vec::new(),
                fleet: None,
                sip_udp: vec![sip],
                sip_tcp: vec![sip],
                sip_host: None,
                shards: None,
                shed_after: edge::core::admission::SHED_AFTER,
            }),
            data_dir: data_dir.clone(),
        })
        .await
        .map_err(|error| failed("the demo does not start", &error))?;
        let base = format!("http://{}", house.http);
        let Some(owner_credentials) = house.owner.clone() else {
            house.stop().await;
            return Err(Fault(format!(
                "{} holds a Meetpoint already; give the demo an empty folder, or run \
                 `meetpoint serve --data-dir {0}`",
                data_dir.display()
            )));
        };
        let owner =
            Client::sign_in(&base, owner_credentials.client_id, &owner_credentials.client_secret)
                .await?;
        Ok(Self { house, base, owner, owner_credentials, _folder: folder })
    }

    /// A token for a client's credentials.
    pub async fn sign_in(&self, credentials: &ClientCredentials) -> Result<Client, Refusal> {
        Client::sign_in(&self.base, credentials.client_id, &credentials.client_secret).await
    }

    /// Where the edge takes SIP over UDP.
    pub fn sip_udp(&self) -> Result<SocketAddr, Fault> {
        self.house.sip_udp().ok_or_else(|| Fault("the edge has no UDP socket".to_owned()))
    }

    /// Where the edge takes SIP over TCP.
    pub fn sip_tcp(&self) -> Result<SocketAddr, Fault> {
        self.house.sip_tcp().ok_or_else(|| Fault("the edge has no TCP socket".to_owned()))
    }
}

/// An address that is free for UDP and TCP: the wished port, else any.
fn sip_address(wished: Option<u16>) -> SocketAddr {
    let free = |port: u16| {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        let address = udp.local_addr().ok()?;
        TcpListener::bind(address).ok().map(|_| address)
    };
    wished
        .and_then(free)
        .or_else(|| (0..20).find_map(|_| free(0)))
        .unwrap_or((Ipv4Addr::LOCALHOST, 0).into())
}

/// The wished address if it is free, else a free port of the same host.
pub fn http_address(wished: SocketAddr) -> SocketAddr {
    match TcpListener::bind(wished) {
        Ok(_) => wished,
        Err(_) => (wished.ip(), 0).into(),
    }
}
