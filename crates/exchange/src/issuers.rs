//! Use cases: outside issuers, and the people and programs they vouch for.

use crate::act::{
    Fail, HOUSE, Keep, change_other, cursor, done, invalid, limit, new_id, not_found,
};
use crate::act::{page, store_problem, text, time};
use crate::authz::Access;
use crate::identity::{party_must, provisioning_of, scopes_text};
use crate::jwt::{Claims, Unproven};
use crate::{Actor, Cx, Exchange, ListQuery, Role, Scope};
use api_types::identity::{Issuer, IssuerCreate, RoleMapping};
use api_types::{ErrorCode, Page, Problem};
use domain::{OperatorId, TenantId};
use serde_json::Value;
use store::{IssuerRow, Json, PrincipalRow, Tx};
use uuid::Uuid;

/// Mappings of an issuer.
const MOST_ROLES: usize = 100;

fn document(row: IssuerRow) -> Issuer {
    let role = |(value, role): (String, String)| RoleMapping { value, role };
    Issuer {
        id: row.id,
        name: row.name,
        issuer: row.issuer,
        audience: row.audience,
        jwks_uri: row.jwks_uri,
        operator_id: row.operator_id.map(|id| id.0),
        tenant_id: row.tenant_id.map(|id| id.0),
        role_claim: row.role_claim,
        roles: row.roles.0.into_iter().map(role).collect(),
        organisation: row.organisation_claim.is_some().then_some(row.organisation),
        organisation_claim: row.organisation_claim,
        login_client_id: row.login_client_id,
        created_at: time(row.created_at),
    }
}

/// The values of a claim, `realm_access.roles` being one inside another.
fn values<'a>(claims: &'a Claims, path: &str) -> Vec<&'a str> {
    let found = claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(claims.get(first)?, |at, name| at.get(name))
    });
    match found {
        Some(Value::String(words)) => words.split_ascii_whitespace().collect(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The first role of the mapping that the claims name.
pub(crate) fn role_named(row: &IssuerRow, claims: &Claims) -> Result<Role, Problem> {
    let named = values(claims, &row.role_claim);
    let found =
        row.roles.0.iter().find(|(value, _)| value == "*" || named.contains(&value.as_str()));
    let (_, role) = found.ok_or_else(|| {
        let reason = format!("its {} names no role that is mapped here", row.role_claim);
        ErrorCode::TokenRole.problem(None, reason)
    })?;
    Role::parse(role, row.operator_id, row.tenant_id)
}

/// What the token may be used for: all that the role may, unless its own scopes say less; on the
/// compatible face what its roles or scopes name.
fn scopes_of(role: Role, claims: &Claims) -> Vec<Scope> {
    let mut named: Vec<&str> = Vec::new();
    for claim in ["scope", "scp", "roles"] {
        named.extend(values(claims, claim));
    }
    let named: Vec<Scope> = named.into_iter().filter_map(Scope::parse).collect();
    let own: Vec<Scope> =
        role.scopes().iter().copied().filter(|scope| named.contains(scope)).collect();
    let mut scopes = if own.is_empty() { role.scopes().to_vec() } else { own };
    let provisioning = scopes_text(&named);
    scopes.extend(
        provisioning_of(role, &provisioning)
            .into_iter()
            .filter(|scope| Scope::PROVISIONING.contains(scope)),
    );
    scopes
}

impl Exchange {
    /// Trusts an issuer.
    ///
    /// # Errors
    /// `invalid_field` names the field; `conflict` where this issuer is trusted for this audience
    /// already.
    pub async fn issuer_create(&self, cx: &Cx, new: IssuerCreate) -> Result<Issuer, Problem> {
        cx.programme(Access::Write)?;
        let name = text("name", &new.name, 100)?;
        let issuer = text("issuer", &new.issuer, 500)?;
        self.may_fetch("issuer", &issuer)?;
        if let Some(uri) = &new.jwks_uri {
            self.may_fetch("jwks_uri", uri)?;
        }
        let (operator, tenant) = (new.operator_id.map(OperatorId), new.tenant_id.map(TenantId));
        if operator.is_some() && tenant.is_some() {
            return Err(invalid("tenant_id", "an issuer is an operator's or a tenant's, not both"));
        }
        if new.roles.is_empty() || new.roles.len() > MOST_ROLES {
            return Err(invalid("roles", format!("1 to {MOST_ROLES} roles are mapped")));
        }
        let mut roles = Vec::new();
        let mut acts_for = None;
        for (at, mapping) in new.roles.iter().enumerate() {
            let field = format!("roles/{at}/role");
            let role = Role::parse(&mapping.role, operator, tenant)
                .map_err(|problem| invalid(&field, problem.reason))?;
            if role == Role::Edge {
                return Err(invalid(&field, "an edge is vouched for by nobody outside"));
            }
            acts_for = Some(role);
            let value = text(&format!("roles/{at}/value"), &mapping.value, 200)?;
            roles.push((value, mapping.role.clone()));
        }
        let organisation = match (&new.organisation_claim, &new.organisation) {
            (None, None) => String::new(),
            (Some(_), Some(organisation)) => text("organisation", organisation, 200)?,
            _ => {
                let reason = "organisation_claim and organisation are given together";
                return Err(invalid("organisation", reason));
            }
        };
        if new.login_client_id.is_none() && new.login_client_secret.is_some() {
            return Err(invalid("login_client_id", "a secret without the client it is of"));
        }
        let optional = |field: &str, value: &Option<String>| {
            value.as_ref().map(|value| text(field, value, 500)).transpose()
        };
        let row = IssuerRow {
            id: new_id(),
            name,
            issuer,
            audience: text("audience", &new.audience, 500)?,
            jwks_uri: new.jwks_uri.clone(),
            operator_id: operator,
            tenant_id: tenant,
            role_claim: text("role_claim", new.role_claim.as_deref().unwrap_or("roles"), 200)?,
            roles: Json(roles),
            organisation_claim: optional("organisation_claim", &new.organisation_claim)?,
            organisation,
            login_client_id: optional("login_client_id", &new.login_client_id)?,
            login_client_secret: optional("login_client_secret", &new.login_client_secret)?,
            created_at: 0,
            version: 1,
        };
        let row = &row;
        self.act(cx, "issuer.create", Keep::Answer, async |mut tx| {
            if let Some(role) = acts_for {
                party_must(&mut tx, role).await?;
            }
            let row = IssuerRow { created_at: tx.at(), ..row.clone() };
            if !tx.issuer_insert(&row).await? {
                let reason = "this issuer is trusted for this audience and organisation already";
                return Err(ErrorCode::Conflict.problem(Some("/issuer"), reason).into());
            }
            change_other(&mut tx, "issuer", row.id, HOUSE);
            let id = row.id;
            done(document(row), id)
        })
        .await
    }

    /// Outside issuers.
    ///
    /// # Errors
    /// `invalid_parameter`; `forbidden`.
    pub async fn issuer_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Issuer>, Problem> {
        cx.programme(Access::Private)?;
        let (limit, after) = (limit(&list)?, cursor(&list)?);
        let rows = self.view(async |mut db| Ok(db.issuer_list(after, limit + 1).await?)).await?;
        Ok(page(rows, limit, |row| row.id, document))
    }

    /// One of them.
    ///
    /// # Errors
    /// `not_found`; `forbidden`.
    pub async fn issuer_get(&self, cx: &Cx, id: Uuid) -> Result<Issuer, Problem> {
        cx.programme(Access::Private)?;
        let row = self.view(async |mut db| Ok(db.issuer_get(id).await?)).await?;
        row.map(document).ok_or_else(|| not_found("issuer", id))
    }

    /// Trusts an issuer no more, at once.
    ///
    /// # Errors
    /// `not_found`; `forbidden`.
    pub async fn issuer_remove(&self, cx: &Cx, id: Uuid) -> Result<(), Problem> {
        cx.programme(Access::Write)?;
        self.act(cx, "issuer.remove", Keep::Answer, async |mut tx| {
            let at = tx.at();
            if !tx.issuer_remove(id, at).await? {
                return Err(not_found("issuer", id).into());
            }
            change_other(&mut tx, "issuer", id, HOUSE);
            done((), id)
        })
        .await
    }

    /// Whether keys may be had from here, as far as the address tells.
    pub(crate) fn may_fetch(&self, field: &str, url: &str) -> Result<(), Problem> {
        let refused = self.inner.fetcher.check(url).err();
        refused.map_or(Ok(()), |reason| Err(invalid(field, reason.to_string())))
    }

    /// Where an issuer has its keys: as it was told, or as its discovery document says.
    pub(crate) async fn jwks_uri(&self, row: &IssuerRow) -> Result<String, Problem> {
        match &row.jwks_uri {
            Some(uri) => Ok(uri.clone()),
            None => {
                let found = self.discovered(&row.issuer).await?;
                let uri = found.get("jwks_uri").and_then(Value::as_str).unwrap_or_default();
                if self.inner.fetcher.check(uri).is_ok() {
                    return Ok(uri.to_owned());
                }
                let reason = format!("the discovery document of {} names no keys", row.issuer);
                Err(ErrorCode::IssuerAway.problem(None, reason))
            }
        }
    }

    /// Who a token of an outside issuer stands for.
    ///
    /// # Errors
    /// A code for each way in which a token is bad; `issuer_away`.
    pub(crate) async fn actor_from_jwt(&self, token: &str) -> Result<Actor, Problem> {
        let unproven = Unproven::read(token)?;
        let issuer = unproven.claim("iss").filter(|iss| !iss.chars().any(char::is_control));
        let Some(issuer) = issuer else {
            return Err(ErrorCode::TokenInvalid.problem(None, "it has no iss"));
        };
        let mut db = self.read().await?;
        let rows = db.issuer_named(issuer).await.map_err(|e| store_problem(&e))?;
        drop(db);
        if rows.is_empty() {
            let reason = format!("{issuer:?} is no issuer that is trusted here");
            return Err(ErrorCode::TokenIssuer.problem(None, reason));
        }
        let audiences = unproven.audiences();
        let rows: Vec<_> =
            rows.into_iter().filter(|row| audiences.contains(row.audience.as_str())).collect();
        let organisation = |row: &IssuerRow| match &row.organisation_claim {
            None => true,
            Some(claim) => unproven.claim(claim) == Some(row.organisation.as_str()),
        };
        let Some(row) = rows.iter().find(|row| organisation(row)).or(rows.first()) else {
            let reason = "its aud does not name this exchange";
            return Err(ErrorCode::TokenAudience.problem(None, reason));
        };
        let (url, again) = (self.jwks_uri(row).await?, self.inner.config.keys_again);
        let fetcher = &*self.inner.fetcher;
        let set = self.inner.key_sets.of(fetcher, &url, &unproven, again).await?;
        unproven.prove(&set, &row.issuer, std::slice::from_ref(&row.audience))?;
        if !organisation(row) {
            let reason = "the issuer is trusted, for another organisation than the token names";
            return Err(ErrorCode::TokenForeign.problem(None, reason));
        }
        let role = role_named(row, unproven.claims())?;
        let scopes = scopes_of(role, unproven.claims());
        let person = self.vouched(row, role, unproven.claims()).await?;
        Ok(Actor { principal: person.id, name: person.name, role, scopes })
    }

    /// The principal behind a subject that an issuer vouches for: made when it is first seen,
    /// and of the role that it was last seen with.
    pub(crate) async fn vouched(
        &self,
        issuer: &IssuerRow,
        role: Role,
        claims: &Claims,
    ) -> Result<PrincipalRow, Problem> {
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        if subject.is_empty() || subject.len() > 255 || subject.chars().any(char::is_control) {
            return Err(ErrorCode::TokenInvalid.problem(None, "its sub has 1 to 255 characters"));
        }
        let refused = |row: &PrincipalRow| {
            let reason = "whom it stands for may not act here any more";
            row.disabled_at.map(|_| ErrorCode::TokenRevoked.problem(None, reason))
        };
        let mut db = self.read().await?;
        let known = db.principal_of_subject(issuer.id, subject).await;
        drop(db);
        if let Some(row) = known.map_err(|e| store_problem(&e))?
            && row.role == role.as_str()
        {
            return refused(&row).map_or(Ok(row), Err);
        }
        let name = ["name", "preferred_username", "azp", "client_id", "appid"]
            .iter()
            .find_map(|claim| claims.get(*claim).and_then(Value::as_str))
            .and_then(|name| text("name", name, 100).ok())
            .unwrap_or_else(|| subject.chars().take(100).collect());
        let name = &name;
        let written = self.inner.store.write(async |mut tx: Tx| -> Result<PrincipalRow, Fail> {
            let row = match tx.principal_of_subject(issuer.id, subject).await? {
                Some(mut row) => {
                    row.role = role.as_str().to_owned();
                    tx.principal_update(&row).await?;
                    row
                }
                None => {
                    let row = PrincipalRow {
                        id: new_id(),
                        name: name.clone(),
                        role: role.as_str().to_owned(),
                        operator_id: role.operator(),
                        tenant_id: role.tenant(),
                        provisioning: String::new(),
                        disabled_at: None,
                        jwks_uri: None,
                        issuer_id: Some(issuer.id),
                        subject: Some(subject.to_owned()),
                        created_at: tx.at(),
                    };
                    tx.principal_insert(&row).await?;
                    row
                }
            };
            change_other(&mut tx, "client", row.id, HOUSE);
            let who = Some((row.id, row.name.as_str()));
            tx.audit(who, "client.vouched", &row.id.to_string(), None).await?;
            Ok(row)
        });
        let row = written.await?;
        refused(&row).map_or(Ok(row), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_may_be_words_a_list_or_inside_another() {
        let claims = json!({
            "scp": "a b", "roles": ["c", 7], "realm_access": { "roles": ["d"] },
            "https://x.example/roles": ["e"],
        });
        let claims = claims.as_object().expect("an object");
        for (path, expect) in [
            ("scp", &["a", "b"][..]),
            ("roles", &["c"]),
            ("realm_access.roles", &["d"]),
            ("https://x.example/roles", &["e"]),
            ("nothing", &[]),
            ("realm_access.nothing", &[]),
        ] {
            assert_eq!(values(claims, path), expect, "{path}");
        }
    }

    #[test]
    fn a_tokens_own_scopes_narrow_its_role() {
        let operator = Role::OperatorAdmin { operator: OperatorId(Uuid::nil()) };
        for (claims, expect) in [
            (json!({}), &["operator.read", "operator.write"][..]),
            (json!({ "scope": "openid operator.read" }), &["operator.read"]),
            (
                json!({ "scp": "operator.read", "roles": ["ProvisioningAPI.Read"] }),
                &["operator.read", "ProvisioningAPI.Read"],
            ),
            (json!({ "scope": "programme.write" }), &["operator.read", "operator.write"]),
        ] {
            let scopes = scopes_of(operator, claims.as_object().expect("an object"));
            assert_eq!(scopes.iter().map(|s| s.as_str()).collect::<Vec<_>>(), expect, "{claims}");
        }
    }
}
