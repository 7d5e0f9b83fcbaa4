//! Data on stdout: tables for people, the API's documents for programs.

use super::error::CliError;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;
use std::io::{BufWriter, Write};

/// Columns of a list: heading and field.
pub type Columns = &'static [(&'static str, &'static str)];

/// Writes text to stdout; a reader that has left (`| head`) is no error.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::File { path: "stdout".into(), reason: error.to_string() })
        }
        _ => Ok(()),
    }
}

/// The API's document.
pub fn json(document: &Value) -> Result<(), CliError> {
    print(&format!("{document:#}\n"))
}

/// As [`json`], of anything, without a tree of it in memory: for large documents.
pub fn large_json(document: &impl Serialize) -> Result<(), CliError> {
    let mut out = BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, document).map_err(std::io::Error::from);
    match written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::File { path: "stdout".into(), reason: error.to_string() })
        }
        _ => Ok(()),
    }
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A list as a table.
pub fn list(items: &[Value], columns: Columns) -> Result<(), CliError> {
    let mut table = table();
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for item in items {
        table.add_row(columns.iter().map(|(_, field)| cell(&item[*field])));
    }
    print(&trimmed(&table))
}

/// One document, a field a line; what is empty is left out.
pub fn document(document: &Value) -> Result<(), CliError> {
    const FIRST: [&str; 8] =
        ["number", "id", "name", "upn", "display_name", "kind", "status", "operator_name"];
    let mut fields: Vec<_> = document.as_object().into_iter().flatten().collect();
    fields.sort_by_key(|(field, _)| {
        FIRST.iter().position(|first| first == field).unwrap_or(FIRST.len())
    });
    let mut table = table();
    for (field, value) in fields {
        let text = cell(value);
        if !text.is_empty() {
            table.add_row([field.clone(), text]);
        }
    }
    print(&trimmed(&table))
}

fn trimmed(table: &Table) -> String {
    table
        .trim_fmt()
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
}

/// Text from elsewhere as a terminal may have it: without escape sequences that
/// move the cursor, colour or hide.
pub fn harmless(text: &str) -> String {
    text.chars()
        .filter(|c| *c != '\r')
        .map(|c| match c {
            '\n' | '\t' => c,
            // Marks that turn the direction of writing hide as well as escapes do.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '.',
            c if c.is_control() => '.',
            c => c,
        })
        .collect()
}

/// A value on a line: lists joined, times without fractions, nothing for null;
/// a control character, which may stand in what strangers wrote, is a point.
pub fn cell(value: &Value) -> String {
    harmless(&words(value)).replace(['\n', '\t'], " ")
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => moment(text).unwrap_or_else(|| text.clone()),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(field, value)| format!("{field} {}", cell(value)))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Number(number) => number.to_string(),
    }
}

/// `2026-11-22 18:00:00` for an instant, in UTC as everything here is.
fn moment(text: &str) -> Option<String> {
    if text.len() < 20 || text.as_bytes()[10] != b'T' {
        return None;
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(at.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_fit_on_a_line() {
        for (value, expected) in [
            (json!(null), ""),
            (json!(true), "yes"),
            (json!(["GB", "US"]), "GB, US"),
            (json!("2026-11-22T18:43:07.123456Z"), "2026-11-22 18:43:07Z"),
            (json!("+442079460001"), "+442079460001"),
            (json!("a\u{1b}[2Jb\nc\u{9b}d\r"), "a.[2Jb c.d"),
            (json!({"sip_code": 486, "trunk": "a", "x": null}), "sip_code 486, trunk a"),
        ] {
            assert_eq!(cell(&value), expected);
        }
    }
}
