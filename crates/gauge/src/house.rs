//! An operator with ten million numbers to give, and its customers.

use crate::{Outcome, http::Http, serve::Server};
use serde_json::{Value, json};

/// First number of the operator's range, +44 20 7000 0000; it goes on over two areas.
pub const FIRST: u64 = 442_070_000_000;
/// Numbers in the range.
pub const RANGE: u64 = 20_000_000;

/// Who plays in it.
pub struct House {
    /// Host and port of the API.
    pub address: String,
    /// The programme owner's token.
    pub owner: String,
    /// The operator.
    pub operator_id: String,
    /// Its token.
    pub operator: String,
    /// Its calling profile.
    pub profile_id: String,
    /// The customer that numbers are uploaded to.
    pub customer: Customer,
    /// An edge's token.
    pub edge: String,
}

/// A tenant that consented.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Identity.
    pub id: String,
    /// Its token.
    pub token: String,
    /// Its emergency location.
    pub location_id: String,
}

fn id(document: &Value) -> String {
    document["id"].as_str().unwrap_or_default().to_owned()
}

async fn client(owner: &mut Http, address: &str, body: Value) -> Outcome<String> {
    let made = owner.json("POST", "/programme/v1/clients", &body).await?;
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    Http::token(address, &text("client_id"), &text("client_secret")).await
}

impl House {
    /// Sets it up over the API.
    pub async fn build(server: &Server) -> Outcome<Self> {
        let address = server.address.clone();
        let token = Http::token(&address, &server.owner.0, &server.owner.1).await?;
        let mut owner = Http::to(&address, &token).await?;
        let operator =
            owner.json("POST", "/programme/v1/operators", &json!({ "name": "Alba" })).await?;
        let operator_id = id(&operator);
        let of = |what: &str| format!("/programme/v1/operators/{operator_id}/{what}");
        let mut trunks = Vec::new();
        for n in 1..=2 {
            let trunk = json!({ "fqdn": format!("sbc{n}.alba.example"),
                "address": format!("192.0.2.{n}:5060") });
            trunks.push(id(&owner.json("POST", &of("trunks"), &trunk).await?));
        }
        let profile = json!({ "name": "London", "trunk_ids": trunks });
        let profile_id = id(&owner.json("POST", &of("calling-profiles"), &profile).await?);
        let range =
            json!({ "first": format!("+{FIRST}"), "last": format!("+{}", FIRST + RANGE - 1) });
        owner.json("POST", &of("ranges"), &range).await?;
        let offer = json!({ "services": ["Calling"], "countries": ["GB"],
            "landing_page": "https://alba.example", "published": true });
        owner.json("PUT", &of("offer"), &offer).await?;
        let desk = json!({ "name": "desk", "role": "operator_admin", "operator_id": operator_id });
        let operator = client(&mut owner, &address, desk).await?;
        let edge = json!({ "name": "edge 1", "role": "edge" });
        let edge = client(&mut owner, &address, edge).await?;
        let mut house = Self {
            address,
            owner: token,
            operator_id,
            operator,
            profile_id,
            customer: Customer {
                id: String::new(),
                token: String::new(),
                location_id: String::new(),
            },
            edge,
        };
        house.customer = house.customer_new("contoso").await?;
        Ok(house)
    }

    /// A new tenant that consents to the operator and has an office.
    pub async fn customer_new(&self, name: &str) -> Outcome<Customer> {
        let mut owner = Http::to(&self.address, &self.owner).await?;
        let tenant = json!({ "name": name, "domain": format!("{name}.example") });
        let tenant = id(&owner.json("POST", "/programme/v1/tenants", &tenant).await?);
        let desk = json!({ "name": "desk", "role": "tenant_admin", "tenant_id": tenant });
        let token = client(&mut owner, &self.address, desk).await?;
        let mut http = Http::to(&self.address, &token).await?;
        let consent = json!({
            "operator_id": self.operator_id, "countries": ["GB"], "company_name": name,
            "company_size": "L50_U249", "notice_accepted": true,
            "contacts": [{ "full_name": "Ada Byron", "email": "ada@contoso.example" }],
        });
        http.json("POST", "/tenant/v1/consents", &consent).await?;
        let office = json!({ "company_name": name, "country": "GB", "latitude": "51.5",
            "longitude": "-0.12" });
        let office = http.json("POST", "/tenant/v1/civic-addresses", &office).await?;
        let location_id = office["default_location_id"].as_str().unwrap_or_default().to_owned();
        Ok(Customer { id: tenant, token, location_id })
    }
}
