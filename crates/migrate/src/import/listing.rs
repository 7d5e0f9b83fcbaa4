//! Text that is no table of cells: `Format-List`, ruled columns, and `.conf` files.

use super::collect::Collector;
use super::guard::{Allowance, line};
use super::{ImportError, Options};
use foldhash::{HashMap, HashMapExt};
use serde_json::{Map, Value};
use std::io::BufRead;

/// Does the text look like `Name : value` lines? The colon stands in the same column for all
/// properties of an object.
pub(super) fn is_property_list(head: &str) -> bool {
    let mut lines = head.lines().filter(|line| !line.trim().is_empty());
    let at = |line: &str| property(line).map(|(name, _)| name.len());
    let columns = |line: &str| at(line).map(|_| line.find(" :").unwrap_or(0));
    match (lines.next(), lines.next()) {
        (Some(first), Some(second)) => {
            columns(first).is_some() && columns(first) == columns(second)
        }
        (Some(first), None) => columns(first).is_some_and(|at| at > 3),
        _ => false,
    }
}

/// `Name   : value`, or `Name :` with nothing behind.
fn property(line: &str) -> Option<(&str, &str)> {
    let at = line.find(" :")?;
    let name = line[..at].trim_end();
    let value = &line[at + 2..];
    let named = !name.is_empty()
        && !name.starts_with(char::is_whitespace)
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-' | ' '));
    (named && (value.is_empty() || value.starts_with(' '))).then(|| (name, value.trim()))
}

/// Reads `Format-List` text: the same records as the CSV of the same objects
/// (migration.md statement 3).
pub(super) fn properties(
    mut reader: impl BufRead,
    allowance: &Allowance,
    options: &Options,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let mut number = 0u64;
    let mut text = String::new();
    let mut object = Map::new();
    let mut began = 0u32;
    let mut last: Option<String> = None;
    let mut indent = 0;
    // Lines are bounded one by one; an object of very many is bounded here.
    let limit = options.limits.row;
    let mut weight = 0u64;
    loop {
        number += 1;
        let more = line(&mut reader, allowance, number, &mut text)?;
        let shown = text.trim_start_matches('\u{feff}');
        if !more || shown.trim().is_empty() {
            give(&mut object, began, collector)?;
            weight = 0;
            last = None;
            if !more {
                return Ok(());
            }
            continue;
        }
        weight += shown.len() as u64;
        if weight > limit {
            return Err(ImportError::RowTooLong { line: u64::from(began.max(1)), limit });
        }
        let blank = shown.len() - shown.trim_start().len();
        let continues = last.is_some() && blank > 0 && blank + 1 >= indent;
        if let (Some(name), true) = (&last, continues) {
            if let Some(Value::String(value)) = object.get_mut(name) {
                // The console breaks at blanks where it can, and within words where it must.
                if value.contains(' ') || value.ends_with(',') {
                    value.push(' ');
                }
                value.push_str(shown.trim());
            }
            continue;
        }
        let at = u32::try_from(number).unwrap_or(u32::MAX);
        let Some((name, value)) = property(shown) else {
            collector_reject(collector, at)?;
            continue;
        };
        // A name that comes again begins the next object where no blank line does.
        if object.contains_key(name) {
            give(&mut object, began, collector)?;
            weight = shown.len() as u64;
        }
        if object.is_empty() {
            began = at;
        }
        indent = shown.find(" :").unwrap_or(0) + 2;
        object.insert(name.to_owned(), Value::String(value.to_owned()));
        last = Some(name.to_owned());
    }
}

fn collector_reject(collector: &mut Collector<'_>, at: u32) -> Result<(), ImportError> {
    collector.reject(
        at,
        None,
        "no_property",
        "the line is no property and belongs to none".to_owned(),
        "Copy the whole output of Format-List.",
    )
}

fn give(
    object: &mut Map<String, Value>,
    began: u32,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    if object.is_empty() {
        return Ok(());
    }
    let object = std::mem::take(object);
    if collector.has_header() {
        collector.widen(&object);
    } else {
        collector.header(object.keys().cloned().collect())?;
    }
    collector.object(began, &object)
}

/// Is the second line a rule of dashes or equals signs? So CUCM's `run sql` and PowerShell's
/// `Format-Table` print.
pub(super) fn is_ruled(head: &str) -> bool {
    let mut lines = head.lines().skip_while(|line| line.trim().is_empty());
    lines.next().is_some() && lines.next().is_some_and(is_rule)
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() > 3
        && line.contains([' ', '=', '-'])
        && (line.chars().all(|c| matches!(c, '=' | ' '))
            || line.chars().all(|c| matches!(c, '-' | ' ')))
}

/// Reads columns of fixed width, as the rule says.
pub(super) fn ruled(
    mut reader: impl BufRead,
    allowance: &Allowance,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let mut number = 0u64;
    let mut text = String::new();
    let mut header = String::new();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    loop {
        number += 1;
        if !line(&mut reader, allowance, number, &mut text)? {
            return Ok(());
        }
        if text.trim().is_empty() {
            continue;
        }
        if spans.is_empty() {
            if is_rule(&text) {
                spans = starts(&text);
                let (columns, limit) = (spans.len(), collector.most_columns());
                if columns > limit {
                    return Err(ImportError::TooManyColumns { columns, limit });
                }
                let names = cells(&header, &spans).into_iter().map(str::to_owned).collect();
                collector.header(names)?;
            } else {
                header.clone_from(&text);
            }
            continue;
        }
        let cells = cells(&text, &spans);
        // What the console had no room for ends in an ellipsis: it is lost.
        let cut = |cell: &str| cell.ends_with('…') || cell.ends_with("...");
        collector.record(u32::try_from(number).unwrap_or(u32::MAX), |column| {
            cells.get(column).copied().filter(|cell| !cut(cell))
        })?;
    }
}

/// Where each column begins, and where the next one does, in characters.
fn starts(rule: &str) -> Vec<(usize, usize)> {
    let marks: Vec<char> = rule.chars().collect();
    let begins: Vec<usize> = (0..marks.len())
        .filter(|at| marks[*at] != ' ' && (*at == 0 || marks[at - 1] == ' '))
        .collect();
    let ends = begins.iter().skip(1).copied().chain([usize::MAX]);
    begins.iter().copied().zip(ends).collect()
}

fn cells<'t>(text: &'t str, spans: &[(usize, usize)]) -> Vec<&'t str> {
    // Columns ascend: one walk over the text finds where each begins.
    let mut walk = text.char_indices().map(|(byte, _)| byte).enumerate().peekable();
    let mut byte = |wanted: usize| {
        while walk.next_if(|(at, _)| *at < wanted).is_some() {}
        walk.peek().map_or(text.len(), |(_, byte)| *byte)
    };
    let begins: Vec<usize> = spans.iter().map(|(from, _)| byte(*from)).collect();
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    begins.iter().zip(ends).map(|(from, to)| text[*from..to].trim()).collect()
}

/// Does the text begin like a `.conf` file of Asterisk?
pub(super) fn is_ini(head: &str) -> bool {
    let mut lines =
        head.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(';'));
    let section = |line: &str| {
        line.strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .is_some_and(|(name, _)| !name.is_empty() && !name.contains(['"', '{', ',', '[', ':']))
    };
    lines.next().is_some_and(section)
        && lines.next().is_none_or(|line| section(line) || line.contains('='))
}

/// Templates of one file that are kept.
const MOST_TEMPLATES: usize = 10_000;

/// Reads a `.conf` file of Asterisk: sections with `name = value`, some of them templates that
/// others name in brackets.
pub(super) fn ini(
    mut reader: impl BufRead,
    allowance: &Allowance,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let names = [
        "section",
        "type",
        "context",
        "callerid",
        "description",
        "mailbox",
        "channel",
        "signalling",
    ];
    collector.header(names.iter().map(|name| (*name).to_owned()).collect())?;
    let mut templates: HashMap<String, Map<String, Value>> = HashMap::new();
    let mut current: Option<(u32, Map<String, Value>, bool)> = None;
    let mut number = 0u64;
    let mut text = String::new();
    loop {
        number += 1;
        let more = line(&mut reader, allowance, number, &mut text)?;
        let shown = text.split(';').next().unwrap_or_default().trim();
        let begins = shown.starts_with('[');
        if (begins || !more)
            && let Some((at, object, is_template)) = current.take()
        {
            let name = object.get("section").and_then(Value::as_str).unwrap_or_default();
            if is_template && templates.len() < MOST_TEMPLATES {
                templates.insert(name.to_owned(), object);
            } else if is_template {
                collector.reject(
                    at,
                    None,
                    "too_many_templates",
                    format!("template {name:?} is beyond the first {MOST_TEMPLATES}"),
                    "Leave out templates that nothing uses.",
                )?;
            } else if name.bytes().any(|b| b.is_ascii_digit()) || object.contains_key("callerid") {
                collector.object(at, &object)?;
            }
        }
        if !more {
            return Ok(());
        }
        if begins {
            let (name, options) = shown[1..].split_once(']').unwrap_or((&shown[1..], ""));
            let options = options.trim().trim_start_matches('(').trim_end_matches(')');
            let options: Vec<&str> = options.split(',').map(str::trim).collect();
            let mut object = Map::new();
            // The one named last counts.
            for fields in options.iter().filter_map(|name| templates.get(*name)) {
                object.extend(fields.clone());
            }
            object.insert("section".to_owned(), Value::String(name.trim().to_owned()));
            current =
                Some((u32::try_from(number).unwrap_or(u32::MAX), object, options.contains(&"!")));
        } else if let (Some((_, object, _)), Some((name, value))) =
            (&mut current, shown.split_once('='))
        {
            let name = name.trim().to_lowercase();
            // Passwords stand in these files too: only what is known is ever taken.
            if names.contains(&name.as_str()) {
                let value = value.trim_start_matches('>').trim().to_owned();
                object.insert(name, Value::String(value));
            }
        }
    }
}
