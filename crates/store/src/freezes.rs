//! Windows in which nothing is to be changed.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use domain::TenantId;
use uuid::Uuid;

row! {
    /// A window: a tenant's, or everybody's.
    ChangeFreezeRow {
        id: Uuid,
        tenant_id: Option<TenantId>,
        name: String,
        starts_at: i64,
        ends_at: i64,
        created_at: i64,
    }
}

macro_rules! freeze_select {
    ($tail:literal) => {
        concat!(
            "SELECT id, tenant_id, name, starts_at, ends_at, created_at FROM change_freeze ",
            $tail
        )
    };
}

statements! {
    FREEZE_INSERT = "INSERT INTO change_freeze \
        (id, tenant_id, name, starts_at, ends_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    FREEZE_LIST = freeze_select!(
        "WHERE (tenant_id IS NULL OR tenant_id = $1) AND ends_at > $2 \
         AND (CAST($3 AS UUID) IS NULL OR id > $3) ORDER BY id LIMIT $4");
    FREEZE_GET = freeze_select!("WHERE id = $1");
    FREEZE_DELETE = "DELETE FROM change_freeze WHERE id = $1";
    FREEZE_OPEN = freeze_select!(
        "WHERE (tenant_id IS NULL OR tenant_id = $1) AND starts_at <= $2 AND ends_at > $2 \
         ORDER BY ends_at DESC, id LIMIT 1");
}

impl Db {
    /// Adds a window.
    pub async fn freeze_insert(&mut self, f: &ChangeFreezeRow) -> Result<(), StoreError> {
        let args = args![f.id, f.tenant_id, f.name, f.starts_at, f.ends_at, f.created_at];
        self.exec(FREEZE_INSERT, args).await?;
        Ok(())
    }

    /// Everybody's windows and the tenant's that are not over, after an id.
    pub async fn freeze_list(
        &mut self,
        tenant: Option<TenantId>,
        now: i64,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ChangeFreezeRow>, StoreError> {
        self.all(FREEZE_LIST, args![tenant, now, after, limit]).await
    }

    /// A window.
    pub async fn freeze_get(&mut self, id: Uuid) -> Result<Option<ChangeFreezeRow>, StoreError> {
        self.one(FREEZE_GET, args![id]).await
    }

    /// Takes a window away.
    pub async fn freeze_delete(&mut self, id: Uuid) -> Result<(), StoreError> {
        self.exec(FREEZE_DELETE, args![id]).await?;
        Ok(())
    }

    /// The window that is open now for everybody or for the tenant, the one that ends last.
    pub async fn freeze_open(
        &mut self,
        tenant: Option<TenantId>,
        now: i64,
    ) -> Result<Option<ChangeFreezeRow>, StoreError> {
        self.one(FREEZE_OPEN, args![tenant, now]).await
    }
}
