//! Matches messages to transactions (RFC 3261 sections 17.1.3, 17.2.3 and 9.2),
//! owns them, their bytes and their timers.

use std::collections::VecDeque;
use std::time::Instant;

use super::hop::{write_ack, write_cancel};
use super::machine::{
    AckAction, InviteClient, InviteServer, NonInviteClient, NonInviteServer, ResponseAction, State,
    TimerAction,
};
use super::table::{Cancelling, Index, Machine, Slot, Transaction, live};
use super::types::{
    Branch, CancelOutcome, ClientTx, Config, Event, Handle, Key, Origin, Received, ServerTx, Sink,
    Target, TxError,
};
use crate::build::{MessageBuilder, ResponseHead, reason_phrase};
use crate::hash::KeyedHash;
use crate::msg::{Message, Parser};
use crate::name::Method;
use crate::pages::Pages;
use crate::wheel::Wheel;

/// Buffers kept for reuse, and how much of one is worth keeping.
const POOL_LEN: usize = 4_096;
/// What a new one has room for: nearly every message. Only those at work are as
/// large; what a lingering transaction keeps is cut to its length.
const FRESH: usize = 2_048;
const POOL_CAPACITY: usize = 16 * 1024;

/// Owns all transactions of one thread. `P` is the caller's handle of a peer:
/// transport, address and connection.
///
/// Every call that may send takes a [`Sink`]. After
/// [`handle_timeout`](Self::handle_timeout) and
/// [`peer_lost`](Self::peer_lost), drain [`poll_event`](Self::poll_event).
pub struct TransactionLayer<P> {
    config: Config,
    hash: KeyedHash,
    branches: u64,
    slots: Pages<Slot<P>>,
    free: Vec<u32>,
    index: Index,
    /// One timer for each slot.
    timers: Wheel,
    events: VecDeque<Event>,
    pool: Vec<Vec<u8>>,
    parser: Parser,
}

impl<P> std::fmt::Debug for TransactionLayer<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionLayer")
            .field("live", &(self.slots.len() - self.free.len()))
            .finish_non_exhaustive()
    }
}

impl<P: Clone> TransactionLayer<P> {
    /// An empty layer. `seed` must be unpredictable and of this layer alone: it
    /// keys the match table and makes the branches.
    pub fn new(config: Config, seed: [u8; 16]) -> Self {
        Self {
            config,
            hash: KeyedHash::from_seed(seed),
            branches: 0,
            slots: Pages::default(),
            free: Vec::new(),
            index: Index::default(),
            timers: Wheel::default(),
            events: VecDeque::new(),
            pool: Vec::new(),
            parser: Parser::new(config.limits),
        }
    }

    /// Transactions held, lingering ones included.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether no transaction is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A fresh branch for a client request.
    pub fn branch(&mut self) -> Branch {
        self.branches += 1;
        let mut h = self.hash.start();
        h.write(b"branch");
        h.write(&self.branches.to_le_bytes());
        Branch::new(h.finish128())
    }

    /// An empty buffer out of the pool; give it to [`request`](Self::request) or
    /// [`respond`](Self::respond), or back by [`recycle`](Self::recycle).
    pub fn buffer(&mut self) -> Vec<u8> {
        self.pool.pop().unwrap_or_else(|| Vec::with_capacity(FRESH))
    }

    /// Takes a buffer back.
    pub fn recycle(&mut self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if (FRESH..=POOL_CAPACITY).contains(&capacity) && self.pool.len() < POOL_LEN {
            buffer.clear();
            self.pool.push(buffer);
        }
    }

    // ----- what arrives -----------------------------------------------------

    /// A parsed message arrived.
    pub fn receive(
        &mut self,
        now: Instant,
        origin: &Origin<P>,
        message: &Message<'_>,
        sink: &mut impl Sink<P>,
    ) -> Received {
        self.receive_as(now, self.key(message), origin, message, sink)
    }

    /// As [`receive`](Self::receive), with what [`key`](Self::key) said of the same
    /// message.
    pub fn receive_as(
        &mut self,
        now: Instant,
        key: Key,
        origin: &Origin<P>,
        message: &Message<'_>,
        sink: &mut impl Sink<P>,
    ) -> Received {
        match message.status() {
            Some(status) => self.receive_response(now, key, message, status, sink),
            None => self.receive_request(now, key, origin, message, sink),
        }
    }

    /// What a message is matched by, for [`known_peer`](Self::known_peer) and
    /// [`receive_as`](Self::receive_as).
    pub fn key(&self, message: &Message<'_>) -> Key {
        let method = message.method();
        match message.via().branch {
            _ if message.is_request() => Key(Some(self.server_key(message, method))),
            branch => Key(branch.map(|branch| self.client_key(branch, method))),
        }
    }

    /// The peer of the transaction that a message belongs to already, if it does: a
    /// request as a retransmission, the ACK to a refusal, or the CANCEL of a live
    /// INVITE; a response as the answer to a request of ours. A server that admits
    /// only some messages asks this before it judges one.
    pub fn known_peer(&self, key: Key, message: &Message<'_>) -> Option<&P> {
        let own = || self.index.get(&key.0?);
        let index = if message.is_request() && message.method() == Method::Cancel {
            self.index.get(&self.server_key(message, Method::Invite)).or_else(own)
        } else {
            own()
        }?;
        self.slots[*index as usize].tx.as_ref().map(|tx| &tx.peer)
    }

    /// Sends the last response once more: a back-to-back user agent passes each
    /// repeated 2xx on. `false` if the transaction is over or nothing was sent.
    pub fn repeat(&self, tx: ServerTx, sink: &mut impl Sink<P>) -> bool {
        match live(&self.slots, tx.0) {
            Some(slot) if !slot.sent.is_empty() => {
                sink.transmit(&slot.peer, &slot.sent);
                true
            }
            _ => false,
        }
    }

    fn receive_response(
        &mut self,
        now: Instant,
        key: Key,
        message: &Message<'_>,
        status: u16,
        sink: &mut impl Sink<P>,
    ) -> Received {
        let Some(key) = key.0 else { return Received::Stray };
        let Some(&index) = self.index.get(&key) else { return Received::Stray };
        let handle = self.handle(index);
        let Some(tx) = self.slots[index as usize].tx.as_mut() else { return Received::Stray };
        let (tag, quiet) = (tx.tag, tx.quiet);
        let action = match &mut tx.machine {
            Machine::InviteClient(m) => m.handle_response(status, now),
            Machine::NonInviteClient(m) => m.handle_response(status, now),
            Machine::InviteServer(_) | Machine::NonInviteServer(_) => return Received::Stray,
        };
        let deferred = tx.cancelling == Cancelling::WhenProvisional && status < 200;
        let mut done = Vec::new();
        match action {
            ResponseAction::Drop => {}
            ResponseAction::AckAgain if tx.sent.is_empty() => {}
            ResponseAction::AckAgain => sink.transmit(&tx.peer, &tx.sent),
            ResponseAction::Deliver => {
                // Answered, a request is sent no more; a lingering transaction need
                // not hold it.
                if status >= 200 {
                    done = std::mem::take(&mut tx.sent);
                }
            }
            ResponseAction::DeliverAndAck => {
                let invite = std::mem::take(&mut tx.sent);
                let mut ack = self.pool.pop().unwrap_or_else(|| Vec::with_capacity(FRESH));
                if write_ack(&mut self.parser, &invite, message, &mut ack) {
                    sink.transmit(&tx.peer, &ack);
                }
                tx.sent = ack;
                self.recycle(invite);
            }
        }
        self.recycle(done);
        if deferred {
            self.send_cancel(now, index, sink);
        }
        self.reschedule(now, index);
        match action {
            ResponseAction::Deliver | ResponseAction::DeliverAndAck if !quiet => {
                Received::Response { tx: ClientTx(handle), tag }
            }
            _ => Received::Absorbed,
        }
    }

    fn receive_request(
        &mut self,
        now: Instant,
        key: Key,
        origin: &Origin<P>,
        message: &Message<'_>,
        sink: &mut impl Sink<P>,
    ) -> Received {
        let method = message.method();
        let Some(key) = key.0 else { return Received::Stray };
        if let Some(&index) = self.index.get(&key) {
            return self.receive_known(now, index, method, sink);
        }
        if method == Method::Ack {
            return Received::Ack { invite: None };
        }
        if self.len() >= self.config.max_transactions {
            return Received::Full;
        }
        let machine = if method == Method::Invite {
            Machine::InviteServer(InviteServer::new(
                self.config.timers,
                origin.reliability,
                self.config.retransmit_2xx,
            ))
        } else {
            Machine::NonInviteServer(NonInviteServer::new(self.config.timers, origin.reliability))
        };
        let mut request = self.buffer();
        request.extend_from_slice(message.bytes());
        let head = ResponseHead::new(self.buffer(), message, origin.source);
        let handle = self.insert(Transaction {
            key,
            peer: origin.peer.clone(),
            reliability: origin.reliability,
            tag: 0,
            machine,
            sent: Vec::new(),
            request,
            head,
            cancelling: Cancelling::No,
            quiet: false,
            cancel_reason: Vec::new(),
        });
        let tx = ServerTx(handle);
        if method == Method::Cancel {
            let invite_key = self.server_key(message, Method::Invite);
            let invite = self
                .index
                .get(&invite_key)
                .map(|&index| (ServerTx(self.handle(index)), self.tag_at(index)));
            return Received::Cancel { tx, invite };
        }
        Received::Request { tx }
    }

    fn receive_known(
        &mut self,
        now: Instant,
        index: u32,
        method: Method<'_>,
        sink: &mut impl Sink<P>,
    ) -> Received {
        let handle = self.handle(index);
        let Some(tx) = self.slots[index as usize].tx.as_mut() else { return Received::Absorbed };
        let tag = tx.tag;
        let again = match &mut tx.machine {
            Machine::InviteServer(m) if method == Method::Ack => {
                let action = m.handle_ack(now);
                self.reschedule(now, index);
                return match action {
                    AckAction::Absorb => Received::Absorbed,
                    AckAction::Confirmed => Received::Confirmed { tx: ServerTx(handle), tag },
                    AckAction::Deliver => Received::Ack { invite: Some((ServerTx(handle), tag)) },
                };
            }
            Machine::InviteServer(m) => m.handle_retransmission(),
            Machine::NonInviteServer(m) => m.handle_retransmission(),
            Machine::InviteClient(_) | Machine::NonInviteClient(_) => false,
        };
        if again && !tx.sent.is_empty() {
            sink.transmit(&tx.peer, &tx.sent);
        }
        Received::Absorbed
    }

    // ----- what is sent -----------------------------------------------------

    /// Sends a request in a new client transaction (not for ACK to a 2xx, which has
    /// none: send that one yourself). `request` holds the whole message with
    /// `branch` in its topmost Via; `tag` comes back with every response.
    ///
    /// # Errors
    /// [`TxError::Full`], or [`TxError::Malformed`] if the bytes do not start with
    /// a method.
    pub fn request(
        &mut self,
        now: Instant,
        to: Target<P>,
        branch: &Branch,
        request: Vec<u8>,
        tag: u64,
        sink: &mut impl Sink<P>,
    ) -> Result<ClientTx, TxError> {
        self.start_client(now, to, branch.as_bytes(), request, tag, sink)
    }

    fn start_client(
        &mut self,
        now: Instant,
        to: Target<P>,
        branch: &[u8],
        request: Vec<u8>,
        tag: u64,
        sink: &mut impl Sink<P>,
    ) -> Result<ClientTx, TxError> {
        let Target { peer: to, reliability } = to;
        let space = memchr::memchr(b' ', &request).ok_or(TxError::Malformed)?;
        let method = Method::from_bytes(&request[..space]);
        debug_assert!(
            memchr::memmem::find(&request, branch).is_some(),
            "the request must carry the branch it is sent under"
        );
        let key = self.client_key(branch, method);
        if self.len() >= self.config.max_transactions {
            return Err(TxError::Full);
        }
        let timers = self.config.timers;
        let machine = if method == Method::Invite {
            Machine::InviteClient(InviteClient::new(timers, reliability, now))
        } else {
            Machine::NonInviteClient(NonInviteClient::new(timers, reliability, now))
        };
        sink.transmit(&to, &request);
        let handle = self.insert(Transaction {
            key,
            peer: to,
            reliability,
            tag,
            machine,
            sent: request,
            request: Vec::new(),
            head: ResponseHead::default(),
            cancelling: Cancelling::No,
            quiet: false,
            cancel_reason: Vec::new(),
        });
        self.reschedule(now, handle.index);
        Ok(ClientTx(handle))
    }

    /// Sends a response the caller wrote.
    ///
    /// # Errors
    /// [`TxError::Gone`], [`TxError::State`] after a final response (a 2xx after a
    /// 2xx is allowed), [`TxError::Malformed`] if it is no response.
    pub fn respond(
        &mut self,
        now: Instant,
        tx: ServerTx,
        response: Vec<u8>,
        sink: &mut impl Sink<P>,
    ) -> Result<(), TxError> {
        let status = match response.get(..12) {
            Some([b'S', b'I', b'P', b'/', b'2', b'.', b'0', b' ', a, b, c, b' ']) => {
                crate::text::parse_u16(&[*a, *b, *c]).ok_or(TxError::Malformed)?
            }
            _ => return Err(TxError::Malformed),
        };
        let slot = self.live_mut(tx.0).ok_or(TxError::Gone)?;
        match &mut slot.machine {
            Machine::InviteServer(m) => m.handle_send(status, now),
            Machine::NonInviteServer(m) => m.handle_send(status, now),
            Machine::InviteClient(_) | Machine::NonInviteClient(_) => return Err(TxError::Gone),
        }
        .map_err(|_| TxError::State)?;
        sink.transmit(&slot.peer, &response);
        // A final response is kept for as long as it may be asked for again, which is
        // a hundred times as long as it took.
        let (kept, spare) =
            if status >= 200 { (response[..].into(), response) } else { (response, Vec::new()) };
        let old = std::mem::replace(&mut slot.sent, kept);
        let done = (status >= 200)
            .then(|| (std::mem::take(&mut slot.request), std::mem::take(&mut slot.head)));
        self.recycle(old);
        self.recycle(spare);
        if let Some((request, head)) = done {
            self.recycle(request);
            self.recycle(head.into_buffer());
        }
        self.reschedule(now, tx.0.index);
        Ok(())
    }

    /// Writes and sends a response to the retained request: Via (with `received`
    /// and `rport`), From, To with `to_tag`, Call-ID, CSeq, then what `write` adds
    /// and ends.
    ///
    /// # Errors
    /// As [`respond`](Self::respond); [`TxError::State`] also when the final
    /// response has been sent, since the request is no longer kept.
    pub fn reply(
        &mut self,
        now: Instant,
        tx: ServerTx,
        status: u16,
        to_tag: Option<&[u8]>,
        sink: &mut impl Sink<P>,
        write: impl FnOnce(MessageBuilder<'_>),
    ) -> Result<(), TxError> {
        let response = self.compose(tx, status, to_tag, write)?;
        self.respond(now, tx, response, sink)
    }

    /// As [`reply`](Self::reply), but leaves it to the caller when to
    /// [`respond`](Self::respond) with it.
    ///
    /// # Errors
    /// As [`reply`](Self::reply).
    pub fn compose(
        &mut self,
        tx: ServerTx,
        status: u16,
        to_tag: Option<&[u8]>,
        write: impl FnOnce(MessageBuilder<'_>),
    ) -> Result<Vec<u8>, TxError> {
        let mut out = self.buffer();
        let slot = live(&self.slots, tx.0).ok_or(TxError::Gone)?;
        if slot.request.is_empty() {
            return Err(TxError::State);
        }
        let reason = reason_phrase(status);
        write(MessageBuilder::response_from(&mut out, &slot.head, status, reason, to_tag));
        Ok(out)
    }

    /// Cancels an INVITE: now, or with its first provisional response. The layer
    /// makes the CANCEL and absorbs its answers; the INVITE ends by its own final
    /// response (487) or by [`Event::Timeout`]. `reason` is a `Reason` value.
    pub fn cancel(
        &mut self,
        now: Instant,
        tx: ClientTx,
        reason: Option<&[u8]>,
        sink: &mut impl Sink<P>,
    ) -> CancelOutcome {
        let Some(slot) = self.live_mut(tx.0) else { return CancelOutcome::TooLate };
        let Machine::InviteClient(machine) = &slot.machine else { return CancelOutcome::TooLate };
        let state = machine.state();
        let waiting = matches!(state, State::Trying | State::Proceeding);
        if waiting && slot.cancelling == Cancelling::Sent {
            return CancelOutcome::Sent;
        }
        slot.cancel_reason.clear();
        slot.cancel_reason.extend_from_slice(reason.unwrap_or_default());
        match state {
            State::Trying => {
                slot.cancelling = Cancelling::WhenProvisional;
                CancelOutcome::Deferred
            }
            State::Proceeding => {
                self.send_cancel(now, tx.0.index, sink);
                CancelOutcome::Sent
            }
            _ => CancelOutcome::TooLate,
        }
    }

    fn send_cancel(&mut self, now: Instant, index: u32, sink: &mut impl Sink<P>) {
        let mut out = self.buffer();
        let Some(slot) = self.slots[index as usize].tx.as_mut() else { return };
        slot.cancelling = Cancelling::Sent;
        let mut branch = [0u8; 256];
        let Some(len) =
            write_cancel(&mut self.parser, &slot.sent, &slot.cancel_reason, &mut out, &mut branch)
        else {
            return;
        };
        if let Machine::InviteClient(machine) = &mut slot.machine {
            machine.handle_cancelled(now);
        }
        let to = Target { peer: slot.peer.clone(), reliability: slot.reliability };
        // Full means the CANCEL is not retransmitted; the INVITE still times out.
        if let Ok(tx) = self.start_client(now, to, &branch[..len], out, 0, sink)
            && let Some(cancel) = self.live_mut(tx.0)
        {
            cancel.quiet = true;
        }
        self.reschedule(now, index);
    }

    /// The dialog saw the ACK to the 2xx of this INVITE: stop repeating it. Only
    /// needed with [`Config::retransmit_2xx`].
    pub fn acked(&mut self, tx: ServerTx) {
        if let Some(slot) = self.live_mut(tx.0)
            && let Machine::InviteServer(machine) = &mut slot.machine
        {
            machine.handle_ack_2xx();
        }
    }

    // ----- what the caller may ask --------------------------------------------

    /// Attaches a number that comes back with everything about this transaction.
    pub fn set_tag(&mut self, tx: ServerTx, tag: u64) {
        if let Some(slot) = self.live_mut(tx.0) {
            slot.tag = tag;
        }
    }

    /// The retained request of a server transaction, until its final response.
    pub fn request_bytes(&self, tx: ServerTx) -> Option<&[u8]> {
        let slot = live(&self.slots, tx.0)?;
        (!slot.request.is_empty()).then_some(&slot.request[..])
    }

    /// Whether nothing has been sent yet in a server transaction.
    pub fn is_unanswered(&self, tx: ServerTx) -> bool {
        live(&self.slots, tx.0).is_some_and(|slot| slot.sent.is_empty())
    }

    /// The peer a server transaction answers to.
    pub fn server_peer(&self, tx: ServerTx) -> Option<&P> {
        live(&self.slots, tx.0).map(|slot| &slot.peer)
    }

    /// The peer a client transaction was sent to.
    pub fn client_peer(&self, tx: ClientTx) -> Option<&P> {
        live(&self.slots, tx.0).map(|slot| &slot.peer)
    }

    /// State of a server transaction; [`State::Terminated`] once it is gone.
    pub fn server_state(&self, tx: ServerTx) -> State {
        match live(&self.slots, tx.0).map(|slot| &slot.machine) {
            Some(Machine::InviteServer(m)) => m.state(),
            Some(Machine::NonInviteServer(m)) => m.state(),
            _ => State::Terminated,
        }
    }

    /// State of a client transaction; [`State::Terminated`] once it is gone.
    pub fn client_state(&self, tx: ClientTx) -> State {
        match live(&self.slots, tx.0).map(|slot| &slot.machine) {
            Some(Machine::InviteClient(m)) => m.state(),
            Some(Machine::NonInviteClient(m)) => m.state(),
            _ => State::Terminated,
        }
    }

    /// Gives up a client transaction silently: later responses are stray. For a
    /// failover whose timer is shorter than 64 T1.
    pub fn abandon(&mut self, tx: ClientTx) {
        if live(&self.slots, tx.0).is_some() {
            self.remove(tx.0.index);
        }
    }

    /// Gives up a server transaction that will never be answered: its request,
    /// should it come again, is a new one.
    pub fn forget(&mut self, tx: ServerTx) {
        if live(&self.slots, tx.0).is_some() {
            self.remove(tx.0.index);
        }
    }

    /// The transport lost every peer that `is_lost`: their client transactions
    /// that still wait end with [`Event::TransportError`].
    pub fn peer_lost(&mut self, is_lost: impl Fn(&P) -> bool) {
        for index in 0..self.slots.len() as u32 {
            let handle = self.handle(index);
            let Some(tx) = &self.slots[index as usize].tx else { continue };
            let waiting = match &tx.machine {
                Machine::InviteClient(m) => matches!(m.state(), State::Trying | State::Proceeding),
                Machine::NonInviteClient(m) => m.state() != State::Completed,
                Machine::InviteServer(_) | Machine::NonInviteServer(_) => false,
            };
            if !waiting || !is_lost(&tx.peer) {
                continue;
            }
            if !tx.quiet {
                let tag = tx.tag;
                self.events.push_back(Event::TransportError { tx: ClientTx(handle), tag });
            }
            self.remove(index);
        }
    }

    // ----- time -----------------------------------------------------------------

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Time has reached `now`: retransmits and ends what is due.
    pub fn handle_timeout(&mut self, now: Instant, sink: &mut impl Sink<P>) {
        while let Some(index) = self.timers.expire(now) {
            let handle = self.handle(index);
            let Some(tx) = self.live_mut(handle) else { continue };
            let (tag, quiet) = (tx.tag, tx.quiet);
            match tx.machine.handle_timeout(now) {
                TimerAction::Nothing => {}
                TimerAction::Retransmit => sink.transmit(&tx.peer, &tx.sent),
                TimerAction::Ended => {
                    self.remove(index);
                    continue;
                }
                TimerAction::TimedOut => {
                    let event = match tx.machine {
                        Machine::InviteClient(_) | Machine::NonInviteClient(_) => {
                            Event::Timeout { tx: ClientTx(handle), tag }
                        }
                        Machine::InviteServer(_) | Machine::NonInviteServer(_) => {
                            Event::AckTimeout { tx: ServerTx(handle), tag }
                        }
                    };
                    if !quiet {
                        self.events.push_back(event);
                    }
                    self.remove(index);
                    continue;
                }
            }
            self.reschedule(now, index);
        }
    }

    /// The next thing that happened without a message.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    // ----- inside ---------------------------------------------------------------

    fn client_key(&self, branch: &[u8], method: Method<'_>) -> u128 {
        let mut h = self.hash.start();
        h.write(b"c");
        h.field(branch);
        h.field(method.as_bytes());
        h.finish128()
    }

    fn server_key(&self, message: &Message<'_>, method: Method<'_>) -> u128 {
        let method = if method == Method::Ack { Method::Invite } else { method };
        let via = message.via();
        let mut h = self.hash.start();
        if let (true, Some(branch)) = (via.has_magic_cookie(), via.branch) {
            h.write(b"s");
            h.field(branch);
            h.field_lower(via.host);
            h.field(&via.port.unwrap_or(5060).to_le_bytes());
        } else {
            // RFC 2543 matching. The To tag is left out: the ACK carries the one of
            // our response, and a re-INVITE differs by CSeq anyway.
            h.write(b"o");
            h.field(message.request_uri());
            h.field(message.from_tag().unwrap_or_default());
            h.field(message.call_id());
            h.field(&message.cseq().number.to_le_bytes());
            h.field(via.raw);
        }
        h.field(method.as_bytes());
        h.finish128()
    }

    fn handle(&self, index: u32) -> Handle {
        Handle { index, generation: self.slots[index as usize].generation }
    }

    fn tag_at(&self, index: u32) -> u64 {
        self.slots[index as usize].tx.as_ref().map_or(0, |tx| tx.tag)
    }

    fn live_mut(&mut self, handle: Handle) -> Option<&mut Transaction<P>> {
        self.slots
            .get_mut(handle.index as usize)
            .filter(|slot| slot.generation == handle.generation)
            .and_then(|slot| slot.tx.as_mut())
    }

    fn insert(&mut self, tx: Transaction<P>) -> Handle {
        let key = tx.key;
        let index = match self.free.pop() {
            Some(index) => index,
            None => self.slots.push(Slot { generation: 0, tx: None }) as u32,
        };
        self.slots[index as usize].tx = Some(tx);
        self.index.insert(key, index);
        self.handle(index)
    }

    fn remove(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        let Some(tx) = slot.tx.take() else { return };
        slot.generation = slot.generation.wrapping_add(1);
        self.timers.disarm(index);
        self.free.push(index);
        if self.index.get(&tx.key) == Some(&index) {
            self.index.remove(&tx.key);
        }
        self.recycle(tx.sent);
        self.recycle(tx.request);
        self.recycle(tx.head.into_buffer());
    }

    fn reschedule(&mut self, now: Instant, index: u32) {
        let Some(tx) = &self.slots[index as usize].tx else { return };
        match tx.machine.poll_timeout() {
            Some(at) => self.timers.arm(now, index, at),
            None => self.timers.disarm(index),
        }
    }
}
