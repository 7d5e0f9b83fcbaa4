//! A million numbers in 16 bytes each: what they share (holder, operator,
//! profile, country, usage, location) is a row of a class table, and whom they
//! ring a row of a target table.

use crate::record::NumberRecord;
use domain::number::AssignmentTarget;
use numbering::E164;
use std::collections::HashMap;

/// Width of one number in the file: number u64, class u32, target u32 (0 for
/// none, else row + 1), little endian.
pub(crate) const WIDTH: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub number: u64,
    pub class: u32,
    pub target: u32,
}

/// Rows between two waymarks, and waymarks between two of the level above: what is
/// looked at on one level lies in a few neighbouring lines of memory, which come at once.
const STRIDE: usize = 16;

/// Numbers in rising order, immutable; changes lie in the overlay above it.
#[derive(Debug, Default)]
pub(crate) struct NumberBase {
    pub rows: Vec<Packed>,
    pub classes: Vec<NumberRecord>,
    pub targets: Vec<AssignmentTarget>,
    /// Every [`STRIDE`]th number; then every [`STRIDE`]th of these, and so on up to a
    /// level that short. A search in the rows alone touches a dozen lines of memory that
    /// no cache holds, one after the other; here the upper levels stay in the caches.
    waymarks: Vec<Vec<u64>>,
}

/// The last of rising keys that is no greater than `number`.
fn last_not_above(keys: impl Iterator<Item = u64>, number: u64) -> Option<usize> {
    // All are compared, as nothing there is to foresee.
    keys.map(|key| usize::from(key <= number)).sum::<usize>().checked_sub(1)
}

/// The entries below the one with this index in the level above.
fn below<T>(entries: &[T], index: usize) -> &[T] {
    let entries = &entries[index * STRIDE..];
    &entries[..entries.len().min(STRIDE)]
}

impl NumberBase {
    /// Of rows in rising order of their numbers.
    pub fn new(
        rows: Vec<Packed>,
        classes: Vec<NumberRecord>,
        targets: Vec<AssignmentTarget>,
    ) -> Self {
        let mut waymarks = Vec::new();
        let mut level: Vec<u64> = rows.iter().step_by(STRIDE).map(|row| row.number).collect();
        while level.len() > STRIDE {
            let above = level.iter().step_by(STRIDE).copied().collect();
            waymarks.push(std::mem::replace(&mut level, above));
        }
        waymarks.push(level);
        Self { rows, classes, targets, waymarks }
    }

    /// Packs records that come in rising order of their numbers.
    pub fn pack(sorted: impl Iterator<Item = NumberRecord>) -> Self {
        let (mut rows, mut classes, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        let mut known_classes: HashMap<NumberKey, u32> = HashMap::new();
        let mut known_targets: HashMap<AssignmentTarget, u32> = HashMap::new();
        for record in sorted {
            let class = *known_classes.entry(NumberKey::of(&record)).or_insert_with(|| {
                classes.push(NumberRecord { target: None, ..record });
                (classes.len() - 1) as u32
            });
            let target = record.target.map_or(0, |t| {
                *known_targets.entry(t).or_insert_with(|| {
                    targets.push(t);
                    targets.len() as u32
                })
            });
            rows.push(Packed { number: record.number.value(), class, target });
        }
        rows.shrink_to_fit();
        Self::new(rows, classes, targets)
    }

    pub fn get(&self, number: E164) -> Option<NumberRecord> {
        let number = number.value();
        let mut index = 0;
        for level in self.waymarks.iter().rev() {
            let marks = below(level, index);
            index = index * STRIDE + last_not_above(marks.iter().copied(), number)?;
        }
        let rows = below(&self.rows, index);
        let row = rows[last_not_above(rows.iter().map(|row| row.number), number)?];
        (row.number == number).then(|| self.record(row))
    }

    /// The record of one of this base's rows.
    pub fn record(&self, row: Packed) -> NumberRecord {
        NumberRecord {
            number: E164::from_value(row.number).expect("rows are checked when read or packed"),
            target: row.target.checked_sub(1).map(|t| self.targets[t as usize]),
            ..self.classes[row.class as usize]
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = NumberRecord> + '_ {
        self.rows.iter().map(|row| self.record(*row))
    }
}

/// All that numbers of one class share.
#[derive(PartialEq, Eq, Hash)]
struct NumberKey {
    ids: [uuid::Uuid; 5],
    country: numbering::Country,
    usage: domain::number::Usage,
    category: domain::line::AssignmentCategory,
    other_holder: Option<domain::assign::OtherHolder>,
}

impl NumberKey {
    fn of(r: &NumberRecord) -> Self {
        Self {
            ids: [
                r.tenant.0,
                r.operator.0,
                r.profile.0,
                r.location.map_or(uuid::Uuid::nil(), |l| l.0),
                r.moving.map_or(uuid::Uuid::nil(), |m| m.0),
            ],
            country: r.country,
            usage: r.usage,
            category: r.category,
            other_holder: r.other_holder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use numbering::Country;
    use uuid::Uuid;

    fn record(number: u64) -> NumberRecord {
        NumberRecord {
            number: E164::from_value(number).expect("a number"),
            tenant: domain::TenantId(Uuid::from_u128(1)),
            operator: domain::OperatorId(Uuid::from_u128(2)),
            profile: domain::CallingProfileId(Uuid::from_u128(3)),
            country: Country::parse("GB").expect("a country"),
            usage: domain::number::Usage::CallingUserAssignment,
            target: Some(AssignmentTarget::User(domain::UserId(Uuid::from_u128(number.into())))),
            location: None,
            category: domain::line::AssignmentCategory::Primary,
            moving: None,
            other_holder: None,
        }
    }

    #[test]
    fn each_number_is_found_and_none_between_them() {
        for count in [0, 1, 2, 15, 16, 17, 255, 256, 257, 272, 273, 4_095, 4_096, 4_097, 5_000] {
            let number = |n: u64| 442_079_460_000 + 2 * n;
            let base = NumberBase::pack((0..count).map(|n| record(number(n))));
            let find = |n: u64| base.get(E164::from_value(n).expect("a number"));
            for n in 0..count {
                assert_eq!(find(number(n)), Some(record(number(n))), "{n} of {count}");
                assert_eq!(find(number(n) + 1), None, "behind {n} of {count}");
            }
            assert_eq!(find(number(0) - 1), None);
            assert_eq!(find(number(count)), None);
        }
    }
}
