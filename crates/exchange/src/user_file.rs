//! Use case: people from a CSV file. Each row adds somebody, edits who is there, or fails alone.

use crate::act::{Fail, Keep, change, done, new_id, raced, text};
use crate::authz::Access;
use crate::people::{licences_parse, upn_parse};
use crate::sheet::{Line, Sheet};
use crate::{Cx, Exchange, records};
use api_types::problem::EntryError;
use api_types::tenant::{UserFileError, UserFileResult};
use api_types::{ErrorCode, Problem};
use domain::{TenantId, UserId};
use feed::change::Change;
use numbering::Country;
use std::collections::HashMap;
use std::fs::File;
use store::{Json, PersonRow, Tx};

/// Most people in a file: as many as one request may take time for.
pub const MOST: usize = 1000;

const FIELDS: [&str; 4] = ["upn", "display_name", "country", "licences"];

/// What became of a row.
enum Step {
    Created,
    Updated,
    Unchanged,
}

/// A refusal of a field as a row shows it.
fn row_error(problem: Problem) -> EntryError {
    EntryError {
        code: problem.code,
        field: problem.field.map(|field| field.trim_start_matches('/').to_owned()),
        reason: problem.reason,
        remedy: problem.remedy,
    }
}

fn needed<'a>(line: &'a Line, field: &'static str) -> Result<&'a str, EntryError> {
    line.get(field).ok_or_else(|| {
        ErrorCode::InvalidField.entry(Some(field), format!("the row has no {field}"))
    })
}

/// A row as far as it can be understood by itself. What it leaves out stays as it is.
struct Row {
    upn: String,
    username: String,
    display_name: Option<String>,
    country: Option<Country>,
    licences: Option<Vec<String>>,
}

fn parse(line: &Line) -> Result<Row, EntryError> {
    let (upn, username) = upn_parse(needed(line, "upn")?).map_err(row_error)?;
    let name = line.get("display_name").map(|name| text("display_name", name, 100));
    let country = line.get("country").map(|country| {
        Country::parse(country).map_err(|error| {
            ErrorCode::InvalidField.entry(Some("country"), format!("{country:?}: {error}"))
        })
    });
    // As our own export writes a list within a cell.
    let licences = line.get("licences").map(|cell| {
        let names: Vec<String> =
            cell.split(';').map(|name| name.trim().to_owned()).filter(|n| !n.is_empty()).collect();
        licences_parse(&names)
    });
    Ok(Row {
        upn,
        username,
        display_name: name.transpose().map_err(row_error)?,
        country: country.transpose()?,
        licences: licences.transpose().map_err(row_error)?,
    })
}

async fn take(tx: &mut Tx, tenant: TenantId, row: &Row) -> Result<Result<Step, EntryError>, Fail> {
    let there = tx.people_named(tenant, std::slice::from_ref(&row.upn)).await?;
    let there = match there.first() {
        Some(found) => tx.person_get(tenant, found.id).await?,
        None => None,
    };
    let Some(mut person) = there else {
        let missing =
            [("display_name", row.display_name.is_none()), ("country", row.country.is_none())];
        if let Some((field, _)) = missing.into_iter().find(|(_, missing)| *missing) {
            let reason = format!("{} is new, and the row has no {field}", row.upn);
            return Ok(Err(ErrorCode::InvalidField.entry(Some(field), reason)));
        }
        let (Some(display_name), Some(country)) = (row.display_name.clone(), row.country) else {
            return Ok(Err(ErrorCode::Internal.entry(None, "the row was not understood")));
        };
        if let Some(other) = tx.person_taken(tenant, &row.upn, &row.username).await? {
            let reason = format!("{other} has this phone user name");
            return Ok(Err(ErrorCode::Conflict.entry(Some("upn"), reason)));
        }
        let person = PersonRow {
            id: UserId(new_id()),
            tenant_id: tenant,
            upn: row.upn.clone(),
            username: row.username.clone(),
            display_name,
            country,
            licences: Json(row.licences.clone().unwrap_or_default()),
            version: 1,
            number: None,
            ha1_sha256: None,
            ha1_md5: None,
            external_id: None,
            active: true,
            directory: None,
        };
        tx.person_insert(&person).await?;
        change(tx, &Change::UserPut(records::user(&person)));
        return Ok(Ok(Step::Created));
    };
    if row.country.is_some_and(|country| country != person.country) {
        let reason = format!("{} is in {}, which cannot change", row.upn, person.country);
        return Ok(Err(ErrorCode::InvalidField.entry(Some("country"), reason)));
    }
    let before = (person.display_name.clone(), person.licences.clone());
    if let Some(name) = &row.display_name {
        person.display_name.clone_from(name);
    }
    if let Some(licences) = &row.licences {
        person.licences = Json(licences.clone());
    }
    if before == (person.display_name.clone(), person.licences.clone()) {
        return Ok(Ok(Step::Unchanged));
    }
    raced(tx.person_update(&person, person.version).await?)?;
    change(tx, &Change::UserPut(records::user(&person)));
    Ok(Ok(Step::Updated))
}

impl Exchange {
    /// Adds and edits people from a CSV file, at most 1,000 rows: `upn`, and for whoever is new
    /// `display_name` and `country`; `licences` parted by `;`. A dry run checks the same and
    /// changes nothing.
    ///
    /// # Errors
    /// `malformed_csv`, which names line and column; `no_entries`, `too_many_entries`,
    /// `forbidden`.
    pub async fn user_file(
        &self,
        cx: &Cx,
        file: File,
        columns: Option<&str>,
        dry_run: bool,
    ) -> Result<UserFileResult, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let sheet = Sheet::open(file, &FIELDS, "upn", columns)?;
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
        let (lines, headers) = (&lines, sheet.headers());
        let action = if dry_run { "user.try" } else { "user.file" };
        self.act(cx, action, Keep::Answer, async |mut tx| {
            let mut result = UserFileResult {
                dry_run,
                total: u32::try_from(lines.len()).unwrap_or(u32::MAX),
                created: 0,
                updated: 0,
                unchanged: 0,
                failed: 0,
                errors: Vec::new(),
            };
            let mut seen: HashMap<String, u32> = HashMap::new();
            for line in lines {
                let taken = match parse(line) {
                    Err(error) => Err(error),
                    Ok(row) => {
                        if let Some(first) = seen.get(&row.upn) {
                            let reason = format!("line {first} names {} too", row.upn);
                            Err(ErrorCode::DuplicateEntry.entry(Some("upn"), reason))
                        } else {
                            seen.insert(row.upn.clone(), line.line);
                            take(&mut tx, tenant, &row).await?
                        }
                    }
                };
                match taken {
                    Ok(Step::Created) => result.created += 1,
                    Ok(Step::Updated) => result.updated += 1,
                    Ok(Step::Unchanged) => result.unchanged += 1,
                    Err(error) => {
                        result.failed += 1;
                        let field = error.field.as_ref();
                        result.errors.push(UserFileError {
                            line: line.line,
                            column: field.and_then(|field| headers.get(field)).cloned(),
                            upn: line.get("upn").map(|upn| upn.chars().take(128).collect()),
                            error,
                        });
                    }
                }
            }
            // Nothing to tell where nothing changed.
            if dry_run || result.created + result.updated == 0 {
                tx.discard();
            }
            done(result, tenant)
        })
        .await
    }
}
