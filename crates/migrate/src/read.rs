//! Words of exports as values: telephone numbers, moments, truths, lists.

use crate::import;
use crate::model::{LineNumber, LineNumberError};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use numbering::{Country, E164};
use std::borrow::Cow;

/// A number with what had to be done to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadNumber {
    /// The line.
    pub line: LineNumber,
    /// What was repaired, each in a few words; empty if nothing was.
    pub repairs: Vec<&'static str>,
}

/// Reads a telephone number as exports and people write it (migration.md sections 1.1 and 1.9):
/// `tel:+44...;ext=1`, lost plus signs and leading zeros, apostrophes, blanks, `(0)`.
///
/// National numbers need the country they are of.
pub fn number(text: &str, country: Option<Country>) -> Result<ReadNumber, LineNumberError> {
    let mut repairs = Vec::new();
    let text = narrow(text, &mut repairs);
    let blanks = text.trim();
    let text = blanks.trim_matches(|c: char| c.is_whitespace() || is_unseen(c));
    if text.len() != blanks.len() {
        repairs.push("marks that cannot be seen were removed");
    }
    if import::is_scientific(text) {
        return Err(LineNumberError::Scientific);
    }
    let bare = text.strip_prefix('\'').unwrap_or(text);
    if bare.len() != text.len() {
        repairs.push("a leading apostrophe was removed");
    }
    let bare = match bare.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &bare[4..],
        _ => bare,
    };
    let (digits, extension) = match bare.split_once(";") {
        Some((digits, parameters)) => (digits, extension(parameters)?),
        None => (bare, None),
    };
    let mut digits = Cow::Borrowed(digits);
    if digits.contains("(0)") {
        digits = Cow::Owned(digits.replace("(0)", ""));
        repairs.push("(0) was removed");
    }
    if let Some((whole, fraction)) = fraction(&digits) {
        if fraction.bytes().any(|b| b != b'0') {
            return Err(LineNumberError::Impossible);
        }
        digits = Cow::Owned(whole.to_owned());
        repairs.push("a fraction of nothing was removed");
    }
    let is_mark = |c: char| {
        c.is_whitespace()
            || is_unseen(c)
            || matches!(c, '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}')
    };
    if digits.contains(is_mark) {
        digits = Cow::Owned(digits.replace(is_mark, ""));
        repairs.push("blanks and punctuation were removed");
    }
    let plus = digits.starts_with('+');
    let plain = digits.strip_prefix('+').unwrap_or(&digits);
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return Err(LineNumberError::Impossible);
    }
    let international = E164::parse(&format!("+{plain}"));
    let e164 = if plus {
        international.map_err(|_| LineNumberError::Impossible)?
    } else {
        repaired(plain, international.ok(), country, &mut repairs)?
    };
    let line = match extension {
        Some(extension) => LineNumber::with_extension(e164, extension)?,
        None => LineNumber::new(e164),
    };
    Ok(ReadNumber { line, repairs })
}

/// Marks that take no room: they come with numbers copied from chats, contacts and web pages.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Wide forms, as keyboards of East Asia write them, in their plain form.
fn narrow<'t>(text: &'t str, repairs: &mut Vec<&'static str>) -> Cow<'t, str> {
    let wide = |c: char| ('\u{ff01}'..='\u{ff5e}').contains(&c);
    if !text.contains(wide) {
        return Cow::Borrowed(text);
    }
    repairs.push("wide digits were made plain");
    let plain = |c: char| if wide(c) { char::from_u32(c as u32 - 0xfee0).unwrap_or(c) } else { c };
    Cow::Owned(text.chars().map(plain).collect())
}

/// `442071231201.0`, as programs write a number that they took for a quantity: a dot between
/// groups of digits has fewer digits before it, or more behind it.
fn fraction(digits: &str) -> Option<(&str, &str)> {
    let (whole, fraction) = digits.split_once(['.', ','])?;
    let figures = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let plain = whole.strip_prefix('+').unwrap_or(whole);
    (plain.len() >= 7 && figures(plain) && fraction.len() <= 2 && figures(fraction))
        .then_some((whole, fraction))
}

/// `ext=` among a number's parameters (RFC 3966 section 3); others do not name a line.
fn extension(parameters: &str) -> Result<Option<&str>, LineNumberError> {
    for parameter in parameters.split(';') {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("ext")
        {
            return Ok(Some(value.trim()));
        }
    }
    Ok(None)
}

/// Digits without a plus sign: which of lost plus, lost zero and national they are is told by
/// what the metadata knows, own country first.
fn repaired(
    digits: &str,
    international: Option<E164>,
    country: Option<Country>,
    repairs: &mut Vec<&'static str>,
) -> Result<E164, LineNumberError> {
    let known = |number: &E164| numbering::describe(*number).known_range;
    if let Some(rest) = digits.strip_prefix("00")
        && let Ok(number) = E164::parse(&format!("+{rest}"))
    {
        repairs.push("00 was read as +");
        return Ok(number);
    }
    let of_country = |number: &E164| country.is_some_and(|c| numbering::code_admits(*number, c));
    if let Some(number) = international.filter(|n| known(n) && (of_country(n) || country.is_none()))
    {
        repairs.push("the lost + was put back");
        return Ok(number);
    }
    if let Some(country) = country {
        // A trunk zero that a spreadsheet ate changes nothing where the plan has one.
        let national = [digits.to_owned(), format!("0{digits}")]
            .into_iter()
            .filter_map(|text| numbering::from_dialled(&text, country))
            .find(known);
        if let Some(number) = national {
            repairs.push(if digits.starts_with('0') {
                "the national number was given its country's code"
            } else {
                "the lost zero was put back and the country's code given"
            });
            return Ok(number);
        }
    }
    if let Some(number) = international.filter(known) {
        repairs.push("the lost + was put back");
        return Ok(number);
    }
    match country.and_then(|country| numbering::from_dialled(digits, country)) {
        Some(number) => {
            repairs.push("the national number was given its country's code");
            Ok(number)
        }
        None if country.is_none() => Err(LineNumberError::NoCountry),
        None => Err(LineNumberError::Impossible),
    }
}

/// A moment in UTC. One without zone is UTC: Microsoft's exports are (migration.md section 1.8).
/// Days and months that could be each other's are not guessed.
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(moment) = plain_moment(text.as_bytes()) {
        return Some(moment);
    }
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        let digits = inner.split(['+', '-']).find(|part| !part.is_empty())?;
        return Timestamp::from_millisecond(digits.parse().ok()?).ok();
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let seconds: f64 = text.parse().ok()?;
        #[allow(clippy::cast_possible_truncation)]
        return Timestamp::from_second(seconds as i64).ok().filter(|_| seconds < 1e11);
    }
    let bare = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")).unwrap_or(text);
    if let Ok(at) = bare.parse::<DateTime>() {
        return at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    }
    written(bare)?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// `2025-10-11T21:30:00Z`, as the usage reports write each call's times.
fn plain_moment(text: &[u8]) -> Option<Timestamp> {
    let &[
        y1,
        y2,
        y3,
        y4,
        b'-',
        o1,
        o2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
        b'Z',
    ] = text
    else {
        return None;
    };
    let figure = |digits: &[u8]| {
        digits.iter().try_fold(0i16, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0'))
        })
    };
    let two = |a, b| figure(&[a, b]).and_then(|two| i8::try_from(two).ok());
    let year = figure(&[y1, y2, y3, y4])?;
    let at = DateTime::new(
        year,
        two(o1, o2)?,
        two(d1, d2)?,
        two(h1, h2)?,
        two(m1, m2)?,
        two(s1, s2)?,
        0,
    );
    Offset::UTC.to_timestamp(at.ok()?).ok()
}

/// `10/31/2025 9:30:00 PM`, `31.10.2025 21:30`.
fn written(text: &str) -> Option<DateTime> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<i16> =
        date.split(separator).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let &[first, second, year] = parts.as_slice() else { return None };
    let mut words = time.split_whitespace();
    let clock = words.next().unwrap_or("0:00");
    let half = words.next().map(str::to_ascii_uppercase);
    let (day, month) = match separator {
        '.' => (first, second),
        // Only America writes both a slash and halves of the day.
        '/' if half.is_some() || second > 12 => (second, first),
        '/' | '-' if first > 12 => (first, second),
        _ if first == second => (first, second),
        _ => return None,
    };
    let mut clock =
        clock.split(':').map(|part| part.split('.').next().and_then(|p| p.parse::<i8>().ok()));
    let mut hour = clock.next().flatten()?;
    let minute = clock.next().flatten().unwrap_or(0);
    let second = clock.next().flatten().unwrap_or(0);
    match half.as_deref() {
        Some("PM") if hour < 12 => hour += 12,
        Some("AM") if hour == 12 => hour = 0,
        _ => {}
    }
    DateTime::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?, hour, minute, second, 0)
        .ok()
}

/// A truth, in the words of PowerShell, JSON and people.
pub fn truth(text: &str) -> Option<bool> {
    const YES: [&str; 8] = ["true", "yes", "1", "y", "on", "enabled", "x", "answered"];
    const NO: [&str; 6] = ["false", "no", "0", "n", "off", "disabled"];
    let text = text.trim();
    let is = |word: &&str| word.eq_ignore_ascii_case(text);
    match () {
        () if YES.iter().any(is) => Some(true),
        () if NO.iter().any(is) => Some(false),
        () => None,
    }
}

/// A number of things; separators of thousands are taken out.
pub fn decimal(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('%').trim_end();
    let plain = text.replace([' ', '\u{a0}', '\u{202f}', ','], "");
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A count.
pub fn count(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The items of a list cell: JSON, braces of `Format-List`, semicolons, else commas.
pub fn list(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.starts_with(['[', '"']) {
        match serde_json::from_str(text) {
            Ok(serde_json::Value::Array(items)) => {
                return items.iter().filter_map(json_item).collect();
            }
            Ok(serde_json::Value::String(item)) => return vec![item],
            _ => {}
        }
    }
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let separator = match inner.unwrap_or(text) {
        text if inner.is_none() && text.contains(';') => ';',
        _ => ',',
    };
    inner
        .unwrap_or(text)
        .split(separator)
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

fn json_item(item: &serde_json::Value) -> Option<String> {
    match item {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Object(fields) => {
            ["Id", "id", "ObjectId", "objectId", "telephoneNumber", "Name", "name"]
                .iter()
                .find_map(|name| fields.get(*name))
                .and_then(json_item)
        }
        _ => None,
    }
}

/// The objects of a cell; one alone is a list of one.
pub fn objects(text: &str) -> Option<Vec<serde_json::Map<String, serde_json::Value>>> {
    match serde_json::from_str(text).ok()? {
        serde_json::Value::Array(items) => Some(
            items
                .into_iter()
                .filter_map(|item| match item {
                    serde_json::Value::Object(fields) => Some(fields),
                    _ => None,
                })
                .collect(),
        ),
        serde_json::Value::Object(fields) => Some(vec![fields]),
        _ => None,
    }
}

/// An id: lower case; the nil id of Direct Routing numbers is none.
pub fn id(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    (!text.is_empty() && text.bytes().any(|b| !matches!(b, b'0' | b'-'))).then_some(text)
}

/// An address without `sip:` and `tel:`.
pub fn without_scheme(text: &str) -> &str {
    let text = text.trim();
    match text.get(..4) {
        Some(scheme) if ["sip:", "tel:"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) => {
            &text[4..]
        }
        _ => text,
    }
}

/// The name of a policy without `Tag:`.
pub fn policy_name(text: &str) -> &str {
    let text = text.trim();
    match text.get(..4) {
        Some(tag) if tag.eq_ignore_ascii_case("tag:") => &text[4..],
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Option<Country> {
        Country::parse(code).ok()
    }

    #[test]
    fn numbers_as_exports_and_people_write_them() {
        use LineNumberError::{Extension, Impossible, NoCountry, Scientific};
        for (text, home, expect) in [
            ("+442071231201", "", Ok(("+442071231201", 0))),
            ("tel:+442071231201", "", Ok(("+442071231201", 0))),
            ("TEL:+12065551000;ext=0524", "", Ok(("+12065551000;ext=0524", 0))),
            ("+12065551000;phone-context=x", "", Ok(("+12065551000", 0))),
            ("+390612345678", "", Ok(("+390612345678", 0))),
            ("0612345678", "IT", Ok(("+390612345678", 1))),
            ("'+442071231201", "", Ok(("+442071231201", 1))),
            ("442071231201", "GB", Ok(("+442071231201", 1))),
            ("442071231201", "", Ok(("+442071231201", 1))),
            ("442071231201", "FR", Ok(("+442071231201", 1))),
            ("2071231201", "GB", Ok(("+442071231201", 1))),
            ("02071231201", "GB", Ok(("+442071231201", 1))),
            ("00442071231201", "", Ok(("+442071231201", 1))),
            ("+44 (0) 20\u{a0}7123-1201", "", Ok(("+442071231201", 2))),
            ("\u{202a}+442071231201\u{202c}", "", Ok(("+442071231201", 1))),
            ("2065551000", "US", Ok(("+12065551000", 1))),
            ("4.42071E+11", "GB", Err(Scientific)),
            ("4,42071E+11", "GB", Err(Scientific)),
            ("02071231201", "", Err(NoCountry)),
            ("+", "", Err(Impossible)),
            ("+44 ABC", "", Err(Impossible)),
            ("+1234567890123456", "", Err(Impossible)),
            ("+12065551000;ext=", "", Err(Extension)),
        ] {
            let found = number(text, country(home));
            let found = found.map(|found| (found.line.to_string(), found.repairs.len()));
            assert_eq!(found, expect.map(|(line, n)| (line.to_owned(), n)), "{text} {home}");
        }
    }

    #[test]
    fn moments_are_utc() {
        for (text, expect) in [
            ("2025-10-11T21:30:00.0000000Z", Some("2025-10-11T21:30:00Z")),
            ("2025-10-30T00:22:59.4989508+02:00", Some("2025-10-29T22:22:59.4989508Z")),
            ("2025-10-11T21:30:00", Some("2025-10-11T21:30:00Z")),
            ("2025-10-11 21:30:00 UTC", Some("2025-10-11T21:30:00Z")),
            ("/Date(1760218200000)/", Some("2025-10-11T21:30:00Z")),
            ("10/11/2025 9:30:00 PM", Some("2025-10-11T21:30:00Z")),
            ("11.10.2025 21:30", Some("2025-10-11T21:30:00Z")),
            ("31/10/2025 21:30", Some("2025-10-31T21:30:00Z")),
            ("10/31/2025 21:30", Some("2025-10-31T21:30:00Z")),
            ("1760218200", Some("2025-10-11T21:30:00Z")),
            ("2024-02-29T23:59:59Z", Some("2024-02-29T23:59:59Z")),
            ("2025-02-29T00:00:00Z", None),
            ("2025-10-11T24:30:00Z", None),
            ("2025-1O-11T21:30:00Z", None),
            ("10/11/2025 21:30", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(moment(text).map(|at| at.to_string()).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn lists_of_every_kind() {
        for text in ["a;b", "{a, b}", "[\"a\",\"b\"]", "a,b", "[{\"Id\":\"a\"},{\"Id\":\"b\"}]"] {
            assert_eq!(list(text), ["a", "b"], "{text}");
        }
        assert_eq!(list("[]"), Vec::<String>::new());
        assert_eq!(list("Sales; EMEA"), ["Sales", "EMEA"]);
    }

    #[test]
    fn ids_names_and_truths() {
        assert_eq!(id("00000000-0000-0000-0000-000000000000"), None);
        assert_eq!(id(" AB-1 ").as_deref(), Some("ab-1"));
        assert_eq!((policy_name("Tag:UK"), policy_name("Global")), ("UK", "Global"));
        assert_eq!(without_scheme("sip:a@b"), "a@b");
        assert_eq!((truth("TRUE"), truth("0"), truth("maybe")), (Some(true), Some(false), None));
        assert_eq!(
            (decimal("1,234.5"), decimal("0.5 %"), decimal("NaN")),
            (Some(1234.5), Some(0.5), None)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = number(&text, Country::parse("GB").ok());
            let _ = moment(&text);
            let _ = list(&text);
            let _ = decimal(&text);
        }
    }
}
