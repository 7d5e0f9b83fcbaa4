//! Step 1: the programme owner admits two operators.

use std::time::Duration;

use api_types::identity::{ClientCreate, ClientCredentials};
use api_types::operator::{
    CallingProfile, CallingProfileCreate, Offer, OfferCoverage, OfferPut, Operator, OperatorCreate,
    Range, RangeCreate, Trunk, TrunkCreate,
};
use serde_json::json;
use softphone::{Answering, Call, OperatorTrunk, PhoneError, Transport, TrunkConfig};
use uuid::Uuid;

use crate::demo::cast::{OPERATORS, OperatorPart};
use crate::demo::client::Client;
use crate::demo::report::{Context, Fault, Notes, ensure};
use crate::demo::world::World;

/// Seconds of silence before the next trunk is tried.
pub const FAILOVER_SECONDS: u32 = 2;
/// Rarely enough that a silent trunk is still believed in for a while: the story
/// wants to see it tried and passed over.
const OPTIONS_SECONDS: u32 = 60;
const SOON: Duration = Duration::from_secs(8);

/// What the operator offers in a country: emergency calls as that country has them
/// (emergency.md section 9).
fn coverage(part: &OperatorPart, country: &str) -> OfferCoverage {
    let mut number_types = vec!["user".to_owned(), "service".to_owned()];
    if part.services.contains(&"AudioConferencing") {
        number_types.push("conference".to_owned());
    }
    let emergency_handling = match country {
        "GB" | "IE" => "screened",
        "US" => "dynamic_location",
        _ => "registered_address",
    };
    OfferCoverage {
        country: country.to_owned(),
        number_types,
        emergency_handling: emergency_handling.to_owned(),
        emergency_numbers: Vec::new(),
        emergency_note: None,
        address_editing: "operator_then_tenant".to_owned(),
        price_note: None,
    }
}

/// One operator as admitted, and its simulated trunks.
pub struct AdmittedOperator {
    /// Its part.
    pub part: &'static OperatorPart,
    /// Identity.
    pub id: Uuid,
    /// Its calling profile.
    pub profile: Uuid,
    /// Its program's credentials.
    pub credentials: ClientCredentials,
    /// Its program.
    pub api: Client,
    /// Trunks as admitted.
    pub trunks: [Trunk; 2],
    /// The machines behind them.
    pub machines: [OperatorTrunk; 2],
}

impl AdmittedOperator {
    /// The next call on either trunk, and which.
    pub async fn next_call(&self, within: Duration) -> Result<(usize, Call), PhoneError> {
        let [first, second] = &self.machines;
        tokio::select! {
            call = first.next_call(within) => Ok((0, call?)),
            call = second.next_call(within) => Ok((1, call?)),
        }
    }
}

/// Both operators.
pub struct Operators {
    /// Holds the numbers of Great Britain and the United States.
    pub a: AdmittedOperator,
    /// Holds the numbers of Germany.
    pub b: AdmittedOperator,
}

impl Operators {
    /// Both.
    pub fn both(&self) -> [&AdmittedOperator; 2] {
        [&self.a, &self.b]
    }
}

pub async fn run(world: &World, notes: &mut Notes) -> Result<Operators, Fault> {
    let [a, b] = &OPERATORS;
    let a = admit(world, a, notes).await?;
    let b = admit(world, b, notes).await?;
    let known: Vec<Operator> = world.owner.list("/programme/v1/operators").await?;
    for operator in [&a, &b] {
        ensure!(
            known.iter().any(|o| o.id == operator.id && o.name == operator.part.name),
            "{} is not in the list of operators",
            operator.part.name
        );
        for machine in &operator.machines {
            options_both_ways(machine).await.context(operator.part.name)?;
        }
    }
    Ok(Operators { a, b })
}

async fn admit(
    world: &World,
    part: &'static OperatorPart,
    notes: &mut Notes,
) -> Result<AdmittedOperator, Fault> {
    let owner = &world.owner;
    let create = OperatorCreate { name: part.name.to_owned() };
    let operator: Operator = owner.post("/programme/v1/operators", &create).await?;
    let path = format!("/programme/v1/operators/{}", operator.id);

    let (first, trunk1) = trunk(world, part, 0, &path).await?;
    let lone = CallingProfileCreate { name: "lone".to_owned(), trunk_ids: vec![trunk1.id] };
    let lone = owner.post::<CallingProfile>(&format!("{path}/calling-profiles"), &lone).await;
    let refused = lone.as_ref().err().and_then(|refusal| refusal.code());
    ensure!(refused == Some("too_few_trunks"), "a profile of one trunk was not refused: {lone:?}");

    let (second, trunk2) = trunk(world, part, 1, &path).await?;
    let profile =
        CallingProfileCreate { name: "default".to_owned(), trunk_ids: vec![trunk1.id, trunk2.id] };
    let profile: CallingProfile = owner.post(&format!("{path}/calling-profiles"), &profile).await?;
    ensure!(profile.trunk_ids.len() == 2, "the profile has {} trunks", profile.trunk_ids.len());

    for (first, last) in part.ranges {
        let range = RangeCreate { first: (*first).to_owned(), last: (*last).to_owned() };
        let _: Range = owner.post(&format!("{path}/ranges"), &range).await?;
    }
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    let offer = OfferPut {
        services: texts(part.services),
        countries: texts(part.countries),
        landing_page: part.link.to_owned(),
        published: true,
        coverage: part.countries.iter().map(|country| coverage(part, country)).collect(),
        price_note: Some("Prices are agreed with the operator".to_owned()),
        ..OfferPut::default()
    };
    let offer: Offer = owner.put(&format!("{path}/offer"), &offer).await?;
    ensure!(offer.published, "the offer of {} is not published", part.name);

    let client = ClientCreate {
        name: format!("{} provisioning", part.name),
        role: "operator_admin".to_owned(),
        operator_id: Some(operator.id),
        ..ClientCreate::default()
    };
    let credentials: ClientCredentials = owner.post("/programme/v1/clients", &client).await?;
    let api = world.sign_in(&credentials).await?;
    let shown =
        [&trunk1, &trunk2].map(|t| json!({ "id": t.id, "fqdn": t.fqdn, "address": t.address }));
    notes.push(
        "operators",
        json!({
            "id": operator.id, "name": part.name, "calling_profile_id": profile.id,
            "trunks": shown,
        }),
    );
    Ok(AdmittedOperator {
        part,
        id: operator.id,
        profile: profile.id,
        credentials,
        api,
        trunks: [trunk1, trunk2],
        machines: [first, second],
    })
}

async fn trunk(
    world: &World,
    part: &OperatorPart,
    index: usize,
    path: &str,
) -> Result<(OperatorTrunk, Trunk), Fault> {
    let machine = OperatorTrunk::start(TrunkConfig {
        bind: (part.trunks[index], 0).into(),
        transport: Transport::Udp,
        exchange: world.sip_udp()?,
        answering: Answering::Answer { after: Duration::from_millis(100) },
    })
    .await?;
    let create = TrunkCreate {
        fqdn: format!("sbc{}.{}", index + 1, part.domain),
        address: machine.address().to_string(),
        sources: Vec::new(),
        match_port: false,
        transport: Some("udp".to_owned()),
        failover_time_seconds: Some(FAILOVER_SECONDS),
        options_interval_seconds: Some(OPTIONS_SECONDS),
        send_options: Some(true),
        max_uri: None,
        single_early_dialog: false,
        max_concurrent_calls: None,
        max_calls_per_second: None,
    };
    let trunk = world.owner.post(&format!("{path}/trunks"), &create).await?;
    Ok((machine, trunk))
}

/// The edge asks the trunk as soon as it knows it, and answers it.
async fn options_both_ways(machine: &OperatorTrunk) -> Result<(), PhoneError> {
    machine.options_seen(1, SOON).await?;
    machine.ping(SOON).await.map(|_| ())
}
