//! A house that calls can be routed in: an operator with numbers uploaded, a
//! tenant with people and a queue.

use crate::house::{client, cx, operator, sign_in};
use api_types::identity::ClientCreate;
use api_types::number::{AssignmentPut, Number};
use api_types::tenant::{ResourceAccount, TenantCreate, User};
use exchange::{Actor, Exchange, ListQuery};
use numbering::E164;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Everybody and everything in it.
pub struct Furnished {
    pub exchange: Exchange,
    pub owner: Actor,
    pub edge: Actor,
    pub operator: Uuid,
    pub operator_admin: Actor,
    pub trunks: [Uuid; 2],
    pub tenant_admin: Actor,
    pub other_admin: Actor,
    /// Licensed, with +442079460001 and a phone.
    pub alice: User,
    /// Unlicensed, without a number.
    pub bob: User,
    /// Its number is +442079460002; both are its agents.
    pub queue: ResourceAccount,
}

/// A document from JSON, which leaves out what is optional.
pub fn doc<T: DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("a document of this shape")
}

async fn actor(exchange: &Exchange, owner: &Actor, new: ClientCreate) -> Actor {
    let made = exchange.client_create(&cx(owner), new).await.expect("a client");
    sign_in(exchange, &made).await
}

async fn tenant(exchange: &Exchange, owner: &Actor, domain: &str) -> (Uuid, Actor) {
    let new = TenantCreate { name: domain.into(), domain: domain.into() };
    let made = exchange.tenant_create(&cx(owner), new).await.expect("a tenant");
    let new = ClientCreate { tenant_id: Some(made.id), ..client("tenant_admin") };
    (made.id, actor(exchange, owner, new).await)
}

/// Makes all of it, by the use cases that a real house is made with.
pub async fn furnish(exchange: Exchange, owner: Actor) -> Furnished {
    let programme = cx(&owner);
    let alpha = operator(&exchange, &owner, "Alpha").await;
    let new = ClientCreate { operator_id: Some(alpha.id), ..client("operator_admin") };
    let operator_admin = actor(&exchange, &owner, new).await;
    let mut trunks = [Uuid::nil(); 2];
    for (n, id) in trunks.iter_mut().enumerate() {
        let new = doc(json!({
            "fqdn": format!("a{n}.alpha.example"),
            "address": format!("127.0.0.1:{}", 5071 + n),
        }));
        *id = exchange.trunk_create(&programme, alpha.id, new).await.expect("a trunk").id;
    }
    let new = doc(json!({"name": "London", "trunk_ids": trunks}));
    let profile =
        exchange.calling_profile_create(&programme, alpha.id, new).await.expect("a profile");
    let new = doc(json!({"first": "+442079460000", "last": "+442079460999"}));
    exchange.range_create(&programme, alpha.id, new).await.expect("a range");
    let new = doc(json!({
        "services": ["Calling"], "countries": ["GB"],
        "landing_page": "https://alpha.example", "published": true,
    }));
    exchange.offer_put(&programme, alpha.id, None, new).await.expect("an offer");

    let (tenant_id, tenant_admin) = tenant(&exchange, &owner, "contoso.example").await;
    let (_, other_admin) = tenant(&exchange, &owner, "fabrikam.example").await;
    let admin = cx(&tenant_admin);
    let new = doc(json!({
        "operator_id": alpha.id, "countries": ["GB"],
        "contacts": [{"full_name": "Carol", "email": "carol@contoso.example"}],
        "company_name": "Contoso", "company_size": "L50_U249", "notice_accepted": true,
    }));
    exchange.consent_create(&admin, new).await.expect("a consent");
    let new = doc(json!({
        "company_name": "Contoso", "country": "GB", "house_number": "1",
        "street_name": "High Street", "city_or_town": "London", "postal_or_zip_code": "E1 1AA",
        "latitude": "51.5072", "longitude": "-0.1276",
    }));
    let address = exchange.civic_address_create(&admin, new).await.expect("an address");
    let location = address.default_location_id;

    let new = doc(json!({
        "upn": "alice@contoso.example", "display_name": "Alice", "country": "GB",
        "licences": ["teams_phone"],
    }));
    let alice = exchange.user_create(&admin, new).await.expect("Alice");
    exchange.user_phone_create(&admin, alice.id).await.expect("a phone");
    let new = doc(json!({
        "upn": "bob@contoso.example", "display_name": "Bob", "country": "GB",
    }));
    let bob = exchange.user_create(&admin, new).await.expect("Bob");
    let new = doc(json!({
        "upn": "sales@contoso.example", "display_name": "Sales", "kind": "call_queue",
        "licences": ["resource_account"], "agent_ids": [bob.id, alice.id],
    }));
    let queue = exchange.resource_account_create(&admin, new).await.expect("a queue");

    let edge = actor(&exchange, &owner, client("edge")).await;
    let operator = alpha.id;
    let house = Furnished {
        exchange,
        owner,
        edge,
        operator,
        operator_admin,
        trunks,
        tenant_admin,
        other_admin,
        alice,
        bob,
        queue,
    };
    house
        .upload(json!({
            "kind": "upload", "tenant_id": tenant_id, "calling_profile_id": profile.id,
            "usage": "CallingUserAssignment", "location_id": location,
            "entries": [
                {"number": "+442079460001"},
                {"number": "+442079460002", "usage": "FirstPartyAppAssignment"},
                {"number": "+442079460003"},
            ],
        }))
        .await;
    let to = AssignmentPut { user_id: Some(house.alice.id), ..AssignmentPut::default() };
    house.assign("+442079460001", to).await;
    let account = Some(house.queue.id);
    let to = AssignmentPut { resource_account_id: account, ..AssignmentPut::default() };
    house.assign("+442079460002", to).await;
    house
}

impl Furnished {
    /// Runs an order to its end; every entry must succeed.
    pub async fn upload(&self, order: serde_json::Value) {
        let operator = cx(&self.operator_admin);
        let order =
            self.exchange.number_order_create(&operator, doc(order)).await.expect("an order");
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let worker = tokio::spawn({
            let exchange = self.exchange.clone();
            async move { exchange.run_workers(stopped).await }
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let now = self.exchange.number_order_get(&operator, order.id).await.expect("it");
            if now.finished_at.is_some() {
                assert_eq!(now.status, "success", "{now:?}");
                break;
            }
            assert!(Instant::now() < deadline, "the order does not end: {now:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.send(true).expect("the worker listens");
        worker.await.expect("the worker ends well");
    }

    /// Assigns a number that is free.
    pub async fn assign(&self, number: &str, to: AssignmentPut) -> Number {
        let admin = cx(&self.tenant_admin);
        let number = number.parse().expect("E.164");
        let before = self.exchange.number_get(&admin, number).await.expect("the number");
        let put = self.exchange.assignment_put(&admin, number, Some(before.version), to).await;
        put.expect("assigned")
    }

    /// Whether a number is assigned, to whom, and their name: by itself, as the list says too.
    pub async fn assignment(&self, number: &str) -> (String, Option<Uuid>, Option<String>) {
        let found = self
            .exchange
            .number_get(&cx(&self.tenant_admin), E164::parse(number).expect("a number"))
            .await;
        let found = found.expect("a number");
        let listed = self.numbers().await.into_iter().find(|n| n.number == found.number);
        assert_eq!(json!(listed), json!(found), "a page says what a look-up says");
        (found.assignment_status, found.assigned_to_id, found.assigned_to_name)
    }

    /// Every number of the tenant, as its administrator sees them.
    pub async fn numbers(&self) -> Vec<Number> {
        let (filter, list) = (exchange::NumberFilter::default(), ListQuery::default());
        let listed = self.exchange.number_list(&cx(&self.tenant_admin), filter, list).await;
        listed.expect("numbers").items
    }
}
