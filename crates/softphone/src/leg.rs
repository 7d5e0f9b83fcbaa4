//! The state of one call inside the task: dialog (RFC 3261 section 12) and media.

use std::net::SocketAddr;
use std::time::Instant;

use sip::{HeaderName, Message, MessageBuilder, Method, ServerTx, Uri};
use tokio::sync::watch;

use crate::call::{CallEnd, CallPhase, CallView, EndedBy, HeaderText, Media};
use crate::rtp::RtpSession;
use crate::sdp::{self, Flow};
use crate::wire::Peer;

/// The transaction that made the call.
#[derive(Debug)]
pub(crate) enum Invite {
    Outgoing { tx: Option<sip::ClientTx>, uri: String, tries: u8 },
    Incoming { tx: ServerTx },
}

#[derive(Debug)]
pub(crate) struct Leg {
    pub view: watch::Sender<CallView>,
    pub media: watch::Receiver<Media>,
    pub rtp: RtpSession,
    pub started: Instant,
    pub call_id: String,
    /// Our From (or To) value with its tag.
    pub local: String,
    pub local_tag: String,
    /// The other side's value, with its tag once known.
    pub remote: String,
    pub remote_target: String,
    pub routes: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub cseq: u32,
    pub peer: Peer,
    pub invite: Invite,
    /// A 2xx to a re-INVITE that waits for its ACK.
    pub unacknowledged: Option<ServerTx>,
    pub answer_at: Option<Instant>,
    pub cancelled: bool,
    pub flow: Flow,
    pub sdp_version: u32,
    pub peer_media: Option<SocketAddr>,
    pub peer_flow: Flow,
}

/// The parties of a dialog and how to get there.
pub(crate) struct Parties {
    pub local: String,
    pub local_tag: String,
    pub remote: String,
    pub remote_target: String,
}

impl Leg {
    pub fn new(
        call_id: String,
        parties: Parties,
        peer: Peer,
        invite: Invite,
        (rtp, media): (RtpSession, watch::Receiver<Media>),
    ) -> Self {
        let view = CallView {
            call_id: call_id.clone(),
            outgoing: matches!(invite, Invite::Outgoing { .. }),
            phase: CallPhase::Trying,
            held: false,
            held_by_peer: false,
            statuses: Vec::new(),
            answered_after_ms: None,
            end: None,
            invite: HeaderText::default(),
            response: HeaderText::default(),
        };
        let Parties { local, local_tag, remote, remote_target } = parties;
        Self {
            view: watch::Sender::new(view),
            media,
            rtp,
            started: Instant::now(),
            call_id,
            local,
            local_tag,
            remote,
            remote_target,
            routes: Vec::new(),
            headers: Vec::new(),
            cseq: 0,
            peer,
            invite,
            unacknowledged: None,
            answer_at: None,
            cancelled: false,
            flow: Flow::SendRecv,
            sdp_version: 1,
            peer_media: None,
            peer_flow: Flow::SendRecv,
        }
    }

    pub fn phase(&self) -> CallPhase {
        self.view.borrow().phase
    }

    fn ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// A status of the INVITE passed, either way.
    pub fn passed(&self, status: u16) {
        let ms = self.ms();
        self.view.send_modify(|view| {
            view.statuses.push((status, ms));
            if (180..200).contains(&status) && view.phase < CallPhase::Ringing {
                view.phase = CallPhase::Ringing;
            }
        });
    }

    /// Answered: media starts.
    pub fn talking(&self) {
        let ms = self.ms();
        self.steer();
        self.view.send_modify(|view| {
            view.phase = CallPhase::Talking;
            view.answered_after_ms = Some(ms);
        });
    }

    pub fn end(&self, by: EndedBy, status: u16) {
        let after_ms = self.ms();
        self.view.send_modify(|view| {
            view.phase = CallPhase::Ended;
            view.end.get_or_insert(CallEnd { by, status, after_ms });
        });
    }

    /// Sends media where, and only if, both sides want it.
    pub fn steer(&self) {
        self.rtp.steer(self.peer_media, self.flow.sends() && self.peer_flow.receives());
    }

    pub fn take_sdp(&mut self, message: &Message<'_>) {
        if !message.has_sdp() {
            return;
        }
        if let Some((to, flow)) = sdp::read(message.body()) {
            self.peer_media = to;
            self.peer_flow = flow;
            // An offer that does not want our media is a hold; as an answer to our
            // own hold, recvonly says nothing of the kind.
            let held = !flow.receives();
            self.view.send_modify(|view| view.held_by_peer = held);
        }
    }

    pub fn take_target(&mut self, message: &Message<'_>) {
        if let Ok(Some(contact)) = message.contact()
            && let Some(address) = contact.addr()
        {
            self.remote_target = String::from_utf8_lossy(address.uri).into_owned();
        }
    }

    /// The route set: as received in a request, reversed from a response (RFC 3261
    /// section 12.1).
    pub fn take_routes(&mut self, message: &Message<'_>) {
        self.routes = message
            .header_values(HeaderName::RecordRoute)
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect();
        if !message.is_request() {
            self.routes.reverse();
        }
    }

    /// The address the next request goes to, where it is told as one.
    pub fn target_address(&self) -> Option<SocketAddr> {
        let uri = match self.routes.first() {
            Some(route) => sip::NameAddr::parse(route.as_bytes())?.uri,
            None => self.remote_target.as_bytes(),
        };
        let Uri::Sip(uri) = Uri::parse(uri).ok()? else { return None };
        Some((uri.host_ip()?, uri.port.unwrap_or(5060)).into())
    }

    pub fn line(&self) -> DialogLine {
        DialogLine {
            target: self.remote_target.clone(),
            routes: self.routes.clone(),
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq: self.cseq,
        }
    }
}

/// What every request within a dialog begins with.
pub(crate) struct DialogLine {
    target: String,
    routes: Vec<String>,
    from: String,
    to: String,
    call_id: String,
    pub cseq: u32,
}

impl DialogLine {
    pub fn write<'b>(
        &self,
        out: &'b mut Vec<u8>,
        method: Method<'_>,
        sent_by: SocketAddr,
        transport: &str,
        branch: &[u8],
    ) -> MessageBuilder<'b> {
        let mut builder = MessageBuilder::request(out, method, self.target.as_bytes())
            .via(transport, sent_by.to_string(), branch)
            .header(HeaderName::MaxForwards, "70");
        for route in &self.routes {
            builder = builder.header(HeaderName::Route, route);
        }
        builder
            .header(HeaderName::From, &self.from)
            .header(HeaderName::To, &self.to)
            .header(HeaderName::CallId, &self.call_id)
            .cseq(self.cseq, method)
    }
}
