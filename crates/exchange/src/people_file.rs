//! Files with a row for each person: which rows there are, whom each names, and what became of them.
//! Each row succeeds or fails alone.

use crate::act::Fail;
use crate::people::upn_parse;
use crate::sheet::{Line, Sheet};
use api_types::problem::EntryError;
use api_types::tenant::UserFileError;
use api_types::{ErrorCode, Problem};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use store::{StoreError, Tx};

/// Most people in a file: as many as one request may take time for.
const MOST: usize = 1000;

/// A row's refusal, or a failure of the whole.
pub(crate) enum Wrong {
    Row(EntryError),
    Whole(Fail),
}

impl From<EntryError> for Wrong {
    fn from(error: EntryError) -> Self {
        Self::Row(error)
    }
}

impl From<Fail> for Wrong {
    fn from(fail: Fail) -> Self {
        match fail {
            Fail::Refused(problem) => Self::Row(row_error(problem)),
            Fail::Store(_) => Self::Whole(fail),
        }
    }
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        Self::Whole(error.into())
    }
}

/// A refusal of a field as a row shows it.
pub(crate) fn row_error(problem: Problem) -> EntryError {
    EntryError {
        code: problem.code,
        field: problem.field.map(|field| field.trim_start_matches('/').to_owned()),
        reason: problem.reason,
        remedy: problem.remedy,
    }
}

/// Whom a row names: the user principal name, and the user name of their phone.
pub(crate) struct Named {
    pub(crate) upn: String,
    pub(crate) username: String,
}

fn named(line: &Line) -> Result<Named, EntryError> {
    let upn = line.get("upn").ok_or_else(|| {
        ErrorCode::InvalidField.entry(Some("upn"), "the row has no upn".to_owned())
    })?;
    let (upn, username) = upn_parse(upn).map_err(row_error)?;
    Ok(Named { upn, username })
}

/// What a row came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Created,
    Updated,
    Unchanged,
}

/// What takes one row after the other.
pub(crate) trait Takes: Sync {
    /// Takes a row of somebody whom none before named.
    fn take(
        &self,
        tx: &mut Tx,
        named: &Named,
        line: &Line,
    ) -> impl Future<Output = Result<Step, Wrong>> + Send;
}

/// How many rows came to what.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) total: u32,
    pub(crate) created: u32,
    pub(crate) updated: u32,
    pub(crate) unchanged: u32,
    pub(crate) failed: u32,
    pub(crate) errors: Vec<UserFileError>,
}

impl Tally {
    /// Something is there to be told.
    pub(crate) fn changed(&self) -> bool {
        self.created + self.updated > 0
    }
}

/// The rows of a file, with what its columns are called.
pub(crate) struct PeopleFile {
    lines: Vec<Line>,
    headers: BTreeMap<String, String>,
}

impl PeopleFile {
    /// Reads a file.
    ///
    /// # Errors
    /// `malformed_csv`, which names line and column; `no_entries`, `too_many_entries`.
    pub(crate) fn read(
        file: File,
        fields: &[&'static str],
        columns: Option<&str>,
    ) -> Result<Self, Problem> {
        let sheet = Sheet::open(file, fields, "upn", columns)?;
        let mut lines = Vec::new();
        for line in sheet.lines()? {
            let line = line?;
            if lines.len() == MOST {
                let field = format!("line {}", line.line);
                let reason = format!("a file has at most {MOST} people");
                return Err(ErrorCode::TooManyEntries.problem(Some(&field), reason));
            }
            lines.push(line);
        }
        if lines.is_empty() {
            return Err(ErrorCode::NoEntries.problem(None, "the file has no rows"));
        }
        Ok(Self { lines, headers: sheet.headers().clone() })
    }

    /// Takes every row; who is named twice counts once.
    ///
    /// # Errors
    /// What fails the whole.
    pub(crate) async fn take(&self, tx: &mut Tx, takes: &impl Takes) -> Result<Tally, Fail> {
        let total = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        let mut tally = Tally { total, ..Tally::default() };
        let mut seen: HashMap<String, u32> = HashMap::new();
        for line in &self.lines {
            let taken = match named(line) {
                Err(error) => Err(error.into()),
                Ok(named) => match seen.insert(named.upn.clone(), line.line) {
                    Some(first) => {
                        let reason = format!("line {first} names {} too", named.upn);
                        Err(ErrorCode::DuplicateEntry.entry(Some("upn"), reason).into())
                    }
                    None => takes.take(tx, &named, line).await,
                },
            };
            match taken {
                Ok(Step::Created) => tally.created += 1,
                Ok(Step::Updated) => tally.updated += 1,
                Ok(Step::Unchanged) => tally.unchanged += 1,
                Err(Wrong::Whole(fail)) => return Err(fail),
                Err(Wrong::Row(error)) => {
                    tally.failed += 1;
                    let field = error.field.as_ref();
                    tally.errors.push(UserFileError {
                        line: line.line,
                        column: field.and_then(|field| self.headers.get(field)).cloned(),
                        upn: line.get("upn").map(|upn| upn.chars().take(128).collect()),
                        error,
                    });
                }
            }
        }
        Ok(tally)
    }
}
