//! A control plane with what a call needs, seeded over its API.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use softphone::{Answering, OperatorTrunk, Phone, PhoneConfig, Transport, TrunkConfig};
use testkit::{Database, TempDir};

use crate::process::{Process, program};

pub const SOON: Duration = Duration::from_secs(10);
pub const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
/// Somebody outside.
pub const OUTSIDER: &str = "+441632960123";
pub const DOMAIN: &str = "contoso.example";

/// `meetpoint serve` without an edge, on a port it keeps over restarts.
pub struct Plane {
    process: Option<Process>,
    pub base: String,
    listen: String,
    database: Database,
    chunk: u32,
    folder: TempDir,
    program: PathBuf,
    pub owner: Client,
    requests: u32,
}

fn command(
    path: &Path,
    folder: &TempDir,
    database: &str,
    listen: &str,
    chunk: u32,
    requests: u32,
) -> Command {
    let mut command = program(path);
    command
        .args(["serve", "--no-edge", "--requests-per-minute", &requests.to_string()])
        .args(["--database-url", database, "--listen", listen])
        .args(["--order-chunk", &chunk.to_string()])
        .arg("--data-dir")
        .arg(folder.path().join("data"));
    command
}

impl Plane {
    pub async fn start(database: Database, chunk: u32) -> Self {
        Self::start_of(Path::new(env!("CARGO_BIN_EXE_meetpoint")), database, chunk).await
    }

    /// Another build of the program.
    pub async fn start_of(program: &Path, database: Database, chunk: u32) -> Self {
        Self::start_limited(program, database, chunk, 1_000_000).await
    }

    /// With so many requests a minute.
    pub async fn start_limited(
        program: &Path,
        database: Database,
        chunk: u32,
        requests: u32,
    ) -> Self {
        let folder = TempDir::new("plane");
        let process = Process::spawn(command(
            program,
            &folder,
            &database.url,
            "127.0.0.1:0",
            chunk,
            requests,
        ));
        let id = process.told("client id:");
        let secret = process.told("client secret:");
        let url = process.told("API and page:");
        let base = url.trim_end_matches('/').to_owned();
        let listen = base.trim_start_matches("http://").to_owned();
        let owner = Client::sign_in(&base, &id, &secret).await;
        let (program, process) = (program.to_owned(), Some(process));
        Self { process, base, listen, database, chunk, folder, program, owner, requests }
    }

    /// Another node on the same database.
    pub fn beside(&self) -> Self {
        self.on(self.database.beside())
    }

    /// Another node on a database that has the same house.
    pub fn on(&self, database: Database) -> Self {
        let folder = TempDir::new("plane");
        let (chunk, requests) = (self.chunk, self.requests);
        let process = Process::spawn(command(
            &self.program,
            &folder,
            &database.url,
            "127.0.0.1:0",
            chunk,
            requests,
        ));
        let url = process.told("API and page:");
        assert!(!process.stderr().contains("client secret"), "the house is there already");
        let base = url.trim_end_matches('/').to_owned();
        let listen = base.trim_start_matches("http://").to_owned();
        let owner = self.owner.at(&base);
        let (program, process) = (self.program.clone(), Some(process));
        Self { process, base, listen, database, chunk, folder, program, owner, requests }
    }

    fn command(&self) -> Command {
        let (url, listen) = (&self.database.url, &self.listen);
        command(&self.program, &self.folder, url, listen, self.chunk, self.requests)
    }

    pub fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// Starts it again, on the same port and database.
    pub fn restart(&mut self) {
        let process = Process::spawn(self.command());
        process.told("API and page:");
        assert!(!process.stderr().contains("client secret"), "credentials are shown once");
        self.process = Some(process);
    }

    pub async fn client(&self, role: &str, of: Value) -> Client {
        let mut body = json!({ "name": format!("{role} of the test"), "role": role });
        body.as_object_mut().expect("it is one").extend(of.as_object().expect("one too").clone());
        let made = self.owner.post("/programme/v1/clients", body).await;
        let text = |name: &str| made[name].as_str().expect("it is text").to_owned();
        Client::sign_in(&self.base, &text("client_id"), &text("client_secret")).await
    }
}

/// A caller of the API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    pub id: String,
    pub secret: String,
    pub token: String,
}

impl Client {
    pub async fn sign_in(base: &str, id: &str, secret: &str) -> Self {
        let http = reqwest::Client::builder().timeout(SOON).build().expect("a client");
        let form =
            [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let answer = http.post(format!("{base}/oauth/token")).form(&form).send().await;
        let answer: Value = answer.expect("it answers").json().await.expect("the answer is JSON");
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}"));
        let (base, id, secret, token) =
            (base.to_owned(), id.to_owned(), secret.to_owned(), token.to_owned());
        Self { http, base, id, secret, token }
    }

    /// The same caller, with the same token, at another node.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Status and headers of a GET.
    pub async fn look(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.send().await.expect("it answers")
    }

    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// The same with an ETag that must be the newest.
    pub async fn ask_if(
        &self,
        method: Method,
        path: &str,
        etag: &str,
        body: Value,
    ) -> (u16, Value) {
        let request =
            self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = request.header("If-Match", etag).json(&body);
        let answer = request.send().await.expect("it answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert!(status < 300, "GET {path}: {status} {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.ask(Method::POST, path, Some(body)).await;
        assert!(status < 300, "POST {path}: {status} {body}");
        body
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.ask(Method::PUT, path, Some(body)).await;
        assert!(status < 300, "PUT {path}: {status} {body}");
        body
    }
}

pub fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id in {value}")).to_owned()
}

/// An operator with its numbers at a tenant, without any call yet.
#[derive(Clone)]
pub struct Seeded {
    pub operator: Client,
    pub profile: String,
    pub tenant: Client,
    pub tenant_id: String,
    pub location: String,
}

/// An operator whose trunks are at these addresses, a tenant that trusts it.
pub async fn seed(plane: &Plane, trunks: [SocketAddr; 2]) -> Seeded {
    let owner = &plane.owner;
    let operator = id(&owner.post("/programme/v1/operators", json!({ "name": "Northwind" })).await);
    let path = format!("/programme/v1/operators/{operator}");
    let mut ids = Vec::new();
    for (index, address) in trunks.iter().enumerate() {
        let trunk = json!({
            "fqdn": format!("sbc{index}.northwind.example"), "address": address.to_string(),
            "failover_time_seconds": 2,
        });
        ids.push(id(&owner.post(&format!("{path}/trunks"), trunk).await));
    }
    let profile = json!({ "name": "default", "trunk_ids": ids });
    let profile = id(&owner.post(&format!("{path}/calling-profiles"), profile).await);
    let range = json!({ "first": "+442079460000", "last": "+442079469999" });
    owner.post(&format!("{path}/ranges"), range).await;
    let offer = json!({
        "services": ["Calling"], "countries": ["GB"], "published": true,
        "landing_page": "https://northwind.example/",
    });
    owner.put(&format!("{path}/offer"), offer).await;
    let tenant = json!({ "name": "Contoso", "domain": DOMAIN });
    let tenant_id = id(&owner.post("/programme/v1/tenants", tenant).await);
    let operator_client = plane.client("operator_admin", json!({ "operator_id": operator })).await;
    let tenant = plane.client("tenant_admin", json!({ "tenant_id": tenant_id })).await;
    let consent = json!({
        "operator_id": operator, "countries": ["GB"], "company_name": "Contoso",
        "company_size": "L50_U249", "notice_accepted": true,
        "contacts": [{ "full_name": "Terry Telecom", "email": "terry@contoso.example" }],
    });
    tenant.post("/tenant/v1/consents", consent).await;
    let address = json!({
        "company_name": "Contoso", "country": "GB", "house_number": "1",
        "street_name": "High Street", "city_or_town": "London",
        "latitude": "51.5", "longitude": "-0.1",
    });
    let address = tenant.post("/tenant/v1/civic-addresses", address).await;
    let location = address["default_location_id"].as_str().expect("it is there").to_owned();
    Seeded { operator: operator_client, profile, tenant, tenant_id, location }
}

impl Seeded {
    /// Places an order for user numbers; answers at once.
    pub async fn order(&self, numbers: &[String]) -> String {
        let entries: Vec<Value> = numbers.iter().map(|n| json!({ "number": n })).collect();
        let order = json!({
            "kind": "upload", "tenant_id": self.tenant_id, "calling_profile_id": self.profile,
            "usage": "CallingUserAssignment", "location_id": self.location,
            "allow_tenant_address_update": true, "entries": entries,
        });
        id(&self.operator.post("/operator/v1/number-orders", order).await)
    }

    pub async fn order_now(&self, order: &str) -> Value {
        self.operator.get(&format!("/operator/v1/number-orders/{order}")).await
    }

    /// Waits until an order is done.
    pub async fn order_done(&self, order: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let now = self.order_now(order).await;
            if !now["finished_at"].is_null() {
                return now;
            }
            assert!(Instant::now() < deadline, "the order is not done: {now}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A licensed person with a phone and, if one is named, a number.
    pub async fn person(&self, user: &str, number: Option<&str>) -> (String, Value) {
        let create = json!({
            "upn": format!("{user}@{DOMAIN}"), "display_name": user, "country": "GB",
            "licences": ["teams_phone"],
        });
        let person = id(&self.tenant.post("/tenant/v1/users", create).await);
        if let Some(number) = number {
            let order = self.order(&[number.to_owned()]).await;
            let done = self.order_done(&order).await;
            assert_eq!(done["status"], "success", "{done}");
            let wish = json!({ "user_id": person, "location_id": self.location });
            self.tenant.put(&format!("/tenant/v1/numbers/{number}/assignment"), wish).await;
        }
        let path = format!("/tenant/v1/users/{person}/phone");
        let (status, phone) = self.tenant.ask(Method::POST, &path, None).await;
        assert!(status < 300, "{phone}");
        (person, phone)
    }

    /// Waits for the complete record of a call.
    pub async fn record(&self, id: &str, longest: Duration) -> Value {
        let deadline = Instant::now() + longest;
        loop {
            let (_, record) =
                self.tenant.ask(Method::GET, &format!("/tenant/v1/calls/{id}"), None).await;
            if record["complete"] == true {
                return record;
            }
            assert!(Instant::now() < deadline, "no complete record of {id}: {record}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A trunk of the operator at an address of its own.
pub async fn trunk(host: [u8; 4], exchange: SocketAddr) -> OperatorTrunk {
    OperatorTrunk::start(TrunkConfig {
        bind: (host, 0).into(),
        transport: Transport::Udp,
        exchange,
        answering: Answering::Answer { after: Duration::from_millis(50) },
    })
    .await
    .expect("loopback has free ports")
}

/// A phone with credentials as the API gave them.
pub async fn phone(credentials: &Value, registrar: SocketAddr, answering: Answering) -> Phone {
    let text = |name: &str| credentials[name].as_str().expect("it is text").to_owned();
    Phone::start(PhoneConfig {
        username: text("username"),
        password: text("password"),
        domain: text("domain"),
        registrar,
        transport: Transport::Udp,
        bind: LOOPBACK,
        answering,
    })
    .await
    .expect("loopback has free ports")
}

/// Registers, giving the feed time to tell the edge of the phone.
pub async fn register(phone: &Phone) {
    let deadline = Instant::now() + SOON;
    loop {
        match phone.register(300, SOON).await {
            Ok(granted) => return assert_eq!(granted.status, 200),
            Err(error) => assert!(Instant::now() < deadline, "the phone is refused: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A free address for UDP and TCP, to be bound by a program in a moment.
pub fn free_address() -> SocketAddr {
    free_address_at(LOOPBACK)
}

/// The same at a host that no client's connection leaves from, so that the port stays free.
pub fn free_address_at(host: impl Into<std::net::IpAddr>) -> SocketAddr {
    softphone::free_address(host).expect("a free port")
}

/// `meetpoint edge` over HTTP.
pub fn edge_command(plane: &Plane, edge: &Client, folder: &TempDir, sip: SocketAddr) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_meetpoint"));
    edge_command_of(own, plane, edge, folder, sip)
}

/// The same with another build of the program.
pub fn edge_command_of(
    path: &Path,
    plane: &Plane,
    edge: &Client,
    folder: &TempDir,
    sip: SocketAddr,
) -> Command {
    let mut command = program(path);
    command
        .args(["edge", "--url", &plane.base])
        .args(["--client-id", &edge.id, "--client-secret", &edge.secret])
        .args(["--sip-udp", &sip.to_string(), "--sip-tcp", &sip.to_string()])
        .arg("--data-dir")
        .arg(folder.path().join("edge"));
    command
}
