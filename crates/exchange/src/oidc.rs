//! Use cases: people sign in at an issuer (OpenID Connect Core 1.0 section 3.1, authorization
//! code with PKCE, RFC 7636), and what issuers say of themselves (Discovery 1.0).

use crate::act::{Fail, HOUSE, change_other, not_found, now, store_problem};
use crate::issuers::role_named;
use crate::jwt::Unproven;
use crate::secret::{self, base64url};
use crate::{Actor, Exchange};
use api_types::identity::{LoginProvider, LoginProviders, Session};
use api_types::{ErrorCode, Problem};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::{OidcLoginRow, Tx};
use uuid::Uuid;

/// How long what an issuer says of itself is used without asking again.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long somebody may take to sign in there, microseconds.
const PATIENCE: i64 = 10 * 60 * 1_000_000;
/// Issuers that are offered for sign-in.
const MOST_PROVIDERS: u32 = 100;

/// What issuers said of themselves, by their address.
#[derive(Debug, Default)]
pub(crate) struct Discoveries(Mutex<HashMap<String, (Arc<Value>, Instant)>>);

/// A sign-in that begins: where the browser goes, and what it must come back with.
#[derive(Clone, Debug)]
pub struct LoginStart {
    /// The issuer's authorization endpoint, with everything in it.
    pub address: String,
    /// Binds the sign-in to the browser.
    pub state: String,
}

fn refused(reason: impl Into<String>) -> Problem {
    ErrorCode::LoginRefused.problem(None, reason)
}

/// Everything but letters, digits and `-_.~` escaped (RFC 3986 section 2.3).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Exchange {
    /// The discovery document of an issuer, which must call itself so.
    pub(crate) async fn discovered(&self, issuer: &str) -> Result<Arc<Value>, Problem> {
        let kept = {
            let all = self.inner.discoveries.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(issuer).filter(|(_, at)| at.elapsed() < FRESH).map(|(found, _)| found.clone())
        };
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let away = |reason: String| {
            tracing::warn!(url, reason, "an issuer does not say where its keys are");
            ErrorCode::IssuerAway.problem(None, format!("{url}: {reason}"))
        };
        let found = self.inner.fetcher.get(&url).await.map_err(|error| away(error.to_string()))?;
        if found.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(away("it calls itself otherwise".to_owned()));
        }
        let found = Arc::new(found);
        let mut all = self.inner.discoveries.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(issuer.to_owned(), (found.clone(), Instant::now()));
        Ok(found)
    }

    /// An endpoint that the issuer names.
    async fn issuer_endpoint(&self, issuer: &str, name: &str) -> Result<String, Problem> {
        let found = self.discovered(issuer).await?;
        let url = found.get(name).and_then(Value::as_str).unwrap_or_default();
        if self.inner.fetcher.check(url).is_ok() {
            return Ok(url.to_owned());
        }
        let reason = format!("the discovery document of {issuer} names no {name}");
        Err(ErrorCode::IssuerAway.problem(None, reason))
    }

    /// Where people may sign in.
    ///
    /// # Errors
    /// None of its own.
    pub async fn login_providers(&self) -> Result<LoginProviders, Problem> {
        let rows = self.view(async |mut db| Ok(db.issuer_with_login(MOST_PROVIDERS).await?));
        let provider = |row: store::IssuerRow| LoginProvider { id: row.id, name: row.name };
        Ok(LoginProviders { items: rows.await?.into_iter().map(provider).collect() })
    }

    /// Begins a sign-in at an issuer.
    ///
    /// # Errors
    /// `not_found` for an issuer at which nobody signs in; `issuer_away`.
    pub async fn login_start(
        &self,
        issuer_id: Uuid,
        redirect_uri: String,
    ) -> Result<LoginStart, Problem> {
        let row = self.view(async |mut db| Ok(db.issuer_get(issuer_id).await?)).await?;
        let row = row.filter(|row| row.login_client_id.is_some());
        let row = row.ok_or_else(|| not_found("issuer to sign in at", issuer_id))?;
        let endpoint = self.issuer_endpoint(&row.issuer, "authorization_endpoint").await?;
        let (state, nonce, verifier) = (secret::draw(), secret::draw(), secret::draw());
        let challenge = base64url(&Sha256::digest(verifier.as_bytes()));
        let mut address = endpoint;
        address.push(if address.contains('?') { '&' } else { '?' });
        let query = [
            ("response_type", "code"),
            ("client_id", row.login_client_id.as_deref().unwrap_or_default()),
            ("redirect_uri", &redirect_uri),
            ("scope", "openid profile"),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let query = query.map(|(name, value)| format!("{name}={}", escaped(value)));
        address.push_str(&query.join("&"));
        let login = OidcLoginRow { issuer_id, nonce, verifier, redirect_uri };
        let (login, hash) = (&login, secret::hash(&state));
        let kept = self.inner.store.write(async |mut tx: Tx| {
            let until = tx.at() + PATIENCE;
            tx.oidc_login_insert(hash, login, until).await
        });
        kept.await.map_err(|e| store_problem(&e))?;
        Ok(LoginStart { address, state })
    }

    /// Ends it: the code the browser came back with becomes a session. Answers with the cookie's
    /// token.
    ///
    /// # Errors
    /// `login_refused`, `token_role`, `token_foreign`, `token_revoked`, what else an ID token may
    /// be refused for; `issuer_away`.
    pub async fn login_finish(
        &self,
        state: &str,
        code: &str,
        issuer_said: Option<&str>,
    ) -> Result<(String, Session), Problem> {
        let hash = secret::hash(state);
        let taken = self.inner.store.write(async |mut tx: Tx| {
            let taken: Result<_, store::StoreError> = tx.oidc_login_take(hash, now()).await;
            taken
        });
        let login = taken.await.map_err(|e| store_problem(&e))?;
        let login = login.ok_or_else(|| refused("this sign-in is unknown, used or old"))?;
        let row = self.view(async |mut db| Ok(db.issuer_get(login.issuer_id).await?)).await?;
        let row = row.ok_or_else(|| refused("the issuer is not trusted any more"))?;
        // An answer of another issuer than was asked is a mix-up; one that always says who it is
        // must have said so (RFC 9207 section 2.4).
        let found = self.discovered(&row.issuer).await?;
        let always = found.get("authorization_response_iss_parameter_supported");
        let always = always.and_then(Value::as_bool).unwrap_or(false);
        if issuer_said.map_or(always, |said| said != row.issuer) {
            return Err(refused("another issuer answered than was asked"));
        }
        let client = row.login_client_id.clone().unwrap_or_default();
        let endpoint = self.issuer_endpoint(&row.issuer, "token_endpoint").await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &login.redirect_uri),
            ("client_id", &client),
            ("code_verifier", &login.verifier),
        ];
        if let Some(secret) = &row.login_client_secret {
            form.push(("client_secret", secret));
        }
        let (status, answer) =
            self.inner.fetcher.post_form(&endpoint, &form).await.map_err(|reason| {
                ErrorCode::IssuerAway.problem(None, format!("{endpoint}: {reason}"))
            })?;
        let Some(token) = answer.get("id_token").and_then(Value::as_str) else {
            let error = answer.get("error").and_then(Value::as_str).unwrap_or("no id_token");
            return Err(refused(format!("the issuer answered {status}: {error}")));
        };
        let unproven = Unproven::read(token)?;
        let (url, again) = (self.jwks_uri(&row).await?, self.inner.config.keys_again);
        let fetcher = &*self.inner.fetcher;
        let set = self.inner.key_sets.of(fetcher, &url, &unproven, again).await?;
        unproven.prove(&set, &row.issuer, std::slice::from_ref(&client))?;
        if unproven.claim("nonce") != Some(login.nonce.as_str()) {
            return Err(refused("the ID token is of another sign-in: its nonce differs"));
        }
        if unproven.audiences().len() > 1 && unproven.claim("azp") != Some(client.as_str()) {
            return Err(refused("the ID token is for others too, and azp does not name us"));
        }
        if let Some(claim) = &row.organisation_claim
            && unproven.claim(claim) != Some(row.organisation.as_str())
        {
            let reason = "the issuer is trusted, for another organisation than you are of";
            return Err(ErrorCode::TokenForeign.problem(None, reason));
        }
        let role = role_named(&row, unproven.claims())?;
        let person = self.vouched(&row, role, unproven.claims()).await?;
        let token = secret::draw();
        let (kept, person) = (secret::hash(&token), &person);
        let signed_in = self.inner.store.write(async |mut tx: Tx| -> Result<(), Fail> {
            crate::identity::session_insert(&mut tx, kept, person, role).await?;
            change_other(&mut tx, "session", person.id, HOUSE);
            Ok(())
        });
        signed_in.await?;
        let actor = Actor {
            principal: person.id,
            name: person.name.clone(),
            role,
            scopes: role.scopes().to_vec(),
        };
        Ok((token, self.session_get(&actor).await?))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_goes_into_an_address_is_escaped() {
        assert_eq!(super::escaped("http://a/b?c=d e&~"), "http%3A%2F%2Fa%2Fb%3Fc%3Dd%20e%26~");
    }
}
