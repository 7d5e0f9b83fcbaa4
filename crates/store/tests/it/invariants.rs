//! What the schema itself refuses, whatever a use case may think.

use domain::consent::{ConsentStatus, RelationshipStatus};
use domain::line::AssignmentCategory;
use domain::number::Usage;
use domain::{
    CallingProfileId, CivicAddressId, ConsentId, LocationId, OperatorId, ResourceAccountId,
    TenantId, TrunkId, UserId,
};
use numbering::{Country, E164};
use store::{
    AccountRow, CallingProfileRow, CivicAddressRow, ConsentRow, Json, LocationRow, NumberRow,
    OperatorRow, PersonRow, Store, StoreError, TenantRow, TrunkRow, Tx,
};
use testkit::on_both;
use uuid::Uuid;

fn gb() -> Country {
    Country::parse("GB").expect("GB")
}

fn e164(last: u64) -> E164 {
    E164::from_value(442_079_460_000 + last).expect("a number")
}

/// One operator, and two tenants of which the first has consented.
struct Ground {
    store: Store,
    operator: OperatorId,
    other_operator: OperatorId,
    profile: CallingProfileId,
    tenant: TenantId,
    other_tenant: TenantId,
    location: LocationId,
    other_location: LocationId,
    person: UserId,
    other_person: UserId,
    account: ResourceAccountId,
}

fn operator_row(id: OperatorId) -> OperatorRow {
    OperatorRow { id, name: id.to_string(), created_at: 1, version: 1 }
}

fn trunk_row(id: TrunkId, operator: OperatorId) -> TrunkRow {
    TrunkRow {
        id,
        operator_id: operator,
        fqdn: format!("{id}.example"),
        address: "192.0.2.1:5060".into(),
        sources: Json(Vec::new()),
        match_port: false,
        transport: "udp".into(),
        enabled: true,
        send_options: true,
        options_interval_seconds: 60,
        failover_time_seconds: 10,
        max_uri: 256,
        single_early_dialog: true,
        max_concurrent_calls: None,
        max_calls_per_second: Some(50),
        version: 1,
    }
}

fn person_row(id: UserId, tenant: TenantId) -> PersonRow {
    PersonRow {
        id,
        tenant_id: tenant,
        upn: format!("{id}@example.net"),
        username: id.to_string(),
        display_name: "P".into(),
        country: gb(),
        licences: Json(Vec::new()),
        version: 1,
        number: None,
        others: None,
        ha1_sha256: None,
        ha1_md5: None,
        external_id: None,
        active: true,
        directory: None,
    }
}

fn consent_row(tenant: TenantId, operator: OperatorId) -> ConsentRow {
    ConsentRow {
        id: ConsentId(Uuid::now_v7()),
        tenant_id: tenant,
        tenant_name: String::new(),
        operator_id: operator,
        operator_name: String::new(),
        status: ConsentStatus::Active,
        relationship: RelationshipStatus::ConsentAcknowledged,
        relationship_comment: None,
        countries: Json(vec![gb()]),
        requirements: "[]".into(),
        contacts: "[]".into(),
        company_name: "C".into(),
        company_size: "L1_U1".into(),
        escalation_contacts: "[]".into(),
        engagement: "{}".into(),
        notice_version: 0,
        terms_version: 0,
        accepted_at: None,
        accepted_by: None,
        notice_in_force: 0,
        terms_in_force: None,
        consented_at: 1,
        modified_at: 1,
        version: 1,
    }
}

async fn address(tx: &mut Tx, tenant: TenantId, location: LocationId) -> Result<(), StoreError> {
    let id = CivicAddressId(location.0);
    let address = CivicAddressRow {
        id,
        tenant_id: tenant,
        company_name: "C".into(),
        country: gb(),
        house_number: None,
        street_name: None,
        city_or_town: None,
        state_or_province: None,
        postal_or_zip_code: None,
        description: None,
        latitude: None,
        longitude: None,
    };
    tx.address_insert(&address).await?;
    tx.location_insert(&location_row(location, tenant, id)).await
}

fn location_row(id: LocationId, tenant: TenantId, address: CivicAddressId) -> LocationRow {
    LocationRow {
        id,
        tenant_id: tenant,
        civic_address_id: address,
        description: id.to_string(),
        is_default: true,
    }
}

impl Ground {
    async fn new(db: &testkit::Database) -> Self {
        let id = Uuid::now_v7;
        let ground = Self {
            store: Store::open(&db.url).await.expect("opens"),
            operator: OperatorId(id()),
            other_operator: OperatorId(id()),
            profile: CallingProfileId(id()),
            tenant: TenantId(id()),
            other_tenant: TenantId(id()),
            location: LocationId(id()),
            other_location: LocationId(id()),
            person: UserId(id()),
            other_person: UserId(id()),
            account: ResourceAccountId(id()),
        };
        let lay = ground.store.write(async |mut tx: Tx| {
            for operator in [ground.operator, ground.other_operator] {
                tx.operator_insert(&operator_row(operator)).await?;
            }
            let trunk = TrunkId(ground.operator.0);
            tx.trunk_insert(&trunk_row(trunk, ground.operator)).await?;
            let profile = CallingProfileRow {
                id: ground.profile,
                operator_id: ground.operator,
                name: "P".into(),
                emergency: None,
                version: 1,
            };
            tx.profile_insert(&profile, &[trunk]).await?;
            let tenants = [
                (ground.tenant, ground.location, ground.person),
                (ground.other_tenant, ground.other_location, ground.other_person),
            ];
            for (tenant, location, person) in tenants {
                let row = TenantRow {
                    id: tenant,
                    name: "T".into(),
                    domain: tenant.to_string(),
                    created_at: 1,
                    fraud_limits: None,
                    trusted_networks: None,
                };
                tx.tenant_insert(&row).await?;
                address(&mut tx, tenant, location).await?;
                tx.person_insert(&person_row(person, tenant)).await?;
            }
            tx.consent_insert(&consent_row(ground.tenant, ground.operator)).await?;
            let account = AccountRow {
                id: ground.account,
                tenant_id: ground.tenant,
                upn: "q@example.net".into(),
                display_name: "Q".into(),
                kind: "call_queue".into(),
                licences: Json(Vec::new()),
                ring_seconds: 30,
                version: 1,
                number: None,
            };
            tx.account_insert(&account, &[]).await
        });
        lay.await.expect("the ground is laid");
        ground
    }

    fn number(&self, last: u64, usage: Usage) -> NumberRow {
        NumberRow {
            number: e164(last),
            tenant_id: self.tenant,
            operator_id: self.operator,
            operator_name: String::new(),
            profile_id: self.profile,
            country: gb(),
            usage,
            activation_state: "Activated".into(),
            location_id: None,
            tenant_may_update_location: true,
            person_id: None,
            category: AssignmentCategory::Primary,
            account_id: None,
            bridge_id: None,
            policy_id: None,
            assigned_name: None,
            move_id: None,
            blocked_forever: false,
            blocked_until: None,
            acquired_at: 1,
            version: 1,
        }
    }

    async fn add(&self, row: NumberRow) -> Result<u64, StoreError> {
        self.store
            .write(async |mut tx: Tx| tx.numbers_insert(std::slice::from_ref(&row)).await)
            .await
    }

    /// A number as it is there, given to somebody.
    async fn given(&self, last: u64, person_id: Option<UserId>) -> NumberRow {
        let number = e164(last);
        let read = self.store.write(async |mut tx: Tx| tx.number_get(number).await);
        let row = read.await.expect("reads").expect("it is there");
        NumberRow { person_id, location_id: Some(self.location), ..row }
    }

    async fn write(&self, row: NumberRow) -> Result<bool, StoreError> {
        let step = self.store.write(async |mut tx: Tx| {
            Ok(tx.numbers_write(std::slice::from_ref(&row), 2).await? == 1)
        });
        step.await
    }

    async fn assign(
        &self,
        last: u64,
        person: Option<UserId>,
        account: Option<ResourceAccountId>,
        location: Option<LocationId>,
    ) -> Result<bool, StoreError> {
        let number = e164(last);
        let step = self.store.write(async |mut tx: Tx| {
            let row = tx.number_get(number).await?.expect("it is there");
            let row = NumberRow {
                person_id: person,
                account_id: account,
                location_id: location,
                version: 1,
                ..row
            };
            Ok(tx.numbers_write(&[row], 2).await? == 1)
        });
        step.await
    }
}

fn refused<T: std::fmt::Debug>(what: &str, result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Constraint(_))), "{what}: {result:?}");
}

on_both!(a_number_stands_on_what_is_there, |db| {
    let g = Ground::new(db).await;
    let people = Usage::CallingUserAssignment;
    let n = |last| g.number(last, people);
    assert_eq!(g.add(n(1)).await, Ok(1));
    assert_eq!(g.add(n(1)).await, Ok(0), "one row per number");
    let tenant_id = g.other_tenant;
    refused("no consent", g.add(NumberRow { tenant_id, ..n(2) }).await);
    let operator_id = g.other_operator;
    refused("another's profile", g.add(NumberRow { operator_id, ..n(2) }).await);
    let location_id = Some(g.other_location);
    refused("another's location", g.add(NumberRow { location_id, ..n(2) }).await);
    let location_id = Some(LocationId(Uuid::nil()));
    refused("no such location", g.add(NumberRow { location_id, ..n(2) }).await);
    let (operator_id, profile_id) = (OperatorId::DIRECT_ROUTING, CallingProfileId::DIRECT_ROUTING);
    let direct = NumberRow { operator_id, profile_id, tenant_id, location_id: None, ..n(2) };
    assert_eq!(g.add(direct).await, Ok(1), "a Direct Routing number needs no operator");
});

on_both!(an_assignment_stands_on_what_is_there, |db| {
    let g = Ground::new(db).await;
    let (people, app) = (Usage::CallingUserAssignment, Usage::FirstPartyAppAssignment);
    for last in [1, 2] {
        g.add(g.number(last, people)).await.expect("added");
    }
    g.add(g.number(3, app)).await.expect("added");
    let waiting = "AssignmentPending".to_owned();
    let waiting = NumberRow { activation_state: waiting, ..g.number(4, people) };
    g.add(waiting).await.expect("added");
    let (person, account, location) = (Some(g.person), Some(g.account), Some(g.location));
    refused("not activated", g.assign(4, person, None, location).await);
    refused("no location", g.assign(1, person, None, None).await);
    refused("two assignees", g.assign(1, person, account, location).await);
    refused("wrong usage", g.assign(1, None, account, location).await);
    refused("wrong usage", g.assign(3, person, None, location).await);
    refused("another's person", g.assign(1, Some(g.other_person), None, location).await);
    refused("another's location", g.assign(1, person, None, Some(g.other_location)).await);
    assert_eq!(g.assign(1, person, None, location).await, Ok(true));
    refused("a second number", g.assign(2, person, None, location).await);
    let line = async |category| g.write(NumberRow { category, ..g.given(2, person).await }).await;
    let (private, alternate) = (AssignmentCategory::Private, AssignmentCategory::Alternate);
    assert_eq!(line(private).await, Ok(true), "a line beside it");
    g.add(g.number(5, people)).await.expect("added");
    let second = NumberRow { category: private, ..g.given(5, person).await };
    refused("a second private line", g.write(second).await);
    let nobody = NumberRow { category: alternate, ..g.given(5, None).await };
    refused("nobody's line", g.write(nobody).await);
    let queues = NumberRow { category: alternate, account_id: account, ..g.given(3, None).await };
    refused("a queue's line", g.write(queues).await);
    assert_eq!(g.assign(3, None, account, None).await, Ok(true));
    assert_eq!(g.assign(1, None, None, None).await, Ok(false), "the version is another by now");
    let remove =
        g.store.write(async |mut tx: Tx| tx.address_delete(CivicAddressId(g.location.0)).await);
    refused("a location in use", remove.await);
    let deleted =
        g.store.write(async |mut tx: Tx| tx.numbers_delete(&[e164(1), e164(2), e164(5)]).await);
    assert_eq!(deleted.await, Ok(1), "an assigned number stays");
});

on_both!(each_thing_is_there_once, |db| {
    let g = Ground::new(db).await;
    let again = g
        .store
        .write(async |mut tx: Tx| tx.consent_insert(&consent_row(g.tenant, g.operator)).await);
    refused("a second consent", again.await);
    let second = g.store.write(async |mut tx: Tx| {
        let row = location_row(LocationId(Uuid::now_v7()), g.tenant, CivicAddressId(g.location.0));
        tx.location_insert(&row).await
    });
    refused("a second default location", second.await);
    let foreign = g.store.write(async |mut tx: Tx| {
        let id = CallingProfileId(Uuid::now_v7());
        let profile = CallingProfileRow {
            id,
            operator_id: g.other_operator,
            name: "theirs".into(),
            emergency: None,
            version: 1,
        };
        tx.profile_insert(&profile, &[TrunkId(g.operator.0)]).await
    });
    refused("another operator's trunk in a profile", foreign.await);
});
