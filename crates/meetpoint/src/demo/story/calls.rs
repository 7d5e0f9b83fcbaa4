//! Step 5: calls come in for a person and for a queue, go out, and reach the
//! emergency services.

use std::time::Duration;

use serde_json::json;
use softphone::{Answering, EndedBy};

use super::operators::AdmittedOperator;
use super::phones::{self, Phones};
use super::talk::{Conversation, Expected, SOON, Side, converse};
use super::{Seeded, needed};
use crate::demo::cast::{AGENTS, OUTSIDER, OUTSIDER_DIALLED, QUEUE_NUMBER};
use crate::demo::report::{Context, Fault, Notes, ensure};
use crate::demo::world::World;

/// What step 5 leaves to the next ones.
pub struct Talked {
    /// Phones, still registered.
    pub phones: Phones,
    /// What the records must say.
    pub expected: Vec<Expected>,
}

pub async fn run(world: &World, seeded: &Seeded, notes: &mut Notes) -> Result<Talked, Fault> {
    let phones = phones::connect(world, seeded, notes).await?;
    let mut expected = Vec::new();
    for hangs_up in [Side::Caller, Side::Callee] {
        expected.push(to_person(seeded, &phones, hangs_up, notes).await?);
    }
    for (answers, hangs_up) in [(AGENTS[0], Side::Caller), (AGENTS[1], Side::Callee)] {
        expected.push(to_queue(seeded, &phones, answers, hangs_up, notes).await?);
    }
    for (user, dialled, hangs_up) in [
        ("alice", OUTSIDER_DIALLED, Side::Caller),
        ("alice", OUTSIDER, Side::Callee),
        ("erika", OUTSIDER, Side::Caller),
    ] {
        expected.push(outbound(seeded, &phones, user, dialled, hangs_up, notes).await?);
    }
    unlicensed(&phones, notes).await?;
    for (user, digits, number) in [
        ("alice", "999", Some("+442079460001")),
        ("alice", "112", Some("+442079460001")),
        ("dan", "999", None),
        ("sam", "911", Some("+12025550101")),
        ("erika", "110", Some("+493023125001")),
        ("erika", "112", Some("+493023125001")),
    ] {
        expected.push(emergency(seeded, &phones, user, digits, number, notes).await?);
    }
    Ok(Talked { phones, expected })
}

/// The operator that holds a person's numbers.
fn operator_of<'s>(seeded: &'s Seeded, country: &str) -> &'s AdmittedOperator {
    match country {
        "DE" => &seeded.operators.b,
        _ => &seeded.operators.a,
    }
}

async fn to_person(
    seeded: &Seeded,
    phones: &Phones,
    hangs_up: Side,
    notes: &mut Notes,
) -> Result<Expected, Fault> {
    let operator = &seeded.operators.a;
    let (user, phone) = (seeded.assigned.person("alice")?, phones.of("alice")?);
    let number = user.number.clone();
    let number = needed(number)?;
    phone.set_answering(Answering::Answer { after: Duration::from_millis(200) })?;

    let name = format!("inbound, {hangs_up:?} hangs up").to_lowercase();
    let caller = operator.machines[0].call(OUTSIDER, &number).await?;
    let callee = phone.next_call(SOON).await.context(&name)?;
    caller.ringing(SOON).await.context(&name)?;
    let talked = converse(&name, &caller, &callee, hangs_up).await?;
    ensure!(
        callee.view().invite.from_user() == Some(OUTSIDER),
        "the phone shows {:?} as the caller",
        callee.view().invite.from_user()
    );
    notes.push("calls", talked.note.clone());
    Ok(Expected {
        kind: "inbound",
        number: number.clone(),
        operator: operator.id,
        trunk: operator.trunks[0].id,
        user: Some(user.id),
        caller: OUTSIDER.to_owned(),
        callee: number,
        ..expected(name, &talked)
    })
}

async fn to_queue(
    seeded: &Seeded,
    phones: &Phones,
    answers: &str,
    hangs_up: Side,
    notes: &mut Notes,
) -> Result<Expected, Fault> {
    let operator = &seeded.operators.a;
    let name = format!("queue, {answers} answers, {hangs_up:?} hangs up").to_lowercase();
    let caller = operator.machines[1].call(OUTSIDER, QUEUE_NUMBER).await?;
    let mut ringing = Vec::new();
    for agent in AGENTS {
        let phone = phones.of(agent)?;
        phone.set_answering(Answering::Manual)?;
        ringing.push((agent, phone.next_call(SOON).await.context(agent)?));
    }
    // Both ring before anyone answers.
    caller.ringing(SOON).await.context(&name)?;
    let (winner, loser): (Vec<_>, Vec<_>) =
        ringing.into_iter().partition(|(agent, _)| *agent == answers);
    let [(_, callee)] = &winner[..] else {
        return Err(Fault(format!("{answers} is not one of the agents")));
    };
    callee.answer()?;
    let answered = callee.answered(SOON).await.context(&name)?;
    for (agent, call) in &loser {
        let end = call.ended(SOON).await.context(agent)?;
        ensure!(
            (end.by, end.status) == (EndedBy::Them, 487),
            "{agent}'s phone stopped ringing with {end:?}"
        );
        notes.push("stopped_ringing", json!({ "agent": agent, "sip_code": end.status }));
    }
    ensure!(answered.end.is_none(), "the call ended when {answers} answered");
    let talked = converse(&name, &caller, callee, hangs_up).await?;
    notes.push("calls", talked.note.clone());
    Ok(Expected {
        kind: "inbound",
        number: QUEUE_NUMBER.to_owned(),
        operator: operator.id,
        trunk: operator.trunks[1].id,
        user: Some(seeded.assigned.person(answers)?.id),
        queue: Some(seeded.assigned.queue.id),
        caller: OUTSIDER.to_owned(),
        callee: QUEUE_NUMBER.to_owned(),
        ..expected(name, &talked)
    })
}

async fn outbound(
    seeded: &Seeded,
    phones: &Phones,
    user: &str,
    dialled: &str,
    hangs_up: Side,
    notes: &mut Notes,
) -> Result<Expected, Fault> {
    let person = seeded.assigned.person(user)?;
    let operator = operator_of(seeded, &person.country);
    let number = needed(person.number.clone())?;
    let name = format!("outbound, {user} dials {dialled}, {hangs_up:?} hangs up").to_lowercase();
    let caller = phones.of(user)?.dial(dialled).await?;
    let (index, callee) = operator.next_call(SOON).await.context(&name)?;
    let invite = callee.view().invite;
    let tenant = seeded.tenants.contoso.tenant.id.to_string();
    let shown = [
        ("Request-URI", invite.called(), OUTSIDER),
        ("From", invite.from_user(), number.as_str()),
        ("P-Asserted-Identity", invite.asserted_user(), number.as_str()),
        ("X-MS-TenantID", invite.get("X-MS-TenantID"), tenant.as_str()),
    ];
    for (header, found, wanted) in shown {
        ensure!(found == Some(wanted), "{name}: {header} is {found:?}, not {wanted}");
    }
    let talked = converse(&name, &caller, &callee, hangs_up).await?;
    let mut note = talked.note.clone();
    note["caller_id"] = number.clone().into();
    note["tenant_header"] = tenant.into();
    note["trunk"] = operator.trunks[index].fqdn.clone().into();
    notes.push("calls", note);
    Ok(Expected {
        kind: "outbound",
        number: number.clone(),
        operator: operator.id,
        trunk: operator.trunks[index].id,
        user: Some(person.id),
        caller: number,
        callee: OUTSIDER.to_owned(),
        ..expected(name, &talked)
    })
}

/// Without a licence an ordinary call is refused.
async fn unlicensed(phones: &Phones, notes: &mut Notes) -> Result<(), Fault> {
    let call = phones.of("dan")?.dial(OUTSIDER).await?;
    let refusal = call.answered(SOON).await.err().and_then(|error| error.status());
    ensure!(refusal == Some(403), "an unlicensed caller was met with {refusal:?}");
    notes
        .set("unlicensed_ordinary_call", json!({ "call_id": call.call_id(), "sip_code": refusal }));
    Ok(())
}

async fn emergency(
    seeded: &Seeded,
    phones: &Phones,
    user: &str,
    digits: &str,
    number: Option<&str>,
    notes: &mut Notes,
) -> Result<Expected, Fault> {
    let person = seeded.assigned.person(user)?;
    let operator = operator_of(seeded, &person.country);
    let name = format!("emergency, {user} dials {digits}");
    let caller = phones.of(user)?.dial(digits).await?;
    let (index, callee) = operator.next_call(SOON).await.context(&name)?;
    let invite = callee.view().invite;
    ensure!(invite.called() == Some(digits), "{name}: {} arrived", invite.start_line());
    ensure!(
        invite.get("Priority") == Some("emergency"),
        "{name}: Priority is {:?}",
        invite.get("Priority")
    );
    // Someone without a number leaves by one of the tenant's in the same country.
    let shown = needed(invite.from_user().map(str::to_owned))?;
    ensure!(number.is_none_or(|number| number == shown), "{name}: shown as {shown}");
    let talked = converse(&name, &caller, &callee, Side::Caller).await?;
    let mut note = talked.note.clone();
    note["caller_id"] = shown.clone().into();
    note["trunk"] = operator.trunks[index].fqdn.clone().into();
    notes.push("emergency_calls", note);
    Ok(Expected {
        kind: "emergency",
        number: shown.clone(),
        operator: operator.id,
        trunk: operator.trunks[index].id,
        user: Some(person.id),
        caller: shown,
        callee: digits.to_owned(),
        ..expected(name, &talked)
    })
}

/// What every record shows; the rest is for the caller to say.
pub fn expected(name: String, talked: &Conversation) -> Expected {
    Expected {
        name,
        id: talked.id,
        kind: "",
        number: String::new(),
        operator: uuid::Uuid::nil(),
        trunk: uuid::Uuid::nil(),
        user: None,
        queue: None,
        caller: String::new(),
        callee: String::new(),
        call_id: talked.call_id.clone(),
        hung_up_by: talked.hung_up_by,
        tried_before: Vec::new(),
    }
}
