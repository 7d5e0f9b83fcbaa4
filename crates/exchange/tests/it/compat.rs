//! Numbers in accounts: the same rows as those of orders, by the same rules.

use crate::house::{Carrier, Town, cx, meddle, town};
use api_types::Problem;
use api_types::compat::account::{AccountResource, AccountServiceDetails};
use api_types::compat::number::NumberResource;
use api_types::number::AssignmentPut;
use api_types::tenant::ConsentUpdate;
use exchange::compat::{AccountDraft, Conditions, NumberInput, Read, Refused};
use exchange::{Actor, ListQuery, NumberFilter, Scope};
use serde_json::{Value, json};
use testkit::on_both;

const ONE: &str = "+442079460001";
const TWO: &str = "+442079460002";

/// The carrier's client of the retired service.
fn client(carrier: &Carrier) -> Actor {
    Actor { scopes: vec![Scope::ProvisioningAdmin], ..carrier.actor.clone() }
}

fn any() -> Conditions {
    Conditions::default()
}

fn number(account: &str, number: &str, config: Value) -> NumberInput {
    let mut full = json!({
        "usage": "CallingUserAssignment", "choosableCapabilities": ["InboundCalling"],
        "allowTenantAddressUpdate": true,
    });
    for (name, value) in config.as_object().expect("fields") {
        full[name] = value.clone();
    }
    let whole = json!({
        "telephoneNumber": number, "accountName": account,
        "serviceDetails": { "teamsOperatorConnect": { "enabled": true, "configuration": full } },
    });
    NumberInput::Whole(Box::new(serde_json::from_value(whole).expect("a number")))
}

impl Town {
    async fn account(&self, name: &str) {
        let account = AccountResource {
            service_provisioning_status: None,
            service_provisioning_errors: Vec::new(),
            name: name.into(),
            correlation_id: None,
            service_details: Some(AccountServiceDetails {
                teams_tenant_id: Some(self.contoso.id.to_string()),
                ..AccountServiceDetails::default()
            }),
        };
        let draft = AccountDraft::Whole(Box::new(account));
        let put = self.exchange.account_put(&cx(&client(&self.alpha)), name, draft, &any()).await;
        put.expect("an account");
    }

    async fn provision(&self, input: NumberInput) -> Result<NumberResource, Refused> {
        let NumberInput::Whole(whole) = &input else { unreachable!("these tests send whole ones") };
        let (account, number) = (whole.account_name.clone(), whole.telephone_number.clone());
        let cx = cx(&client(&self.alpha));
        let put = self.exchange.account_number_put(&cx, &account, &number, input, &any()).await;
        put.map(|(found, _)| found.body)
    }

    async fn provisioned(&self, account: &str, number: &str) -> NumberResource {
        let cx = cx(&client(&self.alpha));
        let found = self.exchange.account_number_get(&cx, account, number, &any()).await;
        match found.expect("a number") {
            Read::Whole(found) => found.body,
            Read::Unchanged { .. } => panic!("nothing was asked but to read"),
        }
    }

    async fn inventory(&self) -> Vec<(String, String)> {
        let (filter, list) = (NumberFilter::default(), ListQuery::default());
        let listed = self.exchange.number_list(&cx(&self.contoso.actor), filter, list).await;
        let numbers = listed.expect("numbers").items.into_iter();
        numbers.map(|n| (n.number, n.usage)).collect()
    }
}

fn status(number: &NumberResource) -> (String, Vec<String>) {
    (
        number.service_provisioning_status.clone().unwrap_or_default(),
        number.service_provisioning_errors.iter().map(|error| error.code.clone()).collect(),
    )
}

fn synced() -> (String, Vec<String>) {
    ("synced".into(), Vec::new())
}

fn failed(code: &str) -> (String, Vec<String>) {
    ("failed".into(), vec![code.into()])
}

on_both!(an_uploaded_number_is_taken_over_and_given_up, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    let location = town.settle(&town.contoso, "GB").await;
    let (order, entries) =
        town.run(&town.alpha, town.upload(&town.alpha, &town.contoso, &[ONE, TWO])).await;
    assert_eq!(order.status, "success", "{entries:?}");
    town.account("A").await;

    // Another usage, the same row.
    let app = json!({ "usage": "FirstPartyAppAssignment" });
    let taken = town.provision(number("A", ONE, app)).await.expect("taken over");
    assert_eq!(status(&taken), synced());
    let app = ("FirstPartyAppAssignment".to_owned(), "CallingUserAssignment".to_owned());
    assert_eq!(town.inventory().await, [(ONE.to_owned(), app.0), (TWO.to_owned(), app.1.clone())]);

    // The tenant sets the location; a PUT that names none leaves it.
    town.provision(number("A", TWO, json!({}))).await.expect("taken over");
    let ada = town.person(&town.contoso, "ada", &["teams_phone"]).await;
    let put = AssignmentPut {
        user_id: Some(ada),
        location_id: Some(location),
        ..AssignmentPut::default()
    };
    let tenant = cx(&town.contoso.actor);
    let e164 = TWO.parse().expect("a number");
    town.exchange.assignment_put(&tenant, e164, None, put).await.expect("assigned");
    let kept = town.provision(number("A", TWO, json!({}))).await.expect("put again");
    assert_eq!(status(&kept), synced());
    let calling = kept.service_details.teams_operator_connect.expect("enabled");
    let config = calling.configuration.expect("configured");
    assert_eq!(config.location_id, Some(location.to_string()));
    assert_eq!(calling.assignment_status.as_deref(), Some("assigned"));

    // While somebody has it, its usage stays and it is not switched off.
    let app = json!({ "usage": "FirstPartyAppAssignment" });
    let refused = town.provision(number("A", TWO, app)).await.expect("kept as failed");
    assert_eq!(status(&refused), failed("StillAssigned"));
    let off = |strip: bool| {
        let mut off = json!({
            "telephoneNumber": TWO, "accountName": "A",
            "serviceDetails": { "teamsOperatorConnect": { "enabled": false } },
        });
        if strip {
            off["serviceDetails"]["teamsOperatorConnect"]["assignmentStatus"] = "unassigned".into();
        }
        NumberInput::Whole(Box::new(serde_json::from_value(off).expect("a number")))
    };
    let refused = town.provision(off(false)).await.expect("kept as failed");
    assert_eq!(status(&refused), failed("StillAssigned"));
    assert_eq!(town.inventory().await.len(), 2);
    let gone = town.provision(off(true)).await.expect("switched off");
    assert_eq!(status(&gone), synced());
    assert_eq!(town.inventory().await.len(), 1);
    let ada = town.exchange.user_get(&tenant, ada).await.expect("reads");
    assert_eq!(ada.number, None, "she has lost it");

    // Released by an order, the account says so.
    let mut order = town.upload(&town.alpha, &town.contoso, &[ONE]);
    order.kind = "release".into();
    let (order, entries) = town.run(&town.alpha, order).await;
    assert_eq!(order.status, "success", "{entries:?}");
    assert_eq!(status(&town.provisioned("A", ONE).await), failed("NotHeld"));
});

on_both!(each_number_fails_alone, |db| {
    let town = town(db).await;
    town.account("A").await;
    let first = town.provision(number("A", ONE, json!({}))).await.expect("kept");
    assert_eq!(status(&first), failed("NoConsent"));
    town.agree(&town.contoso, &town.alpha).await;
    let first = town.provision(number("A", ONE, json!({}))).await.expect("kept");
    assert_eq!(status(&first), failed("NoEmergencyLocation"));
    let location = town.settle(&town.contoso, "GB").await;
    let abroad = town.settle(&town.contoso, "DE").await;
    let nowhere = uuid::Uuid::from_u128(7);
    for (config, expect) in [
        (json!({ "allowTenantAddressUpdate": false }), failed("LocationRequired")),
        (json!({ "locationId": nowhere }), failed("UnknownLocation")),
        (json!({ "civicAddressId": nowhere }), failed("UnknownLocation")),
        (json!({ "locationId": abroad }), failed("LocationCountry")),
        (json!({ "allowTenantAddressUpdate": false, "locationId": location }), synced()),
        (json!({}), synced()),
    ] {
        let words = config.to_string();
        let put = town.provision(number("A", ONE, config)).await.expect("kept");
        assert_eq!(status(&put), expect, "{words}");
    }
    town.agree(&town.fabrikam, &town.alpha).await;
    town.settle(&town.fabrikam, "GB").await;
    let theirs = town.upload(&town.alpha, &town.fabrikam, &["+442079460500"]);
    assert_eq!(town.run(&town.alpha, theirs).await.0.status, "success");
    let held = town.provision(number("A", "+442079460500", json!({}))).await.expect("kept");
    assert_eq!(status(&held), failed("HeldElsewhere"));
    let outside = town.provision(number("A", "+442079469999", json!({}))).await.expect("kept");
    assert_eq!(status(&outside), failed("OutsideRanges"));

    // A suspended consent takes no new number, and lets go of old ones.
    let tenant = cx(&town.contoso.actor);
    let consent = town.exchange.consent_get(&tenant, town.alpha.id).await.expect("reads");
    let suspend = ConsentUpdate { status: Some("Suspended".into()), ..ConsentUpdate::default() };
    let at = Some(consent.version);
    town.exchange.consent_update(&tenant, town.alpha.id, at, suspend).await.expect("suspended");
    let second = town.provision(number("A", TWO, json!({}))).await.expect("kept");
    assert_eq!(status(&second), failed("ConsentSuspended"));
    let again = town.provision(number("A", ONE, json!({}))).await.expect("kept");
    assert_eq!(status(&again), synced());
    let alpha = cx(&client(&town.alpha));
    town.exchange.account_number_delete(&alpha, "A", ONE, &any()).await.expect("deleted");
    assert!(town.inventory().await.is_empty());
});

on_both!(a_number_that_another_operator_has_opens_a_dispute, |db| {
    let town = town(db).await;
    town.agree(&town.contoso, &town.alpha).await;
    town.agree(&town.contoso, &town.beta).await;
    town.settle(&town.contoso, "GB").await;
    // Beta had the range, and still has a number of it.
    let theirs =
        "UPDATE number_range SET operator_id = (SELECT id FROM operator WHERE name = 'Beta')
        WHERE first_number = 442079460000";
    meddle(db, theirs).await;
    let (order, _) = town.run(&town.beta, town.upload(&town.beta, &town.contoso, &[ONE])).await;
    assert_eq!(order.status, "success");
    let ours =
        "UPDATE number_range SET operator_id = (SELECT id FROM operator WHERE name = 'Alpha')
        WHERE first_number = 442079460000";
    meddle(db, ours).await;
    town.account("A").await;
    for _ in 0..2 {
        let claimed = town.provision(number("A", ONE, json!({}))).await.expect("kept");
        assert_eq!(status(&claimed), failed("HeldElsewhere"));
    }
    for side in [&town.alpha, &town.beta] {
        let side = cx(&side.actor);
        let seen = town.exchange.operator_dispute_list(&side, ListQuery::default());
        let seen = seen.await.expect("lists").items;
        let told: Vec<_> = seen.iter().map(|d| (d.number.as_str(), d.state.as_str())).collect();
        assert_eq!(told, [(ONE, "open")], "once, however often it is asked");
        assert_eq!((seen[0].claimant_id, seen[0].holder_id), (town.alpha.id, town.beta.id));
    }
});

on_both!(accounts_that_are_written_at_once_do_not_block_each_other, |db| {
    let town = std::sync::Arc::new(town(db).await);
    town.agree(&town.contoso, &town.alpha).await;
    town.settle(&town.contoso, "GB").await;
    for name in ["A", "B"] {
        town.account(name).await;
    }
    // Both want the same twenty numbers, from either end.
    let mut tasks = Vec::new();
    for name in ["A", "B"] {
        let town = town.clone();
        tasks.push(tokio::spawn(async move {
            let mut mine = 0;
            for n in 0..20 {
                let n = if name == "A" { n } else { 19 - n };
                let put = town.provision(number(name, &format!("+4420794601{n:02}"), json!({})));
                match put.await {
                    Ok(put) => {
                        assert_eq!(status(&put), synced());
                        mine += 1;
                    }
                    Err(refused) => assert_eq!(refused.problem.code, "in_other_account"),
                }
            }
            mine
        }));
    }
    let mut all = 0;
    for task in tasks {
        all += task.await.expect("no panic");
    }
    assert_eq!(all, 20, "each number is in one account");
    assert_eq!(town.inventory().await.len(), 20);
    // Without its role, a token opens nothing.
    let refused: Problem = town
        .exchange
        .account_get(&cx(&town.alpha.actor), "A", &any())
        .await
        .expect_err("no role of this face");
    assert_eq!(refused.code, "forbidden");
});
