//! Numbers that strangers cannot foretell, from one seed.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// A key of its own for one use of the seed.
pub(super) fn derive(seed: &[u8; 32], label: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(seed).expect("HMAC takes a key of any length");
    mac.update(label);
    mac.finalize().into_bytes().into()
}

/// What tags, salts, shuffles and call ids are made of: AES in counter mode, for
/// strangers see some of it and must not foretell the rest.
pub(super) struct Random {
    cipher: aes::Aes256Enc,
    blocks: u128,
    spare: Option<u64>,
}

impl Random {
    pub fn new(key: &[u8; 32]) -> Self {
        Self { cipher: aes::Aes256Enc::new(&(*key).into()), blocks: 0, spare: None }
    }

    pub fn next(&mut self) -> u64 {
        if let Some(word) = self.spare.take() {
            return word;
        }
        let mut block = self.blocks.to_le_bytes().into();
        self.blocks += 1;
        self.cipher.encrypt_block(&mut block);
        let words = u128::from_le_bytes(block.into());
        self.spare = Some((words >> 64) as u64);
        words as u64
    }

    pub fn tag(&mut self) -> [u8; 16] {
        hex16(self.next())
    }

    /// A UUIDv7 (RFC 9562 section 5.7).
    pub fn uuid(&mut self, wall_us: i64) -> uuid::Uuid {
        let ms = (wall_us / 1000).max(0) as u64;
        let mut bytes = [0u8; 16];
        bytes[..6].copy_from_slice(&ms.to_be_bytes()[2..]);
        bytes[6..14].copy_from_slice(&self.next().to_le_bytes());
        bytes[14..].copy_from_slice(&self.next().to_le_bytes()[..2]);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        uuid::Uuid::from_bytes(bytes)
    }
}

pub(super) fn hex16(value: u64) -> [u8; 16] {
    std::array::from_fn(|i| b"0123456789abcdef"[(value >> (60 - 4 * i)) as usize & 15])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Length of the shortest linear recurrence over these bits (Berlekamp and
    /// Massey).
    fn linear_complexity(bits: &[bool]) -> usize {
        let n = bits.len();
        let (mut c, mut b) = (vec![false; n], vec![false; n]);
        (c[0], b[0]) = (true, true);
        let (mut length, mut since) = (0, 1);
        for i in 0..n {
            let wrong = (0..=length).fold(false, |d, j| d ^ (c[j] & bits[i - j]));
            if wrong {
                let old = c.clone();
                for j in 0..n - since {
                    c[j + since] ^= b[j];
                }
                if 2 * length <= i {
                    (length, b, since) = (i + 1 - length, old, 0);
                }
            }
            since += 1;
        }
        length
    }

    /// The generators of the xorshift family repeat a linear rule no longer than
    /// their state, which is how a stranger with a few tags would compute it.
    #[test]
    fn tags_follow_no_linear_rule() {
        let inverse = |odd: u64| {
            (0..6).fold(odd, |x, _| x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x))))
        };
        let mut random = Random::new(&[7; 32]);
        let bits: Vec<bool> = (0..1200)
            .map(|_| {
                random.next().wrapping_mul(inverse(9)).rotate_right(7).wrapping_mul(inverse(5))
            })
            .map(|word| word & 1 == 1)
            .collect();
        assert!(linear_complexity(&bits) > 500);
    }

    #[test]
    fn no_key_is_the_seed_or_another_key() {
        let keys = [&b"transactions"[..], b"seals", b"nonces", b"random"]
            .map(|label| derive(&[1; 32], label));
        for (n, key) in keys.iter().enumerate() {
            assert_ne!(key, &[1; 32]);
            assert!(!keys[..n].contains(key));
        }
    }
}
