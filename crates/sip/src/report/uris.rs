//! URIs as trees, and what in them is against the letter of RFC 3261 section 25.1.

use super::{Notes, Tree};
use crate::text::has_repeated_name;
use crate::uri::Uri;

/// A URI with its parts.
pub(super) fn tree<'a>(raw: &'a [u8]) -> Tree<'a> {
    let text = ("uri", Tree::text(raw));
    match Uri::parse(raw) {
        Ok(Uri::Sip(uri)) => Tree::map([
            text,
            ("scheme", Tree::text(if uri.secure { b"sips" } else { b"sip" })),
            ("user", Tree::maybe(uri.user)),
            ("host", Tree::text(uri.host)),
            ("port", Tree::number(uri.port)),
            ("params", Tree::params(&uri.params)),
            ("headers", Tree::maybe(uri.headers)),
        ]),
        Ok(Uri::Tel(uri)) => Tree::map([
            text,
            ("scheme", Tree::text(b"tel")),
            ("number", Tree::text(uri.number)),
            ("params", Tree::params(&uri.params)),
        ]),
        Ok(Uri::Urn(uri)) => Tree::map([
            text,
            ("scheme", Tree::text(b"urn")),
            ("namespace", Tree::text(uri.namespace)),
            ("specific", Tree::text(uri.specific)),
        ]),
        Ok(Uri::Other { scheme, .. }) => Tree::map([text, ("scheme", Tree::text(scheme))]),
        Err(_) => Tree::map([text]),
    }
}

const SYNTAX: &str = "RFC 3261 section 25.1";

/// What a liberal reader takes and the grammar does not.
pub(super) fn check(uri: &Uri<'_>, field: &[u8], notes: &mut Notes) {
    let Uri::Sip(uri) = uri else { return };
    let mark = b"-_.!~*'()%";
    let user_char =
        |b: &u8| b.is_ascii_alphanumeric() || mark.contains(b) || b"&=+$,;?/".contains(b);
    let password_char =
        |b: &u8| b.is_ascii_alphanumeric() || mark.contains(b) || b"&=+$,".contains(b);
    if !uri.user.unwrap_or_default().iter().all(user_char)
        || !uri.password.unwrap_or_default().iter().all(password_char)
    {
        notes.odd("uri-user-character", SYNTAX, field, "user part: escape this character as %xx");
    }
    let host = uri.host;
    if host.first() == Some(&b'[') && memchr::memmem::find(host, b":::").is_some() {
        let reason = "three colons in an IPv6 reference are read as two";
        notes.odd("uri-three-colons", "RFC 5118 section 4.10", field, reason);
    }
    if memchr::memchr(b'_', host).is_some() {
        notes.odd("uri-host-character", SYNTAX, field, "a host name has no underscore");
    }
    if has_repeated_name(&uri.params) {
        let reason = "a URI parameter appears twice";
        notes.add(true, "uri-parameter-repeated", "RFC 3261 section 19.1.1", Some(field), reason);
    }
}
