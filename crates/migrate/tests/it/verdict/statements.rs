//! The acceptance statements of migration.md section 11 that concern the verdict, by number.

use super::tenant::*;
use super::{judged, of_rule};
use jiff::civil::date;
use migrate::assess::{Allotment, Assessment, Readiness, Rule, completion};
use migrate::erlang::{blocking, channels};
use migrate::groups::{self, Binding};
use migrate::model::*;

fn severity(assessment: &Assessment, rule: Rule, subject: &str) -> Option<Severity> {
    of_rule(assessment, rule).into_iter().find(|f| f.subject == subject).map(|f| f.severity)
}

fn readiness(assessment: &Assessment, subject: &str) -> Readiness {
    let person = assessment.people.iter().find(|person| person.subject == subject);
    person.unwrap_or_else(|| panic!("{subject} is judged")).readiness
}

fn network(assessment: &Assessment) -> Readiness {
    assessment.sites[0].network
}

#[test]
fn statement_02_no_verdict_passes_on_a_lost_cell() {
    let loses: [fn(&mut House); 6] = [
        |t| t.user(BOB).licences[0].plans = lost(),
        |t| t.user(BOB).upgrade_mode = lost(),
        |t| t.user(BOB).usage_location = lost(),
        |t| t.user(BOB).policy_columns = vec![(PolicyKind::OnlineVoiceRoutingPolicy, lost())],
        |t| t.number(BOB_NUMBER).capabilities = lost(),
        |t| t.number(BOB_NUMBER).blocked = lost(),
    ];
    for (at, lose) in loses.into_iter().enumerate() {
        let mut tenant = House::blameless();
        lose(&mut tenant);
        let assessment = judged(&tenant);
        assert_eq!(readiness(&assessment, BOB), Readiness::Unknown, "loss {at}");
        assert_eq!(readiness(&assessment, ALICE), Readiness::Ready, "loss {at}");
    }
}

#[test]
fn statement_02_no_verdict_passes_on_a_word_nobody_knows() {
    let says: [fn(&mut House); 5] = [
        |t| t.user(BOB).upgrade_mode = given(UpgradeMode::Other),
        |t| t.user(BOB).account_type = given(AccountType::Other),
        |t| t.number(BOB_NUMBER).activation = given(ActivationState::Other),
        |t| t.number(BOB_NUMBER).blocked = given(BlockedState::Other),
        |t| t.number(BOB_NUMBER).number_type = given(NumberType::Other),
    ];
    for (at, say) in says.into_iter().enumerate() {
        let mut tenant = House::blameless();
        say(&mut tenant);
        assert_eq!(readiness(&judged(&tenant), BOB), Readiness::Unknown, "word {at}");
    }
}

#[test]
fn statement_11_licences_are_decided_by_plan_and_status() {
    // Every variant of section 2.1 counts, whatever the product is called.
    for phone in ["MCOEV", "MCOEVSMB", "MCOEV_GOV"] {
        for teams in ["TEAMS1", "TEAMS_GOV"] {
            let mut tenant = House::blameless();
            tenant.user(BOB).licences = vec![licence("A product nobody knows", &[phone, teams])];
            assert_eq!(readiness(&judged(&tenant), BOB), Readiness::Ready, "{phone} {teams}");
        }
    }
    // By id too, in any case; the one id that is a product's as well is a plan only among plans.
    let mut tenant = House::blameless();
    let mut by_id = licence("", &[]);
    by_id.plans = given(
        ["4828C8EC-DC2E-4779-B502-87AC9CE28AB7", "57ff2da0-773e-42df-b2af-ffb7a2317929"]
            .map(|id| PlanState { id: id.into(), name: String::new(), status: PlanStatus::Success })
            .into(),
    );
    tenant.user(BOB).licences = vec![by_id];
    assert_eq!(readiness(&judged(&tenant), BOB), Readiness::Ready);
    // The product's name decides nothing: E5 with its plan switched off has no telephone.
    let mut tenant = House::blameless();
    let mut e5 = licence("SPE_E5", &[]);
    e5.plans =
        given(vec![plan("MCOEV", PlanStatus::Disabled), plan("TEAMS1", PlanStatus::Success)]);
    tenant.user(BOB).licences = vec![e5];
    let assessment = judged(&tenant);
    let disabled = severity(&assessment, Rule::LicencePhoneDisabled, BOB);
    assert_eq!(disabled, Some(Severity::Block));
    assert_eq!(readiness(&assessment, BOB), Readiness::NotReady);
    // A product with the name of one that has it, and without the plan.
    tenant.user(BOB).licences = vec![licence("SPE_E5", &["TEAMS1"])];
    let missing = severity(&judged(&tenant), Rule::LicencePhoneMissing, BOB);
    assert_eq!(missing, Some(Severity::Block));
    // A calling plan without a phone plan (BUSINESS_VOICE_MED2_TELCO) is no telephone.
    tenant.user(BOB).licences = vec![licence("BUSINESS_VOICE_MED2_TELCO", &["MCOPSTN1", "TEAMS1"])];
    let missing = severity(&judged(&tenant), Rule::LicencePhoneMissing, BOB);
    assert_eq!(missing, Some(Severity::Block));
}

/// Every plan of migration.md section 2.1 counts for what it is, by its name and by its id alone.
#[test]
fn statement_11_every_plan_variant_counts_by_name_and_by_id() {
    let by_name = |name: &str| plan(name, PlanStatus::Success);
    let by_id = |id: &str| PlanState { id: id.into(), ..plan("", PlanStatus::Success) };
    let teams = [
        ("TEAMS1", "57ff2da0-773e-42df-b2af-ffb7a2317929"),
        ("TEAMS_GOV", "304767db-7d23-49e8-a945-4a7eb65f9f28"),
    ];
    let phones = [
        ("MCOEV", "4828c8ec-dc2e-4779-b502-87ac9ce28ab7"),
        ("MCOEVSMB", "ed777b71-af04-42ca-9798-84344c66f7c6"),
        ("MCOEV_GOV", "db23fce2-a974-42ef-9002-d78dd42a0f22"),
    ];
    let give = |upn: &str, plans: Vec<PlanState>| {
        let mut tenant = House::blameless();
        tenant.user(upn).licences = vec![licence("Whatever", &[])];
        tenant.user(upn).licences[0].plans = given(plans);
        tenant
    };
    for (phone, phone_id) in phones {
        for (team, team_id) in teams {
            for plans in
                [vec![by_name(phone), by_name(team)], vec![by_id(phone_id), by_id(team_id)]]
            {
                assert_eq!(readiness(&judged(&give(BOB, plans)), BOB), Readiness::Ready, "{phone}");
            }
        }
    }
    for (name, id) in [
        ("MCOEV_VIRTUALUSER", "f47330e9-c134-43b3-9993-e7f004506889"),
        ("MCOEV_VIRTUALUSER_GOV", "0628a73f-3b4a-4989-bd7b-0f8823144313"),
    ] {
        for one in [by_name(name), by_id(id)] {
            let mut tenant = House::blameless();
            tenant.account(SALES).licences[0].plans = given(vec![one]);
            assert_eq!(readiness(&judged(&tenant), SALES), Readiness::Ready, "{name}");
        }
    }
    let base = || vec![by_name("MCOEV"), by_name("TEAMS1")];
    for (name, id) in [
        ("MCOPSTN1", "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8"),
        ("MCOPSTN2", "5a10155d-f5c1-411a-a8ec-e99aae125390"),
        ("MCOPSTN3", "6b340437-d6f9-4dc5-8cc2-99163f7f83d6"),
        ("MCOPSTN5", "54a152dc-90de-4996-93d2-bc47e670fc06"),
        ("MCOPSTN6", "346d83bf-6fe6-42ca-b424-b9300d2e21bf"),
        ("MCOPSTN8", "16935b20-87c0-4908-934a-22aa267d0d26"),
        ("MCOPSTN_PAYG_1", "156a1efe-17cd-4b03-9f17-2eb512298fb3"),
        ("MCOPSTN1_GOV", "3c8a8792-7866-409b-bb61-1b20ace0368b"),
        ("MCOPSTNEAU", "7861360b-dc3b-4eba-a3fc-0d323a035746"),
    ] {
        for one in [by_name(name), by_id(id)] {
            let mut plans = base();
            plans.push(one);
            let assessment = judged(&give(CAROL, plans));
            assert!(of_rule(&assessment, Rule::LicenceCallingPlanGone).is_empty(), "{name}");
            assert_eq!(of_rule(&assessment, Rule::LicenceCallingPlanAfterPort).len(), 1, "{name}");
        }
    }
    // Communications Credits are no Calling Plan.
    let mut plans = base();
    plans.push(by_name("MCOPSTNC"));
    let assessment = judged(&give(CAROL, plans));
    assert_eq!(of_rule(&assessment, Rule::LicenceCallingPlanGone).len(), 1);
    for (name, id) in [
        ("MCOMEETADV", "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40"),
        ("MCOMEETADV_GOV", "f544b08d-1645-4287-82de-8d91f37c02a1"),
        ("MCOMEETADV_AR_GCCHigh", "f1e3613f-3818-4254-9b5e-f02d803384e0"),
        ("MCOMEETACPEA", "bb038288-76ab-49d6-afc1-eaa6c222c65a"),
    ] {
        for one in [by_name(name), by_id(id)] {
            let mut plans = base();
            plans.push(one);
            let mut tenant = give(BOB, plans);
            let mut meeting = call(1, MONDAY + 40_000, 60);
            meeting.kind = CallKind::Conference;
            tenant.inventory.calls.records.push(meeting);
            assert!(of_rule(&judged(&tenant), Rule::LicenceConferencing).is_empty(), "{name}");
        }
    }
}

#[test]
fn statement_12_rooms_devices_and_resource_accounts_have_their_own_rules() {
    let mut tenant = House::blameless();
    tenant.user(ROOM).licences = vec![licence("Microsoft_Teams_Rooms_Basic", &["TEAMS1"])];
    tenant.user(LOBBY).licences = vec![licence("SPE_F1", &["TEAMS1"])];
    tenant.account(MAIN).licences = vec![licence("MCOEV", &["MCOEV"])];
    let assessment = judged(&tenant);
    let block = Some(Severity::Block);
    assert_eq!(severity(&assessment, Rule::LicenceRoomWithoutPhone, ROOM), block);
    assert_eq!(severity(&assessment, Rule::LicenceSharedDeviceMissing, LOBBY), block);
    for subject in [ROOM, LOBBY, MAIN] {
        assert_eq!(severity(&assessment, Rule::LicencePhoneMissing, subject), None, "{subject}");
    }
    // A swap is told as one change, and not as a missing licence beside it.
    let swap = of_rule(&assessment, Rule::LicenceResourceAccountUserPlan);
    assert_eq!(swap.len(), 1);
    assert!(swap[0].fix.contains("one and the same licence change"), "{}", swap[0].fix);
    assert_eq!(severity(&assessment, Rule::LicenceResourceAccountMissing, MAIN), None);
    // 25 and one for each 10 seats: 600 give 85.
    assert_eq!(Allotment::of(600).free, 85);
    assert_eq!(
        (Allotment::of(0).free, Allotment::of(9).free, Allotment::of(10).free),
        (25, 25, 26)
    );
    let mut tenant = House::blameless();
    tenant.inventory.skus = vec![sku("SPE_E5", &["MCOEV"], 600, 600)];
    for at in 0..98 {
        let mut account = tenant.account(SALES).clone();
        account.upn = format!("ra{at}@contoso.com");
        account.object_id = text(&format!("id-ra{at}"));
        tenant.inventory.resource_accounts.push(account);
    }
    let need = judged(&tenant).licences;
    assert_eq!(need.resource_accounts, 100);
    assert_eq!((need.resource_to_order, need.resource_to_buy), (Some(85), Some(15)));
}

#[test]
fn statement_13_the_calling_plan_is_dropped_after_port_and_unassign() {
    let mut tenant = House::blameless();
    let assessment = judged(&tenant);
    let told = of_rule(&assessment, Rule::LicenceCallingPlanAfterPort);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].subject.as_str(), told[0].severity), (CAROL, Severity::Info));
    let fix = &told[0].fix;
    assert!(fix.contains("after the port completed") && fix.contains("unassigned"), "{fix}");
    assert!(fix.contains("never before"), "{fix}");
    // In a bundle the plan is waste afterwards, not a licence to take away.
    tenant.user(CAROL).licences =
        vec![licence("SPE_E5_CALLINGMINUTES", &["MCOEV", "TEAMS1", "MCOPSTN8"])];
    let assessment = judged(&tenant);
    let told = of_rule(&assessment, Rule::LicenceCallingPlanAfterPort);
    assert!(told[0].message.contains("waste"), "{}", told[0].message);
}

#[test]
fn statement_14_erlang_b() {
    for (erlangs, wanted) in [(10.0, 18), (20.0, 30), (100.0, 117), (0.5, 4)] {
        assert_eq!(channels(erlangs, 0.01), Some(wanted), "{erlangs} E at 1 %");
    }
    assert!((blocking(10.0, 18) - 0.0071).abs() < 0.0001, "{}", blocking(10.0, 18));
}

#[test]
fn statement_15_no_data_in_the_busy_hour_is_insufficient_and_bursts_count() {
    // Calls are at 10:00; all measurements are at 14:00.
    let mut tenant = House::blameless();
    tenant.measured(|_, m| m.start = m.start.map(|start| start + 4 * 3_600));
    let assessment = judged(&tenant);
    let unknown = Some(Severity::Unknown);
    assert_eq!(severity(&assessment, Rule::NetworkInsufficient, SITE), unknown);
    assert_eq!(network(&assessment), Readiness::Unknown);
    assert_eq!(readiness(&assessment, ALICE), Readiness::Unknown);
    // Nothing measured at all is no better.
    tenant.inventory.measurements.clear();
    assert_eq!(network(&judged(&tenant)), Readiness::Unknown);
    // What a tool does not measure is not measured, and not passed: iperf3 has no round trip.
    let mut tenant = House::blameless();
    tenant.measured(|_, m| m.rtt_ms = Cell::Absent);
    let assessment = judged(&tenant);
    assert_eq!(network(&assessment), Readiness::Unknown);
    let not_measured = &assessment.sites[0].not_measured;
    assert!(not_measured.iter().any(|what| what.contains("latency")), "{not_measured:?}");
    // Nor is it passed in silence which way media went.
    let mut tenant = House::blameless();
    tenant.measured(|_, m| (m.transport, m.proxied) = (Cell::Absent, Cell::Absent));
    let not_measured = judged(&tenant).sites[0].not_measured.join(", ");
    assert!(not_measured.contains("UDP") && not_measured.contains("proxies"), "{not_measured}");
    // Averages over five minutes prove no window of 15 s.
    let mut tenant = House::blameless();
    tenant.measured(|_, m| m.window_seconds = given(300.0));
    assert_eq!(network(&judged(&tenant)), Readiness::Unknown);
    // Three bad windows in 1,200: the mean is far below the limit, the site fails all the same.
    let mut tenant = House::blameless();
    tenant.measured(|at, m| {
        if (600..603).contains(&at) {
            m.loss_percent = given(5.0);
        }
    });
    let assessment = judged(&tenant);
    assert_eq!(severity(&assessment, Rule::NetworkLoss, SITE), Some(Severity::Block));
    assert_eq!(network(&assessment), Readiness::NotReady);
}

#[test]
fn statement_16_voice_is_held_against_queue_and_link_each_way() {
    // 4 calls of 76 kbit/s: 304 each way.
    type Case = (fn(&mut Site), Rule, &'static str, &'static str);
    let small: [Case; 4] = [
        (|s| s.queue_up_kbps = given(300.0), Rule::NetworkQueue, "up", "down"),
        (|s| s.queue_down_kbps = given(300.0), Rule::NetworkQueue, "down", "up"),
        (|s| s.wan_up_kbps = given(400.0), Rule::NetworkWan, "up", "down"),
        (|s| s.wan_down_kbps = given(400.0), Rule::NetworkWan, "down", "up"),
    ];
    for (shrink, rule, named, not_named) in small {
        let mut tenant = House::blameless();
        shrink(tenant.site());
        let assessment = judged(&tenant);
        let found = of_rule(&assessment, rule);
        assert_eq!(found.len(), 1, "{rule:?} {named}");
        assert_eq!(found[0].severity, Severity::Block);
        let message = &found[0].message;
        assert!(message.contains(&format!("{named} 30")), "{message}");
        assert!(!message.contains(&format!("{not_named} 30")), "{message}");
        let other = if rule == Rule::NetworkQueue { Rule::NetworkWan } else { Rule::NetworkQueue };
        assert!(of_rule(&assessment, other).is_empty(), "the two are held apart");
    }
    // What is not known passes neither.
    let mut tenant = House::blameless();
    tenant.site().queue_up_kbps = Cell::Absent;
    let assessment = judged(&tenant);
    assert_eq!(severity(&assessment, Rule::NetworkQueue, SITE), Some(Severity::Unknown));
    assert_eq!(network(&assessment), Readiness::Unknown);
}

#[test]
fn seats_that_are_short_stop_only_who_needs_one() {
    let mut tenant = House::blameless();
    tenant.user(BOB).licences = vec![licence("SPE_E3", &["TEAMS1"])];
    tenant.inventory.skus[0].consumed = given(10);
    let assessment = judged(&tenant);
    let short = Some(Severity::Block);
    assert_eq!(severity(&assessment, Rule::LicenceSeatsShort, "tenant"), short);
    assert_eq!(readiness(&assessment, BOB), Readiness::NotReady);
    assert_eq!(readiness(&assessment, ALICE), Readiness::Ready);
    assert!(assessment.headline.stops_everybody.is_empty());
    assert_eq!(assessment.headline.verdict, Readiness::ReadyWithActions);
    // Free seats for rooms and common-area phones are none for people.
    let rooms = sku("Anything", &["MCOEV", "TEAMS1", "MTRProManagement"], 5, 0);
    tenant.inventory.skus.push(rooms);
    tenant.inventory.skus.push(sku("MCOCAP", &["MCOEV", "TEAMS1"], 5, 0));
    let assessment = judged(&tenant);
    let told = of_rule(&assessment, Rule::LicenceSeatsShort);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].message, "1 need a seat of Teams Phone and 0 are free.");
    assert_eq!(told[0].cost, "seats: 1 of Teams Phone");
    assert_eq!(assessment.licences.phone_to_buy, Some(1));
    // A room takes the room's seat, and people's seats stay theirs.
    tenant.user(BOB).licences = vec![licence("SPE_E5", &["MCOEV", "TEAMS1"])];
    tenant.user(ROOM).licences = vec![licence("Microsoft_Teams_Rooms_Basic", &["TEAMS1"])];
    assert!(of_rule(&judged(&tenant), Rule::LicenceSeatsShort).is_empty());
}

/// A site may be called as a policy is.
#[test]
fn a_site_called_global_stops_nobody_else() {
    let mut tenant = House::blameless();
    let mut other = tenant.site().clone();
    other.name = "Global".into();
    other.city = text("Leeds");
    tenant.inventory.sites.push(other);
    let assessment = judged(&tenant);
    let block = Some(Severity::Block);
    assert_eq!(severity(&assessment, Rule::EmergencySiteWithoutAddress, "Global"), block);
    assert!(assessment.headline.stops_everybody.is_empty());
}

#[test]
fn statement_23_a_tenant_that_blocks_unassigned_numbers_stops_everybody() {
    let mut tenant = House::blameless();
    tenant.inventory.tenant.assignment_blocked_forever = given(true);
    let assessment = judged(&tenant);
    assert_eq!(assessment.headline.stops_everybody, ["tenant_blocks_numbers"]);
    assert_eq!(assessment.headline.verdict, Readiness::NotReady);
    tenant.inventory.tenant.assignment_blocked_forever = Cell::Absent;
    let unknown = severity(&judged(&tenant), Rule::TenantBlocksNumbers, "tenant");
    assert_eq!(unknown, Some(Severity::Unknown));
}

#[test]
fn statement_29_completion_only_from_sources_with_sip_causes() {
    let with = |code: u16, system: CallSystem| CallRecord {
        sip_code: code,
        system,
        answered: None,
        ..call(0, MONDAY, 20)
    };
    let mut log = CallLog { parties: vec![ALICE.into()], ..CallLog::default() };
    // Records of Calling Plans and Operator Connect carry no causes, whatever stands in them.
    log.records = vec![with(0, CallSystem::Pstn), with(503, CallSystem::OperatorConnect)];
    let rates = completion(&log);
    assert_eq!(rates.with_causes, None, "not available");
    assert_eq!(rates.without_causes, 2);
    let direct = CallSystem::DirectRouting;
    for code in [200, 200, 486, 600, 480, 487, 408, 603, 607, 404, 403, 503] {
        log.records.push(with(code, direct));
    }
    let mut before_ringing = with(408, direct);
    before_ringing.held = 0;
    log.records.push(before_ringing);
    let counted = completion(&log).with_causes.expect("Direct Routing tells causes");
    assert_eq!((counted.attempts, counted.answered, counted.delivered), (13, 2, 9));
    assert!(counted.few, "below 100 they mean little");
    assert!((counted.asr().expect("attempts") - 2.0 / 13.0).abs() < 1e-12);
    assert!((counted.ner().expect("attempts") - 9.0 / 13.0).abs() < 1e-12);
}

#[test]
fn statement_32_who_must_move_together_does_and_each_pair_is_explained() {
    let mut tenant = House::blameless();
    let people =
        ["tina", "frank", "gina", "hugo", "ines"].map(|name| format!("{name}@contoso.com"));
    for (at, upn) in people.iter().enumerate() {
        tenant.inventory.users.push(user(upn, Some(&format!("+44207946050{at}"))));
    }
    let [tina, frank, gina, hugo, ines] = &people;
    let inventory = &mut tenant.inventory;
    inventory.queues[0].agents =
        given(vec![QueueMember { id: format!("id-{tina}"), opted_in: None }]);
    inventory.queues[0].targets = given(vec![QueueTarget {
        when: "overflow".into(),
        id: format!("id-{frank}"),
        kind: TargetKind::User,
    }]);
    inventory.delegations =
        vec![Delegation { delegator: frank.clone(), delegate: gina.clone(), at: at(0, 3) }];
    inventory.shared_lines = vec![SharedLine {
        extension: "5123".into(),
        partition: "All".into(),
        devices: vec!["SEP1".into(), "SEP2".into()],
        owners: vec![gina.clone(), hugo.clone()],
        at: vec![at(0, 4)],
    }];
    let assessment = judged(&tenant);
    let group = assessment
        .move_groups
        .iter()
        .find(|group| group.members.contains(tina))
        .expect("tina moves with others");
    for member in [tina, frank, gina, hugo] {
        assert!(group.members.contains(member), "{member}: {:?}", group.members);
    }
    for member in ["Sales", SALES, "Main", MAIN] {
        assert!(group.members.iter().any(|m| m == member), "{member}: {:?}", group.members);
    }
    assert!(!group.members.contains(ines));
    // Every pair of every group has a chain that leads from one to the other.
    for group in &assessment.move_groups {
        for from in &group.members {
            for to in &group.members {
                let chain = groups::explain(group, from, to).expect("a pair of one group");
                let mut here = from.as_str();
                for link in chain {
                    assert!(!link.because.is_empty());
                    here = if link.from == here { &link.to } else { &link.from };
                }
                assert_eq!(here, to);
            }
        }
    }
    let chain = groups::explain(group, frank, tina).expect("they are together");
    let told: Vec<&str> = chain.iter().map(|link| link.because.as_str()).collect();
    assert_eq!(told[0], format!("{frank} is with Sales: overflow target"));
    assert_eq!(told[1], format!("{tina} is with Sales: agent of the queue"));
    assert_eq!(groups::explain(group, tina, ines), None);
    // Teams rings across models: a project may let its links bind nobody; a PBX's always do.
    let binding = Binding { teams_links: false, billing_numbers: false };
    let apart = groups::move_groups(&tenant.inventory, &binding);
    let with_gina = apart.groups.iter().find(|g| g.members.contains(gina)).expect("a group");
    assert_eq!(with_gina.members, [gina.clone(), hugo.clone()]);
    assert!(apart.loose.iter().any(|link| link.from == *frank && link.to == "Sales"));
}

#[test]
fn statement_37_emergency_faults_of_networks_are_each_reported() {
    let mut tenant = House::blameless();
    let inventory = &mut tenant.inventory;
    let lis = |subnet: &str, place: Cell<String>| LisSubnet {
        subnet: subnet.into(),
        address: subnet.parse().ok(),
        location_id: place,
        at: at(9, 4),
        ..LisSubnet::default()
    };
    // A host of 10.1.0.0/24, a host nobody knows a mask for, a host in IPv6, and no place.
    inventory.lis_subnets.push(lis("10.1.0.150", text(PLACE)));
    inventory.lis_subnets.push(lis("10.10.10.150", text(PLACE)));
    inventory.lis_subnets.push(lis("2001:4898:e8:6c:90d2:28d4:76a4:ec5e", text(PLACE)));
    inventory.lis_subnets.push(lis("10.9.0.0", empty()));
    inventory.lis_subnets.push(lis("10.8.0.0", text("not-there")));
    let mut leeds = inventory.sites[0].clone();
    leeds.name = "Leeds".into();
    inventory.sites.push(leeds);
    let assessment = judged(&tenant);
    let block = Some(Severity::Block);
    for host in ["10.1.0.150", "10.10.10.150", "2001:4898:e8:6c:90d2:28d4:76a4:ec5e"] {
        assert_eq!(severity(&assessment, Rule::EmergencySubnetHost, host), block, "{host}");
    }
    for subnet in ["10.9.0.0", "10.8.0.0"] {
        let rule = Rule::EmergencySubnetWithoutLocation;
        assert_eq!(severity(&assessment, rule, subnet), block, "{subnet}");
    }
    assert_eq!(severity(&assessment, Rule::EmergencySiteWithoutTrusted, "Leeds"), block);
    assert_eq!(severity(&assessment, Rule::EmergencySiteWithoutTrusted, SITE), None);
    assert_eq!(severity(&assessment, Rule::EmergencySubnetHost, "10.1.0.0"), None);
}

/// Blocks and reviews run out on days: the day is handed in.
#[test]
fn the_same_inventory_on_the_same_day_has_the_same_verdict() {
    let mut tenant = House::blameless();
    let until = jiff::Timestamp::from_second(MONDAY + 3 * 86_400).expect("an instant");
    tenant.number(BOB_NUMBER).blocked = given(BlockedState::BlockedUntil);
    tenant.number(BOB_NUMBER).blocked_until = given(until);
    tenant.day = date(2026, 3, 4);
    assert_eq!(judged(&tenant), judged(&tenant));
    assert!(!of_rule(&judged(&tenant), Rule::NumberBlocked).is_empty());
    tenant.day = date(2026, 3, 6);
    assert!(of_rule(&judged(&tenant), Rule::NumberBlocked).is_empty());
}
