//! `meetpoint serve` and `meetpoint check-config`.

use std::process::ExitCode;
use std::sync::Arc;

use api::ApiConfig;
use edge_host::settings::{SettingsError, refuse};
use edge_host::{USAGE, say, start_log, told_to_stop};
use exchange::{ExchangeConfig, WebhookConfig};
use outbound::{Guard, Http, Mailer, Smtp, SmtpConfig, SmtpError};

use crate::house::{House, Plan};
use crate::settings::{MailSettings, ServeArgs, Settings};

/// `meetpoint check-config`: reads the settings and shows what they mean.
pub fn check_config(args: ServeArgs) -> ExitCode {
    let resolved = Settings::resolve(args).and_then(|settings| {
        settings.mail.as_ref().map(mailer).transpose()?;
        Ok(settings)
    });
    match resolved {
        Ok(settings) => {
            eprint!("{}", settings.summary());
            eprintln!("The settings are good.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&error);
            ExitCode::from(USAGE)
        }
    }
}

/// The mail server as it was named.
fn mailer(settings: &MailSettings) -> Result<Arc<dyn Mailer>, SettingsError> {
    let ca = match &settings.ca {
        None => None,
        Some(path) => Some(std::fs::read(path).or_else(|error| {
            let reason = format!("{}: {error}", path.display());
            refuse("mail_invalid", "smtp_ca", reason, "Check the path and its permissions.")
        })?),
    };
    let (url, from) = (settings.smtp_url.clone(), settings.from.clone());
    match Smtp::new(&SmtpConfig { url, from, ca }) {
        Ok(smtp) => Ok(Arc::new(smtp)),
        Err(error) => {
            let field = match error {
                SmtpError::Url(_) | SmtpError::Clear => "smtp_url",
                SmtpError::From(_) => "mail_from",
                SmtpError::Certificate(_) => "smtp_ca",
            };
            let remedy =
                "Write smtps://user:password@host, or ...@host:587?tls=required for STARTTLS.";
            refuse("mail_invalid", field, error, remedy)
        }
    }
}

/// `meetpoint serve`.
pub async fn serve(args: ServeArgs) -> ExitCode {
    let settings = match Settings::resolve(args) {
        Ok(settings) => settings,
        Err(error) => {
            say(&error);
            return ExitCode::from(USAGE);
        }
    };
    start_log("info");
    let mailer = match settings.mail.as_ref().map(mailer).transpose() {
        Ok(mailer) => mailer,
        Err(error) => {
            say(&error);
            return ExitCode::from(USAGE);
        }
    };
    let poster = Http::new(Guard::new(settings.webhook_allow));
    let plan = Plan {
        exchange: ExchangeConfig {
            order_chunk: settings.order_chunk,
            webhooks: WebhookConfig { enabled: settings.webhooks, ..WebhookConfig::default() },
            poster: Some(Arc::new(poster)),
            mailer,
            ..ExchangeConfig::new(settings.database_url)
        },
        listen: settings.listen,
        api: ApiConfig {
            requests_per_minute: settings.requests_per_minute,
            https: settings.https,
            public_url: settings.public_url,
            trusted_proxies: settings.trusted_proxies,
            ..ApiConfig::default()
        },
        edge: settings.edge,
        inside: settings.inside,
        data_dir: settings.data_dir,
    };
    let stop_asked = told_to_stop();
    let house = match House::start(plan).await {
        Ok(house) => house,
        Err(error) => {
            say(&error);
            return ExitCode::FAILURE;
        }
    };
    if let Some(owner) = &house.owner {
        eprintln!(
            "\nFirst start. The programme owner's credentials, shown this once:\n  \
             client id:     {}\n  client secret: {}\n",
            owner.client_id, owner.client_secret
        );
    }
    eprintln!("API and page: http://{}/", house.http);
    if let Some(address) = house.sip_udp() {
        eprintln!("SIP over UDP: {address}");
    }
    if let Some(address) = house.sip_tcp() {
        eprintln!("SIP over TCP: {address}");
    }
    if let Some(address) = house.admin {
        eprintln!("Admin:        http://{address}/");
    }
    stop_asked.await;
    eprintln!("Stopping.");
    house.stop().await;
    ExitCode::SUCCESS
}
