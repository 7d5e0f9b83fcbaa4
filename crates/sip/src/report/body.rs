//! Bodies: each part with its type, its purpose, and what is known of its inside.

use super::scan::Scan;
use super::{Notes, Tree, headers};
use crate::multipart::{Entity, MultipartError};
use crate::name::HeaderName;
use crate::sdp::Sdp;
use crate::text::trim;
use std::borrow::Cow;

/// A body or one part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyReport<'a> {
    /// Type as a tree; `None` if it names none.
    pub media: Option<Tree<'a>>,
    /// `session`, `render` and so on, written or by default.
    pub disposition: &'a [u8],
    /// Whether who cannot process it must refuse the message.
    pub required: bool,
    /// `Content-ID`.
    pub content_id: Option<&'a [u8]>,
    /// `Content-Transfer-Encoding`.
    pub transfer_encoding: Option<&'a [u8]>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What it says, if it is SDP (RFC 8866) or a SIP fragment (RFC 3420).
    pub parsed: Option<Tree<'a>>,
    /// Its parts, if it is a multipart.
    pub parts: Vec<BodyReport<'a>>,
    /// Whether a server knows what to do with it.
    pub(super) known: bool,
    /// Whether it is SDP that cannot be read.
    pub(super) broken_sdp: bool,
}

pub(super) fn read<'a>(
    scan: &Scan<'a>,
    body: &'a [u8],
    notes: &mut Notes,
) -> Option<BodyReport<'a>> {
    if body.is_empty() {
        return None;
    }
    let kind = scan.first(HeaderName::ContentType);
    let disposition = scan.first(HeaderName::ContentDisposition);
    match Entity::read(kind, disposition, body) {
        Ok(entity) => Some(report(entity, notes)),
        Err(error) => {
            // A broken header of the message itself has been noted as such.
            if error != MultipartError::Header || !notes.fatal {
                let rule = "RFC 2046 section 5.1.1";
                notes.add(true, error.code(), rule, Some(b"body"), error.remedy());
            }
            let bare = Entity::read(None, None, body).ok()?;
            Some(report(bare, notes))
        }
    }
}

fn report<'a>(entity: Entity<'a>, notes: &mut Notes) -> BodyReport<'a> {
    let (mut parsed, mut broken_sdp) = (None, false);
    let plain = entity.transfer_encoding.is_none_or(|e| {
        [&b"binary"[..], b"8bit", b"7bit"].iter().any(|p| p.eq_ignore_ascii_case(trim(e)))
    });
    if entity.is("application", "sdp") && plain {
        match Sdp::parse(entity.body) {
            Ok(sdp) => parsed = Some(session(&sdp)),
            Err(error) => {
                broken_sdp = true;
                let reason = error.to_string();
                notes.add(false, "sdp-broken", "RFC 8866 section 5", Some(b"body"), reason);
            }
        }
    } else if entity.is("message", "sipfrag") && plain {
        parsed = fragment(entity.body);
        if parsed.is_none() {
            let reason = "neither a start line nor header fields";
            notes.odd("sipfrag-broken", "RFC 3420 section 2", b"body", reason);
        }
    }
    let known = entity.media.as_ref().is_none_or(|m| {
        m.is_multipart()
            || ["text", "message", "image"]
                .iter()
                .any(|k| m.kind.eq_ignore_ascii_case(k.as_bytes()))
            || KNOWN.iter().any(|k| m.subtype.eq_ignore_ascii_case(k.as_bytes()))
    });
    BodyReport {
        media: entity.media.as_ref().map(headers::media),
        disposition: entity.disposition.kind,
        required: entity.disposition.required,
        content_id: entity.content_id,
        transfer_encoding: entity.transfer_encoding,
        bytes: entity.body,
        parsed,
        parts: entity.parts.into_iter().map(|part| report(part, notes)).collect(),
        known,
        broken_sdp,
    }
}

/// Subtypes of `application` in use between telephone systems.
const KNOWN: [&str; 17] = [
    "sdp",
    "pidf+xml",
    "pkcs7-mime",
    "pkcs7-signature",
    "octet-stream",
    "dtmf-relay",
    "dtmf",
    "isup",
    "qsig",
    "media_control+xml",
    "conference-info+xml",
    "dialog-info+xml",
    "reginfo+xml",
    "resource-lists+xml",
    "rs-metadata+xml",
    "simple-message-summary",
    "vnd.3gpp.sms",
];

fn session<'a>(sdp: &Sdp<'a>) -> Tree<'a> {
    let media = sdp.media().map(|m| {
        let address =
            m.address.map_or(Tree::Null, |ip| Tree::Text(Cow::Owned(ip.to_string().into_bytes())));
        Tree::map([
            ("kind", Tree::text(m.kind)),
            ("port", Tree::Number(m.port.into())),
            ("protocol", Tree::text(m.protocol)),
            ("formats", Tree::text(m.formats)),
            ("address", address),
            ("direction", Tree::maybe(m.direction())),
        ])
    });
    Tree::map([
        ("private_address", Tree::Flag(sdp.has_private_address())),
        ("media", Tree::List(media.collect())),
    ])
}

fn fragment(body: &[u8]) -> Option<Tree<'_>> {
    let mut lines = body
        .split(|b| *b == b'\n')
        .map(|l| l.strip_suffix(b"\r").unwrap_or(l))
        .take_while(|l| !l.is_empty())
        .peekable();
    let is_start = |l: &&[u8]| l.starts_with(b"SIP/2.0 ") || l.ends_with(b" SIP/2.0");
    let start = lines.next_if(is_start);
    let mut fields = Vec::new();
    for line in lines.filter(|l| !matches!(l[0], b' ' | b'\t')) {
        let colon = memchr::memchr(b':', line)?;
        fields.push(Tree::text(line.get(..colon).map(trim)?));
    }
    if start.is_none() && fields.is_empty() {
        return None;
    }
    Some(Tree::map([("start_line", Tree::maybe(start)), ("headers", Tree::List(fields))]))
}
