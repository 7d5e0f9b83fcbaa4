//! The addresses a shard serves, and what passes through siblings because they
//! have it.

use super::{LISTENERS, Shard};
use crate::fleet::wire::Message;
use crate::outbox::Outbox;
use crate::peer::Peer;
use feed::cdr::CdrEvent;
use feed::record::Transport;
use mio::net::TcpListener;
use mio::unix::SourceFd;
use mio::{Interest, Token};
use sip::Sink;
use socket2::Socket;
use std::os::fd::AsRawFd;
use std::time::Instant;

use super::super::mmsg::Receiver;
use super::{Job, Moment};

/// What a packet from another shard counts as, bytes.
const PACKET: usize = 1_280;

impl Shard {
    pub(super) fn serve(&mut self, listener: u8, socket: Socket) {
        match self.config.listeners[usize::from(listener)].transport {
            Transport::Udp => {
                self.udp.push((listener, socket.into()));
                self.throttle.again();
            }
            Transport::Tcp => self.tcp.push((listener, TcpListener::from_std(socket.into()))),
        }
        self.watch();
    }

    pub(super) fn release(&mut self, listener: u8) {
        if let Some(at) = self.udp.iter().position(|(l, _)| *l == listener) {
            // What waits there nobody else would answer.
            self.receive(at, &mut Receiver::new());
            self.udp.remove(at);
        }
        self.tcp.retain(|(l, _)| *l != listener);
        self.watch();
    }

    /// Looks at what waits, and has the sockets throw away what is not to be read.
    pub(super) fn throttle(&mut self, dry: bool) {
        let now = Instant::now();
        if self.throttle.is_due(now, dry) {
            let handed = self.parts.ports[self.parts.index].waiting();
            let (bytes, lost) = self.throttle.look(now, &self.udp);
            let waiting = if dry { 0 } else { bytes + handed * PACKET };
            self.core.looked(Self::moment(), waiting, lost);
        }
        self.throttle.set(self.core.pass(), &self.udp);
    }

    /// Gives each listening socket the token of its place.
    fn watch(&mut self) {
        let registry = self.parts.poll.registry();
        let fds = self.udp.iter().map(|(_, socket)| socket.as_raw_fd());
        let fds = fds.chain(self.tcp.iter().map(|(_, socket)| socket.as_raw_fd()));
        for (token, fd) in (LISTENERS..).zip(fds) {
            // One that is new was not registered yet.
            let _ = registry.deregister(&mut SourceFd(&fd));
            let watched = registry.register(&mut SourceFd(&fd), Token(token), Interest::READABLE);
            if let Err(error) = watched {
                tracing::error!(%error, "a socket cannot be watched");
            }
        }
    }

    /// Whether a datagram cannot leave from here, but from a sibling.
    pub(super) fn leaves_elsewhere(&self, to: &Peer) -> bool {
        let serving = &self.parts.shared.serving;
        to.transport == Transport::Udp
            && !serving.holds(to.listener)
            && serving.reaches(to.listener)
    }

    /// Has siblings send what leaves from their addresses.
    pub(super) fn relay_out(&self, out: &Outbox) {
        let Some(fleet) = &self.parts.fleet else { return };
        for (to, bytes) in out.unsent().filter(|(to, _)| self.leaves_elsewhere(to)) {
            fleet.transmit(to, bytes);
        }
    }

    /// Has a sibling send it that holds the connection; `false` if none does.
    pub(super) fn relay_tcp(&self, to: Peer, bytes: &[u8]) -> bool {
        self.parts.fleet.as_ref().is_some_and(|fleet| fleet.transmit(to, bytes))
    }

    /// Sends what a sibling wants sent, if this edge can: it never comes back.
    pub(super) fn relay_in(&mut self, to: Peer, bytes: Vec<u8>) {
        if to.transport == Transport::Udp {
            if self.parts.shared.serving.holds(to.listener) {
                self.out.transmit(&to, &bytes);
            }
            return;
        }
        match (self.by_addr.get(&to.addr), self.parts.directory.owner(to.addr)) {
            (Some(_), _) => self.transmit_tcp(to, &bytes),
            (None, Some(owner)) if owner != self.parts.index => {
                self.parts.ports[owner].send(Job::Relay { to, bytes });
            }
            (None, _) => {}
        }
    }

    /// A packet that came to a sibling.
    pub(super) fn stray(&mut self, at: Moment, from: Peer, bytes: &[u8]) {
        self.parts.trace.arrived(at.wall_us, from, bytes);
        self.with_core(|core, world, out| core.handle_stray(at, from, bytes, world, out));
    }

    /// Asks siblings about a packet of a transaction that this core does not know.
    pub(super) fn ask_siblings(&mut self, from: Peer, bytes: &[u8]) {
        if self.core.take_stray()
            && let Some(fleet) = &self.parts.fleet
        {
            fleet.tell(&Message::Arrived(from, bytes.to_vec()));
        }
    }

    /// Tells siblings what must outlive this edge.
    pub(super) fn tell_siblings(&mut self) {
        let ended = std::mem::take(&mut self.out.ended);
        let claimed = std::mem::take(&mut self.out.claimed);
        let Some(fleet) = self.parts.fleet.as_ref().filter(|fleet| fleet.is_heard()) else {
            return;
        };
        for id in claimed {
            fleet.tell(&Message::Copied(id));
        }
        for cdr in ended {
            fleet.tell(&Message::Ended(cdr));
        }
        for record in &self.out.cdrs {
            if matches!(record.event, CdrEvent::Answer { .. }) {
                fleet.tell_one(Message::Record(Box::new(record.clone())));
            }
        }
        for change in &self.out.bindings {
            fleet.tell(&Message::Binding(change.clone()));
        }
        for copy in &self.out.copies {
            fleet.tell(&Message::DialogRecord(copy.clone()));
        }
    }
}
