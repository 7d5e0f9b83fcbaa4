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
        disabled_at: Option<i64>,
        jwks_uri: Option<String>,
        issuer_id: Option<Uuid>,
        subject: Option<String>,
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
        kind: String,
        token_name: Option<String>,
        expires_at: i64,
        revoked_at: Option<i64>,
        disabled_at: Option<i64>,
    }
    /// A use case that was done under this key.
    IdempotencyRow { request_hash: Vec<u8>, response: Option<String> }
    /// A secret shared by all edges.
    EdgeKeyRow { id: i64, secret: Vec<u8>, created_at: i64 }
}

statements! {
    PRINCIPAL_INSERT = "INSERT INTO principal \
        (id, name, role, operator_id, tenant_id, provisioning, disabled_at, jwks_uri, issuer_id, \
        subject, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    PRINCIPAL_GET = "SELECT id, name, role, operator_id, tenant_id, provisioning, disabled_at, \
        jwks_uri, issuer_id, subject, created_at \
        FROM principal WHERE id = $1";
    PRINCIPAL_OF_SUBJECT = "SELECT id, name, role, operator_id, tenant_id, provisioning, disabled_at, \
        jwks_uri, issuer_id, subject, created_at \
        FROM principal WHERE issuer_id = $1 AND subject = $2";
    PRINCIPAL_LIST = "SELECT id, name, role, operator_id, tenant_id, provisioning, disabled_at, \
        jwks_uri, issuer_id, subject, created_at \
        FROM principal WHERE (CAST($1 AS TEXT) IS NULL OR id > $2) ORDER BY id LIMIT $3";
    PRINCIPAL_UPDATE = "UPDATE principal SET name = $2, role = $3, provisioning = $4, \
        disabled_at = $5, jwks_uri = $6 WHERE id = $1";
    BOOTSTRAP_LOCK_PG = "LOCK TABLE principal IN SHARE ROW EXCLUSIVE MODE";
    PRINCIPAL_COUNT = "SELECT COUNT(*) AS v FROM principal";
    TOKEN_INSERT = "INSERT INTO token (hash, principal_id, kind, scopes, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    TOKEN_GET = "SELECT t.principal_id, p.name, p.role, p.operator_id, p.tenant_id, \
        p.provisioning, t.scopes, t.kind, t.name AS token_name, t.expires_at, t.revoked_at, \
        p.disabled_at FROM token t JOIN principal p ON p.id = t.principal_id WHERE t.hash = $1";
    TOKEN_REVOKE = "UPDATE token SET revoked_at = $3 \
        WHERE hash = $1 AND principal_id = $2 AND revoked_at IS NULL";
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
            p.disabled_at,
            p.jwks_uri,
            p.issuer_id,
            p.subject,
            p.created_at,
        ];
        self.exec(PRINCIPAL_INSERT, args).await?;
        Ok(())
    }

    /// A client.
    pub async fn principal_get(&mut self, id: Uuid) -> Result<Option<PrincipalRow>, StoreError> {
        self.one(PRINCIPAL_GET, args![id]).await
    }

    /// Whom an issuer calls by this subject.
    pub async fn principal_of_subject(
        &mut self,
        issuer: Uuid,
        subject: &str,
    ) -> Result<Option<PrincipalRow>, StoreError> {
        self.one(PRINCIPAL_OF_SUBJECT, args![issuer, subject.to_owned()]).await
    }

    /// Clients in the order of their ids.
    pub async fn principal_list(
        &mut self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<PrincipalRow>, StoreError> {
        let given = after.map(|_| String::new());
        let args = args![given, after.unwrap_or_default(), i64::from(limit)];
        self.all(PRINCIPAL_LIST, args).await
    }

    /// Writes what of a client may change.
    pub async fn principal_update(&mut self, p: &PrincipalRow) -> Result<(), StoreError> {
        let args = args![p.id, p.name, p.role, p.provisioning, p.disabled_at, p.jwks_uri];
        self.exec(PRINCIPAL_UPDATE, args).await?;
        Ok(())
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

    /// Ends a token of this principal's; `false` where it has none such.
    pub async fn token_revoke(
        &mut self,
        hash: [u8; 32],
        principal: Uuid,
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(TOKEN_REVOKE, args![hash.to_vec(), principal, at]).await? > 0)
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
        self.assertion_expire(tokens).await?;
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
