//! What a leg's Contact carries (design decision 3): all that is needed to pass
//! an in-dialog request from its holder to the other side, on any edge, from
//! nothing but the keys.
//!
//! A seal is bound to the leg's Call-ID and to our tag on that leg, and says
//! which peer may use it.

use super::short::{self, Names};
use crate::peer::Peer;
use domain::routing::CallKind;
use domain::{CdrId, TrunkId, UserId};
use feed::record::{EdgeKey, Transport};
use feed::snapshot::Snapshot;
use sip::seal::codec::{CodecError, Reader, Writer};
use sip::seal::{SealError, SealKeys};
use std::net::{IpAddr, SocketAddr};
use uuid::Uuid;

/// Who is at the end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// An operator's trunk.
    Trunk(TrunkId),
    /// A person's phone, over this flow.
    Phone { user: UserId, flow: Peer },
}

impl Party {
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Phone { user, .. } => Some(*user),
            Self::Trunk(_) => None,
        }
    }

    fn flow(&self) -> Option<SocketAddr> {
        match self {
            Self::Phone { flow, .. } => Some(flow.addr),
            Self::Trunk(_) => None,
        }
    }
}

/// Which side of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Caller,
    Callee,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }
}

/// What is sealed for one side (`this`) about the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialog<'a> {
    /// The side that holds the seal.
    pub side: Side,
    pub kind: CallKind,
    /// Who may use the seal.
    pub this: Party,
    pub other: Party,
    pub cdr: CdrId,
    /// When the INVITE came, milliseconds since 1970.
    pub started_ms: u64,
    /// When it was answered, if the seal was made after that.
    pub answered_ms: Option<u64>,
    /// Which key maps the caller's Call-ID to the callee's.
    pub map_key: u8,
    /// The other side's remote target.
    pub target: &'a [u8],
    /// The other side's route set, as one comma list; empty as a rule.
    pub routes: &'a [u8],
    /// This side's own route set, needed to seal anew for the other.
    pub own_routes: &'a [u8],
    /// The URI that stands for this side on the other leg: From there.
    pub from_uri: &'a [u8],
    /// The other side's own URI on its leg: To there.
    pub to_uri: &'a [u8],
}

/// The SIP domain that names the phone of a dialog, the holder's first: what
/// [`Dialog::decode`] will find again.
pub(crate) fn domain_of<'w>(dialog: &Dialog<'_>, world: &'w Snapshot) -> Option<&'w str> {
    dialog.this.user().or(dialog.other.user()).and_then(|user| domain_of_user(user, world))
}

/// The SIP domain of a person's phones.
pub(crate) fn domain_of_user(user: UserId, world: &Snapshot) -> Option<&str> {
    let tenant = world.user_record(user)?.tenant;
    world.tenant(tenant).map(|t| t.domain.as_str())
}

/// 2020-01-01, in milliseconds since 1970: keeps sealed times short.
const EPOCH_MS: u64 = 1_577_836_800_000;

impl<'a> Dialog<'a> {
    /// `names` are the hosts that need not be carried; its flow is the other
    /// side's, whatever it holds.
    pub fn encode(&self, names: Names<'_>, out: &mut Vec<u8>) {
        let names = Names { flow: self.other.flow(), ..names };
        out.clear();
        let mut w = Writer::new(out);
        let kind = match self.kind {
            CallKind::Inbound => 0u8,
            CallKind::Outbound => 1,
            CallKind::Internal => 2,
            CallKind::Emergency => 3,
        };
        w.u8(u8::from(self.side == Side::Callee) | kind << 1).u8(self.map_key);
        party(&mut w, &self.this);
        party(&mut w, &self.other);
        w.raw(self.cdr.0.as_bytes());
        w.varint(self.started_ms.saturating_sub(EPOCH_MS));
        let answered = self.answered_ms.map_or(0, |at| at.saturating_sub(self.started_ms) + 1);
        w.varint(answered);
        // A target must be the same on every edge, whatever its own host.
        short::encode(self.target, &Names { own: "", ..names }, &mut w);
        short::encode(self.from_uri, &names, &mut w);
        short::encode(self.to_uri, &names, &mut w);
        w.bytes(self.routes).bytes(self.own_routes);
    }

    /// Reads what [`Dialog::encode`] wrote. `domain` tells the SIP domain of a
    /// phone's person; `text` holds the URIs and is cleared first.
    pub fn decode<'w>(
        bytes: &'a [u8],
        own: &str,
        domain: impl Fn(UserId) -> Option<&'w str>,
        text: &'a mut Vec<u8>,
    ) -> Result<Self, CodecError> {
        let mut r = Reader::new(bytes);
        let first = r.u8()?;
        let side = if first & 1 == 0 { Side::Caller } else { Side::Callee };
        let kind = match first >> 1 {
            0 => CallKind::Inbound,
            1 => CallKind::Outbound,
            2 => CallKind::Internal,
            3 => CallKind::Emergency,
            _ => return Err(CodecError),
        };
        let map_key = r.u8()?;
        let this = read_party(&mut r)?;
        let other = read_party(&mut r)?;
        let cdr = CdrId(Uuid::from_bytes(r.array()?));
        let started_ms = r.varint()?.saturating_add(EPOCH_MS);
        let answered_ms = r.varint()?.checked_sub(1).map(|d| started_ms.saturating_add(d));
        let user = this.user().or(other.user());
        let names = Names { own, domain: user.and_then(domain), flow: other.flow() };
        text.clear();
        short::decode(&mut r, &names, text)?;
        let target_end = text.len();
        short::decode(&mut r, &names, text)?;
        let from_end = text.len();
        short::decode(&mut r, &names, text)?;
        let text: &'a [u8] = text;
        Ok(Self {
            side,
            kind,
            this,
            other,
            cdr,
            started_ms,
            answered_ms,
            map_key,
            target: &text[..target_end],
            from_uri: &text[target_end..from_end],
            to_uri: &text[from_end..],
            routes: r.bytes()?,
            own_routes: r.bytes()?,
        })
    }
}

fn party(w: &mut Writer<'_>, party: &Party) {
    match party {
        Party::Trunk(id) => {
            w.u8(0).raw(id.0.as_bytes());
        }
        Party::Phone { user, flow } => {
            let transport = match flow.transport {
                Transport::Udp => 0,
                Transport::Tcp => 4,
            };
            w.u8(1 | u8::from(flow.addr.is_ipv6()) << 1 | transport).u8(flow.listener);
            match flow.addr.ip() {
                IpAddr::V4(ip) => w.raw(&ip.octets()),
                IpAddr::V6(ip) => w.raw(&ip.octets()),
            };
            w.raw(&flow.addr.port().to_be_bytes()).raw(user.0.as_bytes());
        }
    }
}

fn read_party(r: &mut Reader<'_>) -> Result<Party, CodecError> {
    let first = r.u8()?;
    if first == 0 {
        return Ok(Party::Trunk(TrunkId(Uuid::from_bytes(r.array()?))));
    }
    if first & 1 == 0 || first > 7 {
        return Err(CodecError);
    }
    let listener = r.u8()?;
    let ip: IpAddr =
        if first & 2 == 0 { IpAddr::from(r.array::<4>()?) } else { IpAddr::from(r.array::<16>()?) };
    let port = u16::from_be_bytes(r.array()?);
    let transport = if first & 4 == 0 { Transport::Udp } else { Transport::Tcp };
    let flow = Peer { transport, listener, addr: SocketAddr::new(ip, port) };
    Ok(Party::Phone { user: UserId(Uuid::from_bytes(r.array()?)), flow })
}

/// The key that seals at `now_us` and those before it: of those whose time has come
/// the last, or else the first.
pub(crate) fn sealing(keys: &[EdgeKey], now_us: i64) -> &[EdgeKey] {
    let last = keys.iter().rposition(|k| k.seals_from_us <= now_us).unwrap_or(0);
    &keys[..keys.len().min(last + 1)]
}

/// The keys of the fleet, ready to use.
pub(crate) struct Keys {
    source: Vec<EdgeKey>,
    /// Which of the sets seals.
    current: usize,
    /// When another key begins to seal.
    until_us: i64,
    /// One set per key, in which that key is the current one: a call keeps the
    /// Call-ID mapping it began with, whatever key seals by now.
    sets: Vec<(u8, SealKeys)>,
}

impl Keys {
    /// `fallback` serves until the control plane has given a key: calls work, but
    /// no other edge, and not this one after a restart, can carry them on.
    ///
    /// All keys open; the last one whose time has come at `now_us` seals.
    pub fn new(edge_keys: &[EdgeKey], fallback: [u8; 32], now_us: i64) -> Self {
        let mut usable: Vec<(u8, &[u8])> =
            edge_keys.iter().map(|k| (k.id, &k.secret[..])).collect();
        usable.retain(|(id, secret)| SealKeys::new(*id, secret).is_ok());
        if usable.is_empty() {
            usable.push((63, &fallback));
        }
        let seals = sealing(edge_keys, now_us).last().map(|k| k.id);
        let current = usable.iter().rposition(|(id, _)| Some(*id) == seals);
        let current = current.unwrap_or(usable.len() - 1);
        let coming = edge_keys.iter().map(|k| k.seals_from_us).filter(|from| *from > now_us);
        let until_us = coming.min().unwrap_or(i64::MAX);
        let sets = usable
            .iter()
            .map(|(current, secret)| {
                let mut set = SealKeys::new(*current, secret).expect("filtered above");
                for (id, secret) in &usable {
                    set.add(*id, secret).expect("filtered above");
                }
                set.make_current(*current);
                (*current, set)
            })
            .collect();
        Self { source: edge_keys.to_vec(), current, until_us, sets }
    }

    /// Whether these are the keys, and the one that seals does so at `now_us`.
    pub fn are(&self, edge_keys: &[EdgeKey], now_us: i64) -> bool {
        now_us < self.until_us && self.source == edge_keys
    }

    fn newest(&self) -> &(u8, SealKeys) {
        &self.sets[self.current]
    }

    /// Which keys there are.
    pub fn ids(&self) -> impl Iterator<Item = u8> {
        self.sets.iter().map(|(id, _)| *id)
    }

    pub fn map_key(&self) -> u8 {
        self.newest().0
    }

    pub fn seal(&self, call_id: &[u8], our_tag: &[u8], payload: &[u8], out: &mut Vec<u8>) {
        self.newest().1.seal_into(&[call_id, our_tag], payload, out);
    }

    pub fn open(
        &self,
        call_id: &[u8],
        our_tag: &[u8],
        seal: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        self.newest().1.open_into(&[call_id, our_tag], seal, out)
    }

    /// The Call-ID of the other leg, seen from `side`'s.
    pub fn other_call_id(
        &self,
        side: Side,
        map_key: u8,
        call_id: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        match side {
            Side::Callee => self.newest().1.unmap_call_id_into(call_id, out),
            Side::Caller => {
                let set =
                    self.sets.iter().find(|(id, _)| *id == map_key).ok_or(SealError::UnknownKey)?;
                out.clear();
                set.1.map_call_id_into(sip::seal::shard_of_call_id(call_id), call_id, out);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_decodes_as_encoded() {
        let flow = |addr: &str, transport| Peer {
            transport,
            listener: 3,
            addr: addr.parse().expect("address"),
        };
        let user = UserId(Uuid::from_u128(7));
        for (this, other) in [
            (Party::Trunk(TrunkId(Uuid::from_u128(1))), Party::Trunk(TrunkId(Uuid::from_u128(2)))),
            (
                Party::Phone { user, flow: flow("192.0.2.1:5060", Transport::Udp) },
                Party::Phone { user, flow: flow("[2001:db8::1]:5061", Transport::Tcp) },
            ),
        ] {
            for answered_ms in [None, Some(EPOCH_MS + 1000), Some(EPOCH_MS + 61_000)] {
                let dialog = Dialog {
                    side: Side::Callee,
                    kind: CallKind::Emergency,
                    this,
                    other,
                    cdr: CdrId(Uuid::from_u128(9)),
                    started_ms: EPOCH_MS + 1000,
                    answered_ms,
                    map_key: 5,
                    target: b"sip:a@b",
                    routes: b"<sip:p;lr>",
                    own_routes: b"",
                    from_uri: b"sip:+44@x",
                    to_uri: b"sip:alice@y",
                };
                let mut bytes = Vec::new();
                let domain = this.user().map(|_| "y");
                let names = Names { own: "edge.example", domain, flow: None };
                dialog.encode(names, &mut bytes);
                let decode = |bytes: &[u8]| {
                    let mut text = Vec::new();
                    let own = "edge.example";
                    Dialog::decode(bytes, own, |_| Some("y"), &mut text).map(|d| d == dialog)
                };
                assert_eq!(decode(&bytes), Ok(true));
                for cut in 0..bytes.len() {
                    assert!(decode(&bytes[..cut]).is_err(), "cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn a_new_key_does_not_change_the_call_id_of_a_call() {
        let old = EdgeKey { id: 1, secret: vec![1; 64], seals_from_us: 0 };
        let new = EdgeKey { id: 2, secret: vec![2; 64], seals_from_us: 0 };
        let before = Keys::new(std::slice::from_ref(&old), [0; 32], 0);
        let after = Keys::new(&[old, new], [0; 32], 0);
        let (mut a, mut b, mut back) = (Vec::new(), Vec::new(), Vec::new());
        let key = before.map_key();
        before.other_call_id(Side::Caller, key, b"x@y", &mut a).expect("maps");
        after.other_call_id(Side::Caller, key, b"x@y", &mut b).expect("maps");
        assert_eq!(a, b);
        after.other_call_id(Side::Callee, key, &b, &mut back).expect("unmaps");
        assert_eq!(back, b"x@y");
        let mut seal = Vec::new();
        before.seal(b"call", b"tag", b"payload", &mut seal);
        assert_eq!(after.open(b"call", b"tag", &seal, &mut back), Ok(()));
        assert_eq!(after.open(b"call", b"other", &seal, &mut back), Err(SealError::Forged));
    }

    #[test]
    fn a_key_seals_from_its_time_on_and_opens_before() {
        let keys = [
            EdgeKey { id: 1, secret: vec![1; 64], seals_from_us: 0 },
            EdgeKey { id: 2, secret: vec![2; 64], seals_from_us: 1000 },
        ];
        let [early, late] = [999, 1000].map(|now| Keys::new(&keys, [0; 32], now));
        assert_eq!((early.map_key(), late.map_key()), (1, 2));
        assert!(early.are(&keys, 999) && !early.are(&keys, 1000) && late.are(&keys, i64::MAX - 1));
        let (mut seal, mut back) = (Vec::new(), Vec::new());
        late.seal(b"call", b"tag", b"payload", &mut seal);
        assert_eq!(early.open(b"call", b"tag", &seal, &mut back), Ok(()));
        // A key that is alone seals, whatever its time: there is no other.
        assert_eq!(Keys::new(&keys[1..], [0; 32], 0).map_key(), 2);
    }
}
