//! Which call a packet is of, for the shard that owns it.

use sip::HeaderName;

/// The Call-ID, found without parsing the rest.
pub(super) fn call_id(bytes: &[u8]) -> Option<&[u8]> {
    search(bytes, |_| ())
}

/// [`call_id`], which says how many bytes it has looked at in each step: anybody's
/// packet comes here, so each byte may be looked at only a few times.
fn search(bytes: &[u8], mut looked_at: impl FnMut(usize)) -> Option<&[u8]> {
    let mut rest = bytes;
    while let Some(after) = rest.strip_prefix(b"\r\n") {
        rest = after;
    }
    while !rest.is_empty() {
        // A line goes on where the next begins with white space.
        let (mut end, mut blank) = (0, true);
        loop {
            let from = end;
            end += rest[end..].iter().position(|b| *b == b'\n').map_or(rest.len() - end, |n| n + 1);
            looked_at(end - from);
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
            if blank {
                looked_at(end - from);
                blank = rest[from..end].trim_ascii().is_empty();
            }
            if blank {
                break;
            }
        }
        let (line, after) = rest.split_at(end);
        rest = after;
        let line = sip::text::trim(line);
        if line.is_empty() {
            return None;
        }
        if !matches!(line[0], b'C' | b'c' | b'i' | b'I') {
            continue;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let name = sip::text::trim(&line[..colon]);
        if HeaderName::from_bytes(name) == HeaderName::CallId {
            return Some(sip::text::trim(&line[colon + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_found_by_its_id_in_any_form() {
        for (text, expect) in [
            ("INVITE sip:a@b SIP/2.0\r\nCall-ID: x@y\r\n\r\n", Some(&b"x@y"[..])),
            ("SIP/2.0 200 OK\r\nCSeq: 1 BYE\r\nCALL-ID:x\r\n\r\n", Some(b"x")),
            ("BYE sip:a SIP/2.0\r\ni : z \r\n\r\n", Some(b"z")),
            ("BYE sip:a SIP/2.0\r\nContact: <a>\r\n\r\nCall-ID: body\r\n", None),
            ("\r\n\r\nBYE sip:a SIP/2.0\r\nCall-ID: x\r\n\r\n", Some(b"x")),
            ("BYE sip:a SIP/2.0\r\nCall-ID:\r\n x\r\n\t\r\nTo: b\r\n\r\n", Some(b"x")),
            ("BYE sip:a SIP/2.0\r\nSubject: a\r\n Call-ID: no\r\ni: x\r\n\r\n", Some(b"x")),
            ("BYE sip:a SIP/2.0\r\n\r\n Call-ID: body\r\n", None),
            ("BYE sip:a SIP/2.0\r\nCall-ID: x", Some(b"x")),
            ("garbage", None),
            ("", None),
        ] {
            assert_eq!(call_id(text.as_bytes()), expect, "{text}");
        }
    }
    /// A line of many folds was looked at again for each: 32 KB held a shard for
    /// 150 ms.
    #[test]
    fn a_packet_of_many_folds_costs_what_its_length_is() {
        for fold in ["\n ", "\r\n\t", "\n  \n ", "\n\n", "\nX:\n "] {
            for start in ["OPTIONS sip:a SIP/2.0\r\nX: a", "", "X: a", " "] {
                let packet = format!("{start}{}", fold.repeat(32 * 1024 / fold.len()));
                let mut work = 0;
                let _ = search(packet.as_bytes(), |n| work += n);
                assert!(work <= 2 * packet.len(), "{work} for {fold:?} after {start:?}");
            }
        }
    }
}
