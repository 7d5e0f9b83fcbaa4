//! Use cases: leads. An operator invites a tenant by its domain, or by a code that it hands over;
//! the tenant consents, by which the lead is accepted (`consent_create`), or declines. Whether a
//! domain is a tenant's, an operator is not told before the tenant has decided.

use crate::act::{
    self, Fail, Keep, change_other, cursor, done, invalid, limit, new_id, not_found, of_operator,
    page, raced, text, time,
};
use crate::authz::Access;
use crate::programme::{countries_parse, dns_name};
use crate::secret::{draw, hash};
use crate::{Cx, Exchange, ListQuery};
use api_types::operator::{Lead, LeadClaim, LeadCreate, LeadCreated, LeadDecline};
use api_types::{ErrorCode, Page, Problem};
use domain::lead::{DAYS, DEFAULT_DAYS, LeadEvent, LeadOver, LeadStatus, MAX_OPEN};
use domain::{OperatorId, TenantId};
use numbering::Country;
use store::{Db, Json, LeadRow, Tx};
use uuid::Uuid;

const DAY_US: i64 = 24 * 3600 * 1_000_000;
/// Longest message, and longest reason of a tenant that declines, characters.
const MAX_TEXT: usize = 1000;

/// As one side sees it at this instant.
fn document(row: LeadRow, now: i64, by_tenant: bool) -> Lead {
    let status = row.status.at(row.expires_at, now);
    let decided = matches!(status, LeadStatus::Accepted | LeadStatus::Declined);
    Lead {
        id: row.id,
        operator_id: row.operator_id.0,
        operator_name: row.operator_name,
        tenant_id: row.tenant_id.filter(|_| by_tenant || decided).map(|id| id.0),
        domain: row.domain,
        countries: row.countries.0.iter().map(Country::to_string).collect(),
        message: row.message,
        status: status.as_str().to_owned(),
        comment: row.comment,
        created_at: time(row.created_at),
        expires_at: time(row.expires_at),
        decided_at: row.decided_at.map(time),
    }
}

fn over(over: LeadOver) -> Problem {
    ErrorCode::LeadOver.problem(None, over.to_string())
}

/// A lead that names this tenant, by itself or by its domain.
async fn of_tenant(db: &mut Db, tenant: TenantId, id: Uuid) -> Result<Option<LeadRow>, Fail> {
    let Some(row) = db.lead_get(id).await? else { return Ok(None) };
    let named = match (row.tenant_id, &row.domain) {
        (Some(named), _) => named == tenant,
        (None, Some(domain)) => {
            db.tenant_get(tenant).await?.is_some_and(|own| own.domain == *domain)
        }
        (None, None) => false,
    };
    Ok(Some(row).filter(|_| named))
}

/// Tells whom the lead concerns, each by itself: a change of both would say to the operator which
/// tenant it is.
fn tell(tx: &mut Tx, row: &LeadRow) {
    change_other(tx, "lead", row.id, of_operator(row.operator_id));
    if let Some(tenant) = row.tenant_id {
        change_other(tx, "lead", row.id, act::of_tenant(tenant));
    }
}

/// Tells the tenant of an undecided lead's domain, if it is anybody's: that lies behind the
/// operator's wall.
async fn tell_domain(tx: &mut Tx, row: &LeadRow) -> Result<(), Fail> {
    if let (None, Some(domain)) = (row.tenant_id, &row.domain) {
        tx.reach_all().await?;
        if let Some(tenant) = tx.tenant_of_domain(domain).await? {
            change_other(tx, "lead", row.id, act::of_tenant(tenant.id));
        }
    }
    Ok(())
}

/// Takes a step that ends a lead.
async fn end(
    tx: &mut Tx,
    row: &mut LeadRow,
    event: LeadEvent,
    comment: Option<String>,
) -> Result<(), Fail> {
    let at = tx.at();
    row.status = row.status.at(row.expires_at, at).next(event).map_err(over)?;
    row.comment = comment;
    row.decided_at = Some(at);
    raced(tx.lead_update(row).await?)?;
    tell(tx, row);
    Ok(())
}

/// The open lead of this operator that a consent accepts, locked.
pub(crate) async fn lead_open(
    tx: &mut Tx,
    tenant: TenantId,
    operator: OperatorId,
    id: Uuid,
) -> Result<LeadRow, Fail> {
    tx.lead_lock(id).await?;
    let row = of_tenant(tx, tenant, id).await?.filter(|row| row.operator_id == operator);
    let row = row.ok_or_else(|| {
        let reason = format!("no lead {id} of operator {operator} is for this tenant");
        ErrorCode::LeadUnknown.problem(Some("/lead_id"), reason)
    })?;
    let now = tx.at();
    row.status.at(row.expires_at, now).next(LeadEvent::Accept).map_err(over)?;
    Ok(row)
}

/// The consent is there: the lead is accepted.
pub(crate) async fn lead_accepted(
    tx: &mut Tx,
    row: &mut LeadRow,
    tenant: TenantId,
) -> Result<(), Fail> {
    row.tenant_id = Some(tenant);
    end(tx, row, LeadEvent::Accept, None).await
}

impl Exchange {
    /// Invites a tenant. Without a domain the answer has a code, this once.
    ///
    /// # Errors
    /// `invalid_field`, `too_many_leads`, `forbidden`.
    pub async fn lead_create(&self, cx: &Cx, new: LeadCreate) -> Result<LeadCreated, Problem> {
        let operator = cx.operator(Access::Write)?;
        let domain = new.domain.as_deref().map(|d| dns_name("domain", d, 253)).transpose()?;
        let countries = countries_parse("countries", &new.countries)?;
        if countries.is_empty() {
            return Err(invalid("countries", "a lead names at least one country"));
        }
        let message = new.message.as_deref().map(|m| text("message", m, MAX_TEXT)).transpose()?;
        let days = new.days.unwrap_or(DEFAULT_DAYS);
        if !DAYS.contains(&days) {
            return Err(invalid("days", "a lead stays open for 1 to 365 days"));
        }
        // A code opens the door to whoever shows it, so it is kept as its hash alone.
        let keep = if domain.is_some() { Keep::Answer } else { Keep::Nothing };
        let code = domain.is_none().then(draw);
        self.act(cx, "lead.create", keep, async |mut tx| {
            let at = tx.at();
            if tx.leads_open(operator, at).await? >= MAX_OPEN {
                let reason = format!("{MAX_OPEN} leads of yours are open");
                return Err(ErrorCode::TooManyLeads.problem(None, reason).into());
            }
            let own = tx.operator_get(operator).await?;
            let row = LeadRow {
                id: new_id(),
                operator_id: operator,
                operator_name: own.map(|own| own.name).unwrap_or_default(),
                tenant_id: None,
                domain: domain.clone(),
                code_hash: code.as_deref().map(|code| hash(code).to_vec()),
                countries: Json(countries.clone()),
                message: message.clone(),
                status: LeadStatus::Open,
                comment: None,
                created_at: at,
                expires_at: at + i64::from(days) * DAY_US,
                decided_at: None,
            };
            tx.lead_insert(&row).await?;
            tell(&mut tx, &row);
            tell_domain(&mut tx, &row).await?;
            let id = row.id;
            done(LeadCreated { lead: document(row, at, false), code: code.clone() }, id)
        })
        .await
    }

    /// The operator's leads, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn operator_lead_list(
        &self,
        cx: &Cx,
        list: ListQuery,
    ) -> Result<Page<Lead>, Problem> {
        let operator = cx.operator(Access::Read)?;
        let (limit, before) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let now = crate::act::now();
        let rows = self
            .view_as(cx, async |mut db: Db| {
                Ok(db.leads_of_operator(operator, before, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.id, |row| document(row, now, false)))
    }

    /// Takes a lead back.
    ///
    /// # Errors
    /// `not_found`, `lead_over`, `forbidden`.
    pub async fn lead_withdraw(&self, cx: &Cx, id: Uuid) -> Result<Lead, Problem> {
        let operator = cx.operator(Access::Write)?;
        self.act(cx, "lead.withdraw", Keep::Answer, async |mut tx| {
            tx.lead_lock(id).await?;
            let row = tx.lead_get(id).await?.filter(|row| row.operator_id == operator);
            let mut row = row.ok_or_else(|| not_found("lead", id))?;
            end(&mut tx, &mut row, LeadEvent::Withdraw, None).await?;
            tell_domain(&mut tx, &row).await?;
            let now = tx.at();
            done(document(row, now, false), id)
        })
        .await
    }

    /// The invitations of this tenant, newest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn lead_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Lead>, Problem> {
        let tenant = cx.tenant(Access::Private)?;
        let (limit, before) = (limit(&list)?, cursor::<Uuid>(&list)?);
        let now = crate::act::now();
        let rows = self
            .view_as(cx, async |mut db: Db| {
                let domain = db.tenant_get(tenant).await?.map(|own| own.domain).unwrap_or_default();
                Ok(db.leads_of_tenant(tenant, &domain, before, limit + 1).await?)
            })
            .await?;
        Ok(page(rows, limit, |row| row.id, |row| document(row, now, true)))
    }

    /// Shows an operator's code: the lead is this tenant's from then on, to accept or to decline.
    ///
    /// # Errors
    /// `lead_code_invalid`, `forbidden`.
    pub async fn lead_claim(&self, cx: &Cx, claim: LeadClaim) -> Result<Lead, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let wanted = hash(claim.code.trim());
        self.act(cx, "lead.claim", Keep::Answer, async |mut tx| {
            // The lead is nobody's yet but the operator's.
            tx.reach_all().await?;
            let unknown = || {
                let reason = "the code is of no open lead, or another tenant has shown it";
                ErrorCode::LeadCodeInvalid.problem(Some("/code"), reason)
            };
            let found = tx.lead_of_code(&wanted).await?.ok_or_else(unknown)?;
            tx.lead_lock(found.id).await?;
            let mut row = tx.lead_get(found.id).await?.ok_or_else(unknown)?;
            let now = tx.at();
            let is_open = row.status.at(row.expires_at, now) == LeadStatus::Open;
            if !is_open || row.tenant_id.is_some_and(|other| other != tenant) {
                return Err(unknown().into());
            }
            row.tenant_id = Some(tenant);
            raced(tx.lead_update(&row).await?)?;
            tell(&mut tx, &row);
            let id = row.id;
            done(document(row, now, true), id)
        })
        .await
    }

    /// Declines an invitation.
    ///
    /// # Errors
    /// `not_found`, `lead_over`, `invalid_field`, `forbidden`.
    pub async fn lead_decline(
        &self,
        cx: &Cx,
        id: Uuid,
        decline: LeadDecline,
    ) -> Result<Lead, Problem> {
        let tenant = cx.tenant(Access::Write)?;
        let comment = decline.comment.as_deref();
        let comment = comment.map(|c| text("comment", c, MAX_TEXT)).transpose()?;
        self.act(cx, "lead.decline", Keep::Answer, async |mut tx| {
            tx.lead_lock(id).await?;
            let row = of_tenant(&mut tx, tenant, id).await?;
            let mut row = row.ok_or_else(|| not_found("lead", id))?;
            row.tenant_id = Some(tenant);
            end(&mut tx, &mut row, LeadEvent::Decline, comment.clone()).await?;
            let now = tx.at();
            done(document(row, now, true), id)
        })
        .await
    }
}
