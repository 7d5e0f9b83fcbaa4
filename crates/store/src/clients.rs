//! What clients prove themselves with, tokens that people make for their programs, and outside
//! issuers.

use crate::StoreError;
use crate::db::{Db, statements};
use crate::value::{Json, args, row};
use domain::{OperatorId, TenantId};
use uuid::Uuid;

row! {
    /// A secret of a client, by its SHA-256.
    ClientSecretRow {
        id: Uuid,
        principal_id: Uuid,
        hash: Vec<u8>,
        created_at: i64,
        expires_at: Option<i64>,
        revoked_at: Option<i64>,
    }
    /// A public key of a client, as a JSON Web Key.
    ClientKeyRow { id: Uuid, principal_id: Uuid, kid: String, jwk: String, created_at: i64 }
    /// A token that somebody made for a program.
    ApiTokenRow {
        id: Uuid,
        name: String,
        scopes: String,
        created_at: i64,
        expires_at: i64,
        revoked_at: Option<i64>,
    }
    /// An issuer of tokens outside.
    IssuerRow {
        id: Uuid,
        name: String,
        issuer: String,
        audience: String,
        jwks_uri: Option<String>,
        operator_id: Option<OperatorId>,
        tenant_id: Option<TenantId>,
        role_claim: String,
        roles: Json<Vec<(String, String)>>,
        organisation_claim: Option<String>,
        organisation: String,
        login_client_id: Option<String>,
        login_client_secret: Option<String>,
        created_at: i64,
        version: i64,
    }
    /// A sign-in that is under way at an issuer.
    OidcLoginRow { issuer_id: Uuid, nonce: String, verifier: String, redirect_uri: String }
}

statements! {
    CLIENT_SECRET_INSERT = "INSERT INTO client_secret \
        (id, principal_id, hash, created_at, expires_at, revoked_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    CLIENT_SECRET_LIST = "SELECT id, principal_id, hash, created_at, expires_at, revoked_at \
        FROM client_secret WHERE principal_id = $1 ORDER BY created_at, id";
    CLIENT_SECRET_REVOKE = "UPDATE client_secret SET revoked_at = $3 \
        WHERE id = $2 AND principal_id = $1 AND revoked_at IS NULL";
    CLIENT_SECRET_END = "UPDATE client_secret SET expires_at = $2 WHERE principal_id = $1 \
        AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    CLIENT_KEY_INSERT = "INSERT INTO client_key (id, principal_id, kid, jwk, created_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (principal_id, kid) DO NOTHING";
    CLIENT_KEY_LIST = "SELECT id, principal_id, kid, jwk, created_at FROM client_key \
        WHERE principal_id = $1 ORDER BY created_at, id";
    CLIENT_KEY_REMOVE = "DELETE FROM client_key WHERE id = $2 AND principal_id = $1";
    CLIENT_ASSERTION_INSERT = "INSERT INTO client_assertion (principal_id, jti_hash, expires_at) \
        VALUES ($1, $2, $3) ON CONFLICT (principal_id, jti_hash) DO NOTHING";
    CLIENT_ASSERTION_EXPIRE = "DELETE FROM client_assertion WHERE expires_at < $1";
    API_TOKEN_INSERT = "INSERT INTO token \
        (hash, principal_id, kind, scopes, created_at, expires_at, id, name) \
        VALUES ($1, $2, 'bearer', $3, $4, $5, $6, $7)";
    API_TOKEN_LIST = "SELECT id, name, scopes, created_at, expires_at, revoked_at FROM token \
        WHERE principal_id = $1 AND id IS NOT NULL AND expires_at > $2 ORDER BY created_at, id";
    API_TOKEN_REVOKE = "UPDATE token SET revoked_at = $3 \
        WHERE id = $2 AND principal_id = $1 AND revoked_at IS NULL";
    ISSUER_INSERT = "INSERT INTO issuer (id, name, issuer, audience, jwks_uri, operator_id, \
        tenant_id, role_claim, roles, organisation_claim, organisation, login_client_id, \
        login_client_secret, created_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
        ON CONFLICT (issuer, audience, organisation) DO NOTHING";
    ISSUER_GET = "SELECT id, name, issuer, audience, jwks_uri, operator_id, tenant_id, \
        role_claim, roles, organisation_claim, organisation, login_client_id, \
        login_client_secret, created_at, version FROM issuer WHERE id = $1";
    ISSUER_LIST = "SELECT id, name, issuer, audience, jwks_uri, operator_id, tenant_id, \
        role_claim, roles, organisation_claim, organisation, login_client_id, \
        login_client_secret, created_at, version FROM issuer \
        WHERE (CAST($1 AS TEXT) IS NULL OR id > $2) ORDER BY id LIMIT $3";
    ISSUER_NAMED = "SELECT id, name, issuer, audience, jwks_uri, operator_id, tenant_id, \
        role_claim, roles, organisation_claim, organisation, login_client_id, \
        login_client_secret, created_at, version FROM issuer WHERE issuer = $1 ORDER BY id";
    OIDC_LOGIN_INSERT = "INSERT INTO oidc_login \
        (state_hash, issuer_id, nonce, verifier, redirect_uri, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    OIDC_LOGIN_TAKE = "DELETE FROM oidc_login WHERE state_hash = $1 AND expires_at > $2 \
        RETURNING issuer_id, nonce, verifier, redirect_uri";
    OIDC_LOGIN_EXPIRE = "DELETE FROM oidc_login WHERE expires_at < $1";
    ISSUER_WITH_LOGIN = "SELECT id, name, issuer, audience, jwks_uri, operator_id, tenant_id, \
        role_claim, roles, organisation_claim, organisation, login_client_id, \
        login_client_secret, created_at, version FROM issuer \
        WHERE login_client_id IS NOT NULL ORDER BY name, id LIMIT $1";
    ISSUER_REMOVE = "DELETE FROM issuer WHERE id = $1";
    ISSUER_PEOPLE_DISABLE = "UPDATE principal SET disabled_at = $2 \
        WHERE issuer_id = $1 AND disabled_at IS NULL";
}

impl Db {
    /// Adds a secret.
    pub async fn client_secret_insert(&mut self, s: &ClientSecretRow) -> Result<(), StoreError> {
        let args = args![s.id, s.principal_id, s.hash, s.created_at, s.expires_at, s.revoked_at];
        self.exec(CLIENT_SECRET_INSERT, args).await?;
        Ok(())
    }

    /// A client's secrets, oldest first, ended ones too.
    pub async fn client_secret_list(
        &mut self,
        principal: Uuid,
    ) -> Result<Vec<ClientSecretRow>, StoreError> {
        self.all(CLIENT_SECRET_LIST, args![principal]).await
    }

    /// Ends a secret now; `false` where the client has none such that is good.
    pub async fn client_secret_revoke(
        &mut self,
        principal: Uuid,
        id: Uuid,
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(CLIENT_SECRET_REVOKE, args![principal, id, at]).await? > 0)
    }

    /// Has every secret of the client end at `at`, unless it ends before.
    pub async fn client_secret_end(&mut self, principal: Uuid, at: i64) -> Result<(), StoreError> {
        self.exec(CLIENT_SECRET_END, args![principal, at]).await?;
        Ok(())
    }

    /// Adds a key; `false` where the client has one of this name.
    pub async fn client_key_insert(&mut self, k: &ClientKeyRow) -> Result<bool, StoreError> {
        let args = args![k.id, k.principal_id, k.kid, k.jwk, k.created_at];
        Ok(self.exec(CLIENT_KEY_INSERT, args).await? > 0)
    }

    /// A client's keys, oldest first.
    pub async fn client_key_list(
        &mut self,
        principal: Uuid,
    ) -> Result<Vec<ClientKeyRow>, StoreError> {
        self.all(CLIENT_KEY_LIST, args![principal]).await
    }

    /// Removes a key; `false` where the client has none such.
    pub async fn client_key_remove(
        &mut self,
        principal: Uuid,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(CLIENT_KEY_REMOVE, args![principal, id]).await? > 0)
    }

    /// Remembers an assertion by the hash of its `jti`; `false` where it was seen before.
    pub async fn assertion_insert(
        &mut self,
        principal: Uuid,
        jti_hash: [u8; 32],
        expires_at: i64,
    ) -> Result<bool, StoreError> {
        let args = args![principal, jti_hash.to_vec(), expires_at];
        Ok(self.exec(CLIENT_ASSERTION_INSERT, args).await? > 0)
    }

    /// Forgets assertions and sign-ins under way that ended before `before`.
    pub(crate) async fn assertion_expire(&mut self, before: i64) -> Result<(), StoreError> {
        self.exec(CLIENT_ASSERTION_EXPIRE, args![before]).await?;
        self.exec(OIDC_LOGIN_EXPIRE, args![before]).await?;
        Ok(())
    }

    /// Keeps a token that somebody made for a program.
    pub async fn api_token_insert(
        &mut self,
        hash: [u8; 32],
        principal: Uuid,
        t: &ApiTokenRow,
    ) -> Result<(), StoreError> {
        let args =
            args![hash.to_vec(), principal, t.scopes, t.created_at, t.expires_at, t.id, t.name];
        self.exec(API_TOKEN_INSERT, args).await?;
        Ok(())
    }

    /// Those tokens of a principal that have not expired by `now`, oldest first.
    pub async fn api_token_list(
        &mut self,
        principal: Uuid,
        now: i64,
    ) -> Result<Vec<ApiTokenRow>, StoreError> {
        self.all(API_TOKEN_LIST, args![principal, now]).await
    }

    /// Ends such a token; `false` where the principal has none such that is good.
    pub async fn api_token_revoke(
        &mut self,
        principal: Uuid,
        id: Uuid,
        at: i64,
    ) -> Result<bool, StoreError> {
        Ok(self.exec(API_TOKEN_REVOKE, args![principal, id, at]).await? > 0)
    }

    /// Adds an issuer; `false` where one of this name, audience and organisation is there.
    pub async fn issuer_insert(&mut self, i: &IssuerRow) -> Result<bool, StoreError> {
        let args = args![
            i.id,
            i.name,
            i.issuer,
            i.audience,
            i.jwks_uri,
            i.operator_id,
            i.tenant_id,
            i.role_claim,
            i.roles,
            i.organisation_claim,
            i.organisation,
            i.login_client_id,
            i.login_client_secret,
            i.created_at,
            i.version,
        ];
        Ok(self.exec(ISSUER_INSERT, args).await? > 0)
    }

    /// An issuer.
    pub async fn issuer_get(&mut self, id: Uuid) -> Result<Option<IssuerRow>, StoreError> {
        self.one(ISSUER_GET, args![id]).await
    }

    /// Issuers in the order of their ids.
    pub async fn issuer_list(
        &mut self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<IssuerRow>, StoreError> {
        let given = after.map(|_| String::new());
        self.all(ISSUER_LIST, args![given, after.unwrap_or_default(), i64::from(limit)]).await
    }

    /// Every issuer that calls itself so.
    pub async fn issuer_named(&mut self, issuer: &str) -> Result<Vec<IssuerRow>, StoreError> {
        self.all(ISSUER_NAMED, args![issuer.to_owned()]).await
    }

    /// Issuers at which people sign in, by name.
    pub async fn issuer_with_login(&mut self, limit: u32) -> Result<Vec<IssuerRow>, StoreError> {
        self.all(ISSUER_WITH_LOGIN, args![i64::from(limit)]).await
    }

    /// Remembers a sign-in under way by the hash of its state.
    pub async fn oidc_login_insert(
        &mut self,
        state_hash: [u8; 32],
        login: &OidcLoginRow,
        expires_at: i64,
    ) -> Result<(), StoreError> {
        let args = args![
            state_hash.to_vec(),
            login.issuer_id,
            login.nonce,
            login.verifier,
            login.redirect_uri,
            expires_at,
        ];
        self.exec(OIDC_LOGIN_INSERT, args).await?;
        Ok(())
    }

    /// Uses a sign-in under way up; `None` where it is unknown, used or old.
    pub async fn oidc_login_take(
        &mut self,
        state_hash: [u8; 32],
        now: i64,
    ) -> Result<Option<OidcLoginRow>, StoreError> {
        self.one(OIDC_LOGIN_TAKE, args![state_hash.to_vec(), now]).await
    }

    /// Removes an issuer, and shuts out whomever it vouched for; `false` where there is none such.
    pub async fn issuer_remove(&mut self, id: Uuid, at: i64) -> Result<bool, StoreError> {
        self.exec(ISSUER_PEOPLE_DISABLE, args![id, at]).await?;
        Ok(self.exec(ISSUER_REMOVE, args![id]).await? > 0)
    }
}
