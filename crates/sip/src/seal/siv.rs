//! AES-SIV (RFC 5297) with its keys set up once.
//!
//! A call takes a dozen of these operations on short texts, and what they cost
//! was mostly setting up keys and hashing the same label again. Held against the
//! `aes-siv` crate by a test.

use aes::cipher::{
    Array, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser,
    KeyInit, KeySizeUser,
};
use subtle::ConstantTimeEq;

pub(super) const TAG_LEN: usize = 16;
/// Blocks of key stream made at a time: as many as the processor works on at once.
const WIDE: usize = 8;

/// One key, for texts under one of two labels.
#[derive(Clone)]
pub(super) struct Siv<C> {
    mac: C,
    ctr: C,
    /// CMAC's subkeys, for last blocks that are full and that are not (RFC 4493
    /// section 2.3).
    full: u128,
    part: u128,
    /// What S2V has come to behind each label.
    labels: [u128; 2],
}

fn dbl(block: u128) -> u128 {
    (block << 1) ^ if block >> 127 == 1 { 0x87 } else { 0 }
}

/// A text shorter than a block, and the bit that ends it.
fn padded(text: &[u8]) -> u128 {
    let mut block = [0; TAG_LEN];
    block[..text.len()].copy_from_slice(text);
    block[text.len()] = 0x80;
    u128::from_be_bytes(block)
}

/// The blocks of a whole tag, one after the other, on a processor made ready once:
/// the widest of its units spread the round keys first, each time they are asked,
/// which costs more than encrypting a block.
struct Tagging<'a, C> {
    siv: &'a Siv<C>,
    /// What S2V has come to before `bound`.
    state: u128,
    bound: &'a [&'a [u8]],
    text: &'a [u8],
    tag: &'a mut u128,
}

impl<C: BlockSizeUser> BlockSizeUser for Tagging<'_, C> {
    type BlockSize = C::BlockSize;
}

impl<C> BlockCipherEncClosure for Tagging<'_, C>
where
    C: BlockSizeUser,
    Array<u8, C::BlockSize>: From<[u8; TAG_LEN]> + Into<[u8; TAG_LEN]>,
{
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = C::BlockSize>>(self, backend: &B) {
        let encrypt = |block| encrypt(backend, block);
        let state = self
            .bound
            .iter()
            .fold(self.state, |state, item| dbl(state) ^ self.siv.cmac(encrypt, item, 0));
        *self.tag = if self.text.len() >= TAG_LEN {
            self.siv.cmac(encrypt, self.text, state)
        } else {
            encrypt(dbl(state) ^ padded(self.text) ^ self.siv.full)
        };
    }
}

#[inline(always)]
fn encrypt<B: BlockCipherEncBackend>(backend: &B, block: u128) -> u128
where
    Array<u8, B::BlockSize>: From<[u8; TAG_LEN]> + Into<[u8; TAG_LEN]>,
{
    let mut bytes = Array::from(block.to_be_bytes());
    backend.encrypt_block_inplace(&mut bytes);
    u128::from_be_bytes(bytes.into())
}

/// One block alone.
fn encrypt_one<C: BlockCipherEncrypt>(cipher: &C, block: u128) -> u128
where
    Array<u8, C::BlockSize>: From<[u8; TAG_LEN]> + Into<[u8; TAG_LEN]>,
{
    let mut bytes = Array::from(block.to_be_bytes());
    cipher.encrypt_block(&mut bytes);
    u128::from_be_bytes(bytes.into())
}

impl<C> Siv<C> {
    /// CMAC (RFC 4493) of `text`, whose last 16 bytes are first xored with `last`
    /// (which is 0 unless the text is that long).
    #[inline(always)]
    fn cmac(&self, encrypt: impl Fn(u128) -> u128, text: &[u8], last: u128) -> u128 {
        // `last` may lie across the last two blocks.
        let (blocks, rest) = text.as_chunks::<TAG_LEN>();
        let (blocks, end) = match (blocks, rest) {
            ([blocks @ .., end], []) => (blocks, u128::from_be_bytes(*end) ^ self.full),
            (blocks, rest) => (blocks, padded(rest) ^ self.part),
        };
        let shift = 8 * rest.len() as u32;
        let (before, end) = match shift {
            0 => (0, end ^ last),
            _ => (last >> shift, end ^ last << (128 - shift)),
        };
        let mut state = 0;
        for (n, block) in blocks.iter().enumerate() {
            state ^= u128::from_be_bytes(*block);
            if n + 1 == blocks.len() {
                state ^= before;
            }
            state = encrypt(state);
        }
        encrypt(state ^ end)
    }
}

impl<C> Siv<C>
where
    C: BlockCipherEncrypt + KeyInit + KeySizeUser,
    Array<u8, C::BlockSize>: From<[u8; TAG_LEN]> + Into<[u8; TAG_LEN]>,
{
    /// The first half of `key` is CMAC's, the second the counter mode's; `None`
    /// for a key of another length than twice the cipher's.
    pub fn new(key: &[u8], labels: [&[u8]; 2]) -> Option<Self> {
        let (mac, ctr) = key.split_at_checked(key.len() / 2)?;
        let (mac, ctr) = (C::new_from_slice(mac).ok()?, C::new_from_slice(ctr).ok()?);
        let full = dbl(encrypt_one(&mac, 0));
        let part = dbl(full);
        let mut siv = Self { mac, ctr, full, part, labels: [0; 2] };
        let encrypt = |block| encrypt_one(&siv.mac, block);
        let zero = siv.cmac(encrypt, &[0; TAG_LEN], 0);
        siv.labels = labels.map(|label| dbl(zero) ^ siv.cmac(encrypt, label, 0));
        Some(siv)
    }

    /// S2V (RFC 5297 section 2.4).
    fn tag(&self, label: usize, bound: &[&[u8]], text: &[u8]) -> u128 {
        let (state, mut tag) = (self.labels[label], 0);
        self.mac.encrypt_with_backend(Tagging { siv: self, state, bound, text, tag: &mut tag });
        tag
    }

    fn crypt(&self, tag: u128, text: &mut [u8]) {
        // Two bits are cleared so that counting carries nowhere (section 2.5).
        let mut counter = tag & !(1 << 63 | 1 << 31);
        for part in text.chunks_mut(WIDE * TAG_LEN) {
            let mut stream: [Array<u8, C::BlockSize>; WIDE] =
                std::array::from_fn(|n| Array::from(counter.wrapping_add(n as u128).to_be_bytes()));
            counter = counter.wrapping_add(WIDE as u128);
            let blocks = part.len().div_ceil(TAG_LEN);
            self.ctr.encrypt_blocks(&mut stream[..blocks]);
            for (text, key) in part.chunks_mut(TAG_LEN).zip(&stream) {
                for (byte, key) in text.iter_mut().zip(key) {
                    *byte ^= key;
                }
            }
        }
    }

    /// Encrypts `text` where it stands, bound to a label and to each of `bound`;
    /// the tag.
    pub fn seal(&self, label: usize, bound: &[&[u8]], text: &mut [u8]) -> [u8; TAG_LEN] {
        let tag = self.tag(label, bound, text);
        self.crypt(tag, text);
        tag.to_be_bytes()
    }

    /// Decrypts `text` where it stands; `false` (and no text) if it was not sealed
    /// so.
    pub fn open(&self, label: usize, bound: &[&[u8]], text: &mut [u8], tag: [u8; TAG_LEN]) -> bool {
        self.crypt(u128::from_be_bytes(tag), text);
        let made = self.tag(label, bound, text).to_be_bytes();
        let same = bool::from(made.ct_eq(&tag));
        if !same {
            text.fill(0);
        }
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_siv::siv::{Aes128Siv, Aes256Siv};
    use proptest::prelude::*;

    const LABELS: [&[u8]; 2] = [b"meetpoint seal", b"a label of more than one block"];

    proptest! {
        #[test]
        fn seals_are_those_of_the_standard(
            key in prop::collection::vec(any::<u8>(), 64),
            label in 0usize..2,
            bound in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70), 0..4),
            text in prop::collection::vec(any::<u8>(), 0..300),
            flip in any::<prop::sample::Index>(),
        ) {
            let long: Siv<aes::Aes256Enc> = Siv::new(&key, LABELS).expect("64 bytes");
            let short: Siv<aes::Aes128Enc> = Siv::new(&key[..32], LABELS).expect("32 bytes");
            let items: Vec<&[u8]> = bound.iter().map(|item| &item[..]).collect();
            let all: Vec<&[u8]> =
                std::iter::once(LABELS[label]).chain(items.iter().copied()).collect();
            let key64: [u8; 64] = key[..].try_into().expect("64 bytes");
            let key32: [u8; 32] = key[..32].try_into().expect("32 bytes");
            let wide = Aes256Siv::new(&key64.into()).encrypt(&all, &text).expect("sealed");
            let narrow = Aes128Siv::new(&key32.into()).encrypt(&all, &text).expect("sealed");

            let mut own = text.clone();
            let tag = long.seal(label, &items, &mut own);
            prop_assert_eq!([&tag[..], &own].concat(), wide);
            let mut other = text.clone();
            let narrow_tag = short.seal(label, &items, &mut other);
            prop_assert_eq!([&narrow_tag[..], &other].concat(), narrow);

            let mut back = own.clone();
            prop_assert!(long.open(label, &items, &mut back, tag));
            prop_assert_eq!(&back, &text);
            let mut forged = [&tag[..], &own].concat();
            let at = flip.index(forged.len());
            forged[at] ^= 1;
            let (tag, body) = forged.split_at_mut(TAG_LEN);
            let tag = <[u8; TAG_LEN]>::try_from(&*tag).expect("its length");
            prop_assert!(!long.open(label, &items, body, tag));
            prop_assert!(body.iter().all(|b| *b == 0));
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16);
        pairs.map(|pair| byte(pair).expect("hexadecimal")).collect()
    }

    /// RFC 5297 appendix A: key, associated data, plaintext, output.
    #[test]
    fn the_examples_of_the_standard_come_out_as_printed() {
        for (key, data, text, output) in [
            (
                "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
                &["101112131415161718191a1b1c1d1e1f2021222324252627"][..],
                "112233445566778899aabbccddee",
                "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c",
            ),
            (
                "7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f",
                &[
                    "00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
                    "102030405060708090a0",
                    "09f911029d74e35bd84156c5635688c0",
                ],
                "7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573\
                 696e67205349562d414553",
                "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb\
                 094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d",
            ),
        ] {
            let (key, mut text) = (hex(key), hex(text));
            let data: Vec<_> = data.iter().map(|item| hex(item)).collect();
            let plain = text.clone();
            let siv: Siv<aes::Aes128Enc> = Siv::new(&key, [&data[0], LABELS[0]]).expect("32 bytes");
            let bound: Vec<&[u8]> = data[1..].iter().map(|item| &item[..]).collect();
            let tag = siv.seal(0, &bound, &mut text);
            assert_eq!([&tag[..], &text].concat(), hex(output));
            assert!(siv.open(0, &bound, &mut text, tag));
            assert_eq!(text, plain);
        }
    }

    #[test]
    fn a_key_has_its_length() {
        for len in [0, 31, 33, 63, 65] {
            assert!(Siv::<aes::Aes128Enc>::new(&vec![1; len], LABELS).is_none(), "{len}");
        }
    }
}
