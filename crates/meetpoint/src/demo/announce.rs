//! What the demo says about itself: to programs in one line of JSON, to people
//! in a few.

use api_types::identity::{ClientCredentials, LoginCode};
use api_types::number::Number;
use serde_json::{Map, Value, json};

use super::cast::PEOPLE;
use super::report::Fault;
use super::story::Seeded;
use super::story::phones::Phones;
use super::world::World;

/// A one-time sign-in link for a client's person.
async fn login(world: &World, client: &ClientCredentials) -> Result<String, Fault> {
    let path = format!("/programme/v1/clients/{}/login-codes", client.client_id);
    let code: LoginCode = world.owner.post_empty(&path).await?;
    Ok(format!("{}/login?code={}", world.base, code.code))
}

/// Everything that a client, a SIPp scenario, a phone or a browser needs.
pub async fn json(world: &World, seeded: &Seeded, phones: &Phones) -> Result<Value, Fault> {
    let base = &world.base;
    let face = |name: &str| format!("{base}/{name}/v1");
    let secret = |c: &ClientCredentials| json!({ "client_id": c.client_id, "client_secret": c.client_secret, "scopes": c.scopes });
    let (a, b) = (&seeded.operators.a, &seeded.operators.b);
    let tenant = &seeded.tenants.contoso;
    let mut clients = Map::new();
    let mut logins = Map::new();
    for (role, credentials) in [
        ("programme", &world.owner_credentials),
        ("operator_a", &a.credentials),
        ("operator_b", &b.credentials),
        ("tenant", &tenant.credentials),
    ] {
        clients.insert(role.to_owned(), secret(credentials));
        let link = login(world, credentials).await?;
        logins.insert(role.to_owned(), json!({ "url": link }));
    }
    let link = login(world, &a.credentials).await?;
    logins.insert("operator".to_owned(), json!({ "url": link }));

    let (udp, tcp) = (world.sip_udp()?.to_string(), world.sip_tcp()?.to_string());
    let mut trunks = Map::new();
    let mut operators = Map::new();
    for operator in seeded.operators.both() {
        let of_it = operator.trunks.iter().map(|t| {
            json!({
                "id": t.id, "fqdn": t.fqdn, "address": t.address, "transport": t.transport,
                "source": t.address.rsplit_once(':').map(|(host, _)| host),
            })
        });
        trunks.insert(operator.part.key.to_owned(), of_it.collect());
        operators.insert(
            operator.part.key.to_owned(),
            json!({
                "id": operator.id, "name": operator.part.name,
                "calling_profile_id": operator.profile, "ranges": operator.part.ranges,
            }),
        );
    }
    let mut handsets = Vec::new();
    for part in &PEOPLE {
        let (Some(phone), user) =
            (phones.credentials.get(part.user), seeded.assigned.person(part.user)?)
        else {
            continue;
        };
        handsets.push(json!({
            "user": phone.username, "password": phone.password, "domain": phone.domain,
            "aor": phone.aor, "registrar": udp, "registrar_tcp": tcp, "user_id": user.id,
            "display_name": part.name, "number": part.number, "licensed": part.licensed,
            "played": part.played,
        }));
    }
    let numbers: Vec<Number> = tenant.api.list("/tenant/v1/numbers?limit=1000").await?;
    let numbers: Vec<Value> = numbers
        .iter()
        .map(|n| {
            json!({
                "number": n.number, "operator_id": n.operator_id, "country": n.country,
                "usage": n.usage, "assignment_status": n.assignment_status,
                "assigned_to": n.assigned_to_name, "assigned_to_id": n.assigned_to_id,
            })
        })
        .collect();
    Ok(json!({
        "base_url": base,
        "web": { "url": format!("{base}/") },
        "faces": {
            "programme": face("programme"), "operator": face("operator"),
            "tenant": face("tenant"), "edge": face("edge"),
        },
        "openapi": format!("{base}/openapi.json"),
        "docs": format!("{base}/docs"),
        "token_endpoint": format!("{base}/oauth/token"),
        "clients": clients,
        "logins": logins,
        "sip": { "udp": udp, "tcp": tcp, "domain": tenant.tenant.domain },
        "trunks": trunks,
        "operators": operators,
        "tenant": { "id": tenant.tenant.id, "name": tenant.tenant.name, "domain": tenant.tenant.domain },
        "phones": handsets,
        "queue": { "id": seeded.assigned.queue.id, "number": super::cast::QUEUE_NUMBER },
        "numbers": numbers,
    }))
}

/// For people.
pub async fn text(
    world: &World,
    seeded: &Seeded,
    kept: Option<&std::path::Path>,
) -> Result<String, Fault> {
    let program = std::env::current_exe()
        .map_or_else(|_| "meetpoint".to_owned(), |path| path.display().to_string());
    let tenant = &seeded.tenants.contoso;
    let credentials = &tenant.credentials;
    let settings = format!(
        "export MEETPOINT_URL={} MEETPOINT_CLIENT_ID={} MEETPOINT_CLIENT_SECRET={}",
        world.base, credentials.client_id, credentials.client_secret
    );
    let owner = login(world, &world.owner_credentials).await?;
    let operator = login(world, &seeded.operators.a.credentials).await?;
    let admin = login(world, credentials).await?;
    let fate = kept.map_or_else(
        || "nothing of it stays".to_owned(),
        |folder| format!("`meetpoint serve --data-dir {}` goes on with its data", folder.display()),
    );
    Ok(format!(
        "\nMeetpoint is up: {base}/\n\
         \n\
         Sign in (each link works once):\n  \
           {tenant_name}, a customer   {admin}\n  \
           {operator_name}, an operator   {operator}\n  \
           The programme owner   {owner}\n\
         \n\
         SIP: {udp} (UDP), {tcp} (TCP). A call goes through about every ten seconds.\n\
         \n\
         Three commands to try in another terminal, after this line:\n  \
           {settings}\n\
         \n  \
           {program} call list\n  \
           {program} number list\n  \
           {program} call explain --from alice@{domain} 999\n\
         \n\
         API documentation: {base}/docs\n\
         Ctrl-C ends the demo; {fate}.\n",
        base = world.base,
        tenant_name = tenant.tenant.name,
        domain = tenant.tenant.domain,
        operator_name = seeded.operators.a.part.name,
        udp = world.sip_udp()?,
        tcp = world.sip_tcp()?,
    ))
}
