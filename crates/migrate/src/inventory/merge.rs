//! Two files about one thing.

use super::HandResolution;
use crate::model::{
    AccountType, ActivationState, AssignmentCategory, BlockedState, Cell, Conflict, ConflictValue,
    NumberSource, PstnAssignment, Resolution, SourceFile, SourceKind, UpgradeMode,
};
use foldhash::HashMap;

/// How a value is shown in a conflict and compared.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

impl Shown for String {
    fn shown(&self) -> String {
        self.clone()
    }
}

impl Shown for bool {
    fn shown(&self) -> String {
        if *self { "True" } else { "False" }.to_owned()
    }
}

impl Shown for jiff::Timestamp {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for u64 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for f64 {
    fn shown(&self) -> String {
        self.to_string()
    }
}

macro_rules! words_are_shown {
    ($($name:ty),+) => {
        $(impl Shown for $name {
            fn shown(&self) -> String {
                self.word().to_owned()
            }
        })+
    };
}

words_are_shown!(
    AccountType,
    UpgradeMode,
    ActivationState,
    PstnAssignment,
    AssignmentCategory,
    NumberSource,
    BlockedState
);

/// Merges the fields of one thing.
pub(super) struct Merge<'a> {
    pub kind: &'static str,
    pub subject: &'a str,
    pub files: &'a [SourceFile],
    pub resolutions: &'a [HandResolution],
    pub conflicts: &'a mut Vec<Conflict>,
    /// Where a conflict of kind, subject and field stands.
    pub index: &'a mut HashMap<(&'static str, String, String), usize>,
}

impl Merge<'_> {
    /// Takes `new` where it says more than `mine`; where both say something, and not the same,
    /// the conflict is kept and settled.
    pub fn cell<T: Shown>(&mut self, field: &str, mine: &mut Cell<T>, new: Cell<T>) {
        match (&*mine, &new) {
            (_, Cell::Absent) => {}
            (Cell::Given { value: old, at: old_at }, Cell::Given { value, at }) => {
                let (was, is) = (old.shown(), value.shown());
                if was.eq_ignore_ascii_case(&is) {
                    return;
                }
                let old_rank = self.rank(field, old_at.file.0);
                let new_rank = self.rank(field, at.file.0);
                let mut take_new = new_rank > old_rank;
                let mut resolution = Resolution::Rule {
                    rule: if new_rank == old_rank {
                        "the file imported first counts".to_owned()
                    } else {
                        "the export whose own field it is counts".to_owned()
                    },
                };
                if let Some(hand) = self.resolutions.iter().find(|hand| {
                    hand.kind == self.kind
                        && hand.subject.eq_ignore_ascii_case(self.subject)
                        && hand.field == field
                }) && (hand.value.eq_ignore_ascii_case(&is)
                    || hand.value.eq_ignore_ascii_case(&was))
                {
                    take_new = hand.value.eq_ignore_ascii_case(&is);
                    resolution = Resolution::Hand { reason: hand.reason.clone() };
                }
                let told = ConflictValue { value: is, at: *at };
                let key = (self.kind, self.subject.to_owned(), field.to_owned());
                let known = self.index.get(&key).and_then(|at| self.conflicts.get_mut(*at));
                match known {
                    Some(conflict) => {
                        conflict.values.push(told);
                        if take_new {
                            conflict.taken = conflict.values.len() - 1;
                        }
                        conflict.resolution = resolution;
                    }
                    None => {
                        self.index.insert(key, self.conflicts.len());
                        self.conflicts.push(Conflict {
                            kind: self.kind.to_owned(),
                            subject: self.subject.to_owned(),
                            field: field.to_owned(),
                            values: vec![ConflictValue { value: was, at: *old_at }, told],
                            resolution,
                            taken: usize::from(take_new),
                        });
                    }
                }
                if take_new {
                    *mine = new;
                }
            }
            (Cell::Given { .. }, _) => {}
            (_, Cell::Given { .. }) | (Cell::Absent, _) => *mine = new,
            // A blank of one export does not undo a loss in another.
            _ => {}
        }
    }

    /// The higher, the more the field is the export's own.
    fn rank(&self, field: &str, file: u32) -> u8 {
        use SourceKind as K;
        let kind = self.files.get(file as usize).map_or(K::Other, |file| file.kind);
        let of_directory = matches!(
            field,
            "usage_location"
                | "department"
                | "title"
                | "office"
                | "company"
                | "country"
                | "city"
                | "enabled"
                | "display_name"
        );
        match kind {
            K::DirectoryUsers if of_directory => 3,
            K::OnlineUsers if of_directory => 2,
            K::OnlineUsers => 3,
            K::UserConfigurations => 2,
            K::NumberAssignments => 3,
            K::AcquiredNumbers => 2,
            K::Sites => 3,
            K::NetworkSites => 2,
            _ => 1,
        }
    }
}

/// Lists and such, which are not compared: what says more counts.
pub(super) fn fuller<T>(mine: &mut Cell<T>, new: Cell<T>) {
    let better = matches!(
        (&*mine, &new),
        (Cell::Absent, _) | (Cell::Empty { .. } | Cell::Lost { .. }, Cell::Given { .. })
    );
    if better {
        *mine = new;
    }
}
