//! What a call needs, told to a fresh control plane over its API.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use softphone::load::Line;
use uuid::Uuid;

use super::super::client::Client;
use super::super::report::{Fault, poll};

const DOMAIN: &str = "contoso.example";

/// The programme owner of the story's exchange.
pub struct Owner {
    pub base: String,
    pub client: Client,
}

fn text(value: &Value, name: &str) -> Result<String, Fault> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| Fault(format!("no {name} in {value}")))
}

impl Owner {
    pub async fn sign_in(base: &str, id: &str, secret: &str) -> Result<Self, Fault> {
        let id = Uuid::parse_str(id).map_err(|error| Fault(format!("{id}: {error}")))?;
        Ok(Self { base: base.to_owned(), client: Client::sign_in(base, id, secret).await? })
    }

    /// A new client's id and secret.
    pub async fn credentials(&self, role: &str, of: Value) -> Result<(String, String), Fault> {
        let mut body = json!({ "name": format!("{role} of the story"), "role": role });
        if let (Value::Object(body), Value::Object(of)) = (&mut body, of) {
            body.extend(of);
        }
        let made: Value = self.client.post("/programme/v1/clients", &body).await?;
        Ok((text(&made, "client_id")?, text(&made, "client_secret")?))
    }

    async fn made(&self, path: &str, body: Value) -> Result<String, Fault> {
        text(&self.client.post::<Value>(path, &body).await?, "id")
    }

    /// An operator with the trunk at `trunk`, a tenant, and a phone with a number
    /// for each of `registrars`.
    pub async fn seed(
        &self,
        trunk: SocketAddr,
        registrars: &[SocketAddr],
    ) -> Result<Vec<Line>, Fault> {
        let operator = self.made("/programme/v1/operators", json!({ "name": "Northwind" })).await?;
        let path = format!("/programme/v1/operators/{operator}");
        let mut trunks = Vec::new();
        let spare = SocketAddr::new(trunk.ip(), 9);
        for (index, address) in [trunk, spare].iter().enumerate() {
            let body = json!({
                "fqdn": format!("sbc{index}.northwind.example"), "address": address.to_string(),
                "match_port": true, "send_options": false,
            });
            trunks.push(self.made(&format!("{path}/trunks"), body).await?);
        }
        let profile = json!({ "name": "default", "trunk_ids": trunks });
        let profile = self.made(&format!("{path}/calling-profiles"), profile).await?;
        let range = json!({ "first": "+442079460000", "last": "+442079460999" });
        let _: Value = self.client.post(&format!("{path}/ranges"), &range).await?;
        let offer = json!({
            "services": ["Calling"], "countries": ["GB"], "published": true,
            "landing_page": "https://northwind.example/",
        });
        let _: Value = self.client.put(&format!("{path}/offer"), &offer).await?;
        let tenant = json!({ "name": "Contoso", "domain": DOMAIN });
        let tenant_id = self.made("/programme/v1/tenants", tenant).await?;
        let operator_side =
            self.as_role("operator_admin", json!({ "operator_id": operator })).await?;
        let tenant = self.as_role("tenant_admin", json!({ "tenant_id": tenant_id })).await?;
        let consent = json!({
            "operator_id": operator, "countries": ["GB"], "company_name": "Contoso",
            "company_size": "L50_U249", "notice_accepted": true,
            "contacts": [{ "full_name": "Terry Telecom", "email": "terry@contoso.example" }],
        });
        let _: Value = tenant.post("/tenant/v1/consents", &consent).await?;
        let address = json!({
            "company_name": "Contoso", "country": "GB", "house_number": "1",
            "street_name": "High Street", "city_or_town": "London",
            "latitude": "51.5", "longitude": "-0.1",
        });
        let address: Value = tenant.post("/tenant/v1/civic-addresses", &address).await?;
        let location = text(&address, "default_location_id")?;

        let numbers: Vec<String> =
            (0..registrars.len()).map(|n| format!("+4420794600{n:02}")).collect();
        let entries: Vec<Value> = numbers.iter().map(|n| json!({ "number": n })).collect();
        let order = json!({
            "kind": "upload", "tenant_id": tenant_id, "calling_profile_id": profile,
            "usage": "CallingUserAssignment", "location_id": location,
            "allow_tenant_address_update": true, "entries": entries,
        });
        let order: Value = operator_side.post("/operator/v1/number-orders", &order).await?;
        let order = format!("/operator/v1/number-orders/{}", text(&order, "id")?);
        poll("the upload is done", Duration::from_secs(20), async || {
            let now: Value = operator_side.get(&order).await?;
            Ok((!now["finished_at"].is_null()).then_some(()))
        })
        .await?;
        let mut lines = Vec::new();
        for (n, (number, registrar)) in numbers.iter().zip(registrars).enumerate() {
            let person = json!({
                "upn": format!("person{n}@{DOMAIN}"), "display_name": format!("Person {n}"),
                "country": "GB", "licences": ["teams_phone"],
            });
            let person: Value = tenant.post("/tenant/v1/users", &person).await?;
            let person = text(&person, "id")?;
            let wish = json!({ "user_id": person, "location_id": location });
            let path = format!("/tenant/v1/numbers/{number}/assignment");
            let _: Value = tenant.put(&path, &wish).await?;
            let phone: Value =
                tenant.post_empty(&format!("/tenant/v1/users/{person}/phone")).await?;
            lines.push(Line {
                username: text(&phone, "username")?,
                password: text(&phone, "password")?,
                domain: text(&phone, "domain")?,
                registrar: *registrar,
                number: number.clone(),
            });
        }
        Ok(lines)
    }

    async fn as_role(&self, role: &str, of: Value) -> Result<Client, Fault> {
        let (id, secret) = self.credentials(role, of).await?;
        Ok(Self::sign_in(&self.base, &id, &secret).await?.client)
    }
}
