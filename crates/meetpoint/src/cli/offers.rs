//! `meetpoint operator offer …`, `meetpoint lead …` and `meetpoint notice …`.

use super::{
    client::{Client, Face, Paging},
    error::CliError,
    operators::base,
    output::Columns,
};
use api_types::operator::{
    LeadClaim, LeadCreate, LeadDecline, OfferCoverage, OfferDraftPut, OfferPut,
};
use api_types::tenant::NoticeCreate;
use clap::{Args, Subcommand};
use reqwest::Method;
use std::path::PathBuf;
use uuid::Uuid;

/// `meetpoint operator offer …`.
#[derive(Debug, Subcommand)]
pub enum Offer {
    /// The offer: an operator's own, or any for the programme owner
    Show {
        /// Name or id, for the programme owner
        operator: Option<String>,
    },
    /// Programme owner: make or replace an operator's offer
    Set(Set),
    /// Operators: what you prepare while the published offer stays
    #[command(subcommand)]
    Draft(Draft),
    /// Operators: what you may upload numbers for, by the services that you offer
    Plans,
    /// Operators: put the draft into the directory, in place of what was there
    Publish,
    /// Operators: take the offer out of the directory; consents there are go on
    Withdraw,
}

/// `meetpoint operator offer set`.
#[derive(Debug, Args)]
pub struct Set {
    /// Name or id
    operator: String,
    /// ISO 3166-1 alpha-2; may be repeated
    #[arg(long = "country", required = true)]
    countries: Vec<String>,
    /// Keep it out of the directory
    #[arg(long)]
    unpublished: bool,
    #[command(flatten)]
    content: Content,
}

/// `meetpoint operator offer draft …`.
#[derive(Debug, Subcommand)]
pub enum Draft {
    /// The draft, and what it lacks
    Show,
    /// Write the draft
    Set(DraftSet),
    /// Throw the draft away
    Remove,
}

/// `meetpoint operator offer draft set`.
#[derive(Debug, Args)]
pub struct DraftSet {
    /// A JSON file with all of it, as the API takes it
    #[arg(long, value_name = "PATH", conflicts_with_all = ["services", "coverage", "link"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    content: Content,
}

/// What an offer says.
#[derive(Debug, Default, Args)]
pub struct Content {
    /// `Calling` or `AudioConferencing`; may be repeated
    #[arg(long = "service")]
    services: Vec<String>,
    /// What is offered where, `GB:user,service:screened:operator_then_tenant` (country, types of
    /// numbers, how emergency calls are handled, who edits addresses); may be repeated
    #[arg(long, value_parser = coverage, value_name = "COVERAGE")]
    coverage: Vec<OfferCoverage>,
    /// The operator's own page
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// Artwork
    #[arg(long, value_name = "URL")]
    logo: Option<String>,
    /// The same, small
    #[arg(long, value_name = "URL")]
    logo_thumbnail: Option<String>,
    /// The operator's terms, which a consent accepts
    #[arg(long, value_name = "URL")]
    terms: Option<String>,
    /// What it costs, in words
    #[arg(long, value_name = "TEXT")]
    price_note: Option<String>,
}

/// `meetpoint lead …`.
#[derive(Debug, Subcommand)]
pub enum LeadAction {
    /// Invitations: an operator's own, or those to a tenant
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Operators: invite a tenant by its domain, or, without one, by the code that is printed
    Invite {
        /// The tenant's domain
        domain: Option<String>,
        /// A country it may consent to; may be repeated
        #[arg(long = "country", required = true)]
        countries: Vec<String>,
        /// To whoever decides
        #[arg(long)]
        message: Option<String>,
        /// How long it stays open, 1 to 365; 30 if left out
        #[arg(long)]
        days: Option<u32>,
    },
    /// Operators: take an invitation back
    Withdraw {
        /// Its id
        lead: Uuid,
    },
    /// Tenants: show the code that an operator gave you
    Claim {
        /// The code
        code: String,
    },
    /// Tenants: decline an invitation; you accept one by `meetpoint consent give --lead`
    Decline {
        /// Its id
        lead: Uuid,
        /// Why, for the operator
        #[arg(long)]
        comment: Option<String>,
    },
}

/// `meetpoint notice …`.
#[derive(Debug, Subcommand)]
pub enum NoticeAction {
    /// Tenants: the data transfer notice in force, which every consent accepts
    Show,
    /// Programme owner: every version there was
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Programme owner: write a new version, in force at once
    Publish {
        /// A file with its text
        file: PathBuf,
    },
}

const PLANS: Columns = &[
    ("USAGE", "usage"),
    ("SERVICES", "offer_types"),
    ("ALWAYS", "mandatory_capabilities"),
    ("TO CHOOSE", "choosable_capabilities"),
    ("TOLL-FREE", "supports_toll_free"),
];
const LEADS: Columns = &[
    ("OPERATOR", "operator_name"),
    ("DOMAIN", "domain"),
    ("COUNTRIES", "countries"),
    ("STATUS", "status"),
    ("UNTIL", "expires_at"),
    ("TENANT", "tenant_id"),
    ("ID", "id"),
];
const NOTICES: Columns = &[("VERSION", "version"), ("SINCE", "published_at"), ("TEXT", "text")];
const DRAFT: &str = "/operator/v1/offer/draft";

/// `GB:user,service:screened:operator_then_tenant`.
fn coverage(text: &str) -> Result<OfferCoverage, String> {
    let [country, types, emergency, editing] = text.split(':').collect::<Vec<_>>()[..] else {
        return Err("write COUNTRY:TYPES:EMERGENCY:EDITING".into());
    };
    Ok(OfferCoverage {
        country: country.to_owned(),
        number_types: types.split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect(),
        emergency_handling: emergency.to_owned(),
        emergency_numbers: Vec::new(),
        emergency_note: None,
        address_editing: editing.to_owned(),
        price_note: None,
    })
}

/// The ETag of what may not be there yet.
async fn etag(client: &Client, path: &str) -> Result<Option<String>, CliError> {
    match client.get(path).await {
        Ok(answer) => Ok(answer.etag),
        Err(CliError::Refused(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

fn text_of(file: &std::path::Path) -> Result<String, CliError> {
    std::fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("{} cannot be read: {error}", file.display())))
}

/// Runs `meetpoint operator offer …`.
pub async fn run_offer(client: &Client, action: Offer) -> Result<(), CliError> {
    match action {
        Offer::Show { operator: Some(operator) } => {
            let path = format!("{}/offer", base(client, &operator).await?);
            client.show(&client.get(&path).await?.body)
        }
        Offer::Show { operator: None } => {
            client.show(&client.get("/operator/v1/offer").await?.body)
        }
        Offer::Plans => {
            let plans = client.get("/operator/v1/capability-plans").await?.body;
            client.show_rows(&plans, PLANS)
        }
        Offer::Set(set) => {
            let path = format!("{}/offer", base(client, &set.operator).await?);
            let etag = etag(client, &path).await?;
            let content = set.content;
            if content.services.is_empty() {
                return Err(CliError::usage("name a --service"));
            }
            let body = OfferPut {
                services: content.services,
                countries: set.countries,
                landing_page: content.link.unwrap_or_default(),
                published: !set.unpublished,
                coverage: content.coverage,
                logo_uri: content.logo,
                logo_thumbnail_uri: content.logo_thumbnail,
                terms_uri: content.terms,
                price_note: content.price_note,
            };
            let answer = client.send(Method::PUT, &path, etag.as_deref(), Some(&body)).await?;
            client.show(&answer.body)
        }
        Offer::Draft(Draft::Show) => client.show(&client.get(DRAFT).await?.body),
        Offer::Draft(Draft::Set(set)) => {
            let content = set.content;
            let body = match set.file {
                Some(file) => serde_json::from_str(&text_of(&file)?)
                    .map_err(|error| CliError::usage(format!("{}: {error}", file.display())))?,
                None => OfferDraftPut {
                    services: content.services,
                    coverage: content.coverage,
                    landing_page: content.link,
                    logo_uri: content.logo,
                    logo_thumbnail_uri: content.logo_thumbnail,
                    terms_uri: content.terms,
                    price_note: content.price_note,
                },
            };
            let etag = etag(client, DRAFT).await?;
            let answer = client.send(Method::PUT, DRAFT, etag.as_deref(), Some(&body)).await?;
            client.show(&answer.body)
        }
        Offer::Draft(Draft::Remove) => {
            client.show(&client.edit(Method::DELETE, DRAFT, DRAFT, None::<&()>).await?.body)
        }
        Offer::Publish => {
            // What was read is what is published; where there is no draft the API says so.
            let etag = etag(client, DRAFT).await?;
            let path = "/operator/v1/offer/publish";
            let answer = client.send(Method::POST, path, etag.as_deref(), None::<&()>).await?;
            client.show(&answer.body)
        }
        Offer::Withdraw => {
            let path = "/operator/v1/offer/withdraw";
            let answer = client.edit(Method::POST, "/operator/v1/offer", path, None::<&()>).await?;
            client.show(&answer.body)
        }
    }
}

/// Runs `meetpoint lead …`.
pub async fn run_lead(client: &Client, action: LeadAction) -> Result<(), CliError> {
    match action {
        LeadAction::List { paging } => {
            let path = match client.face().await? {
                Face::Operator => "/operator/v1/leads",
                _ => "/tenant/v1/leads",
            };
            client.list(path, Vec::new(), &paging, LEADS).await
        }
        LeadAction::Invite { domain, countries, message, days } => {
            let body = LeadCreate { domain, countries, message, days };
            client.show(&client.post("/operator/v1/leads", &body).await?.body)
        }
        LeadAction::Withdraw { lead } => {
            let path = format!("/operator/v1/leads/{lead}");
            client.show(&client.send(Method::DELETE, &path, None, None::<&()>).await?.body)
        }
        LeadAction::Claim { code } => {
            client.show(&client.post("/tenant/v1/leads/claim", &LeadClaim { code }).await?.body)
        }
        LeadAction::Decline { lead, comment } => {
            let path = format!("/tenant/v1/leads/{lead}/decline");
            client.show(&client.post(&path, &LeadDecline { comment }).await?.body)
        }
    }
}

/// Runs `meetpoint notice …`.
pub async fn run_notice(client: &Client, action: NoticeAction) -> Result<(), CliError> {
    const ALL: &str = "/programme/v1/notices";
    match action {
        NoticeAction::Show => client.show(&client.get("/tenant/v1/notice").await?.body),
        NoticeAction::List { paging } => client.list(ALL, Vec::new(), &paging, NOTICES).await,
        NoticeAction::Publish { file } => {
            let body = NoticeCreate { text: text_of(&file)? };
            client.show(&client.post(ALL, &body).await?.body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_offered_where() {
        let here = coverage("GB:user,service:screened:operator_then_tenant").expect("well-formed");
        assert_eq!(here.country, "GB");
        assert_eq!(here.number_types, ["user", "service"]);
        assert_eq!(here.emergency_handling, "screened");
        assert_eq!(here.address_editing, "operator_then_tenant");
        for bad in ["GB", "GB:user", "GB:user:screened", "GB:user:screened:tenant:more"] {
            assert!(coverage(bad).is_err(), "{bad}");
        }
    }
}
