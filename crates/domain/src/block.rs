//! Assignment blocks: a number that nobody may be given, for ever or for some days
//! (operator-connect.md 1.7.3).

use serde::{Deserialize, Serialize};

/// Microseconds of a day.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// Longest block that ends by itself, days.
pub const MAX_DAYS: u32 = 365;

/// Whether a number is kept from being assigned. Times are microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// It may be assigned.
    #[default]
    None,
    /// Not before this instant.
    Until(i64),
    /// Not until somebody lifts it.
    Forever,
}

impl Block {
    /// What of it is in force: one that has run out is none.
    #[must_use]
    pub const fn at(self, now: i64) -> Self {
        match self {
            Self::Until(end) if end <= now => Self::None,
            other => other,
        }
    }

    /// It keeps the number from being assigned.
    pub fn holds(self, now: i64) -> bool {
        self.at(now) != Self::None
    }
}

/// What is asked for: never both, and no more days than a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockAsk {
    /// No block.
    Not,
    /// For 1 to 365 days.
    Days(u32),
    /// For ever.
    Forever,
}

/// Why a block is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BlockRefusal {
    /// Neither or both of days and for ever.
    #[error("a block is either for ever or for a number of days")]
    Which,
    /// Out of bounds.
    #[error("a block lasts 1 to 365 days")]
    Days,
    /// One is in force.
    #[error("the number is blocked already")]
    AlreadyBlocked,
    /// There is none to lift.
    #[error("the number is not blocked")]
    NotBlocked,
    /// A block keeps a number from being given; somebody has this one.
    #[error("the number is assigned")]
    Assigned,
}

impl BlockAsk {
    /// From two fields that exclude each other.
    ///
    /// # Errors
    /// [`BlockRefusal::Which`], [`BlockRefusal::Days`].
    pub const fn new(forever: bool, days: Option<u32>) -> Result<Self, BlockRefusal> {
        match (forever, days) {
            (true, None) => Ok(Self::Forever),
            (false, Some(days)) if days >= 1 && days <= MAX_DAYS => Ok(Self::Days(days)),
            (false, Some(_)) => Err(BlockRefusal::Days),
            (true, Some(_)) | (false, None) => Err(BlockRefusal::Which),
        }
    }

    /// Reads `none`, `forever` or a number of days.
    ///
    /// # Errors
    /// [`BlockRefusal::Days`].
    pub fn parse(text: &str) -> Result<Self, BlockRefusal> {
        match text {
            "none" => Ok(Self::Not),
            "forever" => Ok(Self::Forever),
            days => match days.parse() {
                Ok(days) => Self::new(false, Some(days)),
                Err(_) => Err(BlockRefusal::Days),
            },
        }
    }

    /// As [`BlockAsk::parse`] reads it.
    pub fn text(self) -> String {
        match self {
            Self::Not => "none".to_owned(),
            Self::Forever => "forever".to_owned(),
            Self::Days(days) => days.to_string(),
        }
    }

    /// The block that begins now.
    pub const fn from(self, now: i64) -> Block {
        match self {
            Self::Not => Block::None,
            Self::Days(days) => Block::Until(now + days as i64 * DAY),
            Self::Forever => Block::Forever,
        }
    }
}

/// Sets a block: one in force must be lifted first.
///
/// # Errors
/// [`BlockRefusal::Assigned`], [`BlockRefusal::AlreadyBlocked`].
pub fn set(block: Block, assigned: bool, ask: BlockAsk, now: i64) -> Result<Block, BlockRefusal> {
    if assigned {
        return Err(BlockRefusal::Assigned);
    }
    if block.holds(now) {
        return Err(BlockRefusal::AlreadyBlocked);
    }
    Ok(ask.from(now))
}

/// Lifts it.
///
/// # Errors
/// [`BlockRefusal::NotBlocked`].
pub fn lift(block: Block, now: i64) -> Result<Block, BlockRefusal> {
    if block.holds(now) { Ok(Block::None) } else { Err(BlockRefusal::NotBlocked) }
}

/// The block that a number gets as it is taken back: what the operation says wins over the
/// tenant's default.
pub fn after_unassign(said: Option<BlockAsk>, default: BlockAsk, now: i64) -> Block {
    said.unwrap_or(default).from(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forever_or_days_and_not_both() {
        for (forever, days, expect) in [
            (true, None, Ok(BlockAsk::Forever)),
            (false, Some(1), Ok(BlockAsk::Days(1))),
            (false, Some(365), Ok(BlockAsk::Days(365))),
            (false, Some(0), Err(BlockRefusal::Days)),
            (false, Some(366), Err(BlockRefusal::Days)),
            (true, Some(30), Err(BlockRefusal::Which)),
            (false, None, Err(BlockRefusal::Which)),
        ] {
            assert_eq!(BlockAsk::new(forever, days), expect, "{forever} {days:?}");
        }
        for (text, expect) in [
            ("none", Ok(BlockAsk::Not)),
            ("forever", Ok(BlockAsk::Forever)),
            ("30", Ok(BlockAsk::Days(30))),
            ("0", Err(BlockRefusal::Days)),
            ("366", Err(BlockRefusal::Days)),
            ("-1", Err(BlockRefusal::Days)),
            ("", Err(BlockRefusal::Days)),
            ("always", Err(BlockRefusal::Days)),
        ] {
            assert_eq!(BlockAsk::parse(text), expect, "{text}");
            if let Ok(ask) = expect {
                assert_eq!(ask.text(), text);
            }
        }
    }

    #[test]
    fn a_block_ends_by_the_clock_and_no_second_one_is_set() {
        let until = BlockAsk::Days(2).from(10);
        assert_eq!(until, Block::Until(10 + 2 * DAY));
        for (now, holds) in [(10, true), (9 + 2 * DAY, true), (10 + 2 * DAY, false)] {
            assert_eq!(until.holds(now), holds, "{now}");
        }
        for (name, block, assigned, now, expect) in [
            ("free", Block::None, false, 1, Ok(Block::Until(1 + DAY))),
            ("blocked", Block::Until(5), false, 1, Err(BlockRefusal::AlreadyBlocked)),
            ("run out", Block::Until(5), false, 5, Ok(Block::Until(5 + DAY))),
            ("for ever", Block::Forever, false, i64::MAX, Err(BlockRefusal::AlreadyBlocked)),
            ("assigned", Block::None, true, 1, Err(BlockRefusal::Assigned)),
        ] {
            assert_eq!(set(block, assigned, BlockAsk::Days(1), now), expect, "{name}");
        }
        for (block, now, expect) in [
            (Block::Forever, 1, Ok(Block::None)),
            (Block::Until(5), 4, Ok(Block::None)),
            (Block::Until(5), 5, Err(BlockRefusal::NotBlocked)),
            (Block::None, 1, Err(BlockRefusal::NotBlocked)),
        ] {
            assert_eq!(lift(block, now), expect, "{block:?} at {now}");
        }
    }

    #[test]
    fn what_the_operation_says_wins_over_the_default() {
        for (said, default, expect) in [
            (None, BlockAsk::Not, Block::None),
            (None, BlockAsk::Days(1), Block::Until(DAY)),
            (None, BlockAsk::Forever, Block::Forever),
            (Some(BlockAsk::Not), BlockAsk::Forever, Block::None),
            (Some(BlockAsk::Days(2)), BlockAsk::Forever, Block::Until(2 * DAY)),
        ] {
            assert_eq!(after_unassign(said, default, 0), expect, "{said:?} over {default:?}");
        }
    }
}
