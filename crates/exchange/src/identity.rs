//! Use cases: making clients, their tokens, sessions, sign-in codes, the audit log.

use crate::act::{
    Done, Fail, HOUSE, Keep, change_other, cursor, done, invalid, limit, new_id, not_found, now,
    page, store_problem, text, time,
};
use crate::authz::Access;
use crate::clients::ClientProof;
use crate::jwt::is_jwt;
use crate::{Actor, Cx, Exchange, ListQuery, Role, Scope, secret};
use api_types::identity::{
    AuditEntry, ClientCreate, ClientCredentials, LoginCode, Session, TokenAnswer,
};
use api_types::{ErrorCode, Page, Problem};
use domain::{OperatorId, TenantId};
use store::{ClientSecretRow, PrincipalRow, Tx};
use uuid::Uuid;

const SECOND: i64 = 1_000_000;
/// How long a token lasts.
const TOKEN_SECONDS: i64 = 3600;
/// How long a person stays signed in.
const SESSION_SECONDS: i64 = 12 * 3600;
/// How long a sign-in link is good.
const LOGIN_CODE_SECONDS: i64 = 15 * 60;
/// The same where the links are printed at start for anyone to try.
const LOGIN_CODE_DEMO_SECONDS: i64 = 24 * 3600;

/// The role a row stands for.
pub(crate) fn role_of(row: &PrincipalRow) -> Result<Role, Problem> {
    Role::parse(&row.role, row.operator_id, row.tenant_id)
}

/// What a client of this role may ask for on the compatible face; nothing where its role has no
/// part in it.
pub(crate) fn provisioning_of(role: Role, kept: &str) -> Vec<Scope> {
    let covered = |scope: &Scope| match role {
        Role::OperatorAdmin { .. } => true,
        Role::OperatorReader { .. } => *scope == Scope::ProvisioningRead,
        _ => false,
    };
    kept.split(' ').filter_map(Scope::parse).filter(covered).collect()
}

/// Reads the names of roles of the compatible face; left out they are all that the role covers.
pub(crate) fn provisioning_parse(
    role: Role,
    asked: Option<Vec<String>>,
) -> Result<Vec<Scope>, Problem> {
    let Some(asked) = asked else {
        return Ok(match role {
            Role::OperatorAdmin { .. } => vec![Scope::ProvisioningAdmin],
            Role::OperatorReader { .. } => vec![Scope::ProvisioningRead],
            _ => vec![],
        });
    };
    let mut scopes = Vec::new();
    for name in asked {
        let scope = Scope::parse(&name).filter(|scope| Scope::PROVISIONING.contains(scope));
        let covered = scope.filter(|scope| !provisioning_of(role, scope.as_str()).is_empty());
        match covered {
            Some(scope) if !scopes.contains(&scope) => scopes.push(scope),
            Some(_) => {}
            None => {
                let reason = format!(
                    "{name:?} is none of {} that a {} may have",
                    Scope::PROVISIONING.map(Scope::as_str).join(", "),
                    role.as_str()
                );
                return Err(invalid("provisioning_roles", reason));
            }
        }
    }
    Ok(scopes)
}

pub(crate) fn scopes_text(scopes: &[Scope]) -> String {
    scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" ")
}

/// Makes a client of a role; the secret is in the answer and nowhere else.
pub(crate) async fn client_insert(
    tx: &mut Tx,
    name: &str,
    role: Role,
    provisioning: &[Scope],
) -> Result<ClientCredentials, store::StoreError> {
    let client_secret = secret::draw();
    let row = PrincipalRow {
        id: new_id(),
        name: name.to_owned(),
        role: role.as_str().to_owned(),
        operator_id: role.operator(),
        tenant_id: role.tenant(),
        provisioning: scopes_text(provisioning),
        disabled_at: None,
        jwks_uri: None,
        issuer_id: None,
        subject: None,
        created_at: tx.at(),
    };
    tx.principal_insert(&row).await?;
    let kept = ClientSecretRow {
        // The first secret is found by its client's id.
        id: row.id,
        principal_id: row.id,
        hash: secret::hash(&client_secret).to_vec(),
        created_at: row.created_at,
        expires_at: None,
        revoked_at: None,
    };
    tx.client_secret_insert(&kept).await?;
    change_other(tx, "client", row.id, HOUSE);
    Ok(ClientCredentials {
        client_id: row.id,
        client_secret,
        role: row.role,
        scopes: role.scopes().iter().map(|s| s.as_str().to_owned()).collect(),
        provisioning_roles: provisioning.iter().map(|s| s.as_str().to_owned()).collect(),
    })
}

/// Signs somebody in; `hash` is of the cookie's token.
pub(crate) async fn session_insert(
    tx: &mut Tx,
    hash: [u8; 32],
    client: &PrincipalRow,
    role: Role,
) -> Result<(), store::StoreError> {
    let (scopes, at) = (scopes_text(role.scopes()), tx.at());
    let until = at + SESSION_SECONDS * SECOND;
    tx.token_insert(hash, client.id, "session", &scopes, at, until).await?;
    let who = Some((client.id, client.name.as_str()));
    tx.audit(who, "session.create", &client.id.to_string(), None).await
}

/// Whom a role acts for is there.
pub(crate) async fn party_must(tx: &mut Tx, role: Role) -> Result<(), Fail> {
    if let Some(operator) = role.operator()
        && tx.operator_get(operator).await?.is_none()
    {
        return Err(invalid("operator_id", "there is no such operator").into());
    }
    if let Some(tenant) = role.tenant()
        && tx.tenant_get(tenant).await?.is_none()
    {
        return Err(invalid("tenant_id", "there is no such tenant").into());
    }
    Ok(())
}

impl Exchange {
    /// Makes a client; its secret is shown this once.
    pub async fn client_create(
        &self,
        cx: &Cx,
        new: ClientCreate,
    ) -> Result<ClientCredentials, Problem> {
        cx.programme(Access::Write)?;
        let name = text("name", &new.name, 100)?;
        let (operator, tenant) = (new.operator_id.map(OperatorId), new.tenant_id.map(TenantId));
        let role = Role::parse(&new.role, operator, tenant)?;
        let provisioning = provisioning_parse(role, new.provisioning_roles)?;
        self.act(cx, "client.create", Keep::Nothing, async |mut tx| {
            party_must(&mut tx, role).await?;
            let credentials = client_insert(&mut tx, &name, role, &provisioning).await?;
            let subject = credentials.client_id.to_string();
            Ok(Done { answer: credentials, subject })
        })
        .await
    }

    /// A one-time sign-in for a client's person.
    pub async fn login_code_create(&self, cx: &Cx, client_id: Uuid) -> Result<LoginCode, Problem> {
        cx.programme(Access::Write)?;
        let seconds =
            if self.inner.config.demo { LOGIN_CODE_DEMO_SECONDS } else { LOGIN_CODE_SECONDS };
        self.act(cx, "login_code.create", Keep::Nothing, async |mut tx| {
            let client = tx.principal_get(client_id).await?;
            let client = client.ok_or_else(|| not_found("client", client_id))?;
            if client.role == "edge" {
                return Err(invalid("client_id", "an edge does not sign in to the page").into());
            }
            let code = secret::draw();
            let expires_at = tx.at() + seconds * SECOND;
            tx.login_code_insert(secret::hash(&code), client_id, expires_at).await?;
            change_other(&mut tx, "login_code", client_id, HOUSE);
            done(LoginCode { code, expires_at: time(expires_at) }, client_id)
        })
        .await
    }

    /// OAuth 2.0 client credentials (RFC 6749 section 4.4). A token is no
    /// resource: it leaves no entry in the audit log and no change.
    pub async fn token_issue(
        &self,
        client_id: &str,
        client_secret: &str,
        scope: Option<&str>,
    ) -> Result<TokenAnswer, Problem> {
        let proof = ClientProof::Secret(client_secret.to_owned());
        self.token_issue_to(client_id, &proof, scope).await
    }

    /// The same with any proof. The id may be empty where the proof names the client.
    ///
    /// # Errors
    /// `invalid_client`; `invalid_parameter` for a scope that the client does not have.
    pub async fn token_issue_to(
        &self,
        client_id: &str,
        proof: &ClientProof,
        scope: Option<&str>,
    ) -> Result<TokenAnswer, Problem> {
        let client = self.client_proven(client_id, proof).await?;
        let role = role_of(&client)?;
        let scopes = match scope.map(str::trim).filter(|s| !s.is_empty()) {
            None => role.scopes().to_vec(),
            Some(asked) => asked
                .split_ascii_whitespace()
                .map(|name| {
                    Scope::parse(name).filter(|s| role.scopes().contains(s)).ok_or_else(|| {
                        let reason = format!("a {} has no scope {name}", client.role);
                        ErrorCode::InvalidParameter.problem(Some("scope"), reason)
                    })
                })
                .collect::<Result<Vec<_>, _>>()?,
        };
        self.token_draw(client.id, &scopes).await
    }

    /// A token for the compatible face. As with the service whose clients it is for, a scope names
    /// an application of any name and `.default`: all roles the client has. One role alone, such
    /// as `api://anything/ProvisioningAPI.Read`, may be named instead.
    ///
    /// # Errors
    /// `invalid_client`; `invalid_parameter` for a scope of another form; `forbidden` for a client
    /// of no operator.
    pub async fn provisioning_token_issue(
        &self,
        client_id: &str,
        proof: &ClientProof,
        scope: &str,
    ) -> Result<TokenAnswer, Problem> {
        let client = self.client_proven(client_id, proof).await?;
        let role = role_of(&client)?;
        let covered = provisioning_of(role, &client.provisioning);
        if covered.is_empty() {
            let reason = format!("a {} has no role in the Provisioning API", client.role);
            return Err(ErrorCode::Forbidden.problem(None, reason));
        }
        let mut scopes = Vec::new();
        for asked in scope.split_ascii_whitespace() {
            let last = asked.rsplit_once('/').map(|(_, last)| last);
            match last.map(|last| (last, Scope::parse(last))) {
                Some((".default", _)) => scopes.extend(&covered),
                Some((_, Some(scope))) if Scope::PROVISIONING.contains(&scope) => {
                    let has =
                        covered.contains(&scope) || covered.contains(&Scope::ProvisioningAdmin);
                    if !has {
                        let reason = format!("the client does not have the role {asked:?}");
                        return Err(ErrorCode::InvalidParameter.problem(Some("scope"), reason));
                    }
                    scopes.push(scope);
                }
                _ => {
                    let reason = format!("{asked:?} is neither <application>/.default nor a role");
                    return Err(ErrorCode::InvalidParameter.problem(Some("scope"), reason));
                }
            }
        }
        if scopes.is_empty() {
            let reason = "a scope such as <application>/.default is missing";
            return Err(ErrorCode::InvalidParameter.problem(Some("scope"), reason));
        }
        self.token_draw(client.id, &scopes).await
    }

    async fn token_draw(&self, principal: Uuid, scopes: &[Scope]) -> Result<TokenAnswer, Problem> {
        let access_token = secret::draw();
        let (hash, scope) = (secret::hash(&access_token), scopes_text(scopes));
        let kept = self.inner.store.write(async |mut tx: Tx| {
            let at = tx.at();
            let until = at + TOKEN_SECONDS * SECOND;
            tx.token_insert(hash, principal, "bearer", &scope, at, until).await
        });
        kept.await.map_err(|e| store_problem(&e))?;
        let expires_in = TOKEN_SECONDS.cast_unsigned();
        Ok(TokenAnswer { access_token, token_type: "Bearer".to_owned(), expires_in, scope })
    }

    /// Who a bearer token or session cookie stands for.
    pub async fn actor_from_token(&self, token: &str) -> Result<Actor, Problem> {
        if is_jwt(token) {
            return self.actor_from_jwt(token).await;
        }
        let row = self.inner.store.token_seen(secret::hash(token)).await;
        let row = row.map_err(|e| store_problem(&e))?.ok_or_else(|| {
            ErrorCode::Unauthenticated.problem(None, "this token or session is not known")
        })?;
        if row.revoked_at.is_some() || row.disabled_at.is_some() {
            let what = if row.revoked_at.is_some() { "it" } else { "its client" };
            let reason = format!("{what} was revoked");
            return Err(ErrorCode::TokenRevoked.problem(None, reason));
        }
        if row.expires_at <= now() {
            let reason = format!("it was good until {}", time(row.expires_at));
            return Err(ErrorCode::TokenExpired.problem(None, reason));
        }
        let role = Role::parse(&row.role, row.operator_id, row.tenant_id)?;
        // What the client may no longer have, its tokens do not open any more.
        let covered = provisioning_of(role, &row.provisioning);
        let may = |scope: &Scope| {
            role.scopes().contains(scope)
                || covered.contains(scope)
                || (covered.contains(&Scope::ProvisioningAdmin)
                    && Scope::PROVISIONING.contains(scope))
        };
        Ok(Actor {
            principal: row.principal_id,
            role,
            scopes: row.scopes.split(' ').filter_map(Scope::parse).filter(may).collect(),
            name: row.name,
        })
    }

    /// Turns a sign-in code into a session; answers with the cookie's token.
    pub async fn session_create(&self, code: &str) -> Result<(String, Session), Problem> {
        let (hash, token) = (secret::hash(code), secret::draw());
        let kept = secret::hash(&token);
        // The code is spent only where the session is there.
        let sign_in = async |mut tx: Tx| -> Result<_, Fail> {
            let at = tx.at();
            let client = match tx.login_code_use(hash, at).await? {
                Some(principal) => tx.principal_get(principal).await?,
                None => None,
            };
            let client = client.ok_or_else(|| {
                let reason = "the code is unknown, used or old";
                ErrorCode::LoginCodeInvalid.problem(Some("/code"), reason)
            })?;
            if client.disabled_at.is_some() {
                let reason = "the client it is for may not sign in any more";
                return Err(ErrorCode::LoginCodeInvalid.problem(Some("/code"), reason).into());
            }
            let role = role_of(&client)?;
            session_insert(&mut tx, kept, &client, role).await?;
            change_other(&mut tx, "session", client.id, HOUSE);
            Ok((client, role))
        };
        let (client, role) = self.inner.store.write(sign_in).await?;
        let actor =
            Actor { principal: client.id, name: client.name, role, scopes: role.scopes().to_vec() };
        let session = self.session_get(&actor).await?;
        Ok((token, session))
    }

    /// Who is signed in.
    pub async fn session_get(&self, actor: &Actor) -> Result<Session, Problem> {
        let mut db = self.read().await?;
        let mut session = Session {
            principal_id: actor.principal,
            name: actor.name.clone(),
            role: actor.role.as_str().to_owned(),
            operator_id: None,
            operator_name: None,
            tenant_id: None,
            tenant_name: None,
            demo: self.inner.config.demo,
        };
        if let Some(operator) = actor.role.operator() {
            let row = db.operator_get(operator).await.map_err(|e| store_problem(&e))?;
            session.operator_id = Some(operator.0);
            session.operator_name = row.map(|o| o.name);
        }
        if let Some(tenant) = actor.role.tenant() {
            let row = db.tenant_get(tenant).await.map_err(|e| store_problem(&e))?;
            session.tenant_id = Some(tenant.0);
            session.tenant_name = row.map(|t| t.name);
        }
        Ok(session)
    }

    /// Signs out. A session that is gone already is no error.
    pub async fn session_delete(&self, token: &str) -> Result<(), Problem> {
        let hash = secret::hash(token);
        let gone = self.inner.store.write(async |mut tx: Tx| tx.token_delete(hash).await);
        gone.await.map_err(|e| store_problem(&e))?;
        Ok(())
    }

    /// The audit log, newest first.
    pub async fn audit_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<AuditEntry>, Problem> {
        cx.programme(Access::Private)?;
        let (limit, before) = (limit(&list)?, cursor::<i64>(&list)?);
        let mut db = self.read().await?;
        let rows = db.audit_list(before, limit + 1).await.map_err(|e| store_problem(&e))?;
        Ok(page(
            rows,
            limit,
            |row| row.id,
            |row| AuditEntry {
                id: row.id,
                at: time(row.at),
                principal_id: row.principal_id,
                principal: row.principal,
                action: row.action,
                subject: row.subject,
                request_id: row.request_id,
            },
        ))
    }
}
