//! The kernel's floor: as many datagrams in and out as a call has, and nothing
//! read. Whatever carries calls costs at least this.

#![expect(unsafe_code, reason = "recvmmsg and sendmmsg have no safe face in the standard library")]

use std::io;
use std::mem;
use std::net::{SocketAddrV4, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

/// Most datagrams of one system call.
const BATCH: usize = 32;

/// Longest datagram that is forwarded whole.
const LONGEST: usize = 4096;

#[derive(clap::Args)]
pub struct Args {
    /// Where the caller's side sends to
    #[arg(long, default_value = "127.0.0.1:5060", value_name = "ADDRESS:PORT")]
    listen: SocketAddrV4,
    /// Where datagrams toward the other side leave from
    #[arg(long, default_value = "127.0.0.1:5061", value_name = "ADDRESS:PORT")]
    leave: SocketAddrV4,
    /// The other side
    #[arg(long, default_value = "127.0.0.1:5070", value_name = "ADDRESS:PORT")]
    to: SocketAddrV4,
}

/// Forwards until it is killed.
pub fn run(args: &Args) -> io::Result<()> {
    let near = socket(args.listen)?;
    let far = socket(args.leave)?;
    let fds = [near.as_raw_fd(), far.as_raw_fd()];
    let to = native(args.to);
    let mut caller: Option<libc::sockaddr_in> = None;
    let mut batch = Batch::new();
    let mut waiting = fds.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    loop {
        // SAFETY: `waiting` is a live array of two entries.
        if unsafe { libc::poll(waiting.as_mut_ptr(), 2, -1) } < 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        }
        for side in 0..2 {
            if waiting[side].revents == 0 {
                continue;
            }
            let received = batch.receive(fds[side]);
            if received == 0 {
                continue;
            }
            let to = if side == 0 {
                caller = Some(batch.addresses[received - 1]);
                to
            } else {
                let Some(caller) = caller else { continue };
                caller
            };
            batch.send(fds[1 - side], received, to);
        }
    }
}

fn socket(address: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    let size: libc::c_int = 4 << 20;
    // SAFETY: the value is a live int of the length given.
    let set = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            (&raw const size).cast(),
            mem::size_of_val(&size) as libc::socklen_t,
        )
    };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(socket) }
}

fn native(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
        sin_zero: [0; 8],
    }
}

/// Buffers and headers for one system call. The headers point into the boxes
/// beside them, which never move or grow.
struct Batch {
    _buffers: Box<[[u8; LONGEST]]>,
    vectors: Box<[libc::iovec]>,
    addresses: Box<[libc::sockaddr_in]>,
    headers: Box<[libc::mmsghdr]>,
}

impl Batch {
    fn new() -> Self {
        let mut buffers = vec![[0; LONGEST]; BATCH].into_boxed_slice();
        let mut vectors: Box<[libc::iovec]> = buffers
            .iter_mut()
            .map(|b| libc::iovec { iov_base: b.as_mut_ptr().cast(), iov_len: LONGEST })
            .collect();
        let nowhere = native(SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, 0));
        let mut addresses = vec![nowhere; BATCH].into_boxed_slice();
        let headers = vectors
            .iter_mut()
            .zip(&mut addresses)
            .map(|(vector, address)| {
                // SAFETY: all zero is a header that points nowhere.
                let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
                header.msg_hdr.msg_iov = ptr::from_mut(vector);
                header.msg_hdr.msg_iovlen = 1;
                header.msg_hdr.msg_name = ptr::from_mut(address).cast();
                header
            })
            .collect();
        Self { _buffers: buffers, vectors, addresses, headers }
    }

    fn receive(&mut self, fd: RawFd) -> usize {
        for (vector, header) in self.vectors.iter_mut().zip(&mut self.headers) {
            vector.iov_len = LONGEST;
            header.msg_hdr.msg_namelen = mem::size_of::<libc::sockaddr_in>() as libc::socklen_t;
        }
        // SAFETY: `BATCH` headers, each pointing to a live buffer and address.
        let received = unsafe {
            libc::recvmmsg(
                fd,
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        usize::try_from(received).unwrap_or(0)
    }

    /// Sends the first `count` datagrams as they were received. What the kernel
    /// does not take is lost, as datagrams are.
    fn send(&mut self, fd: RawFd, count: usize, to: libc::sockaddr_in) {
        for at in 0..count {
            self.vectors[at].iov_len = self.headers[at].msg_len as usize;
            self.addresses[at] = to;
        }
        let mut sent = 0;
        while sent < count {
            let left = &mut self.headers[sent..count];
            // SAFETY: the headers left over, each pointing to a live buffer and address.
            let taken =
                unsafe { libc::sendmmsg(fd, left.as_mut_ptr(), left.len() as libc::c_uint, 0) };
            match usize::try_from(taken) {
                Ok(taken) if taken > 0 => sent += taken,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_batch_carries_datagrams_as_they_came() {
        let here = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);
        let address = |socket: &UdpSocket| match socket.local_addr() {
            Ok(std::net::SocketAddr::V4(address)) => address,
            other => panic!("an IPv4 address: {other:?}"),
        };
        let forwarder = socket(here).expect("a free port");
        let from = UdpSocket::bind(here).expect("a free port");
        let to = UdpSocket::bind(here).expect("a free port");
        for text in [&b"one"[..], b"", b"three"] {
            from.send_to(text, address(&forwarder)).expect("loopback takes it");
        }
        let mut batch = Batch::new();
        let received = batch.receive(forwarder.as_raw_fd());
        assert_eq!(received, 3);
        assert_eq!(batch.addresses[2].sin_port, address(&from).port().to_be());
        batch.send(forwarder.as_raw_fd(), received, native(address(&to)));
        let mut buffer = [0; 16];
        for text in [&b"one"[..], b"", b"three"] {
            let (length, sender) = to.recv_from(&mut buffer).expect("it was sent");
            assert_eq!(&buffer[..length], text);
            assert_eq!(sender, address(&forwarder).into());
        }
    }
}
