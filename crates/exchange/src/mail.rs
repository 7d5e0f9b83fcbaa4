//! Mails to people who are given a number or lose one: written in the transaction that does it, so
//! that none is lost and none is sent of what did not happen, and sent by whichever node has a mail
//! server and claims them, at least once. Each attempt bears the same Message-ID.

use crate::act::{
    Fail, Keep, change_other, cursor, done, limit, new_id, not_found, of_tenant, page, time,
};
use crate::authz::Access;
use crate::{Cx, Exchange, ListQuery};
use api_types::mail::Mail;
use api_types::{ErrorCode, Page, Problem};
use domain::mail::{MailKind, MailState, WORTH_TELLING, write};
use domain::webhook::{Next, Patience, after_failure};
use domain::{TenantId, UserId};
use numbering::E164;
use outbound::{MailError, Mailer};
use std::time::Duration;
use store::{Db, MailPick, MailRow, MailSettled, NumberSettingsRow, PersonRow, StoreError, Tx};
use tokio::sync::watch;
use uuid::Uuid;

/// Mails that a node takes at a time.
const BATCH: u32 = 10;
/// How long a node keeps them: longer than a mail server may take for all.
const LEASE: i64 = 600 * 1_000_000;
/// How often a node looks for mails that wait.
const LOOK: Duration = Duration::from_millis(500);
/// How long what was settled is shown.
pub(crate) const KEPT: i64 = 30 * 24 * 3600 * 1_000_000;
/// When a mail that was not taken is tried again.
pub(crate) const PATIENCE: Patience =
    Patience { first: 30 * 1_000_000, longest: 3600 * 1_000_000, give_up_after: WORTH_TELLING };

/// Which mails a list shows.
#[derive(Clone, Debug, Default)]
pub struct MailFilter {
    /// `waiting`, `sent` or `failed`.
    pub state: Option<String>,
    /// To this person.
    pub user_id: Option<Uuid>,
    /// About this number.
    pub number: Option<E164>,
}

/// Writes the mails that a change of a number's holder brings, if the tenant wants them.
pub(crate) async fn tell(
    tx: &mut Tx,
    settings: Option<&NumberSettingsRow>,
    number: E164,
    from: Option<&PersonRow>,
    to: Option<&PersonRow>,
) -> Result<(), Fail> {
    if from.map(|row| row.id) == to.map(|row| row.id) {
        return Ok(());
    }
    let Some(settings) = settings else { return Ok(()) };
    let told = [
        (from.filter(|_| settings.unassignment_email), MailKind::NumberUnassigned),
        (to.filter(|_| settings.assignment_email), MailKind::NumberAssigned),
    ];
    for (person, kind) in told {
        let Some(person) = person else { continue };
        let listed = person.directory.as_ref().and_then(|kept| kept.0.mail.clone());
        let at = tx.at();
        let mail = MailRow {
            id: new_id(),
            tenant_id: person.tenant_id,
            person_id: person.id,
            name: person.display_name.clone(),
            address: listed.unwrap_or_else(|| person.upn.clone()),
            kind,
            number,
            state: MailState::Waiting,
            attempts: 0,
            created_at: at,
            due_at: at,
            lease_owner: None,
            settled_at: None,
            error_code: None,
            error: None,
        };
        tx.mail_insert(&mail).await?;
    }
    Ok(())
}

/// The same for one number, with whatever has to be read for it.
pub(crate) async fn tell_of(
    tx: &mut Tx,
    tenant: TenantId,
    number: E164,
    (from, to): (Option<UserId>, Option<UserId>),
) -> Result<(), Fail> {
    if from == to {
        return Ok(());
    }
    let settings = tx.number_settings_get(tenant).await?;
    if !settings.as_ref().is_some_and(|row| row.assignment_email || row.unassignment_email) {
        return Ok(());
    }
    let mut rows = [None, None];
    for (row, id) in rows.iter_mut().zip([from, to]) {
        if let Some(id) = id {
            *row = tx.person_get(tenant, id).await?;
        }
    }
    let [from, to] = &rows;
    tell(tx, settings.as_ref(), number, from.as_ref(), to.as_ref()).await
}

fn document(row: MailRow) -> Mail {
    Mail {
        id: row.id,
        user_id: row.person_id.0,
        address: row.address,
        kind: row.kind.as_str().to_owned(),
        number: row.number.to_string(),
        state: row.state.as_str().to_owned(),
        attempts: row.attempts,
        created_at: time(row.created_at),
        next_attempt_at: (row.state == MailState::Waiting).then(|| time(row.due_at)),
        settled_at: row.settled_at.map(time),
        error_code: row.error_code,
        error: row.error,
    }
}

/// What follows an attempt at `now`.
fn settled(
    row: &MailRow,
    sent: Result<(), MailError>,
    now: i64,
    patience: &Patience,
) -> MailSettled {
    let over = |state, error| MailSettled { state, due_at: now, settled_at: Some(now), error };
    let Err(error) = sent else { return over(MailState::Sent, None) };
    let told = Some((error.code().to_owned(), error.to_string()));
    let spread = row.id.as_u128() as u64;
    let tries = row.attempts + 1;
    match after_failure(patience, now, row.created_at, tries, spread, 0) {
        Next::TryAt(due_at) if error.may_pass() => {
            MailSettled { state: MailState::Waiting, due_at, settled_at: None, error: told }
        }
        Next::TryAt(_) | Next::GiveUp => over(MailState::Failed, told),
    }
}

impl Exchange {
    /// Sends mails until `shutdown` turns true. Several may run, in one process or many. A node
    /// without a mail server leaves them to the others, and ends those that nobody sent in time.
    pub async fn run_mails(&self, mut shutdown: watch::Receiver<bool>) {
        while !*shutdown.borrow() {
            match self.mails_once(&shutdown).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "no mail could be sent"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                stop = shutdown.wait_for(|stop| *stop) => {
                    // An error means that nobody is left to ask for a shutdown.
                    let _ = stop;
                    return;
                }
            }
        }
    }

    /// Claims what is due and sends it; `false` where nothing was.
    async fn mails_once(&self, shutdown: &watch::Receiver<bool>) -> Result<bool, StoreError> {
        let store = &self.inner.store;
        let mailer = self.inner.config.mailer.clone();
        let now = crate::act::now();
        // Without a mail server only what has waited too long is taken, to be ended.
        let due = if mailer.is_some() { now } else { now - WORTH_TELLING };
        let mut db = store.read().await?;
        let waits = db.mail_waiting(due).await?;
        drop(db);
        if !waits {
            return Ok(false);
        }
        let owner = Uuid::now_v7();
        let claim = async |mut tx: Tx| {
            let until = tx.at() + LEASE;
            tx.mail_claim(owner, due, until, BATCH).await
        };
        let rows = store.write(claim).await?;
        let any = !rows.is_empty();
        for row in rows {
            if *shutdown.borrow() {
                break;
            }
            let result = match &mailer {
                Some(mailer) => {
                    let sent = self.mail_send(mailer.as_ref(), &row).await?;
                    settled(&row, sent, crate::act::now(), &self.inner.config.mail_patience)
                }
                None => MailSettled {
                    state: MailState::Failed,
                    due_at: row.due_at,
                    settled_at: Some(now),
                    error: Some((
                        "no_mail_server".to_owned(),
                        "no node of this house was told of a mail server".to_owned(),
                    )),
                },
            };
            let write = async |mut tx: Tx| tx.mail_settle(row.id, owner, &result).await;
            store.write(write).await?;
        }
        store.write(async |mut tx: Tx| tx.mail_release(owner).await).await?;
        Ok(any)
    }

    async fn mail_send(
        &self,
        mailer: &dyn Mailer,
        row: &MailRow,
    ) -> Result<Result<(), MailError>, StoreError> {
        let mut db = self.inner.store.read().await?;
        let tenant = db.tenant_get(row.tenant_id).await?.map(|tenant| tenant.name);
        drop(db);
        let written = write(row.kind, &row.name, &tenant.unwrap_or_default(), row.number);
        let mail = outbound::Mail {
            id: row.id.to_string(),
            name: row.name.clone(),
            address: row.address.clone(),
            subject: written.subject,
            text: written.text,
        };
        Ok(mailer.send(mail).await)
    }

    /// How many mails wait and how many failed of late: for who watches the house.
    ///
    /// # Errors
    /// `database_away`, `busy`.
    pub async fn mails_unsent(&self) -> Result<(u32, u32), Problem> {
        let look = async |mut db: Db| {
            Ok((db.mail_count(MailState::Waiting).await?, db.mail_count(MailState::Failed).await?))
        };
        self.view(look).await
    }

    /// The tenant's mails, newest first.
    ///
    /// # Errors
    /// `invalid_parameter`, `forbidden`.
    pub async fn mail_list(
        &self,
        cx: &Cx,
        filter: MailFilter,
        list: ListQuery,
    ) -> Result<Page<Mail>, Problem> {
        let tenant = cx.tenant(Access::Read)?;
        let (most, before) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let state = match filter.state.as_deref() {
            None => None,
            Some(word) => Some(MailState::parse(word).ok_or_else(|| {
                let reason = "it is waiting, sent or failed";
                ErrorCode::InvalidParameter.problem(Some("state"), reason)
            })?),
        };
        let person = filter.user_id.map(UserId);
        let pick = MailPick { state, person, number: filter.number, before };
        let rows = self
            .view_as(cx, async |mut db: Db| Ok(db.mail_list(tenant, &pick, most + 1).await?))
            .await?;
        Ok(page(rows, most, |row| row.id, document))
    }

    /// Lets a failed mail wait to be sent again.
    ///
    /// # Errors
    /// `mail_not_failed`, `not_found`, `forbidden`.
    pub async fn mail_resend(&self, cx: &Cx, id: Uuid) -> Result<Mail, Problem> {
        let tenant = cx.tenant(Access::Help)?;
        self.act(cx, "mail.resend", Keep::Answer, async |mut tx| {
            let at = tx.at();
            let waits = tx.mail_again(tenant, id, at).await?;
            let row = tx.mail_of(tenant, id).await?.ok_or_else(|| not_found("mail", id))?;
            if !waits {
                let reason = format!("the mail is {}", row.state.as_str());
                return Err(ErrorCode::MailNotFailed.problem(None, reason).into());
            }
            change_other(&mut tx, "mail", id, of_tenant(tenant));
            done(document(row), id)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(attempts: u32) -> MailRow {
        MailRow {
            id: Uuid::nil(),
            tenant_id: TenantId(Uuid::nil()),
            person_id: UserId(Uuid::nil()),
            name: "Ada".to_owned(),
            address: "ada@example.com".to_owned(),
            kind: MailKind::NumberAssigned,
            number: E164::parse("+442079460123").expect("a number"),
            state: MailState::Waiting,
            attempts,
            created_at: 0,
            due_at: 0,
            lease_owner: None,
            settled_at: None,
            error_code: None,
            error: None,
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_for_three_days() {
        let later = || Err(MailError::Later("451".to_owned()));
        let refused = || Err(MailError::Refused("550".to_owned()));
        for (attempts, sent, now, state) in [
            (0, Ok(()), 0, MailState::Sent),
            (0, later(), 0, MailState::Waiting),
            (40, later(), WORTH_TELLING - 1, MailState::Waiting),
            (40, later(), WORTH_TELLING, MailState::Failed),
            (0, refused(), 0, MailState::Failed),
            (0, Err(MailError::Address("ada".to_owned())), 0, MailState::Failed),
        ] {
            let settled = settled(&row(attempts), sent.clone(), now, &PATIENCE);
            assert_eq!(settled.state, state, "{attempts} {sent:?} {now}");
            assert_eq!(settled.settled_at.is_some(), state != MailState::Waiting);
            assert!(state != MailState::Waiting || settled.due_at > now);
        }
    }
}
