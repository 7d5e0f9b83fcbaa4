//! Use case: calling settings from a CSV file. Each row changes somebody's, or fails alone.

use crate::act::{Keep, change, done, raced};
use crate::authz::Access;
use crate::calling::admissible;
use crate::people::upn_parse;
use crate::people_file::{Named, PeopleFile, Step, Takes, Wrong, row_error};
use crate::sheet::Line;
use crate::{Cx, Exchange, records};
use api_types::calling::CallingFileResult;
use api_types::problem::EntryError;
use api_types::{ErrorCode, Problem};
use domain::calling::{
    CallingSettings, Delegate, ForwardTarget, Forwarding, Unanswered, UnansweredDelay,
};
use domain::{TenantId, UserId};
use feed::change::Change;
use numbering::E164;
use std::fs::File;
use store::{Json, Tx};

const FIELDS: [&str; 9] = [
    "upn",
    "forwarding_type",
    "forwarding",
    "unanswered",
    "delay_seconds",
    "busy",
    "unreachable",
    "delegates",
    "call_group",
];

/// A refusal of a part of the settings, as of the column that says it.
fn column(mut error: EntryError) -> EntryError {
    let field = error.field.as_deref().map(|field| {
        let part = field.split('/').next().unwrap_or_default();
        FIELDS.into_iter().find(|known| *known == part).unwrap_or("upn").to_owned()
    });
    error.field = field;
    error
}

fn wrong(field: &str, reason: impl Into<String>) -> EntryError {
    ErrorCode::InvalidField.entry(Some(field), reason)
}

async fn user(tx: &mut Tx, tenant: TenantId, field: &str, upn: &str) -> Result<UserId, Wrong> {
    let (upn, _) = upn_parse(upn).map_err(|problem| {
        let mut error = row_error(problem);
        error.field = Some(field.to_owned());
        error
    })?;
    let found = tx.people_named(tenant, std::slice::from_ref(&upn)).await?;
    match found.first() {
        Some(found) => Ok(found.id),
        None => {
            let reason = format!("no user {upn} in this tenant");
            Err(ErrorCode::UnknownUser.entry(Some(field), reason).into())
        }
    }
}

async fn target(
    tx: &mut Tx,
    tenant: TenantId,
    field: &str,
    cell: &str,
) -> Result<Option<ForwardTarget>, Wrong> {
    Ok(Some(match cell {
        "none" => return Ok(None),
        "Voicemail" => ForwardTarget::Voicemail,
        "MyDelegates" => ForwardTarget::MyDelegates,
        "Group" => ForwardTarget::Group,
        number if number.starts_with('+') => match E164::parse(number) {
            Ok(number) => ForwardTarget::Number(number),
            Err(_) => return Err(wrong(field, "a number is + and 2 to 15 digits (E.164)").into()),
        },
        upn => ForwardTarget::User(user(tx, tenant, field, upn).await?),
    }))
}

fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|part| !part.is_empty() && *part != "none")
}

/// What the row makes of somebody's settings.
async fn apply(
    tx: &mut Tx,
    tenant: TenantId,
    line: &Line,
    settings: &mut CallingSettings,
) -> Result<(), Wrong> {
    if let Some(cell) = line.get("forwarding") {
        let target = target(tx, tenant, "forwarding", cell).await?;
        settings.forwarding = match (target, line.get("forwarding_type")) {
            (None, _) => None,
            (Some(target), None | Some("Immediate")) => Some(Forwarding::Immediate(target)),
            (Some(target), Some("Simultaneous")) => Some(Forwarding::Simultaneous(target)),
            (Some(_), Some(_)) => {
                let reason = "forwarding is Immediate or Simultaneous";
                return Err(wrong("forwarding_type", reason).into());
            }
        };
    }
    let delay = match line.get("delay_seconds") {
        None => None,
        Some(cell) => {
            let seconds = cell.parse::<u32>().unwrap_or(0);
            let delay = UnansweredDelay::try_from(seconds);
            Some(delay.map_err(|error| wrong("delay_seconds", error.to_string()))?)
        }
    };
    if let Some(cell) = line.get("unanswered") {
        let before = settings.unanswered.map(|unanswered| unanswered.delay);
        let delay = delay.or(before).unwrap_or(UnansweredDelay::DEFAULT);
        let target = target(tx, tenant, "unanswered", cell).await?;
        settings.unanswered = target.map(|target| Unanswered { target, delay });
    } else if let (Some(delay), Some(unanswered)) = (delay, &mut settings.unanswered) {
        unanswered.delay = delay;
    }
    if let Some(cell) = line.get("busy") {
        settings.busy = target(tx, tenant, "busy", cell).await?;
    }
    if let Some(cell) = line.get("unreachable") {
        settings.unreachable = target(tx, tenant, "unreachable", cell).await?;
    }
    if let Some(cell) = line.get("delegates") {
        settings.delegates.clear();
        for part in parts(cell) {
            let (upn, make_calls, receive_calls) = match part.split_once(':') {
                None => (part, true, true),
                Some((upn, "MakeCalls")) => (upn, true, false),
                Some((upn, "ReceiveCalls")) => (upn, false, true),
                Some(_) => {
                    let reason = "a delegate may end in :MakeCalls or :ReceiveCalls";
                    return Err(wrong("delegates", reason).into());
                }
            };
            let user = user(tx, tenant, "delegates", upn).await?;
            settings.delegates.push(Delegate { user, make_calls, receive_calls });
        }
    }
    if let Some(cell) = line.get("call_group") {
        settings.call_group.clear();
        for upn in parts(cell) {
            settings.call_group.push(user(tx, tenant, "call_group", upn).await?);
        }
    }
    Ok(())
}

async fn take(tx: &mut Tx, tenant: TenantId, upn: &str, line: &Line) -> Result<Step, Wrong> {
    let id = user(tx, tenant, "upn", upn).await?;
    let Some(person) = tx.person_get(tenant, id).await? else {
        let reason = format!("no user {upn} in this tenant");
        return Err(ErrorCode::UnknownUser.entry(Some("upn"), reason).into());
    };
    let before = tx.calling_settings_get(tenant, id).await?;
    let (before, version) = before.map(|row| (row.settings.0, row.version)).unwrap_or_default();
    let mut settings = before.clone();
    apply(tx, tenant, line, &mut settings).await?;
    admissible(tx, &person, &settings).await.map_err(|fail| match Wrong::from(fail) {
        Wrong::Row(error) => Wrong::Row(column(error)),
        whole @ Wrong::Whole(_) => whole,
    })?;
    if settings == before {
        return Ok(Step::Unchanged);
    }
    let kept = Json(settings.clone());
    raced(tx.calling_settings_put((tenant, id), version, &kept).await?)?;
    change(tx, &Change::CallingSettingsPut(records::calling(tenant, id, &settings)));
    Ok(Step::Updated)
}

/// Whose people a file is about.
struct People(TenantId);

impl Takes for People {
    async fn take(&self, tx: &mut Tx, named: &Named, line: &Line) -> Result<Step, Wrong> {
        take(tx, self.0, &named.upn, line).await
    }
}

impl Exchange {
    /// Changes people's calling settings from a CSV file, at most 1,000 rows. A dry run checks the
    /// same and changes nothing.
    ///
    /// # Errors
    /// `malformed_csv`, which names line and column; `no_entries`, `too_many_entries`,
    /// `forbidden`.
    pub async fn calling_file(
        &self,
        cx: &Cx,
        file: File,
        columns: Option<&str>,
        dry_run: bool,
    ) -> Result<CallingFileResult, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let rows = &PeopleFile::read(file, &FIELDS, columns)?;
        let action = if dry_run { "calling_settings.try" } else { "calling_settings.file" };
        self.act(cx, action, Keep::Answer, async |mut tx| {
            let tally = rows.take(&mut tx, &People(tenant)).await?;
            // Nothing to tell where nothing changed.
            if dry_run || !tally.changed() {
                tx.discard();
            }
            let result = CallingFileResult {
                dry_run,
                total: tally.total,
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
