//! Where a program that is told its address may listen.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below what the system gives to sockets that ask for any port (32,768 on Linux), above
/// what well-known services have.
const FIRST: u32 = 10_000;
const PORTS: u32 = 20_000;

/// An address at `host` that is free for UDP and TCP, for a program to bind in a moment.
/// No other socket of this machine gets its port by chance meanwhile, and it is not given
/// out twice by this process before all others were.
///
/// # Errors
/// The system's, where `host` is no address of this machine.
pub fn free_address(host: impl Into<IpAddr>) -> io::Result<SocketAddr> {
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    let next = NEXT.get_or_init(|| {
        let mut seed = [0; 4];
        // Two programs that begin alike only try the same ports in turn.
        let _ = getrandom::fill(&mut seed);
        AtomicU32::new(u32::from_le_bytes(seed))
    });
    let host = host.into();
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..PORTS {
        let port = FIRST + next.fetch_add(1, Ordering::Relaxed) % PORTS;
        let address = SocketAddr::new(host, port as u16);
        match UdpSocket::bind(address).and_then(|_| TcpListener::bind(address)) {
            Ok(_) => return Ok(address),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn no_port_is_given_twice_nor_one_that_is_taken() {
        let one = free_address(Ipv4Addr::LOCALHOST).expect("a port");
        let two = free_address(Ipv4Addr::LOCALHOST).expect("another");
        assert_ne!(one, two);
        assert!(one.port() < 32_768 && two.port() < 32_768);
        assert!(free_address(Ipv4Addr::new(192, 0, 2, 1)).is_err(), "no address of ours");
    }
}
