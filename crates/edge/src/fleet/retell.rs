//! What a sibling has missed, and is to be told again.

use super::wire::Message;
use crate::bindings::{self, BindingChange};
use crate::core::Shared;
use crate::overflow;
use std::sync::atomic::{AtomicU64, Ordering};

const PORTIONS: usize = bindings::PORTIONS + overflow::PORTIONS;

/// A bit for each portion of what an edge has: registrations, then dialog records.
///
/// A portion is read when it is told, not when it was missed. What leaves the
/// table later is told later still, and so undoes it at the sibling too; phones that
/// left before are told as such.
#[derive(Debug)]
pub(super) struct Missed(Box<[AtomicU64]>);

impl Missed {
    /// Nothing.
    pub fn none() -> Self {
        Self((0..PORTIONS.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    /// All there is.
    pub fn all(&self) {
        for portion in 0..PORTIONS {
            self.mark(portion);
        }
    }

    /// The portion this message was of, if it was of any.
    pub fn message(&self, message: &Message) {
        match message {
            Message::Binding(change) => self.mark(bindings::portion_of(change)),
            Message::DialogRecord(copy) | Message::Retold(copy) => {
                self.mark(bindings::PORTIONS + overflow::portion_of(&copy.id));
            }
            _ => {}
        }
    }

    fn mark(&self, portion: usize) {
        self.0[portion / 64].fetch_or(1 << (portion % 64), Ordering::Relaxed);
    }

    /// Some portion that was missed, which is then taken for told.
    pub fn take(&self) -> Option<usize> {
        self.0.iter().enumerate().find_map(|(at, word)| {
            let bits = word.load(Ordering::Relaxed);
            if bits == 0 {
                return None;
            }
            let bit = bits.trailing_zeros();
            // Before the portion is read: what is missed from now on counts anew.
            word.fetch_and(!(1 << bit), Ordering::AcqRel);
            Some(at * 64 + bit as usize)
        })
    }
}

/// What there is in a portion now.
pub(super) fn read(portion: usize, shared: &Shared) -> std::vec::IntoIter<Message> {
    let messages: Vec<Message> = match portion.checked_sub(bindings::PORTIONS) {
        None => {
            let put = |b| Message::Binding(BindingChange::Put(b));
            let ends = shared.bindings.ends(portion).into_iter().map(Message::Binding);
            shared.bindings.portion(portion).into_iter().map(put).chain(ends).collect()
        }
        Some(portion) => {
            shared.overflow.portion(portion).into_iter().map(Message::Retold).collect()
        }
    };
    messages.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missed_portion_is_told_once() {
        let missed = Missed::none();
        assert_eq!(missed.take(), None);
        missed.all();
        let told: Vec<_> = std::iter::from_fn(|| missed.take()).collect();
        assert_eq!(told, (0..PORTIONS).collect::<Vec<_>>());
        missed.mark(PORTIONS - 1);
        missed.mark(PORTIONS - 1);
        assert_eq!((missed.take(), missed.take()), (Some(PORTIONS - 1), None));
    }
}
