//! Principals, tokens, sign-in codes, idempotency keys, the edges' keys.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{args, row};
use domain::{OperatorId, TenantId};
use uuid::Uuid;

row! {
    /// A client: a program or a person.
    PrincipalRow {
        id: Uuid,
        name: String,
        role: String,
        operator_id: Option<OperatorId>,
        tenant_id: Option<TenantId>,
        provisioning: String,
        secret_hash: Vec<u8>,
        created_at: i64,
    }
    /// A token with the principal it stands for.
    TokenRow {
        principal_id: Uuid,
        name: String,
        role: String,
        operator_id: Option<OperatorId>,
        tenant_id: Option<TenantId>,
        provisioning: String,
        scopes: String,
        expires_at: i64,
    }
    /// A use case that was done under this key.
    IdempotencyRow { request_hash: Vec<u8>, response: Option<String> }
    /// A secret shared by all edges.
    EdgeKeyRow { id: i64, secret: Vec<u8>, created_at: i64 }
}

statements! {
    PRINCIPAL_INSERT = "INSERT INTO principal \
        (id, name, role, operator_id, tenant_id, provisioning, secret_hash, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    PRINCIPAL_GET = "SELECT id, name, role, operator_id, tenant_id, provisioning, secret_hash, created_at \
        FROM principal WHERE id = $1";
    BOOTSTRAP_LOCK_PG = "LOCK TABLE principal IN SHARE ROW EXCLUSIVE MODE";
    PRINCIPAL_COUNT = "SELECT COUNT(*) AS v FROM principal";
    TOKEN_INSERT = "INSERT INTO token (hash, principal_id, kind, scopes, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    TOKEN_GET = "SELECT t.principal_id, p.name, p.role, p.operator_id, p.tenant_id, \
        p.provisioning, t.scopes, t.expires_at FROM token t JOIN principal p ON p.id = t.principal_id WHERE t.hash = $1";
    TOKEN_DELETE = "DELETE FROM token WHERE hash = $1";
    TOKEN_EXPIRE = "DELETE FROM token WHERE expires_at < $1";
    LOGIN_CODE_INSERT = "INSERT INTO login_code (hash, principal_id, expires_at) \
        VALUES ($1, $2, $3)";
    LOGIN_CODE_USE = "UPDATE login_code SET used_at = $2 \
        WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING principal_id AS v";
    LOGIN_CODE_EXPIRE = "DELETE FROM login_code WHERE expires_at < $1";
    IDEMPOTENCY_CLAIM = "INSERT INTO idempotency \
        (principal_id, request_key, request_hash, response, at) VALUES ($1, $2, $3, NULL, $4) \
        ON CONFLICT (principal_id, request_key) DO NOTHING";
    IDEMPOTENCY_GET = "SELECT request_hash, response FROM idempotency \
        WHERE principal_id = $1 AND request_key = $2";
    IDEMPOTENCY_ANSWER = "UPDATE idempotency SET response = $3 \
        WHERE principal_id = $1 AND request_key = $2";
    IDEMPOTENCY_EXPIRE = "DELETE FROM idempotency WHERE at < $1";
    EDGE_KEY_INSERT = "INSERT INTO edge_key (id, secret, created_at) VALUES ($1, $2, $3) \
        ON CONFLICT (id) DO NOTHING";
    EDGE_KEY_LIST = "SELECT id, secret, created_at FROM edge_key ORDER BY created_at, id";
    EDGE_KEY_REMOVE = "DELETE FROM edge_key WHERE id = $1";
}

impl Db {
    /// Adds a client.
    pub async fn principal_insert(&mut self, p: &PrincipalRow) -> Result<(), StoreError> {
        let args = args![
            p.id,
            p.name,
            p.role,
            p.operator_id,
            p.tenant_id,
            p.provisioning,
            p.secret_hash,
            p.created_at,
        ];
        self.exec(PRINCIPAL_INSERT, args).await?;
        Ok(())
    }

    /// A client.
    pub async fn principal_get(&mut self, id: Uuid) -> Result<Option<PrincipalRow>, StoreError> {
        self.one(PRINCIPAL_GET, args![id]).await
    }

    /// Keeps others from adding clients until this transaction ends.
    pub async fn bootstrap_lock(&mut self) -> Result<(), StoreError> {
        if self.is_pg() {
            self.exec(BOOTSTRAP_LOCK_PG, args![]).await?;
        }
        Ok(())
    }

    /// How many clients there are.
    pub async fn principal_count(&mut self) -> Result<i64, StoreError> {
        Ok(self.value(PRINCIPAL_COUNT, args![]).await?.unwrap_or(0))
    }

    /// Keeps a token by its hash; `kind` is `bearer` or `session`, times are
    /// microseconds since 1970 UTC.
    pub async fn token_insert(
        &mut self,
        hash: [u8; 32],
        principal: Uuid,
        kind: &str,
        scopes: &str,
        created_at: i64,
        expires_at: i64,
    ) -> Result<(), StoreError> {
        let (kind, scopes) = (kind.to_owned(), scopes.to_owned());
        let args = args![hash.to_vec(), principal, kind, scopes, created_at, expires_at];
        self.exec(TOKEN_INSERT, args).await?;
        Ok(())
    }

    /// A token by its hash, expired or not.
    pub async fn token_get(&mut self, hash: [u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        self.one(TOKEN_GET, args![hash.to_vec()]).await
    }

    /// Forgets a token; `false` where there is none.
    pub async fn token_delete(&mut self, hash: [u8; 32]) -> Result<bool, StoreError> {
        Ok(self.exec(TOKEN_DELETE, args![hash.to_vec()]).await? > 0)
    }

    /// Keeps a one-time sign-in code by its hash.
    pub async fn login_code_insert(
        &mut self,
        hash: [u8; 32],
        principal: Uuid,
        expires_at: i64,
    ) -> Result<(), StoreError> {
        self.exec(LOGIN_CODE_INSERT, args![hash.to_vec(), principal, expires_at]).await?;
        Ok(())
    }

    /// Uses a code up; `None` where it is unknown, used or expired.
    pub async fn login_code_use(
        &mut self,
        hash: [u8; 32],
        now: i64,
    ) -> Result<Option<Uuid>, StoreError> {
        self.value(LOGIN_CODE_USE, args![hash.to_vec(), now]).await
    }

    /// Forgets tokens and codes that ended before `tokens`, and answers kept
    /// under idempotency keys since before `answers`.
    pub async fn identity_expire(&mut self, tokens: i64, answers: i64) -> Result<(), StoreError> {
        self.exec(TOKEN_EXPIRE, args![tokens]).await?;
        self.exec(LOGIN_CODE_EXPIRE, args![tokens]).await?;
        self.exec(IDEMPOTENCY_EXPIRE, args![answers]).await?;
        Ok(())
    }

    /// Claims an idempotency key for this transaction; where it was used
    /// before, says for what. Two transactions with the same key wait for each
    /// other here.
    pub async fn idempotency_claim(
        &mut self,
        principal: Uuid,
        key: &str,
        request_hash: [u8; 32],
        at: i64,
    ) -> Result<Option<IdempotencyRow>, StoreError> {
        let key = key.to_owned();
        let args = args![principal, key, request_hash.to_vec(), at];
        if self.exec(IDEMPOTENCY_CLAIM, args).await? > 0 {
            return Ok(None);
        }
        let found = self.one(IDEMPOTENCY_GET, args![principal, key]).await?;
        found.map(Some).ok_or_else(|| StoreError::Busy("an idempotency key just expired".into()))
    }

    /// Keeps the answer under a claimed key.
    pub async fn idempotency_answer(
        &mut self,
        principal: Uuid,
        key: &str,
        response: Option<String>,
    ) -> Result<(), StoreError> {
        self.exec(IDEMPOTENCY_ANSWER, args![principal, key.to_owned(), response]).await?;
        Ok(())
    }

    /// Adds an edge key unless its id is taken; `true` where it was added.
    pub async fn edge_key_insert(
        &mut self,
        id: u8,
        secret: &[u8],
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(EDGE_KEY_INSERT, args![i64::from(id), secret.to_vec(), at]).await? > 0)
    }

    /// Removes an edge key.
    pub async fn edge_key_remove(&mut self, id: i64) -> Result<(), StoreError> {
        self.exec(EDGE_KEY_REMOVE, args![id]).await?;
        Ok(())
    }

    /// Every edge key, oldest first.
    pub async fn edge_key_list(&mut self) -> Result<Vec<EdgeKeyRow>, StoreError> {
        self.all(EDGE_KEY_LIST, args![]).await
    }
}
