//! Header field values by their grammar.

use super::scan::Line;
use super::{Notes, Tree, uris};
use crate::digest::directives;
use crate::header::{CSeq, Contact, NameAddr, RAck, Reason, Seconds, Via};
use crate::multipart::{Disposition, MediaType};
use crate::name::{HeaderName, Method};
use crate::text::{
    CommaList, Params, has_repeated_name, is_lws, is_token, parse_u32, skip_quoted, trim, unquote,
};
use std::borrow::Cow;

/// Header fields that may appear once and hold one value.
pub(super) fn is_single(name: HeaderName) -> bool {
    use HeaderName as H;
    matches!(
        name,
        H::From
            | H::To
            | H::CallId
            | H::CSeq
            | H::MaxForwards
            | H::ContentLength
            | H::ContentType
            | H::ContentDisposition
            | H::Expires
            | H::MinExpires
            | H::RSeq
            | H::RAck
            | H::RetryAfter
            | H::SessionExpires
            | H::MinSe
            | H::Event
            | H::ReferTo
            | H::ReferredBy
            | H::Replaces
            | H::TargetDialog
            | H::GeolocationRouting
            | H::MimeVersion
            | H::Subject
            | H::Date
            | H::Timestamp
            | H::SubscriptionState
            | H::Priority
            | H::UserAgent
            | H::Server
    )
}

type Parsed<'a> = Option<Tree<'a>>;

/// What one line says; `None` where its grammar is not known here, or it breaks
/// it, which is noted unless `said` already.
pub(super) fn read<'a>(
    line: &Line<'a>,
    method: Option<Method<'_>>,
    notes: &mut Notes,
    said: bool,
) -> Parsed<'a> {
    use HeaderName as H;
    let name = line.name.as_str().as_bytes();
    let value = line.value;
    let (rule, tree) = match line.name {
        H::Other => return None,
        H::Via => ("RFC 3261 section 20.42", each(value, |v| via(v, notes))),
        H::From | H::To | H::ReferTo | H::ReferredBy => {
            ("RFC 3261 section 20.20", address(value, name, notes))
        }
        H::Contact => ("RFC 3261 section 20.10", each(value, |v| contact(v, notes))),
        H::Route
        | H::RecordRoute
        | H::PAssertedIdentity
        | H::PPreferredIdentity
        | H::RemotePartyId
        | H::Diversion
        | H::HistoryInfo
        | H::Path
        | H::ServiceRoute
        | H::Geolocation => ("RFC 3261 section 20.34", each(value, |v| address(v, name, notes))),
        H::CallId => ("RFC 3261 section 20.8", call_id(value, notes)),
        H::CSeq => ("RFC 3261 section 20.16", CSeq::parse(value).map(cseq)),
        H::RAck => ("RFC 3262 section 7.2", RAck::parse(value).map(rack)),
        H::MaxForwards => ("RFC 3261 section 20.22", number(value, u32::from(u8::MAX))),
        H::ContentLength => ("RFC 3261 section 20.14", number(value, u32::MAX)),
        H::RSeq => ("RFC 3262 section 7.1", number(value, u32::MAX)),
        H::Expires => ("RFC 3261 section 20.19", number(value, u32::MAX)),
        H::MinExpires => ("RFC 3261 section 20.23", number(value, u32::MAX)),
        H::RetryAfter => ("RFC 3261 section 20.33", seconds(value)),
        H::SessionExpires => ("RFC 4028 section 4", seconds(value)),
        H::MinSe => ("RFC 4028 section 5", seconds(value)),
        H::Allow => ("RFC 3261 section 20.5", tokens(value, true)),
        H::Supported => ("RFC 3261 section 20.37", tokens(value, true)),
        H::Require => ("RFC 3261 section 20.32", tokens(value, false)),
        H::ProxyRequire => ("RFC 3261 section 20.29", tokens(value, false)),
        H::Unsupported => ("RFC 3261 section 20.40", tokens(value, false)),
        H::ContentEncoding => ("RFC 3261 section 20.12", tokens(value, false)),
        H::AllowEvents => ("RFC 6665 section 8.2.2", tokens(value, false)),
        H::Event => ("RFC 6665 section 8.2.1", token_params(value)),
        H::SubscriptionState => ("RFC 6665 section 8.2.3", token_params(value)),
        H::GeolocationRouting => ("RFC 6442 section 4.2", token_params(value)),
        H::Priority => ("RFC 3261 section 20.26", token_params(value)),
        H::Reason => ("RFC 3326 section 2", each(value, reason)),
        H::Replaces => ("RFC 3891 section 6.1", dialog(value, ["to-tag", "from-tag"])),
        H::TargetDialog => ("RFC 4538 section 7", dialog(value, ["remote-tag", "local-tag"])),
        H::Privacy => ("RFC 3323 section 4.2", privacy(value)),
        H::ContentType => ("RFC 3261 section 20.15", MediaType::parse(value).map(|m| media(&m))),
        H::ContentDisposition => ("RFC 3261 section 20.11", disposition(value)),
        H::Accept if value.is_empty() => ("", Some(Tree::List(Vec::new()))),
        H::Accept => {
            ("RFC 3261 section 20.1", each(value, |v| MediaType::parse(v).map(|m| media(&m))))
        }
        H::Authorization | H::ProxyAuthorization | H::WwwAuthenticate | H::ProxyAuthenticate => {
            ("RFC 3261 section 20.7", credentials(value))
        }
        H::Date => ("RFC 3261 section 20.17", date(value)),
        H::Timestamp => ("RFC 3261 section 20.38", timestamp(value)),
        H::Warning => ("RFC 3261 section 20.43", each(value, warning)),
        H::MimeVersion => ("RFC 3261 section 20.24", decimal(value).then(|| Tree::text(value))),
        H::UserAgent | H::Server | H::Subject | H::Identity => ("", Some(Tree::text(value))),
    };
    if tree.is_none() && !said {
        notes.malformed(name, rule, "the value does not follow its grammar");
    }
    if line.name == H::ContentType
        && method.is_some()
        && MediaType::parse(value).is_some_and(|m| has_repeated_name(&m.params))
    {
        notes.malformed(name, "RFC 2045 section 5", "a parameter appears twice");
    }
    tree
}

fn each<'a>(value: &'a [u8], mut one: impl FnMut(&'a [u8]) -> Parsed<'a>) -> Parsed<'a> {
    CommaList::new(value).map(&mut one).collect::<Option<Vec<_>>>().map(Tree::List)
}

fn via<'a>(value: &'a [u8], notes: &mut Notes) -> Parsed<'a> {
    let via = Via::parse(value)?;
    let rule = "RFC 3261 section 8.1.1.7";
    if via.branch.is_none() {
        notes.odd("sip-branch-missing", rule, b"Via", "it has no branch, as before RFC 3261");
    } else if !via.has_magic_cookie() {
        notes.odd("sip-branch-cookie", rule, b"Via", "its branch does not begin with z9hG4bK");
    }
    if via.received.is_some_and(|r| r.first() == Some(&b'[')) {
        let reason = "received holds an IPv6 address without brackets";
        notes.odd("sip-via-received", "RFC 5118 section 4.5", b"Via", reason);
    }
    if has_repeated_name(&via.params) {
        notes.malformed(b"Via", "RFC 3261 section 7.3.1", "a parameter appears twice");
    }
    let ttl = via.params.value("ttl");
    if ttl.is_some_and(|t| parse_u32(t).is_none_or(|n| n > 255)) {
        notes.malformed(b"Via", "RFC 3261 section 20.42", "ttl is a number from 0 to 255");
    }
    Some(Tree::map([
        ("transport", Tree::text(via.transport)),
        ("host", Tree::text(via.host)),
        ("port", Tree::number(via.port)),
        ("branch", Tree::maybe(via.branch)),
        ("params", Tree::params(&via.params)),
    ]))
}

fn address<'a>(value: &'a [u8], name: &[u8], notes: &mut Notes) -> Parsed<'a> {
    let addr = NameAddr::parse(value)?;
    match addr.parsed_uri() {
        Ok(uri) => uris::check(&uri, name, notes),
        Err(error) => {
            let reason = format!("the URI is broken: {error}");
            notes.malformed(name, "RFC 3261 section 19.1.1", reason);
        }
    }
    if has_repeated_name(&addr.params) {
        notes.malformed(name, "RFC 3261 section 7.3.1", "a parameter appears twice");
    }
    if addr.display.is_some_and(|d| d.iter().any(|b| *b >= 0x80 && d[0] != b'"')) {
        let reason = "a display name beyond ASCII stands in quotes";
        notes.odd("sip-display-name", "RFC 3261 section 25.1", name, reason);
    }
    let display = addr.display_name().map_or(Tree::Null, Tree::Text);
    let mut entries = vec![(Cow::Borrowed(&b"display_name"[..]), display)];
    if let Tree::Map(uri) = uris::tree(addr.uri) {
        let renamed = |key: Cow<'a, [u8]>| match &*key {
            b"params" => Cow::Borrowed(&b"uri_params"[..]),
            b"headers" => Cow::Borrowed(&b"uri_headers"[..]),
            _ => key,
        };
        entries.extend(uri.into_iter().map(|(key, value)| (renamed(key), value)));
    }
    entries.push((Cow::Borrowed(b"params"), Tree::params(&addr.params)));
    Some(Tree::Map(entries))
}

fn contact<'a>(value: &'a [u8], notes: &mut Notes) -> Parsed<'a> {
    let Contact::Addr(addr) = Contact::parse(value)? else { return Some(Tree::text(b"*")) };
    let rule = "RFC 3261 section 20.10";
    if addr.params.get("expires").is_some_and(|p| p.value.and_then(parse_u32).is_none()) {
        notes.malformed(b"Contact", rule, "expires is a number below 2^32");
    }
    if addr.params.get("q").is_some_and(|p| !p.value.is_some_and(is_qvalue)) {
        notes.malformed(b"Contact", rule, "q is a number from 0 to 1 with three decimals at most");
    }
    address(value, b"Contact", notes)
}

fn is_qvalue(value: &[u8]) -> bool {
    let (whole, fraction) = match memchr::memchr(b'.', value) {
        Some(dot) => (&value[..dot], &value[dot + 1..]),
        None => (value, &value[value.len()..]),
    };
    let digits = fraction.len() <= 3 && fraction.iter().all(u8::is_ascii_digit);
    match whole {
        b"0" => digits,
        b"1" => digits && fraction.iter().all(|b| *b == b'0'),
        _ => false,
    }
}

fn is_word(bytes: &[u8]) -> bool {
    let extra = b"()<>:\\\"/[]?{}";
    !bytes.is_empty() && bytes.iter().all(|b| crate::text::is_token_char(*b) || extra.contains(b))
}

fn is_call_id(value: &[u8]) -> bool {
    match memchr::memchr(b'@', value) {
        Some(at) => is_word(&value[..at]) && is_word(&value[at + 1..]),
        None => is_word(value),
    }
}

fn call_id<'a>(value: &'a [u8], notes: &mut Notes) -> Parsed<'a> {
    if value.is_empty() || value.iter().any(|b| *b <= b' ' || *b == 0x7f) {
        return None;
    }
    if !is_call_id(value) {
        let reason = "it is a word, or two joined by @";
        notes.odd("sip-call-id", "RFC 3261 section 25.1", b"Call-ID", reason);
    }
    Some(Tree::text(value))
}

fn cseq(cseq: CSeq<'_>) -> Tree<'_> {
    let method = Tree::text(cseq.method.as_bytes());
    Tree::map([("number", Tree::Number(cseq.number.into())), ("method", method)])
}

fn rack(rack: RAck<'_>) -> Tree<'_> {
    Tree::map([("rseq", Tree::Number(rack.rseq.into())), ("cseq", cseq(rack.cseq))])
}

fn number<'a>(value: &[u8], most: u32) -> Parsed<'a> {
    parse_u32(value).filter(|n| *n <= most).map(|n| Tree::Number(n.into()))
}

fn seconds(value: &[u8]) -> Parsed<'_> {
    let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
    parse_u32(&value[..digits])?;
    let seconds = Seconds::parse(value)?;
    Some(Tree::map([
        ("seconds", Tree::Number(seconds.seconds.into())),
        ("params", Tree::params(&seconds.params)),
    ]))
}

fn tokens(value: &[u8], may_be_empty: bool) -> Parsed<'_> {
    if value.is_empty() {
        return may_be_empty.then(|| Tree::List(Vec::new()));
    }
    each(value, |v| is_token(v).then(|| Tree::text(v)))
}

fn token_params(value: &[u8]) -> Parsed<'_> {
    let semi = memchr::memchr(b';', value).unwrap_or(value.len());
    let (token, params) = (trim(&value[..semi]), Params::parse(&value[semi..])?);
    is_token(token)
        .then(|| Tree::map([("value", Tree::text(token)), ("params", Tree::params(&params))]))
}

fn reason(value: &[u8]) -> Parsed<'_> {
    let reason = Reason::parse(value)?;
    Some(Tree::map([
        ("protocol", Tree::text(reason.protocol)),
        ("cause", Tree::number(reason.cause)),
        ("text", reason.text.map_or(Tree::Null, |t| Tree::Text(unquote(t)))),
    ]))
}

fn dialog<'a>(value: &'a [u8], tags: [&'static str; 2]) -> Parsed<'a> {
    let semi = memchr::memchr(b';', value).unwrap_or(value.len());
    let (call_id, params) = (trim(&value[..semi]), Params::parse(&value[semi..])?);
    let tag = |name| params.value(name).filter(|t| is_token(t));
    let [first, second] = [tag(tags[0])?, tag(tags[1])?];
    is_call_id(call_id).then(|| {
        Tree::map([
            ("call_id", Tree::text(call_id)),
            (tags[0], Tree::text(first)),
            (tags[1], Tree::text(second)),
        ])
    })
}

fn privacy(value: &[u8]) -> Parsed<'_> {
    // RFC 3323 joins the values by semicolons; a comma list is common too.
    let one = |v| Some(trim(v)).filter(|v| is_token(v)).map(Tree::text);
    let parts = value.split(|b| matches!(b, b';' | b',')).map(one);
    parts.collect::<Option<Vec<_>>>().map(Tree::List)
}

/// A media type as a tree.
pub(super) fn media<'a>(media: &MediaType<'a>) -> Tree<'a> {
    Tree::map([
        ("type", Tree::text(media.kind)),
        ("subtype", Tree::text(media.subtype)),
        ("params", Tree::params(&media.params)),
    ])
}

fn disposition(value: &[u8]) -> Parsed<'_> {
    let disposition = Disposition::parse(value)?;
    Some(Tree::map([
        ("value", Tree::text(disposition.kind)),
        ("handling_required", Tree::Flag(disposition.required)),
        ("params", Tree::params(&disposition.params)),
    ]))
}

/// A challenge or an answer to one. Of another scheme than Digest only the name is
/// known.
fn credentials(value: &[u8]) -> Parsed<'_> {
    let gap = value.iter().position(|b| is_lws(*b)).unwrap_or(value.len());
    let scheme = &value[..gap];
    if !is_token(scheme) {
        return None;
    }
    let scheme = (Cow::Borrowed(&b"scheme"[..]), Tree::text(scheme));
    let Some(directives) = directives(value) else { return Some(Tree::Map(vec![scheme])) };
    let mut entries = vec![scheme];
    for (name, value) in directives {
        let whole = match value.first() {
            Some(b'"') => skip_quoted(value, 0) == Some(value.len()),
            Some(_) => true,
            None => false,
        };
        if !is_token(name) || !whole {
            return None;
        }
        entries.push((Cow::Borrowed(name), Tree::Text(unquote(value))));
    }
    Some(Tree::Map(entries))
}

/// `rfc1123-date`: `Sat, 13 Nov 2010 23:29:00 GMT`.
fn date(value: &[u8]) -> Parsed<'_> {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let text: &[u8; 29] = value.try_into().ok()?;
    let two = |at: usize| parse_u32(&text[at..at + 2]);
    let sound = DAYS.contains(&&text[..3])
        && &text[3..5] == b", "
        && (1..=31).contains(&two(5)?)
        && text[7] == b' '
        && MONTHS.contains(&&text[8..11])
        && text[11] == b' '
        && parse_u32(&text[12..16]).is_some()
        && text[16] == b' '
        && two(17)? < 24
        && text[19] == b':'
        && two(20)? < 60
        && text[22] == b':'
        && two(23)? <= 60
        && &text[25..] == b" GMT";
    sound.then(|| Tree::text(value))
}

fn decimal(value: &[u8]) -> bool {
    let mut halves = value.splitn(2, |b| *b == b'.');
    let whole = halves.next().unwrap_or_default();
    let digits = |half: &[u8]| half.iter().all(u8::is_ascii_digit);
    !whole.is_empty() && digits(whole) && halves.next().is_none_or(digits)
}

fn timestamp(value: &[u8]) -> Parsed<'_> {
    let mut words = value.split(|b| is_lws(*b)).filter(|w| !w.is_empty());
    let (stamp, delay) = (words.next()?, words.next());
    let sound = decimal(stamp) && delay.is_none_or(decimal) && words.next().is_none();
    sound.then(|| Tree::text(value))
}

fn warning(value: &[u8]) -> Parsed<'_> {
    let mut words = value.splitn(3, |b| is_lws(*b));
    let (code, agent) = (words.next()?, words.next()?);
    let text = trim(words.next()?);
    let quoted = text.first() == Some(&b'"') && skip_quoted(text, 0) == Some(text.len());
    (code.len() == 3 && parse_u32(code).is_some() && !agent.is_empty() && quoted).then(|| {
        Tree::map([
            ("code", Tree::text(code)),
            ("agent", Tree::text(agent)),
            ("text", Tree::Text(unquote(text))),
        ])
    })
}
