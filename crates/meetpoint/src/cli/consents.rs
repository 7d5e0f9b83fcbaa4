//! `meetpoint consent …`.

use super::{
    client::{Client, Face, Narrowed, Paging},
    error::CliError,
    output::Columns,
};
use api_types::tenant::{
    AcceptanceCreate, Activation, ConsentCreate, ConsentUpdate, Contact, EngagedService,
    Engagement, RelationshipUpdate, Requirement,
};
use clap::{Args, Subcommand};
use reqwest::Method;
use uuid::Uuid;

/// `meetpoint consent …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Operators to choose from
    Directory {
        /// Offered in this country
        #[arg(long)]
        country: Option<String>,
        /// Offered in this region
        #[arg(long)]
        region: Option<String>,
        /// `Calling` or `AudioConferencing`
        #[arg(long)]
        service: Option<String>,
        /// Offers such numbers: `user`, `service` or `conference`
        #[arg(long)]
        number_type: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// What an operator offers: where, how emergency calls are handled, who edits addresses
    Offer {
        /// Name or id
        operator: String,
    },
    /// Choose an operator
    Give(Give),
    /// Consents: a tenant's own, or those given to an operator
    List {
        #[command(flatten)]
        list: Narrowed,
    },
    /// One consent
    Show {
        /// Tenants name the operator, operators the tenant
        party: String,
    },
    /// Change countries, needs, contacts or the company
    Update(Update),
    /// Accept the notice and the operator's terms that are in force
    Accept {
        /// Name or id
        operator: String,
        /// The version of the notice that you read
        #[arg(long, value_name = "VERSION")]
        notice: i64,
        /// The version of the operator's terms that you read, where it has some
        #[arg(long, value_name = "VERSION")]
        terms: Option<i64>,
    },
    /// Who accepted which notice and terms when
    Acceptances {
        /// Name or id
        operator: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Operators: say how you serve a tenant; it replaces all that you said
    Engage(Engage),
    /// No new uploads and assignments; numbers keep calling
    Suspend {
        /// Name or id
        operator: String,
    },
    /// Take a suspended consent up again
    Resume {
        /// Name or id
        operator: String,
    },
    /// End a consent once every number is unassigned and released
    Remove {
        /// Name or id
        operator: String,
    },
    /// Operators: move your side forward
    Relationship {
        /// The tenant, by name or id
        tenant: String,
        /// `ConsentAcknowledged`, `CustomerContacted`, `AgreementSigned`, `ConsentDeclined` or
        /// `ContractTerminated`
        status: String,
        /// Needed when declining or terminating
        #[arg(long)]
        comment: Option<String>,
    },
}

/// `meetpoint consent give`.
#[derive(Debug, Args)]
pub struct Give {
    /// The operator, by name or id
    operator: String,
    /// ISO 3166-1 alpha-2; may be repeated
    #[arg(long = "country", required = true)]
    countries: Vec<String>,
    /// What is needed, `GB:user:100:new:2027-01-31` (country, number type, quantity, `new` or
    /// `port`, date if any); may be repeated
    #[arg(long = "require", value_parser = requirement, value_name = "NEED")]
    requirements: Vec<Requirement>,
    /// Whom the operator may ask, `Full Name <mail@example.com> +44…`; may be repeated
    #[arg(long = "contact", required = true, value_parser = contact, value_name = "CONTACT")]
    contacts: Vec<Contact>,
    /// Company name as the operator shall see it
    #[arg(long)]
    company: String,
    /// Size band: L1_U49, L50_U249, L250_U999, L1000_U4999, L5000_U9999, …
    #[arg(long, value_name = "BAND")]
    company_size: String,
    /// The data transfer notice, and the operator's terms where it has some, were read and accepted
    #[arg(long)]
    accept_notice: bool,
    /// The version of the notice that was read
    #[arg(long, value_name = "VERSION")]
    notice: Option<i64>,
    /// The version of the operator's terms that was read
    #[arg(long, value_name = "VERSION")]
    terms: Option<i64>,
    /// Whom the operator calls when something is wrong; may be repeated
    #[arg(long = "escalation", value_parser = contact, value_name = "CONTACT")]
    escalation: Vec<Contact>,
    /// The operator's invitation that this accepts
    #[arg(long, value_name = "ID")]
    lead: Option<Uuid>,
}

/// `meetpoint consent engage`.
#[derive(Debug, Args)]
pub struct Engage {
    /// The tenant, by name or id
    tenant: String,
    /// When your support is there, in words
    #[arg(long, value_name = "TEXT")]
    support_hours: Option<String>,
    /// Whom the tenant calls when something is wrong; may be repeated
    #[arg(long = "escalation", value_parser = contact, value_name = "CONTACT")]
    escalation: Vec<Contact>,
    /// When your service begins where, `GB:2027-01-31`; may be repeated
    #[arg(long = "activate", value_parser = activation, value_name = "COUNTRY:DATE")]
    activations: Vec<Activation>,
    /// A service that is on by default; may be repeated
    #[arg(long = "on-by-default", value_name = "SERVICE")]
    on: Vec<String>,
    /// A service that is to be configured first; may be repeated
    #[arg(long = "to-be-configured", value_name = "SERVICE")]
    configured: Vec<String>,
    /// Your own reference
    #[arg(long, value_name = "ID")]
    ticket: Option<String>,
}

/// `meetpoint consent update`.
#[derive(Debug, Args)]
pub struct Update {
    /// The operator, by name or id
    operator: String,
    /// Replaces the countries
    #[arg(long = "country")]
    countries: Vec<String>,
    /// Replaces the needs
    #[arg(long = "require", value_parser = requirement, value_name = "NEED")]
    requirements: Vec<Requirement>,
    /// Replaces the contacts
    #[arg(long = "contact", value_parser = contact, value_name = "CONTACT")]
    contacts: Vec<Contact>,
    /// Replaces those whom the operator calls when something is wrong
    #[arg(long = "escalation", value_parser = contact, value_name = "CONTACT")]
    escalation: Vec<Contact>,
    /// Company name as the operator shall see it
    #[arg(long)]
    company: Option<String>,
    /// Size band
    #[arg(long, value_name = "BAND")]
    company_size: Option<String>,
}

/// `GB:2027-01-31`.
fn activation(text: &str) -> Result<Activation, String> {
    let (country, date) = text.split_once(':').ok_or("write COUNTRY:DATE")?;
    let on = date.parse().map_err(|_| format!("{date:?} is not a date YYYY-MM-DD"))?;
    Ok(Activation { country: country.to_owned(), on })
}

/// `GB:user:100:new:2027-01-31`.
fn requirement(text: &str) -> Result<Requirement, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (country, number_type, quantity, source, date) = match parts[..] {
        [country, number_type, quantity, source] => (country, number_type, quantity, source, None),
        [country, number_type, quantity, source, date] => {
            (country, number_type, quantity, source, Some(date))
        }
        _ => {
            return Err(
                "write COUNTRY:TYPE:QUANTITY:SOURCE or COUNTRY:TYPE:QUANTITY:SOURCE:DATE".into()
            );
        }
    };
    Ok(Requirement {
        country: country.to_owned(),
        number_type: number_type.to_owned(),
        quantity: quantity.parse().map_err(|_| format!("{quantity:?} is not a quantity"))?,
        source: source.to_owned(),
        wanted_on: date
            .map(|date| date.parse().map_err(|_| format!("{date:?} is not a date YYYY-MM-DD")))
            .transpose()?,
    })
}

/// `Full Name <mail@example.com> +44…`.
fn contact(text: &str) -> Result<Contact, String> {
    let (full_name, rest) = text
        .split_once('<')
        .ok_or("write \"Full Name <mail@example.com>\", with a number behind it if you like")?;
    let (email, number) =
        rest.split_once('>').ok_or("the > after the e-mail address is missing")?;
    let number = number.trim();
    Ok(Contact {
        full_name: full_name.trim().to_owned(),
        email: email.trim().to_owned(),
        phone_number: (!number.is_empty()).then(|| number.to_owned()),
    })
}

const ACCEPTANCES: Columns = &[
    ("ACCEPTED", "accepted_at"),
    ("BY", "accepted_by"),
    ("NOTICE", "notice_version"),
    ("TERMS", "terms_version"),
];
const DIRECTORY: Columns = &[
    ("OPERATOR", "name"),
    ("SERVICES", "services"),
    ("COUNTRIES", "countries"),
    ("NUMBERS", "acquired_numbers_count"),
    ("CONSENT", "consent_status"),
    ("LINK", "landing_page"),
    ("ID", "operator_id"),
];
const OF_TENANT: Columns = &[
    ("OPERATOR", "operator_name"),
    ("STATUS", "status"),
    ("RELATIONSHIP", "relationship_status"),
    ("COUNTRIES", "countries"),
    ("GIVEN", "consented_at"),
    ("OPERATOR ID", "operator_id"),
];
const TO_OPERATOR: Columns = &[
    ("TENANT", "tenant_name"),
    ("STATUS", "status"),
    ("RELATIONSHIP", "relationship_status"),
    ("COUNTRIES", "countries"),
    ("COMPANY", "company_name"),
    ("SIZE", "company_size"),
    ("TENANT ID", "tenant_id"),
];

fn path(operator: Uuid) -> String {
    format!("/tenant/v1/consents/{operator}")
}

async fn update(client: &Client, operator: &str, edit: ConsentUpdate) -> Result<(), CliError> {
    let path = path(client.operator(operator).await?);
    client.show(&client.edit(Method::PATCH, &path, &path, Some(&edit)).await?.body)
}

/// Runs `meetpoint consent …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::Directory { country, region, service, number_type, paging } => {
            let filters = [
                ("country", country),
                ("region", region),
                ("service", service),
                ("number_type", number_type),
            ];
            let query = filters.into_iter().filter_map(|(name, value)| Some((name, value?)));
            client.list("/tenant/v1/operators", query.collect(), &paging, DIRECTORY).await
        }
        Action::Offer { operator } => {
            let operator = client.operator(&operator).await?;
            let path = format!("/tenant/v1/operators/{operator}/offer");
            client.show(&client.get(&path).await?.body)
        }
        Action::Accept { operator, notice, terms } => {
            let path = format!("{}/acceptances", path(client.operator(&operator).await?));
            let body = AcceptanceCreate { notice_version: notice, terms_version: terms };
            client.show(&client.post(&path, &body).await?.body)
        }
        Action::Acceptances { operator, paging } => {
            let path = format!("{}/acceptances", path(client.operator(&operator).await?));
            client.list(&path, Vec::new(), &paging, ACCEPTANCES).await
        }
        Action::Engage(engage) => {
            let of = format!("/operator/v1/consents/{}", client.tenant(&engage.tenant).await?);
            let services = |names: Vec<String>, provision: &str| {
                let provision = provision.to_owned();
                names
                    .into_iter()
                    .map(move |service| EngagedService { service, provision: provision.clone() })
            };
            let body = Engagement {
                support_hours: engage.support_hours,
                escalation_contacts: engage.escalation,
                activations: engage.activations,
                services: services(engage.on, "on_by_default")
                    .chain(services(engage.configured, "to_be_configured"))
                    .collect(),
                ticket_id: engage.ticket,
            };
            let path = format!("{of}/engagement");
            client.show(&client.edit(Method::PUT, &of, &path, Some(&body)).await?.body)
        }
        Action::Give(give) => {
            let body = ConsentCreate {
                operator_id: client.operator(&give.operator).await?,
                countries: give.countries,
                requirements: give.requirements,
                contacts: give.contacts,
                company_name: give.company,
                company_size: give.company_size,
                notice_accepted: give.accept_notice,
                notice_version: give.notice,
                terms_version: give.terms,
                escalation_contacts: give.escalation,
                lead_id: give.lead,
            };
            client.show(&client.post("/tenant/v1/consents", &body).await?.body)
        }
        Action::List { list } => match client.face().await? {
            Face::Operator => {
                client.list("/operator/v1/consents", list.query(), &list.paging, TO_OPERATOR).await
            }
            _ => client.list("/tenant/v1/consents", list.query(), &list.paging, OF_TENANT).await,
        },
        Action::Show { party } => {
            let path = match client.face().await? {
                Face::Operator => {
                    format!("/operator/v1/consents/{}", client.tenant(&party).await?)
                }
                _ => path(client.operator(&party).await?),
            };
            client.show(&client.get(&path).await?.body)
        }
        Action::Update(edit) => {
            fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
                (!list.is_empty()).then_some(list)
            }
            let document = ConsentUpdate {
                status: None,
                countries: given(edit.countries),
                requirements: given(edit.requirements),
                contacts: given(edit.contacts),
                company_name: edit.company,
                company_size: edit.company_size,
                escalation_contacts: given(edit.escalation),
            };
            update(client, &edit.operator, document).await
        }
        Action::Suspend { operator } => {
            let edit = ConsentUpdate { status: Some("Suspended".to_owned()), ..Default::default() };
            update(client, &operator, edit).await
        }
        Action::Resume { operator } => {
            let edit = ConsentUpdate { status: Some("Active".to_owned()), ..Default::default() };
            update(client, &operator, edit).await
        }
        Action::Remove { operator } => {
            let path = path(client.operator(&operator).await?);
            client.show(&client.edit(Method::DELETE, &path, &path, None::<&()>).await?.body)
        }
        Action::Relationship { tenant, status, comment } => {
            let path = format!("/operator/v1/consents/{}", client.tenant(&tenant).await?);
            let edit = RelationshipUpdate { status, comment };
            client.show(&client.edit(Method::PATCH, &path, &path, Some(&edit)).await?.body)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_needs_and_contacts() {
        let need = requirement("GB:user:100:new:2027-01-31").expect("well-formed");
        assert_eq!((need.country.as_str(), need.quantity), ("GB", 100));
        assert_eq!(need.wanted_on.map(|date| date.to_string()).as_deref(), Some("2027-01-31"));
        assert!(requirement("GB:user:many:new").is_err());
        assert!(requirement("GB:user").is_err());
        let who = contact("Ada Byron <ada@contoso.example> +442079460000").expect("well-formed");
        assert_eq!(who.full_name, "Ada Byron");
        assert_eq!(who.email, "ada@contoso.example");
        assert_eq!(who.phone_number.as_deref(), Some("+442079460000"));
        assert_eq!(contact("A <a@b>").expect("well-formed").phone_number, None);
        assert!(contact("ada@contoso.example").is_err());
        let begins = activation("GB:2027-01-31").expect("well-formed");
        assert_eq!((begins.country.as_str(), begins.on.to_string().as_str()), ("GB", "2027-01-31"));
        assert!(activation("GB").is_err() && activation("GB:soon").is_err());
    }
}
