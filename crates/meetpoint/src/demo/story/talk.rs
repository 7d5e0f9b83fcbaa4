//! What every call of the story has in common: it is answered, both sides hear
//! each other, one side hangs up, the other notices.

use std::time::Duration;

use serde_json::{Value, json};
use softphone::{Call, EndedBy};
use uuid::Uuid;

use crate::demo::report::{Context, Fault, ensure};

/// Enough packets to be sure that it is a stream.
const PACKETS: u64 = 5;
/// How long anything in a call may take.
pub const SOON: Duration = Duration::from_secs(8);

/// Which side hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The calling one.
    Caller,
    /// The called one.
    Callee,
}

/// What the call's record must say.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its name in the report.
    pub name: String,
    /// The record's id.
    pub id: Uuid,
    /// `inbound`, …
    pub kind: &'static str,
    /// The tenant's number in it.
    pub number: String,
    /// The operator.
    pub operator: Uuid,
    /// The trunk that carried it.
    pub trunk: Uuid,
    /// The tenant's person.
    pub user: Option<Uuid>,
    /// The queue.
    pub queue: Option<Uuid>,
    /// Caller.
    pub caller: String,
    /// Called.
    pub callee: String,
    /// The caller's SIP Call-ID.
    pub call_id: String,
    /// Who hung up.
    pub hung_up_by: &'static str,
    /// Trunks tried before the one that carried it.
    pub tried_before: Vec<Uuid>,
}

/// How a call went.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// The record's id, as the exchange told both sides.
    pub id: Uuid,
    /// The caller's SIP Call-ID.
    pub call_id: String,
    /// Who hung up, as the record says it.
    pub hung_up_by: &'static str,
    /// For the report.
    pub note: Value,
}

/// Lets two ends talk and one of them hang up. Both calls must be (about to be)
/// answered.
pub async fn converse(
    name: &str,
    caller: &Call,
    callee: &Call,
    hangs_up: Side,
) -> Result<Conversation, Fault> {
    converse_inner(caller, callee, hangs_up)
        .await
        .map(|mut talked| {
            if let Value::Object(note) = &mut talked.note {
                note.insert("call".to_owned(), name.into());
            }
            talked
        })
        .context(name)
}

async fn converse_inner(
    caller: &Call,
    callee: &Call,
    hangs_up: Side,
) -> Result<Conversation, Fault> {
    let answered = caller.answered(SOON).await.context("the caller")?;
    callee.answered(SOON).await.context("the callee")?;
    let (heard_by_caller, heard_by_callee) =
        tokio::join!(caller.talk(PACKETS, SOON), callee.talk(PACKETS, SOON));
    let heard_by_caller = heard_by_caller.context("the caller")?.received;
    let heard_by_callee = heard_by_callee.context("the callee")?.received;

    let (first, second, hung_up_by) = match hangs_up {
        Side::Caller => (caller, callee, "caller"),
        Side::Callee => (callee, caller, "callee"),
    };
    let (bye, bye_ms) = first.hang_up(SOON).await.context(hung_up_by)?;
    let end = second.ended(SOON).await.context("the other side")?;
    ensure!(end.by == EndedBy::Them, "the other side did not notice who hung up");

    let told = |headers: &softphone::HeaderText| {
        headers.get("X-Meetpoint-Call-ID").and_then(|text| Uuid::parse_str(text).ok())
    };
    let id = told(&answered.response);
    let Some(id) = id else {
        return Err(Fault("the 200 names no X-Meetpoint-Call-ID".to_owned()));
    };
    let codes: Vec<u16> = answered.statuses.iter().map(|(code, _)| *code).collect();
    let call_id = caller.call_id();
    Ok(Conversation {
        id,
        hung_up_by,
        note: json!({
            "ok": true,
            "id": id,
            "call_id": call_id,
            "call_id_callee": callee.call_id(),
            "sip_codes": codes,
            "answered_ms": answered.answered_after_ms,
            "rtp_heard_by_caller": heard_by_caller,
            "rtp_heard_by_callee": heard_by_callee,
            "hung_up_by": hung_up_by,
            "bye": { "sip_code": bye, "ms": bye_ms },
        }),
        call_id,
    })
}
