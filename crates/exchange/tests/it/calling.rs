//! Forwarding, delegates, call groups, voicemail and announcements.

use crate::furnished::{Furnished, doc, furnish};
use crate::gateways::{gateway, route};
use crate::house::{client, cx, open, owner, sign_in};
use api_types::Problem;
use api_types::calling::{CallingSettings, VoiceTargets};
use api_types::identity::ClientCreate;
use domain::calling::{CallingSettings as Kept, ForwardCause};
use domain::routing::{CallKind, World};
use domain::{CdrId, EdgeId, OperatorId, TenantId, TrunkId, UserId};
use exchange::{CallFilter, ListQuery};
use feed::cdr::{CdrEvent, CdrRecord, ForwardedBy};
use feed::change::{Change, Position};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use serde_json::{Value, json};
use testkit::on_both;
use uuid::Uuid;

impl Furnished {
    async fn settings(
        &self,
        user: Uuid,
        version: i64,
        put: Value,
    ) -> Result<CallingSettings, Problem> {
        let admin = cx(&self.tenant_admin);
        self.exchange.calling_settings_put(&admin, user, Some(version), doc(put)).await
    }

    async fn targets(&self, version: i64, put: Value) -> Result<VoiceTargets, Problem> {
        let admin = cx(&self.tenant_admin);
        self.exchange.voice_targets_put(&admin, Some(version), doc(put)).await
    }

    /// A gateway to what plays and records, and a voicemail behind it.
    async fn voicemail(&self) -> Uuid {
        let mut new = gateway(77);
        new["voice_app"] = json!(true);
        let id = self.gateway(new).await.expect("a gateway").id;
        let voicemail = json!({ "uri": "sip:voicemail@vm.contoso.example", "gateway_id": id });
        self.targets(0, json!({ "voicemail": voicemail })).await.expect("a voicemail");
        id
    }

    async fn tenant(&self) -> TenantId {
        let world = self.world().await;
        world.user_record(UserId(self.alice.id)).expect("a person").tenant
    }

    async fn way(&self, ask: Value) -> (Vec<String>, Vec<String>) {
        let admin = cx(&self.tenant_admin);
        let told = self.exchange.explain_call(&admin, doc(ask)).await.expect("explained");
        (told.steps.iter().map(|step| step.rule.clone()).collect(), told.trunks)
    }

    async fn world(&self) -> Snapshot {
        let edge = cx(&self.edge);
        let bytes = self.exchange.edge_snapshot(&edge, &wrap_key("token")).await;
        Snapshot::open(&bytes.expect("a snapshot"), &wrap_key("token")).expect("opens")
    }
}

fn to(kind: &str) -> Value {
    json!({ "type": kind })
}

fn single(number: &str) -> Value {
    json!({ "type": "SingleTarget", "number": number })
}

fn immediate(target: Value) -> Value {
    json!({ "forwarding": { "type": "Immediate", "target": target } })
}

on_both!(settings_are_kept_told_to_edges_and_refused_by_the_field_that_is_wrong, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let (alice, bob) = (house.alice.id, house.bob.id);
    let empty = exchange.calling_settings_get(&admin, alice).await.expect("nothing yet");
    assert_eq!((empty.version, empty.forwarding), (0, None));
    let nobody = Uuid::from_u128(4);
    let delegate = |user: Uuid, receives: bool| json!([{ "user_id": user, "make_calls": true, "receive_calls": receives }]);
    for (put, code, field) in [
        (immediate(to("Voicemail")), "no_voicemail", "/forwarding/target/type"),
        (immediate(to("Moon")), "invalid_field", "/forwarding/target/type"),
        (immediate(to("SingleTarget")), "invalid_field", "/forwarding/target/number"),
        (immediate(single("999")), "invalid_field", "/forwarding/target/number"),
        (immediate(single("+999")), "invalid_field", "/forwarding/target/number"),
        (immediate(single("+442079460001")), "invalid_field", "/forwarding/target/number"),
        (
            immediate(json!({ "type": "SingleTarget", "user_id": nobody })),
            "unknown_user",
            "/forwarding/target/user_id",
        ),
        (
            immediate(json!({ "type": "Group", "number": "+493012345" })),
            "invalid_field",
            "/forwarding/target/number",
        ),
        (
            json!({ "forwarding": { "type": "Sometimes", "target": single("+493012345") } }),
            "invalid_field",
            "/forwarding/type",
        ),
        (
            json!({ "unanswered": { "target": single("+493012345"), "delay_seconds": 15 } }),
            "invalid_field",
            "/unanswered/delay_seconds",
        ),
        (json!({ "busy": to("MyDelegates") }), "invalid_field", "/busy/type"),
        (json!({ "delegates": delegate(alice, true) }), "invalid_field", "/delegates/0/user_id"),
        (json!({ "delegates": delegate(nobody, true) }), "unknown_user", "/delegates/0/user_id"),
        (json!({ "call_group": [nobody] }), "unknown_user", "/call_group/0"),
    ] {
        let refused = house.settings(alice, 0, put.clone()).await.expect_err("wrong");
        assert_eq!((&*refused.code, refused.field.as_deref()), (code, Some(field)), "{put}");
    }
    let before = house.world().await;
    let put = json!({
        "forwarding": { "type": "Simultaneous", "target": to("MyDelegates") },
        "unanswered": { "target": single("+493012345678"), "delay_seconds": 30 },
        "delegates": delegate(bob, true), "call_group": [bob],
    });
    let set = house.settings(alice, 0, put).await.expect("set");
    assert_eq!(set.version, 1);
    assert_eq!(set.unanswered.as_ref().and_then(|u| u.delay_seconds), Some(30));
    assert_eq!(exchange.calling_settings_get(&admin, alice).await.expect("kept"), set);
    let stale = house.settings(alice, 0, json!({})).await.expect_err("stale");
    assert_eq!(stale.code, "version_mismatch");
    let list = ListQuery { limit: 10, cursor: None };
    let page = exchange.calling_settings_list(&admin, list).await.expect("listed");
    let listed: Vec<_> = page.items.iter().map(|s| (s.upn.as_str(), s.settings.user_id)).collect();
    assert_eq!(listed, [(house.alice.upn.as_str(), alice)]);

    // Edges learn it by the snapshot and by the log, and forget it.
    let mut follower = before;
    let kept = |world: &Snapshot| world.calling_settings(UserId(alice)).cloned();
    assert_eq!(kept(&follower), None);
    let expected = kept(&house.world().await).expect("in the snapshot");
    assert!(expected.lets_call(UserId(bob)));
    house.settings(alice, 1, json!({})).await.expect("taken back");
    let edge = cx(&house.edge);
    let log = exchange.changes_since(&edge, follower.position(), 100).await.expect("the log");
    let puts: Vec<&Kept> = log
        .iter()
        .filter_map(|entry| match &entry.change {
            Change::CallingSettingsPut(record) => record.settings.known(),
            _ => None,
        })
        .collect();
    assert_eq!(puts, [&expected, &Kept::default()]);
    for entry in &log {
        follower.apply(entry);
    }
    assert_eq!((kept(&follower), kept(&house.world().await)), (None, None));
    // Another tenant's people are not there.
    let others = cx(&house.other_admin);
    let refused = exchange.calling_settings_get(&others, alice).await.expect_err("not there");
    assert_eq!(refused.code, "not_found");
});

on_both!(the_explanation_tells_where_a_forwarded_call_goes, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    house.voicemail().await;
    let (alice, bob) = (house.alice.id, house.bob.id);
    let ask = json!({ "inbound": true, "called": "+442079460001" });
    let has = |rules: &[String], rule: &str| rules.iter().any(|found| found == rule);
    let (rules, trunks) = house.way(ask.clone()).await;
    assert!(!rules.iter().any(|rule| rule.starts_with("forwarding")), "{rules:?}");
    assert!(trunks.is_empty());
    house.settings(alice, 0, immediate(to("Voicemail"))).await.expect("set");
    let (rules, trunks) = house.way(ask.clone()).await;
    assert!(has(&rules, "forwarding.immediate"), "{rules:?}");
    assert_eq!(trunks, ["sbc77.contoso.example"]);
    house.settings(alice, 1, immediate(single("+493012345678"))).await.expect("set");
    let (rules, trunks) = house.way(ask.clone()).await;
    assert!(has(&rules, "forwarding.immediate") && has(&rules, "fraud.limits"), "{rules:?}");
    assert_eq!(trunks, ["a0.alpha.example", "a1.alpha.example"]);
    let later = json!({ "unanswered": { "target": to("Voicemail") } });
    house.settings(alice, 2, later).await.expect("set");
    let (rules, _) = house.way(ask.clone()).await;
    for rule in ["forwarding.delay", "forwarding.unanswered", "forwarding.busy"] {
        assert!(has(&rules, rule), "{rule}: {rules:?}");
    }
    // Whom a restriction keeps from calling there.
    let policy = doc(json!({ "name": "inside", "settings":
        { "kind": "OnlineDialOutPolicy", "allowed": "None" } }));
    let admin = cx(&house.tenant_admin);
    let policy = house.exchange.policy_create(&admin, policy).await.expect("a policy");
    let put = json!({ "kind": "OnlineDialOutPolicy", "policy_id": policy.id, "user_id": alice });
    house.exchange.policy_assignment_put(&admin, doc(put)).await.expect("assigned");
    house.settings(alice, 3, immediate(single("+493012345678"))).await.expect("set");
    let (rules, trunks) = house.way(ask).await;
    assert!(has(&rules, "forwarding.refused") && trunks.is_empty(), "{rules:?}");

    // On whose behalf.
    let edit = doc(json!({ "licences": ["teams_phone"] }));
    house.exchange.user_update(&admin, bob, Some(house.bob.version), edit).await.expect("licensed");
    let behalf = json!({ "from_user_id": bob, "called": "+441130000000",
        "on_behalf_of_number": "+442079460001" });
    let (rules, _) = house.way(behalf.clone()).await;
    assert!(has(&rules, "not_a_delegate"), "{rules:?}");
    let delegates = json!({ "delegates": [{ "user_id": bob, "make_calls": true }] });
    house.settings(alice, 4, delegates).await.expect("set");
    let (rules, trunks) = house.way(behalf.clone()).await;
    assert!(has(&rules, "delegation.make_calls"), "{rules:?}");
    assert_eq!(trunks, ["a0.alpha.example", "a1.alpha.example"]);
    // Not for somebody whose licence was taken.
    let boss = house.exchange.user_get(&admin, alice).await.expect("there");
    let edit = doc(json!({ "licences": [] }));
    house.exchange.user_update(&admin, alice, Some(boss.version), edit).await.expect("taken");
    let (rules, trunks) = house.way(behalf).await;
    assert!(has(&rules, "delegation.unlicensed"), "{rules:?}");
    assert!(has(&rules, "on_behalf_unlicensed") && trunks.is_empty(), "{rules:?}");
    let wrong = json!({ "inbound": true, "called": "+442079460001",
        "on_behalf_of_number": "+442079460001" });
    let refused =
        house.exchange.explain_call(&admin, doc(wrong)).await.expect_err("nobody's phone");
    assert_eq!(refused.field.as_deref(), Some("/on_behalf_of_number"));
});

on_both!(whoever_is_removed_is_in_nobody_s_settings, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let (alice, bob) = (house.alice.id, house.bob.id);
    let person = async |upn: &str| {
        let new = json!({ "upn": upn, "display_name": upn, "country": "GB" });
        exchange.user_create(&admin, doc(new)).await.expect("a person").id
    };
    let (carol, dave) =
        (person("carol@contoso.example").await, person("dave@contoso.example").await);
    let delegate = |user: Uuid| json!({ "user_id": user, "receive_calls": true });
    let of_alice = json!({
        "forwarding": { "type": "Simultaneous", "target": to("MyDelegates") },
        "unanswered": { "target": { "type": "SingleTarget", "user_id": bob } },
        "busy": to("Group"),
        "delegates": [delegate(bob), delegate(carol)], "call_group": [bob],
    });
    house.settings(alice, 0, of_alice).await.expect("set");
    let of_carol = immediate(json!({ "type": "SingleTarget", "user_id": bob }));
    house.settings(carol, 0, of_carol).await.expect("set");
    let of_dave = json!({ "call_group": [carol] });
    house.settings(dave, 0, of_dave).await.expect("set");
    house.settings(bob, 0, json!({ "call_group": [alice] })).await.expect("set");
    let mut follower = house.world().await;

    // Deactivated, he stays where he is named, and nobody rings him.
    let off = doc(json!({ "active": false }));
    exchange.user_update(&admin, bob, Some(house.bob.version), off).await.expect("deactivated");
    let kept = exchange.calling_settings_get(&admin, alice).await.expect("there");
    assert_eq!((kept.version, kept.call_group), (1, vec![bob]));
    let world = house.world().await;
    assert!(!World::user(&world, UserId(bob)).expect("there").phone);

    exchange.user_remove(&admin, bob, None).await.expect("removed");
    let now = exchange.calling_settings_get(&admin, alice).await.expect("there");
    assert_eq!((now.version, now.call_group.len()), (2, 0));
    let delegates: Vec<Uuid> = now.delegates.iter().map(|d| d.user_id).collect();
    assert_eq!(delegates, [carol]);
    assert_eq!(now.forwarding.map(|f| f.target.kind).as_deref(), Some("MyDelegates"));
    assert_eq!((now.unanswered, now.busy), (None, None));
    let now = exchange.calling_settings_get(&admin, carol).await.expect("there");
    assert_eq!((now.version, now.forwarding), (2, None));
    let now = exchange.calling_settings_get(&admin, dave).await.expect("there");
    assert_eq!((now.version, now.call_group), (1, vec![carol]), "not his");

    // Edges hear of it, and whoever follows the tenant.
    let log = exchange.changes_since(&cx(&house.edge), follower.position(), 100).await;
    for entry in &log.expect("the log") {
        follower.apply(entry);
    }
    let world = house.world().await;
    for user in [alice, bob, carol, dave].map(UserId) {
        assert_eq!(follower.calling_settings(user), world.calling_settings(user));
        assert!(world.calling_settings(user).is_none_or(|s| s.people().all(|(_, n)| n.0 != bob)));
    }
    let start = Position { epoch: exchange.epoch(), position: 0 };
    let types = ["calling_settings.changed".to_owned()];
    let told = exchange.events_since(&admin, start, &types).await.expect("events").items;
    assert_eq!(told.len(), 6, "four put, two for the removal");
    // What is left can be put again as it is.
    let again = json!({ "forwarding": { "type": "Simultaneous", "target": to("MyDelegates") },
        "delegates": [delegate(carol)] });
    house.settings(alice, 2, again).await.expect("it can be kept");
});

on_both!(what_plays_and_records_stays_where_it_is_named, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let voice = house.voicemail().await;
    let pstn = house.gateway(gateway(78)).await.expect("a gateway");
    // It is no way to the PSTN, for voice routes and for help.
    let usages = json!(["Abroad"]);
    let routes = json!({ "online_pstn_usages": usages, "routes": [route("all", ".", &[voice])] });
    let refused = house.routes(0, routes).await.expect_err("not to the PSTN");
    assert_eq!(
        (&*refused.code, refused.field.as_deref()),
        ("gateway_not_pstn", Some("/routes/0/gateway_ids/0"))
    );
    // The operator's trunk is not the tenant's gateway.
    let at = |gateway: Uuid| {
        json!({ "name": "Closed", "uri": "sip:closed@vm.example",
        "gateway_id": gateway })
    };
    let foreign = json!({ "announcements": [at(house.trunks[0])] });
    let refused = house.targets(1, foreign).await.expect_err("not a gateway");
    let field = Some("/announcements/0/gateway_id");
    assert_eq!((&*refused.code, refused.field.as_deref()), ("unknown_gateway", field));
    let odd = json!({ "voicemail": { "uri": "tel:+44", "gateway_id": voice } });
    let refused = house.targets(1, odd).await.expect_err("no URI");
    assert_eq!(refused.field.as_deref(), Some("/voicemail/uri"));
    let twice = json!({ "announcements": [at(voice), at(voice)] });
    let refused = house.targets(1, twice).await.expect_err("one name");
    assert_eq!(refused.field.as_deref(), Some("/announcements/1/name"));

    let screening = |name: &str| {
        json!({ "blocked": [{ "name": "b", "pattern": "^.33", "redirect_to_announcement": name }],
            "unassigned": [{ "name": "u", "pattern": ".", "priority": 1, "announcement": name }] })
    };
    let early = exchange.screening_put(&admin, Some(0), doc(screening("Closed"))).await;
    let early = early.expect_err("not there yet");
    let field = Some("/blocked/0/redirect_to_announcement");
    assert_eq!((&*early.code, early.field.as_deref()), ("unknown_announcement", field));
    let set = house.targets(1, json!({ "announcements": [at(pstn.id)] })).await.expect("set");
    assert_eq!((set.version, set.voicemail), (2, None));
    let put = exchange.screening_put(&admin, Some(0), doc(screening("Closed"))).await;
    let put = put.expect("set");
    assert_eq!(put.unassigned[0].announcement.as_deref(), Some("Closed"));
    let both = json!({ "blocked": [{ "name": "b", "pattern": "1", "redirect_to_announcement":
        "Closed", "redirect_to_account_id": house.queue.id }] });
    let both = exchange.screening_put(&admin, Some(1), doc(both)).await.expect_err("one place");
    assert_eq!(both.field.as_deref(), Some("/blocked/0/redirect_to_announcement"));
    let gone = house.targets(2, json!({})).await.expect_err("a rule names it");
    assert_eq!(gone.code, "announcement_in_use");
    let kept = exchange.gateway_remove(&admin, pstn.id, None).await.expect_err("it leads there");
    assert_eq!(kept.code, "gateway_in_use");
    exchange.gateway_remove(&admin, voice, None).await.expect("nothing names it any more");
    let (rules, trunks) = house
        .way(json!({ "inbound": true, "called": "+442079460001", "from_number": "+33123456789" }))
        .await;
    assert!(rules.iter().any(|rule| rule == "announcement"), "{rules:?}");
    assert_eq!(trunks, ["sbc78.contoso.example"]);
    let world = house.world().await;
    let tenants = world.voice_target_records().count();
    assert_eq!(tenants, 1);
});

on_both!(a_record_names_who_forwarded_the_call, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let tenant = house.tenant().await;
    let id = Uuid::from_u128(77);
    let edge = EdgeId(Uuid::from_u128(1));
    let record = |event| CdrRecord { id: CdrId(id), edge, event };
    let records = vec![
        record(CdrEvent::Begin {
            at_us: 1_800_000_000_000_000,
            kind: Some(CallKind::Inbound),
            tenant: Some(tenant),
            number: "+442079460001".parse().ok(),
            operator: Some(OperatorId(house.operator)),
            caller: "+33123456789".into(),
            callee: "+442079460001".into(),
            caller_user: None,
            callee_user: Some(UserId(house.alice.id)),
            queue: None,
            in_trunk: Some(TrunkId(house.trunks[0])),
            call_id: "in".into(),
            bridge: None,
        }),
        record(CdrEvent::Answer {
            at_us: 1_800_000_001_000_000,
            user: Some(UserId(house.bob.id)),
            out_trunk: None,
            call_id: "out".into(),
            forwarded: Some(ForwardedBy {
                user: UserId(house.alice.id),
                cause: ForwardCause::Busy,
            }),
            bridge: None,
            operator: None,
        }),
    ];
    exchange.cdrs_deliver(&cx(&house.edge), records).await.expect("kept");
    let call = exchange.call_get(&admin, id).await.expect("there");
    assert_eq!(call.forwarded_by_id, Some(house.alice.id));
    assert_eq!(call.forwarded_by_name.as_deref(), Some(house.alice.display_name.as_str()));
    assert_eq!(call.forward_cause.as_deref(), Some("busy"));
    assert_eq!(call.user_id, Some(house.bob.id), "who answered");
    // Whether somebody was busy, and who, is the tenant's: its operator sees the call, and neither.
    let operator = cx(&house.operator_admin);
    let list = ListQuery { limit: 10, cursor: None };
    let listed = exchange.operator_call_list(&operator, CallFilter::default(), list).await;
    let listed = listed.expect("its calls").items;
    for call in [exchange.call_get(&operator, id).await.expect("its call"), listed[0].clone()] {
        assert_eq!((call.id, call.user_id), (id, None));
        assert_eq!((call.forwarded_by_id, call.forwarded_by_name), (None, None));
        assert_eq!(call.forward_cause, None);
    }
});

on_both!(those_who_help_see_masked_numbers_and_change_nothing, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let exchange = &house.exchange;
    let alice = house.alice.id;
    house.settings(alice, 0, immediate(single("+493012345678"))).await.expect("set");
    let tenant_id = house.tenant().await.0;
    let new = ClientCreate { tenant_id: Some(tenant_id), ..client("tenant_helpdesk") };
    let made = exchange.client_create(&cx(&house.owner), new).await.expect("a client");
    let desk = cx(&sign_in(exchange, &made).await);
    let shown = exchange.calling_settings_get(&desk, alice).await.expect("shown");
    let number = shown.forwarding.and_then(|f| f.target.number).expect("a number");
    assert!(number.ends_with("678") && number.contains('*'), "{number}");
    let refused = exchange.calling_settings_put(&desk, alice, Some(1), doc(json!({}))).await;
    assert_eq!(refused.expect_err("not theirs").code, "forbidden");
});

on_both!(a_file_changes_many_people_s_settings_and_says_what_failed, |db| {
    let exchange = open(db).await;
    let owner = owner(&exchange).await;
    let house = furnish(exchange, owner).await;
    let (admin, exchange) = (cx(&house.tenant_admin), &house.exchange);
    let (alice, bob) = (&house.alice, &house.bob);
    let text = format!(
        "upn,forwarding_type,forwarding,unanswered,delay_seconds,busy,delegates,call_group\n\
         {a},Simultaneous,MyDelegates,+493012345678,30,{b},{b}:ReceiveCalls,{b}\n\
         {b},,none,,,,,\n\
         {a},,none,,,,,\n\
         nobody@contoso.example,,Group,,,,,\n\
         ,,Group,,,,,\n",
        a = alice.upn,
        b = bob.upn,
    );
    let more = |rows: &str| format!("upn,forwarding,unanswered,delay_seconds,delegates\n{rows}\n");
    let take = async |text: &str, dry_run| {
        let file = crate::bulk::file(text);
        exchange.calling_file(&admin, file, None, dry_run).await.expect("read")
    };
    let tried = take(&text, true).await;
    let told = |result: &api_types::calling::CallingFileResult| {
        let errors = result.errors.iter();
        let errors = errors.map(|e| (e.line, e.error.code.clone())).collect::<Vec<_>>();
        (result.updated, result.unchanged, errors)
    };
    let errors = |some: &[(u32, &str)]| -> Vec<(u32, String)> {
        some.iter().map(|(line, code)| (*line, (*code).to_owned())).collect()
    };
    let expected = errors(&[(4, "duplicate_entry"), (5, "unknown_user"), (6, "invalid_field")]);
    assert_eq!(told(&tried), (1, 1, expected.clone()));
    let kept = exchange.calling_settings_get(&admin, alice.id).await.expect("there");
    assert_eq!(kept.version, 0, "a trial changes nothing");
    assert_eq!(told(&take(&text, false).await), (1, 1, expected));
    let kept = exchange.calling_settings_get(&admin, alice.id).await.expect("there");
    assert_eq!(kept.forwarding.as_ref().map(|f| f.kind.as_str()), Some("Simultaneous"));
    assert_eq!(
        kept.delegates.first().map(|d| (d.make_calls, d.receive_calls)),
        Some((false, true))
    );
    assert_eq!((kept.call_group.len(), kept.version), (1, 1));
    // What a row leaves out stays; each of these is wrong in one column.
    for (row, column, code) in [
        (format!("{},Voicemail,,,", alice.upn), "forwarding", "no_voicemail"),
        (format!("{},+44,,,", alice.upn), "forwarding", ""),
        (format!("{},+4x,,,", alice.upn), "forwarding", "invalid_field"),
        (format!("{},,,35,", alice.upn), "delay_seconds", "invalid_field"),
        (format!("{},,,,{}:Both", alice.upn, bob.upn), "delegates", "invalid_field"),
        (format!("{},,,,{}", alice.upn, alice.upn), "delegates", "invalid_field"),
        (format!("{},+442079460001,,,", alice.upn), "forwarding", "invalid_field"),
    ] {
        let result = take(&more(&row), true).await;
        match result.errors.first() {
            None => assert_eq!((code, result.updated), ("", 1), "{row}"),
            Some(error) => {
                assert_eq!(
                    (error.column.as_deref(), &*error.error.code),
                    (Some(column), code),
                    "{row}"
                );
            }
        }
    }
    let delay = take(&more(&format!("{},,,60,", alice.upn)), false).await;
    assert_eq!(delay.updated, 1);
    let kept = exchange.calling_settings_get(&admin, alice.id).await.expect("there");
    assert_eq!(kept.unanswered.and_then(|u| u.delay_seconds), Some(60));
});
