//! Leads: operators' invitations of tenants.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{Json, args, row};
use domain::lead::LeadStatus;
use domain::{OperatorId, TenantId};
use numbering::Country;
use uuid::Uuid;

row! {
    /// A lead, with the operator's name.
    LeadRow {
        id: Uuid,
        operator_id: OperatorId,
        operator_name: String,
        tenant_id: Option<TenantId>,
        domain: Option<String>,
        code_hash: Option<Vec<u8>>,
        countries: Json<Vec<Country>>,
        message: Option<String>,
        status: LeadStatus,
        comment: Option<String>,
        created_at: i64,
        expires_at: i64,
        decided_at: Option<i64>,
    }
}

macro_rules! lead_select {
    ($tail:literal) => {
        concat!(
            "SELECT l.id, l.operator_id, COALESCE(o.name, '') AS operator_name, l.tenant_id, ",
            "l.domain, l.code_hash, l.countries, l.message, l.status, l.comment, l.created_at, ",
            "l.expires_at, l.decided_at ",
            "FROM lead l LEFT JOIN operator o ON o.id = l.operator_id ",
            $tail
        )
    };
}

statements! {
    LEAD_INSERT = "INSERT INTO lead (id, operator_id, tenant_id, domain, code_hash, countries, \
        message, status, comment, created_at, expires_at, decided_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    LEAD_GET = lead_select!("WHERE l.id = $1");
    LEAD_LOCK_PG = "SELECT id AS v FROM lead WHERE id = $1 FOR UPDATE";
    LEAD_OF_CODE = lead_select!("WHERE l.code_hash = $1");
    LEADS_OPEN = "SELECT COUNT(*) AS v FROM lead \
        WHERE operator_id = $1 AND status = 'open' AND expires_at > $2";
    LEADS_OF_OPERATOR = lead_select!(
        "WHERE l.operator_id = $1 AND (CAST($2 AS UUID) IS NULL OR l.id < $2) \
         ORDER BY l.id DESC LIMIT $3");
    LEADS_OF_TENANT = lead_select!(
        "WHERE (l.tenant_id = $1 OR (l.tenant_id IS NULL AND l.domain = $2)) \
         AND (CAST($3 AS UUID) IS NULL OR l.id < $3) ORDER BY l.id DESC LIMIT $4");
    LEAD_NAMES = "SELECT l.id AS v FROM lead l JOIN tenant t ON t.id = $1 \
        WHERE l.operator_id = $2 AND l.status = 'open' AND l.expires_at > $3 \
        AND (l.tenant_id = $1 OR (l.tenant_id IS NULL AND l.domain = t.domain)) LIMIT 1";
    LEAD_UPDATE = "UPDATE lead SET tenant_id = $2, status = $3, comment = $4, decided_at = $5 \
        WHERE id = $1 AND status = 'open'";
}

impl Db {
    /// Adds a lead.
    pub async fn lead_insert(&mut self, l: &LeadRow) -> Result<(), StoreError> {
        let args = args![
            l.id,
            l.operator_id,
            l.tenant_id,
            l.domain,
            l.code_hash,
            l.countries,
            l.message,
            l.status,
            l.comment,
            l.created_at,
            l.expires_at,
            l.decided_at
        ];
        self.exec(LEAD_INSERT, args).await?;
        Ok(())
    }

    /// A lead.
    pub async fn lead_get(&mut self, id: Uuid) -> Result<Option<LeadRow>, StoreError> {
        self.one(LEAD_GET, args![id]).await
    }

    /// Keeps others from deciding it until this transaction ends.
    pub async fn lead_lock(&mut self, id: Uuid) -> Result<(), StoreError> {
        if self.is_pg() {
            self.value::<Uuid>(LEAD_LOCK_PG, args![id]).await?;
        }
        Ok(())
    }

    /// The lead of a code, by the code's SHA-256.
    pub async fn lead_of_code(&mut self, hash: &[u8]) -> Result<Option<LeadRow>, StoreError> {
        self.one(LEAD_OF_CODE, args![hash.to_vec()]).await
    }

    /// How many of an operator's leads are open.
    pub async fn leads_open(&mut self, operator: OperatorId, now: i64) -> Result<i64, StoreError> {
        Ok(self.value(LEADS_OPEN, args![operator, now]).await?.unwrap_or(0))
    }

    /// An operator's leads, newest first, before an id.
    pub async fn leads_of_operator(
        &mut self,
        operator: OperatorId,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<LeadRow>, StoreError> {
        self.all(LEADS_OF_OPERATOR, args![operator, before, limit]).await
    }

    /// The leads that name a tenant, by itself or by its domain, newest first, before an id.
    pub async fn leads_of_tenant(
        &mut self,
        tenant: TenantId,
        domain: &str,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<LeadRow>, StoreError> {
        self.all(LEADS_OF_TENANT, args![tenant, domain.to_owned(), before, limit]).await
    }

    /// Has this operator ever invited the tenant?
    pub async fn lead_names(
        &mut self,
        tenant: TenantId,
        operator: OperatorId,
        now: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.value::<Uuid>(LEAD_NAMES, args![tenant, operator, now]).await?.is_some())
    }

    /// Writes whose it is and how it stands; `false` where it was decided before.
    pub async fn lead_update(&mut self, l: &LeadRow) -> Result<bool, StoreError> {
        let args = args![l.id, l.tenant_id, l.status, l.comment, l.decided_at];
        Ok(self.exec(LEAD_UPDATE, args).await? > 0)
    }
}
