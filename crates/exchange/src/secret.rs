//! Secrets: drawn here, kept as hashes.

use sha2::{Digest, Sha256};

/// 256 random bits as base64url.
pub(crate) fn draw() -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    base64url(&bytes)
}

/// What the database keeps of a secret. It has 256 bits of its own, so a plain
/// hash cannot be searched backwards.
pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Lower-case hex, as RFC 7616 writes digests.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648 section 5, without padding.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut block = [0u8; 4];
        block[1..=chunk.len()].copy_from_slice(chunk);
        let block = u32::from_be_bytes(block);
        for at in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(block >> (18 - 6 * at)) as usize & 63]));
        }
    }
    out
}

/// The inverse; `None` for what [`base64url`] never writes.
pub(crate) fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut block = 0u32;
        for (at, letter) in chunk.iter().enumerate() {
            let value = ALPHABET.iter().position(|a| a == letter)?;
            block |= u32::try_from(value).ok()? << (18 - 6 * at);
        }
        let bytes = block.to_be_bytes();
        out.extend_from_slice(&bytes[1..chunk.len()]);
    }
    (base64url(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_as_rfc_4648_has_it() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (&[0xfb, 0xff], "-_8"),
        ] {
            assert_eq!(base64url(bytes), text);
            assert_eq!(base64url_decode(text).as_deref(), Some(bytes));
        }
        for bad in ["Z", "Zh", "Zg=", "Zm 9", "é"] {
            assert_eq!(base64url_decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn secrets_differ_and_have_256_bits() {
        let (a, b) = (draw(), draw());
        assert_ne!(a, b);
        assert_eq!(a.len(), 43);
    }
}
