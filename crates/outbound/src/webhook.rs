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
}
