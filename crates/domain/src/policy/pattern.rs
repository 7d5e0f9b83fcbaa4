//! Regular expressions that administrators write, bounded in what they may cost.
//!
//! The engine takes time linear in what it looks at whatever the expression
//! says; what is bounded here is the memory that one may take, and its length.

use regex::bytes::{Captures, Regex, RegexBuilder};

/// Longest expression, bytes. Public documents set no limit.
pub const MOST_PATTERN: usize = 256;
/// Longest text that is looked at, bytes: no number is longer, and what a stranger puts in its place
/// must not cost an edge a look for each of a tenant's expressions.
const MOST_TEXT: usize = 64;
/// Most bytes of one expression's first compiled form, and of what it remembers while it runs. What
/// the engine makes of it beside that is some times as much.
const MOST_COMPILED: usize = 16 * 1024;
/// How deep parentheses may stand in each other.
const MOST_DEPTH: u32 = 16;

/// An expression over dialled strings and numbers, which are ASCII: `\d` is 0 to 9.
/// It matches anywhere unless it says `^` and `$`, as in the field.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing matches everything.
    #[error("a pattern is 1 to {MOST_PATTERN} bytes long")]
    Length,
    /// The parser's or the compiler's own words.
    #[error("not a regular expression that can be used: {0}")]
    Syntax(String),
}

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// It is too long, wrong, or takes too much memory.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > MOST_PATTERN {
            return Err(PatternError::Length);
        }
        RegexBuilder::new(text)
            .unicode(false)
            .size_limit(MOST_COMPILED)
            .dfa_size_limit(MOST_COMPILED)
            .nest_limit(MOST_DEPTH)
            .build()
            .map(Self)
            .map_err(|error| PatternError::Syntax(last_line(&error.to_string())))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Does it match? Nothing longer than 64 bytes does.
    pub fn matches(&self, text: &str) -> bool {
        text.len() <= MOST_TEXT && self.0.is_match(text.as_bytes())
    }

    pub(super) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        if text.len() > MOST_TEXT { None } else { self.0.captures(text.as_bytes()) }
    }

    /// How many groups it has, beside the whole.
    pub(super) fn groups(&self) -> usize {
        self.0.captures_len() - 1
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// The parser draws the expression with a mark below; the last line says what it is.
fn last_line(message: &str) -> String {
    let line = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_what_is_not() {
        for (text, taken) in [
            (r"^(\d{4})$", true),
            (r"^\+?1?900\d{7}$", true),
            ("anonymous", true),
            ("", false),
            ("(", false),
            (r"(\d)\1", false),
            (r"a{1000}{1000}", false),
            (&"(".repeat(MOST_PATTERN), false),
            (&"1".repeat(MOST_PATTERN), true),
            (&"1".repeat(MOST_PATTERN + 1), false),
        ] {
            assert_eq!(Pattern::new(text).is_ok(), taken, "{text}");
        }
        let said = Pattern::new("(").expect_err("wrong").to_string();
        assert!(said.contains("unclosed group"), "{said}");
    }

    #[test]
    fn what_takes_others_long_is_quick() {
        let evil = Pattern::new(r"^(1+)+$").expect("a pattern");
        let text = format!("{}x", "1".repeat(5_000));
        assert!(!evil.matches(&text));
    }

    #[test]
    fn nothing_longer_than_any_number_is_looked_at() {
        let any = Pattern::new("1").expect("a pattern");
        assert!(any.matches(&"1".repeat(MOST_TEXT)));
        assert!(!any.matches(&"1".repeat(MOST_TEXT + 1)));
        assert!(any.captures(&"1".repeat(MOST_TEXT + 1)).is_none());
        assert!(Pattern::new(r"\d{2000}").is_err(), "too much memory");
    }
}
