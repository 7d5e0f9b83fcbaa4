//! Use cases: clients, what they prove themselves with, and tokens that people make for their
//! programs.

use crate::act::{
    Fail, HOUSE, Keep, change_other, cursor, done, invalid, limit, new_id, not_found,
};
use crate::act::{now, page, store_problem, text, time};
use crate::authz::Access;
use crate::identity::{provisioning_of, provisioning_parse, role_of};
use crate::jwt::{LEEWAY, Unproven};
use crate::{Cx, Exchange, ListQuery, Scope, secret};
use api_types::identity::{
    ApiToken, ApiTokenCreate, ApiTokenCreated, ApiTokens, Client, ClientKey, ClientKeyCreate,
    ClientSecret, ClientSecretCreate, ClientSecretCreated, ClientUpdate,
};
use api_types::{ErrorCode, Page, Problem};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, ThumbprintHash};
use serde_json::json;
use store::{ApiTokenRow, ClientKeyRow, ClientSecretRow, Db, PrincipalRow, Tx};
use subtle::ConstantTimeEq;
use uuid::Uuid;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3600 * SECOND;
/// Secrets of a client that are good at a time: the old one and the new one.
const MOST_SECRETS: usize = 2;
/// Keys of a client.
const MOST_KEYS: usize = 10;
/// How far ahead an assertion may end, seconds (RFC 7523 section 3 leaves it to us).
const ASSERTION_SECONDS: i64 = 3600;
/// How long a token for a program lasts at most.
const API_TOKEN_DAYS: i64 = 366;
/// Tokens for programs that somebody has at a time.
const MOST_API_TOKENS: usize = 100;

/// What a client shows to be who it says.
#[derive(Clone, Debug)]
pub enum ClientProof {
    /// One of its secrets.
    Secret(String),
    /// A token signed with one of its keys (RFC 7523), which must be for one of these.
    Assertion {
        /// The token.
        jwt: String,
        /// What its `aud` may name: this exchange's token endpoint and its address.
        audiences: Vec<String>,
    },
}

fn is_good(row: &ClientSecretRow, at: i64) -> bool {
    row.revoked_at.is_none() && row.expires_at.is_none_or(|until| until > at)
}

fn secret_document(row: &ClientSecretRow) -> ClientSecret {
    ClientSecret {
        id: row.id,
        created_at: time(row.created_at),
        expires_at: row.expires_at.map(time),
    }
}

async fn document(db: &mut Db, row: PrincipalRow, at: i64) -> Result<Client, Fail> {
    let role = role_of(&row)?;
    let secrets = db.client_secret_list(row.id).await?;
    let keys = db.client_key_list(row.id).await?;
    let provisioning = provisioning_of(role, &row.provisioning);
    let key = |row: ClientKeyRow| ClientKey {
        id: row.id,
        kid: row.kid,
        created_at: time(row.created_at),
    };
    Ok(Client {
        id: row.id,
        name: row.name,
        role: row.role,
        operator_id: row.operator_id.map(|id| id.0),
        tenant_id: row.tenant_id.map(|id| id.0),
        provisioning_roles: provisioning.iter().map(|s| s.as_str().to_owned()).collect(),
        enabled: row.disabled_at.is_none(),
        jwks_uri: row.jwks_uri,
        issuer_id: row.issuer_id,
        subject: row.subject,
        created_at: time(row.created_at),
        secrets: secrets.iter().filter(|s| is_good(s, at)).map(secret_document).collect(),
        keys: keys.into_iter().map(key).collect(),
    })
}

async fn client_must(db: &mut Db, id: Uuid) -> Result<PrincipalRow, Fail> {
    Ok(db.principal_get(id).await?.ok_or_else(|| not_found("client", id))?)
}

/// A public key as it is kept, with the name it is found by.
fn key_parse(new: &ClientKeyCreate) -> Result<(String, String), Problem> {
    let refuse = |reason: &str| invalid("jwk", reason);
    let fields = new.jwk.as_object().ok_or_else(|| refuse("a key is a JSON Web Key"))?;
    if ["d", "p", "q", "k"].iter().any(|private| fields.contains_key(*private)) {
        return Err(refuse("this is a private key: keep it, and give the public one"));
    }
    let jwk: Jwk = serde_json::from_value(new.jwk.clone())
        .map_err(|_| refuse("a key is a JSON Web Key (RFC 7517)"))?;
    let known = match &jwk.algorithm {
        // 2,048 bits are 342 letters (RFC 7518 section 3.3).
        AlgorithmParameters::RSA(rsa) if rsa.n.len() < 342 => {
            return Err(refuse("an RSA key has 2,048 bits or more"));
        }
        AlgorithmParameters::RSA(_)
        | AlgorithmParameters::EllipticCurve(_)
        | AlgorithmParameters::OctetKeyPair(_) => jsonwebtoken::DecodingKey::from_jwk(&jwk).is_ok(),
        _ => false,
    };
    if !known {
        return Err(refuse("a key is of type RSA, EC (P-256, P-384) or OKP (Ed25519)"));
    }
    let kid = match &jwk.common.key_id {
        Some(kid) => text("jwk/kid", kid, 200)?,
        // The name that follows from the key itself (RFC 7638).
        None => jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| refuse("it has no kid"))?,
    };
    let mut kept = fields.clone();
    kept.insert("kid".to_owned(), json!(kid));
    Ok((kid, serde_json::Value::Object(kept).to_string()))
}

impl Exchange {
    /// Clients, and whomever issuers vouch for.
    ///
    /// # Errors
    /// `invalid_parameter`; `forbidden`.
    pub async fn client_list(&self, cx: &Cx, list: ListQuery) -> Result<Page<Client>, Problem> {
        cx.programme(Access::Private)?;
        let (limit, after, at) = (limit(&list)?, cursor(&list)?, now());
        let read = self.view(async move |mut db| {
            let mut clients = Vec::new();
            for row in db.principal_list(after, limit + 1).await? {
                clients.push(document(&mut db, row, at).await?);
            }
            Ok(clients)
        });
        Ok(page(read.await?, limit, |client| client.id, |client| client))
    }

    /// One client.
    ///
    /// # Errors
    /// `not_found`; `forbidden`.
    pub async fn client_get(&self, cx: &Cx, id: Uuid) -> Result<Client, Problem> {
        cx.programme(Access::Private)?;
        self.view(async move |mut db| {
            let row = client_must(&mut db, id).await?;
            document(&mut db, row, now()).await
        })
        .await
    }

    /// Renames a client, gives it other roles on the compatible face, says where its keys are, or
    /// shuts it out: then none of its tokens and sessions is good any more.
    ///
    /// # Errors
    /// `invalid_field`, `not_found`, `conflict` where somebody would shut themselves out;
    /// `forbidden`.
    pub async fn client_update(
        &self,
        cx: &Cx,
        id: Uuid,
        update: ClientUpdate,
    ) -> Result<Client, Problem> {
        cx.programme(Access::Write)?;
        let name = update.name.as_ref().map(|name| text("name", name, 100)).transpose()?;
        if let Some(uri) = update.jwks_uri.as_ref().filter(|uri| !uri.is_empty()) {
            self.may_fetch("jwks_uri", uri)?;
        }
        if update.enabled == Some(false) && id == cx.actor.principal {
            let reason = "you would shut yourself out; have another owner do it";
            return Err(ErrorCode::Conflict.problem(Some("/enabled"), reason));
        }
        let (name, update) = (&name, &update);
        self.act(cx, "client.update", Keep::Answer, async |mut tx| {
            let mut row = client_must(&mut tx, id).await?;
            if let Some(name) = name {
                row.name.clone_from(name);
            }
            if let Some(roles) = &update.provisioning_roles {
                let roles = provisioning_parse(role_of(&row)?, Some(roles.clone()))?;
                row.provisioning = crate::identity::scopes_text(&roles);
            }
            if let Some(uri) = &update.jwks_uri {
                row.jwks_uri = Some(uri.clone()).filter(|uri| !uri.is_empty());
            }
            match update.enabled {
                Some(true) => row.disabled_at = None,
                Some(false) => row.disabled_at = Some(row.disabled_at.unwrap_or(tx.at())),
                None => {}
            }
            tx.principal_update(&row).await?;
            change_other(&mut tx, "client", id, HOUSE);
            let at = tx.at();
            done(document(&mut tx, row, at).await?, id)
        })
        .await
    }

    /// Gives a client another secret, shown this once. The old one stays good, so that two are
    /// good at a time, or ends when the caller says.
    ///
    /// # Errors
    /// `not_found`, `invalid_field`, `conflict` where two are good already; `forbidden`.
    pub async fn client_secret_create(
        &self,
        cx: &Cx,
        id: Uuid,
        new: ClientSecretCreate,
    ) -> Result<ClientSecretCreated, Problem> {
        cx.programme(Access::Write)?;
        let days = |field: &str, days: Option<u32>| match days {
            Some(days) if !(1..=3650).contains(&days) => {
                Err(invalid(field, "a secret lasts 1 to 3,650 days"))
            }
            days => Ok(days.map(|days| i64::from(days) * DAY)),
        };
        let lasts = days("days", new.days)?;
        let old = match new.old_ends_in_hours {
            Some(hours) if hours > 720 => {
                return Err(invalid("old_ends_in_hours", "the old one ends within 720 hours"));
            }
            hours => hours.map(|hours| i64::from(hours) * 3600 * SECOND),
        };
        self.act(cx, "client_secret.create", Keep::Nothing, async |mut tx| {
            let row = client_must(&mut tx, id).await?;
            if row.issuer_id.is_some() {
                let reason = "an issuer vouches for it: it has no secret here";
                return Err(ErrorCode::Conflict.problem(Some("client_id"), reason).into());
            }
            let at = tx.at();
            let good = tx.client_secret_list(id).await?;
            if good.iter().filter(|s| is_good(s, at)).count() >= MOST_SECRETS {
                let mut problem = ErrorCode::Conflict
                    .problem(Some("client_id"), "two secrets of this client are good already");
                problem.remedy = "Revoke one of them first.".to_owned();
                return Err(problem.into());
            }
            if let Some(old) = old {
                tx.client_secret_end(id, at + old).await?;
            }
            let client_secret = secret::draw();
            let row = ClientSecretRow {
                id: new_id(),
                principal_id: id,
                hash: secret::hash(&client_secret).to_vec(),
                created_at: at,
                expires_at: lasts.map(|lasts| at + lasts),
                revoked_at: None,
            };
            tx.client_secret_insert(&row).await?;
            change_other(&mut tx, "client", id, HOUSE);
            let expires_at = row.expires_at.map(time);
            done(ClientSecretCreated { id: row.id, client_secret, expires_at }, row.id)
        })
        .await
    }

    /// Ends a secret at once; tokens that were had with it last out their hour.
    ///
    /// # Errors
    /// `not_found`; `forbidden`.
    pub async fn client_secret_revoke(
        &self,
        cx: &Cx,
        id: Uuid,
        secret_id: Uuid,
    ) -> Result<(), Problem> {
        cx.programme(Access::Write)?;
        self.act(cx, "client_secret.revoke", Keep::Answer, async |mut tx| {
            let at = tx.at();
            if !tx.client_secret_revoke(id, secret_id, at).await? {
                return Err(not_found("secret", secret_id).into());
            }
            change_other(&mut tx, "client", id, HOUSE);
            done((), secret_id)
        })
        .await
    }

    /// Adds a public key, for `private_key_jwt`.
    ///
    /// # Errors
    /// `invalid_field` for what is no public key of a known kind, `conflict`, `not_found`;
    /// `forbidden`.
    pub async fn client_key_create(
        &self,
        cx: &Cx,
        id: Uuid,
        new: ClientKeyCreate,
    ) -> Result<ClientKey, Problem> {
        cx.programme(Access::Write)?;
        let (kid, jwk) = key_parse(&new)?;
        let (kid, jwk) = (&kid, &jwk);
        self.act(cx, "client_key.create", Keep::Answer, async |mut tx| {
            let client = client_must(&mut tx, id).await?;
            let conflict = |reason: &str| ErrorCode::Conflict.problem(Some("/jwk"), reason);
            if client.issuer_id.is_some() {
                return Err(conflict("an issuer vouches for it: it has no keys here").into());
            }
            if tx.client_key_list(id).await?.len() >= MOST_KEYS {
                return Err(conflict(&format!("a client has at most {MOST_KEYS} keys")).into());
            }
            let row = ClientKeyRow {
                id: new_id(),
                principal_id: id,
                kid: kid.clone(),
                jwk: jwk.clone(),
                created_at: tx.at(),
            };
            if !tx.client_key_insert(&row).await? {
                return Err(conflict("the client has a key of this kid").into());
            }
            change_other(&mut tx, "client", id, HOUSE);
            let key = ClientKey { id: row.id, kid: row.kid, created_at: time(row.created_at) };
            done(key, row.id)
        })
        .await
    }

    /// Removes a public key.
    ///
    /// # Errors
    /// `not_found`; `forbidden`.
    pub async fn client_key_remove(&self, cx: &Cx, id: Uuid, key_id: Uuid) -> Result<(), Problem> {
        cx.programme(Access::Write)?;
        self.act(cx, "client_key.remove", Keep::Answer, async |mut tx| {
            if !tx.client_key_remove(id, key_id).await? {
                return Err(not_found("key", key_id).into());
            }
            change_other(&mut tx, "client", id, HOUSE);
            done((), key_id)
        })
        .await
    }

    /// The client that shows this.
    pub(crate) async fn client_proven(
        &self,
        client_id: &str,
        proof: &ClientProof,
    ) -> Result<PrincipalRow, Problem> {
        match proof {
            ClientProof::Secret(secret) => self.client_of_secret(client_id, secret).await,
            ClientProof::Assertion { jwt, audiences } => {
                self.client_of_assertion(client_id, jwt, audiences).await
            }
        }
    }

    async fn client_of_secret(
        &self,
        client_id: &str,
        client_secret: &str,
    ) -> Result<PrincipalRow, Problem> {
        let refused =
            || ErrorCode::InvalidClient.problem(None, "no client has this id and this secret");
        let id = Uuid::parse_str(client_id).map_err(|_| refused())?;
        let read = self.view(async move |mut db| {
            Ok((db.principal_get(id).await?, db.client_secret_list(id).await?))
        });
        let (client, secrets) = read.await?;
        // Hashes of 256 random bits: what comparing them tells in time helps nobody, and every
        // one is compared all the same.
        let (given, at) = (secret::hash(client_secret), now());
        let good = secrets.iter().fold(false, |good, kept| {
            good | (bool::from(given[..].ct_eq(&kept.hash)) & is_good(kept, at))
        });
        client.filter(|row| good && row.disabled_at.is_none()).ok_or_else(refused)
    }

    /// RFC 7523 section 3: issued by and about the client, for us, good now and but once.
    async fn client_of_assertion(
        &self,
        client_id: &str,
        jwt: &str,
        audiences: &[String],
    ) -> Result<PrincipalRow, Problem> {
        let refused = |reason: String| ErrorCode::InvalidClient.problem(None, reason);
        let unproven = Unproven::read(jwt).map_err(|problem| refused(problem.reason))?;
        let subject = unproven.claim("sub").unwrap_or_default();
        if unproven.claim("iss") != Some(subject) {
            return Err(refused("the assertion's iss and sub are not the client's id".into()));
        }
        if !client_id.is_empty() && client_id != subject {
            return Err(refused("client_id is another than the assertion's sub".into()));
        }
        let id = Uuid::parse_str(subject).map_err(|_| refused("its sub is no client".into()))?;
        let read = self.view(async move |mut db| {
            Ok((db.principal_get(id).await?, db.client_key_list(id).await?))
        });
        let (client, keys) = read.await?;
        let Some(client) = client.filter(|row| row.disabled_at.is_none()) else {
            return Err(refused("its sub is no client".into()));
        };
        let kept = keys.iter().filter_map(|key| serde_json::from_str(&key.jwk).ok());
        let mut set = JwkSet { keys: kept.collect() };
        if let Some(url) = &client.jwks_uri {
            let (fetcher, again) = (&*self.inner.fetcher, self.inner.config.keys_again);
            let found = self.inner.key_sets.of(fetcher, url, &unproven, again).await?;
            set.keys.extend(found.keys.iter().cloned());
        }
        unproven
            .prove(&set, subject, audiences)
            .map_err(|problem| refused(format!("the assertion: {}", problem.reason)))?;
        let seconds = unproven.claims().get("exp").and_then(serde_json::Value::as_f64);
        let expires_at = (seconds.unwrap_or_default() as i64).saturating_mul(SECOND);
        if expires_at > now() + ASSERTION_SECONDS * SECOND {
            return Err(refused("the assertion lasts longer than an hour".into()));
        }
        let Some(jti) = unproven.claim("jti").filter(|jti| (1..=255).contains(&jti.len())) else {
            return Err(refused("the assertion has no jti of 1 to 255 bytes".into()));
        };
        let jti = secret::hash(jti);
        // Remembered for as long as its exp is let pass.
        let until = expires_at + i64::try_from(LEEWAY + 60).unwrap_or(90) * SECOND;
        let fresh = self.inner.store.write(async |mut tx: Tx| {
            let fresh: Result<bool, store::StoreError> = tx.assertion_insert(id, jti, until).await;
            fresh
        });
        if !fresh.await.map_err(|e| store_problem(&e))? {
            return Err(refused("the assertion was used before: its jti is known".into()));
        }
        Ok(client)
    }

    /// Ends a token of the client's own (RFC 7009). One that is not there is no error.
    ///
    /// # Errors
    /// `invalid_client`.
    pub async fn token_revoke(
        &self,
        client_id: &str,
        proof: &ClientProof,
        token: &str,
    ) -> Result<(), Problem> {
        let client = self.client_proven(client_id, proof).await?;
        let hash = secret::hash(token);
        let gone = self.inner.store.write(async |mut tx: Tx| {
            let at = tx.at();
            tx.token_revoke(hash, client.id, at).await
        });
        gone.await.map(drop).map_err(|e| store_problem(&e))
    }

    /// Makes a token for a program of one's own, shown this once: with no more scopes than one
    /// has oneself. `shown` is what the caller came with: a token makes no tokens, and neither
    /// does whoever an issuer vouches for, since it would outlive their account there.
    ///
    /// # Errors
    /// `invalid_field`, `conflict`, `forbidden`.
    pub async fn api_token_create(
        &self,
        cx: &Cx,
        shown: &str,
        new: ApiTokenCreate,
    ) -> Result<ApiTokenCreated, Problem> {
        let name = text("name", &new.name, 100)?;
        if !(1..=API_TOKEN_DAYS).contains(&i64::from(new.days)) {
            return Err(invalid("days", format!("a token lasts 1 to {API_TOKEN_DAYS} days")));
        }
        let (name, principal, hash) = (&name, cx.actor.principal, secret::hash(shown));
        let new = &new;
        self.act(cx, "api_token.create", Keep::Nothing, async |mut tx| {
            tx.reach_all().await?;
            let with = tx.token_get(hash).await?;
            if with.is_none_or(|row| row.token_name.is_some()) {
                let reason = "a token is made by who signs in here, not by another token";
                return Err(ErrorCode::Forbidden.problem(None, reason).into());
            }
            let client = client_must(&mut tx, principal).await?;
            if client.issuer_id.is_some() {
                let reason = "an issuer vouches for you: have your tokens there";
                return Err(ErrorCode::Forbidden.problem(None, reason).into());
            }
            let mut may = cx.actor.scopes.clone();
            // A client's usual tokens do not carry its roles on the compatible face.
            if cx.actor.role.scopes().iter().all(|scope| may.contains(scope)) {
                may.extend(provisioning_of(cx.actor.role, &client.provisioning));
            }
            let scopes = match &new.scopes {
                None => cx.actor.scopes.clone(),
                Some(names) => scopes_among(names, &may)?,
            };
            let at = tx.at();
            let had = tx.api_token_list(principal, at).await?;
            if had.iter().filter(|row| row.revoked_at.is_none()).count() >= MOST_API_TOKENS {
                let reason = format!("you have {MOST_API_TOKENS} tokens already");
                return Err(ErrorCode::Conflict.problem(None, reason).into());
            }
            let token = secret::draw();
            let row = ApiTokenRow {
                id: new_id(),
                name: name.clone(),
                scopes: crate::identity::scopes_text(&scopes),
                created_at: at,
                expires_at: at + i64::from(new.days) * DAY,
                revoked_at: None,
            };
            tx.api_token_insert(secret::hash(&token), principal, &row).await?;
            change_other(&mut tx, "api_token", row.id, HOUSE);
            let id = row.id;
            done(ApiTokenCreated { token, described: token_document(row) }, id)
        })
        .await
    }

    /// One's own tokens for programs that have not ended by themselves.
    ///
    /// # Errors
    /// None of its own.
    pub async fn api_token_list(&self, cx: &Cx) -> Result<ApiTokens, Problem> {
        let principal = cx.actor.principal;
        let rows = self.view(async move |mut db| Ok(db.api_token_list(principal, now()).await?));
        let good = rows.await?.into_iter().filter(|row| row.revoked_at.is_none());
        Ok(ApiTokens { items: good.map(token_document).collect() })
    }

    /// Ends one of one's own tokens at once.
    ///
    /// # Errors
    /// `not_found` where it is another's, or none.
    pub async fn api_token_revoke(&self, cx: &Cx, id: Uuid) -> Result<(), Problem> {
        let principal = cx.actor.principal;
        self.act(cx, "api_token.revoke", Keep::Answer, async |mut tx| {
            tx.reach_all().await?;
            let at = tx.at();
            if !tx.api_token_revoke(principal, id, at).await? {
                return Err(not_found("token", id).into());
            }
            change_other(&mut tx, "api_token", id, HOUSE);
            done((), id)
        })
        .await
    }
}

fn token_document(row: ApiTokenRow) -> ApiToken {
    ApiToken {
        id: row.id,
        name: row.name,
        scopes: row.scopes.split(' ').map(str::to_owned).collect(),
        created_at: time(row.created_at),
        expires_at: time(row.expires_at),
    }
}

fn scopes_among(names: &[String], may: &[Scope]) -> Result<Vec<Scope>, Problem> {
    if names.is_empty() {
        return Err(invalid("scopes", "a token has at least one scope"));
    }
    let mut scopes = Vec::new();
    for name in names {
        let scope = Scope::parse(name).filter(|scope| may.contains(scope)).ok_or_else(|| {
            let may = may.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
            invalid("scopes", format!("{name:?} is none of yours, which are {may}"))
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::key_set;

    #[test]
    fn only_public_keys_of_known_kinds_are_taken() {
        let ec = json!({ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
        let with = |name: &str, value: &str| {
            let mut key = ec.clone();
            key[name] = json!(value);
            ClientKeyCreate { jwk: key }
        };
        let (kid, kept) = key_parse(&ClientKeyCreate { jwk: ec.clone() }).expect("a public key");
        assert!(kept.contains(&kid), "a key without a name gets one: {kept}");
        assert_eq!(key_parse(&with("kid", "mine")).expect("a named key").0, "mine");
        for (jwk, words) in [
            (with("d", "AA"), "private"),
            (ClientKeyCreate { jwk: json!({ "kty": "oct", "k": "AAAA" }) }, "private"),
            (ClientKeyCreate { jwk: json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }) }, "2,048"),
            (ClientKeyCreate { jwk: json!("key") }, "JSON Web Key"),
            (ClientKeyCreate { jwk: json!({}) }, "type RSA"),
        ] {
            let refused = key_parse(&jwk).expect_err(words);
            assert!(refused.reason.contains(words), "{refused}");
        }
        let sets = key_set(&json!({ "keys": [ec, { "kty": "what" }, 7] })).expect("a set");
        assert!(!sets.keys.is_empty(), "strange keys do not spoil the set");
    }
}
