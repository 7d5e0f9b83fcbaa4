//! The subset of `filter` that lists understand: `path eq literal` and
//! `startswith(path, literal)`, joined by `and`. The contract says that there
//! is a filter, not what it may say.

use api_types::{ErrorCode, Problem};

/// Longest filter read, bytes.
const LONGEST: usize = 1024;

/// One demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// `serviceDetails/teamsTenantId`.
    pub(crate) path: String,
    pub(crate) test: Test,
}

/// How a field is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Is(String),
    IsTrue(bool),
    Begins(String),
}

pub(crate) fn unsupported(reason: impl Into<String>) -> Problem {
    ErrorCode::UnsupportedFilter.problem(Some("filter"), reason)
}

impl Term {
    /// The list does not compare this field so.
    pub(crate) fn refuse(&self) -> Problem {
        let how = match self.test {
            Test::Is(_) => "eq and a text",
            Test::IsTrue(_) => "eq and true or false",
            Test::Begins(_) => "startswith",
        };
        unsupported(format!("this list does not compare {} by {how}", self.path))
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes a word of letters, digits and `/`.
    fn word(&mut self) -> Option<&'a str> {
        self.skip();
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '/'))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(word).filter(|word| !word.is_empty())
    }

    fn sign(&mut self, sign: char) -> Result<(), Problem> {
        self.skip();
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(unsupported(format!("{sign:?} is missing before {:?}", self.rest))),
        }
    }

    /// A text in single quotes; a quote within is doubled.
    fn text(&mut self) -> Result<String, Problem> {
        self.sign('\'')?;
        let mut out = String::new();
        let mut letters = self.rest.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            if letter != '\'' {
                if letter.is_control() {
                    return Err(unsupported("a text holds no control characters"));
                }
                out.push(letter);
                continue;
            }
            if letters.next_if(|(_, next)| *next == '\'').is_none() {
                self.rest = &self.rest[at + 1..];
                return Ok(out);
            }
            out.push('\'');
        }
        Err(unsupported("a text is not closed by a single quote"))
    }

    fn term(&mut self) -> Result<Term, Problem> {
        let word = self.word().ok_or_else(|| unsupported("a field is missing"))?;
        if word == "startswith" {
            self.sign('(')?;
            let path = self.word().ok_or_else(|| unsupported("startswith names no field"))?;
            self.sign(',')?;
            let text = self.text()?;
            self.sign(')')?;
            return Ok(Term { path: path.to_owned(), test: Test::Begins(text) });
        }
        match self.word() {
            Some("eq") => {}
            other => {
                let other = other.unwrap_or(self.rest);
                return Err(unsupported(format!("{word} is followed by {other:?}, not by eq")));
            }
        }
        self.skip();
        let test = if self.rest.starts_with('\'') {
            Test::Is(self.text()?)
        } else {
            match self.word() {
                Some("true") => Test::IsTrue(true),
                Some("false") => Test::IsTrue(false),
                _ => return Err(unsupported(format!("{word} is compared with no literal"))),
            }
        };
        Ok(Term { path: word.to_owned(), test })
    }
}

/// Reads a filter; each field is named at most once.
pub(crate) fn parse(text: Option<&str>) -> Result<Vec<Term>, Problem> {
    let Some(text) = text else { return Ok(Vec::new()) };
    if text.len() > LONGEST {
        return Err(unsupported(format!("it is longer than {LONGEST} bytes")));
    }
    let mut reader = Reader { rest: text };
    let mut terms: Vec<Term> = Vec::new();
    loop {
        let term = reader.term()?;
        if terms.iter().any(|before| before.path == term.path) {
            return Err(unsupported(format!("it names {} twice", term.path)));
        }
        terms.push(term);
        reader.skip();
        if reader.rest.is_empty() {
            return Ok(terms);
        }
        if reader.word() != Some("and") {
            return Err(unsupported("only `and` joins two comparisons"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(path: &str, test: Test) -> Term {
        Term { path: path.into(), test }
    }

    #[test]
    fn the_subset() {
        for (text, expect) in [
            ("name eq 'A_1'", vec![term("name", Test::Is("A_1".into()))]),
            (" name  eq\t'O''Brien' ", vec![term("name", Test::Is("O'Brien".into()))]),
            (
                "startswith(telephoneNumber, '+44') and a/b/enabled eq true",
                vec![
                    term("telephoneNumber", Test::Begins("+44".into())),
                    term("a/b/enabled", Test::IsTrue(true)),
                ],
            ),
            ("name eq ''", vec![term("name", Test::Is(String::new()))]),
        ] {
            assert_eq!(parse(Some(text)).expect(text), expect);
        }
        assert_eq!(parse(None).expect("none"), []);
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("name eq '{}'", "x".repeat(LONGEST));
        for text in [
            "",
            "name",
            "name eq",
            "name eq 7",
            "name eq 'x",
            "name ne 'x'",
            "name gt 'x'",
            "name eq 'x' or name eq 'y'",
            "name eq 'x' and",
            "name eq 'x' and name eq 'y'",
            "(name eq 'x')",
            "not name eq 'x'",
            "startswith(name 'x')",
            "endswith(name, 'x')",
            "name eq 'x' name eq 'y'",
            "name eq 'a\u{0}b'",
            &long,
        ] {
            let problem = parse(Some(text)).expect_err(text);
            assert_eq!((problem.code.as_str(), problem.status), ("unsupported_filter", 400));
        }
    }
}
