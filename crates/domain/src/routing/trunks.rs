//! Which trunk is tried next, and whether another one may be tried at all.

/// Orders trunks for one call: enabled ones only, healthy ones in random order
/// first, silent ones after them (demoted, not removed), by a seed that the
/// caller drew (operator-connect.md 6.4; design section 5). For an emergency call
/// ([`usable_for_help`]) no trunk is out of use. Returns how many of
/// `trunks` are usable; they stand in front, in their order.
pub fn trunk_order<T: Copy>(
    trunks: &mut [T],
    state: impl Fn(&T) -> (bool, bool),
    seed: u64,
) -> usize {
    let mut random = seed | 1;
    for i in (1..trunks.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        trunks.swap(i, (random % (i as u64 + 1)) as usize);
    }
    trunks.sort_by_key(|t| match state(t) {
        (true, true) => 0u8,
        (true, false) => 1,
        (false, _) => 2,
    });
    trunks.iter().filter(|t| state(t).0).count()
}

/// How usable a trunk is for an emergency call, of how it is for others: one that
/// drains stands with the silent ones, since no call for help fails while there is an
/// untried way (emergency.md section 7).
pub const fn usable_for_help((enabled, healthy): (bool, bool)) -> (bool, bool) {
    (true, enabled && healthy)
}

/// How an attempt on a trunk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// A final response.
    Response(u16),
    /// Nothing at all before the trunk's `failover_time_seconds`.
    Silence,
    /// No connection.
    NoConnection,
}

/// May the next trunk be tried? On 408, 503, 504, silence or no connection;
/// on no other code, and never after progress (a provisional response above
/// 100) was passed on (operator-connect.md 6.5). An emergency call is tried again
/// after any refusal: none is final while there is another way (emergency.md section
/// 7).
pub const fn may_retry(end: AttemptEnd, had_progress: bool, emergency: bool) -> bool {
    !had_progress
        && match end {
            AttemptEnd::Response(code) => {
                matches!(code, 408 | 503 | 504) || (emergency && code >= 400)
            }
            AttemptEnd::Silence | AttemptEnd::NoConnection => true,
        }
}
