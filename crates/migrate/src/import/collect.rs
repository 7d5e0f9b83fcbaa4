//! From records of any file to packed rows of a known export.

use super::clean::{self, Damage};
use super::rows::{ColumnUse, ImportedFile, Raw, Rows};
use super::schema::{self, Matched, Schema, Shape};
use super::{ImportError, Mapping, Options, Sink, signature, source_file};
use crate::model::{FileId, Remark, RemarkKind, SourceFile, SourceKind, SourceRef};
use serde_json::Value;
use std::borrow::Cow;

/// Rows handed on together.
const ROWS: usize = 4096;
/// Or as soon as they weigh so much.
const WEIGHT: usize = 2 << 20;

/// What became of one column.
#[derive(Clone, Copy, Debug, Default)]
struct ColumnLoss {
    first: u32,
    rows: u64,
    /// What damaged the first of them.
    damage: Option<Damage>,
}

/// Takes records, keeps rows.
pub(super) struct Collector<'a> {
    options: &'a Options,
    sink: &'a mut dyn Sink,
    file: SourceFile,
    schema: Option<&'static Schema>,
    matched: Vec<Matched>,
    lost: Vec<ColumnLoss>,
    /// Which of `matched` name a row.
    keys: Vec<usize>,
    rows: Rows,
    decimal_comma: bool,
    /// The export says itself that more follows.
    more: bool,
    formulas: u64,
}

impl<'a> Collector<'a> {
    /// For one file.
    pub fn new(name: &str, sha256: &str, options: &'a Options, sink: &'a mut dyn Sink) -> Self {
        Self {
            options,
            sink,
            file: source_file(name, sha256, SourceKind::Other, options),
            schema: None,
            matched: Vec::new(),
            lost: Vec::new(),
            keys: Vec::new(),
            rows: Rows::default(),
            decimal_comma: true,
            more: false,
            formulas: 0,
        }
    }

    /// Commas part the columns, so none is a decimal comma.
    pub fn set_comma_separated(&mut self) {
        self.decimal_comma = false;
    }

    /// More follows elsewhere (`@odata.nextLink`).
    pub fn set_more(&mut self) {
        self.more = true;
    }

    /// The columns, by name; fails where nobody knows them.
    pub fn header(&mut self, names: Vec<String>) -> Result<(), ImportError> {
        let limit = self.options.limits.columns;
        if names.len() > limit {
            return Err(ImportError::TooManyColumns { columns: names.len(), limit });
        }
        let names: Vec<String> =
            names.iter().map(|name| clean::trimmed(name).into_owned()).collect();
        let own = signature(&names);
        let mapping = self
            .options
            .mappings
            .iter()
            .find(|mapping| mapping.signature.is_empty())
            .or_else(|| self.options.mappings.iter().find(|mapping| mapping.signature == own));
        let (schema, matched) = match mapping {
            Some(mapping) => mapped(mapping, &names)?,
            None => schema::recognise(&names).ok_or_else(|| unrecognised(&names))?,
        };
        self.settle(schema, matched, names)
    }

    /// A file without header whose columns are known by their order.
    pub fn headless(
        &mut self,
        kind: SourceKind,
        fields: &[&'static str],
    ) -> Result<(), ImportError> {
        let schema = schema::schema(kind).ok_or(ImportError::Empty)?;
        let names: Vec<String> = fields.iter().map(|name| (*name).to_owned()).collect();
        let matched = schema::matched(schema, &names);
        self.settle(schema, matched, names)
    }

    fn settle(
        &mut self,
        schema: &'static Schema,
        matched: Vec<Matched>,
        names: Vec<String>,
    ) -> Result<(), ImportError> {
        self.file.kind = schema.kind;
        self.file.columns = names;
        self.keys = (0..matched.len())
            .filter(|at| schema.keys.contains(&matched[*at].field.name))
            .collect();
        self.lost = vec![ColumnLoss::default(); matched.len()];
        self.schema = Some(schema);
        self.matched = matched;
        let used: Vec<usize> = self.matched.iter().map(|m| m.column).collect();
        let (secret, unused): (Vec<&String>, Vec<&String>) = self
            .file
            .columns
            .iter()
            .enumerate()
            .filter(|(at, name)| !used.contains(at) && !name.is_empty())
            .map(|(_, name)| name)
            .partition(|name| schema::is_secret(name));
        let quoted = |names: &[&String]| {
            let mut words: Vec<String> = names.iter().take(20).map(|n| format!("{n:?}")).collect();
            if names.len() > 20 {
                words.push(format!("and {} more", names.len() - 20));
            }
            words.join(", ")
        };
        let mut remarks = Vec::new();
        if !secret.is_empty() {
            remarks.push((
                RemarkKind::Secret,
                "secrets_left_out",
                format!("{} not read: such columns hold secrets", quoted(&secret)),
            ));
        }
        if !unused.is_empty() {
            remarks.push((
                RemarkKind::UnusedColumn,
                "unused_columns",
                format!("{} not used", quoted(&unused)),
            ));
        }
        for (kind, code, message) in remarks {
            self.remark(kind, 1, None, code, message, "")?;
        }
        Ok(())
    }

    /// Was the header given?
    pub fn has_header(&self) -> bool {
        self.schema.is_some()
    }

    /// Columns a file may have.
    pub fn most_columns(&self) -> usize {
        self.options.limits.columns
    }

    /// The columns, as they are called.
    pub fn columns(&self) -> &[String] {
        &self.file.columns
    }

    /// How many columns the file has.
    pub fn width(&self) -> usize {
        self.file.columns.len()
    }

    /// Something to tell about a row.
    pub fn remark(
        &mut self,
        kind: RemarkKind,
        line: u32,
        column: Option<usize>,
        code: &str,
        message: String,
        remedy: &str,
    ) -> Result<(), ImportError> {
        let column = column.and_then(|column| u16::try_from(column).ok());
        let at = SourceRef { file: FileId(0), row: line, column };
        let (code, remedy) = (code.to_owned(), remedy.to_owned());
        self.sink.remark(Remark { kind, at, code, message, remedy })
    }

    /// A row that is not taken.
    pub fn reject(
        &mut self,
        line: u32,
        column: Option<usize>,
        code: &str,
        message: String,
        remedy: &str,
    ) -> Result<(), ImportError> {
        self.file.rows += 1;
        self.file.rejected += 1;
        self.remark(RemarkKind::Rejected, line, column, code, message, remedy)
    }

    /// A formula whose stored result is used.
    pub fn formula(&mut self, line: u32, column: usize, stored: bool) -> Result<(), ImportError> {
        self.formulas += 1;
        let (code, message) = if stored {
            ("formula", "a formula: its stored result was taken")
        } else {
            ("formula_without_result", "a formula without a stored result: the cell is lost")
        };
        self.remark(
            RemarkKind::Formula,
            line,
            Some(column),
            code,
            message.to_owned(),
            "Paste values in place of formulas before saving.",
        )
    }

    /// A record of a table; `None` is a cell that is lost already.
    pub fn record<'c>(
        &mut self,
        line: u32,
        cell: impl Fn(usize) -> Option<&'c str>,
    ) -> Result<(), ImportError> {
        let comma = self.decimal_comma;
        self.keep(line, |matched| match cell(matched.column) {
            Some(text) => Some(clean::cell(text, matched.field.shape, comma)),
            None => Some(Err(Damage::Gone)),
        })
    }

    /// A JSON object; its columns must have been told by [`Collector::header`].
    pub fn object(
        &mut self,
        line: u32,
        object: &serde_json::Map<String, Value>,
    ) -> Result<(), ImportError> {
        let columns = std::mem::take(&mut self.file.columns);
        let outcome = self.keep(line, |matched| {
            let value = object.get(&columns[matched.column])?;
            Some(of_json(value, matched.field.shape))
        });
        self.file.columns = columns;
        outcome
    }

    /// Columns that an object has and none before it had.
    pub fn widen(&mut self, object: &serde_json::Map<String, Value>) {
        let Some(schema) = self.schema else { return };
        let new: Vec<String> =
            object.keys().filter(|key| !self.file.columns.contains(key)).cloned().collect();
        if new.is_empty() || self.file.columns.len() + new.len() > self.options.limits.columns {
            return;
        }
        let from = self.file.columns.len();
        for found in schema::matched(schema, &new) {
            if !self.matched.iter().any(|m| m.field.name == found.field.name) {
                self.matched.push(Matched { column: from + found.column, ..found });
                self.lost.push(ColumnLoss::default());
                if schema.keys.contains(&found.field.name) {
                    self.keys.push(self.matched.len() - 1);
                }
            }
        }
        self.file.columns.extend(new);
    }

    fn keep<'c>(
        &mut self,
        line: u32,
        cell: impl Fn(&Matched) -> Option<Result<Option<Cow<'c, str>>, Damage>>,
    ) -> Result<(), ImportError> {
        self.rows.begin(line);
        let mut damaged = None;
        let mut replaced = None;
        let mut has_key = self.keys.is_empty();
        for at in 0..self.matched.len() {
            let matched = &self.matched[at];
            let Some(cell) = cell(matched) else {
                self.rows.push(Raw::Absent);
                continue;
            };
            match &cell {
                Err(Damage::Scientific) => damaged = damaged.or(Some(matched.column)),
                Err(damage) => {
                    let lost = &mut self.lost[at];
                    if lost.rows == 0 {
                        lost.first = line;
                        lost.damage = Some(*damage);
                    }
                    lost.rows += 1;
                }
                Ok(Some(text)) => {
                    has_key |= self.keys.contains(&at);
                    if !text.is_ascii() && text.contains('\u{fffd}') {
                        replaced = replaced.or(Some(matched.column));
                    }
                }
                Ok(None) => {}
            }
            self.rows.push(clean::raw(&cell));
        }
        if let Some(column) = damaged {
            self.rows.undo();
            let name = self.file.columns.get(column).cloned().unwrap_or_default();
            return self.reject(
                line,
                Some(column),
                "scientific_notation",
                format!("{name} was rounded by a spreadsheet: its last digits are gone"),
                "Export again and do not open the file in a spreadsheet, or import the column as text.",
            );
        }
        if !has_key {
            self.rows.undo();
            let wanted: Vec<&str> = self.schema.map_or(&[][..], |schema| schema.keys).to_vec();
            return self.reject(
                line,
                None,
                "no_key",
                format!("the row has no {}", wanted.join(" or ")),
                "Fill it in, or leave the row out.",
            );
        }
        self.file.rows += 1;
        if let Some(column) = replaced {
            let name = self.file.columns.get(column).cloned().unwrap_or_default();
            self.remark(
                RemarkKind::Note,
                line,
                Some(column),
                "undecodable_text",
                format!("{name} holds bytes of another encoding than the rest of the file"),
                "Export again as UTF-8.",
            )?;
        }
        if self.rows.len() >= ROWS || self.rows.weight() >= WEIGHT {
            self.sink.rows(std::mem::take(&mut self.rows))?;
        }
        Ok(())
    }

    /// The file, once everything was handed on.
    pub fn finish(mut self) -> Result<ImportedFile, ImportError> {
        let Some(schema) = self.schema else { return Err(ImportError::Empty) };
        if !self.rows.is_empty() {
            self.sink.rows(std::mem::take(&mut self.rows))?;
        }
        for at in 0..self.matched.len() {
            let (matched, lost) = (self.matched[at], self.lost[at]);
            if lost.rows > 0 {
                self.lost_column(schema, matched, lost)?;
            }
        }
        self.truncation(schema)?;
        let uses = self
            .matched
            .iter()
            .map(|matched| ColumnUse {
                column: u16::try_from(matched.column).unwrap_or(u16::MAX),
                field: matched.field.name.to_owned(),
                index: matched.index,
            })
            .collect();
        Ok(ImportedFile { source: self.file, uses })
    }

    fn lost_column(
        &mut self,
        schema: &Schema,
        matched: Matched,
        lost: ColumnLoss,
    ) -> Result<(), ImportError> {
        let name = self.file.columns.get(matched.column).cloned().unwrap_or_default();
        let why = match lost.damage {
            Some(Damage::Cut) => "holds lists that were cut",
            Some(Damage::Error) => "holds errors of a spreadsheet (#N/A, ####) instead of values",
            Some(Damage::Gone) => "holds cells whose values are not in the file",
            _ if matched.field.shape == Shape::Objects => {
                "holds no objects, only what stands for them"
            }
            _ => "holds names of .NET types instead of values",
        };
        let remedy = match schema.export_command() {
            Some(command) => format!("Export again: {command}"),
            None => "Export it again as JSON.".to_owned(),
        };
        self.remark(
            RemarkKind::Lost,
            lost.first,
            Some(matched.column),
            "lost_column",
            format!("{name} {why} in {} rows: these cells are unknown", lost.rows),
            &remedy,
        )
    }

    /// Round numbers of rows are where Microsoft's tools cut (migration.md section 1.1).
    fn truncation(&mut self, schema: &Schema) -> Result<(), ImportError> {
        let cut = match self.file.rows {
            _ if self.more => "the file says itself that more follows (@odata.nextLink)".to_owned(),
            rows @ (100 | 500 | 999 | 1000) if is_cut_by_default(schema.kind) => {
                format!("exactly {rows} rows: the export was probably cut there")
            }
            _ => return Ok(()),
        };
        let remedy = match schema.kind {
            SourceKind::NumberAssignments => {
                "Page on with -Skip and -Top until less than 1000 come, or use Export-CsAcquiredPhoneNumber."
            }
            SourceKind::CallQueues | SourceKind::AutoAttendants => {
                "Page on with -First 100 -Skip 100, 200, ... until less than 100 come."
            }
            _ if self.more => "Follow @odata.nextLink to the last page.",
            _ => "Ask for all pages (-ResultSize, -Skip, -All).",
        };
        self.remark(RemarkKind::Truncated, 1, None, "probably_cut", cut, remedy)
    }
}

/// Exports whose commands and pages have limits.
fn is_cut_by_default(kind: SourceKind) -> bool {
    use SourceKind as K;
    matches!(
        kind,
        K::OnlineUsers
            | K::UserConfigurations
            | K::DirectoryUsers
            | K::NumberAssignments
            | K::ResourceAccounts
            | K::CallQueues
            | K::AutoAttendants
            | K::CivicAddresses
            | K::LisLocations
            | K::LisSubnets
            | K::GroupMembers
            | K::SubscribedSkus
    )
}

fn mapped(
    mapping: &Mapping,
    names: &[String],
) -> Result<(&'static Schema, Vec<Matched>), ImportError> {
    let wrong = |reason: String| ImportError::Mapping { reason };
    let schema = schema::by_slug(&mapping.kind)
        .ok_or_else(|| wrong(format!("{:?} is no kind of export", mapping.kind)))?;
    let mut found = Vec::new();
    for (field, column) in &mapping.columns {
        let field = schema
            .field(field)
            .ok_or_else(|| wrong(format!("{field:?} is no field of {}", schema.slug)))?;
        let wanted = schema::simplified(column);
        let at = names
            .iter()
            .position(|name| name == column)
            .or_else(|| names.iter().position(|name| schema::simplified(name) == wanted))
            .ok_or_else(|| wrong(format!("the file has no column {column:?}")))?;
        found.push(Matched { column: at, field, index: 0 });
    }
    // What the mapping does not speak of is known by its own name.
    for own in schema::matched(schema, names) {
        let taken = |m: &Matched| m.field.name == own.field.name || m.column == own.column;
        if !found.iter().any(taken) {
            found.push(own);
        }
    }
    Ok((schema, found))
}

fn unrecognised(names: &[String]) -> ImportError {
    let nearest = schema::nearest(names);
    ImportError::Unrecognised { columns: names.to_vec(), nearest }
}

/// A JSON value as a cell.
fn of_json<'v>(value: &'v Value, shape: Shape) -> Result<Option<Cow<'v, str>>, Damage> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(true) => Ok(Some(Cow::Borrowed("True"))),
        Value::Bool(false) => Ok(Some(Cow::Borrowed("False"))),
        // A fraction or a power of ten: the last digits of a telephone number may be gone.
        Value::Number(number) if shape == Shape::Phone && number.is_f64() => {
            Err(Damage::Scientific)
        }
        Value::Number(number) => Ok(Some(Cow::Owned(number.to_string()))),
        Value::String(text) => clean::cell(text, shape, false),
        Value::Array(items) if items.is_empty() => Ok(None),
        Value::Array(items) => {
            let lost = |item: &Value| {
                item.as_str()
                    .is_some_and(|text| clean::is_type_name(text) || text.starts_with("@{"))
            };
            if items.iter().any(lost) { Err(Damage::TypeName) } else { Ok(Some(packed(value))) }
        }
        // Policies and dates come as objects that hold their own name or value.
        Value::Object(fields) if shape != Shape::Objects && shape != Shape::List => {
            let inner = ["Name", "name", "value", "DateTime", "displayName"]
                .iter()
                .find_map(|name| fields.get(*name));
            match inner {
                Some(inner @ (Value::String(_) | Value::Null)) => of_json(inner, shape),
                _ => Err(Damage::TypeName),
            }
        }
        Value::Object(_) => Ok(Some(packed(value))),
    }
}

fn packed(value: &Value) -> Cow<'static, str> {
    // Escapes keep control characters out, so that no text can pass for a mark of ours.
    Cow::Owned(value.to_string())
}
