//! Sealed dialogs: what an in-dialog request needs, carried by the peer itself.
//!
//! AES-SIV (RFC 5297) is deterministic and needs no nonce, so that every edge
//! seals alike and nothing is lost if two of them do. A seal is text for the user
//! part of a URI or a tag: one version letter, one key letter, then base64url of
//! the synthetic IV and the ciphertext. The version rises when the layout does;
//! what the payload holds is the caller's, see [`codec`].

pub mod codec;

mod siv;

use aes::{Aes128Enc, Aes256Enc};
use siv::{Siv, TAG_LEN};

use crate::base64url;
use crate::hash::KeyedHash;

const VERSION: u8 = b'1';
const SEAL_LABEL: &[u8] = b"meetpoint seal";
const CALL_ID_LABEL: &[u8] = b"meetpoint call-id";
const CALL_ID_PREFIX: &[u8] = b"mp~";
/// Prefix, version, key and four shard digits.
const CALL_ID_HEAD: usize = 3 + 1 + 1 + 4;

/// Why a seal does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealError {
    /// Not the shape of a seal at all.
    Malformed,
    /// Made by a version this code does not know.
    Version,
    /// Made with a key that is not, or no longer, here.
    UnknownKey,
    /// Altered, made by a stranger, or bound to something else.
    Forged,
}

impl SealError {
    /// Stable machine-readable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "seal-malformed",
            Self::Version => "seal-version",
            Self::UnknownKey => "seal-unknown-key",
            Self::Forged => "seal-forged",
        }
    }
}

impl std::fmt::Display for SealError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for SealError {}

/// Why bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealKeyError {
    /// Secrets have 32 bytes (AES-128) or 64 bytes (AES-256).
    Length,
    /// Key ids go from 0 to 63.
    Id,
}

impl std::fmt::Display for SealKeyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Length => "seal-key-length: a seal secret has 32 or 64 bytes",
            Self::Id => "seal-key-id: a seal key id is from 0 to 63",
        })
    }
}

impl std::error::Error for SealKeyError {}

/// Which label a text is sealed under.
#[derive(Clone, Copy)]
enum Label {
    Seal = 0,
    CallId = 1,
}

#[derive(Clone)]
enum Secret {
    Short(Box<Siv<Aes128Enc>>),
    Long(Box<Siv<Aes256Enc>>),
}

impl Secret {
    fn new(secret: &[u8]) -> Option<Self> {
        let labels = [SEAL_LABEL, CALL_ID_LABEL];
        match secret.len() {
            32 => Siv::new(secret, labels).map(|siv| Self::Short(Box::new(siv))),
            64 => Siv::new(secret, labels).map(|siv| Self::Long(Box::new(siv))),
            _ => None,
        }
    }

    fn encrypt(&self, label: Label, ad: &[&[u8]], data: &mut [u8]) -> [u8; TAG_LEN] {
        match self {
            Self::Short(siv) => siv.seal(label as usize, ad, data),
            Self::Long(siv) => siv.seal(label as usize, ad, data),
        }
    }

    fn decrypt(&self, label: Label, ad: &[&[u8]], data: &mut [u8], tag: [u8; TAG_LEN]) -> bool {
        match self {
            Self::Short(siv) => siv.open(label as usize, ad, data, tag),
            Self::Long(siv) => siv.open(label as usize, ad, data, tag),
        }
    }
}

/// The keys every edge shares: one makes new seals, all open old ones.
#[derive(Clone)]
pub struct SealKeys {
    keys: Vec<(u8, Secret)>,
    current: u8,
}

impl std::fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<u8> = self.keys.iter().map(|(id, _)| *id).collect();
        f.debug_struct("SealKeys").field("ids", &ids).field("current", &self.current).finish()
    }
}

impl SealKeys {
    /// One key, which is current.
    ///
    /// # Errors
    /// [`SealKeyError`] for an id above 63 or a secret of another length.
    pub fn new(id: u8, secret: &[u8]) -> Result<Self, SealKeyError> {
        let mut keys = Self { keys: Vec::new(), current: id };
        keys.add(id, secret)?;
        Ok(keys)
    }

    /// Adds (or replaces) a key that opens but does not seal.
    ///
    /// # Errors
    /// [`SealKeyError`] for an id above 63 or a secret of another length.
    pub fn add(&mut self, id: u8, secret: &[u8]) -> Result<(), SealKeyError> {
        if id > 63 {
            return Err(SealKeyError::Id);
        }
        let secret = Secret::new(secret).ok_or(SealKeyError::Length)?;
        self.keys.retain(|(known, _)| *known != id);
        self.keys.push((id, secret));
        Ok(())
    }

    /// Makes a known key the one that seals; `false` if it is not known.
    pub fn make_current(&mut self, id: u8) -> bool {
        let known = self.find(id).is_some();
        if known {
            self.current = id;
        }
        known
    }

    /// Forgets a key; the current one stays.
    pub fn remove(&mut self, id: u8) {
        let current = self.current;
        self.keys.retain(|(known, _)| *known != id || *known == current);
    }

    fn find(&self, id: u8) -> Option<&Secret> {
        self.keys.iter().find(|(known, _)| *known == id).map(|(_, secret)| secret)
    }

    fn current(&self) -> &Secret {
        self.find(self.current).expect("the current key is never removed")
    }

    /// Appends the seal of `payload` to `out`, bound to each item of `ad` (Call-ID,
    /// leg tag, peer): it opens only with the same items in the same order. At
    /// most 125 of them.
    pub fn seal_into(&self, ad: &[&[u8]], payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, base64url::letter(self.current)]);
        encrypt_tail(self.current(), Label::Seal, ad, payload, out);
    }

    /// The seal of `payload` as new text.
    pub fn seal(&self, ad: &[&[u8]], payload: &[u8]) -> String {
        let mut out = Vec::with_capacity(sealed_len(payload.len()));
        self.seal_into(ad, payload, &mut out);
        String::from_utf8(out).expect("base64url is ASCII")
    }

    /// Opens a seal into `out`, which is cleared first.
    ///
    /// # Errors
    /// [`SealError`]; `out` is empty then.
    pub fn open_into(&self, ad: &[&[u8]], seal: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        out.clear();
        let [version, key, text @ ..] = seal else { return Err(SealError::Malformed) };
        self.open_text(*version, *key, Label::Seal, ad, text, out)
    }

    /// Opens a seal.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, ad: &[&[u8]], seal: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        self.open_into(ad, seal, &mut out)?;
        Ok(out)
    }

    fn open_text(
        &self,
        version: u8,
        key: u8,
        label: Label,
        ad: &[&[u8]],
        text: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        if version != VERSION {
            let known_shape = version.is_ascii_alphanumeric();
            return Err(if known_shape { SealError::Version } else { SealError::Malformed });
        }
        let id = base64url::value(key).ok_or(SealError::Malformed)?;
        let secret = self.find(id).ok_or(SealError::UnknownKey)?;
        base64url::decode_into(text, out).ok_or(SealError::Malformed)?;
        let Some((tag, _)) = out.split_first_chunk::<TAG_LEN>() else {
            out.clear();
            return Err(SealError::Malformed);
        };
        let tag = *tag;
        if !secret.decrypt(label, ad, &mut out[TAG_LEN..], tag) {
            out.clear();
            return Err(SealError::Forged);
        }
        out.drain(..TAG_LEN);
        Ok(())
    }

    /// Appends the Call-ID that stands for `call_id` on the other leg: the same
    /// text every time, which hides the original (and its host) and names its
    /// `shard` in clear, so that any receiver finds the owner without a key.
    pub fn map_call_id_into(&self, shard: u16, call_id: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(CALL_ID_PREFIX);
        out.extend_from_slice(&[VERSION, base64url::letter(self.current)]);
        let digits: [u8; 4] =
            std::array::from_fn(|i| b"0123456789abcdef"[usize::from(shard >> (12 - 4 * i)) & 15]);
        out.extend_from_slice(&digits);
        encrypt_tail(self.current(), Label::CallId, &[&digits], call_id, out);
    }

    /// [`map_call_id_into`](Self::map_call_id_into) as new text.
    pub fn map_call_id(&self, shard: u16, call_id: &[u8]) -> String {
        let mut out = Vec::with_capacity(CALL_ID_HEAD + sealed_len(call_id.len()));
        self.map_call_id_into(shard, call_id, &mut out);
        String::from_utf8(out).expect("base64url is ASCII")
    }

    /// Recovers the original Call-ID into `out`, which is cleared first.
    ///
    /// # Errors
    /// [`SealError::Malformed`] for a Call-ID that is not a mapped one, else as
    /// [`open`](Self::open).
    pub fn unmap_call_id_into(&self, mapped: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        out.clear();
        let (head, text) = mapped.split_at_checked(CALL_ID_HEAD).ok_or(SealError::Malformed)?;
        let [b'm', b'p', b'~', version, key, digits @ ..] = head else {
            return Err(SealError::Malformed);
        };
        self.open_text(*version, *key, Label::CallId, &[digits], text, out)
    }

    /// [`unmap_call_id_into`](Self::unmap_call_id_into) as new bytes.
    ///
    /// # Errors
    /// As there.
    pub fn unmap_call_id(&self, mapped: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut out = Vec::new();
        self.unmap_call_id_into(mapped, &mut out)?;
        Ok(out)
    }
}

/// Length of the seal of a payload of this many bytes.
pub const fn sealed_len(payload: usize) -> usize {
    let raw = payload + TAG_LEN;
    2 + raw / 3 * 4
        + match raw % 3 {
            0 => 0,
            1 => 2,
            _ => 3,
        }
}

fn encrypt_tail(secret: &Secret, label: Label, ad: &[&[u8]], payload: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; TAG_LEN]);
    out.extend_from_slice(payload);
    let tag = secret.encrypt(label, ad, &mut out[start + TAG_LEN..]);
    out[start..start + TAG_LEN].copy_from_slice(&tag);
    base64url::encode_tail(out, start);
}

/// Whether a Call-ID looks like one [`SealKeys::map_call_id`] made. Looks only: a
/// peer may make one up, which then does not unmap.
pub fn is_mapped_call_id(call_id: &[u8]) -> bool {
    mapped_shard(call_id).is_some()
}

fn mapped_shard(call_id: &[u8]) -> Option<u16> {
    let (head, text) = call_id.split_at_checked(CALL_ID_HEAD)?;
    let [b'm', b'p', b'~', _version, _key, digits @ ..] = head else { return None };
    if text.len() < 22 || !text.iter().all(|&b| base64url::value(b).is_some()) {
        return None;
    }
    digits.iter().try_fold(0u16, |shard, &digit| match digit {
        b'0'..=b'9' => Some(shard << 4 | u16::from(digit - b'0')),
        b'a'..=b'f' => Some(shard << 4 | u16::from(digit - b'a' + 10)),
        _ => None,
    })
}

/// The shard of a call, the same for an original Call-ID and for its mapping
/// (when that was made with this shard). Every edge and version computes it alike;
/// it is no secret and no defence.
pub fn shard_of_call_id(call_id: &[u8]) -> u16 {
    mapped_shard(call_id).unwrap_or_else(|| {
        let mut hash = KeyedHash::from_seed(*b"meetpoint shards").start();
        hash.write(call_id);
        hash.finish128() as u16
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_siv::{KeyInit, siv::Aes128Siv};

    fn keys() -> SealKeys {
        SealKeys::new(5, &[7; 32]).unwrap()
    }

    #[test]
    fn rfc_5297_example_holds() {
        // Appendix A.1: one associated data item, no label.
        let key: [u8; 32] = std::array::from_fn(|i| match i {
            0..16 => 0xff - i as u8,
            _ => 0xf0 + (i as u8 - 16),
        });
        let ad: Vec<u8> = (0x10..0x28).collect();
        let mut data: [u8; 14] = std::array::from_fn(|i| (i as u8 + 1) * 0x11);
        let tag = Aes128Siv::new(&key.into())
            .encrypt_inout_detached([&ad], (&mut data[..]).into())
            .unwrap();
        assert_eq!(tag.as_slice()[..4], [0x85, 0x63, 0x2d, 0x07]);
        assert_eq!(data[..4], [0x40, 0xc0, 0x2b, 0x96]);
    }

    #[test]
    fn a_seal_opens_only_where_it_was_made_for() {
        for len in 0..70usize {
            let payload: Vec<u8> = (0..len as u8).collect();
            let seal = keys().seal(&[b"call", b"tag"], &payload);
            assert_eq!(seal.len(), sealed_len(len));
            assert!(seal.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            let seal = seal.as_bytes();
            assert_eq!(keys().open(&[b"call", b"tag"], seal).unwrap(), payload);
            assert_eq!(keys().open(&[b"callt", b"ag"], seal), Err(SealError::Forged));
            assert_eq!(keys().open(&[b"tag", b"call"], seal), Err(SealError::Forged));
        }
    }

    #[test]
    fn every_changed_letter_is_noticed() {
        let seal = keys().seal(&[b"x"], b"payload!").into_bytes();
        for at in 0..seal.len() {
            for other in [b'A', b'z', b'7', b'!', b'='] {
                let mut bad = seal.clone();
                if bad[at] == other {
                    continue;
                }
                bad[at] = other;
                assert!(keys().open(&[b"x"], &bad).is_err(), "letter {at} as {other}");
            }
            assert!(keys().open(&[b"x"], &seal[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn old_keys_open_until_they_are_removed() {
        let old = keys().seal(&[], b"p");
        let mut rotated = keys();
        rotated.add(6, &[9; 64]).unwrap();
        assert!(rotated.make_current(6));
        assert_eq!(rotated.open(&[], old.as_bytes()).unwrap(), b"p");
        let new = rotated.seal(&[], b"p");
        assert_ne!(new, old);
        assert_eq!(keys().open(&[], new.as_bytes()), Err(SealError::UnknownKey));
        rotated.remove(5);
        rotated.remove(6);
        assert_eq!(rotated.open(&[], old.as_bytes()), Err(SealError::UnknownKey));
        assert_eq!(rotated.open(&[], new.as_bytes()).unwrap(), b"p");
        assert_eq!(rotated.open(&[], b"2Gabc"), Err(SealError::Version));
        assert!(!rotated.make_current(5));
        assert_eq!(SealKeys::new(0, &[0; 31]).unwrap_err(), SealKeyError::Length);
        assert_eq!(SealKeys::new(64, &[0; 32]).unwrap_err(), SealKeyError::Id);
    }

    #[test]
    fn call_ids_map_both_ways_and_keep_their_shard() {
        for original in [&b"a@10.1.2.3"[..], b"", &[b'x'; 100], b"mp~notreally"] {
            let shard = shard_of_call_id(original);
            let mapped = keys().map_call_id(shard, original);
            assert_eq!(mapped, keys().map_call_id(shard, original));
            assert_eq!(shard_of_call_id(mapped.as_bytes()), shard);
            assert!(is_mapped_call_id(mapped.as_bytes()));
            assert!(!mapped.contains("10.1.2.3") && !mapped.contains('@'));
            assert_eq!(keys().unmap_call_id(mapped.as_bytes()).unwrap(), original);
            let twice = keys().map_call_id(shard, mapped.as_bytes());
            assert_eq!(shard_of_call_id(twice.as_bytes()), shard);
            assert_eq!(keys().unmap_call_id(twice.as_bytes()).unwrap(), mapped.as_bytes());
            let mut moved = mapped.into_bytes();
            moved[5] = if moved[5] == b'0' { b'1' } else { b'0' };
            assert_eq!(keys().unmap_call_id(&moved), Err(SealError::Forged));
        }
        assert_eq!(keys().unmap_call_id(b"a@10.1.2.3"), Err(SealError::Malformed));
        assert_ne!(shard_of_call_id(b"a"), shard_of_call_id(b"b"));
    }
}
