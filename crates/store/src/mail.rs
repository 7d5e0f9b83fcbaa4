//! Mails to people: written with the act that they tell of, and sent by whichever node claims them.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use domain::mail::{MailKind, MailState};
use domain::{TenantId, UserId};
use numbering::E164;
use uuid::Uuid;

row! {
    /// A mail. Times are microseconds since 1970 UTC.
    MailRow {
        id: Uuid,
        tenant_id: TenantId,
        person_id: UserId,
        name: String,
        address: String,
        kind: MailKind,
        number: E164,
        state: MailState,
        attempts: u32,
        created_at: i64,
        due_at: i64,
        lease_owner: Option<Uuid>,
        settled_at: Option<i64>,
        error_code: Option<String>,
        error: Option<String>,
    }
}

/// What became of an attempt to send a mail.
#[derive(Clone, Debug)]
pub struct MailSettled {
    /// How it stands now.
    pub state: MailState,
    /// Where it waits: when it is tried again.
    pub due_at: i64,
    /// Where it does not: since when.
    pub settled_at: Option<i64>,
    /// Why it was not taken: a stable word and the reason.
    pub error: Option<(String, String)>,
}

/// Which mails of a tenant.
#[derive(Clone, Debug, Default)]
pub struct MailPick {
    /// In this state.
    pub state: Option<MailState>,
    /// To this person.
    pub person: Option<UserId>,
    /// About this number.
    pub number: Option<E164>,
    /// Older than this one.
    pub before: Option<Uuid>,
}

macro_rules! columns {
    () => {
        "id, tenant_id, person_id, name, address, kind, number, state, attempts, created_at, \
         due_at, lease_owner, settled_at, error_code, error"
    };
}

statements! {
    MAIL_INSERT = "INSERT INTO mail (id, tenant_id, person_id, name, address, kind, number, state, \
        attempts, created_at, due_at, lease_until) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, $8, $8, 0)";
    MAIL_WAITING = "SELECT id AS v FROM mail \
        WHERE state = 'waiting' AND due_at <= $1 AND lease_until <= $1 LIMIT 1";
    // Whoever waited for another's claim to commit looks at the lease again.
    MAIL_CLAIM = concat!(
        "UPDATE mail SET lease_owner = $2, lease_until = $3 WHERE lease_until <= $1 AND id IN ( \
            SELECT id FROM mail WHERE state = 'waiting' AND due_at <= $1 AND lease_until <= $1 \
            ORDER BY due_at, id LIMIT $4) RETURNING ", columns!());
    MAIL_SETTLE = "UPDATE mail SET state = $3, attempts = attempts + 1, due_at = $4, \
        settled_at = $5, error_code = $6, error = $7, lease_owner = NULL, lease_until = 0 \
        WHERE id = $1 AND lease_owner = $2";
    MAIL_RELEASE = "UPDATE mail SET lease_owner = NULL, lease_until = 0 WHERE lease_owner = $1";
    MAIL_AGAIN = "UPDATE mail SET state = 'waiting', attempts = 0, created_at = $3, due_at = $3, \
        settled_at = NULL, error_code = NULL, error = NULL \
        WHERE tenant_id = $1 AND id = $2 AND state = 'failed'";
    MAIL_OF = concat!("SELECT ", columns!(), " FROM mail WHERE tenant_id = $1 AND id = $2");
    MAIL_LIST = concat!("SELECT ", columns!(), " FROM mail WHERE tenant_id = $1 \
        AND (CAST($2 AS TEXT) IS NULL OR state = $2) \
        AND (CAST($3 AS UUID) IS NULL OR person_id = $3) \
        AND (CAST($4 AS BIGINT) IS NULL OR number = $4) \
        AND (CAST($5 AS UUID) IS NULL OR id < $5) ORDER BY id DESC LIMIT $6");
    MAIL_TRIM = "DELETE FROM mail WHERE state <> 'waiting' AND settled_at < $1";
    MAIL_COUNT = "SELECT COUNT(*) AS v FROM mail WHERE state = $1";
}

impl Db {
    /// Writes a mail that waits to be sent; what a new one does not have yet is passed over.
    pub async fn mail_insert(&mut self, m: &MailRow) -> Result<(), StoreError> {
        let args = args![
            m.id,
            m.tenant_id,
            m.person_id,
            m.name,
            m.address,
            m.kind,
            m.number,
            m.created_at
        ];
        self.exec(MAIL_INSERT, args).await?;
        Ok(())
    }

    /// Is there one that is due and held by nobody?
    pub async fn mail_waiting(&mut self, now: i64) -> Result<bool, StoreError> {
        Ok(self.value::<Uuid>(MAIL_WAITING, args![now]).await?.is_some())
    }

    /// Takes those that have been due for longest. `owner` is of this one claim.
    pub async fn mail_claim(
        &mut self,
        owner: Uuid,
        now: i64,
        lease_until: i64,
        most: u32,
    ) -> Result<Vec<MailRow>, StoreError> {
        let mut rows: Vec<MailRow> =
            self.all(MAIL_CLAIM, args![now, owner, lease_until, most]).await?;
        rows.sort_by_key(|row| (row.due_at, row.id));
        Ok(rows)
    }

    /// Writes what became of an attempt; `false` where the claim was lost.
    pub async fn mail_settle(
        &mut self,
        id: Uuid,
        owner: Uuid,
        settled: &MailSettled,
    ) -> Result<bool, StoreError> {
        let (code, error) = settled.error.clone().unzip();
        let args = args![id, owner, settled.state, settled.due_at, settled.settled_at, code, error];
        Ok(self.exec(MAIL_SETTLE, args).await? > 0)
    }

    /// Gives back what a claim has not tried.
    pub async fn mail_release(&mut self, owner: Uuid) -> Result<(), StoreError> {
        self.exec(MAIL_RELEASE, args![owner]).await?;
        Ok(())
    }

    /// Lets a failed mail wait again; `false` where it is not one.
    pub async fn mail_again(
        &mut self,
        tenant: TenantId,
        id: Uuid,
        now: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(MAIL_AGAIN, args![tenant, id, now]).await? > 0)
    }

    /// A mail of the tenant's.
    pub async fn mail_of(
        &mut self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<MailRow>, StoreError> {
        self.one(MAIL_OF, args![tenant, id]).await
    }

    /// Mails of the tenant's, newest first.
    pub async fn mail_list(
        &mut self,
        tenant: TenantId,
        pick: &MailPick,
        limit: u32,
    ) -> Result<Vec<MailRow>, StoreError> {
        let args = args![tenant, pick.state, pick.person, pick.number, pick.before, limit];
        self.all(MAIL_LIST, args).await
    }

    /// Forgets what was settled before a time.
    pub async fn mail_trim(&mut self, before: i64) -> Result<u64, StoreError> {
        self.exec(MAIL_TRIM, args![before]).await
    }

    /// How many stand so, of all tenants.
    pub async fn mail_count(&mut self, state: MailState) -> Result<u32, StoreError> {
        Ok(self.value(MAIL_COUNT, args![state]).await?.unwrap_or(0))
    }
}
