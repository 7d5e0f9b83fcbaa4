//! Archives: workbooks (Office Open XML) and zipped exports, with every size checked as it is
//! read, since what an archive declares may be a lie.

use super::collect::Collector;
use super::guard::{Allowance, Guard};
use super::{ImportError, Options, Sink, one};
use foldhash::{HashMap, HashMapExt};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use sha2::{Digest, Sha256};
use std::cell::Cell as Count;
use std::io::{BufReader, Read, Seek};
use std::rc::Rc;
use zip::ZipArchive;

/// Below this a member may unpack by any ratio.
const SMALL: u64 = 64 << 20;

/// Reads a workbook or an archive of other files.
pub(super) fn archive<R: Read + Seek>(
    name: &str,
    sha256: &str,
    input: R,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let broken = |error: zip::result::ZipError| ImportError::Archive { reason: error.to_string() };
    let mut zip = match ZipArchive::new(input) {
        Ok(zip) => zip,
        Err(error) => return sink.abandon(name, broken(error)),
    };
    let budget = Rc::new(Count::new(options.limits.unpacked));
    if zip.index_for_name("xl/workbook.xml").is_some() {
        let mut book = Book { zip, budget, options };
        return book.read(name, sha256, sink);
    }
    let other = [
        ("xl/workbook.bin", "a binary workbook (.xlsb)"),
        ("META-INF/manifest.xml", "an OpenDocument sheet or another office document"),
        ("content.xml", "an OpenDocument sheet or another office document"),
    ];
    if let Some((_, what)) = other.into_iter().find(|(part, _)| zip.index_for_name(part).is_some())
    {
        return sink.abandon(name, ImportError::OtherWorkbook { what });
    }
    let members: Vec<String> = zip.file_names().flatten().map(|name| name.into_owned()).collect();
    let mut any = false;
    for member in members {
        let shown = format!("{name}!{member}");
        if member.ends_with('/')
            || member.contains("__MACOSX")
            || member.ends_with("parameters.json")
        {
            continue;
        }
        any = true;
        let own = format!("{:x}", Hex(Sha256::digest(format!("{sha256}!{member}"))));
        let file = match zip.by_name(&member) {
            Ok(file) => file,
            Err(error) => {
                sink.abandon(&shown, broken(error))?;
                continue;
            }
        };
        match Unpacked::new(file, &shown, &budget, options) {
            Ok(file) => {
                let bomb = file.bomb.clone();
                let mut watch = Watch { sink: &mut *sink, bomb, limit: options.limits.unpacked };
                one(&shown, &own, file, options, &mut watch)?;
            }
            Err(error) => sink.abandon(&shown, error)?,
        }
    }
    if any { Ok(()) } else { sink.abandon(name, ImportError::Empty) }
}

/// Lowercase hexadecimal of a digest.
struct Hex<B>(B);

impl<B: AsRef<[u8]>> std::fmt::LowerHex for Hex<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Names the bomb where a reader in between only saw a failed read.
struct Watch<'a> {
    sink: &'a mut dyn Sink,
    bomb: Rc<Count<bool>>,
    limit: u64,
}

impl Sink for Watch<'_> {
    fn begin(&mut self, name: &str) -> Result<(), ImportError> {
        self.sink.begin(name)
    }
    fn rows(&mut self, rows: super::Rows) -> Result<(), ImportError> {
        self.sink.rows(rows)
    }
    fn remark(&mut self, remark: crate::model::Remark) -> Result<(), ImportError> {
        self.sink.remark(remark)
    }
    fn end(&mut self, file: super::ImportedFile) -> Result<(), ImportError> {
        self.sink.end(file)
    }
    fn abandon(&mut self, name: &str, error: ImportError) -> Result<(), ImportError> {
        let error = match self.bomb.get() {
            true => ImportError::Bomb { member: name.to_owned(), limit: self.limit },
            false => error,
        };
        self.sink.abandon(name, error)
    }
}

/// A member as it is unpacked, within the archive's budget.
struct Unpacked<R> {
    inner: R,
    budget: Rc<Count<u64>>,
    /// Bytes this member may still unpack to by its packed size.
    own: u64,
    bomb: Rc<Count<bool>>,
}

impl<'z, R: Read> Unpacked<zip::read::ZipFile<'z, R>> {
    fn new(
        inner: zip::read::ZipFile<'z, R>,
        name: &str,
        budget: &Rc<Count<u64>>,
        options: &Options,
    ) -> Result<Self, ImportError> {
        let own = SMALL.max(inner.compressed_size().saturating_mul(options.limits.ratio));
        if inner.size() > own.min(budget.get()) {
            return Err(ImportError::Bomb {
                member: name.to_owned(),
                limit: own.min(budget.get()),
            });
        }
        Ok(Self { inner, budget: budget.clone(), own, bomb: Rc::new(Count::new(false)) })
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)? as u64;
        if count > self.own || count > self.budget.get() {
            self.bomb.set(true);
            return Err(std::io::Error::other("the archive unpacks to more than it may"));
        }
        self.own -= count;
        self.budget.set(self.budget.get() - count);
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

/// A workbook's sheet.
struct Sheet {
    name: String,
    part: String,
}

/// How cells with numbers are shown.
#[derive(Default)]
struct Styles {
    /// For each style: is it a date?
    dates: Vec<bool>,
}

#[derive(Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    fn get(&self, at: usize) -> Option<&str> {
        let start = if at == 0 { 0 } else { *self.ends.get(at - 1)? };
        self.text.get(start..*self.ends.get(at)?)
    }
}

struct Book<'o, R> {
    zip: ZipArchive<R>,
    budget: Rc<Count<u64>>,
    options: &'o Options,
}

/// An XML part being read.
struct Part<R: Read> {
    xml: Reader<BufReader<Guard<R>>>,
    allowance: Allowance,
    buffer: Vec<u8>,
    name: String,
    /// Elements that are open.
    depth: usize,
    /// What is read now is kept: it counts as one, and not piece by piece.
    kept: bool,
}

impl<R: Read> Part<R> {
    fn next(&mut self) -> Result<Event<'_>, ImportError> {
        if !self.kept {
            self.allowance.reset();
        }
        self.buffer.clear();
        let event = self.xml.read_event_into(&mut self.buffer).map_err(|error| {
            if self.allowance.exceeded() {
                let limit = self.allowance.limit();
                return ImportError::Bomb { member: self.name.clone(), limit };
            }
            ImportError::Workbook { part: self.name.clone(), reason: error.to_string() }
        })?;
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(event)
    }

    /// Something begins that is kept until [`Part::release`].
    fn keep(&mut self) {
        self.allowance.reset();
        self.kept = true;
    }

    fn release(&mut self) {
        self.kept = false;
    }

    /// At the end of the file: an error where elements are open still.
    fn whole(&self) -> Result<(), ImportError> {
        if self.depth == 0 {
            return Ok(());
        }
        let reason = "the part ends early".to_owned();
        Err(ImportError::Workbook { part: self.name.clone(), reason })
    }
}

impl<R: Read + Seek> Book<'_, R> {
    /// Each sheet is a file of its own; one without a known table is passed over unless no
    /// sheet has one.
    fn read(&mut self, name: &str, sha256: &str, sink: &mut dyn Sink) -> Result<(), ImportError> {
        let parts = self
            .sheets()
            .and_then(|(sheets, from_1904)| Ok((sheets, from_1904, self.styles()?, self.texts()?)));
        let (sheets, from_1904, styles, texts) = match parts {
            Ok(parts) => parts,
            Err(error) => return sink.abandon(name, error),
        };
        let single = sheets.len() == 1;
        for sheet in &sheets {
            let shown = format!("{name}!{}", sheet.name);
            let own = format!("{:x}", Hex(Sha256::digest(format!("{sha256}!{}", sheet.name))));
            sink.begin(&shown)?;
            let mut collector = Collector::new(&shown, &own, self.options, sink);
            let outcome = self
                .rows(sheet, &styles, &texts, from_1904, &mut collector)
                .and_then(|()| collector.finish());
            match outcome {
                Ok(file) => sink.end(file)?,
                Err(ImportError::Keep(reason)) => return Err(ImportError::Keep(reason)),
                // Notes and cover sheets are common beside the table that matters.
                Err(ImportError::Empty) if !single => sink.abandon(&shown, ImportError::Empty)?,
                Err(error) => sink.abandon(&shown, error)?,
            }
        }
        Ok(())
    }

    fn part(
        &mut self,
        name: &str,
    ) -> Result<Option<Part<Unpacked<zip::read::ZipFile<'_, R>>>>, ImportError> {
        if self.zip.index_for_name(name).is_none() {
            return Ok(None);
        }
        let file = self
            .zip
            .by_name(name)
            .map_err(|error| ImportError::Archive { reason: error.to_string() })?;
        let file = Unpacked::new(file, name, &self.budget, self.options)?;
        let guard = Guard::new(file, self.options.limits.row);
        let allowance = guard.allowance();
        let mut xml = Reader::from_reader(BufReader::with_capacity(64 << 10, guard));
        xml.config_mut().expand_empty_elements = true;
        let buffer = Vec::new();
        let name = name.to_owned();
        Ok(Some(Part { xml, allowance, buffer, name, depth: 0, kept: false }))
    }

    /// A part that is kept as a whole.
    fn small_part(
        &mut self,
        name: &str,
    ) -> Result<Option<Part<Unpacked<zip::read::ZipFile<'_, R>>>>, ImportError> {
        let limit = self.options.limits.document;
        let mut part = self.part(name)?;
        if let Some(part) = &mut part {
            part.allowance.set_limit(limit);
            part.keep();
        }
        Ok(part)
    }

    fn sheets(&mut self) -> Result<(Vec<Sheet>, bool), ImportError> {
        let mut names = Vec::new();
        let mut from_1904 = false;
        if let Some(mut part) = self.small_part("xl/workbook.xml")? {
            loop {
                match part.next()? {
                    Event::Start(e) if e.local_name().as_ref() == "sheet" => {
                        names.push((attribute(&e, "name"), attribute(&e, "id")));
                    }
                    Event::Start(e) if e.local_name().as_ref() == "workbookPr" => {
                        from_1904 = matches!(attribute(&e, "date1904").as_str(), "1" | "true");
                    }
                    Event::Eof => break,
                    _ => {}
                }
            }
        }
        let mut targets = HashMap::new();
        if let Some(mut part) = self.small_part("xl/_rels/workbook.xml.rels")? {
            loop {
                match part.next()? {
                    Event::Start(e) if e.local_name().as_ref() == "Relationship" => {
                        targets.insert(attribute(&e, "Id"), attribute(&e, "Target"));
                    }
                    Event::Eof => break,
                    _ => {}
                }
            }
        }
        let sheets = names
            .into_iter()
            .filter_map(|(name, id)| {
                let target = targets.get(&id)?;
                let part = match target.strip_prefix('/') {
                    Some(absolute) => absolute.to_owned(),
                    None => format!("xl/{target}"),
                };
                // Chart sheets have no rows.
                part.contains("worksheets/").then_some(Sheet { name, part })
            })
            .collect();
        Ok((sheets, from_1904))
    }

    fn styles(&mut self) -> Result<Styles, ImportError> {
        let mut styles = Styles::default();
        let Some(mut part) = self.small_part("xl/styles.xml")? else { return Ok(styles) };
        let mut own: HashMap<u32, bool> = HashMap::new();
        let mut inside = false;
        loop {
            match part.next()? {
                Event::Start(e) if e.local_name().as_ref() == "numFmt" => {
                    let id = attribute(&e, "numFmtId").parse().unwrap_or(0);
                    own.insert(id, is_date_format(&attribute(&e, "formatCode")));
                }
                Event::Start(e) if e.local_name().as_ref() == "cellXfs" => inside = true,
                Event::End(e) if e.local_name().as_ref() == "cellXfs" => inside = false,
                Event::Start(e) if inside && e.local_name().as_ref() == "xf" => {
                    let id: u32 = attribute(&e, "numFmtId").parse().unwrap_or(0);
                    let told = own.get(&id).copied();
                    // ECMA-376 part 1, 18.8.30: the built-in formats of dates and times.
                    let date = told.unwrap_or(matches!(id, 14..=22 | 45..=47));
                    styles.dates.push(date);
                }
                Event::Eof => return Ok(styles),
                _ => {}
            }
        }
    }

    fn texts(&mut self) -> Result<Texts, ImportError> {
        let limit = self.options.limits.shared_texts;
        let mut texts = Texts::default();
        let Some(mut part) = self.part("xl/sharedStrings.xml")? else { return Ok(texts) };
        let (mut inside, mut phonetic) = (false, false);
        loop {
            match part.next()? {
                Event::Start(e) if e.local_name().as_ref() == "si" => part.keep(),
                Event::Start(e) if e.local_name().as_ref() == "t" => inside = true,
                Event::End(e) if e.local_name().as_ref() == "t" => inside = false,
                Event::Start(e) if e.local_name().as_ref() == "rPh" => phonetic = true,
                Event::End(e) if e.local_name().as_ref() == "rPh" => phonetic = false,
                Event::End(e) if e.local_name().as_ref() == "si" => {
                    texts.ends.push(texts.text.len());
                    part.release();
                }
                Event::Eof => return part.whole().map(|()| texts),
                event if inside && !phonetic => push_text(&event, &mut texts.text),
                _ => {}
            }
            if (texts.text.len() + texts.ends.len() * 8) as u64 > limit {
                return Err(ImportError::Bomb { member: "xl/sharedStrings.xml".to_owned(), limit });
            }
        }
    }

    fn rows(
        &mut self,
        sheet: &Sheet,
        styles: &Styles,
        texts: &Texts,
        from_1904: bool,
        collector: &mut Collector<'_>,
    ) -> Result<(), ImportError> {
        let (limit, most) = (self.options.limits.unpacked, self.options.limits.columns);
        let missing = || ImportError::Workbook {
            part: sheet.part.clone(),
            reason: "the sheet's part is not in the workbook".to_owned(),
        };
        let mut part = self.part(&sheet.part)?.ok_or_else(missing)?;
        let bomb = part.xml.get_ref().get_ref().inner().bomb.clone();
        let mut row = SheetRow::default();
        let mut cell = SheetCell::default();
        let (mut in_value, mut in_formula, mut in_text) = (false, false, false);
        let (mut in_row, mut ended) = (false, false);
        loop {
            let event = match part.next() {
                Ok(event) => event,
                Err(_) if bomb.get() => {
                    return Err(ImportError::Bomb { member: sheet.part.clone(), limit });
                }
                Err(ImportError::Bomb { limit, .. }) => {
                    return Err(ImportError::RowTooLong { line: row.line.into(), limit });
                }
                Err(ImportError::Workbook { part, reason }) => {
                    let reason = format!("row {}: {reason}", row.line);
                    return Err(ImportError::Workbook { part, reason });
                }
                Err(error) => return Err(error),
            };
            match event {
                Event::Start(e) => match e.local_name().as_ref() {
                    "row" => {
                        let next = row.line.saturating_add(1);
                        let told = attribute(&e, "r").parse().unwrap_or(next);
                        row = SheetRow { line: told, ..SheetRow::default() };
                        in_row = true;
                        part.keep();
                    }
                    "c" => {
                        cell = SheetCell {
                            column: column(&attribute(&e, "r")).unwrap_or(row.next),
                            kind: attribute(&e, "t"),
                            style: attribute(&e, "s").parse().unwrap_or(0),
                            ..SheetCell::default()
                        };
                    }
                    "v" => in_value = true,
                    "f" => {
                        in_formula = true;
                        cell.formula = true;
                    }
                    "t" => in_text = true,
                    _ => {}
                },
                Event::End(e) => match e.local_name().as_ref() {
                    "v" => in_value = false,
                    "f" => in_formula = false,
                    "t" => in_text = false,
                    "c" => {
                        if cell.column >= most {
                            let columns = cell.column + 1;
                            return Err(ImportError::TooManyColumns { columns, limit: most });
                        }
                        row.next = cell.column + 1;
                        row.put(&cell, styles, texts, from_1904);
                    }
                    "row" => {
                        row.give(collector)?;
                        in_row = false;
                        part.release();
                    }
                    "sheetData" => ended = true,
                    _ => {}
                },
                Event::Eof if ended => return Ok(()),
                Event::Eof => {
                    let line = row.line.saturating_add(u32::from(!in_row));
                    return collector.reject(
                        line,
                        None,
                        "truncated_row",
                        "the sheet ends within or before this row".to_owned(),
                        "The workbook was cut: save or copy it again.",
                    );
                }
                event if in_row && (in_value || in_text) && !in_formula => {
                    push_text(&event, &mut cell.text)
                }
                _ => {}
            }
        }
    }
}

#[derive(Default)]
struct SheetCell {
    column: usize,
    kind: String,
    style: usize,
    formula: bool,
    text: String,
}

#[derive(Default)]
struct SheetRow {
    line: u32,
    next: usize,
    cells: Vec<String>,
    /// Column of each formula, and whether its result was stored.
    formulas: Vec<(usize, bool)>,
    /// Columns of cells whose texts are not in the workbook.
    gone: Vec<usize>,
}

impl SheetRow {
    fn put(&mut self, cell: &SheetCell, styles: &Styles, texts: &Texts, from_1904: bool) {
        if cell.formula {
            self.formulas.push((cell.column, !cell.text.is_empty()));
        }
        let value = match cell.kind.as_str() {
            "s" => match cell.text.trim().parse().ok().and_then(|at| texts.get(at)) {
                Some(text) => unescaped(text),
                None if cell.text.trim().is_empty() => String::new(),
                None => {
                    self.gone.push(cell.column);
                    String::new()
                }
            },
            "b" => if cell.text.trim() == "1" { "True" } else { "False" }.to_owned(),
            // A reference that leads nowhere and the like: no value, and not a blank one.
            "e" if cell.text.trim().is_empty() => "#VALUE!".to_owned(),
            "str" | "inlineStr" | "d" | "e" => unescaped(&cell.text),
            _ => number(&cell.text, styles.dates.get(cell.style) == Some(&true), from_1904),
        };
        if self.cells.len() <= cell.column {
            self.cells.resize(cell.column + 1, String::new());
        }
        self.cells[cell.column] = value;
    }

    fn give(&self, collector: &mut Collector<'_>) -> Result<(), ImportError> {
        let blank = self.cells.iter().all(|cell| cell.trim().is_empty());
        if blank && self.formulas.is_empty() && self.gone.is_empty() {
            return Ok(());
        }
        if !collector.has_header() {
            // Titles stand above many tables: a header has more than one name.
            let names = self.cells.iter().filter(|cell| !cell.trim().is_empty()).count();
            return if names > 1 { collector.header(self.cells.clone()) } else { Ok(()) };
        }
        for (column, stored) in &self.formulas {
            collector.formula(self.line, *column, *stored)?;
        }
        let lost = |column: usize| {
            self.gone.contains(&column) || self.formulas.iter().any(|f| f.0 == column && !f.1)
        };
        collector.record(self.line, |column| {
            if lost(column) {
                return None;
            }
            Some(self.cells.get(column).map_or("", String::as_str))
        })
    }
}

/// Text without its escapes (ECMA-376 part 1, 22.4.2.4): `_x000D_` is a carriage return.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let told = rest[at..].get(2..6).filter(|_| rest[at..].get(6..7) == Some("_"));
        let told = told.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match told.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// A number as people would have typed it: spreadsheets keep 15 digits, telephone numbers have
/// no more.
fn number(text: &str, is_date: bool, from_1904: bool) -> String {
    let text = text.trim();
    let Ok(value) = text.parse::<f64>() else { return text.to_owned() };
    if is_date {
        return moment(value, from_1904).unwrap_or_else(|| text.to_owned());
    }
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { text.to_owned() }
}

/// Days since the end of 1899 as a moment (ECMA-376 part 1, 18.17.4.1); the 29th of February
/// 1900, which spreadsheets believe in, only shifts the two months before it.
fn moment(days: f64, from_1904: bool) -> Option<String> {
    let zero =
        if from_1904 { jiff::civil::date(1904, 1, 1) } else { jiff::civil::date(1899, 12, 30) };
    if !(0.0..2_958_466.0).contains(&days) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation)]
    let seconds = (days * 86_400.0).round() as i64;
    let at = zero.to_datetime(jiff::civil::Time::midnight());
    let at = at.checked_add(jiff::Span::new().try_seconds(seconds).ok()?).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

/// Has the format a year, a day or an hour outside of quotes and brackets?
fn is_date_format(code: &str) -> bool {
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    for c in code.chars() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' | '_' | '*' => escaped = true,
            '"' => quoted = !quoted,
            '[' => bracketed = true,
            ']' => bracketed = false,
            'y' | 'Y' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' if !quoted && !bracketed => return true,
            _ => {}
        }
    }
    false
}

/// `AB12` is column 27.
fn column(reference: &str) -> Option<usize> {
    let letters: Vec<u8> = reference.bytes().take_while(u8::is_ascii_alphabetic).collect();
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let at = letters
        .iter()
        .fold(0usize, |at, letter| at * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    Some(at - 1)
}

fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)
        .and_then(|attribute| {
            let text = attribute.value.to_string();
            quick_xml::escape::unescape(&text).ok().map(|text| text.into_owned())
        })
        .unwrap_or_default()
}

/// Text, marked text, or a reference such as `&amp;`; references to anything a document
/// defines itself are left out, so that none can grow.
fn push_text(event: &Event<'_>, into: &mut String) {
    match event {
        Event::Text(text) => into.push_str(text),
        Event::CData(text) => into.push_str(text),
        Event::GeneralRef(reference) => {
            let reference = format!("&{};", &**reference);
            if let Ok(text) = quick_xml::escape::unescape(&reference) {
                into.push_str(&text);
            }
        }
        _ => {}
    }
}
