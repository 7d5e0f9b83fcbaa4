//! Tags on numbers: a tenant's own words for them (operator-connect.md 1.7.3).

use std::collections::BTreeMap;

/// Longest tag, characters.
pub const MAX_TAG: usize = 50;
/// Most tags of one number.
pub const MAX_TAGS: usize = 50;
/// Most tags that one order adds and removes (operator-connect.md 1.8).
pub const MAX_TAGS_OF_ORDER: usize = 10;

/// A tag: as it was written first, and as it compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// As it is shown.
    pub name: String,
    /// Upper and lower case are the same.
    pub folded: String,
}

/// Why a tag is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TagRefusal {
    /// Empty, too long, or with control characters.
    #[error("a tag has 1 to 50 characters, none of them a control character")]
    Malformed,
    /// The number would have too many.
    #[error("a number has at most 50 tags")]
    TooMany,
}

impl Tag {
    /// Reads a tag; blanks within it stay, those around it go.
    ///
    /// # Errors
    /// [`TagRefusal::Malformed`].
    pub fn parse(text: &str) -> Result<Self, TagRefusal> {
        let name = text.trim();
        let good =
            (1..=MAX_TAG).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !good {
            return Err(TagRefusal::Malformed);
        }
        Ok(Self { name: name.to_owned(), folded: fold(name) })
    }
}

/// How tags compare.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// What an edit comes to: tags that are new to the number, and those it loses, each by how it
/// compares. What it has already is not added again, and what it has not is not removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagEdit {
    /// New.
    pub added: Vec<Tag>,
    /// Gone.
    pub removed: Vec<Tag>,
}

/// Applies an edit to a number's tags (how each compares, with how it is shown): what is
/// removed goes first, so that a full number can exchange one.
///
/// # Errors
/// [`TagRefusal::TooMany`].
pub fn edit(
    has: &BTreeMap<String, String>,
    add: &[Tag],
    remove: &[Tag],
) -> Result<TagEdit, TagRefusal> {
    let mut out = TagEdit::default();
    let is_in = |tags: &[Tag], folded: &str| tags.iter().any(|tag| tag.folded == folded);
    for tag in remove {
        // Both at once leaves it where it is.
        if let Some(name) = has.get(&tag.folded)
            && !is_in(&out.removed, &tag.folded)
            && !is_in(add, &tag.folded)
        {
            out.removed.push(Tag { name: name.clone(), folded: tag.folded.clone() });
        }
    }
    for tag in add {
        if !has.contains_key(&tag.folded) && !is_in(&out.added, &tag.folded) {
            out.added.push(tag.clone());
        }
    }
    if has.len() - out.removed.len() + out.added.len() > MAX_TAGS {
        return Err(TagRefusal::TooMany);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Tag {
        Tag::parse(text).expect(text)
    }

    #[test]
    fn what_a_tag_may_be() {
        let longest = "ä".repeat(MAX_TAG);
        let too_long = "x".repeat(MAX_TAG + 1);
        for (text, expect) in [
            ("Sales", Some("sales")),
            ("  second floor ", Some("second floor")),
            ("STRASSE", Some("strasse")),
            (longest.as_str(), Some(longest.as_str())),
            (too_long.as_str(), None),
            ("", None),
            ("   ", None),
            ("a\u{0}b", None),
            ("a\nb", None),
        ] {
            let got = Tag::parse(text).ok().map(|tag| tag.folded);
            assert_eq!(got.as_deref(), expect, "{text:?}");
        }
    }

    #[test]
    fn an_edit_says_what_it_changes_and_stops_at_fifty() {
        let has = |names: &[&str]| -> BTreeMap<String, String> {
            names.iter().map(|name| (fold(name), (*name).to_owned())).collect()
        };
        let names = |tags: &[Tag]| tags.iter().map(|tag| tag.name.clone()).collect::<Vec<_>>();
        for (name, before, add, remove, added, removed) in [
            ("new", vec!["a"], vec!["B"], vec![], vec!["B"], vec![]),
            ("there in another case", vec!["Sales"], vec!["SALES"], vec![], vec![], vec![]),
            ("twice", vec![], vec!["a", "A"], vec![], vec!["a"], vec![]),
            ("gone", vec!["Sales"], vec![], vec!["sALES"], vec![], vec!["Sales"]),
            ("not there", vec!["a"], vec![], vec!["b"], vec![], vec![]),
            ("both", vec!["a"], vec!["a"], vec!["a"], vec![], vec![]),
        ] {
            let add: Vec<Tag> = add.into_iter().map(tag).collect();
            let remove: Vec<Tag> = remove.into_iter().map(tag).collect();
            let got = edit(&has(&before), &add, &remove).expect(name);
            let expect = (
                added.into_iter().map(str::to_owned).collect::<Vec<_>>(),
                removed.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            );
            assert_eq!((names(&got.added), names(&got.removed)), expect, "{name}");
        }
        let full: Vec<String> = (0..MAX_TAGS).map(|n| format!("t{n}")).collect();
        let full = has(&full.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(edit(&full, &[tag("one more")], &[]), Err(TagRefusal::TooMany));
        let exchanged = edit(&full, &[tag("one more")], &[tag("T7")]).expect("exchanged");
        assert_eq!((exchanged.added.len(), exchanged.removed.len()), (1, 1));
    }
}
