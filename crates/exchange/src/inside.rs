//! Use case: explain a call that happened or goes on. Its messages are with the
//! edges, which are asked down the feed that they follow.

use crate::act::{not_found, time};
use crate::alarms;
use crate::authz::Access;
use crate::explain::Caller;
use crate::*;
use api_types::call::{CallRecord, Explanation};
use api_types::inside::{Alarm, CallExplained, CallMessage, RoutingChange};
use domain::{BridgeId, CdrId, OperatorId, TenantId, UserId};
use feed::inside::{EdgeAnswer, Question, TracedPacket, Way};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use store::{AlarmQuery, AlarmRow};
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

/// How long edges have for their answers.
const PATIENCE: Duration = Duration::from_secs(3);
/// Questions that an edge may be behind with.
const MAX_QUESTIONS: usize = 64;
/// Open alarms that are looked through.
const MAX_ALARMS: u32 = 500;
/// Trunks of an operator that are looked through.
const MAX_TRUNKS: u32 = 10_000;

/// Questions under way to the edges that follow this node's feed.
#[derive(Debug)]
pub(crate) struct Questions {
    ask: broadcast::Sender<Question>,
    answers: Mutex<HashMap<Uuid, mpsc::UnboundedSender<EdgeAnswer>>>,
}

impl Default for Questions {
    fn default() -> Self {
        Self { ask: broadcast::Sender::new(MAX_QUESTIONS), answers: Mutex::default() }
    }
}

/// Which call to explain.
#[derive(Clone, Debug)]
pub enum WhichCall {
    /// By its record's id.
    Id(Uuid),
    /// By the SIP Call-ID of any of its legs.
    CallId(String),
}

impl Exchange {
    /// Questions to the edges, for whoever carries the feed to one.
    pub fn questions(&self) -> broadcast::Receiver<Question> {
        self.inner.questions.ask.subscribe()
    }

    /// Edges that follow this node's feed.
    pub fn edges_following(&self) -> usize {
        self.inner.questions.ask.receiver_count()
    }

    /// Takes an edge's answer; one that comes too late is for nobody.
    ///
    /// # Errors
    /// `forbidden` for anybody but an edge; `edge_bound` where the edge is another
    /// credential's.
    pub async fn answer_take(&self, cx: &Cx, answer: EdgeAnswer) -> Result<(), Problem> {
        cx.edge()?;
        self.edge_must_be(cx, answer.edge.0).await?;
        if let Some(waiting) = self.answers().get(&answer.question) {
            let _ = waiting.send(answer);
        }
        Ok(())
    }

    /// Explains a call to the programme owner (any call, with the messages), to its
    /// tenant or to the operator that carried it (the ladder only, numbers masked; an
    /// operator's of its own legs, and of the rules those that show nothing of the
    /// tenant's people).
    ///
    /// # Errors
    /// `not_found` where neither a record nor a message of it is there;
    /// `forbidden`.
    pub async fn call_explain(&self, cx: &Cx, which: WhichCall) -> Result<CallExplained, Problem> {
        let whole = matches!(cx.actor.role, Role::ProgrammeOwner);
        let mut shown = None;
        let record = match &which {
            WhichCall::Id(id) => match self.call_get_whole(cx, *id).await {
                Ok((part, record)) => {
                    shown = Some(part);
                    Some(record)
                }
                // Its record may still be with the edge.
                Err(problem) if whole && problem.code == ErrorCode::NotFound.code() => None,
                Err(problem) => return Err(problem),
            },
            WhichCall::CallId(call_id) => {
                cx.programme(Access::Read)?;
                self.call_by_call_id(call_id).await?
            }
        };
        let mut question = Question { id: Uuid::now_v7(), cdr: None, call_ids: Vec::new() };
        if let Some(record) = &record {
            question.cdr = Some(CdrId(record.id));
            question.call_ids.extend(record.in_call_id.clone());
            question.call_ids.extend(record.out_call_id.clone());
        }
        match &which {
            WhichCall::Id(id) => question.cdr = Some(CdrId(*id)),
            WhichCall::CallId(call_id) => question.call_ids.push(call_id.clone()),
        }
        let (edges_asked, answers) = self.ask(question).await;
        if record.is_none() && answers.iter().all(|answer| answer.packets.is_empty()) {
            let mut problem = match which {
                WhichCall::Id(id) => not_found("call", id),
                WhichCall::CallId(call_id) => not_found("call with the Call-ID", call_id),
            };
            problem.reason =
                format!("{}; {} of {edges_asked} edges answered", problem.reason, answers.len());
            return Err(problem);
        }
        let mut routing = match &record {
            Some(record) => self.routing_now(record).await?,
            None => None,
        };
        let mut routing_changed = match (&record, &routing) {
            (Some(record), Some(routing)) => changed_since(record, routing),
            _ => Vec::new(),
        };
        let routing_as_of = routing.as_ref().map(|_| time(crate::act::now()));
        let edges_answered = answers.len() as u32;
        let mut packets: Vec<(Uuid, TracedPacket)> = answers
            .into_iter()
            .flat_map(|a| a.packets.into_iter().map(move |packet| (a.edge.0, packet)))
            .collect();
        packets.sort_by_key(|(_, packet)| packet.at_us);
        match (&cx.actor.role, &record) {
            (Role::ProgrammeOwner | Role::ProgrammeSupport, _) => {}
            (
                Role::OperatorAdmin { operator } | Role::OperatorReader { operator },
                Some(record),
            ) => {
                let trunks = self.trunks_of_operator(*operator).await?;
                packets = packets_of_operator(&trunks, record, packets);
                routing = routing.and_then(|routing| routing_for(*operator, &trunks, routing));
                if let Some(routing) = &routing {
                    routing_changed = changed_since(record, routing);
                }
            }
            (_, record) => {
                let tenant = record.as_ref().and_then(|record| record.tenant_id);
                packets = self.own_packets(tenant.map(TenantId), packets).await?;
            }
        }
        if routing.is_none() {
            routing_changed.clear();
        }
        let alarms = if whole { self.alarms_of(record.as_ref(), &packets).await? } else { vec![] };
        let messages = packets.into_iter().map(|(edge, p)| message(edge, p, whole)).collect();
        let mut record = shown.or(record);
        if cx.actor.role.sees_masked() {
            record = record.map(mask::record);
            routing = routing.map(mask::explanation);
        }
        Ok(CallExplained {
            record,
            routing_as_of: routing_as_of.filter(|_| routing.is_some()),
            routing,
            routing_changed,
            messages,
            edges_asked,
            edges_answered,
            alarms,
        })
    }

    /// The names of an operator's trunks.
    async fn trunks_of_operator(&self, operator: OperatorId) -> Result<BTreeSet<String>, Problem> {
        let rows = self
            .view(async move |mut db| Ok(db.trunk_list(operator, None, MAX_TRUNKS).await?))
            .await?;
        Ok(rows.into_iter().map(|row| row.fqdn).collect())
    }

    /// Those whose Call-ID no call of somebody else has: a phone may take the
    /// Call-ID of a call it has heard of, and edges find packets by that.
    async fn own_packets(
        &self,
        tenant: Option<TenantId>,
        packets: Vec<(Uuid, TracedPacket)>,
    ) -> Result<Vec<(Uuid, TracedPacket)>, Problem> {
        let Some(tenant) = tenant else { return Ok(Vec::new()) };
        let call_ids: BTreeSet<String> =
            packets.iter().map(|(_, packet)| packet.call_id.clone()).collect();
        let read = self.view(async move |mut db| {
            let mut own = BTreeSet::new();
            for call_id in &call_ids {
                if !db.cdr_call_id_elsewhere(&crate::edges::plain(call_id), tenant).await? {
                    own.insert(call_id.clone());
                }
            }
            Ok(own)
        });
        let own = read.await?;
        Ok(packets.into_iter().filter(|(_, packet)| own.contains(&packet.call_id)).collect())
    }

    async fn call_by_call_id(&self, call_id: &str) -> Result<Option<CallRecord>, Problem> {
        // PostgreSQL takes no NUL even to compare with.
        let call_id = crate::edges::plain(call_id);
        let found = self.view(async move |mut db| Ok(db.cdr_by_call_id(&call_id).await?)).await?;
        match found {
            Some(row) => self.call_document(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Asks every edge that follows this node; returns how many there are, and
    /// what came back in time.
    async fn ask(&self, question: Question) -> (u32, Vec<EdgeAnswer>) {
        let id = question.id;
        let (sender, mut incoming) = mpsc::unbounded_channel();
        self.answers().insert(id, sender);
        let asked = self.inner.questions.ask.send(question).unwrap_or(0);
        let until = Instant::now() + PATIENCE;
        let mut answers: Vec<EdgeAnswer> = Vec::new();
        while answers.len() < asked {
            match tokio::time::timeout_at(until, incoming.recv()).await {
                // An edge may follow twice for a moment, while an old connection dies.
                Ok(Some(answer)) if answers.iter().any(|a| a.edge == answer.edge) => {}
                Ok(Some(answer)) => answers.push(answer),
                Ok(None) | Err(_) => break,
            }
        }
        self.answers().remove(&id);
        (u32::try_from(asked).unwrap_or(u32::MAX), answers)
    }

    fn answers(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<Uuid, mpsc::UnboundedSender<EdgeAnswer>>> {
        self.inner.questions.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way the call would take by today's data.
    async fn routing_now(&self, record: &CallRecord) -> Result<Option<Explanation>, Problem> {
        let Some(tenant) = record.tenant_id else { return Ok(None) };
        let bridge =
            record.conference_bridge_id.filter(|_| record.kind.as_deref() == Some("outbound"));
        let caller = match (record.kind.as_deref(), bridge) {
            (Some("inbound"), _) => Caller::Operator,
            (_, Some(bridge)) => Caller::Bridge(BridgeId(bridge), record.user_id.map(UserId)),
            (Some(_), None) => match record.user_id {
                Some(user) => Caller::User(UserId(user)),
                None => return Ok(None),
            },
            (None, None) => return Ok(None),
        };
        let from = match caller {
            Caller::Operator => record.caller.clone(),
            Caller::User(_) | Caller::Bridge(..) | Caller::Address(_) => String::new(),
        };
        // A delegate called by the number of whom they called for.
        let line = record.number.as_deref().filter(|_| record.kind.as_deref() == Some("outbound"));
        let line = line.and_then(|number| E164::parse(number).ok());
        match self.explain(TenantId(tenant), (caller, line), from, record.callee.clone()).await {
            Ok(explained) => Ok(Some(explained)),
            // Who called may be gone by now.
            Err(problem) if problem.status < 500 => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Open alarms of what had a part in the call.
    async fn alarms_of(
        &self,
        record: Option<&CallRecord>,
        packets: &[(Uuid, TracedPacket)],
    ) -> Result<Vec<Alarm>, Problem> {
        let edges: Vec<Uuid> = packets.iter().map(|(edge, _)| *edge).collect();
        let mut subjects = Vec::new();
        if let Some(record) = record {
            let trunks = record.attempts.iter().map(|a| a.trunk_id).chain(record.trunk_id);
            subjects.extend(trunks.map(|id| id.to_string()));
        }
        let read = self.view(async move |mut db| {
            let open = AlarmQuery { open: Some(true), ..AlarmQuery::default() };
            let mut rows = db.alarm_list(&open, MAX_ALARMS).await?;
            rows.retain(|row| {
                subjects.contains(&row.subject) || edges.contains(&row.edge_id) && is_of_edge(row)
            });
            let names = rows.iter().map(|row| row.subject.clone()).collect();
            let names = alarms::subject_names(&mut db, names).await?;
            Ok((rows, names))
        });
        let (rows, names) = read.await?;
        Ok(rows.into_iter().map(|row| alarms::document(row, &names)).collect())
    }
}

/// Rules that tell an operator of its own numbers and trunks only.
const RULES_FOR_OPERATORS: [&str; 9] = [
    "source.trunk",
    "number.owner",
    "number.operator",
    "dial.e164",
    "route.operator_of_number",
    "emergency.dial_string",
    "emergency.operator_of_number",
    "emergency.operator_of_country",
    "trunk.order",
];

/// Those that an operator's own trunks sent or got, on its leg of the call.
fn packets_of_operator(
    trunks: &BTreeSet<String>,
    record: &CallRecord,
    mut packets: Vec<(Uuid, TracedPacket)>,
) -> Vec<(Uuid, TracedPacket)> {
    let is_inbound = record.kind.as_deref() == Some("inbound");
    packets.retain(|(_, packet)| {
        let is_caller_leg = record.in_call_id.as_ref() == Some(&packet.call_id);
        is_caller_leg == is_inbound && trunks.contains(&packet.peer_name)
    });
    packets
}

/// What an operator with these trunks may know of the way a call takes; nothing where
/// it is no longer its own.
fn routing_for(
    operator: OperatorId,
    trunks: &BTreeSet<String>,
    mut routing: Explanation,
) -> Option<Explanation> {
    routing.trunks.retain(|trunk| trunks.contains(trunk));
    routing.steps.retain(|step| RULES_FOR_OPERATORS.contains(&step.rule.as_str()));
    (routing.operator_id == Some(operator.0)).then_some(routing)
}

/// What would be otherwise by now than the record tells.
fn changed_since(record: &CallRecord, routing: &Explanation) -> Vec<RoutingChange> {
    let mut changed = Vec::new();
    let mut differ = |what: &str, then: Option<String>, now: Option<String>| {
        if then != now {
            changed.push(RoutingChange { what: what.to_owned(), then, now });
        }
    };
    if !routing.routed {
        differ("code", None, routing.code.clone());
        return changed;
    }
    differ("kind", record.kind.clone(), routing.kind.clone());
    let id = |id: Option<Uuid>| id.map(|id| id.to_string());
    differ("operator_id", id(record.operator_id), id(routing.operator_id));
    let leaves = !matches!(record.kind.as_deref(), Some("inbound" | "internal"));
    if let Some(trunk) = record.trunk.as_ref().filter(|_| leaves)
        && !routing.trunks.contains(trunk)
    {
        differ("trunk", Some(trunk.clone()), Some(routing.trunks.join(", ")));
    }
    changed
}

/// Whether an alarm is about the edge itself, which early ones call `edge`.
fn is_of_edge(row: &AlarmRow) -> bool {
    row.subject == "edge" || row.subject == row.edge_id.to_string()
}

fn message(edge: Uuid, packet: TracedPacket, whole: bool) -> CallMessage {
    let first = packet.text.lines().next().unwrap_or_default();
    let summary = match first.strip_prefix("SIP/2.0 ") {
        Some(status) => status.to_owned(),
        None => first.strip_suffix(" SIP/2.0").unwrap_or(first).to_owned(),
    };
    let way = match packet.way {
        Way::In => "in",
        Way::Out => "out",
    };
    CallMessage {
        at: time(packet.at_us),
        edge_id: edge,
        way: way.to_owned(),
        transport: packet.transport,
        local: if whole { packet.local } else { String::new() },
        peer: if whole { packet.peer } else { String::new() },
        peer_name: packet.peer_name,
        call_id: if whole { packet.call_id } else { String::new() },
        summary: if whole { summary } else { masked(&summary) },
        length: packet.length as u64,
        text: whole.then_some(packet.text),
    }
}

/// The request's method and whom it is for, or the response's code: no host, no
/// whole number, nothing else that strangers may have written.
fn masked(summary: &str) -> String {
    let (first, rest) = summary.split_once(' ').unwrap_or((summary, ""));
    if first.bytes().all(|b| b.is_ascii_digit()) {
        let is_plain = rest.chars().all(|c| c.is_ascii_alphabetic() || " '-".contains(c));
        return if is_plain { summary.to_owned() } else { first.to_owned() };
    }
    match masked_user(rest) {
        Some(user) => format!("{first} {user}"),
        None => first.to_owned(),
    }
}

/// Whom a URI names; `None` where that cannot be told from a host.
fn masked_user(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => rest.split_once('@')?.0,
        "tel" => rest,
        "urn" => return rest.starts_with("service:sos").then(|| "urn:service:sos".to_owned()),
        _ => return None,
    };
    let user = user.split([';', ':', '?']).next().unwrap_or_default();
    let known = |c: char| c.is_ascii_alphanumeric() || "+-._()*#".contains(c);
    // Longer ones are seals; what is escaped cannot be masked.
    if user.is_empty() || user.len() > 32 || !user.chars().all(known) {
        return None;
    }
    let has_letters = user.chars().any(|c| c.is_ascii_alphabetic());
    let mut hidden = match user.chars().filter(char::is_ascii_digit).count() {
        digits @ 5.. => digits - 3,
        _ => 0,
    };
    let mut out = format!("{scheme}:");
    for c in user.chars() {
        if c.is_ascii_digit() && hidden > 0 {
            hidden -= 1;
            out.push('*');
        } else if has_letters || c.is_ascii_digit() || "+*#".contains(c) {
            out.push(c);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_told_no_rule_that_names_the_tenants_people() {
        let step = |rule: &str| api_types::call::ExplainStep {
            rule: rule.to_owned(),
            found: String::new(),
        };
        let own = OperatorId(Uuid::from_u128(1));
        let routing = |operator: u128| Explanation {
            routed: true,
            kind: Some("inbound".to_owned()),
            code: None,
            sip_code: None,
            operator_id: Some(Uuid::from_u128(operator)),
            trunks: vec!["a1.example".to_owned(), "b1.example".to_owned()],
            steps: ["number.owner", "number.assignment", "queue.agents", "number.location"]
                .map(step)
                .into(),
        };
        let trunks = BTreeSet::from(["a1.example".to_owned()]);
        let told = routing_for(own, &trunks, routing(1)).expect("its own");
        assert_eq!(told.trunks, ["a1.example"]);
        let rules: Vec<_> = told.steps.iter().map(|s| s.rule.as_str()).collect();
        assert_eq!(rules, ["number.owner"]);
        assert!(routing_for(own, &trunks, routing(2)).is_none(), "another's by now");
    }

    #[test]
    fn what_has_changed_since_a_call_is_told() {
        let record: CallRecord = serde_json::from_value(serde_json::json!({
            "id": Uuid::nil(), "kind": "outbound", "operator_id": Uuid::from_u128(1),
            "caller": "", "callee": "", "attempts": [], "complete": true, "trunk": "a1.example",
        }))
        .expect("a record");
        let routing = |kind: &str, operator, trunks: &[&str]| Explanation {
            routed: true,
            kind: Some(kind.to_owned()),
            code: None,
            sip_code: None,
            operator_id: Some(Uuid::from_u128(operator)),
            trunks: trunks.iter().map(|t| (*t).to_owned()).collect(),
            steps: Vec::new(),
        };
        let refused = Explanation {
            routed: false,
            code: Some("user_unlicensed".to_owned()),
            ..routing("outbound", 1, &[])
        };
        let (a1, b1) = (&["a0.example", "a1.example"][..], &["b1.example"][..]);
        for (routing, expect) in [
            (routing("outbound", 1, a1), &[][..]),
            (routing("outbound", 2, b1), &["operator_id", "trunk"]),
            (routing("internal", 1, a1), &["kind"]),
            (refused, &["code"]),
        ] {
            let changed = changed_since(&record, &routing);
            let what: Vec<_> = changed.iter().map(|c| c.what.as_str()).collect();
            assert_eq!(what, expect, "{changed:?}");
        }
    }

    #[test]
    fn a_tenant_sees_no_whole_number_and_no_host() {
        for (summary, expect) in [
            ("INVITE sip:+442079460001@192.0.2.1:5060", "INVITE sip:+*********001"),
            ("180 Ringing", "180 Ringing"),
            ("INVITE sip:112@a", "INVITE sip:112"),
            ("INVITE sip:+44-20-7946-0001@192.0.2.1", "INVITE sip:+*********001"),
            ("INVITE tel:+44-20-7946-0001;phone-context=alba.example", "INVITE tel:+*********001"),
            ("INVITE sip:+442079460001;phone-context=a.example@b", "INVITE sip:+*********001"),
            ("OPTIONS sip:sbc1.alba.example:5060", "OPTIONS"),
            ("INVITE sip:%2b442079460001@b", "INVITE"),
            ("INVITE sips:alice:pass@b", "INVITE sips:alice"),
            ("INVITE urn:service:sos.fire", "INVITE urn:service:sos"),
            ("486 Busy Here", "486 Busy Here"),
            ("302 go to 192.0.2.9", "302"),
        ] {
            assert_eq!(masked(summary), expect);
        }
    }
}
