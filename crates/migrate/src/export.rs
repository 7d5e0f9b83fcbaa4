//! The inventory as tables: CSV and XLSX, made so that no cell can be taken for a formula.

use crate::model::Inventory;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use serde::Serialize;
use serde_json::{Map, Value};

/// Rows a sheet may have, its header included.
const SHEET_ROWS: usize = 1_048_576;
/// Characters a spreadsheet's cell may have.
const CELL: usize = 32_767;

/// A table of the inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, such as `users`.
    pub name: &'static str,
    /// Columns.
    pub columns: Vec<String>,
    /// Rows, each with a cell for every column.
    pub rows: Vec<Vec<String>>,
}

/// A workbook could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the workbook cannot be made: {0}")]
pub struct ExportError(#[from] XlsxError);

/// All tables that have rows. Call records are left out: they are as many as they were.
pub fn tables(inventory: &Inventory) -> Vec<Table> {
    every(inventory).into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// Names of all tables there can be.
pub fn table_names() -> Vec<&'static str> {
    every(&Inventory::default()).into_iter().map(|table| table.name).collect()
}

fn every(inventory: &Inventory) -> Vec<Table> {
    let i = inventory;
    vec![
        table(i, "users", &i.users),
        table(i, "numbers", &i.numbers),
        table(i, "resource_accounts", &i.resource_accounts),
        table(i, "queues", &i.queues),
        table(i, "attendants", &i.attendants),
        table(i, "delegations", &i.delegations),
        table(i, "call_groups", &i.call_groups),
        table(i, "calling_settings", &i.calling_settings),
        table(i, "pbx_lines", &i.pbx_lines),
        table(i, "hunt_groups", &i.hunt_groups),
        table(i, "shared_lines", &i.shared_lines),
        table(i, "special_lines", &i.special_lines),
        table(i, "pbx_patterns", &i.pbx_patterns),
        table(i, "devices", &i.devices),
        table(i, "rooms", &i.rooms),
        table(i, "roles", &i.roles),
        table(i, "sites", &i.sites),
        table(i, "site_subnets", &i.site_subnets),
        table(i, "buildings", &i.buildings),
        table(i, "addresses", &i.addresses),
        table(i, "locations", &i.locations),
        table(i, "lis_subnets", &i.lis_subnets),
        table(i, "access_points", &i.access_points),
        table(i, "switches", &i.switches),
        table(i, "ports", &i.ports),
        table(i, "trusted_addresses", &i.trusted_addresses),
        table(i, "trunks", &i.trunks),
        table(i, "voice_routes", &i.voice_routes),
        table(i, "voice_routing_policies", &i.voice_routing_policies),
        table(i, "shared_calling_policies", &i.shared_calling_policies),
        table(i, "policy_grants", &i.policy_grants),
        table(i, "skus", &i.skus),
        table(i, "billed_numbers", &i.billed_numbers),
        table(i, "conflicts", &i.conflicts),
        table(i, "remarks", &i.remarks),
        table(i, "files", &i.files),
    ]
}

fn table<T: Serialize>(inventory: &Inventory, name: &'static str, items: &[T]) -> Table {
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        let Ok(Value::Object(fields)) = serde_json::to_value(item) else { continue };
        let mut row = vec![String::new(); columns.len()];
        for (field, value) in &fields {
            let at = columns.iter().position(|column| column == field).unwrap_or_else(|| {
                columns.push(field.clone());
                row.push(String::new());
                columns.len() - 1
            });
            row[at] = if field == "at" { place(inventory, value) } else { shown(inventory, value) };
        }
        rows.push(row);
    }
    for row in &mut rows {
        row.resize(columns.len(), String::new());
    }
    // What names the thing stands first, where it came from last.
    const FIRST: [&str; 12] = [
        "upn",
        "raw",
        "subject",
        "name",
        "fqdn",
        "extension",
        "user",
        "delegator",
        "owner",
        "subnet",
        "network",
        "id",
    ];
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|at| {
        let first = FIRST.iter().position(|name| *name == columns[*at]).unwrap_or(FIRST.len());
        (columns[*at] == "at", first, *at)
    });
    Table {
        name,
        columns: order.iter().map(|at| columns[*at].clone()).collect(),
        rows: rows
            .into_iter()
            .map(|mut row| order.iter().map(|at| std::mem::take(&mut row[*at])).collect())
            .collect(),
    }
}

/// `file:row`.
fn place(inventory: &Inventory, value: &Value) -> String {
    if let Value::Array(places) = value {
        return places.iter().map(|at| place(inventory, at)).collect::<Vec<_>>().join("; ");
    }
    serde_json::from_value(value.clone())
        .ok()
        .and_then(|at| inventory.line(at))
        .map_or(String::new(), |line| format!("{}:{}", line.file, line.row))
}

fn shown(inventory: &Inventory, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            items.iter().map(|item| shown(inventory, item)).collect::<Vec<_>>().join("; ")
        }
        Value::Object(fields) => match fields.get("state").and_then(Value::as_str) {
            Some("absent" | "empty") => String::new(),
            Some("lost") => "(lost)".to_owned(),
            Some("given") => fields.get("value").map_or(String::new(), |v| shown(inventory, v)),
            _ => pairs(inventory, fields),
        },
    }
}

fn pairs(inventory: &Inventory, fields: &Map<String, Value>) -> String {
    fields
        .iter()
        .filter(|(name, value)| !value.is_null() && *name != "at")
        .map(|(name, value)| format!("{name}={}", shown(inventory, value)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A cell that no spreadsheet takes for a formula: an apostrophe stands before `=`, `+`, `-`,
/// `@` and what acts like them, also where a spreadsheet that parts cells at semicolons, tabs or
/// line breaks would begin a cell. Plain telephone numbers cannot act, and stay as they are.
pub fn guarded(text: &str) -> String {
    let unseen = |c: char| {
        matches!(c, ' ' | '\u{a0}' | '"' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
    };
    let mut out = String::with_capacity(text.len() + 1);
    if text.starts_with(['\t', '\r', '\n']) {
        out.push('\'');
    }
    for part in text.split_inclusive([';', '\t', '\r', '\n']) {
        let bare = part.trim_start_matches(unseen);
        let acts = bare.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '|']);
        let digits = bare.strip_prefix('+').unwrap_or(bare).trim_end_matches([';', ' ', '"']);
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if acts && !number {
            out.push_str(&part[..part.len() - bare.len()]);
            out.push('\'');
            out.push_str(bare);
        } else {
            out.push_str(part);
        }
    }
    out
}

/// The table as CSV (RFC 4180), UTF-8 with a byte order mark, which spreadsheets need.
pub fn csv(table: &Table) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(b"\xef\xbb\xbf".to_vec());
    let lines = std::iter::once(&table.columns).chain(&table.rows);
    for line in lines {
        writer
            .write_record(line.iter().map(|cell| guarded(cell)))
            .expect("rows of one length go into memory");
    }
    writer.into_inner().expect("memory takes every byte")
}

/// All tables as one workbook, a sheet each; every cell is text.
///
/// # Errors
/// [`ExportError`] where the library refuses.
pub fn xlsx(tables: &[Table]) -> Result<Vec<u8>, ExportError> {
    let mut book = Workbook::new();
    // The same inventory makes the same bytes.
    let epoch = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
    for table in tables {
        let sheet = book.add_worksheet();
        sheet.set_name(table.name)?;
        for (column, name) in (0u16..).zip(&table.columns) {
            sheet.write_string(0, column, name)?;
        }
        for (row, cells) in (1u32..).zip(table.rows.iter().take(SHEET_ROWS - 1)) {
            for (column, cell) in (0u16..).zip(cells) {
                if cell.is_empty() {
                    continue;
                }
                let cut: String = cell.chars().take(CELL).collect();
                sheet.write_string(row, column, cut)?;
            }
        }
    }
    Ok(book.save_to_buffer()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_like_a_formula_goes_out_bare() {
        for (text, expect) in [
            ("=1+1", "'=1+1"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            (" =1", " '=1"),
            ("+442071231201", "+442071231201"),
            ("+12065551000;ext=524", "+12065551000;ext=524"),
            ("Alice", "Alice"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), expect);
        }
    }
}
