//! Step 6: the first trunk is silent, the second carries the call.

use serde_json::json;
use softphone::{Answering, TrunkMode};

use super::calls::{Talked, expected};
use super::operators::FAILOVER_SECONDS;
use super::talk::{Expected, SOON, Side, converse};
use super::{Seeded, needed};
use crate::demo::cast::OUTSIDER;
use crate::demo::report::{Context, Fault, Notes, ensure};

/// Trunks are tried in random order: so many calls all begin with the good one
/// once in 65,536 stories.
const MOST_CALLS: usize = 16;

pub async fn run(
    seeded: &Seeded,
    talked: &Talked,
    notes: &mut Notes,
) -> Result<Vec<Expected>, Fault> {
    let operator = &seeded.operators.a;
    let [silent, good] = &operator.machines;
    silent.set_mode(TrunkMode::Silent)?;
    good.set_answering(Answering::Answer { after: std::time::Duration::from_millis(20) })?;
    let result = calls(seeded, talked, notes).await;
    silent.set_mode(TrunkMode::InService)?;
    let expected = result?;
    ensure!(silent.invites_unanswered() > 0, "the silent trunk has not been tried");
    Ok(expected)
}

async fn calls(
    seeded: &Seeded,
    talked: &Talked,
    notes: &mut Notes,
) -> Result<Vec<Expected>, Fault> {
    let operator = &seeded.operators.a;
    let [silent, good] = &operator.machines;
    let person = seeded.assigned.person("alice")?;
    let number = needed(person.number.clone())?;
    let mut records = Vec::new();
    for attempt in 1..=MOST_CALLS {
        let name = format!("failover, call {attempt}");
        let before = silent.invites_unanswered();
        let caller = talked.phones.of("alice")?.dial(OUTSIDER).await?;
        let callee = good.next_call(SOON).await.context(&name)?;
        let conversation = converse(&name, &caller, &callee, Side::Caller).await?;
        let passed_over = silent.invites_unanswered() > before;
        let answered_ms = caller.view().answered_after_ms.unwrap_or_default();
        let mut note = conversation.note.clone();
        note["silent_trunk_tried"] = passed_over.into();
        notes.push("calls", note);
        records.push(Expected {
            kind: "outbound",
            number: number.clone(),
            operator: operator.id,
            trunk: operator.trunks[1].id,
            user: Some(person.id),
            caller: number.clone(),
            callee: OUTSIDER.to_owned(),
            tried_before: passed_over.then_some(operator.trunks[0].id).into_iter().collect(),
            ..expected(name, &conversation)
        });
        if passed_over {
            let (least, most) = (
                u64::from(FAILOVER_SECONDS) * 1000 - 100,
                u64::from(FAILOVER_SECONDS) * 1000 + 1500,
            );
            ensure!(
                (least..most).contains(&answered_ms),
                "the call was answered after {answered_ms} ms, not after {FAILOVER_SECONDS} s of silence"
            );
            notes.set("failed_over", json!({
                "call_id": conversation.call_id, "id": conversation.id, "answered_ms": answered_ms,
                "silent_trunk": operator.trunks[0].fqdn, "carried_by": operator.trunks[1].fqdn,
            }));
            return Ok(records);
        }
    }
    Err(Fault(format!("{MOST_CALLS} calls, and the silent trunk was never tried first")))
}
