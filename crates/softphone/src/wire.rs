//! Sockets: one UDP socket and one TCP listener on the same address, and TCP
//! connections either way.

use std::collections::HashMap;
use std::net::SocketAddr;

use sip::{Frame, Limits, Reliability, StreamFramer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Transport;

/// A peer as transactions know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    pub transport: Transport,
    pub address: SocketAddr,
}

impl Peer {
    pub fn reliability(&self) -> Reliability {
        match self.transport {
            Transport::Udp => Reliability::Unreliable,
            Transport::Tcp => Reliability::Reliable,
        }
    }
}

/// What came from the wire.
#[derive(Debug)]
pub(crate) enum Incoming {
    Message(Peer, Vec<u8>),
    Lost(Peer),
    Accepted(SocketAddr, TcpStream),
}

/// The sockets of one user agent. Dropping it closes them all.
#[derive(Debug)]
pub(crate) struct Wire {
    pub local: SocketAddr,
    /// The same socket as the one that is read, without the runtime's memory of
    /// whether it may be written: that knows nothing yet when the first message
    /// leaves, and would lose it.
    udp: std::net::UdpSocket,
    connections: HashMap<SocketAddr, mpsc::UnboundedSender<Vec<u8>>>,
    incoming: mpsc::UnboundedSender<Incoming>,
    tasks: JoinSet<()>,
}

impl Wire {
    /// Binds UDP and TCP to the same port; port 0 picks one that is free for both.
    pub async fn bind(
        address: SocketAddr,
    ) -> std::io::Result<(Self, mpsc::UnboundedReceiver<Incoming>)> {
        let (udp, tcp) = bind_both(address).await?;
        let local = udp.local_addr()?;
        let reader = UdpSocket::from_std(udp.try_clone()?)?;
        let (incoming, receiver) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(read_udp(reader, incoming.clone()));
        let accepted = incoming.clone();
        tasks.spawn(async move {
            while let Ok((stream, from)) = tcp.accept().await {
                if accepted.send(Incoming::Accepted(from, stream)).is_err() {
                    return;
                }
            }
        });
        Ok((Self { local, udp, connections: HashMap::new(), incoming, tasks }, receiver))
    }

    /// Takes a connection that the listener accepted.
    pub fn accept(&mut self, from: SocketAddr, stream: TcpStream) {
        let (sender, queue) = mpsc::unbounded_channel();
        self.connections.insert(from, sender);
        self.tasks.spawn(converse(from, stream, queue, self.incoming.clone()));
    }

    /// Whether a TCP connection with that peer stands (or is being made).
    pub fn is_connected(&self, peer: &Peer) -> bool {
        self.connections.get(&peer.address).is_some_and(|queue| !queue.is_closed())
    }

    /// Forgets a connection that ended.
    pub fn forget(&mut self, peer: &Peer) {
        self.connections.remove(&peer.address);
        while self.tasks.try_join_next().is_some() {}
    }

    /// Sends, connecting first where TCP needs it. UDP that the kernel will not
    /// take now is lost, as UDP may be.
    pub fn send(&mut self, to: &Peer, bytes: &[u8]) {
        match to.transport {
            Transport::Udp => {
                if let Err(error) = self.udp.send_to(bytes, to.address) {
                    tracing::debug!(%error, to = %to.address, "datagram not sent");
                }
            }
            Transport::Tcp => {
                if let Some(queue) = self.connections.get(&to.address)
                    && queue.send(bytes.to_vec()).is_ok()
                {
                    return;
                }
                let (sender, queue) = mpsc::unbounded_channel();
                // The receiver is alive in the next line.
                let _ = sender.send(bytes.to_vec());
                self.connections.insert(to.address, sender);
                let (incoming, to, ip) = (self.incoming.clone(), to.address, self.local.ip());
                self.tasks.spawn(async move {
                    match connect(ip, to).await {
                        Ok(stream) => converse(to, stream, queue, incoming).await,
                        Err(error) => {
                            tracing::debug!(%error, %to, "no connection");
                            let peer = Peer { transport: Transport::Tcp, address: to };
                            let _ = incoming.send(Incoming::Lost(peer));
                        }
                    }
                });
            }
        }
    }
}

/// From the agent's own address, so that a peer recognises it by address.
async fn connect(ip: std::net::IpAddr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if ip.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind((ip, 0).into())?;
    socket.connect(to).await
}

async fn bind_both(address: SocketAddr) -> std::io::Result<(std::net::UdpSocket, TcpListener)> {
    let mut attempts_left = 20;
    loop {
        let udp = std::net::UdpSocket::bind(address)?;
        udp.set_nonblocking(true)?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            // Somebody has the TCP side of the port the kernel picked for UDP.
            Err(_) if address.port() == 0 && attempts_left > 0 => attempts_left -= 1,
            Err(error) => return Err(error),
        }
    }
}

async fn read_udp(udp: UdpSocket, incoming: mpsc::UnboundedSender<Incoming>) {
    let mut buffer = vec![0; 65_535];
    loop {
        // An error is an ICMP answer to something sent earlier: transactions
        // time out by themselves.
        let Ok((length, address)) = udp.recv_from(&mut buffer).await else { continue };
        let peer = Peer { transport: Transport::Udp, address };
        if incoming.send(Incoming::Message(peer, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

async fn converse(
    address: SocketAddr,
    mut stream: TcpStream,
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    incoming: mpsc::UnboundedSender<Incoming>,
) {
    let peer = Peer { transport: Transport::Tcp, address };
    // Without it a message waits up to 40 ms for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "messages may be late");
    }
    let (mut reader, mut writer) = stream.split();
    let mut framer = StreamFramer::new(Limits::default());
    let mut buffer = vec![0; 16_384];
    'open: loop {
        tokio::select! {
            outgoing = queue.recv() => match outgoing {
                Some(bytes) if writer.write_all(&bytes).await.is_ok() => {}
                _ => break,
            },
            read = reader.read(&mut buffer) => {
                let Ok(length @ 1..) = read else { break };
                framer.push(&buffer[..length]);
                loop {
                    match framer.next_frame() {
                        Ok(Some(Frame::Ping)) => {
                            if writer.write_all(b"\r\n").await.is_err() {
                                break 'open;
                            }
                        }
                        Ok(Some(Frame::Pong)) => {}
                        Ok(Some(Frame::Message(message))) => {
                            let message = Incoming::Message(peer, message.to_vec());
                            if incoming.send(message).is_err() {
                                break 'open;
                            }
                        }
                        Ok(None) => break,
                        Err(_) => break 'open,
                    }
                }
            }
        }
    }
    let _ = incoming.send(Incoming::Lost(peer));
}
