//! One call of the load, both of its ends.

use std::net::SocketAddr;
use std::time::Instant;

use sip::{ClientTx, HeaderName, Message, MessageBuilder, Method, NameAddr, ServerTx, Uri};

use super::engine::Path;

/// Which end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Caller,
    Callee,
}

/// What became of an established call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallReport {
    /// The exchange's own id of the call (`X-Meetpoint-Call-ID`).
    pub id: String,
    /// SIP Call-ID of the caller's leg.
    pub call_id: String,
    /// Whether the calling side was to hang up.
    pub hung_up_by_caller: bool,
    /// Final status of the re-INVITE; 408 for none in time.
    pub reinvite: u16,
    /// Final status of the BYE; 408 for none in time, 0 if it was never sent.
    pub bye: u16,
}

impl CallReport {
    /// Whether both requests went through.
    pub fn survived(&self) -> bool {
        (200..300).contains(&self.reinvite) && (200..300).contains(&self.bye)
    }
}

/// A dialog as one end sees it (RFC 3261 section 12).
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    pub path: Path,
    pub call_id: String,
    pub local: String,
    pub remote: String,
    pub target: String,
    pub cseq: u32,
}

impl Dialog {
    /// Follows the other side's Contact: where the next request goes.
    pub fn retarget(&mut self, m: &Message<'_>) {
        let Ok(Some(contact)) = m.contact() else { return };
        let Some(address) = contact.addr() else { return };
        self.target = String::from_utf8_lossy(address.uri).into_owned();
        let route = m.header_values(HeaderName::RecordRoute).next();
        let next = route.and_then(NameAddr::parse).map_or(address.uri, |r| r.uri);
        if let Ok(Uri::Sip(uri)) = Uri::parse(next)
            && let Some(ip) = uri.host_ip()
        {
            self.path.to = SocketAddr::new(ip, uri.port.unwrap_or(5060));
        }
    }

    pub fn write<'b>(
        &self,
        out: &'b mut Vec<u8>,
        method: Method<'_>,
        cseq: u32,
        sent_by: SocketAddr,
        branch: &[u8],
    ) -> MessageBuilder<'b> {
        MessageBuilder::request(out, method, self.target.as_bytes())
            .via("UDP", sent_by.to_string(), branch)
            .header(HeaderName::MaxForwards, "70")
            .header(HeaderName::From, &self.local)
            .header(HeaderName::To, &self.remote)
            .header(HeaderName::CallId, &self.call_id)
            .cseq(cseq, method)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not answered on both sides yet.
    Setup,
    /// Established; the re-INVITE is due at the time given.
    Talking,
    /// The re-INVITE is under way.
    Reinviting,
    /// It was answered; the BYE is due.
    Leaving,
    /// The BYE is under way.
    HangingUp,
    /// Over, one way or the other.
    Over,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub state: State,
    /// The exchange's id, from its answer.
    pub id: String,
    pub caller: Dialog,
    pub callee: Option<Dialog>,
    /// The caller's INVITE transaction.
    pub inviting: Option<ClientTx>,
    /// The callee's INVITE transaction, until it is acknowledged.
    pub ringing: Option<ServerTx>,
    pub answered: bool,
    pub acknowledged: bool,
    /// The end that re-INVITEs, and the one that hangs up.
    pub reinviter: End,
    pub leaver: End,
    pub bye_at: Option<Instant>,
    pub reinvite_status: u16,
    pub bye_status: u16,
}

impl Call {
    pub fn is_established(&self) -> bool {
        self.answered && self.acknowledged
    }

    pub fn dialog(&mut self, end: End) -> Option<&mut Dialog> {
        match end {
            End::Caller => Some(&mut self.caller),
            End::Callee => self.callee.as_mut(),
        }
    }

    pub fn report(&self) -> CallReport {
        CallReport {
            id: self.id.clone(),
            call_id: self.caller.call_id.clone(),
            hung_up_by_caller: self.leaver == End::Caller,
            reinvite: self.reinvite_status,
            bye: self.bye_status,
        }
    }
}
