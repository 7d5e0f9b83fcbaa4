//! The Call-IDs by which one call is known on its legs.

use super::Core;
use super::dialog::Side;
use crate::alarm::AlarmKind;
use domain::CdrId;
use feed::cdr::CdrEvent;

impl Core {
    /// Every Call-ID that a call may have which has this one on any leg: the one
    /// it came in with, and what each key makes of it on the far side.
    pub(crate) fn legs(&self, call_id: &[u8]) -> Vec<Vec<u8>> {
        let mut near = Vec::new();
        let mapped = sip::seal::is_mapped_call_id(call_id)
            && self.keys.other_call_id(Side::Callee, 0, call_id, &mut near).is_ok();
        if !mapped {
            near = call_id.to_vec();
        }
        let mut legs = vec![near];
        for key in self.keys.ids() {
            let mut far = Vec::new();
            if self.keys.other_call_id(Side::Caller, key, &legs[0], &mut far).is_ok() {
                legs.push(far);
            }
        }
        legs
    }

    /// Somebody calls for help: whoever watches the house hears of it at once.
    pub(super) fn emergency_began(&self, id: CdrId, event: &CdrEvent, at_us: i64) {
        let CdrEvent::Begin { caller, callee, caller_user, number, .. } = event else { return };
        let subject = caller_user.map_or_else(|| id.to_string(), |user| user.to_string());
        let number = number.map(|n| n.to_string()).unwrap_or_default();
        let who = if caller_user.is_some() { "" } else { ", by a phone that proved nothing" };
        let detail = format_args!("call {id}: {caller} dialled {callee}, number {number}{who}");
        self.shared.alarms.event(AlarmKind::EmergencyCall, &subject, detail, at_us);
    }
}
