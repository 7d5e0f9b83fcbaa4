//! Seals that this core made a moment ago: the ACK and mostly the BYE bring one
//! back letter by letter, and nothing need be opened to know what it says.
//!
//! Only a short cut: what is not here, or no longer, is opened.

use domain::id_map::IdHasher;
use std::hash::Hasher;

/// Seals kept at once, per core: the calls of some seconds at full load.
const PLACES: usize = 8_192;

/// Bytes of one place; what needs more is not kept.
const ROOM: usize = 512;

/// Where the parts of a place end, counted from its start: the seal, the leg's
/// Call-ID and tag, what was sealed, the Call-ID of the other leg.
type Ends = [u16; 5];

/// The last seals, each in the place that its letters name. The memory is taken at
/// the first one, and its pages as places fill.
#[derive(Default)]
pub(super) struct KnownSeals {
    bytes: Vec<u8>,
    ends: Vec<Ends>,
}

/// What a known seal stands for.
pub(super) struct Recalled<'a> {
    /// What was sealed.
    pub payload: &'a [u8],
    /// The Call-ID of the other leg.
    pub far_call_id: &'a [u8],
}

/// Every letter is looked at, whatever the first ones are.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn place(seal: &[u8]) -> usize {
    let mut hasher = IdHasher::default();
    // The first letters are the synthetic IV's: no two seals share them.
    hasher.write(&seal[..seal.len().min(24)]);
    hasher.finish() as usize % PLACES
}

impl KnownSeals {
    /// Keeps a seal that was just made for the leg of this Call-ID and tag.
    pub fn keep(&mut self, seal: &[u8], leg: (&[u8], &[u8]), recalled: &Recalled<'_>) {
        if self.ends.is_empty() {
            self.bytes = vec![0; PLACES * ROOM];
            self.ends = vec![Ends::default(); PLACES];
        }
        let place = place(seal);
        // What stands there is half gone from here on.
        self.ends[place] = Ends::default();
        let room = &mut self.bytes[place * ROOM..][..ROOM];
        let mut ends = Ends::default();
        let mut at = 0;
        let parts = [seal, leg.0, leg.1, recalled.payload, recalled.far_call_id];
        for (part, end) in parts.into_iter().zip(&mut ends) {
            let Some(free) = room[at..].get_mut(..part.len()) else { return };
            free.copy_from_slice(part);
            at += part.len();
            *end = at as u16;
        }
        self.ends[place] = ends;
    }

    /// What a seal says that comes for the leg of this Call-ID and tag; `None` if
    /// that must be read from the seal itself.
    pub fn recall(&self, seal: &[u8], leg: (&[u8], &[u8])) -> Option<Recalled<'_>> {
        if seal.is_empty() {
            return None;
        }
        let place = place(seal);
        let ends = self.ends.get(place)?.map(usize::from);
        let room = &self.bytes[place * ROOM..][..ROOM];
        let found = same(&room[..ends[0]], seal)
            && room[ends[0]..ends[1]] == *leg.0
            && room[ends[1]..ends[2]] == *leg.1;
        found.then(|| Recalled {
            payload: &room[ends[2]..ends[3]],
            far_call_id: &room[ends[3]..ends[4]],
        })
    }

    /// Forgets all: with other keys, other seals open.
    pub fn clear(&mut self) {
        self.ends.fill(Ends::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_known_only_whole_and_for_its_leg() {
        let mut known = KnownSeals::default();
        let leg = (&b"call"[..], &b"tag"[..]);
        assert!(known.recall(b"seal", leg).is_none(), "nothing is kept yet");
        let recalled = Recalled { payload: b"payload", far_call_id: b"far" };
        known.keep(b"1Bseal-of-some-length", leg, &recalled);
        let found = known.recall(b"1Bseal-of-some-length", leg).expect("known");
        assert_eq!((found.payload, found.far_call_id), (&b"payload"[..], &b"far"[..]));
        for (seal, leg) in [
            (&b"1Bseal-of-some-lengtH"[..], leg),
            (b"1Bseal-of-some-lengt", leg),
            (b"", leg),
            (b"1Bseal-of-some-length", (&b"callt"[..], &b"ag"[..])),
            (b"1Bseal-of-some-length", (b"call", b"")),
        ] {
            assert!(known.recall(seal, leg).is_none(), "{seal:?} {leg:?}");
        }
        known.clear();
        assert!(known.recall(b"1Bseal-of-some-length", leg).is_none());
        let long = Recalled { payload: &[7; ROOM], far_call_id: b"" };
        known.keep(b"1Bseal-of-some-length", leg, &recalled);
        known.keep(b"1Bseal-of-some-length", leg, &long);
        assert!(known.recall(b"1Bseal-of-some-length", leg).is_none(), "no room for that");
    }

    #[test]
    fn newer_seals_take_the_places_of_older_ones() {
        let mut known = KnownSeals::default();
        let seal = |n: usize| format!("1B{:022}rest", n * 7919).into_bytes();
        for n in 0..3 * PLACES {
            let recalled = Recalled { payload: &n.to_le_bytes(), far_call_id: b"" };
            known.keep(&seal(n), (b"c", b"t"), &recalled);
            let found = known.recall(&seal(n), (b"c", b"t")).expect("the last one is known");
            assert_eq!(found.payload, n.to_le_bytes());
        }
        let still = (0..3 * PLACES).filter(|n| known.recall(&seal(*n), (b"c", b"t")).is_some());
        assert!(still.count() <= PLACES);
    }
}
