//! Binding: every shard has a socket of its own at each address.

use super::EdgeError;
use feed::record::Transport;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// What a UDP socket may hold while its shard is busy.
const UDP_BUFFER: usize = 4 * 1024 * 1024;

/// The sockets of one shard, each with its listener's index.
pub(super) struct ShardSockets {
    pub udp: Vec<(u8, UdpSocket)>,
    pub tcp: Vec<(u8, TcpListener)>,
}

pub(super) struct Bound {
    /// UDP first, then TCP, each in the configuration's order.
    pub listeners: Vec<(Transport, SocketAddr)>,
    pub per_shard: Vec<ShardSockets>,
}

pub(super) fn bind(
    udp: &[SocketAddr],
    tcp: &[SocketAddr],
    shards: usize,
) -> Result<Bound, EdgeError> {
    let mut bound = Bound {
        listeners: Vec::new(),
        per_shard: (0..shards).map(|_| ShardSockets { udp: Vec::new(), tcp: Vec::new() }).collect(),
    };
    let wanted =
        udp.iter().map(|a| (Transport::Udp, *a)).chain(tcp.iter().map(|a| (Transport::Tcp, *a)));
    for (index, (transport, address)) in wanted.enumerate() {
        let failed = |source| EdgeError::Bind { address, source };
        let index = u8::try_from(index).map_err(|_| {
            failed(io::Error::new(io::ErrorKind::InvalidInput, "at most 256 addresses"))
        })?;
        // All shards share the port that the first one got.
        let mut address = address;
        for shard in &mut bound.per_shard {
            let socket = open(transport, address, shards > 1).map_err(failed)?;
            let local = socket
                .local_addr()
                .map_err(failed)?
                .as_socket()
                .ok_or_else(|| failed(io::ErrorKind::AddrNotAvailable.into()))?;
            address = local;
            match transport {
                Transport::Udp => shard.udp.push((index, socket.into())),
                Transport::Tcp => shard.tcp.push((index, socket.into())),
            }
        }
        bound.listeners.push((transport, address));
    }
    Ok(bound)
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
