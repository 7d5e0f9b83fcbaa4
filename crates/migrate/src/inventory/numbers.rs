//! Numbers: the tenant's, and those carriers charge for.

use super::merge::{Merge, fuller};
use super::{Builder, Columns};
use crate::import::{ImportedFile, Row};
use crate::model::{
    ActivationState, AssignmentCategory, BilledNumber, BlockedState, Cell, LineNumber,
    LineNumberError, Number, NumberSource, NumberType, NumberValidity, PolicyGrant, PolicyKind,
    PolicyLevel, PstnAssignment, RemarkKind, SourceRef,
};
use crate::read;
use numbering::Country;
use std::{iter, panic, thread};

impl Builder {
    /// Reads a number and tells what had to be repaired, or why it cannot be read.
    pub(super) fn read_number(
        &mut self,
        text: &str,
        country: Option<Country>,
        at: SourceRef,
    ) -> Option<LineNumber> {
        if text.trim().is_empty() {
            return None;
        }
        match read::number(text, country) {
            Ok(number) => {
                if !number.repairs.is_empty() {
                    let repairs = number.repairs.join(", ");
                    let message = format!("{text:?} was read as {}: {repairs}", number.line);
                    self.remark(RemarkKind::Repaired, at, "number_repaired", message, "");
                }
                Some(number.line)
            }
            Err(error) => {
                let (code, remedy) = match error {
                    LineNumberError::NoCountry => (
                        "number_without_country",
                        "Import with --country, or give its site a country.",
                    ),
                    LineNumberError::Scientific => (
                        "scientific_notation",
                        "Export again and do not open the file in a spreadsheet.",
                    ),
                    _ => ("impossible_number", "Correct it where it was exported."),
                };
                self.remark(RemarkKind::Note, at, code, format!("{text:?}: {error}"), remedy);
                None
            }
        }
    }

    pub(super) fn number(&mut self, row: &Row<'_>, columns: &Columns, file: &ImportedFile) {
        let raw = row.str(columns.get("number")).to_owned();
        let country = Country::parse(row.str(columns.get("iso_country")))
            .ok()
            .or_else(|| self.country_of(file, ""));
        let line = self.read_number(&raw, country, row.place(columns.get("number").unwrap_or(0)));
        let number_type = self
            .word(row, columns.get("number_type"), NumberType::read, |t| *t == NumberType::Other);
        let activation = self.word(row, columns.get("activation"), ActivationState::read, |s| {
            *s == ActivationState::Other
        });
        let assignment = self.word(row, columns.get("assignment"), PstnAssignment::read, |s| {
            *s == PstnAssignment::Other
        });
        let category = self.word(row, columns.get("category"), AssignmentCategory::read, |c| {
            *c == AssignmentCategory::Other
        });
        let source = self
            .word(row, columns.get("source"), NumberSource::read, |s| *s == NumberSource::Other);
        let blocked = self
            .word(row, columns.get("blocked"), BlockedState::read, |b| *b == BlockedState::Other);
        let text = |name: &str| row.text(columns.get(name));
        let id = |name: &str| empty_if_nil(row, columns.get(name));
        let list = |name: &str| row.cell(columns.get(name), |text| Some(read::list(text)));
        let number = Number {
            line,
            number_type,
            activation,
            assignment,
            category,
            source,
            blocked,
            target_id: id("target_id"),
            capabilities: match list("capabilities") {
                Cell::Absent => list("acquired"),
                told => told,
            },
            city: text("city"),
            iso_country: text("iso_country"),
            iso_subdivision: text("iso_subdivision"),
            civic_address_id: id("civic_address_id"),
            location_id: id("location_id"),
            location_update: row.cell(columns.get("location_update"), read::truth),
            customer_actions: list("customer_actions"),
            network_site: text("network_site"),
            port_in: text("port_in"),
            partner: text("partner"),
            partner_id: id("partner_id"),
            reverse_lookup: list("reverse_lookup"),
            tags: list("tags"),
            blocked_until: row.cell(columns.get("blocked_until"), read::moment),
            sms: text("sms"),
            at: row.at(),
            raw,
            ..Number::default()
        };
        self.add_number(number);
    }

    /// A number as an operator's own system lists it (AudioCodes OVOC or Live).
    pub(super) fn operator_number(
        &mut self,
        row: &Row<'_>,
        columns: &Columns,
        file: &ImportedFile,
    ) {
        let raw = row.str(columns.get("number")).to_owned();
        let country = Country::parse(row.str(columns.get("country")))
            .ok()
            .or_else(|| self.country_of(file, ""));
        let line = self.read_number(&raw, country, row.at());
        let assignment = self.word(row, columns.get("assignment"), PstnAssignment::read, |s| {
            *s == PstnAssignment::Other
        });
        self.add_number(Number {
            raw,
            line,
            assignment,
            number_type: Cell::given(NumberType::OperatorConnect, row.at()),
            at: row.at(),
            ..Number::default()
        });
    }

    /// Joins, while other threads look numbers up in the metadata: nothing that is joined depends
    /// on what they find.
    pub(super) fn join_and_describe(&mut self) {
        let lines: Vec<Option<LineNumber>> =
            self.inventory.numbers.iter().map(|n| n.line).collect();
        let share = lines.len().div_ceil(2).max(1);
        let described: Vec<Option<Described>> = thread::scope(|threads| {
            let look_up = |half: &[Option<LineNumber>]| -> Vec<Option<Described>> {
                half.iter().map(|line| line.map(described)).collect()
            };
            let halves: Vec<_> =
                lines.chunks(share).map(|half| threads.spawn(move || look_up(half))).collect();
            self.join();
            let whole = halves
                .into_iter()
                .flat_map(|half| half.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
            whole.collect()
        });
        // Those that only users and lines tell of came behind the rest.
        let numbers = self.inventory.numbers.iter_mut();
        for (number, found) in
            numbers.zip(described.into_iter().map(Some).chain(iter::repeat(None)))
        {
            let found = found.unwrap_or_else(|| number.line.map(self::described));
            if let Some((kind, country, validity)) = found {
                number.kind = Some(kind);
                number.country = country;
                number.validity = Some(validity);
            }
        }
    }

    /// A row of the same file stays a number of its own, so that nothing is dropped; a row of
    /// another file tells more of the number that is known.
    pub(super) fn add_number(&mut self, mut new: Number) {
        new.times = 1;
        let named = new.line.map_or_else(|| new.raw.to_lowercase(), |line| line.to_string());
        let key = match new.number_type.copied() {
            Some(kind) => format!("{named} {}", kind.word()),
            None => named,
        };
        let known = self
            .numbers
            .get_mut(&key)
            .map(|known| (known.0, std::mem::replace(&mut known.1, new.at.file) == new.at.file));
        let Some((first, same_file)) = known else {
            self.numbers.insert(key, (self.inventory.numbers.len(), new.at.file));
            self.inventory.numbers.push(new);
            return;
        };
        if same_file {
            let times = self.inventory.numbers[first].times + 1;
            self.inventory.numbers[first].times = times;
            new.times = times;
            let message = format!("{} is in the file already", new.raw);
            let (at, remedy) = (new.at, "Keep the row that is true; each was taken.");
            self.remark(RemarkKind::Duplicate, at, "duplicate_number", message, remedy);
            self.inventory.numbers.push(new);
            return;
        }
        let inventory = &mut self.inventory;
        let mine = &mut inventory.numbers[first];
        let subject = mine.raw.clone();
        let mut merge = Merge {
            kind: "number",
            subject: &subject,
            files: &inventory.files,
            resolutions: &self.settings.resolutions,
            conflicts: &mut inventory.conflicts,
            index: &mut self.conflicts,
        };
        merge.cell("activation", &mut mine.activation, new.activation);
        merge.cell("target_id", &mut mine.target_id, new.target_id);
        merge.cell("assignment", &mut mine.assignment, new.assignment);
        merge.cell("category", &mut mine.category, new.category);
        merge.cell("city", &mut mine.city, new.city);
        merge.cell("iso_country", &mut mine.iso_country, new.iso_country);
        merge.cell("iso_subdivision", &mut mine.iso_subdivision, new.iso_subdivision);
        merge.cell("civic_address_id", &mut mine.civic_address_id, new.civic_address_id);
        merge.cell("location_id", &mut mine.location_id, new.location_id);
        merge.cell("location_update", &mut mine.location_update, new.location_update);
        merge.cell("network_site", &mut mine.network_site, new.network_site);
        merge.cell("port_in", &mut mine.port_in, new.port_in);
        merge.cell("partner", &mut mine.partner, new.partner);
        merge.cell("partner_id", &mut mine.partner_id, new.partner_id);
        merge.cell("source", &mut mine.source, new.source);
        merge.cell("sms", &mut mine.sms, new.sms);
        fuller(&mut mine.capabilities, new.capabilities);
        fuller(&mut mine.customer_actions, new.customer_actions);
        fuller(&mut mine.reverse_lookup, new.reverse_lookup);
        fuller(&mut mine.tags, new.tags);
        merge.cell("blocked", &mut mine.blocked, new.blocked);
        merge.cell("blocked_until", &mut mine.blocked_until, new.blocked_until);
    }

    pub(super) fn number_policy(&mut self, row: &Row<'_>, columns: &Columns) {
        let kind = self.word(row, columns.get("policy_type"), PolicyKind::read, |kind| {
            *kind == PolicyKind::Other
        });
        let number = row.str(columns.get("number"));
        let name = read::policy_name(row.str(columns.get("policy_name"))).to_owned();
        if let (Some(kind), false) = (kind.copied(), name.is_empty()) {
            let level = PolicyLevel::Number { number: read::without_scheme(number).to_owned() };
            let grant = PolicyGrant { kind, name, level, at: row.at() };
            self.inventory.policy_grants.push(grant);
        }
    }

    /// Numbers an order could not bring or change are told.
    pub(super) fn number_order(&mut self, row: &Row<'_>, columns: &Columns) {
        let order = row.str(columns.get("order_id")).to_owned();
        let details = row.cell(columns.get("details"), read::objects);
        for number in read::list(row.str(columns.get("failed"))) {
            let why = details
                .get()
                .into_iter()
                .flatten()
                .find(|d| super::users::field(d, &["TelephoneNumber"]) == number)
                .map(|d| super::users::field(d, &["Message"]))
                .unwrap_or_default();
            let message = format!("{number} failed in order {order}: {why}");
            self.remark(RemarkKind::Note, row.at(), "number_order_failed", message, "");
        }
    }

    pub(super) fn billed(&mut self, row: &Row<'_>, columns: &Columns, file: &ImportedFile) {
        let raw = row.str(columns.get("number")).to_owned();
        let country = self.country_of(file, "");
        let line = self.read_number(&raw, country, row.at());
        self.inventory.billed_numbers.push(BilledNumber {
            raw,
            line,
            carrier: row.text(columns.get("carrier")),
            btn: row.text(columns.get("btn")),
            service_address: row.text(columns.get("service_address")),
            used: row.cell(columns.get("used"), |text| {
                read::truth(text).or_else(|| read::decimal(text).map(|count| count > 0.0))
            }),
            at: row.at(),
        });
    }
}

type Described = (numbering::NumberKind, Option<Country>, NumberValidity);

/// What the metadata says of a line's number.
fn described(line: LineNumber) -> Described {
    let described = numbering::describe(line.e164());
    let validity = if described.known_range {
        NumberValidity::Valid
    } else if numbering::is_possible(line.e164()) {
        NumberValidity::PossibleOnly
    } else {
        NumberValidity::Impossible
    };
    (described.kind, described.country, validity)
}

/// An id in lower case; the nil id is empty, not lost.
pub(super) fn empty_if_nil(row: &Row<'_>, at: Option<usize>) -> Cell<String> {
    match row.cell(at, |text| Some(read::id(text))) {
        Cell::Given { value: Some(value), at } => Cell::Given { value, at },
        Cell::Given { value: None, at } | Cell::Empty { at } => Cell::Empty { at },
        Cell::Lost { at } => Cell::Lost { at },
        Cell::Absent => Cell::Absent,
    }
}
