//! Unpadded base64url, in place, so that seals need no second buffer.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The letter of a six-bit value.
pub(crate) fn letter(six: u8) -> u8 {
    ALPHABET[usize::from(six & 63)]
}

/// The six-bit value of a letter.
pub(crate) fn value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

fn encoded_len(raw: usize) -> usize {
    raw / 3 * 4 + [0, 2, 3][raw % 3]
}

/// Encodes all of `buf` from `start` on, where it stands.
pub(crate) fn encode_tail(buf: &mut Vec<u8>, start: usize) {
    let raw = buf.len() - start;
    buf.resize(start + encoded_len(raw), 0);
    let groups = raw.div_ceil(3);
    // From the end, so that no byte is overwritten before it is read.
    for group in (0..groups).rev() {
        let at = start + group * 3;
        let len = (raw - group * 3).min(3);
        let mut three = [0u8; 3];
        three[..len].copy_from_slice(&buf[at..at + len]);
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        let to = start + group * 4;
        for i in 0..=len {
            buf[to + i] = letter((bits >> (18 - 6 * i)) as u8);
        }
    }
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
    for chunk in text.chunks(4) {
        let mut bits = 0u32;
        for (i, &c) in chunk.iter().enumerate() {
            bits |= u32::from(value(c)?) << (18 - 6 * i);
        }
        let bytes = bits.to_be_bytes();
        let len = match chunk.len() {
            4 => 3,
            3 if bits & 0xff == 0 => 2,
            2 if bits & 0xffff == 0 => 1,
            _ => return None,
        };
        out.extend_from_slice(&bytes[1..1 + len]);
    }
    Some(())
}
