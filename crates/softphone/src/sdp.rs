//! The session descriptions these phones speak: one audio stream, PCMU
//! (RFC 8866, RFC 3264).

use std::net::{IpAddr, SocketAddr};

/// Which way media flows, from the writer's side (RFC 3264 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Flow {
    const ALL: [Self; 4] = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];

    fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// What the other side answers to an offer of this.
    pub fn answer(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

pub(crate) fn write(ip: IpAddr, port: u16, version: u32, flow: Flow) -> String {
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=- {port} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na={}\r\n",
        flow.as_str()
    )
}

/// The peer's audio address (none where the stream is refused or held by
/// `0.0.0.0`) and its direction.
pub(crate) fn read(body: &[u8]) -> Option<(Option<SocketAddr>, Flow)> {
    let text = std::str::from_utf8(body).ok()?;
    let (mut ip, mut port, mut flow, mut in_other_media) = (None, None, Flow::SendRecv, false);
    for line in text.lines() {
        let Some((kind, value)) = line.split_once('=') else { continue };
        match kind {
            "m" => {
                let mut words = value.split(' ');
                in_other_media = words.next() != Some("audio") || port.is_some();
                if !in_other_media {
                    port = words.next().and_then(|p| p.parse::<u16>().ok());
                }
            }
            "c" if !in_other_media => {
                let address = value.split(' ').nth(2)?.split('/').next()?;
                ip = address.parse::<IpAddr>().ok();
            }
            "a" if !in_other_media => {
                if let Some(found) = Flow::ALL.into_iter().find(|f| f.as_str() == value) {
                    flow = found;
                }
            }
            _ => {}
        }
    }
    let port = port?;
    let to = ip.filter(|ip| port != 0 && !ip.is_unspecified()).map(|ip| (ip, port).into());
    Some((to, flow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let ip = IpAddr::from([127, 0, 0, 1]);
        for flow in Flow::ALL {
            let body = write(ip, 4000, 1, flow);
            assert_eq!(read(body.as_bytes()), Some((Some((ip, 4000).into()), flow)));
        }
    }

    #[test]
    fn other_media_and_holds_are_understood() {
        let two = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nm=video 5000 RTP/AVP 31\r\n\
                   c=IN IP4 192.0.2.9\r\na=inactive\r\n";
        let to = "192.0.2.1:4000".parse().expect("an address");
        assert_eq!(read(two.as_bytes()), Some((Some(to), Flow::SendRecv)));
        let held = "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n";
        assert_eq!(read(held.as_bytes()), Some((None, Flow::SendOnly)));
        assert_eq!(read(b"v=0\r\n"), None);
    }
}
