//! Conference bridges: who calls a bridge's number reaches the bridge's gateways, which are told
//! the number and its languages; and a bridge calls out of meetings by its number.

use crate::net::{Net, Packet, addr, callee_dialog, caller_dialog};
use crate::world::*;
use domain::conference::{LanguageTag, Languages};
use domain::number::Usage;
use domain::policy::{
    DialOut, PolicyBody, PolicyTarget, Reach, VoiceRouteRule, VoiceRouting, VoiceRoutingRules,
};
use domain::routing::CallKind;
use domain::{BridgeId, OperatorId, PolicyId, TenantId, UserId};
use feed::cdr::CdrEvent;
use feed::change::{Change, ChangeEntry};
use feed::record::{
    BridgeNumberRecord, BridgeRecord, GatewayRecord, PolicyAssignmentRecord, PolicyRecord,
    TenantRecord, Transport, TrunkRecord, VoiceRoutingRecord,
};
use feed::snapshot::WorldRecords;
use numbering::E164;
use sip::{HeaderName, Method};
use std::net::SocketAddr;

const TENANT: TenantId = TenantId(uuid::Uuid::from_u128(1));
const OTHER: TenantId = TenantId(uuid::Uuid::from_u128(2));
const BRIDGE: u128 = 50;
const MEETINGS: &str = "+442079460050";
const PLAIN: &str = "+442079460051";
const BERLIN: &str = "+493012345678";
const HEADER: &str = "X-Meetpoint-Conference";

fn operator() -> SocketAddr {
    addr("198.51.100.1:5060")
}

/// 31 and 32 answer the bridge's calls; 33 is another gateway of the tenant, 41 one of another's.
fn gateway(n: u128) -> SocketAddr {
    addr(&format!("198.51.100.{n}:5060"))
}

fn phone() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn tag(text: &str) -> LanguageTag {
    LanguageTag::parse(text).expect("a tag")
}

fn e164(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn gateway_record(n: u128, tenant: TenantId) -> GatewayRecord {
    let trunk = TrunkRecord {
        operator: OperatorId::DIRECT_ROUTING,
        fqdn: format!("mcu{n}.contoso.example"),
        match_port: false,
        ..trunk(n, gateway(n), Transport::Udp)
    };
    GatewayRecord { tenant, country: gb(), voice_app: false, trunk }
}

fn bridge(gateways: &[u128], numbers: &[&str]) -> BridgeRecord {
    let languages = |number: &str| {
        let more = if number == PLAIN { vec![] } else { vec![tag("fr-FR"), tag("de-DE")] };
        Languages::new(tag("en-GB"), more).expect("languages")
    };
    BridgeRecord {
        id: BridgeId(id(BRIDGE)),
        tenant: TENANT,
        name: "Meetings".into(),
        gateways: gateways.iter().map(|n| domain::TrunkId(id(*n))).collect(),
        numbers: numbers
            .iter()
            .map(|number| BridgeNumberRecord { number: e164(number), languages: languages(number) })
            .collect(),
    }
}

/// Lets a policy hold for everybody or for one.
fn hold(w: &mut WorldRecords, n: u128, target: PolicyTarget, body: PolicyBody) {
    w.policy_assignments.push(PolicyAssignmentRecord {
        tenant: TENANT,
        kind: body.kind().as_str().to_owned(),
        target: target.into(),
        policy: Some(PolicyId(id(n))),
    });
    w.policies.push(PolicyRecord {
        id: PolicyId(id(n)),
        tenant: TENANT,
        name: format!("policy {n}"),
        body: body.into(),
    });
}

/// The little exchange with a conference bridge, two numbers for it, and a number for
/// conferences that no bridge has. Alice may organize meetings, Bob may not.
fn records() -> WorldRecords {
    let mut w = world(vec![trunk(TRUNK_A1, operator(), Transport::Udp)]);
    w.tenants.push(TenantRecord {
        id: OTHER,
        name: "Fabrikam".into(),
        domain: "fabrikam.example".into(),
        fraud_limits: None,
        trusted_networks: Vec::new(),
    });
    w.gateways = vec![
        gateway_record(31, TENANT),
        gateway_record(32, TENANT),
        gateway_record(33, TENANT),
        gateway_record(41, OTHER),
    ];
    for number in [MEETINGS, PLAIN, "+442079460052"] {
        let mut record = w.numbers[0];
        record.number = e164(number);
        (record.usage, record.target) = (Usage::ConferenceAssignment, None);
        w.numbers.push(record);
    }
    w.bridges.push(bridge(&[31, 32], &[MEETINGS, PLAIN]));
    w.users[0].conferencing = true;
    w
}

/// The same, with a route for meetings that call Germany, held by everybody.
fn dialling_out() -> WorldRecords {
    let mut w = records();
    let rules = VoiceRoutingRules {
        usages: vec!["Meetings".into()],
        routes: vec![VoiceRouteRule {
            name: "Germany".into(),
            pattern: r"^\+49".into(),
            priority: 1,
            usages: vec!["Meetings".into()],
            gateways: Vec::new(),
            bridge_source: Some(e164(MEETINGS)),
        }],
    };
    w.voice_routing.push(VoiceRoutingRecord { tenant: TENANT, rules: rules.into() });
    let usages = vec!["Meetings".into()];
    let body = PolicyBody::OnlineAudioConferencingRoutingPolicy(VoiceRouting { usages });
    hold(&mut w, 1_000, PolicyTarget::Global, body);
    w
}

fn started(records: WorldRecords) -> Net {
    let mut net = Net::new(records);
    net.register(phone(), "alice");
    net
}

/// Which of the bridge's gateways got the call.
fn answering(net: &mut Net) -> (SocketAddr, Packet) {
    let got = |n| net.inbox.get(&gateway(n)).is_some_and(|queue| !queue.is_empty());
    let n = if got(31) { 31 } else { 32 };
    (gateway(n), net.expect_request(gateway(n), "INVITE"))
}

fn begun(net: &Net) -> (Option<CallKind>, Option<BridgeId>, Option<OperatorId>, Option<UserId>) {
    let begin = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::Begin { kind, bridge, operator, caller_user, .. } => {
            Some((*kind, *bridge, *operator, *caller_user))
        }
        _ => None,
    });
    begin.expect("a call has begun")
}

fn ended(net: &Net) -> String {
    let end = net.cdrs.iter().rev().find_map(|r| match &r.event {
        CdrEvent::End { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    end.expect("a call has ended")
}

#[test]
fn a_guest_reaches_the_bridge_with_number_and_languages() {
    let mut net = started(records());
    for (number, told) in [
        (MEETINGS, r#"number=+442079460050;language=en-GB;secondary="fr-FR,de-DE""#),
        (PLAIN, "number=+442079460051;language=en-GB"),
    ] {
        net.invite(operator(), number, &format!("guest-{number}"));
        net.expect(operator(), 100);
        let (at, invite) = answering(&mut net);
        let host = if at == gateway(31) { "mcu31" } else { "mcu32" };
        let uri = format!("sip:{number}@{host}.contoso.example");
        assert!(invite.uri().starts_with(&uri), "{}", invite.uri());
        let bridge = BridgeId(id(BRIDGE));
        assert_eq!(invite.header(HEADER), Some(format!("{bridge};{told}")));
        let from = invite.header("From").expect("From");
        assert!(from.contains("+33123456789"), "the guest is seen: {from}");
        let tenant = invite.header("X-Meetpoint-Tenant");
        assert_eq!(tenant, Some(TENANT.to_string()));
        let begun = begun(&net);
        assert_eq!(
            begun,
            (Some(CallKind::Inbound), Some(bridge), Some(OperatorId(id(1))), None),
            "a record tells conf_in by it"
        );
        net.respond(at, &invite, 200, b"v=0 answer");
        let answer = net.expect(operator(), 200);
        assert_eq!(answer.header(HEADER), None, "nothing of it is told outside");
        let (mut guest, mut far) = (caller_dialog(operator(), &answer), callee_dialog(at, &invite));
        net.within(&guest, Method::Ack, b"");
        net.expect_request(at, "ACK");
        far.cseq = 7;
        net.within(&far, Method::Bye, b"");
        net.expect_request(operator(), "BYE");
        guest.cseq += 1;
        net.inbox.clear();
    }
}

#[test]
fn gateways_of_a_bridge_fail_over_and_the_rest_is_as_it_was() {
    let mut net = started(records());
    net.invite(operator(), MEETINGS, "failover");
    net.expect(operator(), 100);
    let (first, invite) = answering(&mut net);
    net.respond(first, &invite, 503, b"");
    let (second, invite) = answering(&mut net);
    assert_ne!(first, second);
    net.respond(second, &invite, 486, b"");
    net.expect(operator(), 486);
    net.inbox.clear();
    // Who calls somebody else reaches them, and no bridge.
    net.invite(operator(), ALICE_NUMBER, "to-alice");
    net.expect(operator(), 100);
    let invite = net.expect_request(phone(), "INVITE");
    assert_eq!(invite.header(HEADER), None);
    assert_eq!(begun(&net).1, None);
    for n in [31, 32] {
        net.silent(gateway(n));
    }
    net.respond(phone(), &invite, 486, b"");
    net.inbox.clear();
    // A number for conferences that no bridge has is nobody's; and so is one that was taken away.
    net.invite(operator(), "+442079460052", "nobody-s");
    net.expect(operator(), 100);
    net.expect(operator(), 404);
    assert_eq!(ended(&net), "number_unassigned");
    let position = net.world.position().position + 1;
    let put = Change::BridgePut(bridge(&[31, 32], &[PLAIN]));
    net.world.apply(&ChangeEntry { position, at_us: 0, change: put });
    net.invite(operator(), MEETINGS, "unregistered");
    net.expect(operator(), 100);
    net.expect(operator(), 404);
    // A bridge whose gateway drains has nobody to answer.
    let mut w = records();
    w.bridges = vec![bridge(&[33], &[MEETINGS])];
    w.gateways[2].trunk.enabled = false;
    let mut net = started(w);
    net.invite(operator(), MEETINGS, "drained");
    net.expect(operator(), 100);
    net.expect(operator(), 503);
    assert_eq!(ended(&net), "no_trunk");
}

#[test]
fn a_colleague_calls_the_bridge_inside() {
    let mut net = started(records());
    let uri = format!("sip:02079460050@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(phone(), who, (Method::Invite, &uri), &uri, "inside", &[]);
    net.expect(phone(), 100);
    let (_, invite) = answering(&mut net);
    assert!(invite.header("From").expect("From").contains(ALICE_NUMBER));
    assert!(invite.header(HEADER).expect("the bridge is told").contains("language=en-GB"));
    assert_eq!(begun(&net).0, Some(CallKind::Internal));
    net.silent(operator());
}

/// A bridge's gateway, or another, calls out of a meeting.
fn dial_out(net: &mut Net, from: SocketAddr, called: &str, said: &str) {
    let uri = format!("sip:{called}@192.0.2.5");
    let call_id = format!("out-{}", net.cdrs.len());
    let local = "sip:meeting@mcu.contoso.example";
    let header = (HeaderName::Other, said);
    let bytes = net.request(from, (Method::Invite, &uri), (local, &uri), &call_id, &[], b"v=0");
    // The header has no name of its own in the parser.
    let text = String::from_utf8(bytes).expect("ASCII");
    let (head, rest) = text.split_once("\r\n").expect("a request line");
    let bytes = match header.1 {
        "" => text.clone(),
        said => format!("{head}\r\n{HEADER}: {said}\r\n{rest}"),
    };
    net.send(from, bytes.as_bytes());
    if net.world.trunk_by_source(from).is_some() {
        net.expect(from, 100);
    }
}

fn meeting(organizer: Option<u128>) -> String {
    let bridge = BridgeId(id(BRIDGE));
    match organizer {
        Some(n) => format!("{bridge};organizer={}", UserId(id(n))),
        None => bridge.to_string(),
    }
}

#[test]
fn a_bridge_calls_out_of_a_meeting_by_its_number() {
    let mut net = started(dialling_out());
    for organizer in [Some(ALICE), None] {
        dial_out(&mut net, gateway(31), BERLIN, &meeting(organizer));
        let invite = net.expect_request(operator(), "INVITE");
        assert!(invite.uri().starts_with("sip:+493012345678@trunk11"), "{}", invite.uri());
        let from = invite.header("From").expect("From");
        assert!(from.contains(MEETINGS), "the bridge's number is seen: {from}");
        assert_eq!(invite.header(HEADER), None, "what the bridge says of its meeting stays here");
        let (kind, bridge, by, user) = begun(&net);
        assert_eq!((kind, bridge), (Some(CallKind::Outbound), Some(BridgeId(id(BRIDGE)))));
        assert_eq!(by, Some(OperatorId(id(1))), "the number's operator carries it");
        assert_eq!(user, organizer.map(|n| UserId(id(n))), "its organizer is in the record");
        net.respond(operator(), &invite, 200, b"v=0 answer");
        net.expect(gateway(31), 200);
        net.inbox.clear();
    }
}

#[test]
fn who_calls_out_of_no_meeting_or_may_not_is_refused() {
    let mut restricted = dialling_out();
    let body = PolicyBody::OnlineDialOutPolicy(DialOut {
        reach: Reach::InternationalAndDomestic,
        premium: true,
        conferencing: Reach::Domestic,
    });
    hold(&mut restricted, 1_001, PolicyTarget::User(UserId(id(ALICE))), body);
    let foreign = format!("{};organizer={}", BridgeId(id(51)), UserId(id(ALICE)));
    for (world, from, called, said, status, reason) in [
        // As a gateway ever did: no way through to an operator.
        (dialling_out(), 31, BERLIN, String::new(), 404, "number_unknown"),
        (dialling_out(), 33, BERLIN, meeting(Some(ALICE)), 403, "bridge_unknown"),
        (dialling_out(), 41, BERLIN, meeting(Some(ALICE)), 403, "bridge_unknown"),
        (dialling_out(), 31, BERLIN, foreign, 403, "bridge_unknown"),
        (dialling_out(), 31, BERLIN, meeting(Some(BOB)), 403, "organizer_unlicensed"),
        (dialling_out(), 31, BERLIN, meeting(Some(999)), 403, "source_unknown"),
        (dialling_out(), 31, "+33123456789", meeting(None), 403, "no_conference_route"),
        (records(), 31, BERLIN, meeting(None), 403, "no_conference_route"),
        (restricted, 31, BERLIN, meeting(Some(ALICE)), 403, "dial_out_restricted"),
    ] {
        let mut net = started(world);
        dial_out(&mut net, gateway(from), called, &said);
        net.expect(gateway(from), status);
        assert_eq!(ended(&net), reason, "{from} {called} {said}");
        net.silent(operator());
    }
    // An operator that names a meeting is an operator.
    let mut net = started(dialling_out());
    dial_out(&mut net, operator(), BERLIN, &meeting(Some(ALICE)));
    net.expect(operator(), 404);
    // What Alice calls herself is her own matter.
    let uri = format!("sip:{BERLIN}@{DOMAIN}");
    let who = ("alice", "alice-secret");
    net.authenticated(phone(), who, (Method::Invite, &uri), &uri, "own", &[]);
    net.expect(phone(), 100);
    let invite = net.expect_request(operator(), "INVITE");
    assert!(invite.header("From").expect("From").contains(ALICE_NUMBER));
    assert_eq!(begun(&net).1, None);
}

#[test]
fn a_meeting_s_costly_calls_count_for_its_organizer() {
    let mut w = dialling_out();
    let mut limits =
        domain::fraud::FraudLimits { person: Default::default(), tenant: Default::default() };
    limits.person.international.at_once = Some(1);
    w.tenants[0].fraud_limits = Some(limits);
    let mut net = started(w);
    dial_out(&mut net, gateway(31), BERLIN, &meeting(Some(ALICE)));
    net.expect_request(operator(), "INVITE");
    dial_out(&mut net, gateway(31), BERLIN, &meeting(Some(ALICE)));
    net.expect(gateway(31), 403);
    net.silent(operator());
}
