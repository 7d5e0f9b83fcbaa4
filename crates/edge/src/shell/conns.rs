//! TCP connections of one shard, and who owns which.

use super::locked;
use arc_swap::ArcSwap;
use mio::net::TcpStream;
use sip::stream::StreamFramer;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// What a peer may leave unread before its connection is closed.
const MAX_UNSENT: usize = 1024 * 1024;
/// The same for a stranger: many challenges, but little memory.
const MAX_UNSENT_STRANGER: usize = 32 * 1024;

/// Parts of the directory: as a connection comes or goes, one is copied.
const PARTS: usize = 1024;

type Owners = HashMap<SocketAddr, usize>;

/// Which shard owns the connection to an address. Read without a lock; written
/// only as connections come and go.
#[derive(Debug)]
pub(super) struct Directory {
    parts: Box<[ArcSwap<Owners>]>,
    /// Keyed anew in each process: far addresses are chosen by strangers.
    hash: RandomState,
    writers: Mutex<()>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| ArcSwap::default()).collect(),
            hash: RandomState::new(),
            writers: Mutex::new(()),
        }
    }
}

impl Directory {
    fn part(&self, addr: SocketAddr) -> &ArcSwap<Owners> {
        &self.parts[(self.hash.hash_one(addr) % PARTS as u64) as usize]
    }

    pub fn owner(&self, addr: SocketAddr) -> Option<usize> {
        self.part(addr).load().get(&addr).copied()
    }

    pub fn set(&self, addr: SocketAddr, owner: usize) {
        let _one_writer = locked(&self.writers);
        let part = self.part(addr);
        let mut owners = HashMap::clone(&part.load());
        owners.insert(addr, owner);
        part.store(Arc::new(owners));
    }

    pub fn forget(&self, addr: SocketAddr, owner: usize) {
        let _one_writer = locked(&self.writers);
        let part = self.part(addr);
        let mut owners = HashMap::clone(&part.load());
        if owners.get(&addr) == Some(&owner) {
            owners.remove(&addr);
            part.store(Arc::new(owners));
        }
    }
}

/// One connection.
pub(super) struct Conn {
    pub stream: TcpStream,
    pub addr: SocketAddr,
    pub listener: u8,
    pub framer: StreamFramer,
    unsent: Vec<u8>,
    max_unsent: usize,
    connected: bool,
}

impl Conn {
    pub fn new(
        stream: TcpStream,
        addr: SocketAddr,
        listener: u8,
        limits: sip::Limits,
        connected: bool,
    ) -> Self {
        // Without it a small message waits for the acknowledgement of the last.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            addr,
            listener,
            framer: StreamFramer::new(limits),
            unsent: Vec::new(),
            max_unsent: MAX_UNSENT,
            connected,
        }
    }

    /// Whether it is to be trusted with less.
    pub fn stranger(&mut self, is: bool) {
        self.max_unsent = if is { MAX_UNSENT_STRANGER } else { MAX_UNSENT };
    }

    /// Sends now or when the peer reads again.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.unsent.len() + bytes.len() > self.max_unsent {
            return Err(io::Error::new(io::ErrorKind::WriteZero, "the peer does not read"));
        }
        self.unsent.extend_from_slice(bytes);
        self.flush()
    }

    /// The socket can be written to.
    pub fn writable(&mut self) -> io::Result<()> {
        if !self.connected {
            if let Some(error) = self.stream.take_error()? {
                return Err(error);
            }
            match self.stream.peer_addr() {
                Ok(_) => self.connected = true,
                Err(e) if e.kind() == io::ErrorKind::NotConnected => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.connected {
            return Ok(());
        }
        let mut sent = 0;
        let result = loop {
            if sent == self.unsent.len() {
                break Ok(());
            }
            match self.stream.write(&self.unsent[sent..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => sent += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        self.unsent.drain(..sent);
        result
    }

    /// Reads what is there into the framer, at most one buffer full; `Ok(0)`
    /// when there is no more for now.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    self.framer.push(&buffer[..n]);
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}
