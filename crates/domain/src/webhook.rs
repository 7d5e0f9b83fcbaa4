//! When an endpoint that failed is tried again, and when no more.

/// How patient the house is with an endpoint; times in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The wait after a first failure; doubled with each further one.
    pub first: i64,
    /// The longest wait.
    pub longest: i64,
    /// How long an endpoint may fail without a break before it is disabled.
    pub give_up_after: i64,
}

impl Default for Patience {
    /// 5 seconds at first, an hour at most, for three days: a long weekend.
    fn default() -> Self {
        const SECOND: i64 = 1_000_000;
        Self { first: 5 * SECOND, longest: 3600 * SECOND, give_up_after: 72 * 3600 * SECOND }
    }
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt at this time.
    TryAt(i64),
    /// None: the endpoint is disabled.
    GiveUp,
}

/// What follows a failure at `now`, the last of `failures` without a break since `since`.
/// `spread` is any number: it spreads the attempts of many endpoints, from half of the wait to one
/// and a half. The other side may ask for a longer wait. The last attempt is made when patience ends, not before.
pub fn after_failure(
    patience: &Patience,
    now: i64,
    since: i64,
    failures: u32,
    spread: u64,
    asked: i64,
) -> Next {
    let end = since.saturating_add(patience.give_up_after);
    if now >= end {
        return Next::GiveUp;
    }
    let doublings = failures.saturating_sub(1).min(40);
    let wait = patience.first.saturating_mul(1 << doublings).min(patience.longest).max(1);
    let spread = i64::try_from(spread % wait.cast_unsigned()).unwrap_or(0);
    let wait = (wait / 2).saturating_add(spread).max(asked.min(patience.longest));
    Next::TryAt(now.saturating_add(wait).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_spread_and_end() {
        let patience = Patience { first: 100, longest: 1000, give_up_after: 10_000 };
        for (now, failures, spread, asked, expect) in [
            (0, 1, 0, 0, Next::TryAt(50)),
            (0, 1, 99, 0, Next::TryAt(149)),
            (0, 1, 100, 0, Next::TryAt(50)),
            (0, 2, 0, 0, Next::TryAt(100)),
            (0, 3, 0, 0, Next::TryAt(200)),
            (0, 5, 0, 0, Next::TryAt(500)),
            (0, 5, 999, 0, Next::TryAt(1499)),
            (0, u32::MAX, 0, 0, Next::TryAt(500)),
            // Retry-After, within bounds.
            (0, 1, 0, 700, Next::TryAt(700)),
            (0, 1, 0, 70_000, Next::TryAt(1000)),
            (0, 5, 999, 700, Next::TryAt(1499)),
            // The last one is made at the end, and then no more.
            (9_900, 9, 0, 0, Next::TryAt(10_000)),
            (10_000, 9, 0, 0, Next::GiveUp),
        ] {
            let next = after_failure(&patience, now, 0, failures, spread, asked);
            assert_eq!(next, expect, "{now} {failures} {spread} {asked}");
        }
    }
}
