//! What `meetpoint serve` is told: flags, then environment, then a small TOML
//! file, then defaults.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use edge_host::settings::{
    EdgeSettings, EdgeWords, SettingsError, address, bounded, edge_settings, hosts, refuse,
};
use edge_host::{InsideSettings, InsideWords, inside_settings};
use ipnet::IpNet;

/// Where `serve` listens and keeps its data. Each has an environment variable,
/// and most a line in the file named by `--config`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// A TOML file with the same names (flags and environment win over it)
    #[arg(long, env = "MEETPOINT_SETTINGS", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for the database (unless another is named) and the edge's files
    #[arg(long, env = "MEETPOINT_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// sqlite:///path/to/file.db or postgres://user:password@host/name
    #[arg(long, env = "MEETPOINT_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Address of the API and the web page [default: 127.0.0.1:8080]
    #[arg(long, env = "MEETPOINT_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    #[command(flatten)]
    pub sip: EdgeWords,
    #[command(flatten)]
    pub inside: InsideWords,
    /// No edge in this process: `meetpoint edge` runs elsewhere
    #[arg(long, env = "MEETPOINT_NO_EDGE", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_edge: bool,
    /// Browsers reach the page by https: through a proxy that speaks TLS
    #[arg(long, env = "MEETPOINT_HTTPS", value_parser = clap::builder::FalseyValueParser::new())]
    pub https: bool,
    /// Where clients and browsers reach the API: https://meetpoint.example
    #[arg(long, env = "MEETPOINT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Addresses of proxies whose X-Forwarded-For is believed; several with commas
    #[arg(long, env = "MEETPOINT_TRUSTED_PROXIES", value_name = "ADDRESS", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<String>>,
    /// Requests a minute of one client of the API [default: 100]
    #[arg(long, env = "MEETPOINT_REQUESTS_PER_MINUTE", value_name = "COUNT")]
    pub requests_per_minute: Option<u32>,
    /// Networks beside the public Internet that webhooks may reach, by plain http too; several with
    /// commas
    #[arg(long, env = "MEETPOINT_WEBHOOK_ALLOW", value_name = "NETWORK", value_delimiter = ',')]
    pub webhook_allow: Option<Vec<String>>,
    /// This node posts no events to webhooks
    #[arg(long, env = "MEETPOINT_NO_WEBHOOKS", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_webhooks: bool,
    /// The mail server that carries mails to people: smtps://user:password@host or
    /// smtp://user:password@host:587?tls=required; without it this node sends none
    #[arg(long, env = "MEETPOINT_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Who writes those mails [default: Meetpoint <meetpoint@HOST>, by the host of --public-url]
    #[arg(long, env = "MEETPOINT_MAIL_FROM", value_name = "NAME <ADDRESS>")]
    pub mail_from: Option<String>,
    /// Certificate in PEM to believe where the mail server shows it, beside those of this machine
    #[arg(long, env = "MEETPOINT_SMTP_CA", value_name = "FILE")]
    pub smtp_ca: Option<PathBuf>,
    /// Entries of a number order that commit together [default: 1000]
    #[arg(long, env = "MEETPOINT_ORDER_CHUNK", value_name = "COUNT", hide = true)]
    pub order_chunk: Option<u32>,
}

/// The file's own words. A name it does not know is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSettings {
    data_dir: Option<PathBuf>,
    database_url: Option<String>,
    listen: Option<String>,
    sip_udp: Option<Vec<String>>,
    sip_tcp: Option<Vec<String>>,
    sip_host: Option<String>,
    sip_home: Option<Vec<String>>,
    fleet_listen: Option<String>,
    siblings: Option<Vec<String>>,
    shards: Option<usize>,
    shed_after_ms: Option<u64>,
    admin_listen: Option<String>,
    admin_token: Option<String>,
    trace_mb: Option<u32>,
    hep_target: Option<String>,
    hep_id: Option<u32>,
    hep_password: Option<String>,
    edge: Option<bool>,
    https: Option<bool>,
    public_url: Option<String>,
    trusted_proxies: Option<Vec<String>>,
    requests_per_minute: Option<u32>,
    webhook_allow: Option<Vec<String>>,
    webhooks: Option<bool>,
    smtp_url: Option<String>,
    mail_from: Option<String>,
    smtp_ca: Option<PathBuf>,
    order_chunk: Option<u32>,
}

/// Settings that can be acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Folder of the edge's files, and of the database unless it is elsewhere.
    pub data_dir: PathBuf,
    /// The database.
    pub database_url: String,
    /// API and web page.
    pub listen: SocketAddr,
    /// The edge in this process, if there is one.
    pub edge: Option<EdgeSettings>,
    /// Looking inside.
    pub inside: InsideSettings,
    /// Browsers come by https.
    pub https: bool,
    /// Where clients and browsers reach the API.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Requests a minute of one client.
    pub requests_per_minute: u32,
    /// Networks that webhooks may reach beside the public Internet.
    pub webhook_allow: Vec<IpNet>,
    /// Events are posted to webhooks.
    pub webhooks: bool,
    /// The mail server.
    pub mail: Option<MailSettings>,
    /// Entries of an order that commit together.
    pub order_chunk: u32,
}

/// How mails leave the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// `smtps://…` or `smtp://…`, with the password.
    pub smtp_url: String,
    /// Who writes.
    pub from: String,
    /// Certificate in PEM to believe.
    pub ca: Option<PathBuf>,
}

impl Settings {
    /// Flags and environment as clap found them, over the file, over defaults.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting and what to do.
    pub fn resolve(args: ServeArgs) -> Result<Self, SettingsError> {
        let file = match &args.config {
            Some(path) => read_file(path)?,
            None => FileSettings::default(),
        };
        let data_dir =
            args.data_dir.or(file.data_dir).unwrap_or_else(|| PathBuf::from("meetpoint-data"));
        let database_url = args.database_url.or(file.database_url);
        let database_url = match database_url {
            Some(url) if url.starts_with("sqlite:") || is_postgres(&url) => url,
            Some(_) => {
                return refuse(
                    "database_url_invalid",
                    "database_url",
                    "it is neither sqlite:// nor postgres://",
                    "Write sqlite:///path/to/file.db or postgres://user:password@host/name.",
                );
            }
            None => format!("sqlite://{}", data_dir.join("meetpoint.db").display()),
        };
        let listen = args.listen.or(file.listen);
        let listen = address("listen", listen.as_deref().unwrap_or("127.0.0.1:8080"))?;
        let edge = if args.no_edge || file.edge == Some(false) {
            None
        } else {
            Some(edge_settings(args.sip.or(EdgeWords {
                sip_udp: file.sip_udp,
                sip_tcp: file.sip_tcp,
                sip_host: file.sip_host,
                sip_home: file.sip_home,
                fleet_listen: file.fleet_listen,
                siblings: file.siblings,
                shards: file.shards,
                shed_after_ms: file.shed_after_ms,
            }))?)
        };
        let inside = inside_settings(args.inside.or(InsideWords {
            admin_listen: file.admin_listen,
            admin_token: file.admin_token,
            trace_mb: file.trace_mb,
            hep_target: file.hep_target,
            hep_id: file.hep_id,
            hep_password: file.hep_password,
        }))?;
        let public_url = public_url(args.public_url.or(file.public_url))?;
        let mail = mail_settings(
            args.smtp_url.or(file.smtp_url),
            args.mail_from.or(file.mail_from),
            args.smtp_ca.or(file.smtp_ca),
            public_url.as_deref(),
        )?;
        let requests = args.requests_per_minute.or(file.requests_per_minute).unwrap_or(100);
        let chunk = args.order_chunk.or(file.order_chunk).unwrap_or(1000);
        Ok(Self {
            data_dir,
            database_url,
            listen,
            edge,
            inside,
            https: args.https || file.https == Some(true),
            public_url,
            trusted_proxies: hosts(
                "trusted_proxies",
                args.trusted_proxies.or(file.trusted_proxies),
            )?,
            requests_per_minute: bounded(
                "requests_per_minute",
                requests.into(),
                1,
                u32::MAX.into(),
            )? as u32,
            webhook_allow: networks(args.webhook_allow.or(file.webhook_allow))?,
            webhooks: !args.no_webhooks && file.webhooks != Some(false),
            mail,
            order_chunk: bounded("order_chunk", chunk.into(), 1, 1000)? as u32,
        })
    }

    /// The settings in the file's own words, secrets left out.
    pub fn summary(&self) -> String {
        let list = |addresses: &[SocketAddr]| {
            let texts: Vec<String> = addresses.iter().map(|a| format!("\"{a}\"")).collect();
            texts.join(", ")
        };
        let mut text = format!(
            "data_dir = {:?}\ndatabase_url = {:?}\nlisten = \"{}\"\nhttps = {}\n\
             requests_per_minute = {}\nedge = {}\n",
            self.data_dir,
            without_password(&self.database_url),
            self.listen,
            self.https,
            self.requests_per_minute,
            self.edge.is_some(),
        );
        if let Some(url) = &self.public_url {
            text += &format!("public_url = {url:?}\n");
        }
        let proxies = self.trusted_proxies.iter().map(|proxy| format!("\"{proxy}\""));
        text += &format!("trusted_proxies = [{}]\n", proxies.collect::<Vec<_>>().join(", "));
        let allowed = self.webhook_allow.iter().map(|network| format!("\"{network}\""));
        let allowed = allowed.collect::<Vec<_>>().join(", ");
        text += &format!("webhooks = {}\nwebhook_allow = [{allowed}]\n", self.webhooks);
        if let Some(mail) = &self.mail {
            let (url, from) = (without_password(&mail.smtp_url), &mail.from);
            text += &format!("smtp_url = {url:?}\nmail_from = {from:?}\n");
            if let Some(ca) = &mail.ca {
                text += &format!("smtp_ca = {ca:?}\n");
            }
        }
        if let Some(admin) = &self.inside.admin {
            text += &format!("admin_listen = \"{}\"\n", admin.listen);
        }
        if let Some(edge) = &self.edge {
            text += &format!("trace_mb = {}\n", self.inside.trace_bytes >> 20);
            if let Some(hep) = &self.inside.hep {
                text += &format!("hep_target = \"{}\"\nhep_id = {}\n", hep.target, hep.capture_id);
            }
            text += &format!("shed_after_ms = {}\n", edge.shed_after.as_millis());
            text += &format!(
                "sip_udp = [{}]\nsip_tcp = [{}]\n",
                list(&edge.sip_udp),
                list(&edge.sip_tcp)
            );
            if let Some(host) = &edge.sip_host {
                text += &format!("sip_host = {host:?}\n");
            }
            if let Some(fleet) = &edge.fleet {
                text += &format!(
                    "fleet_listen = \"{}\"\nsiblings = [{}]\n",
                    fleet.listen,
                    list(&fleet.siblings)
                );
            }
            if !edge.sip_home.is_empty() {
                let home = edge.sip_home.iter().map(|host| format!("\"{host}\""));
                text += &format!("sip_home = [{}]\n", home.collect::<Vec<_>>().join(", "));
            }
        }
        text
    }
}

fn networks(texts: Option<Vec<String>>) -> Result<Vec<IpNet>, SettingsError> {
    let parse = |text: String| {
        let text = text.trim();
        let whole = text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or(whole).or_else(|_| {
            refuse(
                "network_invalid",
                "webhook_allow",
                format_args!("`{text}` is not a network"),
                "Write networks such as 10.1.0.0/16 or fd00::/8, or single addresses.",
            )
        })
    };
    texts.unwrap_or_default().into_iter().map(parse).collect()
}

fn public_url(url: Option<String>) -> Result<Option<String>, SettingsError> {
    let Some(url) = url else { return Ok(None) };
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.map(|rest| rest.trim_end_matches('/')).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return refuse(
            "public_url_invalid",
            "public_url",
            "it is not the address of a host alone",
            "Write https://meetpoint.example, with a port where it has one and no path.",
        );
    }
    Ok(Some(url.trim_end_matches('/').to_owned()))
}

fn mail_settings(
    url: Option<String>,
    from: Option<String>,
    ca: Option<PathBuf>,
    public_url: Option<&str>,
) -> Result<Option<MailSettings>, SettingsError> {
    let Some(smtp_url) = url else { return Ok(None) };
    let host = public_url.and_then(|url| url.split_once("://")).map(|(_, host)| host);
    let named = host.filter(|host| host.contains(|c: char| c.is_ascii_alphabetic()));
    let host = named.and_then(|host| host.split(':').next());
    let from = from.or_else(|| host.map(|host| format!("Meetpoint <meetpoint@{host}>")));
    let Some(from) = from else {
        return refuse(
            "mail_from_missing",
            "mail_from",
            "a mail server is named, and nobody who writes",
            "Write mail_from = \"Telephony <telephony@example.com>\", or set public_url.",
        );
    };
    Ok(Some(MailSettings { smtp_url, from, ca }))
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme && !url.starts_with("sqlite") => {
            let user = &url[scheme + 3..at];
            let user = user.split(':').next().unwrap_or_default();
            format!("{}{user}:…{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

fn read_file(path: &Path) -> Result<FileSettings, SettingsError> {
    let field = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            return refuse(
                "config_unreadable",
                &field,
                error,
                "Check the path and its permissions.",
            );
        }
    };
    toml::from_str(&text).or_else(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        let reason = format!("line {line}: {}", error.message().trim_end_matches(['.', '\n']));
        refuse(
            "config_invalid",
            &field,
            reason.replace('\n', ", "),
            "`meetpoint serve --help` names every setting; in the file, - becomes _.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str, args: ServeArgs) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("meetpoint.toml");
        std::fs::write(&path, text).expect("it is ours");
        Settings::resolve(ServeArgs { config: Some(path), ..args })
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let args = ServeArgs { listen: Some("127.0.0.1:9000".into()), ..ServeArgs::default() };
        let settings = with_file(
            "listen = \"127.0.0.1:1\"\ndata_dir = \"/srv/m\"\nsip_udp = [\"0.0.0.0:5080\"]\n",
            args,
        )
        .expect("it is well-formed");
        assert_eq!(settings.listen, "127.0.0.1:9000".parse().expect("an address"));
        assert_eq!(settings.database_url, "sqlite:///srv/m/meetpoint.db");
        let edge = settings.edge.expect("there is an edge by default");
        assert_eq!(edge.sip_udp, ["0.0.0.0:5080".parse().expect("an address")]);
        assert_eq!(edge.sip_tcp, ["127.0.0.1:5060".parse().expect("an address")]);
        assert_eq!(with_file("edge = false\n", ServeArgs::default()).expect("fine").edge, None);
    }

    #[test]
    fn each_mistake_names_its_setting() {
        for (text, code, field) in [
            ("listn = \"127.0.0.1:1\"\n", "config_invalid", ""),
            ("listen = \"localhost\"\n", "address_invalid", "listen"),
            ("sip_udp = [\"5060\"]\n", "address_invalid", "sip_udp"),
            ("database_url = \"mysql://x\"\n", "database_url_invalid", "database_url"),
            ("order_chunk = 0\n", "value_out_of_range", "order_chunk"),
            ("trusted_proxies = [\"proxy\"]\n", "address_invalid", "trusted_proxies"),
            ("webhook_allow = [\"10.0.0.0/40\"]\n", "network_invalid", "webhook_allow"),
            ("shards = 0\n", "value_out_of_range", "shards"),
            ("smtp_url = \"smtp://h\"\n", "mail_from_missing", "mail_from"),
            ("siblings = [\"10.0.0.2:7071\"]\n", "fleet_listen_missing", "fleet_listen"),
            ("fleet_listen = \"7071\"\n", "address_invalid", "fleet_listen"),
            ("sip_home = [\"here\"]\n", "address_invalid", "sip_home"),
            ("sip_home = [\"192.0.2.9\"]\n", "home_unknown", "sip_home"),
            ("sip_home = [\"127.0.0.1\"]\n", "fleet_listen_missing", "fleet_listen"),
            (
                "fleet_listen = \"127.0.0.1:7071\"\nsip_udp = [\"127.0.0.1:0\"]\n\
                 sip_home = [\"127.0.0.1\"]\n",
                "address_invalid",
                "sip_",
            ),
        ] {
            let error = with_file(text, ServeArgs::default()).expect_err(text);
            assert_eq!(error.code, code, "{text}");
            assert!(error.field.contains(field), "{text}: {error}");
            assert!(error.remedy.ends_with('.'), "{text}");
        }
        let unknown = with_file("a = 1\nlistn = \"x\"\n", ServeArgs::default());
        assert!(unknown.expect_err("unknown").reason.contains("unknown field"));
        let missing = ServeArgs { config: Some("/nowhere.toml".into()), ..ServeArgs::default() };
        assert_eq!(Settings::resolve(missing).expect_err("missing").code, "config_unreadable");
    }

    #[test]
    fn a_summary_shows_no_password() {
        assert_eq!(without_password("postgres://m:secret@db/m"), "postgres://m:…@db/m");
        assert_eq!(without_password("sqlite:///a@b.db"), "sqlite:///a@b.db");
    }
}
