//! The addresses of the fleet: which of them this edge serves.
//!
//! Every edge of a fleet lists the same addresses in the same order. Some are its
//! home; the others it takes over while nobody serves them, and gives back as
//! soon as their own edge is there again. Two edges on one machine see each other
//! by the bind that fails; a floating address can be bound only where it is.

use super::shard::{Job, Port};
use super::sockets;
use crate::core::Shared;
use feed::record::Transport;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often an address that is not held is tried.
const RETRY: Duration = Duration::from_millis(50);
/// After how many tries it is looked whether held addresses are still ours.
const LOOK: u32 = 20;

/// Who binds the addresses, and hands the sockets to the shards.
pub(super) struct Plan {
    /// UDP first, then TCP, each in the configuration's order.
    pub listeners: Vec<(Transport, SocketAddr)>,
    pub ports: Vec<Port>,
    pub shared: Arc<Shared>,
}

/// What the thread is told; it ends with the sender.
pub(super) enum Told {
    /// Addresses may be free, or wanted back: look now.
    Look,
}

impl Plan {
    /// Begins to serve an address.
    pub fn take(&mut self, listener: u8) -> io::Result<()> {
        let (transport, address) = &mut self.listeners[usize::from(listener)];
        let bound = sockets::bind(*transport, *address, self.ports.len())?;
        *address = bound.address;
        for (port, socket) in self.ports.iter().zip(bound.sockets) {
            port.send(Job::Serve { listener, socket });
        }
        self.shared.serving.set_held(listener, true);
        Ok(())
    }

    fn give_up(&self, listener: u8) {
        self.shared.serving.set_held(listener, false);
        for port in &self.ports {
            port.send(Job::Release(listener));
        }
    }

    /// Keeps at it on a thread of its own.
    pub fn start(self) -> io::Result<(Sender<Told>, JoinHandle<()>)> {
        let (sender, told) = channel();
        let thread =
            std::thread::Builder::new().name("addresses".into()).spawn(move || self.run(&told))?;
        Ok((sender, thread))
    }

    fn run(mut self, told: &Receiver<Told>) {
        let mut turns = 0u32;
        loop {
            match told.recv_timeout(RETRY) {
                Ok(Told::Look) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            turns = turns.wrapping_add(1);
            for listener in self.all() {
                self.look_at(listener, turns.is_multiple_of(LOOK));
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = u8> + use<> {
        (0u8..=u8::MAX).take(self.listeners.len())
    }

    fn look_at(&mut self, listener: u8, closely: bool) {
        let serving = &self.shared.serving;
        let (transport, address) = self.listeners[usize::from(listener)];
        let wanted = serving.is_home(listener) || !serving.is_claimed(listener);
        if !serving.holds(listener) {
            if wanted && self.take(listener).is_ok() {
                let home = self.shared.serving.is_home(listener);
                tracing::info!(?transport, %address, home, "an address was taken");
            }
        } else if !wanted || (closely && !sockets::is_local(address.ip())) {
            tracing::info!(?transport, %address, "an address was given up");
            self.give_up(listener);
        }
    }
}
