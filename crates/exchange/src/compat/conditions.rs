//! Conditional requests (RFC 9110 section 13), with the two date conditions
//! also on writes, as the contract has them.

use api_types::{ErrorCode, Problem};
use jiff::Timestamp;

/// What a request demands of the resource as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
    if_modified_since: Option<Since>,
    if_unmodified_since: Option<Since>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    Any,
    /// Opaque tags without quotes, each with whether it is weak.
    These(Vec<(String, bool)>),
}

/// A time a caller named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Since {
    at: i64,
    /// Named to the second only.
    whole: bool,
}

/// A resource as it is: its opaque tag, and when it last changed in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Current {
    /// Without quotes.
    pub(crate) tag: String,
    /// Microseconds since 1970 UTC.
    pub(crate) modified_at: i64,
}

/// What comes of the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on.
    Proceed,
    /// The reader has it already.
    NotModified,
}

/// A date in either form: RFC 9110's (`Sun, 06 Nov 1994 08:49:37 GMT`) or RFC 3339's.
pub fn date(name: &'static str, text: &str) -> Result<Timestamp, Problem> {
    read_date(name, text)
        .map(|since| Timestamp::from_microsecond(since.at).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn read_date(name: &'static str, text: &str) -> Result<Since, Problem> {
    if let Ok(at) = text.parse::<Timestamp>() {
        let at = at.as_microsecond();
        return Ok(Since { at, whole: at % 1_000_000 == 0 });
    }
    match jiff::fmt::rfc2822::parse(text) {
        Ok(at) => Ok(Since { at: at.timestamp().as_microsecond(), whole: true }),
        Err(_) => {
            let reason = format!("{text:?} is neither an HTTP date nor one of RFC 3339");
            Err(ErrorCode::InvalidParameter.problem(Some(name), reason))
        }
    }
}

/// Entity tags as a list, `*`, or one tag whose quotes were forgotten (the older
/// version hands tags out in a field, from which they are easily lost).
fn tags(name: &'static str, text: &str) -> Result<Tags, Problem> {
    let text = text.trim();
    if text == "*" {
        return Ok(Tags::Any);
    }
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (part, weak) = part.strip_prefix("W/").map_or((part, false), |part| (part, true));
        let opaque = part.strip_prefix('"').and_then(|part| part.strip_suffix('"')).unwrap_or(part);
        if opaque.is_empty() || opaque.contains('"') {
            let reason = format!("{text:?} is neither `*` nor a list of entity tags");
            return Err(ErrorCode::InvalidParameter.problem(Some(name), reason));
        }
        all.push((opaque.to_owned(), weak));
    }
    if all.is_empty() {
        let reason = "it is empty";
        return Err(ErrorCode::InvalidParameter.problem(Some(name), reason));
    }
    Ok(Tags::These(all))
}

impl Conditions {
    /// Reads the four headers by a function that finds one.
    ///
    /// # Errors
    /// `invalid_parameter` names the header that cannot be read.
    pub fn parse<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Problem> {
        let tags_of = |name: &'static str| header(name).map(|text| tags(name, text)).transpose();
        let date_of =
            |name: &'static str| header(name).map(|text| read_date(name, text.trim())).transpose();
        Ok(Self {
            if_match: tags_of("If-Match")?,
            if_none_match: tags_of("If-None-Match")?,
            if_modified_since: date_of("If-Modified-Since")?,
            if_unmodified_since: date_of("If-Unmodified-Since")?,
        })
    }

    /// Evaluates them in the order of RFC 9110 section 13.2.2. `None` is a
    /// resource that is not there.
    ///
    /// # Errors
    /// `version_mismatch` names the header that does not hold.
    pub(crate) fn check(&self, current: Option<&Current>, reads: bool) -> Result<Verdict, Problem> {
        let failed = |name: &'static str, reason: &str| {
            Err(ErrorCode::VersionMismatch.problem(Some(name), reason))
        };
        let after = |since: Since, current: &Current| {
            let unit = if since.whole { 1_000_000 } else { 1 };
            current.modified_at.div_euclid(unit) > since.at.div_euclid(unit)
        };
        match (&self.if_match, current) {
            (Some(_), None) => return failed("If-Match", "there is no such resource"),
            (Some(Tags::These(all)), Some(current))
                if !all.iter().any(|(tag, weak)| !weak && *tag == current.tag) =>
            {
                let reason = format!("it is at \"{}\" now", current.tag);
                return failed("If-Match", &reason);
            }
            (Some(_), Some(_)) => {}
            (None, current) => {
                if let (Some(since), Some(current)) = (self.if_unmodified_since, current)
                    && after(since, current)
                {
                    return failed("If-Unmodified-Since", "it was modified since");
                }
            }
        }
        match (&self.if_none_match, current) {
            (Some(tags), Some(current)) => {
                let found = match tags {
                    Tags::Any => true,
                    Tags::These(all) => all.iter().any(|(tag, _)| *tag == current.tag),
                };
                if found && reads {
                    return Ok(Verdict::NotModified);
                }
                if found {
                    return failed("If-None-Match", "there is such a resource");
                }
            }
            (None, Some(current)) => {
                if let Some(since) = self.if_modified_since
                    && !after(since, current)
                {
                    if reads {
                        return Ok(Verdict::NotModified);
                    }
                    return failed("If-Modified-Since", "it was not modified since");
                }
            }
            (_, None) => {}
        }
        Ok(Verdict::Proceed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&str, &'static str)]) -> Result<Conditions, Problem> {
        Conditions::parse(|name| headers.iter().find(|(key, _)| *key == name).map(|(_, v)| *v))
    }

    #[test]
    fn each_condition_in_both_forms() {
        // Modified on 6 November 1994 at 08:49:37.5 UTC.
        let now = Current { tag: "3-1".into(), modified_at: 784_111_777_500_000 };
        let ok = Some(Verdict::Proceed);
        let same = Some(Verdict::NotModified);
        for (name, value, read, write, missing) in [
            ("If-Match", "\"3-1\"", ok, ok, None),
            ("If-Match", "3-1", ok, ok, None),
            ("If-Match", "*", ok, ok, None),
            ("If-Match", "\"2-1\", \"3-1\"", ok, ok, None),
            ("If-Match", "\"2-1\"", None, None, None),
            ("If-Match", "W/\"3-1\"", None, None, None),
            ("If-None-Match", "*", same, None, ok),
            ("If-None-Match", "\"3-1\"", same, None, ok),
            ("If-None-Match", "W/\"3-1\"", same, None, ok),
            ("If-None-Match", "\"2-1\"", ok, ok, ok),
            ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", same, None, ok),
            ("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", ok, ok, ok),
            ("If-Modified-Since", "1994-11-06T08:49:37.4Z", ok, ok, ok),
            ("If-Modified-Since", "1994-11-06T08:49:37.5Z", same, None, ok),
            ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", ok, ok, ok),
            ("If-Unmodified-Since", "1994-11-06T09:49:36+01:00", None, None, ok),
            ("If-Unmodified-Since", "1994-11-06T08:49:37.4Z", None, None, ok),
        ] {
            let conditions = of(&[(name, value)]).expect("reads");
            let got = |current, reads| conditions.check(current, reads).ok();
            assert_eq!(got(Some(&now), true), read, "{name}: {value}, read");
            assert_eq!(got(Some(&now), false), write, "{name}: {value}, written");
            assert_eq!(got(None, false), missing, "{name}: {value}, missing");
        }
        let both = of(&[("If-Match", "\"3-1\""), ("If-Unmodified-Since", "1980-01-01T00:00:00Z")]);
        assert!(
            both.expect("reads").check(Some(&now), false).is_ok(),
            "If-Match goes before dates"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (name, value) in [
            ("If-Match", ""),
            ("If-None-Match", "\"a\"b\""),
            ("If-Modified-Since", "yesterday"),
            ("If-Unmodified-Since", "1994-11-06"),
        ] {
            let problem = of(&[(name, value)]).expect_err(value);
            assert_eq!(
                (problem.code.as_str(), problem.field.as_deref()),
                ("invalid_parameter", Some(name))
            );
        }
    }
}
