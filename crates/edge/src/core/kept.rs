//! Answers that wait for the disk: who says BYE is told 200 only once the call's
//! end is kept (design decision 2). The transaction stays unanswered meanwhile,
//! so that repeated requests are absorbed; no other request ever waits.

use super::{Core, Moment};
use crate::outbox::Outbox;
use sip::{MessageBuilder, ServerTx};
use std::collections::VecDeque;
use std::time::Instant;

/// Answers in the order of the records they wait for.
#[derive(Default)]
pub(super) struct KeptBack(VecDeque<Answer>);

struct Answer {
    /// The last record that must be on disk first, as [`Outbox::recorded`] counts.
    record: u64,
    server: ServerTx,
    bytes: Vec<u8>,
    /// When nobody listens any more: 64 T1 (RFC 3261 section 17.1.2.2, timer F).
    until: Instant,
}

impl Core {
    /// The first `records` records of this outbox are on disk: sends the answers
    /// that waited for them.
    pub fn journalled(&mut self, at: Moment, records: u64, out: &mut Outbox) {
        while let Some(answer) = self.kept_back.0.pop_front_if(|a| a.record <= records) {
            // A transaction that is gone has nobody to tell.
            let _ = self.layer.respond(at.now, answer.server, answer.bytes, out);
        }
    }

    /// How many records must be on disk before the next answer can leave; `None`
    /// if none waits.
    pub fn awaits_record(&self) -> Option<u64> {
        self.kept_back.0.front().map(|a| a.record)
    }

    /// Answers once all records so far are on disk.
    pub(super) fn reply_once_kept(
        &mut self,
        at: Moment,
        server: ServerTx,
        status: u16,
        out: &Outbox,
        write: impl FnOnce(MessageBuilder<'_>),
    ) {
        let Ok(bytes) = self.layer.compose(server, status, None, write) else { return };
        let until = at.now + self.config.timers.t1 * 64;
        self.kept_back.0.push_back(Answer { record: out.recorded(), server, bytes, until });
    }

    /// This record will never be on disk: who waits for it is never answered.
    pub fn record_lost(&mut self, record: u64) {
        while let Some(at) = self.kept_back.0.iter().rposition(|a| a.record == record) {
            if let Some(answer) = self.kept_back.0.remove(at) {
                self.layer.forget(answer.server);
                self.layer.recycle(answer.bytes);
            }
        }
    }

    /// When [`Core::give_up_answers`] is due.
    pub(super) fn answers_due(&self) -> Option<Instant> {
        self.kept_back.0.front().map(|a| a.until)
    }

    /// A disk that does not come back must not fill the memory with transactions
    /// whose senders have given up.
    pub(super) fn give_up_answers(&mut self, at: Moment) {
        while let Some(answer) = self.kept_back.0.pop_front_if(|a| a.until <= at.now) {
            self.layer.forget(answer.server);
            self.layer.recycle(answer.bytes);
        }
    }
}
