//! The Standard Webhooks scheme, version 1.0: `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, the latter `v1,` and HMAC-SHA256 in base64 over
//! `{id}.{timestamp}.{body}`, one for each secret that is good.

use crate::Post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;

/// Bytes of a new secret: the scheme wants 24 to 64.
pub const SECRET_BYTES: usize = 32;

/// One event on its way to one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Names the event: the same with each attempt, so that a receiver knows it again.
    pub id: &'a str,
    /// When this attempt is made, seconds since 1970 UTC.
    pub at: i64,
    /// JSON.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// The value of `webhook-signature`.
    pub fn signature<S: AsRef<[u8]>>(&self, secrets: &[S]) -> String {
        let sign = |secret: &S| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_ref())
                .expect("HMAC takes a key of any length");
            mac.update(self.id.as_bytes());
            mac.update(format!(".{}.", self.at).as_bytes());
            mac.update(self.body);
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        };
        secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
    }

    /// The request that carries it.
    pub fn post<S: AsRef<[u8]>>(&self, url: &str, secrets: &[S], timeout: Duration) -> Post {
        Post {
            url: url.to_owned(),
            headers: vec![
                ("webhook-id", self.id.to_owned()),
                ("webhook-timestamp", self.at.to_string()),
                ("webhook-signature", self.signature(secrets)),
            ],
            body: self.body.to_vec(),
            timeout,
        }
    }
}

/// What somebody else posted here by the scheme.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more, parted by blanks.
    pub signature: &'a str,
    /// Every byte of it.
    pub body: &'a [u8],
}

/// How far its time may be from ours, seconds, as the scheme's libraries have it.
pub const TOLERANCE: i64 = 300;

/// Why what was posted is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is missing or is no such header.
    #[error(
        "webhook-id, webhook-timestamp and webhook-signature are to be there, as Standard Webhooks has them"
    )]
    Incomplete,
    /// It is from another time: perhaps it was caught and sent again.
    #[error("webhook-timestamp is more than {TOLERANCE} s from now")]
    Time,
    /// It is not signed with the secret, or not as it came.
    #[error("no signature fits the secret")]
    Signature,
}

/// Is it signed with this secret, and fresh? Takes as long whichever byte is wrong.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(secret: &[u8], received: &Received<'_>, now: i64) -> Result<(), SignatureError> {
    let at = received.timestamp.parse::<i64>().map_err(|_| SignatureError::Incomplete)?;
    if received.id.is_empty() || received.id.contains('.') || received.signature.is_empty() {
        return Err(SignatureError::Incomplete);
    }
    if at.abs_diff(now) > TOLERANCE.unsigned_abs() {
        return Err(SignatureError::Time);
    }
    // Without a secret nothing is signed, whatever somebody made of an empty key.
    let mut good = false;
    for signature in received.signature.split(' ') {
        let Some(text) = signature.strip_prefix("v1,") else { continue };
        let Ok(bytes) = STANDARD.decode(text) else { continue };
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
        mac.update(received.id.as_bytes());
        mac.update(format!(".{at}.").as_bytes());
        mac.update(received.body);
        good |= mac.verify_slice(&bytes).is_ok();
    }
    if good && !secret.is_empty() { Ok(()) } else { Err(SignatureError::Signature) }
}

/// A secret as it is shown.
pub fn secret_text(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the scheme's libraries are tested with.
    #[test]
    fn signs_as_the_scheme_has_it() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: 1_614_265_330,
            body: br#"{"test": 2432232314}"#,
        };
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(message.signature(&[&secret]), one);
        let both = message.signature(&[&b"another"[..], &secret]);
        assert_eq!(both.split(' ').nth(1), Some(one), "one for each secret");
        assert_eq!(secret_text(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
    #[test]
    fn believes_what_is_signed_and_fresh() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let good = Received {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            body: br#"{"test": 2432232314}"#,
        };
        let at = 1_614_265_330;
        let several = format!("v1,AAAA v2,x {} v1,BBBB", good.signature);
        let padded = format!("{}x", good.signature);
        for (name, received, now, expect) in [
            ("good", good, at, Ok(())),
            ("late", good, at + 300, Ok(())),
            ("early", good, at - 300, Ok(())),
            ("too late", good, at + 301, Err(SignatureError::Time)),
            ("too early", good, at - 301, Err(SignatureError::Time)),
            ("several", Received { signature: &several, ..good }, at, Ok(())),
            ("none", Received { signature: "", ..good }, at, Err(SignatureError::Incomplete)),
            ("no id", Received { id: "", ..good }, at, Err(SignatureError::Incomplete)),
            ("no time", Received { timestamp: "x", ..good }, at, Err(SignatureError::Incomplete)),
            ("other id", Received { id: "msg_2", ..good }, at, Err(SignatureError::Signature)),
            ("other body", Received { body: b"{}", ..good }, at, Err(SignatureError::Signature)),
            (
                "other time",
                Received { timestamp: "1614265331", ..good },
                at,
                Err(SignatureError::Signature),
            ),
            (
                "cut",
                Received { signature: &padded[1..], ..good },
                at,
                Err(SignatureError::Signature),
            ),
            ("padded", Received { signature: &padded, ..good }, at, Err(SignatureError::Signature)),
        ] {
            assert_eq!(verify(&secret, &received, now), expect, "{name}");
        }
        assert_eq!(verify(b"another", &good, at), Err(SignatureError::Signature));
        let message = Message { id: good.id, at, body: good.body };
        let empty = message.signature(&[b""]);
        let unsigned = Received { signature: &empty, ..good };
        assert_eq!(verify(b"", &unsigned, at), Err(SignatureError::Signature));
    }
}
