//! Direct Routing: a tenant's own gateways bring and take its calls, and nobody else's.

use crate::net::{Net, Packet, addr};
use crate::world::*;
use domain::emergency::ProfileEmergency;
use domain::policy::{PolicyBody, PolicyTarget, VoiceRouteRule, VoiceRouting, VoiceRoutingRules};
use domain::{CallingProfileId, OperatorId, PolicyId, TenantId, TrunkId, UserId};
use feed::cdr::CdrEvent;
use feed::change::{Change, ChangeEntry};
use feed::record::{
    CallingProfileRecord, FallbackRecord, FallbackWay, GatewayRecord, OperatorRecord,
    PolicyAssignmentRecord, PolicyRecord, TenantRecord, Transport, TrunkRecord, VoiceRoutingRecord,
};
use feed::snapshot::WorldRecords;
use numbering::E164;
use sip::{HeaderName, Method};
use std::net::SocketAddr;

const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(1));
const OTHER: TenantId = TenantId(uuid::Uuid::from_u128(2));
const BERLIN: &str = "+493012345678";
const PARIS: &str = "+33123456789";
const OTHERS_NUMBER: &str = "+442079469999";

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn sbc(n: u128) -> SocketAddr {
    addr(&format!("198.51.100.{n}:5060"))
}

fn phone(name: &str) -> SocketAddr {
    addr(if name == "alice" { "203.0.113.10:5062" } else { "203.0.113.11:5062" })
}

fn gateway(n: u128, tenant: TenantId) -> GatewayRecord {
    let trunk = TrunkRecord {
        operator: OperatorId::DIRECT_ROUTING,
        fqdn: format!("sbc{n}.contoso.example"),
        match_port: false,
        ..trunk(n, sbc(n), Transport::Udp)
    };
    GatewayRecord { tenant, country: gb(), voice_app: false, trunk }
}

fn route(name: &str, pattern: &str, priority: u32, gateways: &[u128]) -> VoiceRouteRule {
    VoiceRouteRule {
        name: name.into(),
        pattern: pattern.into(),
        priority,
        usages: vec!["Abroad".into()],
        gateways: gateways.iter().map(|n| TrunkId(id(*n))).collect(),
        bridge_source: None,
    }
}

/// The little exchange with gateways 31 and 32 of its tenant, and another tenant with gateway
/// 41 and one number. The routes hold for Alice alone.
fn records(routes: Vec<VoiceRouteRule>) -> WorldRecords {
    let mut w = world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)]);
    w.tenants.push(TenantRecord {
        id: OTHER,
        name: "Fabrikam".into(),
        domain: "fabrikam.example".into(),
        fraud_limits: None,
        trusted_networks: Vec::new(),
    });
    let mut others = w.numbers[0];
    others.number = E164::parse(OTHERS_NUMBER).expect("number");
    (others.tenant, others.target) = (OTHER, None);
    w.numbers.push(others);
    w.gateways = vec![gateway(31, TENANT), gateway(32, TENANT), gateway(41, OTHER)];
    let rules = VoiceRoutingRules { usages: vec!["Abroad".into()], routes };
    w.voice_routing.push(VoiceRoutingRecord { tenant: TENANT, rules: rules.into() });
    let body = PolicyBody::OnlineVoiceRoutingPolicy(VoiceRouting { usages: vec!["Abroad".into()] });
    let policy = PolicyId(id(1_000));
    w.policy_assignments.push(PolicyAssignmentRecord {
        tenant: TENANT,
        kind: body.kind().as_str().to_owned(),
        target: PolicyTarget::User(UserId(id(ALICE))).into(),
        policy: Some(policy),
    });
    w.policies.push(PolicyRecord {
        id: policy,
        tenant: TENANT,
        name: "Abroad".into(),
        body: body.into(),
    });
    w
}

fn started(records: WorldRecords) -> Net {
    let mut net = Net::new(records);
    net.register(phone("alice"), "alice");
    net.register(phone("bob"), "bob");
    net
}

fn dial(net: &mut Net, name: &str, called: &str) {
    let uri = format!("sip:{called}@{DOMAIN}");
    let secret = format!("{name}-secret");
    let call_id = format!("{}-{name}-{called}", net.cdrs.len());
    net.authenticated(phone(name), (name, &secret), (Method::Invite, &uri), &uri, &call_id, &[]);
    net.expect(phone(name), 100);
}

/// What the far side gets of a call; it refuses it, so that it is over.
fn goes(net: &mut Net, name: &str, called: &str, far: SocketAddr) -> Packet {
    dial(net, name, called);
    let invite = net.expect_request(far, "INVITE");
    net.respond(far, &invite, 486, b"");
    net.expect(phone(name), 486);
    net.inbox.clear();
    invite
}

fn bring(net: &mut Net, from: SocketAddr, called: &str) {
    let uri = format!("sip:{called}@192.0.2.5");
    let call_id = format!("in-{}-{called}", net.cdrs.len());
    let caller = "sip:+441130000000@sbc.contoso.net;user=phone";
    let invite = net.request(from, (Method::Invite, &uri), (caller, &uri), &call_id, &[], b"");
    net.send(from, &invite);
    if net.world.trunk_by_source(from).is_some() {
        net.expect(from, 100);
    }
}

fn ended(net: &Net) -> String {
    let end = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::End { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    end.expect("a call has ended")
}

fn by_operator(net: &Net) -> Option<OperatorId> {
    let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Begin { operator, .. } => Some(*operator),
        _ => None,
    });
    begin.expect("a call has begun")
}

/// Alice's number becomes a Direct Routing one.
fn direct(mut records: WorldRecords) -> WorldRecords {
    let number = &mut records.numbers[0];
    number.operator = OperatorId::DIRECT_ROUTING;
    number.profile = CallingProfileId::DIRECT_ROUTING;
    records
}

#[test]
fn a_voice_route_leads_over_the_gateway_whom_it_holds_for_and_nobody_else() {
    let routes =
        vec![route("Germany", r"^\+49", 1, &[31]), route("Italy is closed", r"^\+39", 1, &[])];
    let mut net = started(records(routes));
    let invite = goes(&mut net, "alice", BERLIN, sbc(31));
    assert!(
        invite.uri().starts_with("sip:+493012345678@sbc31.contoso.example"),
        "{}",
        invite.uri()
    );
    let from = invite.header("From").expect("From");
    assert!(from.contains(ALICE_NUMBER), "her number stays hers: {from}");
    assert_eq!(by_operator(&net), None, "the record is no operator's");
    // What no route matches leaves by the operator of her number, and so do others' calls.
    goes(&mut net, "alice", PARIS, operator());
    assert_eq!(by_operator(&net), Some(OperatorId(id(1))));
    goes(&mut net, "bob", BERLIN, operator());
    // A route without a gateway closes what it matches.
    dial(&mut net, "alice", "+390612345678");
    net.expect(phone("alice"), 403);
    assert_eq!(ended(&net), "no_gateway");
    net.inbox.clear();
    // Colleagues are reached inside.
    dial(&mut net, "alice", BOB_NUMBER);
    net.expect_request(phone("bob"), "INVITE");
}

#[test]
fn gateways_fail_over_by_priority_and_never_to_the_operator() {
    let routes = vec![route("first", r"^\+49", 1, &[31]), route("second", r"^\+49", 2, &[32])];
    let mut net = started(records(routes));
    for _ in 0..4 {
        dial(&mut net, "alice", BERLIN);
        let invite = net.expect_request(sbc(31), "INVITE");
        net.respond(sbc(31), &invite, 503, b"");
        let invite = net.expect_request(sbc(32), "INVITE");
        // A refusal is one: nobody else is tried.
        net.respond(sbc(32), &invite, 404, b"");
        net.expect(phone("alice"), 404);
        net.inbox.clear();
    }
    // Silence beyond the failover time too; then the call has failed.
    dial(&mut net, "alice", BERLIN);
    net.expect_request(sbc(31), "INVITE");
    net.pass(std::time::Duration::from_secs(2));
    // Answers of before that nobody acknowledged.
    net.inbox.remove(&phone("alice"));
    let invite = net.expect_request(sbc(32), "INVITE");
    net.respond(sbc(32), &invite, 503, b"");
    net.expect(phone("alice"), 503);
    assert_eq!(ended(&net), "all_trunks_failed");
    net.silent(operator());

    // One that drains takes no new calls; one of another tenant never does.
    let mut w =
        records(vec![route("first", r"^\+49", 1, &[31]), route("next", r"^\+49", 2, &[41])]);
    w.gateways[0].trunk.enabled = false;
    let mut net = started(w);
    dial(&mut net, "alice", BERLIN);
    net.expect(phone("alice"), 503);
    assert_eq!(ended(&net), "no_trunk");
    net.silent(sbc(31));
    net.silent(sbc(41));
}

#[test]
fn gateways_of_equal_priority_share_the_calls() {
    let mut net =
        started(records(vec![route("a", r"^\+49", 1, &[31]), route("b", r"^\+49", 1, &[32])]));
    let mut seen = [0, 0];
    for _ in 0..40 {
        dial(&mut net, "alice", BERLIN);
        let (at, invite) = either(&mut net);
        seen[usize::from(at == sbc(32))] += 1;
        net.respond(at, &invite, 486, b"");
        net.expect(phone("alice"), 486);
        net.inbox.clear();
    }
    assert!(seen[0] > 4 && seen[1] > 4, "{seen:?}");
}

#[test]
fn a_direct_routing_number_has_no_operator_but_help() {
    let mut net = started(direct(records(vec![route("Germany", r"^\+49", 1, &[31])])));
    goes(&mut net, "alice", BERLIN, sbc(31));
    dial(&mut net, "alice", PARIS);
    net.expect(phone("alice"), 403);
    assert_eq!(ended(&net), "no_voice_route");
    net.silent(operator());
    net.inbox.clear();
    // Help leaves by a gateway in the country, whatever the routes say, and goes on to an
    // operator when that one fails.
    dial(&mut net, "alice", "999");
    let (near, invite) = either(&mut net);
    assert!(invite.uri().starts_with("sip:999@sbc3"), "{}", invite.uri());
    net.respond(near, &invite, 486, b"");
    let (near, invite) = either(&mut net);
    net.respond(near, &invite, 503, b"");
    let invite = net.expect_request(operator(), "INVITE");
    net.respond(operator(), &invite, 200, b"v=0 answer");
    net.expect(phone("alice"), 200);

    // Whose number is an operator's is helped by that, whatever the routes say.
    let mut net = started(records(vec![route("all", r"\d", 1, &[31])]));
    dial(&mut net, "alice", "999");
    net.expect_request(operator(), "INVITE");
    net.silent(sbc(31));
}

fn either(net: &mut Net) -> (SocketAddr, Packet) {
    let front = net.inbox.get(&sbc(31)).and_then(|queue| queue.front().cloned());
    let is_first = front.is_some_and(|bytes| Packet(bytes).method() == "INVITE");
    let at = sbc(if is_first { 31 } else { 32 });
    (at, net.expect_request(at, "INVITE"))
}

#[test]
fn a_gateway_reaches_its_own_tenant_and_nobody_else() {
    let mut net = started(records(Vec::new()));
    // Any of the tenant's numbers, an operator's too.
    bring(&mut net, sbc(31), ALICE_NUMBER);
    let invite = net.expect_request(phone("alice"), "INVITE");
    assert!(invite.header("From").expect("From").contains("+441130000000"));
    assert_eq!(by_operator(&net), None, "no operator is told of it");
    net.respond(phone("alice"), &invite, 486, b"");
    net.expect(sbc(31), 486);
    net.inbox.clear();
    for (from, called, status, reason) in [
        // Another tenant's number, in either direction.
        (sbc(31), OTHERS_NUMBER, 403, "number_of_other_tenant"),
        (sbc(41), ALICE_NUMBER, 403, "number_of_other_tenant"),
        // No way through to an operator.
        (sbc(31), BERLIN, 404, "number_unknown"),
        (sbc(41), BERLIN, 404, "number_unknown"),
    ] {
        bring(&mut net, from, called);
        net.expect(from, status);
        assert_eq!(ended(&net), reason, "{from} {called}");
        net.silent(operator());
        net.silent(phone("alice"));
        net.inbox.clear();
    }
    // A gateway that was taken away is a stranger.
    let removed = Change::GatewayRemoved { tenant: TENANT, id: TrunkId(id(31)) };
    let position = net.world.position().position + 1;
    net.world.apply(&ChangeEntry { position, at_us: 0, change: removed });
    bring(&mut net, sbc(31), ALICE_NUMBER);
    net.silent(sbc(31));
    net.silent(phone("alice"));
}

#[test]
fn a_gateway_takes_no_phone_s_and_no_operator_s_place() {
    let mut w = records(Vec::new());
    // Another tenant names the address behind which Alice's office sits, and an operator's.
    let mut greedy = gateway(41, OTHER);
    greedy.trunk.address = addr("203.0.113.10:5060");
    greedy.trunk.sources = vec![operator().ip()];
    w.gateways = vec![greedy];
    let mut net = started(w);
    // Her phone is asked to prove who she is, as ever, and calls as herself.
    let invite = {
        dial(&mut net, "alice", BERLIN);
        net.expect_request(operator(), "INVITE")
    };
    assert!(invite.header("From").expect("From").contains(ALICE_NUMBER));
    net.respond(operator(), &invite, 486, b"");
    net.expect(phone("alice"), 486);
    net.inbox.clear();
    // One that nobody registered is challenged, not taken for the gateway.
    let stranger = addr("203.0.113.10:9999");
    let uri = format!("sip:{BERLIN}@{DOMAIN}");
    let alice = format!("sip:alice@{DOMAIN}");
    let invite = net.request(stranger, (Method::Invite, &uri), (&alice, &uri), "x", &[], b"");
    net.send(stranger, &invite);
    net.expect(stranger, 407);
    net.inbox.clear();
    // The operator brings its calls.
    let to = format!("sip:{ALICE_NUMBER}@192.0.2.5");
    let from = "sip:+441130000000@op.example;user=phone";
    let extra = [(HeaderName::Subject, "hello")];
    let invite = net.request(operator(), (Method::Invite, &to), (from, &to), "y", &extra, b"");
    net.send(operator(), &invite);
    net.expect_request(phone("alice"), "INVITE");
    assert_eq!(by_operator(&net), Some(OperatorId(id(1))));
}

#[test]
fn a_gateway_carries_no_more_than_it_may() {
    let mut w = records(vec![route("Germany", r"^\+49", 1, &[31])]);
    w.gateways[0].trunk.max_concurrent_calls = Some(1);
    let mut net = started(w);
    dial(&mut net, "alice", BERLIN);
    let first = net.expect_request(sbc(31), "INVITE");
    bring(&mut net, sbc(31), BOB_NUMBER);
    net.expect(sbc(31), 503);
    // A call for help from behind it is not counted out, and leaves by an operator.
    bring(&mut net, sbc(31), "999");
    let help = net.expect_request(operator(), "INVITE");
    assert!(help.uri().starts_with("sip:999@"), "{}", help.uri());
    net.respond(operator(), &help, 486, b"");
    net.expect(sbc(31), 486);
    net.respond(sbc(31), &first, 486, b"");
    net.expect(phone("alice"), 486);
    net.inbox.clear();
    bring(&mut net, sbc(31), BOB_NUMBER);
    net.expect_request(phone("bob"), "INVITE");
}

fn other_operator() -> SocketAddr {
    addr("198.51.100.2:5060")
}

/// Operator 2, which stands in for others where the tenant says so.
fn with_other_operator(stands_in: bool) -> WorldRecords {
    let mut w = records(Vec::new());
    w.policy_assignments.clear();
    w.operators.push(OperatorRecord { id: OperatorId(id(2)), name: "Operator B".into() });
    let theirs = trunk(21, other_operator(), Transport::Udp);
    w.trunks.push(TrunkRecord { operator: OperatorId(id(2)), ..theirs });
    w.profiles.push(CallingProfileRecord {
        id: CallingProfileId(id(20)),
        operator: OperatorId(id(2)),
        trunks: vec![TrunkId(id(21))],
        emergency: ProfileEmergency::default(),
    });
    if stands_in {
        let way = FallbackWay { operator: OperatorId(id(2)), profile: CallingProfileId(id(20)) };
        w.fallback.push(FallbackRecord { tenant: TENANT, ways: vec![way] });
    }
    w
}

#[test]
fn another_operator_stands_in_only_where_the_tenant_said_so() {
    let mut net = started(with_other_operator(false));
    dial(&mut net, "alice", BERLIN);
    let invite = net.expect_request(operator(), "INVITE");
    net.respond(operator(), &invite, 503, b"");
    net.expect(phone("alice"), 503);
    net.silent(other_operator());

    let mut net = started(with_other_operator(true));
    // A refusal is final: nobody else is asked.
    goes(&mut net, "alice", BERLIN, operator());
    net.silent(other_operator());
    // Where the number's own operator cannot carry the call, the other one is tried, and shown
    // the same number.
    dial(&mut net, "alice", BERLIN);
    let invite = net.expect_request(operator(), "INVITE");
    net.respond(operator(), &invite, 503, b"");
    let invite = net.expect_request(other_operator(), "INVITE");
    assert!(invite.uri().starts_with("sip:+493012345678@trunk21."), "{}", invite.uri());
    assert!(invite.header("From").expect("From").contains(ALICE_NUMBER));
    net.respond(other_operator(), &invite, 486, b"");
    net.expect(phone("alice"), 486);
    net.inbox.clear();
    // Known to be silent, its own operator's trunk comes last.
    net.shared.health.set(TrunkId(id(TRUNK_A1)), false, net.at.wall_us);
    dial(&mut net, "alice", BERLIN);
    let invite = net.expect_request(other_operator(), "INVITE");
    net.respond(other_operator(), &invite, 503, b"");
    net.expect_request(operator(), "INVITE");
    net.inbox.clear();
    // All trunks drain: the other operator at once.
    let mut w = with_other_operator(true);
    w.trunks[0].enabled = false;
    let mut net = started(w);
    goes(&mut net, "alice", BERLIN, other_operator());
    // It brings no calls for numbers that are not its own.
    bring(&mut net, other_operator(), ALICE_NUMBER);
    net.expect(other_operator(), 403);
    assert_eq!(ended(&net), "number_of_other_operator");
}
