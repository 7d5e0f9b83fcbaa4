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

/// Numbers in rising order, immutable; changes lie in the overlay above it.
#[derive(Debug, Default)]
pub(crate) struct NumberBase {
    pub rows: Vec<Packed>,
    pub classes: Vec<NumberRecord>,
    pub targets: Vec<AssignmentTarget>,
}

impl NumberBase {
    /// Packs records that come in rising order of their numbers.
    pub fn pack(sorted: impl Iterator<Item = NumberRecord>) -> Self {
        let mut base = Self::default();
        let mut classes: HashMap<NumberKey, u32> = HashMap::new();
        let mut targets: HashMap<AssignmentTarget, u32> = HashMap::new();
        for record in sorted {
            let class = *classes.entry(NumberKey::of(&record)).or_insert_with(|| {
                base.classes.push(NumberRecord { target: None, ..record });
                (base.classes.len() - 1) as u32
            });
            let target = record.target.map_or(0, |t| {
                *targets.entry(t).or_insert_with(|| {
                    base.targets.push(t);
                    base.targets.len() as u32
                })
            });
            base.rows.push(Packed { number: record.number.value(), class, target });
        }
        base.rows.shrink_to_fit();
        base
    }

    pub fn get(&self, number: E164) -> Option<NumberRecord> {
        let at = self.rows.binary_search_by_key(&number.value(), |row| row.number).ok()?;
        Some(self.record(self.rows[at]))
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
        }
    }
}
