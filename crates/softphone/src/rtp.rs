//! Real media: a PCMU tone, one packet every 20 ms (RFC 3550, RFC 3551).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::call::Media;

const PACKET: Duration = Duration::from_millis(20);
const SAMPLES: usize = 160;
/// Static payload type of PCMU (RFC 3551 table 4).
const PCMU: u8 = 0;
/// One period of a 400 Hz tone at 8,000 samples a second, mu-law (ITU-T G.711).
const TONE: [u8; 20] = tone();

/// Where to send and whether to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Direction {
    pub to: Option<SocketAddr>,
    pub sending: bool,
}

/// One side's media of one call. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct RtpSession {
    pub port: u16,
    direction: watch::Sender<Direction>,
    task: JoinHandle<()>,
}

impl RtpSession {
    /// Opens a socket and starts counting what arrives; nothing is sent before
    /// [`steer`](Self::steer).
    pub fn open(ip: IpAddr, ssrc: u32, counts: watch::Sender<Media>) -> std::io::Result<Self> {
        let socket = std::net::UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let port = socket.local_addr()?.port();
        let (direction, watching) = watch::channel(Direction { to: None, sending: false });
        let task = tokio::spawn(run(socket, ssrc, watching, counts));
        Ok(Self { port, direction, task })
    }

    /// Sends to another address, or stops sending.
    pub fn steer(&self, to: Option<SocketAddr>, sending: bool) {
        self.direction.send_replace(Direction { to, sending });
    }
}

impl Drop for RtpSession {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    socket: UdpSocket,
    ssrc: u32,
    direction: watch::Receiver<Direction>,
    counts: watch::Sender<Media>,
) {
    let mut ticks = tokio::time::interval(PACKET);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut packet = [0u8; 12 + SAMPLES];
    let mut incoming = [0u8; 2048];
    let (mut sequence, mut timestamp) = (ssrc as u16, ssrc);
    for (sample, value) in packet[12..].iter_mut().zip(TONE.iter().cycle()) {
        *sample = *value;
    }
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let Direction { to, sending } = *direction.borrow();
                let Some(to) = to.filter(|_| sending) else { continue };
                packet[..2].copy_from_slice(&[0x80, PCMU]);
                packet[2..4].copy_from_slice(&sequence.to_be_bytes());
                packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
                packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
                sequence = sequence.wrapping_add(1);
                timestamp = timestamp.wrapping_add(SAMPLES as u32);
                // A peer that is gone answers with ICMP; media just goes on.
                if socket.send_to(&packet, to).await.is_ok() {
                    counts.send_modify(|c| c.sent += 1);
                }
            }
            received = socket.recv_from(&mut incoming) => {
                if let Ok((length, _)) = received
                    && is_pcmu(&incoming[..length])
                {
                    counts.send_modify(|c| c.received += 1);
                }
            }
        }
    }
}

fn is_pcmu(packet: &[u8]) -> bool {
    packet.len() > 12 && packet[0] >> 6 == 2 && packet[1] & 0x7f == PCMU
}

const fn tone() -> [u8; 20] {
    // sin over one period in 16-bit samples, amplitude 8,000.
    let linear: [i32; 20] = [
        0, 2472, 4702, 6472, 7608, 8000, 7608, 6472, 4702, 2472, 0, -2472, -4702, -6472, -7608,
        -8000, -7608, -6472, -4702, -2472,
    ];
    let mut out = [0; 20];
    let mut i = 0;
    while i < 20 {
        out[i] = mu_law(linear[i]);
        i += 1;
    }
    out
}

/// G.711 mu-law of a 16-bit sample.
const fn mu_law(sample: i32) -> u8 {
    let (sign, magnitude) = if sample < 0 { (0x80, -sample) } else { (0, sample) };
    let magnitude = (if magnitude > 32_635 { 32_635 } else { magnitude }) + 132;
    let mut exponent = 7;
    while exponent > 0 && magnitude & (0x4000 >> (7 - exponent)) == 0 {
        exponent -= 1;
    }
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) | mantissa) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mu_law_follows_the_table() {
        // ITU-T G.711 table 2a: silence, both extremes, and 2,000 on its 14-bit scale,
        // which lies in the last interval below 2,015.
        for (sample, expected) in [(0, 0xff), (32_635, 0x80), (-32_635, 0x00), (8000, 0xa0)] {
            assert_eq!(mu_law(sample), expected, "{sample}");
        }
    }

    #[tokio::test]
    async fn a_tone_goes_and_comes() {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let (counts_a, mut a) = watch::channel(Media::default());
        let (counts_b, _b) = watch::channel(Media::default());
        let one = RtpSession::open(ip, 1, counts_a).expect("loopback is there");
        let two = RtpSession::open(ip, 2, counts_b).expect("loopback is there");
        two.steer(Some((ip, one.port).into()), true);
        tokio::time::timeout(Duration::from_secs(5), a.wait_for(|m| m.received >= 3))
            .await
            .expect("three packets within five seconds")
            .expect("the session lives");
        assert_eq!(a.borrow().sent, 0, "nothing is sent before it is told where to");
    }
}
