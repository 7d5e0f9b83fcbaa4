//! Use case: people from a CSV file. Each row adds somebody, edits who is there, or fails alone.

use crate::act::{Keep, change, done, new_id, raced, text};
use crate::authz::Access;
use crate::people::licences_parse;
use crate::people_file::{Named, PeopleFile, Step, Takes, Wrong, row_error};
use crate::sheet::Line;
use crate::{Cx, Exchange, records};
use api_types::problem::EntryError;
use api_types::tenant::UserFileResult;
use api_types::{ErrorCode, Problem};
use domain::{TenantId, UserId};
use feed::change::Change;
use numbering::Country;
use std::fs::File;
use store::{Json, PersonRow, Tx};

const FIELDS: [&str; 4] = ["upn", "display_name", "country", "licences"];

/// A row as far as it can be understood by itself. What it leaves out stays as it is.
struct Row {
    display_name: Option<String>,
    country: Option<Country>,
    licences: Option<Vec<String>>,
}

fn parse(line: &Line) -> Result<Row, EntryError> {
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
        display_name: name.transpose().map_err(row_error)?,
        country: country.transpose()?,
        licences: licences.transpose().map_err(row_error)?,
    })
}

async fn take(
    tx: &mut Tx,
    tenant: TenantId,
    Named { upn, username }: &Named,
    row: &Row,
) -> Result<Step, Wrong> {
    let there = tx.people_named(tenant, std::slice::from_ref(upn)).await?;
    let there = match there.first() {
        Some(found) => tx.person_get(tenant, found.id).await?,
        None => None,
    };
    let Some(mut person) = there else {
        let missing =
            [("display_name", row.display_name.is_none()), ("country", row.country.is_none())];
        if let Some((field, _)) = missing.into_iter().find(|(_, missing)| *missing) {
            let reason = format!("{upn} is new, and the row has no {field}");
            return Err(ErrorCode::InvalidField.entry(Some(field), reason).into());
        }
        let (Some(display_name), Some(country)) = (row.display_name.clone(), row.country) else {
            return Err(ErrorCode::Internal.entry(None, "the row was not understood").into());
        };
        if let Some(other) = tx.person_taken(tenant, upn, username).await? {
            let reason = format!("{other} has this phone user name");
            return Err(ErrorCode::Conflict.entry(Some("upn"), reason).into());
        }
        let person = PersonRow {
            id: UserId(new_id()),
            tenant_id: tenant,
            upn: upn.clone(),
            username: username.clone(),
            display_name,
            country,
            licences: Json(row.licences.clone().unwrap_or_default()),
            version: 1,
            number: None,
            others: None,
            ha1_sha256: None,
            ha1_md5: None,
            external_id: None,
            active: true,
            directory: None,
        };
        tx.person_insert(&person).await?;
        change(tx, &Change::UserPut(records::user(&person)));
        return Ok(Step::Created);
    };
    if row.country.is_some_and(|country| country != person.country) {
        let reason = format!("{upn} is in {}, which cannot change", person.country);
        return Err(ErrorCode::InvalidField.entry(Some("country"), reason).into());
    }
    let before = (person.display_name.clone(), person.licences.clone());
    if let Some(name) = &row.display_name {
        person.display_name.clone_from(name);
    }
    if let Some(licences) = &row.licences {
        person.licences = Json(licences.clone());
    }
    if before == (person.display_name.clone(), person.licences.clone()) {
        return Ok(Step::Unchanged);
    }
    raced(tx.person_update(&person, person.version).await?)?;
    change(tx, &Change::UserPut(records::user(&person)));
    Ok(Step::Updated)
}

/// Whose people a file is about.
struct People(TenantId);

impl Takes for People {
    async fn take(&self, tx: &mut Tx, named: &Named, line: &Line) -> Result<Step, Wrong> {
        let row = parse(line)?;
        take(tx, self.0, named, &row).await
    }
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
        let rows = &PeopleFile::read(file, &FIELDS, columns)?;
        let action = if dry_run { "user.try" } else { "user.file" };
        self.act(cx, action, Keep::Answer, async |mut tx| {
            let tally = rows.take(&mut tx, &People(tenant)).await?;
            // Nothing to tell where nothing changed.
            if dry_run || !tally.changed() {
                tx.discard();
            }
            let result = UserFileResult {
                dry_run,
                total: tally.total,
                created: tally.created,
                updated: tally.updated,
                unchanged: tally.unchanged,
                failed: tally.failed,
                errors: tally.errors,
            };
            done(result, tenant)
        })
        .await
    }
}
