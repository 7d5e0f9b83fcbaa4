//! A new call's place on the trunks it crosses.

use super::call::Call;
use super::write::CALL_HEADER;
use super::{Core, Moment};
use crate::alarm::AlarmKind;
use crate::limits::{Full, Place};
use crate::outbox::Outbox;
use domain::routing::{Dialled, Source};
use domain::{CdrId, TrunkId};
use feed::cdr::{CdrEvent, HungUpBy};
use feed::record::TrunkRecord;
use feed::snapshot::Snapshot;
use sip::{HeaderName, Message, ServerTx};

/// Longest that a trunk is left alone because it asked for it.
const LONGEST_SECONDS: i64 = 3600;

pub(super) fn is_for_help(call: &Call) -> bool {
    matches!(call.digits, Some(Dialled::Emergency(_)))
}

impl Core {
    /// The place of a call on the trunk that brings it; none for a phone's. What stands behind
    /// a tenant's gateway may call for help, which no limit refuses.
    pub(super) fn place_of_caller(
        &self,
        source: Source,
        help: bool,
        at: Moment,
        world: &Snapshot,
    ) -> Result<Option<Place>, Full> {
        let Source::Trunk(id) = source else { return Ok(None) };
        let Some(trunk) = world.trunk_record(id) else { return Ok(None) };
        self.place(trunk, help, at).map(Some)
    }

    /// A place on a trunk it might go by; `None` if that one is to be passed over.
    pub(super) fn place_on(
        &mut self,
        index: u32,
        trunk: &TrunkRecord,
        at: Moment,
    ) -> Option<Place> {
        let help = is_for_help(&self.calls[index as usize]);
        let place = if help || self.shared.health.may_ask(trunk.id, at.wall_us) {
            self.place(trunk, help, at).ok()
        } else {
            None
        };
        self.calls[index as usize].passed_over |= place.is_none();
        place
    }

    fn place(&self, trunk: &TrunkRecord, help: bool, at: Moment) -> Result<Place, Full> {
        let place = self.shared.limits.begin(trunk, help, at.wall_us);
        if let Err(full) = place {
            let mut id = [0; 36];
            let id = &*trunk.id.0.hyphenated().encode_lower(&mut id);
            let detail = match full {
                Full::Calls => "as many calls at once as it may",
                Full::Rate => "as many new calls a second as it may",
            };
            self.shared.alarms.raise(AlarmKind::TrunkAtLimit, id, detail, at.wall_us);
        }
        place
    }

    /// A trunk answered 503 and said for how long it is not to be asked (RFC 3261
    /// section 21.5.4).
    pub(super) fn leave_alone(&self, trunk: TrunkId, m: &Message<'_>, at: Moment) {
        let value = m.header(HeaderName::RetryAfter).unwrap_or_default();
        let digits = value.iter().take_while(|b| b.is_ascii_digit()).take(9);
        let seconds = digits.fold(0, |sum, b| sum * 10 + i64::from(b - b'0'));
        if seconds > 0 {
            let until = at.wall_us + seconds.min(LONGEST_SECONDS) * 1_000_000;
            self.shared.health.hold(trunk, until);
        }
    }

    /// Refuses a call whose record has begun, and ends that.
    pub(super) fn refuse_begun(
        &mut self,
        at: Moment,
        tx: ServerTx,
        (cdr, tag): (CdrId, [u8; 16]),
        status: u16,
        reason: &str,
        out: &mut Outbox,
    ) {
        let mut id = [0; 36];
        let id = &*cdr.0.hyphenated().encode_lower(&mut id);
        let wait = if status == 503 { self.retry_after() } else { 0 };
        self.trying(at, tx, cdr, out);
        let _ = self.layer.reply(at.now, tx, status, Some(&tag), out, |b| {
            let b = b.header_named(CALL_HEADER, id);
            match status {
                503 => b.header_fmt(HeaderName::RetryAfter, format_args!("{wait}")).finish(),
                _ => b.finish(),
            }
        });
        let end = CdrEvent::End {
            at_us: at.wall_us,
            answered_at_us: None,
            sip_code: status,
            reason: reason.to_owned(),
            hung_up_by: HungUpBy::Exchange,
            attempts: Vec::new(),
        };
        self.record(cdr, end, out);
    }
}
