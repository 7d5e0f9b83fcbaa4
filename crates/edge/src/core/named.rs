//! Dialogs that a message names: Replaces (RFC 3891), Replaces inside Refer-To
//! (RFC 3515, RFC 5589) and Target-Dialog (RFC 4538).
//!
//! Each leg of a call has a Call-ID of its own, so the name of a dialog is put
//! into the words of the side that gets it. Tags are the same on both legs.
//!
//! A REFER asks its receiver to send an INVITE that comes back here. Its Replaces
//! is put into the words of the final target at once, since the receiver may be
//! that target's own switch, and carries [`FAR`], which tells that INVITE from one
//! whose sender names a dialog of its own.

use super::{Core, Party};
use domain::TrunkId;
use feed::snapshot::Snapshot;
use sip::header::NameAddr;
use sip::uri::unescape_into;
use sip::{Copy, Header, HeaderName, Message, SipUri, Uri};

/// Parameter of a Replaces that already speaks the final target's language.
const FAR: &[u8] = b"mp-far";

/// The values that stand for those of a message on the other leg.
#[derive(Default)]
pub(super) struct Named {
    replaces: Option<Vec<u8>>,
    target_dialog: Option<Vec<u8>>,
    refer_to: Option<Vec<u8>>,
}

impl Named {
    /// What becomes of a header; `None` if it names no dialog.
    pub fn instead(&self, h: &Header<'_>) -> Option<Copy<'_>> {
        let value = match h.name {
            HeaderName::Replaces => &self.replaces,
            HeaderName::TargetDialog => &self.target_dialog,
            HeaderName::ReferTo => &self.refer_to,
            _ => return None,
        };
        value.as_deref().map(Copy::Replace)
    }
}

/// A dialog's name: Call-ID, and its parameters with their leading semicolon.
fn parts(value: &[u8]) -> (&[u8], &[u8]) {
    let semi = value.iter().position(|b| *b == b';').unwrap_or(value.len());
    let (call_id, params) = value.split_at(semi);
    (call_id.trim_ascii(), params)
}

fn param<'a>(params: &'a [u8], name: &str) -> Option<&'a [u8]> {
    params.split(|b| *b == b';').find_map(|p| {
        let at = p.iter().position(|b| *b == b'=')?;
        p[..at].trim_ascii().eq_ignore_ascii_case(name.as_bytes()).then(|| p[at + 1..].trim_ascii())
    })
}

/// `params` without [`FAR`], and whether it was there.
fn without_far(params: &[u8]) -> (Vec<u8>, bool) {
    let mut rest = Vec::with_capacity(params.len());
    let mut far = false;
    for p in params.split(|b| *b == b';').filter(|p| !p.is_empty()) {
        if p.trim_ascii().eq_ignore_ascii_case(FAR) {
            far = true;
        } else {
            rest.push(b';');
            rest.extend_from_slice(p);
        }
    }
    (rest, far)
}

/// Escapes for the value of a header inside a URI (RFC 3261 section 25.1, hvalue).
fn escape_into(bytes: &[u8], out: &mut Vec<u8>) {
    for &b in bytes {
        if b.is_ascii_alphanumeric() || b"-_.!~*'()[]/?:+$".contains(&b) {
            out.push(b);
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.extend([b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        }
    }
}

/// Who stands behind a sealed Contact that was found in a dialog's name.
struct Behind {
    map_key: u8,
    /// A number that routing leads there.
    number: Option<Vec<u8>>,
    trunk: Option<TrunkId>,
}

impl Core {
    /// Puts the dialogs that `m` names into the words of the other leg; `None`, at
    /// the cost of a look at its headers, if there are none.
    pub(super) fn named(
        &self,
        m: &Message<'_>,
        map_key: u8,
        world: &Snapshot,
    ) -> Option<Box<Named>> {
        let names = |h: Header<'_>| {
            matches!(h.name, HeaderName::Replaces | HeaderName::TargetDialog | HeaderName::ReferTo)
        };
        if !m.headers().any(names) {
            return None;
        }
        let mut named = Box::<Named>::default();
        if let Some(value) = m.header(HeaderName::Replaces) {
            let (call_id, params) = parts(value);
            let (params, far) = without_far(params);
            let mut instead = Vec::new();
            if far {
                instead.extend_from_slice(call_id);
            } else {
                let user = m.parsed_request_uri().and_then(|u| u.as_sip().and_then(|s| s.user));
                let behind = user.and_then(|user| self.behind(user, value, world));
                let key = behind.map_or(map_key, |b| b.map_key);
                self.other_name(call_id, key, &mut instead);
            }
            instead.extend_from_slice(&params);
            named.replaces = Some(instead);
        }
        if let Some(value) = m.header(HeaderName::TargetDialog) {
            let (call_id, params) = parts(value);
            let mut instead = Vec::new();
            self.other_name(call_id, map_key, &mut instead);
            instead.extend_from_slice(params);
            named.target_dialog = Some(instead);
        }
        named.refer_to =
            m.header(HeaderName::ReferTo).and_then(|value| self.refer_to(value, map_key, world));
        Some(named)
    }

    /// The Call-ID of the other leg; one that looks mapped and is not ours stays.
    fn other_name(&self, call_id: &[u8], map_key: u8, out: &mut Vec<u8>) {
        use super::dialog::Side;
        if self.keys.other_call_id(Side::Callee, map_key, call_id, out).is_ok() {
            return;
        }
        if sip::seal::is_mapped_call_id(call_id)
            || self.keys.other_call_id(Side::Caller, map_key, call_id, out).is_err()
        {
            out.clear();
            out.extend_from_slice(call_id);
        }
    }

    fn behind(&self, user: &[u8], replaces: &[u8], world: &Snapshot) -> Option<Behind> {
        let (call_id, params) = parts(replaces);
        let tag = param(params, "to-tag")?;
        let (mut opened, mut text) = (Vec::new(), Vec::new());
        self.keys.open(call_id, tag, user, &mut opened).ok()?;
        if !self.fetch(&mut opened) {
            return None;
        }
        let dialog = self.decode(&opened, world, &mut text)?;
        let (number, trunk) = match dialog.other {
            Party::Phone { user, .. } => {
                let number = world.user_record(user).and_then(|u| u.number);
                (number.map(|n| n.to_string().into_bytes()), None)
            }
            Party::Trunk(trunk) => {
                let number = Uri::parse(dialog.to_uri).ok().and_then(|u| u.user_number());
                (number.map(|n| n.as_bytes().to_vec()), Some(trunk))
            }
        };
        Some(Behind { map_key: dialog.map_key, number, trunk })
    }

    /// Whom an INVITE calls whose Request-URI is the sealed Contact of the dialog
    /// that it replaces: what to route by, and over which trunk that dialog runs.
    pub(super) fn replaced(
        &self,
        m: &Message<'_>,
        world: &Snapshot,
    ) -> Option<(String, Option<TrunkId>)> {
        let value = m.header(HeaderName::Replaces)?;
        let user = m.parsed_request_uri()?.as_sip()?.user?;
        let behind = self.behind(user, value, world)?;
        Some((String::from_utf8(behind.number?).ok()?, behind.trunk))
    }

    fn is_ours(&self, uri: &SipUri<'_>, world: &Snapshot) -> bool {
        let host = uri.host_bare();
        self.config.listeners.iter().any(|l| l.host().as_bytes().eq_ignore_ascii_case(host))
            || self.tenant_of(uri, world).is_some()
    }

    /// The Refer-To for the other side, if it names a dialog of ours.
    fn refer_to(&self, value: &[u8], map_key: u8, world: &Snapshot) -> Option<Vec<u8>> {
        let address = NameAddr::parse(value)?;
        let Uri::Sip(uri) = address.parsed_uri().ok()? else { return None };
        let headers = uri.headers?;
        let is_replaces = |h: &&[u8]| {
            h.iter()
                .position(|b| *b == b'=')
                .is_some_and(|at| h[..at].eq_ignore_ascii_case(b"Replaces"))
        };
        let escaped = headers.split(|b| *b == b'&').find(is_replaces)?;
        let mut replaces = Vec::new();
        unescape_into(&escaped[b"Replaces=".len()..], &mut replaces);
        let (call_id, params) = parts(&replaces);
        let behind = uri.user.and_then(|user| self.behind(user, &replaces, world));
        let mut near = Vec::new();
        let unmaps =
            self.keys.other_call_id(super::dialog::Side::Callee, map_key, call_id, &mut near);
        if behind.is_none() && unmaps.is_err() && !self.is_ours(&uri, world) {
            return None;
        }
        let (params, far) = without_far(params);
        if far {
            return None;
        }
        let mut other = Vec::new();
        self.other_name(call_id, behind.as_ref().map_or(map_key, |b| b.map_key), &mut other);
        other.extend_from_slice(&params);
        other.push(b';');
        other.extend_from_slice(FAR);

        let at = memchr_in(address.raw, address.uri)?;
        let mut out = address.raw[..at].to_vec();
        match behind.and_then(|b| b.number) {
            // The seal is the sender's own: its receiver calls by number.
            Some(number) => {
                out.extend_from_slice(b"sip:");
                out.extend_from_slice(&number);
                out.push(b'@');
                out.extend_from_slice(self.config.listeners[0].host().as_bytes());
            }
            None => {
                let end = address.uri.iter().position(|b| *b == b'?')?;
                out.extend_from_slice(&address.uri[..end]);
            }
        }
        let mut mark = b'?';
        for header in headers.split(|b| *b == b'&') {
            out.push(mark);
            mark = b'&';
            if std::ptr::eq(header, escaped) {
                out.extend_from_slice(b"Replaces=");
                escape_into(&other, &mut out);
            } else {
                out.extend_from_slice(header);
            }
        }
        out.extend_from_slice(&address.raw[at + address.uri.len()..]);
        Some(out)
    }
}

fn memchr_in(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|w| w == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialogs_name_falls_into_its_parts() {
        let value = b"a@b ;to-tag=x; From-Tag = y ;early-only; mp-far";
        let (call_id, params) = parts(value);
        assert_eq!(call_id, b"a@b");
        assert_eq!(param(params, "to-tag"), Some(&b"x"[..]));
        assert_eq!(param(params, "from-tag"), Some(&b"y"[..]));
        assert_eq!(param(params, "early-only"), None);
        let (rest, far) = without_far(params);
        assert!(far);
        assert_eq!(rest, b";to-tag=x; From-Tag = y ;early-only");
        let (mut escaped, mut back) = (Vec::new(), Vec::new());
        escape_into(value, &mut escaped);
        assert!(!escaped.iter().any(|b| b" ;=@&".contains(b)));
        unescape_into(&escaped, &mut back);
        assert_eq!(back, value);
    }
}
