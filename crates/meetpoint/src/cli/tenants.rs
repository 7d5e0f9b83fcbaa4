//! `meetpoint tenant …`.

use super::{
    client::{Client, Narrowed, Paging},
    error::CliError,
    output::Columns,
};
use api_types::tenant::{CivicAddressCreate, LocationCreate, TenantCreate};
use clap::{Args, Subcommand};
use reqwest::Method;
use uuid::Uuid;

/// `meetpoint tenant …`.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Tenants
    List {
        #[command(flatten)]
        list: Narrowed,
    },
    /// Make a tenant
    Create {
        /// Its name
        name: String,
        /// SIP domain of its phones
        #[arg(long)]
        domain: String,
    },
    /// Civic addresses, on which emergency locations stand
    #[command(subcommand)]
    Address(Address),
}

/// `meetpoint tenant address …`.
#[derive(Debug, Subcommand)]
pub enum Address {
    /// Civic addresses with their locations
    List {
        /// For operators: a tenant that consented, by name or id
        #[arg(long)]
        tenant: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Make a civic address; a default location comes with it
    Create(AddressCreate),
    /// One civic address
    Show {
        /// Its id
        address: Uuid,
    },
    /// Remove a civic address no number uses
    Remove {
        /// Its id
        address: Uuid,
    },
    /// Add a place (floor, wing, room) within an address
    AddLocation {
        /// The address's id
        address: Uuid,
        /// Floor, wing, room
        description: String,
    },
}

/// `meetpoint tenant address create`.
#[derive(Debug, Args)]
pub struct AddressCreate {
    /// Company
    #[arg(long)]
    company: String,
    /// ISO 3166-1 alpha-2
    #[arg(long)]
    country: String,
    /// House number
    #[arg(long)]
    house_number: Option<String>,
    /// Street
    #[arg(long)]
    street: Option<String>,
    /// City or town
    #[arg(long)]
    city: Option<String>,
    /// State or province
    #[arg(long)]
    state: Option<String>,
    /// Postal code
    #[arg(long)]
    postal_code: Option<String>,
    /// Free text
    #[arg(long)]
    description: Option<String>,
    /// Decimal degrees; needed in most countries
    #[arg(long, allow_hyphen_values = true)]
    latitude: Option<String>,
    /// Decimal degrees; needed in most countries
    #[arg(long, allow_hyphen_values = true)]
    longitude: Option<String>,
}

const TENANTS: Columns =
    &[("NAME", "name"), ("DOMAIN", "domain"), ("ID", "id"), ("SINCE", "created_at")];
const ADDRESSES: Columns = &[
    ("COMPANY", "company_name"),
    ("COUNTRY", "country"),
    ("CITY", "city_or_town"),
    ("STREET", "street_name"),
    ("NO", "house_number"),
    ("DEFAULT LOCATION", "default_location_id"),
    ("ID", "id"),
];

/// Runs `meetpoint tenant …`.
pub async fn run(client: &Client, action: Action) -> Result<(), CliError> {
    match action {
        Action::List { list } => {
            client.list("/programme/v1/tenants", list.query(), &list.paging, TENANTS).await
        }
        Action::Create { name, domain } => {
            let body = TenantCreate { name, domain };
            client.show(&client.post("/programme/v1/tenants", &body).await?.body)
        }
        Action::Address(action) => address(client, action).await,
    }
}

async fn address(client: &Client, action: Address) -> Result<(), CliError> {
    const PATH: &str = "/tenant/v1/civic-addresses";
    match action {
        Address::List { tenant: None, paging } => {
            client.list(PATH, Vec::new(), &paging, ADDRESSES).await
        }
        Address::List { tenant: Some(tenant), paging } => {
            let tenant = client.tenant(&tenant).await?;
            let path = format!("/operator/v1/tenants/{tenant}/civic-addresses");
            client.list(&path, Vec::new(), &paging, ADDRESSES).await
        }
        Address::Create(new) => {
            let body = CivicAddressCreate {
                company_name: new.company,
                country: new.country,
                house_number: new.house_number,
                street_name: new.street,
                city_or_town: new.city,
                state_or_province: new.state,
                postal_or_zip_code: new.postal_code,
                description: new.description,
                latitude: new.latitude,
                longitude: new.longitude,
            };
            client.show(&client.post(PATH, &body).await?.body)
        }
        Address::Show { address } => {
            client.show(&client.get(&format!("{PATH}/{address}")).await?.body)
        }
        Address::Remove { address } => {
            let path = format!("{PATH}/{address}");
            client.send(Method::DELETE, &path, None, None::<&()>).await?;
            eprintln!("removed");
            Ok(())
        }
        Address::AddLocation { address, description } => {
            let path = format!("{PATH}/{address}/locations");
            client.show(&client.post(&path, &LocationCreate { description }).await?.body)
        }
    }
}
