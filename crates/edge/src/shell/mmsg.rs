//! Many datagrams with one system call: `recvmmsg(2)` and `sendmmsg(2)`.
//!
//! The only place of the edge that speaks to the system in its own structures.
//! What goes in and comes out are slices and [`SocketAddr`]s.

#![expect(unsafe_code, reason = "the standard library has no call for many datagrams")]

use crate::peer::Peer;
use libc::{iovec, mmsghdr, sockaddr_storage, socklen_t};
use std::io;
use std::mem::{size_of, size_of_val, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::null_mut;

/// Datagrams taken with one call.
pub(super) const RECEIVED: usize = 32;
/// Datagrams given away with one call.
const SENT: usize = 64;
/// The longest datagram there is, and as much again that slots do not start at
/// addresses which share their places in the processor's caches.
const SLOT: usize = 65_536 + 1_088;

const ADDRESS: socklen_t = size_of::<sockaddr_storage>() as socklen_t;

/// Bytes that wait at a socket, with the system's own share, and the packets it has
/// thrown away since it was opened, by a filter too; `None` if the system does not
/// say (`SO_MEMINFO`).
pub(super) fn waiting(socket: BorrowedFd<'_>) -> Option<(usize, u32)> {
    // `linux/sock_diag.h`: SK_MEMINFO_RMEM_ALLOC, SK_MEMINFO_DROPS, SK_MEMINFO_VARS.
    const WAITING: usize = 0;
    const DROPS: usize = 8;
    let mut told = [0u32; 9];
    let mut len = size_of_val(&told) as socklen_t;
    // SAFETY: `told` is writable memory of `len` bytes, which the system fills at
    // most.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            told.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    (done == 0 && len as usize == size_of_val(&told)).then(|| (told[WAITING] as usize, told[DROPS]))
}

/// What one call of the system is given: a head for each datagram, which points
/// to its address and its part, and the part to the bytes.
struct Table<const N: usize> {
    addresses: Box<[sockaddr_storage; N]>,
    parts: Box<[iovec; N]>,
    heads: Box<[mmsghdr; N]>,
}

impl<const N: usize> Table<N> {
    fn new() -> Self {
        // SAFETY: all three are plain structures of the system, for which zeros
        // are a value (null pointers, lengths of nothing).
        let (addresses, parts, heads) = unsafe { (zeroed(), zeroed(), zeroed()) };
        let mut table =
            Self { addresses: Box::new(addresses), parts: Box::new(parts), heads: Box::new(heads) };
        for n in 0..N {
            let head = &mut table.heads[n].msg_hdr;
            head.msg_name = (&raw mut table.addresses[n]).cast();
            head.msg_iov = &raw mut table.parts[n];
            head.msg_iovlen = 1;
        }
        table
    }
}

/// Reused memory for datagrams that arrive. Its pages come into being as
/// datagrams touch them.
pub(super) struct Receiver {
    bytes: Vec<u8>,
    table: Table<RECEIVED>,
    filled: usize,
}

// SAFETY: the pointers inside lead only to memory on the heap that this value
// owns, so they move to another thread with it.
unsafe impl Send for Receiver {}

impl Receiver {
    pub fn new() -> Self {
        let mut bytes = vec![0; SLOT * RECEIVED];
        let mut table = Table::new();
        for (part, slot) in table.parts.iter_mut().zip(bytes.chunks_exact_mut(SLOT)) {
            *part = iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT };
        }
        Self { bytes, table, filled: 0 }
    }

    /// Takes what waits at a socket that does not block, at most [`RECEIVED`]
    /// datagrams; fewer mean that no more wait.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        for head in self.table.heads.iter_mut() {
            head.msg_hdr.msg_namelen = ADDRESS;
        }
        self.filled = 0;
        loop {
            // SAFETY: `heads` holds RECEIVED valid heads, whose name and part
            // point to memory of the stated sizes that this value owns and nobody
            // else reads or writes during the call.
            let n = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    self.table.heads.as_mut_ptr(),
                    RECEIVED as libc::c_uint,
                    libc::MSG_DONTWAIT,
                    null_mut(),
                )
            };
            if let Ok(n) = usize::try_from(n) {
                self.filled = n.min(RECEIVED);
                return Ok(self.filled);
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    /// One of the datagrams that came last, and who sent it; `None` if that is no
    /// internet address.
    pub fn datagram(&self, n: usize) -> Option<(SocketAddr, &[u8])> {
        let head = self.table.heads[..self.filled].get(n)?;
        let from = read_address(&self.table.addresses[n], head.msg_hdr.msg_namelen)?;
        let start = n * SLOT;
        Some((from, &self.bytes[start..start + (head.msg_len as usize).min(SLOT)]))
    }
}

/// Reused memory for datagrams that leave.
pub(super) struct Sender {
    table: Table<SENT>,
}

// SAFETY: the pointers inside lead to memory of this value, except those to the
// datagrams' bytes, which are written and used only within one call of `send`.
unsafe impl Send for Sender {}

impl Sender {
    pub fn new() -> Self {
        Self { table: Table::new() }
    }

    /// Sends all of these through one socket that does not block, in order. What
    /// the system refuses is told to `failed` and lost like any datagram.
    pub fn send<'a>(
        &mut self,
        socket: BorrowedFd<'_>,
        packets: impl Iterator<Item = (Peer, &'a [u8])>,
        mut failed: impl FnMut(SocketAddr, io::Error),
    ) {
        let mut packets = packets.peekable();
        while packets.peek().is_some() {
            let mut count = 0;
            for (to, bytes) in packets.by_ref().take(SENT) {
                self.table.heads[count].msg_hdr.msg_namelen =
                    write_address(to.addr, &mut self.table.addresses[count]);
                // The system only reads what is sent.
                let base = bytes.as_ptr().cast_mut().cast();
                self.table.parts[count] = iovec { iov_base: base, iov_len: bytes.len() };
                count += 1;
            }
            let mut done = 0;
            while done < count {
                // SAFETY: the heads from `done` to `count` are valid; their names
                // and parts are this value's, and their bytes are borrowed for
                // 'a, longer than this call.
                let n = unsafe {
                    libc::sendmmsg(
                        socket.as_raw_fd(),
                        self.table.heads.as_mut_ptr().add(done),
                        (count - done) as libc::c_uint,
                        libc::MSG_DONTWAIT,
                    )
                };
                if let Ok(sent) = usize::try_from(n) {
                    // Never 0, but a loop must not hang on that.
                    done += sent.max(1);
                    continue;
                }
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    let head = &self.table.heads[done].msg_hdr;
                    if let Some(to) = read_address(&self.table.addresses[done], head.msg_namelen) {
                        failed(to, error);
                    }
                    done += 1;
                }
            }
        }
    }
}

fn read_address(from: &sockaddr_storage, len: socklen_t) -> Option<SocketAddr> {
    match i32::from(from.ss_family) {
        libc::AF_INET if len as usize >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: the family says which structure it is; the storage is large
            // enough and aligned for each of them.
            let v4 = unsafe { &*(&raw const *from).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::from((ip, u16::from_be(v4.sin_port))))
        }
        libc::AF_INET6 if len as usize >= size_of::<libc::sockaddr_in6>() => {
            // SAFETY: as above.
            let v6 = unsafe { &*(&raw const *from).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

fn write_address(addr: SocketAddr, to: &mut sockaddr_storage) -> socklen_t {
    match addr {
        SocketAddr::V4(addr) => {
            // SAFETY: the storage is large enough and aligned for each address.
            let v4 = unsafe { &mut *(&raw mut *to).cast::<libc::sockaddr_in>() };
            v4.sin_family = libc::AF_INET as libc::sa_family_t;
            v4.sin_port = addr.port().to_be();
            v4.sin_addr.s_addr = u32::from_ne_bytes(addr.ip().octets());
            v4.sin_zero = [0; 8];
            size_of::<libc::sockaddr_in>() as socklen_t
        }
        SocketAddr::V6(addr) => {
            // SAFETY: as above.
            let v6 = unsafe { &mut *(&raw mut *to).cast::<libc::sockaddr_in6>() };
            v6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            v6.sin6_port = addr.port().to_be();
            v6.sin6_flowinfo = addr.flowinfo();
            v6.sin6_addr.s6_addr = addr.ip().octets();
            v6.sin6_scope_id = addr.scope_id();
            size_of::<libc::sockaddr_in6>() as socklen_t
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::record::Transport;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;
    use std::time::Duration;

    fn socket(at: &str) -> UdpSocket {
        UdpSocket::bind(at).expect("a free port")
    }

    fn peer(addr: SocketAddr) -> Peer {
        Peer { transport: Transport::Udp, listener: 0, addr }
    }

    #[test]
    fn datagrams_cross_whole_in_order_and_with_their_senders() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let (a, b) = (socket(any), socket(any));
            b.set_nonblocking(true).expect("does not block");
            let to = peer(b.local_addr().expect("an address"));
            // More than one call takes, from no bytes to nearly the most there can be.
            let sent: Vec<Vec<u8>> = (0..70).map(|n| vec![n as u8; n * 7]).collect();
            let longest = vec![7; 60_000];
            let all = sent.iter().chain([&longest]);
            let mut sender = Sender::new();
            sender.send(a.as_fd(), all.clone().map(|p| (to, &p[..])), |_, e| panic!("{e}"));
            let mut receiver = Receiver::new();
            let mut came = Vec::new();
            loop {
                let n = match receiver.receive(b.as_fd()) {
                    Ok(n) => n,
                    Err(e) => {
                        assert_eq!(e.kind(), io::ErrorKind::WouldBlock);
                        break;
                    }
                };
                assert!((1..=RECEIVED).contains(&n));
                for at in 0..n {
                    let (from, bytes) = receiver.datagram(at).expect("a datagram");
                    assert_eq!(from, a.local_addr().expect("an address"));
                    came.push(bytes.to_vec());
                }
                assert!(receiver.datagram(n).is_none());
            }
            assert!(came.iter().eq(all), "{} of 71", came.len());
        }
    }

    #[test]
    fn a_socket_tells_what_waits_and_what_was_lost() {
        let (a, b) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
        a.connect(b.local_addr().expect("an address")).expect("connected");
        assert_eq!(waiting(b.as_fd()), Some((0, 0)));
        for _ in 0..10 {
            a.send(&[7; 600]).expect("sent");
        }
        let (bytes, lost) = waiting(b.as_fd()).expect("told");
        assert!((6_000..60_000).contains(&bytes), "{bytes}");
        assert_eq!(lost, 0);
        b.set_nonblocking(true).expect("does not block");
        assert_eq!(Receiver::new().receive(b.as_fd()).expect("ten"), 10);
        assert_eq!(waiting(b.as_fd()), Some((0, 0)));
        while waiting(b.as_fd()).expect("told").1 == 0 {
            a.send(&[7; 1_400]).expect("sent");
        }
    }

    #[test]
    fn a_datagram_that_cannot_leave_does_not_keep_the_others() {
        let (a, b) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
        b.set_read_timeout(Some(Duration::from_secs(5))).expect("a deadline");
        let to = peer(b.local_addr().expect("an address"));
        let no_way = peer("[2001:db8::1]:5060".parse().expect("an address"));
        let packets = [(to, &b"one"[..]), (no_way, b"two"), (to, b"three"), (no_way, b"four")];
        let mut refused = Vec::new();
        Sender::new().send(a.as_fd(), packets.into_iter(), |to, _| refused.push(to));
        assert_eq!(refused, [no_way.addr, no_way.addr]);
        for expect in [&b"one"[..], b"three"] {
            let mut buffer = [0; 16];
            let n = b.recv(&mut buffer).expect("it came");
            assert_eq!(&buffer[..n], expect);
        }
    }
}
