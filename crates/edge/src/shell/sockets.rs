//! Binding: every shard has a socket of its own at each address.

use feed::record::Transport;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// What a UDP socket may hold while its shard is busy.
const UDP_BUFFER: usize = 4 * 1024 * 1024;

/// A socket for each shard at one address.
pub(super) struct Bound {
    /// Where they are bound: with the port that a wish for any port got.
    pub address: SocketAddr,
    pub sockets: Vec<Socket>,
}

/// Binds one address, for this process alone: the first socket is bound without
/// `SO_REUSEPORT`, so that it fails where any other is, and only then allows the
/// other shards' beside it. Another process of the same user that does likewise
/// cannot join.
pub(super) fn bind(transport: Transport, address: SocketAddr, shards: usize) -> io::Result<Bound> {
    let first = open(transport, address, false)?;
    let address =
        first.local_addr()?.as_socket().ok_or(io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    let mut sockets = vec![first];
    if shards > 1 {
        sockets[0].set_reuse_port(true)?;
    }
    for _ in 1..shards {
        sockets.push(open(transport, address, true)?);
    }
    Ok(Bound { address, sockets })
}

/// Whether the machine has this address: a floating one comes and goes.
pub(super) fn is_local(ip: IpAddr) -> bool {
    ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok()
}

fn open(transport: Transport, address: SocketAddr, share: bool) -> io::Result<Socket> {
    let (kind, protocol) = match transport {
        Transport::Udp => (Type::DGRAM, Protocol::UDP),
        Transport::Tcp => (Type::STREAM, Protocol::TCP),
    };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if share {
        socket.set_reuse_port(true)?;
    }
    if transport == Transport::Tcp {
        // A restarted edge takes its port back although old connections linger.
        socket.set_reuse_address(true)?;
    } else {
        // The system may allow less; that is no reason not to start.
        let _ = socket.set_recv_buffer_size(UDP_BUFFER);
        let _ = socket.set_send_buffer_size(UDP_BUFFER);
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    if transport == Transport::Tcp {
        socket.listen(1024)?;
    }
    Ok(socket)
}
