//! One-time codes by the clock (RFC 6238): HMAC-SHA-1, six digits, steps of 30 seconds, which is
//! what every authenticator app takes.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

const STEP_SECONDS: i64 = 30;
/// Clocks of phones may be a step off.
const WINDOW: i64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The time step of a moment, seconds since 1970 UTC.
pub(crate) const fn step_at(seconds: i64) -> i64 {
    seconds.div_euclid(STEP_SECONDS)
}

/// The code of a time step (RFC 4226 section 5.3).
pub(crate) fn code(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0xf);
    let four = [digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]];
    format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
}

/// The step whose code this is, about now, and after the one used last.
pub(crate) fn step_of(secret: &[u8], shown: &str, seconds: i64, used: i64) -> Option<i64> {
    let now = step_at(seconds);
    // Every step of the window is looked at, so that time tells nothing.
    (now - WINDOW..=now + WINDOW).fold(None, |found, step| {
        let is_it = bool::from(code(secret, step).as_bytes().ct_eq(shown.as_bytes()));
        if is_it && step > used { Some(step) } else { found }
    })
}

/// RFC 4648 section 6, without padding, as apps take a secret typed in.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(ALPHABET[(held >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        out.push(char::from(ALPHABET[(held << (5 - bits)) as usize & 31]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the last six digits of its eight.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, expect) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(secret, step_at(seconds)), expect, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_about_its_time_and_once() {
        let secret = b"12345678901234567890";
        let step = step_at(1_111_111_111);
        let shown = code(secret, step);
        for (seconds, used, expect) in [
            (1_111_111_111, 0, Some(step)),
            (1_111_111_111 + 30, 0, Some(step)),
            (1_111_111_111 - 30, 0, Some(step)),
            (1_111_111_111 + 90, 0, None),
            (1_111_111_111, step, None),
            (1_111_111_111, step + 1, None),
        ] {
            assert_eq!(step_of(secret, &shown, seconds, used), expect, "{seconds} {used}");
        }
        assert_eq!(step_of(secret, "", 0, -9), None);
    }

    #[test]
    fn base32_as_rfc_4648_has_it() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "MY"),
            (b"fo", "MZXQ"),
            (b"foo", "MZXW6"),
            (b"foob", "MZXW6YQ"),
            (b"fooba", "MZXW6YTB"),
            (b"foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes), text);
        }
    }
}
