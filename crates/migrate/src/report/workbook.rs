//! The same as a workbook: every row of every list.

use jiff::civil::Date;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::worklist::worklist;
use super::{Report, difference};
use crate::assess::severity_word;

/// Rows of a sheet below its heads: the format ends at 1,048,576.
const MOST_ROWS: usize = 1_048_574;
/// Characters of a cell.
const MOST_CHARS: usize = 32_000;

/// The workbook could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the workbook could not be made: {0}")]
pub struct WorkbookError(#[from] XlsxError);

/// The report as the bytes of an XLSX file.
///
/// Every cell is written as text or as a number, never as a formula, whatever a name begins with.
///
/// # Errors
/// [`WorkbookError`] where the library refuses.
pub fn workbook(report: &Report<'_>) -> Result<Vec<u8>, WorkbookError> {
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_creation_datetime(&midnight(report)?));
    let assessment = report.assessment;
    let head = Format::new().set_bold().set_text_wrap();

    let mut sheet = Sheet::new(&mut book, "Verdict", &["What", "Count"], &head)?;
    sheet.row(&[text(report.title), Value::Empty])?;
    sheet.row(&[text("Day"), text(&assessment.day.to_string())])?;
    sheet.row(&[text("Verdict"), text(assessment.headline.verdict.words())])?;
    for (of, count) in &assessment.headline.people {
        sheet.row(&[text(&format!("Accounts {}", of.words())), number(*count)])?;
    }
    for (of, count) in &assessment.headline.sites {
        sheet.row(&[text(&format!("Sites {}", of.words())), number(*count)])?;
    }
    for (of, count) in &assessment.headline.findings {
        sheet.row(&[text(&format!("Findings {}", severity_word(*of))), number(*count)])?;
    }
    sheet.close();

    let heads = [
        "Rule",
        "Severity",
        "Stops everybody",
        "Holds back",
        "Alone",
        "Findings",
        "Takes",
        "What to do",
        "Cost",
    ];
    let mut sheet = Sheet::new(&mut book, "Fix first", &heads, &head)?;
    for work in worklist(assessment) {
        sheet.row(&[
            text(&work.code),
            text(severity_word(work.severity)),
            text(if work.stops_everybody { "yes" } else { "" }),
            number(work.holds_back),
            number(work.alone),
            number(work.subjects),
            text(work.effort.word()),
            text(&work.fix),
            text(&work.cost),
        ])?;
    }
    sheet.close();

    let heads = [
        "Rule",
        "Area",
        "Severity",
        "About",
        "What",
        "What to do",
        "Cost",
        "File",
        "Row",
        "Column",
    ];
    let mut sheet = Sheet::new(&mut book, "Findings", &heads, &head)?;
    for finding in &assessment.findings {
        let source = finding.source.as_ref();
        sheet.row(&[
            text(&finding.code),
            text(finding.area.word()),
            text(severity_word(finding.severity)),
            text(&finding.subject),
            text(&finding.message),
            text(&finding.fix),
            text(&finding.cost),
            source.map_or(Value::Empty, |source| text(&source.file)),
            source.map_or(Value::Empty, |source| number(source.row as usize)),
            source.and_then(|s| s.column.as_deref()).map_or(Value::Empty, text),
        ])?;
    }
    sheet.close();

    let heads = ["Account", "Kind", "Site", "Today", "Verdict", "Because"];
    let mut sheet = Sheet::new(&mut book, "Accounts", &heads, &head)?;
    for person in &assessment.people {
        sheet.row(&[
            text(&person.subject),
            text(&person.kind),
            person.site.as_deref().map_or(Value::Empty, text),
            text(&person.today),
            text(person.readiness.words()),
            text(&person.because.join(" ")),
        ])?;
    }
    sheet.close();
    sites(report, &mut book, &head)?;
    models(report, &mut book, &head)?;
    groups(report, &mut book, &head)?;
    operators(report, &mut book, &head)?;

    if let Some(before) = report.before {
        let heads = ["About", "Rule", "Then", "Now"];
        let mut sheet = Sheet::new(&mut book, "Since last run", &heads, &head)?;
        let word = |severity: Option<_>| severity.map_or(Value::Empty, |s| text(severity_word(s)));
        for change in difference(before, assessment).findings {
            sheet.row(&[
                text(&change.subject),
                text(&change.code),
                word(change.before),
                word(change.after),
            ])?;
        }
        sheet.close();
    }
    let heads = ["Rule", "Switched off", "Severity", "Reason"];
    let mut sheet = Sheet::new(&mut book, "Changed rules", &heads, &head)?;
    for (code, change) in &assessment.rule_changes {
        sheet.row(&[
            text(code),
            text(if change.off { "yes" } else { "" }),
            change.severity.map_or(Value::Empty, |s| text(severity_word(s))),
            text(&change.reason),
        ])?;
    }
    sheet.close();
    let heads = ["File", "What it is", "Rows", "Rejected", "SHA-256"];
    let mut sheet = Sheet::new(&mut book, "Files", &heads, &head)?;
    for file in report.files {
        sheet.row(&[
            text(&file.name),
            text(file.kind.word()),
            Value::Number(file.rows as f64),
            Value::Number(file.rejected as f64),
            text(&file.sha256),
        ])?;
    }
    sheet.close();
    Ok(book.save_to_buffer()?)
}

/// The day of the assessment: the same report has the same bytes.
fn midnight(report: &Report<'_>) -> Result<ExcelDateTime, WorkbookError> {
    let day: Date = report.assessment.day;
    let part = |value: i8| u8::try_from(value).unwrap_or(1);
    let year = u16::try_from(day.year()).unwrap_or(1900);
    Ok(ExcelDateTime::from_ymd(year, part(day.month()), part(day.day()))?)
}

fn sites(report: &Report<'_>, book: &mut Workbook, head: &Format) -> Result<(), WorkbookError> {
    let heads = [
        "Site",
        "Network",
        "Accounts",
        "Calls at peak",
        "Basis",
        "Erlangs",
        "Channels",
        "Channels (few callers)",
        "Most at once",
        "Busy hour",
        "kbit/s each way",
        "Link up",
        "Link down",
        "Queue up",
        "Queue down",
        "Not measured",
        "Because",
    ];
    let mut sheet = Sheet::new(book, "Sites", &heads, head)?;
    let optional = |value: Option<f64>| value.map_or(Value::Empty, Value::Number);
    for site in &report.assessment.sites {
        let voice = &site.voice;
        sheet.row(&[
            text(&site.site),
            text(site.network.words()),
            number(site.voices),
            Value::Number(voice.calls),
            text(&voice.basis),
            optional(voice.erlangs),
            optional(voice.channels.map(f64::from)),
            optional(voice.channels_few_callers.map(f64::from)),
            optional(voice.most_at_once.map(f64::from)),
            number(voice.busy_hour.into()),
            Value::Number(voice.kbps),
            optional(site.link_share[0]),
            optional(site.link_share[1]),
            optional(site.queue_share[0]),
            optional(site.queue_share[1]),
            text(&site.not_measured.join(", ")),
            text(&site.because.join(" ")),
        ])?;
    }
    sheet.close();
    Ok(())
}

fn models(report: &Report<'_>, book: &mut Workbook, head: &Format) -> Result<(), WorkbookError> {
    let heads = ["Country", "What", "Today", "Count", "Recommended", "Provisional", "Why"];
    let mut sheet = Sheet::new(book, "Segments", &heads, head)?;
    for segment in &report.assessment.segments {
        sheet.row(&[
            segment.country.map_or(Value::Empty, |country| text(country.as_str())),
            text(&segment.kind),
            text(&segment.today),
            number(segment.count),
            text(segment.recommended.words()),
            text(if segment.provisional { "yes" } else { "" }),
            text(&segment.reason),
        ])?;
    }
    sheet.close();
    let mut sheet =
        Sheet::new(book, "Exceptions", &["What", "Stays", "Why", "Owner", "Look again"], head)?;
    for exception in &report.assessment.exceptions {
        sheet.row(&[
            text(&exception.subject),
            text(exception.stays.words()),
            text(&exception.reason),
            exception.owner.as_deref().map_or(Value::Empty, text),
            exception.review.map_or(Value::Empty, |day| text(&day.to_string())),
        ])?;
    }
    sheet.close();
    Ok(())
}

fn groups(report: &Report<'_>, book: &mut Workbook, head: &Format) -> Result<(), WorkbookError> {
    let mut sheet = Sheet::new(book, "Move groups", &["Group of", "Members", "Member"], head)?;
    for group in &report.assessment.move_groups {
        for member in &group.members {
            sheet.row(&[text(&group.name), number(group.members.len()), text(member)])?;
        }
    }
    sheet.close();
    let heads = ["Group of", "From", "To", "Reason", "Because", "File", "Row"];
    let mut sheet = Sheet::new(book, "Links", &heads, head)?;
    for group in &report.assessment.move_groups {
        for link in &group.links {
            let source = link.source.as_ref();
            sheet.row(&[
                text(&group.name),
                text(&link.from),
                text(&link.to),
                text(link.reason.word()),
                text(&link.because),
                source.map_or(Value::Empty, |source| text(&source.file)),
                source.map_or(Value::Empty, |source| number(source.row as usize)),
            ])?;
        }
    }
    sheet.close();
    Ok(())
}

fn operators(report: &Report<'_>, book: &mut Workbook, head: &Format) -> Result<(), WorkbookError> {
    let Some((terms, choice)) = report.operators else { return Ok(()) };
    let heads = ["Country", "Operator", "Could take over", "A month", "Currency"];
    let mut sheet = Sheet::new(book, "Cover", &heads, head)?;
    for (country, served) in &choice.cover.served {
        sheet.row(&[
            text(country.as_str()),
            text(&served.operator),
            served.second.as_deref().map_or(Value::Empty, text),
            Value::Number(served.monthly as f64 / 100.0),
            text(&terms.currency),
        ])?;
    }
    for uncovered in &choice.cover.uncovered {
        sheet.row(&[text(uncovered.country.as_str()), text("nobody")])?;
    }
    sheet.close();
    let mut sheet = Sheet::new(book, "Scores", &["Operator", "Score", "Could lead"], head)?;
    for score in &choice.scores {
        let rival = choice.sensitivity.rivals.contains(&score.operator);
        sheet.row(&[
            text(&score.operator),
            Value::Number(score.total),
            text(if rival { "yes" } else { "" }),
        ])?;
    }
    sheet.close();
    Ok(())
}

enum Value {
    Empty,
    Text(String),
    Number(f64),
}

/// A cell's text, shortened to what a cell can hold.
fn text(text: &str) -> Value {
    match text.char_indices().nth(MOST_CHARS) {
        None => Value::Text(text.to_owned()),
        Some((end, _)) => Value::Text(format!("{}…", &text[..end])),
    }
}

fn number(number: usize) -> Value {
    Value::Number(number as f64)
}

/// A sheet being filled.
struct Sheet<'a> {
    sheet: &'a mut Worksheet,
    columns: u16,
    rows: u32,
    left_out: usize,
}

impl<'a> Sheet<'a> {
    fn new(
        book: &'a mut Workbook,
        name: &str,
        heads: &[&str],
        format: &Format,
    ) -> Result<Self, WorkbookError> {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        let mut columns = 0_u16;
        for head in heads {
            sheet.write_string_with_format(0, columns, *head, format)?;
            sheet.set_column_width(columns, 22)?;
            columns += 1;
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(Self { sheet, columns, rows: 0, left_out: 0 })
    }

    fn row(&mut self, values: &[Value]) -> Result<(), WorkbookError> {
        if self.rows as usize >= MOST_ROWS - 1 {
            self.left_out += 1;
            if self.left_out == 1 {
                let message = "Further rows do not fit into a sheet: see the JSON document.";
                self.sheet.write_string(self.rows + 1, 0, message)?;
            }
            return Ok(());
        }
        self.rows += 1;
        for (column, value) in (0_u16..).zip(values) {
            match value {
                Value::Empty => {}
                Value::Text(text) => {
                    self.sheet.write_string(self.rows, column, text)?;
                }
                Value::Number(number) => {
                    self.sheet.write_number(self.rows, column, *number)?;
                }
            }
        }
        Ok(())
    }

    fn close(self) {
        if self.rows > 0 && self.columns > 0 {
            // A filter is a comfort: a sheet without one is as good.
            let _ = self.sheet.autofilter(0, 0, self.rows, self.columns - 1);
        }
    }
}
