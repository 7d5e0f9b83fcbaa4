//! Settings of an edge and of looking inside it, from the words of flags, environment
//! or a file; each refusal names the setting and what to do.

use clap::Args;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use edge::fleet::FleetConfig;

/// Settings of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeSettings {
    /// SIP over UDP.
    pub sip_udp: Vec<SocketAddr>,
    /// SIP over TCP.
    pub sip_tcp: Vec<SocketAddr>,
    /// Host it is reached by; `None` takes the listening address.
    pub sip_host: Option<String>,
    /// Hosts of these addresses that are its own; empty is all of them.
    pub sip_home: Vec<IpAddr>,
    /// The other edges.
    pub fleet: Option<FleetConfig>,
    /// Threads that carry calls; `None` is one per core.
    pub shards: Option<usize>,
    /// How long one of them may have work without a pause before it refuses calls.
    pub shed_after: Duration,
}

/// The words for an edge's settings, as flags, environment or file have them; one text for
/// flags and environment of `serve` and `edge`.
#[derive(Args, Clone, Debug, Default)]
pub struct EdgeWords {
    /// SIP over UDP; several with commas [default: 127.0.0.1:5060]
    #[arg(long, env = "MEETPOINT_SIP_UDP", value_name = "ADDRESS:PORT", value_delimiter = ',')]
    pub sip_udp: Option<Vec<String>>,
    /// SIP over TCP; several with commas [default: 127.0.0.1:5060]
    #[arg(long, env = "MEETPOINT_SIP_TCP", value_name = "ADDRESS:PORT", value_delimiter = ',')]
    pub sip_tcp: Option<Vec<String>>,
    /// Host name or address that phones and operators reach the edge by
    #[arg(long, env = "MEETPOINT_SIP_HOST", value_name = "HOST")]
    pub sip_host: Option<String>,
    /// Which hosts among these addresses are this edge's own; the others it takes over while
    /// their edge is gone. All edges then list the same addresses in the same order
    #[arg(long, env = "MEETPOINT_SIP_HOME", value_name = "HOST", value_delimiter = ',')]
    pub sip_home: Option<Vec<String>>,
    /// Where the edges speak to each other: this edge's own address, over TCP
    #[arg(long, env = "MEETPOINT_FLEET_LISTEN", value_name = "ADDRESS:PORT")]
    pub fleet_listen: Option<String>,
    /// The same of the other edges; several with commas
    #[arg(long, env = "MEETPOINT_SIBLINGS", value_name = "ADDRESS:PORT", value_delimiter = ',')]
    pub siblings: Option<Vec<String>>,
    /// Threads that carry calls [default: one per core]
    #[arg(long, env = "MEETPOINT_SHARDS", value_name = "COUNT")]
    pub shards: Option<usize>,
    /// Milliseconds that work may wait without a pause before new calls are refused; while
    /// they are, a fifth of that [default: 1000]
    #[arg(long, env = "MEETPOINT_SHED_AFTER_MS", value_name = "MILLISECONDS")]
    pub shed_after_ms: Option<u64>,
}

impl EdgeWords {
    /// These, and where they say nothing, those.
    pub fn or(self, other: Self) -> Self {
        Self {
            sip_udp: self.sip_udp.or(other.sip_udp),
            sip_tcp: self.sip_tcp.or(other.sip_tcp),
            sip_host: self.sip_host.or(other.sip_host),
            sip_home: self.sip_home.or(other.sip_home),
            fleet_listen: self.fleet_listen.or(other.fleet_listen),
            siblings: self.siblings.or(other.siblings),
            shards: self.shards.or(other.shards),
            shed_after_ms: self.shed_after_ms.or(other.shed_after_ms),
        }
    }
}

/// What is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// Stable.
    pub code: &'static str,
    /// Which setting.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, field, reason, remedy } = self;
        write!(f, "{code}: {field}: {reason}. {remedy}")
    }
}

impl std::error::Error for SettingsError {}

/// A refusal of a setting.
///
/// # Errors
/// Always: the refusal.
pub fn refuse<T>(
    code: &'static str,
    field: &str,
    reason: impl fmt::Display,
    remedy: &str,
) -> Result<T, SettingsError> {
    let (field, reason, remedy) = (field.to_owned(), reason.to_string(), remedy.to_owned());
    Err(SettingsError { code, field, reason, remedy })
}

/// An edge's settings from their words.
///
/// # Errors
/// [`SettingsError`] names the setting and what to do.
pub fn edge_settings(words: EdgeWords) -> Result<EdgeSettings, SettingsError> {
    let settings = EdgeSettings {
        sip_udp: addresses("sip_udp", words.sip_udp)?,
        sip_tcp: addresses("sip_tcp", words.sip_tcp)?,
        sip_host: words.sip_host,
        sip_home: hosts("sip_home", words.sip_home)?,
        fleet: fleet(words.fleet_listen, words.siblings)?,
        shards: match words.shards {
            Some(count) => Some(bounded("shards", count as u64, 1, 256)? as usize),
            None => None,
        },
        shed_after: match words.shed_after_ms {
            // Below that every burst of packets would be overload.
            Some(ms) => Duration::from_millis(bounded("shed_after_ms", ms, 100, 60_000)?),
            None => edge::core::admission::SHED_AFTER,
        },
    };
    let mut listed = settings.sip_udp.iter().chain(&settings.sip_tcp);
    if let Some(home) =
        settings.sip_home.iter().find(|home| listed.clone().all(|a| a.ip() != **home))
    {
        return refuse(
            "home_unknown",
            "sip_home",
            format_args!("{home} is the host of no address in sip_udp or sip_tcp"),
            "List the addresses of all edges in sip_udp and sip_tcp, the same on each edge.",
        );
    }
    if !settings.sip_home.is_empty() && settings.fleet.is_none() {
        return refuse(
            "fleet_listen_missing",
            "fleet_listen",
            "an edge that takes addresses over must hear when their own edge is back",
            "Set fleet_listen to an address of this edge, and siblings to those of the others.",
        );
    }
    if !settings.sip_home.is_empty()
        && let Some(address) = listed.find(|a| a.port() == 0)
    {
        return refuse(
            "address_invalid",
            "sip_udp",
            format_args!("{address} takes any free port, so no other edge can take it over"),
            "Name the port, as a rule 5060.",
        );
    }
    Ok(settings)
}

fn fleet(
    listen: Option<String>,
    siblings: Option<Vec<String>>,
) -> Result<Option<FleetConfig>, SettingsError> {
    let siblings = siblings.unwrap_or_default();
    let siblings: Vec<SocketAddr> =
        siblings.iter().map(|text| address("siblings", text)).collect::<Result<_, _>>()?;
    match listen {
        Some(listen) => {
            Ok(Some(FleetConfig { listen: address("fleet_listen", &listen)?, siblings }))
        }
        None if siblings.is_empty() => Ok(None),
        None => refuse(
            "fleet_listen_missing",
            "fleet_listen",
            "there are siblings, but they have nowhere to reach this edge",
            "Name the address and port of this edge that the siblings list, such as 10.0.0.1:7071.",
        ),
    }
}

/// An address and port.
///
/// # Errors
/// `address_invalid`.
pub fn address(field: &str, text: &str) -> Result<SocketAddr, SettingsError> {
    text.parse().or_else(|_| {
        refuse(
            "address_invalid",
            field,
            format_args!("`{text}` is not an address and port"),
            "Write an IP address and a port, such as 0.0.0.0:5060 or [::]:5060.",
        )
    })
}

fn addresses(field: &str, texts: Option<Vec<String>>) -> Result<Vec<SocketAddr>, SettingsError> {
    match texts {
        Some(texts) => texts.iter().map(|text| address(field, text)).collect(),
        None => Ok(vec![address(field, "127.0.0.1:5060")?]),
    }
}

/// IP addresses without ports; none where nothing is said.
///
/// # Errors
/// `address_invalid`.
pub fn hosts(field: &str, texts: Option<Vec<String>>) -> Result<Vec<IpAddr>, SettingsError> {
    let parse = |text: String| {
        text.trim().parse().or_else(|_| {
            refuse(
                "address_invalid",
                field,
                format_args!("`{text}` is not an IP address"),
                "Write IP addresses without a port, such as 127.0.0.1 or ::1.",
            )
        })
    };
    texts.unwrap_or_default().into_iter().map(parse).collect()
}

/// A number within bounds.
///
/// # Errors
/// `value_out_of_range`.
pub fn bounded(field: &str, value: u64, least: u64, most: u64) -> Result<u64, SettingsError> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    refuse(
        "value_out_of_range",
        field,
        format_args!("{value} is not between {least} and {most}"),
        "Choose a value in that range, or leave it out for the default.",
    )
}
