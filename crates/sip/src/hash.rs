//! SipHash-1-3 with 128-bit output: transaction keys, branches and shards. The
//! keys come from peers, so an unkeyed hash would let one of them aim every
//! message at one bucket.

/// A keyed hash; the key is two words of the seed its owner was handed.
#[derive(Clone, Copy)]
pub(crate) struct KeyedHash {
    k0: u64,
    k1: u64,
}

/// Incremental state of one hash.
pub(crate) struct Hasher {
    v: [u64; 4],
    tail: u64,
    tail_len: u32,
    total: u64,
}

impl KeyedHash {
    pub(crate) fn from_seed(seed: [u8; 16]) -> Self {
        let n = u128::from_le_bytes(seed);
        Self { k0: n as u64, k1: (n >> 64) as u64 }
    }

    pub(crate) fn start(&self) -> Hasher {
        Hasher {
            v: [
                self.k0 ^ 0x736f_6d65_7073_6575,
                self.k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
                self.k0 ^ 0x6c79_6765_6e65_7261,
                self.k1 ^ 0x7465_6462_7974_6573,
            ],
            tail: 0,
            tail_len: 0,
            total: 0,
        }
    }
}

impl Hasher {
    fn round(&mut self) {
        let v = &mut self.v;
        v[0] = v[0].wrapping_add(v[1]);
        v[2] = v[2].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[1]);
        v[0] = v[0].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].rotate_left(32);
    }

    fn word(&mut self, m: u64) {
        self.v[3] ^= m;
        self.round();
        self.v[0] ^= m;
    }

    /// Adds raw bytes.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) {
        self.total += bytes.len() as u64;
        // A word is made of what was left over and what comes, in one step.
        let shift = 8 * self.tail_len;
        while let Some((chunk, rest)) = bytes.split_first_chunk::<8>() {
            let next = u64::from_le_bytes(*chunk);
            self.word(self.tail | next << shift);
            self.tail = if shift == 0 { 0 } else { next >> (64 - shift) };
            bytes = rest;
        }
        for &b in bytes {
            self.tail |= u64::from(b) << (8 * self.tail_len);
            self.tail_len += 1;
            if self.tail_len == 8 {
                self.word(self.tail);
                self.tail = 0;
                self.tail_len = 0;
            }
        }
    }

    /// Adds a field with its length, so that neighbours cannot run together.
    pub(crate) fn field(&mut self, bytes: &[u8]) {
        self.write(bytes);
        self.write(&(bytes.len() as u32).to_le_bytes());
    }

    /// Adds a field in lower case.
    pub(crate) fn field_lower(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(32) {
            let mut lower = [0; 32];
            let lower = &mut lower[..part.len()];
            lower.copy_from_slice(part);
            lower.make_ascii_lowercase();
            self.write(lower);
        }
        self.write(&(bytes.len() as u32).to_le_bytes());
    }

    pub(crate) fn finish128(mut self) -> u128 {
        let m = (self.total << 56) | self.tail;
        self.word(m);
        self.v[2] ^= 0xee;
        for _ in 0..3 {
            self.round();
        }
        let low = self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3];
        self.v[1] ^= 0xdd;
        for _ in 0..3 {
            self.round();
        }
        let high = self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3];
        (u128::from(high) << 64) | u128::from(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_does_not_depend_on_how_the_bytes_are_cut() {
        let keyed = KeyedHash::from_seed([1; 16]);
        let text = b"z9hG4bK-a-long-enough-branch-to-cross-words";
        let mut whole = keyed.start();
        whole.write(text);
        let whole = whole.finish128();
        for cut in 0..text.len() {
            let mut parts = keyed.start();
            parts.write(&text[..cut]);
            parts.write(&text[cut..]);
            assert_eq!(parts.finish128(), whole, "cut at {cut}");
        }
        let mut other = KeyedHash::from_seed([2; 16]).start();
        other.write(text);
        assert_ne!(other.finish128(), whole);
    }
}
