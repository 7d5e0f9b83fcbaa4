//! Use cases: the data transfer notice, and what is accepted of it and of operators' terms. Consents say which version they accepted; a newer one is
//! asked for anew, and stops no call (operator-connect.md 1.4).

use crate::act::{
    Fail, HOUSE, Keep, change_other, cursor, done, invalid, limit, new_id, not_found, page, time,
};
use crate::authz::Access;
use crate::consents::{consent_document, consent_must, consent_save, refusal};
use crate::{Cx, Exchange, ListQuery};
use api_types::tenant::{Acceptance, AcceptanceCreate, Consent, Notice, NoticeCreate};
use api_types::{ErrorCode, Page, Problem};
use domain::OperatorId;
use domain::consent::{ConsentRefusal, ConsentStatus, Versions};
use domain::offer::OfferState;
use store::{AcceptanceRow, ConsentRow, Db, NoticeRow, Tx};
use uuid::Uuid;

/// Longest notice, characters.
const MAX_TEXT: usize = 20_000;
/// What there is while nobody has written one.
const NONE_WRITTEN: &str =
    "The contacts, the company and the needs that you name here are passed on to the operator.";

fn document(row: NoticeRow) -> Notice {
    Notice { version: row.version, text: row.body, published_at: Some(time(row.published_at)) }
}

/// The versions that a consent to this operator accepts now.
pub(crate) async fn in_force(tx: &mut Tx, operator: OperatorId) -> Result<Versions, Fail> {
    let notice = tx.notice_list(None, 1).await?.first().map_or(0, |notice| notice.version);
    let offer = tx.offer_get(operator).await?.filter(|offer| offer.state != OfferState::Draft);
    let terms = offer.and_then(|offer| offer.terms_uri.map(|_| offer.terms_version));
    Ok(Versions { notice, terms })
}

/// What was read must be what is in force; what is not named is taken as read.
pub(crate) fn as_read(
    notice: Option<i64>,
    terms: Option<i64>,
    in_force: Versions,
) -> Result<(), Problem> {
    let other = |field: &str, read: i64, now: i64| {
        let reason = format!("you read version {read}, version {now} is in force");
        Err(ErrorCode::NoticeOutdated.problem(Some(field), reason))
    };
    if let Some(read) = notice.filter(|read| *read != in_force.notice) {
        return other("/notice_version", read, in_force.notice);
    }
    // Where there are no terms any more, those that were read last do no harm.
    let Some(now) = in_force.terms else { return Ok(()) };
    match terms.filter(|read| *read != now) {
        Some(read) => other("/terms_version", read, now),
        None => Ok(()),
    }
}

/// Writes into the record what is accepted now and by whom; answers with what is kept for good.
pub(crate) fn accept(tx: &Tx, cx: &Cx, row: &mut ConsentRow, in_force: Versions) -> AcceptanceRow {
    let (at, by) = (tx.at(), cx.actor.name.clone());
    row.notice_version = in_force.notice;
    // Of terms that are no more, what was accepted stays.
    row.terms_version = in_force.terms.unwrap_or(row.terms_version);
    row.notice_in_force = in_force.notice;
    row.terms_in_force = in_force.terms;
    row.accepted_at = Some(at);
    row.accepted_by = Some(by.clone());
    AcceptanceRow {
        id: new_id(),
        tenant_id: row.tenant_id,
        operator_id: row.operator_id,
        notice_version: in_force.notice,
        terms_version: in_force.terms.unwrap_or(0),
        accepted_at: at,
        accepted_by: by,
    }
}

fn acceptance_document(row: AcceptanceRow) -> Acceptance {
    Acceptance {
        id: row.id,
        operator_id: row.operator_id.0,
        notice_version: row.notice_version,
        terms_version: row.terms_version,
        accepted_at: time(row.accepted_at),
        accepted_by: row.accepted_by,
    }
}

impl Exchange {
    /// The notice in force; version 0 while the programme has written none.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn notice_get(&self, cx: &Cx) -> Result<Notice, Problem> {
        cx.tenant(Access::Read)?;
        let rows = self.view_as(cx, async |mut db: Db| Ok(db.notice_list(None, 1).await?)).await?;
        Ok(rows.into_iter().next().map_or_else(
            || Notice { version: 0, text: NONE_WRITTEN.to_owned(), published_at: None },
            document,
        ))
    }

    /// Every version there was, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn notice_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Notice>, Problem> {
        cx.programme(Access::Read)?;
        let (limit, before) = (limit(&list)?, cursor::<i64>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| Ok(db.notice_list(before, limit + 1).await?))
            .await?;
        Ok(page(rows, limit, |row| row.version, document))
    }

    /// Writes a new version, which is in force at once: tenants are asked to accept it.
    ///
    /// # Errors
    /// `invalid_field`, `forbidden`.
    pub async fn notice_create(&self, cx: &Cx, new: NoticeCreate) -> Result<Notice, Problem> {
        cx.programme(Access::Write)?;
        let text = new.text.trim();
        // Lines and tabs are a text's own.
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.is_empty() || text.chars().count() > MAX_TEXT || text.chars().any(control) {
            let reason = format!("a notice has 1 to {MAX_TEXT} characters");
            return Err(invalid("text", reason));
        }
        self.act(cx, "notice.create", Keep::Answer, async |mut tx| {
            let newest = tx.notice_list(None, 1).await?.first().map_or(0, |row| row.version);
            let row =
                NoticeRow { version: newest + 1, body: text.to_owned(), published_at: tx.at() };
            tx.notice_insert(&row).await?;
            change_other(&mut tx, "notice", row.version, HOUSE);
            let version = row.version;
            done(document(row), version)
        })
        .await
    }

    /// Accepts the notice and the terms that are in force, of a consent that stands.
    ///
    /// # Errors
    /// `notice_outdated` names what is in force; `consent_state`, `not_found`, `forbidden`.
    pub async fn consent_acceptance_create(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        read: AcceptanceCreate,
    ) -> Result<Consent, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let operator = OperatorId(operator_id);
        // Nothing that carries calls changes by it, so that no freeze refuses it.
        self.act(cx, "notice.accept", Keep::Answer, async |mut tx| {
            let mut row = consent_must(&mut tx, tenant, operator, operator_id).await?;
            if row.status == ConsentStatus::Removed {
                let from = Some(row.status);
                return Err(refusal(ConsentRefusal::WrongState { from }).into());
            }
            let in_force = in_force(&mut tx, operator).await?;
            as_read(Some(read.notice_version), Some(read.terms_version.unwrap_or(0)), in_force)?;
            let accepted = accept(&tx, cx, &mut row, in_force);
            consent_save(&mut tx, &mut row).await?;
            tx.acceptance_insert(&accepted).await?;
            let id = row.id;
            done(consent_document(row), id)
        })
        .await
    }

    /// Who accepted which versions when, newest first.
    ///
    /// # Errors
    /// `not_found`, `forbidden`.
    pub async fn consent_acceptance_list(
        &self,
        cx: &Cx,
        operator_id: Uuid,
        list: ListQuery,
    ) -> Result<Page<Acceptance>, Problem> {
        let tenant = cx.tenant(Access::Private)?;
        let operator = OperatorId(operator_id);
        let (limit, before) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let rows = self
            .view_as(cx, async |mut db: Db| {
                if db.consent_get(tenant, operator).await?.is_none() {
                    return Err(not_found("consent to operator", operator_id).into());
                }
                Ok(db.acceptance_list(tenant, operator, before, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.id, acceptance_document))
    }
}
