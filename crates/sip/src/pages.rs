//! A table that grows by whole pages: what stands in it never moves, so that growing
//! costs one small allocation and no copy, however many entries there are.

use std::ops::{Index, IndexMut};

const BITS: usize = 6;
/// Entries of one page.
const PAGE: usize = 1 << BITS;

/// Entries known by their index, as in a `Vec`; they are never taken out, only reused.
#[derive(Debug)]
pub struct Pages<T> {
    pages: Vec<Vec<T>>,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<T> Pages<T> {
    /// Entries there are.
    pub fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * PAGE + last.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Appends an entry and returns its index.
    pub fn push(&mut self, entry: T) -> usize {
        match self.pages.last_mut() {
            Some(last) if last.len() < PAGE => last.push(entry),
            _ => {
                let mut page = Vec::with_capacity(PAGE);
                page.push(entry);
                self.pages.push(page);
            }
        }
        self.len() - 1
    }

    /// The entry at an index.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.pages.get(index >> BITS)?.get(index % PAGE)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.pages.get_mut(index >> BITS)?.get_mut(index % PAGE)
    }

    /// All entries, in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten()
    }
}

impl<T> Index<usize> for Pages<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.pages[index >> BITS][index % PAGE]
    }
}

impl<T> IndexMut<usize> for Pages<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.pages[index >> BITS][index % PAGE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_index_and_their_place() {
        let mut pages = Pages::default();
        assert!(pages.is_empty());
        assert_eq!((pages.len(), pages.get(0)), (0, None));
        pages.push(0);
        let first = std::ptr::from_ref(&pages[0]);
        for n in 1..3 * PAGE + 5 {
            assert_eq!(pages.push(n), n);
            assert_eq!(pages.len(), n + 1);
        }
        assert_eq!(std::ptr::from_ref(&pages[0]), first);
        assert!(pages.iter().copied().eq(0..3 * PAGE + 5));
        pages[PAGE] = 7;
        assert_eq!(pages.get(PAGE), Some(&7));
        assert_eq!(pages.get_mut(3 * PAGE + 5), None);
        assert_eq!(pages.get(usize::MAX), None);
    }
}
