//! Step 3: numbers arrive, each with its own answer.

use std::collections::BTreeMap;
use std::time::Duration;

use api_types::Problem;
use api_types::number::{
    Number, NumberOrder, NumberOrderCreate, NumberOrderEntry, NumberOrderEntryCreate,
};
use api_types::tenant::{CivicAddress, CivicAddressCreate};
use serde_json::json;
use uuid::Uuid;

use super::consent::{AdmittedTenant, Tenants};
use super::operators::{AdmittedOperator, Operators};
use crate::demo::cast::{FOREIGN_NUMBER, PEOPLE, QUEUE_NUMBER, SPARE_NUMBER};
use crate::demo::client::Refusal;
use crate::demo::report::{Context, Fault, Notes, ensure, poll};

const USER: &str = "CallingUserAssignment";
const QUEUE: &str = "FirstPartyAppAssignment";
const SOON: Duration = Duration::from_secs(10);

/// What the tenant has for its numbers.
pub struct Inventory {
    /// Default location per country.
    pub locations: BTreeMap<&'static str, Uuid>,
}

pub async fn run(
    operators: Option<&Operators>,
    tenants: Option<&Tenants>,
    notes: &mut Notes,
) -> Result<Inventory, Fault> {
    let (operators, tenants) = (super::needed(operators)?, super::needed(tenants)?);
    let (a, b) = (&operators.a, &operators.b);
    let contoso = &tenants.contoso;

    let early = upload(a, contoso, &[(SPARE_NUMBER, USER)]).await;
    let problem = refused(early, "no_emergency_location")?;
    notes.set("refused_before_location", explained(&problem)?);

    let mut locations = BTreeMap::new();
    for (country, city, latitude, longitude) in [
        ("GB", "London", "51.5072", "-0.1276"),
        ("US", "Washington", "38.9072", "-77.0369"),
        ("DE", "Berlin", "52.5200", "13.4050"),
    ] {
        let address = address(contoso, country, city, latitude, longitude).await?;
        notes.push(
            "addresses",
            json!({ "id": address.id, "country": country, "location_id": address.default_location_id }),
        );
        locations.insert(country, address.default_location_id);
    }

    address(&tenants.fabrikam, "GB", "Leeds", "53.8008", "-1.5491").await?;
    let order = upload(a, &tenants.fabrikam, &[(FOREIGN_NUMBER, USER)]).await?;
    let (order, _) = finished(a, order).await?;
    ensure!(order.status == "success", "the other tenant's order ended in {}", order.status);

    let of = |operator: &AdmittedOperator| {
        let countries = operator.part.countries;
        PEOPLE.iter().filter(|p| countries.contains(&p.country)).filter_map(|p| p.number)
    };
    let mut good: Vec<(&str, &str)> = of(a).map(|number| (number, USER)).collect();
    good.extend([(SPARE_NUMBER, USER), (QUEUE_NUMBER, QUEUE)]);
    let bad = [
        ("+44 20 7946 0005", "invalid_number"),
        ("+353209100001", "country_not_consented"),
        ("+442079461500", "outside_ranges"),
        (FOREIGN_NUMBER, "held_elsewhere"),
    ];
    // Good and bad ones mixed: neither may hold the other up.
    let mut entries = Vec::new();
    for (index, entry) in good.iter().enumerate() {
        entries.push(*entry);
        if let Some((number, _)) = bad.get(index) {
            entries.push((number, USER));
        }
    }
    let order = upload(a, contoso, &entries).await?;
    let (order, results) = finished(a, order).await?;
    ensure!(
        order.status == "partial_success"
            && order.succeeded as usize == good.len()
            && order.failed as usize == bad.len(),
        "the order ended in {} with {} good and {} bad entries",
        order.status,
        order.succeeded,
        order.failed
    );
    for (index, (number, _)) in entries.iter().enumerate() {
        let expected = bad.iter().find(|(n, _)| n == number).map(|(_, code)| *code);
        let Some(result) = results.iter().find(|r| r.index as usize == index) else {
            return Err(Fault(format!("{number} has no result")));
        };
        let code = result.error.as_ref().map(|e| e.code.as_str());
        ensure!(
            result.number == *number && code == expected,
            "{number} ended in {code:?}, not {expected:?}"
        );
        if let Some(error) = &result.error {
            ensure!(
                error.field.is_some() && !error.reason.is_empty() && !error.remedy.is_empty(),
                "{number} is refused without field, reason and remedy: {error:?}"
            );
        }
        notes.push(
            "entries",
            json!({ "number": number, "status": result.status, "error": result.error }),
        );
    }
    notes.set("order_id", order.id.to_string());

    let german: Vec<(&str, &str)> = of(b).map(|number| (number, USER)).collect();
    let order = upload(b, contoso, &german).await?;
    let (order, _) = finished(b, order).await?;
    ensure!(order.status == "success", "{}'s order ended in {}", b.part.name, order.status);

    let numbers: Vec<Number> = contoso.api.list("/tenant/v1/numbers").await?;
    let mut held: Vec<&str> = numbers.iter().map(|n| n.number.as_str()).collect();
    let mut expected: Vec<&str> = good.iter().chain(&german).map(|(number, _)| *number).collect();
    held.sort_unstable();
    expected.sort_unstable();
    ensure!(held == expected, "the tenant holds {held:?}, not {expected:?}");
    notes.set("numbers", held);
    Ok(Inventory { locations })
}

async fn address(
    tenant: &AdmittedTenant,
    country: &str,
    city: &str,
    latitude: &str,
    longitude: &str,
) -> Result<CivicAddress, Fault> {
    let create = CivicAddressCreate {
        company_name: tenant.tenant.name.clone(),
        country: country.to_owned(),
        house_number: Some("1".to_owned()),
        street_name: Some("High Street".to_owned()),
        city_or_town: Some(city.to_owned()),
        latitude: Some(latitude.to_owned()),
        longitude: Some(longitude.to_owned()),
        ..CivicAddressCreate::default()
    };
    let made: CivicAddress =
        tenant.api.post("/tenant/v1/civic-addresses", &create).await.context(city)?;
    let default = made.locations.iter().find(|l| l.is_default).map(|l| l.id);
    ensure!(
        default == Some(made.default_location_id),
        "the address in {city} came without its default location"
    );
    Ok(made)
}

async fn upload(
    operator: &AdmittedOperator,
    tenant: &AdmittedTenant,
    entries: &[(&str, &str)],
) -> Result<NumberOrder, Refusal> {
    let entry = |(number, usage): &(&str, &str)| NumberOrderEntryCreate {
        number: (*number).to_owned(),
        usage: Some((*usage).to_owned()),
        calling_profile_id: None,
        location_id: None,
        country: None,
    };
    let create = NumberOrderCreate {
        kind: "upload".to_owned(),
        tenant_id: tenant.tenant.id,
        calling_profile_id: Some(operator.profile),
        usage: None,
        location_id: None,
        allow_tenant_address_update: Some(true),
        ticket_id: Some("DEMO-1".to_owned()),
        dry_run: false,
        entries: entries.iter().map(entry).collect(),
    };
    operator.api.post("/operator/v1/number-orders", &create).await
}

async fn finished(
    operator: &AdmittedOperator,
    order: NumberOrder,
) -> Result<(NumberOrder, Vec<NumberOrderEntry>), Fault> {
    let path = format!("/operator/v1/number-orders/{}", order.id);
    let order = poll("the order is done", SOON, async || {
        let order: NumberOrder = operator.api.get(&path).await?;
        Ok(order.finished_at.is_some().then_some(order))
    })
    .await?;
    let entries = operator.api.list(&format!("{path}/entries?limit=1000")).await?;
    Ok((order, entries))
}

/// The problem document of a refusal that must have come.
pub fn refused<T>(answer: Result<T, Refusal>, code: &str) -> Result<Problem, Fault> {
    match answer {
        Err(Refusal::Problem(problem)) if problem.code == code => Ok(*problem),
        Err(other) => Err(Fault(format!("refused, but not with {code}: {other}"))),
        Ok(_) => Err(Fault(format!("not refused, though {code} was due"))),
    }
}

/// The problem as the report shows it; it must say why and what to do.
pub fn explained(problem: &Problem) -> Result<serde_json::Value, Fault> {
    let Problem { code, field, reason, remedy, .. } = problem;
    ensure!(!reason.is_empty() && !remedy.is_empty(), "{code} does not say why or what to do");
    Ok(json!({ "code": code, "field": field, "reason": reason, "remedy": remedy }))
}
