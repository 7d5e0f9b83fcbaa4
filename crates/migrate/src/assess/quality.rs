//! How many calls were answered and delivered, only from sources that carry SIP causes (migration.md
//! sections 0, fact 8, and 6.1, statement 29).

use serde::{Deserialize, Serialize};

use crate::model::{CallKind, CallLog, CallRecord, CallSystem};

/// Answer-seizure ratio and network effectiveness ratio of one kind of source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// Calls with a SIP cause.
    pub attempts: u64,
    /// Answered.
    pub answered: u64,
    /// Answered, busy, rung without answer, or refused by the called: the network did its part.
    pub delivered: u64,
    /// Fewer than 100 attempts: the ratios mean little.
    pub few: bool,
}

impl Completion {
    /// Answered of attempts, 0 to 1.
    pub fn asr(&self) -> Option<f64> {
        (self.attempts > 0).then(|| self.answered as f64 / self.attempts as f64)
    }

    /// Delivered of attempts, 0 to 1.
    pub fn ner(&self) -> Option<f64> {
        (self.attempts > 0).then(|| self.delivered as f64 / self.attempts as f64)
    }
}

/// The ratios by source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CompletionRates {
    /// From Direct Routing's and PBXs' records with SIP causes; `None`: not available.
    pub with_causes: Option<Completion>,
    /// Calls of sources without causes, for which no ratio is available: Calling Plans and Operator
    /// Connect.
    pub without_causes: u64,
}

/// Counts attempts from or to outside by their SIP cause.
///
/// 200 is an answer. 486 and 600 are busy, 480, 487 and a 408 after ringing are no answer, 603 and
/// 607 a refusal: all delivered. Everything else, 404, 403 and 5xx among them, was not.
pub fn completion(calls: &CallLog) -> CompletionRates {
    let mut rates = CompletionRates::default();
    let mut counted = Completion::default();
    for call in &calls.records {
        if matches!(call.kind, CallKind::Internal | CallKind::Other) {
            continue;
        }
        let carries = matches!(call.system, CallSystem::DirectRouting | CallSystem::Pbx);
        if !carries || call.sip_code == 0 {
            rates.without_causes += 1;
            continue;
        }
        counted.attempts += 1;
        counted.answered += u64::from(answered(call));
        counted.delivered += u64::from(answered(call) || delivered(call));
    }
    counted.few = counted.attempts < 100;
    rates.with_causes = (counted.attempts > 0).then_some(counted);
    rates
}

fn answered(call: &CallRecord) -> bool {
    call.answered.unwrap_or((200..300).contains(&call.sip_code))
}

fn delivered(call: &CallRecord) -> bool {
    match call.sip_code {
        486 | 600 | 480 | 487 | 603 | 607 => true,
        // A time-out before any ringing is the network's.
        408 => call.held > 0,
        _ => false,
    }
}
