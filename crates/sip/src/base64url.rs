//! Unpadded base64url, in place, so that seals need no second buffer.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The letter of a six-bit value.
pub(crate) fn letter(six: u8) -> u8 {
    ALPHABET[usize::from(six & 63)]
}

/// No letter.
const NONE: u8 = 0xff;

static VALUES: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut six = 0;
    while six < 64 {
        table[ALPHABET[six] as usize] = six as u8;
        six += 1;
    }
    table
};

/// The six-bit value of a letter.
pub(crate) fn value(letter: u8) -> Option<u8> {
    Some(VALUES[usize::from(letter)]).filter(|six| *six != NONE)
}

fn encoded_len(raw: usize) -> usize {
    raw / 3 * 4 + [0, 2, 3][raw % 3]
}

/// Encodes all of `buf` from `start` on, where it stands.
pub(crate) fn encode_tail(buf: &mut Vec<u8>, start: usize) {
    let raw = buf.len() - start;
    let len = encoded_len(raw);
    // Written behind what is read, and moved there: each letter is a load then, with
    // no bounds to check.
    buf.resize(start + raw + len, 0);
    let (bytes, text) = buf[start..].split_at_mut(raw);
    let (groups, rest) = bytes.as_chunks::<3>();
    let (fours, last) = text.as_chunks_mut::<4>();
    for (&[a, b, c], four) in groups.iter().zip(fours) {
        *four = [letter(a >> 2), letter(a << 4 | b >> 4), letter(b << 2 | c >> 6), letter(c)];
    }
    if let [a, more @ ..] = rest {
        let b = more.first().copied().unwrap_or(0);
        let letters = [letter(a >> 2), letter(a << 4 | b >> 4), letter(b << 2)];
        last.copy_from_slice(&letters[..last.len()]);
    }
    buf.copy_within(start + raw.., start);
    buf.truncate(start + len);
}

/// Appends the decoding of `text`; `None` (and `out` as it was) when it is not
/// canonical base64url.
pub(crate) fn decode_into(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let result = decode_groups(text, out);
    if result.is_none() {
        out.truncate(start);
    }
    result
}

fn decode_groups(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let (groups, rest) = text.as_chunks::<4>();
    out.resize(start + groups.len() * 3, 0);
    let mut wrong = 0;
    for (four, three) in groups.iter().zip(out[start..].as_chunks_mut::<3>().0) {
        let [a, b, c, d] = four.map(|letter| VALUES[usize::from(letter)]);
        wrong |= a | b | c | d;
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    let six = |at: usize| rest.get(at).map_or(0, |letter| VALUES[usize::from(*letter)]);
    let (a, b, c) = (six(0), six(1), six(2));
    wrong |= a | b | c;
    if wrong & 0xc0 != 0 {
        return None;
    }
    match rest.len() {
        0 => {}
        2 if b & 0x0f == 0 => out.push(a << 2 | b >> 4),
        3 if c & 0x03 == 0 => out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2]),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut out = b"before".to_vec();
        out.extend_from_slice(bytes);
        encode_tail(&mut out, 6);
        assert_eq!(&out[..6], b"before");
        out.split_off(6)
    }

    #[test]
    fn known_texts() {
        // RFC 4648 section 10, without padding.
        for (plain, text) in [
            (&b""[..], &b""[..]),
            (b"f", b"Zg"),
            (b"fo", b"Zm8"),
            (b"foo", b"Zm9v"),
            (b"foob", b"Zm9vYg"),
            (b"fooba", b"Zm9vYmE"),
            (b"foobar", b"Zm9vYmFy"),
            (&[0xfb, 0xff, 0xbf], b"-_-_"),
        ] {
            assert_eq!(encoded(plain), text);
        }
        for wrong in [&b"Z"[..], b"Zh", b"Zm9", b"Zm9v=", b"Zm9v Yg", b"+/+/", b"Zm9vY\xff"] {
            let mut out = b"kept".to_vec();
            assert_eq!(decode_into(wrong, &mut out), None, "{wrong:?}");
            assert_eq!(out, b"kept");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let text = encoded(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            let mut out = b"kept".to_vec();
            prop_assert_eq!(decode_into(&text, &mut out), Some(()));
            prop_assert_eq!(&out[4..], &bytes[..]);
        }
    }
}
