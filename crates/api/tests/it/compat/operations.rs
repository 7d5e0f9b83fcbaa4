//! Every operation of both versions, in one story.

use super::{Face, NEWER, OLDER, account, face, number};
use reqwest::Method;
use serde_json::{Value, json};

const PERSON: &str = "+442079460001";
const QUEUE: &str = "+442079460002";
const OLD: &str = "+442079460003";

async fn story(face: &Face) {
    let address = face.office().await;
    let location = address["default_location_id"].clone();
    let made = face.account("Contoso").await;
    assert_eq!(made["serviceDetails"]["teamsOperatorConnect"]["numberCount"], 0);
    let again = account("Contoso", &face.house.tenant_id);
    assert_eq!(face.put(NEWER, "/accounts/Contoso", again).await.status, 200);

    // A person's number and a queue's; each syncs alone.
    let batch = json!({ "numbers": [
        number("Contoso", PERSON, json!({ "locationId": location })),
        number("Contoso", QUEUE, json!({ "usage": "FirstPartyAppAssignment" })),
        number("Contoso", "+442079460009", json!({})),
        number("Contoso", "+442079470000", json!({ "locationId": location })),
    ]});
    let numbers = face.post("/accounts/Contoso:createOrUpdateNumbers", batch).await.expect(200);
    let status = |n: usize| numbers["numbers"][n]["serviceProvisioningStatus"].clone();
    assert_eq!([status(0), status(1)], ["synced", "synced"], "{numbers}");
    for (n, code) in [(2, "LocationRequired"), (3, "OutsideRanges")] {
        assert_eq!(status(n), "failed", "{numbers}");
        assert_eq!(numbers["numbers"][n]["serviceProvisioningErrors"][0]["code"], code);
    }

    // The tenant has them, and gives one to a person: it rings there.
    let person = json!({
        "upn": "ada@contoso.example", "display_name": "Ada", "country": "GB",
        "licences": ["teams_phone"],
    });
    let person = face.tenant(Method::POST, "/tenant/v1/users", person).await;
    let place = format!("/tenant/v1/numbers/{PERSON}/assignment");
    let given = json!({ "user_id": person["id"] });
    let given = face.tenant(Method::PUT, &place, given).await;
    assert_eq!(given["assigned_to_name"], "Ada");
    let asked = json!({ "inbound": true, "called": PERSON });
    let way = face.tenant(Method::POST, "/tenant/v1/explain/call", asked.clone()).await;
    assert_eq!((&way["routed"], &way["kind"]), (&json!(true), &json!("inbound")), "{way}");

    // What is read can be written back: the person keeps the number.
    let path = format!("/accounts/Contoso/numbers/{PERSON}");
    let read = face.get(NEWER, &path).await;
    let tag = read.header("etag").to_owned();
    let whole = read.expect(200);
    let calling = &whole["serviceDetails"]["teamsOperatorConnect"];
    assert_eq!(calling["assignmentStatus"], "assigned");
    let config = &calling["configuration"];
    assert_eq!(config["locationId"], location);
    assert_eq!(config["civicAddressId"], address["id"]);
    assert!(
        config["acquiredCapabilities"].as_array().is_some_and(|all| all.len() == 4),
        "{config}"
    );
    let held = [("If-Match", tag.as_str())];
    let back = face.send(NEWER, Method::PUT, &path, &held, Some(whole.clone())).await.expect(200);
    assert_eq!(back["serviceDetails"], whole["serviceDetails"]);
    let filter =
        "/numbers?filter=serviceDetails/teamsOperatorConnect/assignmentStatus eq 'assigned'";
    let assigned = face.get(NEWER, filter).await.expect(200);
    assert_eq!(assigned["value"].as_array().map(Vec::len), Some(1), "{assigned}");

    // Assigned numbers stay; `unassigned` takes it from the person.
    assert_eq!(face.delete(NEWER, &path).await.code(), "StillAssigned");
    let mut stripped = whole;
    stripped["serviceDetails"]["teamsOperatorConnect"]["assignmentStatus"] = json!("unassigned");
    let free = face.put(NEWER, &path, stripped).await.expect(200);
    assert_eq!(free["serviceDetails"]["teamsOperatorConnect"]["assignmentStatus"], "unassigned");
    let user = format!("/tenant/v1/users/{}", person["id"].as_str().expect("an id"));
    let user = face.tenant(Method::GET, &user, Value::Null).await;
    assert_eq!(user["number"], Value::Null, "{user}");
    let way = face.tenant(Method::POST, "/tenant/v1/explain/call", asked).await;
    assert_eq!(way["routed"], false, "{way}");
    // Said of a free number, `assigned` means nothing.
    let mut odd = free;
    odd["serviceDetails"]["teamsOperatorConnect"]["assignmentStatus"] = json!("assigned");
    let still = face.put(NEWER, &path, odd).await.expect(200);
    assert_eq!(still["serviceDetails"]["teamsOperatorConnect"]["assignmentStatus"], "unassigned");

    older(face).await;
    lists(face).await;
    teams(face, &address).await;

    let gone = json!({ "numbers": [{ "telephoneNumber": QUEUE }] });
    face.post("/accounts/Contoso:deleteNumbers", gone.clone()).await.expect(204);
    assert_eq!(face.post("/accounts/Contoso:deleteNumbers", gone).await.status, 404);
    face.delete(NEWER, &path).await.expect(204);
    assert_eq!(face.delete(NEWER, "/accounts/Contoso").await.code(), "AccountNotEmpty");
    face.delete(NEWER, "/accounts/Contoso?deleteNumbers=true").await.expect(204);
    let numbers = face.tenant(Method::GET, "/tenant/v1/numbers", Value::Null).await;
    assert_eq!(numbers["items"], json!([]));
    for version in [OLDER, NEWER] {
        assert_eq!(face.covered.missing(version), [""; 0]);
    }
}

/// The older version: the same rows in its own words.
async fn older(face: &Face) {
    let direct = json!({ "directRouting": {
        "callScreening": true, "subdomain": "contoso",
        "subdomainTokens": { "region1Token": "MS=ms1", "region2Token": "MS=ms2" },
    }});
    face.put(OLDER, "/accounts/Old", direct.clone()).await.expect(201);
    let read = face.get(OLDER, "/accounts/Old?status=true").await;
    let tag = read.header("etag").to_owned();
    let read = read.expect(200);
    assert_eq!(read["details"], direct);
    assert_eq!(read["directRoutingProvisioningState"]["subdomainStatus"], "NotProvisioned");
    assert_eq!(read["etag"], tag.as_str());
    let stale = face.send(
        OLDER,
        Method::PUT,
        "/accounts/Old",
        &[("If-None-Match", "*")],
        Some(direct.clone()),
    );
    assert_eq!(stale.await.status, 412);
    let services = json!({ "teamsDrEnabled": false, "teamsOcEnabled": true, "zoomEnabled": false });
    let number = json!({
        "services": services, "configuration": { "customSipHeader": "Gold_1" },
    });
    // It cannot name a tenant, so that a number of such an account stays out.
    let path = format!("/account/Old/numbers/{OLD}");
    face.put(OLDER, &path, number.clone()).await.expect(201);
    let seen = face.get(NEWER, &format!("/accounts/Old/numbers/{OLD}")).await.expect(200);
    assert_eq!(seen["serviceProvisioningErrors"][0]["code"], "NoTenant", "{seen}");
    // Bound by the newer version, the account's numbers are tried again.
    let mut bound = face.get(NEWER, "/accounts/Old").await.expect(200);
    let details = &bound["serviceDetails"]["teamsDirectRouting"];
    assert_eq!(details["subdomainStatus"], "notProvisioned");
    bound["serviceDetails"]["teamsTenantId"] = face.house.tenant_id.clone();
    face.put(NEWER, "/accounts/Old", bound).await.expect(200);
    let seen = face.get(NEWER, &format!("/accounts/Old/numbers/{OLD}")).await.expect(200);
    assert_eq!(seen["serviceProvisioningStatus"], "synced", "{seen}");
    // And the older version's PUT takes nothing of that back.
    face.put(OLDER, "/accounts/Old", direct).await.expect(200);
    let kept = face.get(NEWER, "/accounts/Old").await.expect(200);
    assert_eq!(kept["serviceDetails"]["teamsTenantId"], face.house.tenant_id);
    let read = face.get(OLDER, &path).await.expect(200);
    assert_eq!(read["details"], number);
    face.put(OLDER, &path, number.clone()).await.expect(200);
    let batch = json!({ "numbers": [{ "phoneNumber": OLD, "details": number }] });
    let batch =
        face.send(OLDER, Method::POST, "/account/Old/numbers:batch", &[], Some(batch)).await;
    assert_eq!(batch.expect(200)["numbers"][0]["accountName"], "Old");
    let listed = face.get(OLDER, "/account/Old/numbers?maxpagesize=1").await.expect(200);
    assert_eq!(listed["value"][0]["phoneNumber"], OLD);
    let listed = face.get(OLDER, &format!("/numbers?number={}", OLD.replace('+', "%2B"))).await;
    assert_eq!(listed.expect(200)["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        face.get(OLDER, "/accounts").await.expect(200)["value"].as_array().map(Vec::len),
        Some(2)
    );
    face.delete(OLDER, &path).await.expect(204);
    assert_eq!(face.get(OLDER, &path).await.status, 404);
    face.delete(OLDER, "/accounts/Old").await.expect(204);
}

/// Pages, links, counts and filters.
async fn lists(face: &Face) {
    face.account("Second").await;
    let page = face.get(NEWER, "/accounts?maxpagesize=1&countRecords=true").await;
    assert_eq!(page.header("x-ms-record-count"), "2");
    let page = page.expect(200);
    assert_eq!(page["value"][0]["name"], "Contoso");
    let link = page["nextLink"].as_str().expect("a link").to_owned();
    let request = face.house.server.http.get(&link).bearer_auth(&face.token);
    let next: Value = request.send().await.expect("answers").json().await.expect("JSON");
    assert_eq!(next["value"][0]["name"], "Second");
    assert_eq!(next["nextLink"], Value::Null);

    let all = face.get(NEWER, "/accounts/Contoso/numbers?countRecords=true").await;
    assert_eq!(all.header("x-ms-record-count"), "4");
    let mut seen = Vec::new();
    let mut link = Some(format!(
        "{}/provapi/accounts/Contoso/numbers?api-version={}&top=3&maxpagesize=2",
        face.house.server.base,
        NEWER.as_str()
    ));
    while let Some(at) = link {
        let request = face.house.server.http.get(&at).bearer_auth(&face.token);
        let page: Value = request.send().await.expect("answers").json().await.expect("JSON");
        seen.extend(page["value"].as_array().expect("entries").clone());
        link = page["nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), 3, "top counts over all pages");
    for (list, filter, count) in [
        ("/accounts", "name eq 'Second'", 1),
        ("/accounts", "startswith(name, 'Con') and correlationId eq 'BSS-7'", 1),
        ("/accounts/Contoso/numbers", "serviceProvisioningStatus eq 'failed'", 2),
        ("/accounts/Contoso/numbers", "telephoneNumber eq '%2B442079460001'", 1),
        (
            "/numbers",
            "startswith(telephoneNumber, '%2B4420794600') and accountName eq 'Contoso'",
            3,
        ),
        ("/numbers", "serviceDetails/teamsOperatorConnect/enabled eq false", 0),
        (
            "/numbers",
            "serviceDetails/teamsOperatorConnect/configuration/usage eq 'FirstPartyAppAssignment'",
            1,
        ),
        ("/accounts/Contoso/teamsCivicAddresses", "country eq 'GB' and cityOrTown eq 'London'", 1),
        ("/accounts/Contoso/teamsCivicAddresses", "postalOrZipCode eq 'X'", 0),
        ("/teamsRequestsForInformation", "status eq 'active'", 1),
        ("/teamsRequestsForInformation", "customerRelationship/status eq 'AgreementSigned'", 0),
    ] {
        let target = format!("{list}?countRecords=true&filter={filter}");
        let found = face.get(NEWER, &target).await;
        assert_eq!(found.header("x-ms-record-count"), count.to_string(), "{target}");
        let found = found.expect(200);
        assert_eq!(found["value"].as_array().map(Vec::len), Some(count), "{target}");
    }
    face.delete(NEWER, "/accounts/Second").await.expect(204);
}

/// Plans, capabilities, addresses, requests for information.
async fn teams(face: &Face, address: &Value) {
    let plans = face
        .send(NEWER, Method::POST, "/accounts/Contoso:getTeamsCapabilityPlans", &[], None)
        .await
        .expect(200);
    let usages: Vec<&Value> =
        plans["capabilityPlans"].as_array().expect("plans").iter().map(|p| &p["usage"]).collect();
    assert_eq!(usages, ["CallingUserAssignment", "FirstPartyAppAssignment"], "what is offered");
    let asked = json!({ "numbers": [{ "telephoneNumber": PERSON }] });
    let able =
        face.post("/accounts/Contoso:getTeamsAvailableCapabilities", asked).await.expect(200);
    assert!(
        able["availableCapabilities"].as_array().is_some_and(|a| a.contains(&json!("Geographic")))
    );

    let path =
        format!("/accounts/Contoso/teamsCivicAddresses/{}", address["id"].as_str().expect("an id"));
    let read = face.get(NEWER, &path).await;
    let (tag, modified) = (read.header("etag").to_owned(), read.header("last-modified").to_owned());
    let read = read.expect(200);
    assert_eq!(read["defaultLocationId"], address["default_location_id"]);
    for condition in [("If-None-Match", &tag), ("If-Modified-Since", &modified)] {
        let condition = [(condition.0, condition.1.as_str())];
        let same = face.send(NEWER, Method::GET, &path, &condition, None).await;
        assert_eq!(same.status, 304, "{condition:?}");
    }

    let tenant = face.house.tenant_id.as_str().expect("an id");
    let path = format!("/teamsRequestsForInformation/{tenant}");
    let read = face.get(NEWER, &path).await;
    let tag = read.header("etag").to_owned();
    let read = read.expect(200);
    assert_eq!(read["accountName"], "Contoso");
    assert_eq!(read["contacts"][0]["companySize"], "L50_U249");
    let step = json!({ "customerRelationship": { "status": "AgreementSigned" } });
    let held = [("If-Match", tag.as_str())];
    let moved = face.send(NEWER, Method::PATCH, &path, &held, Some(step.clone())).await.expect(200);
    assert_eq!(moved["customerRelationship"]["status"], "AgreementSigned");
    let stale = face.send(NEWER, Method::PATCH, &path, &held, Some(step)).await;
    assert_eq!((stale.status.as_u16(), stale.code()), (412, "VersionMismatch"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_on_sqlite() {
    let face = face(testkit::sqlite()).await;
    story(&face).await;
    face.house.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_on_postgres() {
    let face = face(testkit::postgres()).await;
    story(&face).await;
    face.house.server.stop().await;
}
