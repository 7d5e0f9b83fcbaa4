//! Calls. A tenant has millions, and nothing else needs them while rows are read: whoever has a
//! second thread may let it read them ([`Calls`]) while [`super::Builder`] reads the rest.

use super::{Builder, Columns, MOST_REMARKS};
use crate::import::{ImportedFile, Row, Rows};
use crate::model::{
    CallKind, CallLog, CallRecord, CallSystem, FileId, Remark, RemarkKind, SourceKind,
};
use crate::read;
use foldhash::quality::FixedState;
use foldhash::{HashMap, HashSet};
use numbering::{Country, E164};
use std::hash::BuildHasher;
use std::sync::Arc;

/// A file of calls.
#[derive(Clone, Debug)]
pub struct CallFile {
    id: FileId,
    file: Arc<ImportedFile>,
    fields: Fields,
}

impl CallFile {
    /// The file, if it is one of calls; `id` is its place in the order of all files.
    pub fn of(id: FileId, file: &ImportedFile) -> Option<Self> {
        use SourceKind as K;
        matches!(file.source.kind, K::PstnCalls | K::DirectRoutingCalls | K::OtherCalls).then(
            || Self { id, file: Arc::new(file.clone()), fields: Fields::of(&Columns::of(file)) },
        )
    }
}

/// Reads the rows of files of calls, in the order in which they were imported.
#[derive(Debug, Default)]
pub struct Calls {
    pub(super) log: CallLog,
    /// In order of files and rows.
    pub(super) remarks: Vec<Remark>,
    /// How many of each code there were, kept or not.
    pub(super) counts: HashMap<&'static str, usize>,
    country: Option<Country>,
    parties: HashMap<String, u32>,
    trunks: HashMap<String, u32>,
    seen: HashSet<u64>,
    /// Directions of calls by their words.
    kinds: HashMap<String, CallKind>,
    /// What carries calls, by words of number types.
    systems: HashMap<String, Option<CallSystem>>,
}

/// Where the columns of a file of calls are.
#[derive(Clone, Debug)]
struct Fields {
    invite: Option<usize>,
    start: Option<usize>,
    usage_id: Option<usize>,
    end: Option<usize>,
    failure: Option<usize>,
    duration: Option<usize>,
    success: Option<usize>,
    disposition: Option<usize>,
    talked: Option<usize>,
    from: Option<usize>,
    to: Option<usize>,
    call_type: Option<usize>,
    direction: Option<usize>,
    number_type: Option<usize>,
    operator: Option<usize>,
    upn: Option<usize>,
    party: Option<usize>,
    user_id: Option<usize>,
    trunk: Option<usize>,
    sip_code: Option<usize>,
}

impl Fields {
    fn of(columns: &Columns) -> Self {
        Self {
            invite: columns.get("invite"),
            start: columns.get("start"),
            usage_id: columns.get("usage_id"),
            end: columns.get("end"),
            failure: columns.get("failure"),
            duration: columns.get("duration"),
            success: columns.get("success"),
            disposition: columns.get("disposition"),
            talked: columns.get("talked"),
            from: columns.get("from"),
            to: columns.get("to"),
            call_type: columns.get("call_type"),
            direction: columns.get("direction"),
            number_type: columns.get("number_type"),
            operator: columns.get("operator"),
            upn: columns.get("upn"),
            party: columns.get("party"),
            user_id: columns.get("user_id"),
            trunk: columns.get("trunk"),
            sip_code: columns.get("sip_code"),
        }
    }
}

impl Calls {
    /// None yet.
    pub fn new(settings: &super::Settings) -> Self {
        Self { country: settings.country, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.log.records.is_empty() && self.counts.is_empty()
    }

    /// Some rows of a file.
    pub fn rows(&mut self, file: &CallFile, rows: &Rows) {
        let imported = &*file.file;
        if self.log.records.capacity() - self.log.records.len() < rows.len() {
            // All of the file at once, rather than twice as much each time there is no room.
            let all = usize::try_from(imported.source.rows).unwrap_or(0).min(1 << 22);
            self.log.records.reserve(all.max(rows.len()));
            if file.fields.usage_id.is_some() {
                self.seen.reserve(all);
            }
        }
        for at in 0..rows.len() {
            let (line, cells) = rows.row(at);
            let row = Row { file: file.id, line, uses: &imported.uses, cells };
            self.call(&row, &file.fields, imported.source.kind);
        }
    }

    fn remark(
        &mut self,
        kind: RemarkKind,
        row: &Row<'_>,
        code: &'static str,
        message: String,
        remedy: &str,
    ) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= MOST_REMARKS {
            let (code, remedy) = (code.to_owned(), remedy.to_owned());
            self.remarks.push(Remark { kind, at: row.at(), code, message, remedy });
        }
    }

    fn party(&mut self, name: &str) -> u32 {
        if let Some(index) = self.parties.get(name) {
            return *index;
        }
        let index = u32::try_from(self.parties.len()).unwrap_or(CallRecord::NONE);
        self.parties.insert(name.to_owned(), index);
        self.log.parties.push(name.to_owned());
        index
    }

    fn trunk_index(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return CallRecord::NONE;
        }
        if let Some(index) = self.trunks.get(name) {
            return *index;
        }
        let index = u32::try_from(self.trunks.len()).unwrap_or(CallRecord::NONE);
        self.trunks.insert(name.to_owned(), index);
        self.log.trunks.push(name.to_owned());
        index
    }

    /// The direction of a call. Exports say it in few words, each very often.
    fn call_kind(&mut self, call_type: &str, direction: &str) -> CallKind {
        let word = if call_type.is_empty() { direction } else { call_type };
        if let Some(kind) = self.kinds.get(word) {
            return *kind;
        }
        let kind = kind_of(word);
        if self.kinds.len() < 1000 {
            self.kinds.insert(word.to_owned(), kind);
        }
        kind
    }

    /// What carries a call, as far as its type of number tells.
    fn system(&mut self, word: &str) -> Option<CallSystem> {
        if let Some(system) = self.systems.get(word) {
            return *system;
        }
        let text = word.to_ascii_lowercase();
        let system = if text.contains("operatorconnect") {
            Some(CallSystem::OperatorConnect)
        } else if text.contains("mcopstn") || text.contains("callingplan") {
            Some(CallSystem::CallingPlan)
        } else {
            None
        };
        if self.systems.len() < 1000 {
            self.systems.insert(word.to_owned(), system);
        }
        system
    }

    fn call(&mut self, row: &Row<'_>, fields: &Fields, source: SourceKind) {
        let str = |at: Option<usize>| row.str(at);
        let moment = |at: Option<usize>| read::moment(str(at)).map(|at| at.as_second());
        let Some(start) = moment(fields.invite).or_else(|| moment(fields.start)) else {
            let message = format!("{:?} is no moment that can be told", str(fields.start));
            let remedy = "Export with times in ISO 8601, such as 2026-01-31T13:00:00Z.";
            self.remark(RemarkKind::Rejected, row, "no_start", message, remedy);
            return;
        };
        // Exports of overlapping months hold the same calls.
        let id = str(fields.usage_id);
        if !id.is_empty() && !self.seen.insert(FixedState::default().hash_one(id)) {
            let message = "the call is known from another row".to_owned();
            self.remark(RemarkKind::Duplicate, row, "duplicate_call", message, "");
            return;
        }
        let end = moment(fields.end).or_else(|| moment(fields.failure));
        let told = seconds(str(fields.duration));
        let span = end.map(|end| whole(end - start));
        // From invite to end a channel is held; a duration alone counts talk.
        let held = match (span, told) {
            (Some(span), Some(told)) => span.max(told),
            (Some(span), None) => span,
            (None, told) => told.unwrap_or(0),
        };
        let success = match read::truth(str(fields.success)) {
            None => read::truth(str(fields.disposition)).or(match str(fields.disposition) {
                "" => None,
                _ => Some(false),
            }),
            told => told,
        };
        let talked = match (seconds(str(fields.talked)), told) {
            (Some(talked), _) => talked,
            (None, Some(told)) => told,
            (None, None) if success == Some(false) => 0,
            (None, None) => moment(fields.start).zip(end).map_or(0, |(a, b)| whole(b - a)),
        };
        let answered = match (source, success) {
            (_, Some(told)) => Some(told),
            (SourceKind::PstnCalls, None) => Some(true),
            (_, None) if fields.talked.is_some() => Some(talked > 0),
            _ => None,
        };
        let country = self.country;
        let (from, to) = (str(fields.from), str(fields.to));
        let kind = self.call_kind(str(fields.call_type), str(fields.direction));
        let system = match source {
            SourceKind::DirectRoutingCalls => CallSystem::DirectRouting,
            SourceKind::OtherCalls => CallSystem::Pbx,
            _ => match self.system(str(fields.number_type)) {
                Some(system) => system,
                None if is_outside(str(fields.operator)) => CallSystem::OperatorConnect,
                None => CallSystem::Pstn,
            },
        };
        let named = [str(fields.upn), str(fields.party), str(fields.user_id)]
            .into_iter()
            .find(|n| !n.is_empty());
        let party = self.party(named.unwrap_or(if kind == CallKind::Inbound { to } else { from }));
        let trunk = self.trunk_index(str(fields.trunk));
        let sip_code = str(fields.sip_code).parse().unwrap_or(0);
        let number = |text: &str| telephone(text, country);
        self.log.records.push(CallRecord {
            start,
            held,
            talked,
            party,
            trunk,
            from: number(from),
            to: number(to),
            sip_code,
            kind,
            system,
            answered,
            file: row.file,
            row: row.line,
        });
    }
}

impl Builder {
    /// Takes the calls that were read beside, once, before [`Builder::finish`]: their files were
    /// told of by [`Builder::file`], their rows were not given. Remarks go where the files stand.
    pub fn take_over(&mut self, calls: Calls) {
        self.inventory.calls = calls.log;
        for (code, count) in calls.counts {
            *self.remark_counts.entry(code.to_owned()).or_default() += count;
        }
        if calls.remarks.is_empty() {
            return;
        }
        let mut others = std::mem::take(&mut self.inventory.remarks).into_iter();
        let mut taken = 0;
        for remark in calls.remarks {
            let before = self.files[remark.at.file.0 as usize].remarks;
            let more = before.saturating_sub(taken);
            self.inventory.remarks.extend(others.by_ref().take(more));
            taken += more;
            self.inventory.remarks.push(remark);
        }
        self.inventory.remarks.extend(others);
    }
}

/// An operator's name that is not Microsoft's own.
fn is_outside(operator: &str) -> bool {
    !operator.is_empty() && !operator.eq_ignore_ascii_case("Microsoft")
}

fn whole(seconds: i64) -> u32 {
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
}

/// Seconds as a number or as `hh:mm:ss`.
fn seconds(text: &str) -> Option<u32> {
    if text.contains(':') {
        return text.split(':').try_fold(0u32, |sum, part| {
            let part = part.split('.').next()?.parse::<u32>().ok()?;
            sum.checked_mul(60)?.checked_add(part)
        });
    }
    if let Ok(whole) = text.parse() {
        return Some(whole);
    }
    let value = read::decimal(text).filter(|value| (0.0..4e9).contains(value))?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(value.ceil() as u32)
}

/// Direction by the usage reports' words (migration.md section 1.8).
fn kind_of(word: &str) -> CallKind {
    let word = word.to_ascii_lowercase();
    if word.contains("emergency") {
        CallKind::Emergency
    } else if word.starts_with("conf") || word.contains("_conf") {
        CallKind::Conference
    } else if word.contains("internal") {
        CallKind::Internal
    } else if word.contains("out") {
        CallKind::Outbound
    } else if word.contains("in") {
        CallKind::Inbound
    } else {
        CallKind::Other
    }
}

/// Numbers in call records are hints: what is none, or hides its end behind stars, is left out.
fn telephone(text: &str, country: Option<Country>) -> Option<E164> {
    let text = text.trim();
    if text.starts_with('+') {
        return E164::parse(text).ok();
    }
    if text.len() < 7 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    numbering::from_dialled(text, country?)
}
