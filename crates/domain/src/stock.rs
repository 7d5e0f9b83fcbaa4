//! What an operator has in stock: the storefront that Operator Connect leaves outside
//! (operator-connect.md section 0 "number shopping", 2.1 "Search & reserve numbers"). Which number
//! may be offered, how one is searched for by digits and wildcards, and which numbers make a block.

use crate::number::Usage;
use numbering::{Description, E164, NumberKind};
use std::fmt;

/// What a number is (operator-connect.md 1.7.1 `acquiredCapabilities`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StockKind {
    /// Bound to a place.
    Geographic,
    /// A mobile number.
    Mobile,
    /// Free for the caller.
    TollFree,
    /// Any other.
    Other,
}

impl StockKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Geographic, Self::Mobile, Self::TollFree, Self::Other];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Geographic => "Geographic",
            Self::Mobile => "Mobile",
            Self::TollFree => "TollFree",
            Self::Other => "Other",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl From<NumberKind> for StockKind {
    fn from(kind: NumberKind) -> Self {
        match kind {
            NumberKind::Geographic => Self::Geographic,
            NumberKind::Mobile => Self::Mobile,
            NumberKind::TollFree => Self::TollFree,
            NumberKind::Other => Self::Other,
        }
    }
}

/// A currency by its three letters (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads three capital letters.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An amount of money in ten-thousandths: as exact as ISO 4217's finest units, and no float.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// The greatest amount of one number.
    pub const MAX: Self = Self(999_999_999 * Self::UNIT);
    const UNIT: i64 = 10_000;

    /// Reads `12`, `12.5` or `12.5000`: at most nine digits before the point and four after it.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let good = |digits: &str, most: usize| {
            (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        };
        if !good(whole, 9) || !good(part, 4) {
            return None;
        }
        let part: i64 = format!("{part:0<4}").parse().ok()?;
        Some(Self(whole.parse::<i64>().ok()? * Self::UNIT + part))
    }

    /// As it is stored.
    pub const fn value(self) -> i64 {
        self.0
    }

    /// From what was stored.
    pub const fn from_value(value: i64) -> Option<Self> {
        if value >= 0 { Some(Self(value)) } else { None }
    }

    /// Nothing is due.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Both together. A quote of a thousand of the greatest amounts fits.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Two decimals, or as many as it has.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / Self::UNIT, self.0 % Self::UNIT);
        let part = format!("{part:04}");
        let shown = part.trim_end_matches('0').len().max(2);
        write!(f, "{whole}.{}", &part[..shown])
    }
}

/// What is known of a number that an operator offers.
#[derive(Clone, Copy, Debug)]
pub struct StockFacts {
    /// The number.
    pub number: E164,
    /// What the operator says it is.
    pub kind: StockKind,
    /// What its digits say.
    pub told: Description,
    /// What it is for.
    pub usage: Usage,
    /// Lies inside a range that the operator declared (design section 9, number authority).
    pub in_declared_range: bool,
    /// Is in a tenant's inventory.
    pub held: bool,
    /// The calling profile it will have is the operator's.
    pub profile_known: bool,
    /// A tenant has reserved it.
    pub reserved: bool,
}

/// Why a number cannot be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockRefusal {
    /// Not the operator's number.
    #[error("the number is outside the ranges this operator declared")]
    OutsideRanges,
    /// It is somebody's.
    #[error("the number is in a tenant's inventory")]
    Held,
    /// It is about to be somebody's.
    #[error("a tenant has reserved the number")]
    Reserved,
    /// No such profile.
    #[error("the calling profile is not one of the operator's")]
    ProfileUnknown,
    /// Its digits say otherwise.
    #[error("the digits of the number say whether it is toll-free, and they say otherwise")]
    KindContradicted,
    /// Such numbers serve no person (operator-connect.md 1.7.1, capability plans).
    #[error("a toll-free number cannot be used for people")]
    TollFreeUser,
}

/// May its operator offer this number? The first rule that refuses names the reason.
///
/// # Errors
/// [`StockRefusal`].
pub fn check_stock(facts: &StockFacts) -> Result<(), StockRefusal> {
    if !facts.in_declared_range {
        return Err(StockRefusal::OutsideRanges);
    }
    if facts.held {
        return Err(StockRefusal::Held);
    }
    if facts.reserved {
        return Err(StockRefusal::Reserved);
    }
    if !facts.profile_known {
        return Err(StockRefusal::ProfileUnknown);
    }
    // Fixed and mobile look alike in many countries; free for the caller is never in doubt.
    let toll_free = facts.kind == StockKind::TollFree;
    if facts.told.known_range && toll_free != (facts.told.kind == NumberKind::TollFree) {
        return Err(StockRefusal::KindContradicted);
    }
    if toll_free && facts.usage == Usage::CallingUserAssignment {
        return Err(StockRefusal::TollFreeUser);
    }
    Ok(())
}

/// Most digits and wildcards of a pattern.
pub const MOST_PATTERN: usize = 20;
/// Most `*` of a pattern: each multiplies the ways to match.
const MOST_STARS: usize = 4;
const MOST_DIGITS: usize = 15;

/// Digits and wildcards over a whole number: `?` is one digit, `*` any number of them.
/// `4420794600??`, `4420*77`, `*1234`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<u8>);

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pattern is 1 to {MOST_PATTERN} digits, ? for one digit and at most {MOST_STARS} * for any, \
     with at least one digit, over the whole number with its country code"
)]
pub struct PatternError;

impl Pattern {
    /// Reads one; its `+` may be left out, since in an address it becomes a blank.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim_start_matches([' ', '+']).as_bytes();
        let stars = text.iter().filter(|b| **b == b'*').count();
        let good = (1..=MOST_PATTERN).contains(&text.len())
            && text.iter().all(|b| b.is_ascii_digit() || matches!(b, b'?' | b'*'))
            && text.iter().any(u8::is_ascii_digit)
            && stars <= MOST_STARS
            && text.len() - stars <= MOST_DIGITS;
        if good { Ok(Self(text.to_vec())) } else { Err(PatternError) }
    }

    /// Is this number meant?
    pub fn matches(&self, number: E164) -> bool {
        let digits = number.value().to_string();
        // Which prefixes of the pattern fit what was read so far: linear in both, whatever they are.
        let pattern = &self.0;
        let mut fits = vec![false; pattern.len() + 1];
        fits[0] = true;
        let close = |fits: &mut [bool]| {
            for at in 0..pattern.len() {
                if fits[at] && pattern[at] == b'*' {
                    fits[at + 1] = true;
                }
            }
        };
        close(&mut fits);
        for digit in digits.bytes() {
            let mut next = vec![false; pattern.len() + 1];
            for at in 0..pattern.len() {
                match pattern[at] {
                    b'*' if fits[at] => next[at] = true,
                    b'?' if fits[at] => next[at + 1] = true,
                    sign if fits[at] && sign == digit => next[at + 1] = true,
                    _ => {}
                }
            }
            fits = next;
            close(&mut fits);
        }
        fits[pattern.len()]
    }

    /// Where numbers that match can lie, both ends included, in their order: by the digits before
    /// the first wildcard, one range for each length a number may have. At most 14.
    pub fn ranges(&self) -> Vec<(u64, u64)> {
        let first = self.0.iter().position(|b| !b.is_ascii_digit()).unwrap_or(self.0.len());
        let open = self.0.contains(&b'*');
        let least = self.0.iter().filter(|b| **b != b'*').count().max(2);
        let most = if open { MOST_DIGITS } else { least };
        let prefix = self.0[..first].iter().fold(0u64, |n, b| n * 10 + u64::from(b - b'0'));
        let mut ranges = Vec::new();
        for length in least..=most {
            let free = u32::try_from(length - first).unwrap_or(0);
            let width = 10u64.pow(free);
            let low = (prefix * width).max(10u64.pow(u32::try_from(length - 1).unwrap_or(0)));
            let high = prefix * width + (width - 1);
            // A prefix that begins with zero begins no number.
            if low <= high && self.0[0] != b'0' {
                ranges.push((low, high));
            }
        }
        ranges
    }
}

/// Most numbers of a block.
pub const MOST_BLOCK: u32 = 1000;

/// A number as a block sees it.
pub trait Blockwise {
    /// The number.
    fn number(&self) -> E164;
    /// It differs from the other in nothing but its digits.
    fn is_like(&self, other: &Self) -> bool;
}

/// Finds blocks of numbers that follow one another and are alike, none of which overlap, in rows
/// that come in the order of their numbers.
#[derive(Debug)]
pub struct Blocks<R> {
    size: usize,
    aligned: bool,
    run: Vec<R>,
}

impl<R: Blockwise> Blocks<R> {
    /// Blocks of this many; aligned ones begin at a multiple of it, as `…00` of a hundred.
    pub fn new(size: u32, aligned: bool) -> Self {
        Self { size: size.clamp(1, MOST_BLOCK) as usize, aligned, run: Vec::new() }
    }

    /// The next row; a block where it completes one.
    pub fn push(&mut self, row: R) -> Option<Vec<R>> {
        let follows = self.run.last().is_some_and(|last| {
            last.number().value() + 1 == row.number().value() && last.is_like(&row)
        });
        if !follows {
            self.run.clear();
        }
        let begins = self.run.is_empty();
        if begins && self.aligned && !row.number().value().is_multiple_of(self.size as u64) {
            return None;
        }
        self.run.push(row);
        (self.run.len() == self.size).then(|| std::mem::take(&mut self.run))
    }

    /// A number that is not wanted: what was begun before it is never finished.
    pub fn skip(&mut self) {
        self.run.clear();
    }

    /// Where the unfinished block begins, if there is one: whoever goes on later begins there.
    pub fn unfinished(&self) -> Option<E164> {
        self.run.first().map(Blockwise::number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> E164 {
        E164::parse(text).expect("a number")
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in StockKind::ALL {
            assert_eq!(StockKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(StockKind::parse("geographic"), None);
    }

    #[test]
    fn money_is_exact() {
        for (text, shown) in [
            ("0", "0.00"),
            ("12", "12.00"),
            ("12.5", "12.50"),
            ("0.0025", "0.0025"),
            ("1.250", "1.25"),
            ("999999999.9999", "999999999.9999"),
        ] {
            let amount = Amount::parse(text).expect(text);
            assert_eq!(amount.to_string(), shown, "{text}");
            assert_eq!(Amount::from_value(amount.value()), Some(amount));
        }
        for bad in ["", ".5", "5.", "-1", "1,5", "1.23456", "1000000000", "1e3", " 1", "+1"] {
            assert_eq!(Amount::parse(bad), None, "{bad}");
        }
        let sum = Amount::parse("0.1").zip(Amount::parse("0.2")).map(|(a, b)| a.plus(b));
        assert_eq!(sum, Amount::parse("0.3"));
        for (text, good) in [("EUR", true), ("eur", false), ("EU", false), ("EURO", false)] {
            assert_eq!(Currency::parse(text).is_some(), good, "{text}");
        }
    }

    fn facts() -> StockFacts {
        let number = number("+442079460001");
        StockFacts {
            number,
            kind: StockKind::Geographic,
            told: numbering::describe(number),
            usage: Usage::CallingUserAssignment,
            in_declared_range: true,
            held: false,
            profile_known: true,
            reserved: false,
        }
    }

    #[test]
    fn each_rule_refuses_its_own_case() {
        let free = number("+448081570001");
        let free = StockFacts {
            number: free,
            told: numbering::describe(free),
            kind: StockKind::TollFree,
            usage: Usage::FirstPartyAppAssignment,
            ..facts()
        };
        let unknown = Description { country: None, kind: NumberKind::Other, known_range: false };
        for (name, facts, expect) in [
            ("plain", facts(), Ok(())),
            (
                "mobile by its operator's word",
                StockFacts { kind: StockKind::Mobile, ..facts() },
                Ok(()),
            ),
            (
                "range",
                StockFacts { in_declared_range: false, ..facts() },
                Err(StockRefusal::OutsideRanges),
            ),
            ("held", StockFacts { held: true, ..facts() }, Err(StockRefusal::Held)),
            ("reserved", StockFacts { reserved: true, ..facts() }, Err(StockRefusal::Reserved)),
            (
                "profile",
                StockFacts { profile_known: false, ..facts() },
                Err(StockRefusal::ProfileUnknown),
            ),
            ("toll-free", free, Ok(())),
            (
                "toll-free for people",
                StockFacts { usage: Usage::CallingUserAssignment, ..free },
                Err(StockRefusal::TollFreeUser),
            ),
            (
                "toll-free as another",
                StockFacts { kind: StockKind::Geographic, ..free },
                Err(StockRefusal::KindContradicted),
            ),
            (
                "another as toll-free",
                StockFacts { kind: StockKind::TollFree, ..facts() },
                Err(StockRefusal::KindContradicted),
            ),
            (
                "a range nobody knows",
                StockFacts {
                    kind: StockKind::TollFree,
                    told: unknown,
                    usage: Usage::FirstPartyAppAssignment,
                    ..facts()
                },
                Ok(()),
            ),
        ] {
            assert_eq!(check_stock(&facts), expect, "{name}");
        }
    }

    #[test]
    fn patterns_mean_whole_numbers() {
        for (pattern, hits, misses) in [
            ("442079460001", &["+442079460001"][..], &["+442079460002", "+4420794600011"][..]),
            ("+4420794600??", &["+442079460012"], &["+442079460123", "+44207946001"]),
            ("44*77", &["+4477", "+442079460077"], &["+447", "+4420794600770"]),
            ("*1234", &["+491234", "+11234"], &["+4912345"]),
            ("*12*34*", &["+441234", "+49125344"], &["+443412"]),
            ("44?*", &["+441", "+44123456"], &["+44", "+431"]),
            ("?*?9", &["+449"], &["+49", "+448"]),
        ] {
            let read = Pattern::parse(pattern).expect(pattern);
            let ranges = read.ranges();
            assert!(ranges.len() <= 14 && ranges.windows(2).all(|w| w[0].1 < w[1].0), "{pattern}");
            for text in hits {
                let found = number(text);
                assert!(read.matches(found), "{pattern} {text}");
                let within = |(low, high): &(u64, u64)| (*low..=*high).contains(&found.value());
                assert!(ranges.iter().any(within), "{pattern} {text}: {ranges:?}");
            }
            for text in misses {
                assert!(!read.matches(number(text)), "{pattern} {text}");
            }
        }
        assert_eq!(
            Pattern::parse("4420794600??").expect("reads").ranges(),
            [(442_079_460_000, 442_079_460_099)]
        );
        assert!(Pattern::parse("0*").expect("reads").ranges().is_empty());
        for bad in [
            "",
            "+",
            "*",
            "??",
            "44x",
            "44[0-9]",
            "*1*2*3*4*",
            "1234567890123456",
            "*1************",
        ] {
            assert_eq!(Pattern::parse(bad), Err(PatternError), "{bad}");
        }
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Row(u64, char);

    impl Blockwise for Row {
        fn number(&self) -> E164 {
            E164::from_value(self.0).expect("a number")
        }
        fn is_like(&self, other: &Self) -> bool {
            self.1 == other.1
        }
    }

    fn found(size: u32, aligned: bool, rows: &[(u64, char)]) -> (Vec<(u64, u64)>, Option<u64>) {
        let mut blocks = Blocks::new(size, aligned);
        let mut out = Vec::new();
        for (n, like) in rows {
            if let Some(block) = blocks.push(Row(*n, *like)) {
                out.push((block[0].0, block[block.len() - 1].0));
            }
        }
        (out, blocks.unfinished().map(E164::value))
    }

    #[test]
    fn what_is_not_wanted_ends_what_was_begun() {
        let mut blocks = Blocks::new(3, false);
        assert!(blocks.push(Row(100, 'a')).is_none());
        blocks.skip();
        assert_eq!(blocks.unfinished(), None, "nobody goes back to it for ever");
        assert!(blocks.push(Row(102, 'a')).is_none());
        assert_eq!(blocks.unfinished().map(E164::value), Some(102));
    }

    #[test]
    fn blocks_follow_one_another_and_are_alike() {
        let plain: Vec<_> = (100..=125).map(|n| (n, 'a')).collect();
        assert_eq!(found(10, false, &plain), (vec![(100, 109), (110, 119)], Some(120)));
        let gap: Vec<_> = plain.iter().copied().filter(|(n, _)| *n != 105).collect();
        assert_eq!(found(10, false, &gap), (vec![(106, 115), (116, 125)], None));
        assert_eq!(found(10, true, &gap), (vec![(110, 119)], Some(120)));
        let dear: Vec<_> = (100..=115).map(|n| (n, if n < 103 { 'a' } else { 'b' })).collect();
        assert_eq!(found(10, false, &dear), (vec![(103, 112)], Some(113)));
        assert_eq!(found(1, false, &[(100, 'a'), (102, 'b')]).0, [(100, 100), (102, 102)]);
        assert_eq!(found(10, true, &[(101, 'a')]), (vec![], None));
    }
}
