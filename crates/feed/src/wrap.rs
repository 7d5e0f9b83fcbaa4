//! Secrets at rest: an edge's snapshot file never holds a key or an HA1 in
//! clear (design decision 2, section 5).

use aes_siv::{KeyInit, siv::Aes256Siv};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Wraps the secrets of one edge's snapshot file with AES-SIV (RFC 5297): no
/// nonce to keep unique, and the same secret wraps to the same bytes.
#[derive(Clone)]
pub struct WrapKey([u8; 64]);

impl std::fmt::Debug for WrapKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WrapKey(…)")
    }
}

/// Derives the key from the token by which the edge is known to the control
/// plane: a file copied without the token tells no secret.
pub fn wrap_key(token: &str) -> WrapKey {
    let mut key = [0u8; 64];
    for (half, out) in key.chunks_exact_mut(32).enumerate() {
        let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(b"meetpoint snapshot wrap 1");
        mac.update(&[half as u8]);
        out.copy_from_slice(&mac.finalize().into_bytes());
    }
    WrapKey(key)
}

impl WrapKey {
    /// Wraps `secret`, bound to `context` (whose secret it is).
    pub fn wrap(&self, context: &[u8], secret: &[u8]) -> Vec<u8> {
        Aes256Siv::new(&self.0.into())
            .encrypt([context], secret)
            .expect("one header and a short secret are within SIV's limits")
    }

    /// Opens what [`WrapKey::wrap`] made; `None` with another key or context.
    pub fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
        Aes256Siv::new(&self.0.into()).decrypt([context], wrapped).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_the_same_token_and_context_only() {
        let key = wrap_key("token-1");
        let wrapped = key.wrap(b"alice", b"secret");
        assert!(!wrapped.windows(6).any(|w| w == b"secret"));
        assert_eq!(key.unwrap(b"alice", &wrapped).as_deref(), Some(&b"secret"[..]));
        assert_eq!(key.unwrap(b"bob", &wrapped), None);
        assert_eq!(wrap_key("token-2").unwrap(b"alice", &wrapped), None);
        assert_eq!(key.unwrap(b"alice", &wrapped[1..]), None);
    }
}
