use crate::E164;
use serde::{Deserialize, Serialize};

/// An inclusive range of numbers an operator declares as its own
/// (design section 9, number authority).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NumberRange {
    first: E164,
    last: E164,
}

/// Why two numbers do not bound a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// `last` lies before `first`.
    #[error("the last number of a range is not before its first")]
    Reversed,
    /// The two ends have different lengths: such a range would run through
    /// every shorter and longer number between them.
    #[error("both ends of a range have the same number of digits")]
    Lengths,
}

impl NumberRange {
    /// A range from `first` to `last`, both included.
    pub fn new(first: E164, last: E164) -> Result<Self, RangeError> {
        if first.value().ilog10() != last.value().ilog10() {
            Err(RangeError::Lengths)
        } else if last < first {
            Err(RangeError::Reversed)
        } else {
            Ok(Self { first, last })
        }
    }

    /// First number.
    pub fn first(&self) -> E164 {
        self.first
    }

    /// Last number.
    pub fn last(&self) -> E164 {
        self.last
    }

    /// Is the number inside?
    pub fn contains(&self, number: E164) -> bool {
        self.first <= number && number <= self.last
    }

    /// Do the two share a number?
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> E164 {
        E164::parse(text).expect("test number")
    }

    #[test]
    fn ends_are_included_and_lengths_agree() {
        let range = NumberRange::new(n("+442079460000"), n("+442079460099")).expect("range");
        assert!(range.contains(n("+442079460000")) && range.contains(n("+442079460099")));
        assert!(!range.contains(n("+442079460100")));
        assert_eq!(NumberRange::new(n("+4420"), n("+4419")), Err(RangeError::Reversed));
        assert_eq!(NumberRange::new(n("+4420"), n("+44200")), Err(RangeError::Lengths));
    }

    #[test]
    fn overlap_is_symmetric() {
        let a = NumberRange::new(n("+4410"), n("+4420")).expect("range");
        let b = NumberRange::new(n("+4420"), n("+4430")).expect("range");
        let c = NumberRange::new(n("+4421"), n("+4430")).expect("range");
        assert!(a.overlaps(&b) && b.overlaps(&a));
        assert!(!a.overlaps(&c) && !c.overlaps(&a));
    }
}
