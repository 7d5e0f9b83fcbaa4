//! Lines of a person: the number they are known by, and those beside it (operator-connect.md 1.7.2
//! `AssignmentCategory`; migration.md 2.2).
//!
//! What nobody publishes is decided here: how many lines of a kind somebody has, that a line needs
//! none of another kind, and that a call leaves by an alternate line only where it names it.

use crate::assign::AssignRefusal;
use crate::offer::words;

words! {
    /// What a number is to the person who has it.
    #[derive(Default)]
    AssignmentCategory {
        /// The one they are known by: it rings them, and their calls go out by it.
        #[default]
        Primary = "Primary",
        /// It rings them, and is never shown nor called by ("inbound only").
        Private = "Private",
        /// A second line: it rings them, and they may call by it.
        Alternate = "Alternate",
    }
}

/// Most alternate lines of a person: a decision of this exchange, since nobody publishes one.
pub const MOST_ALTERNATES: usize = 4;

/// What a category may be, in words.
pub const CATEGORIES: &str = "a category is Primary, Private or Alternate";

impl AssignmentCategory {
    /// What every number is unless somebody says otherwise; left out where it is written.
    pub const fn is_primary(&self) -> bool {
        matches!(self, Self::Primary)
    }

    /// May a call be made by it, or help be called?
    pub const fn calls_out(self) -> bool {
        !matches!(self, Self::Private)
    }
}

/// The lines that somebody has beside the number that is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// A number that they are known by.
    pub primary: bool,
    /// A private line.
    pub private: bool,
    /// How many alternate lines.
    pub alternates: usize,
}

impl Lines {
    /// Of somebody with these.
    pub fn of(categories: impl IntoIterator<Item = AssignmentCategory>) -> Self {
        let mut lines = Self::default();
        for category in categories {
            match category {
                AssignmentCategory::Primary => lines.primary = true,
                AssignmentCategory::Private => lines.private = true,
                AssignmentCategory::Alternate => lines.alternates += 1,
            }
        }
        lines
    }

    /// May they have one more of this kind? None of them needs another kind to be there.
    ///
    /// # Errors
    /// [`AssignRefusal::HasNumber`], [`AssignRefusal::HasPrivate`],
    /// [`AssignRefusal::TooManyAlternates`].
    pub const fn check(self, category: AssignmentCategory) -> Result<(), AssignRefusal> {
        match category {
            AssignmentCategory::Primary if self.primary => Err(AssignRefusal::HasNumber),
            AssignmentCategory::Private if self.private => Err(AssignRefusal::HasPrivate),
            AssignmentCategory::Alternate if self.alternates >= MOST_ALTERNATES => {
                Err(AssignRefusal::TooManyAlternates)
            }
            _ => Ok(()),
        }
    }
}

/// Does an assignment give a number that its holder has already another category? One that names
/// none, or the one that it has, does not: that number is assigned, and stays as it is.
pub fn recategorises(
    has: AssignmentCategory,
    asked: Option<AssignmentCategory>,
    same_holder: bool,
) -> bool {
    same_holder && asked.is_some_and(|asked| asked != has)
}

#[cfg(test)]
mod tests {
    use super::AssignmentCategory::{Alternate, Primary, Private};
    use super::*;

    #[test]
    fn one_primary_one_private_and_a_few_alternates_each_without_the_others() {
        let most = [Alternate; MOST_ALTERNATES];
        for (name, has, category, expect) in [
            ("nothing yet", &[][..], Primary, Ok(())),
            ("a private line alone", &[], Private, Ok(())),
            ("an alternate line alone", &[], Alternate, Ok(())),
            ("a second primary", &[Primary], Primary, Err(AssignRefusal::HasNumber)),
            ("a primary beside the others", &[Private, Alternate], Primary, Ok(())),
            ("a private one beside the primary", &[Primary], Private, Ok(())),
            ("a second private one", &[Private], Private, Err(AssignRefusal::HasPrivate)),
            ("a second alternate", &[Primary, Alternate], Alternate, Ok(())),
            ("the last alternate", &most[1..], Alternate, Ok(())),
            ("one too many", &most, Alternate, Err(AssignRefusal::TooManyAlternates)),
            ("a private one beside many", &most, Private, Ok(())),
        ] {
            let lines = Lines::of(has.iter().copied());
            assert_eq!(lines.check(category), expect, "{name}");
        }
    }

    #[test]
    fn only_a_named_other_category_changes_what_somebody_has() {
        for (has, asked, same, expect) in [
            (Primary, None, true, false),
            (Alternate, None, true, false),
            (Alternate, Some(Alternate), true, false),
            (Alternate, Some(Primary), true, true),
            (Primary, Some(Private), true, true),
            (Primary, Some(Private), false, false),
        ] {
            assert_eq!(recategorises(has, asked, same), expect, "{has:?} {asked:?} {same}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_only_a_private_line_is_inbound_alone() {
        for category in AssignmentCategory::ALL.iter().copied() {
            assert_eq!(AssignmentCategory::parse(category.as_str()), Some(category));
            assert_eq!(category.calls_out(), category != Private);
        }
        assert_eq!(AssignmentCategory::parse("primary"), None);
        assert_eq!(AssignmentCategory::default(), Primary);
    }
}
