//! What lists are asked for: a filter, a sort and a page. The grammar is the same for every
//! list (`docs/api.md`); which fields there are is each list's own (`store::listing`).
//!
//! ```text
//! filter = term *( "and" term )
//! term   = field ( "eq" / "lt" / "le" / "gt" / "ge" ) value
//!        / field "starts" value
//!        / field "in" "(" value *( "," value ) ")"
//! value  = 1*( any character but blank , ( ) ' ) / "'" *( any character, ' doubled ) "'"
//! sort   = [ "-" ] field
//! ```

use crate::ListQuery;
use crate::act::{limit, printable};
use crate::secret::{base64url, base64url_decode};
use api_types::{ErrorCode, Page, Problem};
use numbering::{Country, E164};
use serde_json::Value;
use store::listing::{Demand, Field, Key, Kind, Listing, Pick, Test};
use store::{
    CdrRow, ConsentRow, NumberRow, OperatorRow, OrderMessageRow, OrderRow, PersonRow, TenantRow,
};
use uuid::Uuid;

/// Longest filter read, bytes.
const LONGEST: usize = 4096;
/// Most terms of a filter, and most values of an `in`.
const TERMS: usize = 10;
const VALUES: usize = 50;

/// How a list is narrowed and sorted; nothing of it is asked for by default.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// `country eq GB and acquired_at ge 2026-01-01T00:00:00Z`
    pub filter: Option<String>,
    /// `number`, `-acquired_at`
    pub sort: Option<String>,
}

/// Which page of a list that is narrowed and sorted.
#[derive(Clone, Debug, Default)]
pub struct Narrowed {
    /// Which page.
    pub page: ListQuery,
    /// Of what.
    pub narrow: Narrow,
}

impl From<ListQuery> for Narrowed {
    fn from(page: ListQuery) -> Self {
        Self { page, narrow: Narrow::default() }
    }
}

impl Narrow {
    /// A page of it.
    pub fn page(self, page: ListQuery) -> Narrowed {
        Narrowed { page, narrow: self }
    }
}

/// Where a row stands in its list.
pub(crate) trait Placed {
    fn id(&self) -> Key;
    /// What it has in a field that the list can be sorted by.
    fn key(&self, field: &str) -> Key;
}

impl Placed for NumberRow {
    fn id(&self) -> Key {
        Key::Int(self.number.value().cast_signed())
    }
    fn key(&self, _acquired_at: &str) -> Key {
        Key::Int(self.acquired_at)
    }
}

impl Placed for OrderRow {
    fn id(&self) -> Key {
        Key::Id(self.id.0)
    }
    fn key(&self, _created_at: &str) -> Key {
        Key::Int(self.created_at)
    }
}

impl Placed for OrderMessageRow {
    fn id(&self) -> Key {
        Key::Id(self.id)
    }
    fn key(&self, _none: &str) -> Key {
        self.id()
    }
}

impl Placed for ConsentRow {
    fn id(&self) -> Key {
        Key::Id(self.id.0)
    }
    fn key(&self, _modified_at: &str) -> Key {
        Key::Int(self.modified_at)
    }
}

impl Placed for CdrRow {
    fn id(&self) -> Key {
        Key::Id(self.id.0)
    }
    fn key(&self, _started_at: &str) -> Key {
        Key::Int(self.sort_at)
    }
}

impl Placed for PersonRow {
    fn id(&self) -> Key {
        Key::Id(self.id.0)
    }
    fn key(&self, field: &str) -> Key {
        Key::Text(if field == "upn" { &self.upn } else { &self.display_name }.clone())
    }
}

impl Placed for TenantRow {
    fn id(&self) -> Key {
        Key::Id(self.id.0)
    }
    fn key(&self, field: &str) -> Key {
        Key::Text(if field == "domain" { &self.domain } else { &self.name }.clone())
    }
}

impl Placed for OperatorRow {
    fn id(&self) -> Key {
        Key::Id(self.id.0)
    }
    fn key(&self, _name: &str) -> Key {
        Key::Text(self.name.clone())
    }
}

/// A page that was understood.
pub(crate) struct Wanted {
    list: &'static Listing,
    sort: String,
    /// What the store is to read.
    pub(crate) pick: Pick,
    limit: u32,
}

impl Wanted {
    /// Reads what is asked of a list; `more` is demanded beside the filter.
    pub(crate) fn read(
        list: &'static Listing,
        asked: Narrowed,
        more: Vec<Demand>,
    ) -> Result<Self, Problem> {
        let limit = limit(&asked.page)?;
        let mut demands = more;
        if let Some(filter) = &asked.narrow.filter {
            demands.extend(parse_filter(list, filter)?);
        }
        let sort = asked.narrow.sort.unwrap_or_default();
        let order = if sort.is_empty() { None } else { Some(parse_sort(list, &sort)?) };
        let mut pick = Pick { demands, sort: order, after: None };
        if let Some(text) = &asked.page.cursor {
            let after = cursor_read(list, &pick, &sort, text).ok_or_else(|| {
                let reason = "this cursor did not come from a next_cursor of this list and sort";
                ErrorCode::InvalidParameter.problem(Some("cursor"), reason)
            })?;
            pick.after = Some(after);
        }
        Ok(Self { list, sort, pick, limit })
    }

    /// One more than the page holds: whether another follows.
    pub(crate) fn rows(&self) -> u32 {
        self.limit + 1
    }

    /// The page with its cursor.
    pub(crate) fn page<R: Placed, T>(
        &self,
        mut rows: Vec<R>,
        document: impl FnMut(R) -> T,
    ) -> Page<T> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next_cursor = rows.last().filter(|_| more).map(|row| {
            let field = self.sort.trim_start_matches('-');
            let key = self.list.is_keyed(&self.pick).then(|| row.key(field));
            let place = Value::from(vec![
                Value::from(self.sort.as_str()),
                key.map_or(Value::Null, key_json),
                key_json(row.id()),
            ]);
            base64url(place.to_string().as_bytes())
        });
        Page { items: rows.into_iter().map(document).collect(), next_cursor }
    }
}

fn key_json(key: Key) -> Value {
    match key {
        Key::Int(value) => value.into(),
        Key::Text(value) => value.into(),
        Key::Id(value) => value.to_string().into(),
    }
}

fn cursor_read(
    list: &'static Listing,
    pick: &Pick,
    sort: &str,
    text: &str,
) -> Option<(Option<Key>, Key)> {
    let place: Value = serde_json::from_slice(&base64url_decode(text)?).ok()?;
    if !printable(&place) {
        return None;
    }
    let [of, key, id] = place.as_array()?.as_slice() else { return None };
    if of.as_str()? != sort {
        return None;
    }
    let id = match list.id_kind() {
        Kind::Number => Key::Int(id.as_i64()?),
        _ => Key::Id(Uuid::try_parse(id.as_str()?).ok()?),
    };
    let key = match (list.is_keyed(pick), key) {
        (false, Value::Null) => None,
        (true, Value::Number(number)) => Some(Key::Int(number.as_i64()?)),
        (true, Value::String(text)) => Some(Key::Text(text.clone())),
        _ => return None,
    };
    // A key of another type than its column would be the database's error, not the caller's.
    let of_text = list.sort_kind(pick) == Some(Kind::Text);
    if key.as_ref().is_some_and(|key| matches!(key, Key::Text(_)) != of_text) {
        return None;
    }
    Some((key, id))
}

fn named(fields: impl Iterator<Item = &'static Field>) -> String {
    fields.map(|field| field.name).collect::<Vec<_>>().join(", ")
}

fn parse_sort(list: &'static Listing, text: &str) -> Result<(&'static Field, bool), Problem> {
    let name = text.strip_prefix('-').unwrap_or(text);
    match list.field(name).filter(|field| field.sorts) {
        Some(field) => Ok((field, name.len() < text.len())),
        None => {
            let sorts = named(list.fields.iter().filter(|field| field.sorts));
            let at = text.len() - name.len() + 1;
            let shown: String = name.chars().take(64).collect();
            let reason = format!(
                "at character {at}: {list} cannot be sorted by {shown:?}",
                list = list.name
            );
            Err(Problem {
                remedy: format!("Sort by one of {sorts}, with - before it for the greatest first."),
                ..ErrorCode::InvalidSort.problem(Some("sort"), reason)
            })
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
}

/// A word or a quoted text, and where it began.
struct Piece {
    at: usize,
    text: String,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    fn refuse(&self, at: usize, what: impl std::fmt::Display, remedy: String) -> Problem {
        let place = self.text[..at].chars().count() + 1;
        let reason = format!("at character {place}: {what}");
        Problem { remedy, ..ErrorCode::InvalidFilter.problem(Some("filter"), reason) }
    }

    fn sign(&mut self, sign: char) -> bool {
        self.skip();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len_utf8() } else { 0 };
        found
    }

    fn word(&mut self) -> Piece {
        self.skip();
        let (at, rest) = (self.at, self.rest());
        let end = rest
            .find(|c: char| {
                c.is_whitespace() || c.is_control() || matches!(c, ',' | '(' | ')' | '\'')
            })
            .unwrap_or(rest.len());
        self.at += end;
        Piece { at, text: rest[..end].to_owned() }
    }

    fn value(&mut self) -> Result<Piece, Problem> {
        self.skip();
        let at = self.at;
        if !self.sign('\'') {
            let word = self.word();
            if word.text.is_empty() {
                let remedy = "Write the value; in single quotes where it has blanks or signs.";
                return Err(self.refuse(at, "a value is missing", remedy.into()));
            }
            return Ok(word);
        }
        let mut text = String::new();
        loop {
            let mut letters = self.rest().chars();
            match (letters.next(), letters.next()) {
                (Some('\''), Some('\'')) => {
                    text.push('\'');
                    self.at += 2;
                }
                (Some('\''), _) => {
                    self.at += 1;
                    return Ok(Piece { at, text });
                }
                (Some(letter), _) if !letter.is_control() => {
                    text.push(letter);
                    self.at += letter.len_utf8();
                }
                (Some(_), _) => {
                    let remedy = "Leave control characters out.".to_owned();
                    return Err(self.refuse(self.at, "a text has a control character", remedy));
                }
                (None, _) => {
                    let remedy = "Close it with a single quote; one within is doubled.".to_owned();
                    return Err(self.refuse(at, "this text is not closed", remedy));
                }
            }
        }
    }

    /// A value as the field holds it.
    fn key(&self, field: &'static Field, piece: &Piece) -> Result<Key, Problem> {
        let no = |remedy: String| {
            let shown: String = piece.text.chars().take(64).collect();
            let what = format!("{shown:?} is no value of {}", field.name);
            self.refuse(piece.at, what, remedy)
        };
        match field.kind {
            Kind::Text if piece.text.chars().count() <= 256 => Ok(Key::Text(piece.text.clone())),
            Kind::Folded if piece.text.chars().count() <= 256 => {
                Ok(Key::Text(domain::tag::fold(&piece.text)))
            }
            Kind::Text | Kind::Folded => Err(no("Write at most 256 characters.".into())),
            Kind::Word(words) if words.contains(&piece.text.as_str()) => {
                Ok(Key::Text(piece.text.clone()))
            }
            Kind::Word(words) => Err(no(format!("Write one of {}.", words.join(", ")))),
            Kind::Country => match Country::parse(&piece.text) {
                Ok(country) => Ok(Key::Text(country.to_string())),
                Err(_) => Err(no("Write two letters of ISO 3166-1, such as GB.".into())),
            },
            Kind::Id => match Uuid::try_parse(&piece.text) {
                Ok(id) => Ok(Key::Id(id)),
                Err(_) => Err(no("Write an id as the API shows it.".into())),
            },
            Kind::Time => match piece.text.parse::<jiff::Timestamp>() {
                Ok(at) => Ok(Key::Int(at.as_microsecond())),
                Err(_) => Err(no("Write a time such as 2026-01-31T09:00:00Z (RFC 3339).".into())),
            },
            Kind::Number => {
                // A + that was not written as %2B has become a blank, and is gone.
                let digits = piece.text.trim_start_matches('+');
                match E164::parse(&format!("+{digits}")) {
                    Ok(number) => Ok(Key::Int(number.value().cast_signed())),
                    Err(_) => Err(no("Write an E.164 number, its + as %2B or left out.".into())),
                }
            }
        }
    }

    fn term(&mut self, list: &'static Listing) -> Result<Demand, Problem> {
        let word = self.word();
        let Some(field) = list.field(&word.text) else {
            let shown: String = word.text.chars().take(64).collect();
            let what = if shown.is_empty() {
                "a field is missing".to_owned()
            } else {
                format!("{shown:?} is no field of {}", list.name)
            };
            let remedy = format!("Name one of {}.", named(list.fields.iter()));
            return Err(self.refuse(word.at, what, remedy));
        };
        let op = self.word();
        let ordered = matches!(field.kind, Kind::Time | Kind::Number)
            || (field.kind == Kind::Text && field.sorts);
        let ops: &[&str] = match (field.kind, ordered) {
            (Kind::Number, _) => &["eq", "in", "lt", "le", "gt", "ge", "starts"],
            (_, true) => &["eq", "in", "lt", "le", "gt", "ge"],
            _ => &["eq", "in"],
        };
        if !ops.contains(&op.text.as_str()) {
            let shown: String = op.text.chars().take(64).collect();
            let what = format!("{} is not compared by {shown:?}", field.name);
            return Err(self.refuse(op.at, what, format!("Compare by one of {}.", ops.join(", "))));
        }
        let test = match op.text.as_str() {
            "in" => Test::In(self.several(field)?),
            "starts" => {
                let value = self.value()?;
                Test::Within(starting(&value.text).ok_or_else(|| {
                    let what = format!(
                        "{:?} begins no number",
                        value.text.get(..32).unwrap_or(&value.text)
                    );
                    let remedy = "Write 1 to 15 digits, a + before them as %2B or left out.";
                    self.refuse(value.at, what, remedy.into())
                })?)
            }
            op => {
                let value = self.value()?;
                let key = self.key(field, &value)?;
                match op {
                    "eq" => Test::Is(key),
                    "lt" => Test::Below(key),
                    "le" => Test::AtMost(key),
                    "gt" => Test::Above(key),
                    _ => Test::AtLeast(key),
                }
            }
        };
        Ok(Demand { field, test })
    }

    fn several(&mut self, field: &'static Field) -> Result<Vec<Key>, Problem> {
        let mut keys = Vec::new();
        if !self.sign('(') {
            let remedy = "Write the values in parentheses: in (a, b).".to_owned();
            return Err(self.refuse(self.at, "( is missing", remedy));
        }
        loop {
            let value = self.value()?;
            keys.push(self.key(field, &value)?);
            if keys.len() > VALUES {
                let what = format!("there are more than {VALUES} values");
                return Err(self.refuse(value.at, what, "Ask in several requests.".into()));
            }
            if self.sign(')') {
                return Ok(keys);
            }
            if !self.sign(',') {
                let remedy = "Put a comma between values, and ) after the last one.".to_owned();
                return Err(self.refuse(self.at, ", or ) is missing", remedy));
            }
        }
    }
}

/// The numbers that begin with these digits: one range for each length (E.164: to 15 digits).
pub(crate) fn starting(text: &str) -> Option<Vec<(i64, i64)>> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let length = digits.len();
    if !(1..=15).contains(&length) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let first: i64 = digits.parse().ok()?;
    let ranges = (0..=15 - length).map(|more| {
        let wide = 10i64.pow(u32::try_from(more).unwrap_or(0));
        (first * wide, first * wide + wide - 1)
    });
    Some(ranges.filter(|(_, last)| *last >= 10).collect())
}

fn parse_filter(list: &'static Listing, text: &str) -> Result<Vec<Demand>, Problem> {
    let mut reader = Reader { text, at: 0 };
    if text.len() > LONGEST {
        let what = format!("the filter is longer than {LONGEST} bytes");
        return Err(reader.refuse(0, what, "Ask in several requests.".into()));
    }
    let mut demands = Vec::new();
    loop {
        demands.push(reader.term(list)?);
        reader.skip();
        if reader.rest().is_empty() {
            return Ok(demands);
        }
        let word = reader.word();
        if word.text != "and" {
            let remedy = "Join two terms by and; there is no or, and no not.".to_owned();
            return Err(reader.refuse(word.at, "and is missing", remedy));
        }
        if demands.len() == TERMS {
            let what = format!("there are more than {TERMS} terms");
            return Err(reader.refuse(word.at, what, "Leave some out.".into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::listing::{NUMBERS_OF_TENANT, ORDERS, PEOPLE};

    fn tests(list: &'static Listing, text: &str) -> Vec<(&'static str, Test)> {
        let demands = parse_filter(list, text).unwrap_or_else(|problem| panic!("{problem}"));
        demands.into_iter().map(|demand| (demand.field.name, demand.test)).collect()
    }

    #[test]
    fn what_filters_may_say() {
        let word = |text: &str| Key::Text(text.into());
        let at =
            |text: &str| Key::Int(text.parse::<jiff::Timestamp>().expect(text).as_microsecond());
        for (text, expect) in [
            ("country eq GB", vec![("country", Test::Is(word("GB")))]),
            (
                " status  in ( Unassigned,'UserAssigned' ) and country eq 'GB'",
                vec![
                    ("status", Test::In(vec![word("Unassigned"), word("UserAssigned")])),
                    ("country", Test::Is(word("GB"))),
                ],
            ),
            (
                "acquired_at ge 2026-01-01T00:00:00Z and acquired_at lt 2026-02-01T00:00:00+01:00",
                vec![
                    ("acquired_at", Test::AtLeast(at("2026-01-01T00:00:00Z"))),
                    ("acquired_at", Test::Below(at("2026-01-31T23:00:00Z"))),
                ],
            ),
            ("number eq  442079460001", vec![("number", Test::Is(Key::Int(442_079_460_001)))]),
            ("number gt +442079460001", vec![("number", Test::Above(Key::Int(442_079_460_001)))]),
            (
                "number starts +4420794600012",
                vec![(
                    "number",
                    Test::Within(vec![
                        (4_420_794_600_012, 4_420_794_600_012),
                        (44_207_946_000_120, 44_207_946_000_129),
                        (442_079_460_001_200, 442_079_460_001_299),
                    ]),
                )],
            ),
        ] {
            assert_eq!(tests(&NUMBERS_OF_TENANT, text), expect, "{text}");
        }
        let name = tests(&PEOPLE, "display_name eq 'O''Brien, (Ada)'");
        assert_eq!(name, [("display_name", Test::Is(word("O'Brien, (Ada)")))]);
    }

    #[test]
    fn every_refusal_names_the_place_and_the_remedy() {
        let long = format!("country eq '{}'", "x".repeat(LONGEST));
        let many = ["country eq GB"; TERMS + 1].join(" and ");
        for (text, place, words, remedy) in [
            ("", 1, "a field is missing", "acquired_at"),
            ("countri eq GB", 1, "\"countri\" is no field", "country"),
            ("country", 8, "country is not compared by \"\"", "eq, in"),
            ("country == GB", 9, "\"==\"", "eq, in"),
            ("country gt GB", 9, "\"gt\"", "eq, in"),
            ("country eq", 11, "a value is missing", "single quotes"),
            ("country eq GBR", 12, "\"GBR\" is no value of country", "GB"),
            ("status eq unassigned", 11, "\"unassigned\"", "Unassigned, UserAssigned"),
            ("operator_id eq 7", 16, "\"7\"", "an id"),
            ("acquired_at lt 2026-13-01T00:00:00Z", 16, "2026-13", "RFC 3339"),
            ("number eq +0", 11, "\"+0\"", "E.164"),
            ("number starts +44x", 15, "begins no number", "digits"),
            ("country in GB", 12, "( is missing", "parentheses"),
            ("country in (GB DE)", 16, ", or ) is missing", "comma"),
            ("country in (GB, )", 17, "a value is missing", "single quotes"),
            ("country eq 'GB", 12, "not closed", "doubled"),
            ("country eq GB or country eq DE", 15, "and is missing", "no or"),
            ("country eq GB and", 18, "a field is missing", "country"),
            ("country eq 'Ä\u{7}'", 14, "control character", "Leave"),
            (&long, 1, "longer than", "several"),
            (&many, 177, "more than 10 terms", "Leave"),
        ] {
            let problem = parse_filter(&NUMBERS_OF_TENANT, text).expect_err(text);
            assert_eq!((problem.code.as_str(), problem.status), ("invalid_filter", 400), "{text}");
            assert_eq!(problem.field.as_deref(), Some("filter"));
            let start = format!("at character {place}: ");
            assert!(problem.reason.starts_with(&start), "{text}: {problem}");
            assert!(problem.reason.contains(words), "{text}: {problem}");
            assert!(problem.remedy.contains(remedy), "{text}: {problem}");
        }
        let problem = parse_sort(&ORDERS, "-status").expect_err("not sorted by it");
        assert_eq!(problem.code, "invalid_sort");
        assert!(problem.reason.starts_with("at character 2: "), "{problem}");
        assert!(problem.remedy.contains("created_at"), "{problem}");
    }
}
