//! The two requests a transaction makes itself, both of them copies of its INVITE.

use crate::build::MessageBuilder;
use crate::msg::{Message, Parser};
use crate::name::{HeaderName, Method};

/// Writes the ACK to a final response other than 2xx (RFC 3261 section 17.1.1.3).
pub(super) fn write_ack(
    parser: &mut Parser,
    invite: &[u8],
    response: &Message<'_>,
    out: &mut Vec<u8>,
) -> bool {
    let Ok(invite) = parser.parse(invite) else { return false };
    let builder = MessageBuilder::request(out, Method::Ack, invite.request_uri())
        .header(HeaderName::Via, invite.via().raw)
        .header(HeaderName::MaxForwards, "70")
        .copy(&invite, HeaderName::Route)
        .header(HeaderName::From, invite.from().raw)
        .header(HeaderName::To, response.to().raw)
        .header(HeaderName::CallId, invite.call_id())
        .cseq(invite.cseq().number, Method::Ack);
    builder.finish();
    true
}

/// Writes the CANCEL of an INVITE (RFC 3261 section 9.1) and copies its branch;
/// returns the branch's length.
pub(super) fn write_cancel(
    parser: &mut Parser,
    invite: &[u8],
    reason: &[u8],
    out: &mut Vec<u8>,
    branch: &mut [u8; 256],
) -> Option<usize> {
    let invite = parser.parse(invite).ok()?;
    let text = invite.via().branch?;
    branch.get_mut(..text.len())?.copy_from_slice(text);
    let mut builder = MessageBuilder::request(out, Method::Cancel, invite.request_uri())
        .header(HeaderName::Via, invite.via().raw)
        .header(HeaderName::MaxForwards, "70")
        .copy(&invite, HeaderName::Route)
        .header(HeaderName::From, invite.from().raw)
        .header(HeaderName::To, invite.to().raw)
        .header(HeaderName::CallId, invite.call_id())
        .cseq(invite.cseq().number, Method::Cancel);
    if !reason.is_empty() {
        builder = builder.header(HeaderName::Reason, reason);
    }
    builder.finish();
    Some(text.len())
}
