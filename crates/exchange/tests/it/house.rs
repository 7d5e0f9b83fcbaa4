//! An exchange with people in it, for the tests to act on.

use api_types::identity::{ClientCreate, ClientCredentials};
use api_types::number::{NumberOrder, NumberOrderCreate, NumberOrderEntry};
use api_types::operator::{CallingProfileCreate, OfferPut, Operator, OperatorCreate, RangeCreate};
use api_types::tenant::{CivicAddressCreate, ConsentCreate, TenantCreate, UserCreate};
use exchange::{Actor, Cx, Exchange, ExchangeConfig, ListQuery};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What comes with a request of this actor.
pub fn cx(actor: &Actor) -> Cx {
    Cx { actor: actor.clone(), request_id: "test".into(), idempotency_key: None }
}

/// The same under an idempotency key; `body` stands for the request.
pub fn cx_key(actor: &Actor, key: &str, body: u8) -> Cx {
    Cx { idempotency_key: Some((key.into(), [body; 32])), ..cx(actor) }
}

/// An exchange on this database.
pub async fn open(db: &testkit::Database) -> Exchange {
    Exchange::open(ExchangeConfig::new(&db.url)).await.expect("the exchange opens")
}

/// Signs a client in.
pub async fn sign_in(exchange: &Exchange, client: &ClientCredentials) -> Actor {
    let id = client.client_id.to_string();
    let answer = exchange.token_issue(&id, &client.client_secret, None).await.expect("a token");
    exchange.actor_from_token(&answer.access_token).await.expect("an actor")
}

/// The first programme owner.
pub async fn owner(exchange: &Exchange) -> Actor {
    let client = exchange.bootstrap().await.expect("bootstraps").expect("the first time");
    sign_in(exchange, &client).await
}

/// Admits an operator.
pub async fn operator(exchange: &Exchange, owner: &Actor, name: &str) -> Operator {
    let new = OperatorCreate { name: name.into() };
    exchange.operator_create(&cx(owner), new).await.expect("an operator")
}

/// A client of any role.
pub fn client(role: &str) -> ClientCreate {
    ClientCreate { name: role.into(), role: role.into(), ..ClientCreate::default() }
}

/// An operator with a published offer, two trunks, a profile and a range.
pub struct Carrier {
    pub id: Uuid,
    pub actor: Actor,
    pub profile: Uuid,
}

/// A tenant.
pub struct Company {
    pub id: Uuid,
    pub actor: Actor,
}

/// Two carriers and two companies that have not met yet.
pub struct Town {
    pub exchange: Exchange,
    pub owner: Actor,
    /// Offers GB and DE; its range is +44 20 7946 0000 to 0999 and +44 20 7946 5000 to 6999.
    pub alpha: Carrier,
    /// Offers GB; its range is +44 20 7946 2000 to 2999.
    pub beta: Carrier,
    pub contoso: Company,
    pub fabrikam: Company,
}

async fn carrier(
    exchange: &Exchange,
    owner: &Actor,
    name: &str,
    countries: &[&str],
    ranges: &[(&str, &str)],
) -> Carrier {
    let cx = cx(owner);
    let id = operator(exchange, owner, name).await.id;
    let mut trunk_ids = Vec::new();
    for n in 1..=2 {
        let trunk = serde_json::json!({
            "fqdn": format!("{name}{n}.example.net").to_lowercase(),
            "address": format!("192.0.2.{n}:5060"),
        });
        let trunk = serde_json::from_value(trunk).expect("a trunk");
        trunk_ids.push(exchange.trunk_create(&cx, id, trunk).await.expect("a trunk").id);
    }
    let profile = CallingProfileCreate { name: "all".into(), trunk_ids };
    let profile = exchange.calling_profile_create(&cx, id, profile).await.expect("a profile").id;
    for (first, last) in ranges {
        let range = RangeCreate { first: (*first).into(), last: (*last).into() };
        exchange.range_create(&cx, id, range).await.expect("a range");
    }
    let offer = OfferPut {
        services: vec!["Calling".into()],
        countries: countries.iter().map(|c| (*c).into()).collect(),
        landing_page: format!("https://{name}.example"),
        published: true,
        ..OfferPut::default()
    };
    exchange.offer_put(&cx, id, None, offer).await.expect("an offer");
    let admin = ClientCreate { operator_id: Some(id), ..client("operator_admin") };
    let admin = exchange.client_create(&cx, admin).await.expect("a client");
    Carrier { id, actor: sign_in(exchange, &admin).await, profile }
}

async fn company(exchange: &Exchange, owner: &Actor, name: &str) -> Company {
    let new = TenantCreate { name: name.into(), domain: format!("{name}.example") };
    let id = exchange.tenant_create(&cx(owner), new).await.expect("a tenant").id;
    let admin = ClientCreate { tenant_id: Some(id), ..client("tenant_admin") };
    let admin = exchange.client_create(&cx(owner), admin).await.expect("a client");
    Company { id, actor: sign_in(exchange, &admin).await }
}

/// A town on this database.
pub async fn town(db: &testkit::Database) -> Town {
    let exchange = open(db).await;
    town_in(exchange).await
}

/// A town in this exchange.
pub async fn town_in(exchange: Exchange) -> Town {
    let owner = owner(&exchange).await;
    let ranges = [("+442079460000", "+442079460999"), ("+442079465000", "+442079466999")];
    let alpha = carrier(&exchange, &owner, "Alpha", &["GB", "DE"], &ranges).await;
    let ranges = [("+442079462000", "+442079462999")];
    let beta = carrier(&exchange, &owner, "Beta", &["GB"], &ranges).await;
    Town {
        alpha,
        beta,
        contoso: company(&exchange, &owner, "contoso").await,
        fabrikam: company(&exchange, &owner, "fabrikam").await,
        exchange,
        owner,
    }
}

/// What a company fills in.
pub fn consent(operator: Uuid, countries: &[&str]) -> ConsentCreate {
    serde_json::from_value(serde_json::json!({
        "operator_id": operator,
        "countries": countries,
        "requirements": [{
            "country": countries[0], "number_type": "user", "quantity": 10, "source": "new",
            "wanted_on": "2026-12-24",
        }],
        "contacts": [{ "full_name": "Ada Admin", "email": "ada@contoso.example" }],
        "company_name": "Contoso Ltd",
        "company_size": "L50_U249",
        "notice_accepted": true,
    }))
    .expect("a consent")
}

/// An office.
pub fn office(country: &str) -> CivicAddressCreate {
    CivicAddressCreate {
        company_name: "Contoso Ltd".into(),
        country: country.into(),
        latitude: Some("51.5".into()),
        longitude: Some("-0.12".into()),
        ..CivicAddressCreate::default()
    }
}

impl Town {
    /// The company consents to the carrier.
    pub async fn agree(&self, company: &Company, carrier: &Carrier) {
        let new = consent(carrier.id, &["GB"]);
        self.exchange.consent_create(&cx(&company.actor), new).await.expect("a consent");
    }

    /// The company has an office; answers with its default location.
    pub async fn settle(&self, company: &Company, country: &str) -> Uuid {
        let made = self.exchange.civic_address_create(&cx(&company.actor), office(country)).await;
        made.expect("an address").default_location_id
    }

    /// An upload of user numbers that the tenant may locate.
    pub fn upload(
        &self,
        carrier: &Carrier,
        company: &Company,
        numbers: &[&str],
    ) -> NumberOrderCreate {
        serde_json::from_value(serde_json::json!({
            "kind": "upload",
            "tenant_id": company.id,
            "calling_profile_id": carrier.profile,
            "usage": "CallingUserAssignment",
            "allow_tenant_address_update": true,
            "entries": numbers.iter().map(|n| serde_json::json!({ "number": n })).collect::<Vec<_>>(),
        }))
        .expect("an order")
    }

    /// Places an order, has a worker run it, and answers with its end and its entries.
    pub async fn run(
        &self,
        carrier: &Carrier,
        order: NumberOrderCreate,
    ) -> (NumberOrder, Vec<NumberOrderEntry>) {
        let placed = self.exchange.number_order_create(&cx(&carrier.actor), order).await;
        let placed = placed.expect("the order is taken");
        assert_eq!(placed.status, "pending");
        let worker = Worker::start(&self.exchange);
        let order = finished(&self.exchange, carrier, placed.id).await;
        worker.stop().await;
        let list = ListQuery { cursor: None, limit: 1000 };
        let entries =
            self.exchange.number_order_entries(&cx(&carrier.actor), placed.id, list).await;
        (order, entries.expect("entries").items)
    }

    /// A person.
    pub async fn person(&self, company: &Company, name: &str, licences: &[&str]) -> Uuid {
        let new = UserCreate {
            upn: format!("{name}@contoso.example"),
            display_name: name.into(),
            country: "GB".into(),
            licences: licences.iter().map(|l| (*l).into()).collect(),
        };
        self.exchange.user_create(&cx(&company.actor), new).await.expect("a user").id
    }
}

/// Waits for the end of an order.
pub async fn finished(exchange: &Exchange, carrier: &Carrier, id: Uuid) -> NumberOrder {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let order = exchange.number_order_get(&cx(&carrier.actor), id).await.expect("the order");
        if order.finished_at.is_some() {
            return order;
        }
        assert!(Instant::now() < deadline, "the order does not end: {order:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a node does beside answering: runs orders, posts webhooks, sends mails.
pub struct Worker {
    stop: tokio::sync::watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Worker {
    /// Runs orders.
    pub fn start(exchange: &Exchange) -> Self {
        let exchange = exchange.clone();
        Self::doing(|stopped| async move { exchange.run_workers(stopped).await })
    }

    /// Posts events to webhooks.
    pub fn posting(exchange: &Exchange) -> Self {
        let exchange = exchange.clone();
        Self::doing(|stopped| async move { exchange.run_webhooks(stopped).await })
    }

    /// Sends mails.
    pub fn mailing(exchange: &Exchange) -> Self {
        let exchange = exchange.clone();
        Self::doing(|stopped| async move { exchange.run_mails(stopped).await })
    }

    fn doing<Work>(work: impl FnOnce(tokio::sync::watch::Receiver<bool>) -> Work) -> Self
    where
        Work: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        Self { stop, task: tokio::spawn(work(stopped)) }
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.expect("it ends well");
    }

    /// Ends it wherever it is, as a crash would.
    pub async fn kill(self) {
        self.task.abort();
        // Cancelled is what it is meant to be.
        let _ = self.task.await;
    }
}

/// Does to a database what no use case does.
pub async fn meddle(db: &testkit::Database, sql: &'static str) {
    use sqlx::{Connection, Executor};
    if db.name == "sqlite" {
        let mut to = sqlx::SqliteConnection::connect(&db.url).await.expect("connects");
        to.execute(sql).await.expect(sql);
    } else {
        let mut to = sqlx::PgConnection::connect(&db.url).await.expect("connects");
        to.execute(sql).await.expect(sql);
    }
}
