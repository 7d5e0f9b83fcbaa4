//! `docs/access.csv` is true: every operation of the OpenAPI document, by every role, on one's
//! own, another's and no object, against a running server.
//!
//! A cell is what is answered: one status, or three where the operation names an object (one's
//! own, another's, one that is not there; `-` where nobody else could own it).

mod roles;
mod table;

use crate::bodies::{consent, draft, export, hook, offer, office, restriction};
use crate::server::Server;
use api::ApiConfig;
use feed::{snapshot::Snapshot, wrap::wrap_key};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use table::{Operation, table};
use uuid::Uuid;

/// Whose the object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Others,
    Nobodys,
}

const WHOSE: [Whose; 3] = [Whose::Own, Whose::Others, Whose::Nobodys];

/// An operator or a tenant with one of each thing it can have.
#[derive(Default)]
struct Party {
    token: String,
    id: String,
    things: BTreeMap<&'static str, String>,
}

struct World {
    server: Server,
    /// By role.
    tokens: BTreeMap<String, String>,
    alba: Party,
    brae: Party,
    /// Contoso consented to it and has nothing of it.
    cairn: Party,
    /// Contoso did not consent to it.
    dunes: Party,
    contoso: Party,
    fabrikam: Party,
    /// One that nobody uses.
    client: String,
    /// An outside issuer.
    issuer: String,
    /// A subscription of the programme's.
    webhook: String,
    /// Where an edge's feed goes on.
    feed: String,
}

const EDGE: &str = "019aab5c-0000-7000-8000-00000000ed9e";
const NOBODYS: &str = "019aab5c-0000-7000-8000-00000000dead";

impl World {
    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        let request = self.server.bare(Method::POST, path).bearer_auth(token).json(&body);
        let answer = request.send().await.expect("answers");
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn token(&self, role: &str, of: Value) -> String {
        let client = self.server.client(role, role, of).await;
        self.server.token_of(&client).await
    }

    async fn operator(&self, name: &str, first: &str) -> Party {
        let made = self.server.make("/programme/v1/operators", json!({ "name": name })).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        let of = |what: &str| format!("/programme/v1/operators/{id}/{what}");
        let mut trunks = Vec::new();
        for n in 1..=2 {
            let fqdn = format!("sbc{n}.{}.example", name.to_lowercase());
            let trunk = json!({ "fqdn": fqdn, "address": format!("192.0.2.{n}:5060") });
            trunks.push(self.server.make(&of("trunks"), trunk).await["id"].clone());
        }
        let profile = json!({ "name": "all", "trunk_ids": trunks });
        let profile = self.server.make(&of("calling-profiles"), profile).await;
        let last = format!("{}99", &first[..first.len() - 2]);
        self.server.make(&of("ranges"), json!({ "first": first, "last": last })).await;
        let offer = offer(name);
        let put = self.server.ask(Method::PUT, &of("offer")).json(&offer).send().await;
        assert_eq!(put.expect("answers").status(), StatusCode::OK);
        let mut things = BTreeMap::new();
        things.insert("trunk", trunks[0].as_str().expect("an id").to_owned());
        things.insert("trunk2", trunks[1].as_str().expect("an id").to_owned());
        things.insert("profile", profile["id"].as_str().expect("an id").to_owned());
        let token = self.token("operator_admin", json!({ "operator_id": id })).await;
        Party { token, id, things }
    }

    async fn tenant(&self, name: &str) -> Party {
        let domain = format!("{}.example", name.to_lowercase());
        let new = json!({ "name": name, "domain": domain });
        let id = self.server.make("/programme/v1/tenants", new).await["id"].clone();
        let token = self.token("tenant_admin", json!({ "tenant_id": id })).await;
        let mut things = BTreeMap::new();
        for (name, address) in [("address", "1"), ("spare address", "2")] {
            let made = self.post(&token, "/tenant/v1/civic-addresses", office(address)).await;
            things.insert(name, made["id"].as_str().expect("an id").to_owned());
            if name == "address" {
                let location = made["default_location_id"].as_str().expect("an id");
                things.insert("location", location.to_owned());
            }
        }
        let user = json!({ "upn": format!("ada@{domain}"), "display_name": "Ada",
            "country": "GB", "licences": ["teams_phone"] });
        let user = self.post(&token, "/tenant/v1/users", user).await;
        things.insert("user", user["id"].as_str().expect("an id").to_owned());
        for name in ["spare user", "scim user"] {
            let local = name.replace(' ', "-");
            let new = json!({ "upn": format!("{local}@{domain}"), "display_name": name,
                "country": "GB" });
            let made = self.post(&token, "/tenant/v1/users", new).await;
            things.insert(name, made["id"].as_str().expect("an id").to_owned());
        }
        let queue = json!({ "upn": format!("queue@{domain}"), "display_name": "Queue",
            "kind": "call_queue", "agent_ids": [user["id"]] });
        let queue = self.post(&token, "/tenant/v1/resource-accounts", queue).await;
        things.insert("account", queue["id"].as_str().expect("an id").to_owned());
        for name in ["policy", "spare policy"] {
            let made = self.post(&token, "/tenant/v1/policies", restriction(name)).await;
            things.insert(name, made["id"].as_str().expect("an id").to_owned());
        }
        let freeze = json!({ "name": "cutover", "starts_at": "2126-01-01T00:00:00Z",
            "ends_at": "2126-01-02T00:00:00Z" });
        let freeze = self.post(&token, "/tenant/v1/change-freezes", freeze).await;
        things.insert("freeze", freeze["id"].as_str().expect("an id").to_owned());
        let direct = format!("+44207940{:04}", domain.len());
        let add = json!({ "entries": [{ "number": direct }] });
        self.post(&token, "/tenant/v1/direct-routing-numbers", add).await;
        things.insert("direct number", direct);
        for (n, name) in ["gateway", "spare gateway"].into_iter().enumerate() {
            let fqdn = format!("sbc{n}.{domain}");
            // Each of another address: an address is one gateway's.
            let address = format!("198.51.100.{}:5060", 10 * domain.len() + n);
            let made = json!({ "fqdn": fqdn, "address": address, "country": "GB" });
            let made = self.post(&token, "/tenant/v1/gateways", made).await;
            things.insert(name, made["id"].as_str().expect("an id").to_owned());
        }
        let own = |n: u32| format!("+4420794{n}{:04}", domain.len());
        let entry = |n| json!({ "number": own(n), "usage": "ConferenceAssignment" });
        let add = json!({ "entries": [entry(1), entry(2)] });
        self.post(&token, "/tenant/v1/direct-routing-numbers", add).await;
        things.insert("conference number", own(2));
        for name in ["bridge", "spare bridge"] {
            let made = json!({ "name": name, "gateway_ids": [things["gateway"]] });
            let made = self.post(&token, "/tenant/v1/conference-bridges", made).await;
            things.insert(name, made["id"].as_str().expect("an id").to_owned());
        }
        things.insert("numbered bridge", things["bridge"].clone());
        // The first is the default one, which stays.
        for n in [1, 2] {
            let path =
                format!("/tenant/v1/conference-bridges/{}/numbers/{}", things["bridge"], own(n));
            let put = self.server.bare(Method::PUT, &path).bearer_auth(&token);
            let put = put.json(&json!({ "primary_language": "en-GB" })).send().await;
            assert_eq!(put.expect("answers").status(), StatusCode::OK);
        }
        // Somebody who is told of a number, by a house without a mail server.
        let told = json!({ "upn": format!("told@{domain}"), "display_name": "Told",
            "country": "GB", "licences": ["teams_phone"] });
        let told = self.post(&token, "/tenant/v1/users", told).await["id"].clone();
        let add = json!({ "entries": [{ "number": own(3) }] });
        self.post(&token, "/tenant/v1/direct-routing-numbers", add).await;
        let assignment = format!("/tenant/v1/numbers/{}/assignment", own(3));
        for (path, body) in [
            ("/tenant/v1/number-settings", json!({ "assignment_email": true })),
            (assignment.as_str(), json!({ "user_id": told, "location_id": things["location"] })),
        ] {
            let put = self.server.bare(Method::PUT, path).bearer_auth(&token).json(&body).send();
            let put = put.await.expect("answers");
            let status = put.status();
            let text = put.text().await.expect("text");
            assert_eq!(status, StatusCode::OK, "{path}: {text}");
        }
        let mails = self.server.bare(Method::GET, "/tenant/v1/mails").bearer_auth(&token).send();
        let mails: Value = mails.await.expect("answers").json().await.expect("JSON");
        things.insert("mail", mails["items"][0]["id"].as_str().expect("a mail").to_owned());
        for name in ["group", "spare group", "scim group"] {
            let made = self.post(&token, "/tenant/v1/groups", json!({ "name": name })).await;
            things.insert(name, made["id"].as_str().expect("an id").to_owned());
        }
        Party { token, id: id.as_str().expect("an id").to_owned(), things }
    }

    /// The operator uploads one number to the tenant, which has consented.
    async fn supply(&self, operator: &mut Party, tenant: &mut Party, number: &str) {
        self.post(&tenant.token, "/tenant/v1/consents", consent(&operator.id)).await;
        let order = json!({
            "kind": "upload", "tenant_id": tenant.id, "entries": [{ "number": number }],
            "calling_profile_id": operator.things["profile"], "usage": "CallingUserAssignment",
            "allow_tenant_address_update": true, "location_id": tenant.things["location"],
        });
        let path = "/operator/v1/number-orders";
        let id = self.order(&operator.token, path, order, "success").await;
        operator.things.insert("order", id);
        // One that fails leaves a message.
        let bad =
            json!({ "kind": "release", "tenant_id": tenant.id, "entries": [{ "number": "+1" }] });
        self.order(&operator.token, path, bad, "error").await;
        let list = self.server.bare(Method::GET, "/operator/v1/order-messages");
        let list = list.bearer_auth(&operator.token).send().await.expect("answers");
        let list: Value = list.json().await.expect("JSON");
        let message = list["items"][0]["id"].as_str().expect("a message").to_owned();
        operator.things.insert("message", message);
        let tags = json!({ "kind": "tags", "add_tags": ["x"],
            "entries": [{ "number": number }, { "number": "+1" }] });
        let path = "/tenant/v1/number-orders";
        let id = self.order(&tenant.token, path, tags, "partial_success").await;
        tenant.things.insert("tenant order", id);
        tenant.things.insert("number", number.to_owned());
        let call = Uuid::now_v7().to_string();
        let record = json!({ "id": call, "edge": EDGE, "event": {
            "event": "begin", "at_us": 1_800_000_000_000_000i64, "kind": "outbound",
            "tenant": tenant.id, "number": number, "operator": operator.id,
            "caller": number, "callee": "+442079479876", "caller_user": tenant.things["user"],
            "callee_user": null, "queue": null, "in_trunk": null, "call_id": "a@192.0.2.77",
        }});
        self.post(&self.tokens["edge"], "/edge/v1/cdrs", json!({ "records": [record] })).await;
        self.sell(operator, tenant, number).await;
        for (party, face) in [(operator, "operator"), (tenant, "tenant")] {
            party.things.insert("call", call.clone());
            let hook = self.hook(&party.token, face).await;
            party.things.insert("webhook", hook);
            let export = self.export(&party.token, face).await;
            party.things.insert("export", export);
        }
    }
}

impl World {
    /// The tenant reserves some of the operator's stock, and has a quote of another number.
    async fn sell(&self, operator: &mut Party, tenant: &mut Party, number: &str) {
        let of = |n: u32| format!("{}{n}", &number[..number.len() - 2]);
        let stock = json!({ "calling_profile_id": operator.things["profile"],
            "usage": "FirstPartyAppAssignment", "ranges": [{ "first": of(60), "last": of(69) }] });
        self.post(&operator.token, "/operator/v1/stock", stock).await;
        let open = self.server.bare(Method::PUT, "/operator/v1/storefront");
        let open = open.bearer_auth(&operator.token).header(header::IF_MATCH, "\"0\"");
        let open = open.json(&json!({ "open": true, "reservation_minutes": 60 })).send().await;
        assert_eq!(open.expect("answers").status(), StatusCode::OK);
        let names = ["reservation", "spare reservation", "last reservation", "quote"];
        for (n, name) in (61..).zip(names) {
            let ask = json!({ "operator_id": operator.id, "numbers": [of(n)] });
            let quote = self.post(&tenant.token, "/tenant/v1/quotes", ask).await["id"].clone();
            let id = match name {
                "quote" => quote,
                _ => {
                    let ask = json!({ "quote_id": quote });
                    self.post(&tenant.token, "/tenant/v1/reservations", ask).await["id"].clone()
                }
            };
            let id = id.as_str().expect("an id").to_owned();
            operator.things.insert(name, id.clone());
            tenant.things.insert(name, id);
        }
    }

    /// Places an order and waits for its end.
    async fn order(&self, token: &str, path: &str, order: Value, status: &str) -> String {
        let order = self.post(token, path, order).await;
        let id = order["id"].as_str().expect("an id").to_owned();
        let path = format!("{path}/{id}");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let ask = self.server.bare(Method::GET, &path).bearer_auth(token);
            let order: Value = ask.send().await.expect("answers").json().await.expect("JSON");
            if !order["finished_at"].is_null() {
                assert_eq!(order["status"], status, "{order}");
                return id;
            }
            assert!(Instant::now() < deadline, "the order does not finish: {order}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The operator has a draft of its offer.
    async fn drafted(&self, operator: &Party) {
        let path = "/operator/v1/offer/draft";
        let ask = |method| self.server.bare(method, path).bearer_auth(&operator.token);
        let there = ask(Method::GET).send().await.expect("answers");
        if there.status() != StatusCode::OK {
            let put = ask(Method::PUT).json(&draft("Alba")).send().await.expect("answers");
            assert_eq!(put.status(), StatusCode::OK);
        }
    }

    /// Operators have invited tenants.
    async fn invite(&self, operator: &mut Party, tenant: &mut Party, domain: &str) {
        let path = "/operator/v1/leads";
        let to = json!({ "domain": domain, "countries": ["GB"] });
        let made = self.post(&operator.token, path, to).await;
        let lead = made["lead"]["id"].as_str().expect("an id").to_owned();
        tenant.things.insert("lead", lead);
        let made = self.post(&operator.token, path, json!({ "countries": ["GB"] })).await;
        tenant.things.insert("code", made["code"].as_str().expect("a code").to_owned());
        let to = json!({ "domain": "nobody.example", "countries": ["GB"] });
        let made = self.post(&operator.token, path, to).await;
        operator.things.insert("lead", made["lead"]["id"].as_str().expect("an id").to_owned());
    }

    /// A subscription to events, whose endpoint answers nothing.
    async fn hook(&self, token: &str, face: &str) -> String {
        let hook = self.post(token, &format!("/{face}/v1/webhooks"), hook()).await;
        hook["id"].as_str().expect("an id").to_owned()
    }

    /// The record of a file of call records.
    async fn export(&self, token: &str, face: &str) -> String {
        let path = format!("/{face}/v1/call-exports");
        let request = self.server.bare(Method::POST, &path).bearer_auth(token).json(&export());
        let answer = request.send().await.expect("answers");
        let record = answer.headers()[header::LOCATION].to_str().expect("text").to_owned();
        // The record is there once the file is whole.
        answer.bytes().await.expect("the file");
        record.rsplit('/').next().expect("an id").to_owned()
    }
}

async fn world() -> World {
    let quick = ApiConfig { requests_per_minute: 1_000_000, ..ApiConfig::default() };
    let server = Server::over(testkit::sqlite(), quick).await;
    let edge = server.client("edge", "edge", json!({})).await;
    let spare = server.client("spare", "programme_support", json!({})).await;
    let mut world = World {
        tokens: BTreeMap::from([
            ("programme_owner".to_owned(), server.token.clone()),
            ("edge".to_owned(), server.token_of(&edge).await),
        ]),
        client: spare.client_id.to_string(),
        server,
        alba: Party::default(),
        brae: Party::default(),
        cairn: Party::default(),
        dunes: Party::default(),
        contoso: Party::default(),
        fabrikam: Party::default(),
        feed: String::new(),
        issuer: String::new(),
        webhook: String::new(),
    };
    let mut alba = world.operator("Alba", "+442079460000").await;
    let mut brae = world.operator("Brae", "+442079470000").await;
    let mut contoso = world.tenant("Contoso").await;
    let mut fabrikam = world.tenant("Fabrikam").await;
    world.supply(&mut alba, &mut contoso, "+442079460001").await;
    world.supply(&mut brae, &mut fabrikam, "+442079470001").await;
    world.invite(&mut alba, &mut contoso, "contoso.example").await;
    world.invite(&mut brae, &mut fabrikam, "fabrikam.example").await;
    world.drafted(&alba).await;
    world.cairn = world.operator("Cairn", "+442079480000").await;
    world.dunes = world.operator("Dunes", "+442079490000").await;
    world.post(&contoso.token, "/tenant/v1/consents", consent(&world.cairn.id)).await;
    let alive = json!({ "edge": EDGE, "started_at_us": 1_800_000_000_000_000i64, "alarms": [] });
    world.post(&world.tokens["edge"].clone(), "/edge/v1/events", alive).await;
    for (role, of) in [
        ("programme_support", json!({})),
        ("operator_reader", json!({ "operator_id": alba.id })),
        ("tenant_helpdesk", json!({ "tenant_id": contoso.id })),
        ("tenant_reader", json!({ "tenant_id": contoso.id })),
    ] {
        let token = world.token(role, of).await;
        world.tokens.insert(role.to_owned(), token);
    }
    world.tokens.insert("operator_admin".to_owned(), alba.token.clone());
    world.tokens.insert("tenant_admin".to_owned(), contoso.token.clone());
    let edge = &world.tokens["edge"];
    let snapshot = world.server.bare(Method::GET, "/edge/v1/snapshot").bearer_auth(edge);
    let snapshot = snapshot.send().await.expect("answers").bytes().await.expect("bytes");
    let at = Snapshot::open(&snapshot, &wrap_key(edge)).expect("opens").position();
    let feed = format!("?epoch={}&since={}", at.epoch, at.position);
    let issuer = json!({ "name": "Directory", "issuer": "https://login.example",
        "audience": "meetpoint", "roles": [{ "value": "*", "role": "programme_support" }] });
    let issuer = world.server.make("/programme/v1/issuers", issuer).await;
    let issuer = issuer["id"].as_str().expect("an id").to_owned();
    let webhook = world.hook(&world.server.token, "programme").await;
    World { alba, brae, contoso, fabrikam, feed, issuer, webhook, ..world }
}

impl World {
    /// What of this kind is whose, as the face of the operation sees it.
    fn thing(&self, operation: &Operation, kind: &str, whose: Whose) -> String {
        let of_operator = operation.tag == "operator";
        let (own, others) = match (kind, operation.tag.as_str()) {
            ("edge", _) => (EDGE, ""),
            ("client" | "secret" | "key", _) => (self.client.as_str(), ""),
            ("issuer", _) => (self.issuer.as_str(), ""),
            // None is open here: the use cases have their own test.
            ("dispute", _) => (NOBODYS, NOBODYS),
            // A token is one person's, and another's is nobody's business.
            ("token", _) => (NOBODYS, NOBODYS),
            ("webhook", "programme") => {
                (self.webhook.as_str(), self.alba.things["webhook"].as_str())
            }
            ("operator", _) => (self.alba.id.as_str(), ""),
            ("tenant" | "consent", "operator" | "programme") => {
                (self.contoso.id.as_str(), self.fabrikam.id.as_str())
            }
            (kind, _) if kind.ends_with("reservation") => {
                (self.alba.things[kind].as_str(), self.brae.things[kind].as_str())
            }
            ("shop", _) => (self.alba.id.as_str(), self.brae.id.as_str()),
            // The tenant gives up what it has nothing of.
            ("consent", _) if operation.name == "consent_remove" => {
                (self.cairn.id.as_str(), self.brae.id.as_str())
            }
            ("consent", _) => (self.alba.id.as_str(), self.brae.id.as_str()),
            // The programme's own is not in the house.
            ("freeze", "programme") => (NOBODYS, NOBODYS),
            ("address" | "policy" | "group" | "gateway" | "bridge" | "user", _)
                if operation.name.ends_with("_remove") =>
            {
                let spare =
                    |party: &'_ Party| party.things[format!("spare {kind}").as_str()].clone();
                return match whose {
                    Whose::Own => spare(&self.contoso),
                    Whose::Others => spare(&self.fabrikam),
                    Whose::Nobodys => NOBODYS.to_owned(),
                };
            }
            ("lead", "operator") => {
                (self.alba.things["lead"].as_str(), self.brae.things["lead"].as_str())
            }
            ("trunk" | "profile" | "order" | "message", _) => {
                (self.alba.things[kind].as_str(), self.brae.things[kind].as_str())
            }
            ("call" | "webhook" | "export", _) if of_operator => {
                (self.alba.things[kind].as_str(), self.brae.things[kind].as_str())
            }
            _ => (self.contoso.things[kind].as_str(), self.fabrikam.things[kind].as_str()),
        };
        match whose {
            Whose::Own => own.to_owned(),
            Whose::Others => others.to_owned(),
            Whose::Nobodys if kind.ends_with("number") => "+442079480099".to_owned(),
            Whose::Nobodys => NOBODYS.to_owned(),
        }
    }

    /// The path with the object in it; a body that would be taken; a query.
    fn ask(&self, operation: &Operation, thing: &str) -> (String, Option<Value>) {
        let mut path = operation.path.clone();
        if path.contains("{trunk_id}") || path.contains("{calling_profile_id}") {
            path = path.replace("{operator_id}", &self.alba.id);
        }
        if path.contains("{secret_id}") {
            // A client's first secret has its client's id.
            path = path.replace("{client_id}", &self.client);
        }
        if path.contains("{key_id}") {
            path = path.replace("{client_id}", &self.client).replace("{key_id}", NOBODYS);
        }
        if path.contains("{conference_bridge_id}") {
            path = path.replace("{number}", &self.contoso.things["conference number"]);
        }
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            path.replace_range(from..=to, thing);
        }
        let (contoso, alba) = (&self.contoso, &self.alba);
        let body = match operation.name.as_str() {
            "edge_changes" => {
                path += &self.feed;
                return (path, None);
            }
            "number_explain" | "operator_number_explain" | "programme_number_explain" => {
                path += &format!("?number=%2B{}", thing.trim_start_matches('+'));
                return (path, None);
            }
            "call_explain" => {
                path += &format!("?id={thing}");
                return (path, None);
            }
            "event_list" | "operator_event_list" | "programme_event_list" => {
                path += "?follow=false";
                return (path, None);
            }
            "call_reconciliation" => {
                path += "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z";
                return (path, None);
            }
            "shop_number_list" => {
                path += "?country=GB";
                return (path, None);
            }
            "storefront_put" => json!({ "open": true, "reservation_minutes": 60 }),
            "reservation_decline" => json!({ "reason": "not there" }),
            "quote_create" => json!({ "operator_id": alba.id, "numbers": ["+442079460060"] }),
            "reservation_create" => json!({ "quote_id": contoso.things["quote"] }),
            "stock_put" => json!({ "calling_profile_id": alba.things["profile"],
                "usage": "FirstPartyAppAssignment", "entries": [{ "number": "+442079460050" }] }),
            "stock_file" => {
                path += &format!(
                    "?usage=FirstPartyAppAssignment&calling_profile_id={}",
                    alba.things["profile"]
                );
                json!("number\n+442079460051\n")
            }
            "stock_withdraw" => json!({ "numbers": ["+442079460051"] }),
            // What a trial would do is enough: the order is not undone under the other questions.
            "number_order_undo" | "tenant_order_undo" | "assignment_undo" => {
                path += "?dry_run=true";
                return (path, None);
            }
            "number_order_file" => {
                path += &format!(
                    "?kind=upload&usage=FirstPartyAppAssignment&tenant_id={}&calling_profile_id={}",
                    contoso.id, alba.things["profile"]
                );
                json!("number\n+442079460003\n")
            }
            "tenant_order_file" => {
                path += "?kind=tags&add_tags=x";
                json!("number\n+442079460001\n")
            }
            "calling_file" => json!("upn,unanswered\nada@contoso.example,none\n"),
            "user_file" => json!("upn,display_name,country\nzoe@contoso.example,Zoe,GB\n"),
            "tenant_order_create" => json!({ "kind": "tags", "add_tags": ["y"],
                "entries": [{ "number": "+442079460001" }] }),
            "operator_dispute_update" | "dispute_update" => json!({ "state": "withdrawn" }),
            "assignment_block_put" => json!({ "days": 1 }),
            "number_tags_put" => json!({ "tags": ["z"] }),
            "number_settings_put" => json!({ "assignment_blocked_days": 1 }),
            "webhook_create" | "operator_webhook_create" | "programme_webhook_create" => hook(),
            "webhook_update" | "operator_webhook_update" | "programme_webhook_update" => {
                json!({ "description": "to the service desk" })
            }
            "webhook_replay" | "operator_webhook_replay" | "programme_webhook_replay" => {
                json!({ "from": "now" })
            }
            "call_export_create" | "operator_call_export_create" => export(),
            "call_durations_push" => json!({ "entries": [{
                "call_id": alba.things["call"], "connected_ms": 1000 }] }),
            "operator_create" => json!({ "name": "Esker" }),
            "trunk_create" => json!({ "fqdn": "sbc9.alba.example", "address": "192.0.2.9:5060" }),
            "trunk_update" => json!({ "enabled": true }),
            "scim_resource_type_get" => {
                path = path.replace("//", "/");
                return (path + "User", None);
            }
            "scim_schema_get" => {
                return (path + "urn:ietf:params:scim:schemas:core:2.0:User", None);
            }
            "scim_user_create" => json!({ "userName": "scim@contoso.example" }),
            "scim_user_replace" => json!({ "userName": "ada@contoso.example" }),
            "scim_group_create" => json!({ "displayName": "Scim" }),
            "scim_group_replace" => json!({ "displayName": "group" }),
            "scim_user_update" | "scim_group_update" => json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "value": {} }] }),
            "calling_profile_create" => json!({ "name": "second",
                "trunk_ids": [alba.things["trunk"], alba.things["trunk2"]] }),
            "range_create" => json!({ "first": "+442079430000", "last": "+442079430099" }),
            "offer_put" => offer("Alba"),
            "offer_draft_put" => draft("Alba"),
            "lead_create" => json!({ "domain": "esker.example", "countries": ["GB"] }),
            "lead_claim" => json!({ "code": contoso.things["code"] }),
            "notice_create" => json!({ "text": "Your contacts are passed on." }),
            "consent_acceptance_create" => json!({ "notice_version": 0 }),
            "tenant_create" => json!({ "name": "Gamma", "domain": "gamma.example" }),
            "fraud_release" | "tenant_fraud_release" => json!({ "id": thing }),
            "client_create" => json!({ "name": "another", "role": "edge" }),
            "client_key_create" => json!({ "jwk": { "kty": "EC", "crv": "P-256",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" } }),
            "issuer_create" => json!({ "name": "Other", "issuer": "https://other.example",
                "audience": "meetpoint", "roles": [{ "value": "*", "role": "programme_support" }] }),
            "account_put" => json!({ "login": format!("ada-{}", Uuid::now_v7()),
                "password": "correct horse battery" }),
            "totp_start" => json!({ "current_password": "x" }),
            "totp_confirm" => json!({ "one_time_code": "000000" }),
            "totp_remove" => json!({ "current_password": "x", "one_time_code": "000000" }),
            "api_token_create" => json!({ "name": "reports", "days": 1 }),
            "relationship_update" => json!({ "status": "ConsentAcknowledged" }),
            "number_order_create" => json!({ "kind": "upload", "tenant_id": contoso.id,
                "calling_profile_id": alba.things["profile"], "usage": "CallingUserAssignment",
                "location_id": contoso.things["location"],
                "entries": [{ "number": "+442079460002" }] }),
            "consent_create" => consent(&self.dunes.id),
            "consent_update" => json!({ "countries": ["GB"] }),
            "civic_address_create" => office("3"),
            "location_create" => json!({ "description": "Second floor" }),
            "trusted_networks_put" => json!({ "networks": [] }),
            "policy_create" => restriction("another"),
            "policy_update" => json!({ "description": "for the shop floor" }),
            "policy_assignment_put" => json!({ "kind": "OnlineDialOutPolicy",
                "policy_id": contoso.things["policy"], "user_id": contoso.things["user"] }),
            "group_create" => json!({ "name": "Sales" }),
            "group_member_edit" => json!({ "join": [contoso.things["user"]] }),
            "screening_put"
            | "voice_routing_put"
            | "fallback_put"
            | "calling_settings_put"
            | "voice_targets_put" => json!({}),
            "gateway_create" => json!({ "fqdn": "sbc9.contoso.example",
                "address": "198.51.100.9:5060", "country": "GB" }),
            "direct_numbers_create" => json!({ "dry_run": true,
                "entries": [{ "number": "+442079400099" }] }),
            "gateway_update" => json!({ "enabled": true }),
            "conference_bridge_create" => json!({ "name": "another",
                "gateway_ids": [contoso.things["gateway"]] }),
            "conference_bridge_update" => json!({ "name": "Meetings" }),
            "conference_number_put" => json!({ "primary_language": "fr-FR" }),
            // Long from now: nothing else in this walk is to be refused by it.
            "freeze_create" | "programme_freeze_create" => json!({ "name": "cutover",
                "starts_at": "2126-01-01T00:00:00Z", "ends_at": "2126-01-02T00:00:00Z" }),
            "user_create" => json!({ "upn": "eve@contoso.example", "display_name": "Eve",
                "country": "GB" }),
            "user_update" => json!({ "display_name": "Ada Byron" }),
            "resource_account_create" => json!({ "upn": "q2@contoso.example",
                "display_name": "Second", "kind": "call_queue",
                "agent_ids": [contoso.things["user"]] }),
            "assignment_put" => json!({ "user_id": contoso.things["user"],
                "location_id": contoso.things["location"] }),
            "explain_call" => json!({ "from_user_id": contoso.things["user"],
                "called": "+442079479876" }),
            "edge_cdrs" => json!({ "records": [] }),
            "edge_events" => json!({ "edge": EDGE, "started_at_us": 1_800_000_000_000_000i64,
                "alarms": [] }),
            "edge_answers" => json!({ "edge": EDGE, "question": NOBODYS, "packets": [] }),
            _ => json!({}),
        };
        let writes = !matches!(operation.method, Method::GET | Method::DELETE);
        (path, writes.then_some(body))
    }

    fn request(&self, operation: &Operation, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.server.bare(operation.method.clone(), path);
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The version of what is about to be written.
    async fn tag_of(&self, operation: &Operation, path: &str, token: &str) -> Option<String> {
        if matches!(&*operation.name, "trunk_update" | "calling_profile_emergency_put") {
            return Some("\"1\"".to_owned());
        }
        let at = path.strip_suffix("/assignment").unwrap_or(path);
        let at = at.strip_suffix("/engagement").unwrap_or(at);
        let answer = self.server.bare(Method::GET, at).bearer_auth(token).send().await;
        let tag = answer.expect("answers").headers().get(header::ETAG).cloned();
        tag.and_then(|tag| tag.to_str().ok().map(str::to_owned))
    }

    async fn answer(
        &self,
        operation: &Operation,
        role: &str,
        whose: Whose,
        writes: bool,
    ) -> Response {
        let token = self.tokens.get(role).map(String::as_str);
        let thing = match operation.object.as_str() {
            "-" => String::new(),
            kind => self.thing(operation, kind, whose),
        };
        let (path, mut body) = self.ask(operation, &thing);
        match operation.name.as_str() {
            // What is published or thrown away is written first.
            "offer_publish" | "offer_draft_remove" if writes => self.drafted(&self.alba).await,
            // These know nobody yet: whoever else signs in there shows what they have.
            "session_create" => {
                let to =
                    format!("/programme/v1/clients/{}/login-codes", self.server.owner.client_id);
                body = Some(json!({ "code": self.server.make(&to, json!({})).await["code"] }));
            }
            "token_revoke" => {
                let owner = &self.server.owner;
                let request = self.server.bare(Method::POST, &path).form(&[
                    ("client_id", owner.client_id.to_string().as_str()),
                    ("client_secret", &owner.client_secret),
                    ("token", "nobody's"),
                ]);
                return request.send().await.expect("answers");
            }
            "token_issue" => {
                let owner = &self.server.owner;
                let request = self.server.bare(Method::POST, &path).form(&[
                    ("grant_type", "client_credentials"),
                    ("client_id", &owner.client_id.to_string()),
                    ("client_secret", &owner.client_secret),
                ]);
                return request.send().await.expect("answers");
            }
            _ => {}
        }
        let mut request = self.request(operation, &path, token);
        match body {
            // A file.
            Some(Value::String(text)) => {
                request = request.header(header::CONTENT_TYPE, "text/csv").body(text);
            }
            Some(body) => request = request.json(&body),
            None => {}
        }
        if let (true, Some(token)) = (writes, token)
            && operation.method != Method::POST
            && let Some(tag) = self.tag_of(operation, &path, token).await
        {
            request = request.header(header::IF_MATCH, tag);
        }
        request.send().await.expect("answers")
    }

    async fn audited(&self) -> usize {
        let list = self.server.ask(Method::GET, "/programme/v1/audit?limit=1000").send().await;
        let list: Value = list.expect("answers").json().await.expect("JSON");
        list["items"].as_array().map_or(0, Vec::len)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_every_role_as_the_table_says() {
    let operations = table();
    let world = world().await;
    let before = world.audited().await;
    let mut wrong = Vec::new();
    let mut asked = 0;
    // First all that is refused or only looks, which changes nothing; then what is taken.
    for writes in [false, true] {
        for operation in &operations {
            for (role, cells) in &operation.cells {
                for (whose, expected) in WHOSE.into_iter().zip(cells) {
                    let Some(expected) = *expected else { continue };
                    let changes = expected < 400 && !operation.reads();
                    if changes != writes {
                        continue;
                    }
                    asked += 1;
                    let answer = world.answer(operation, role, whose, writes).await;
                    let status = answer.status().as_u16();
                    // Nobody learns from an answer that another has something.
                    if status != expected {
                        let endless = operation.name == "edge_changes";
                        let text = match endless {
                            true => String::new(),
                            false => answer.text().await.unwrap_or_default(),
                        };
                        wrong.push(format!(
                            "{} as {role} on {whose:?}: {status}, not {expected}: {text}",
                            operation.name
                        ));
                    }
                }
            }
        }
        if !writes {
            let own = operations.iter().any(|o| o.name == "session_create");
            assert!(own && world.audited().await == before, "what was refused left no trace");
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    world.server.stop().await;
}
