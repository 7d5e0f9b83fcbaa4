//! JSON Web Tokens of others (RFC 7519, RFC 8725): who signed one, for whom, and whether it is
//! good now. Signatures are the library's; which key and which claims, is ours.

use crate::secret::base64url_decode;
use api_types::{ErrorCode, Problem};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use outbound::{CallError, Fetcher};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long keys are used without asking for them again.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long they are used where asking fails.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// How far another's clock may be from ours, seconds.
pub(crate) const LEEWAY: u64 = 30;
/// Key sets that are kept.
const MOST_SETS: usize = 1_000;

/// Signatures with a public key: with a shared one, whoever can verify could sign.
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

pub(crate) type Claims = Map<String, Value>;

/// A token as it came: nothing in it is proven.
pub(crate) struct Unproven<'a> {
    token: &'a str,
    algorithm: Algorithm,
    kid: Option<String>,
    claims: Claims,
}

/// Whether a bearer token is one of others: ours have no dots.
pub(crate) fn is_jwt(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl<'a> Unproven<'a> {
    /// # Errors
    /// `token_invalid` for what is no JWT, `token_algorithm`.
    pub(crate) fn read(token: &'a str) -> Result<Self, Problem> {
        let invalid = |what: &str| ErrorCode::TokenInvalid.problem(None, what);
        let part = |at: usize| {
            let bytes = base64url_decode(token.split('.').nth(at)?)?;
            serde_json::from_slice::<Claims>(&bytes).ok()
        };
        let header = part(0).ok_or_else(|| invalid("its first part is no JWT header"))?;
        let claims = part(1).ok_or_else(|| invalid("its second part is no set of claims"))?;
        let named = header.get("alg").and_then(Value::as_str).unwrap_or_default();
        let known = ALGORITHMS.iter().find(|(name, _)| *name == named);
        let (_, algorithm) = known.ok_or_else(|| {
            let names = ALGORITHMS.map(|(name, _)| name).join(", ");
            let reason = format!("it says alg {named:?}; taken are {names}");
            ErrorCode::TokenAlgorithm.problem(None, reason)
        })?;
        // What must be understood is not (RFC 7515 section 4.1.11).
        if header.contains_key("crit") {
            return Err(invalid("its header has critical extensions"));
        }
        let kid = header.get("kid").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { token, algorithm: *algorithm, kid, claims })
    }

    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(crate) fn audiences(&self) -> BTreeSet<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => BTreeSet::from([one.as_str()]),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => BTreeSet::new(),
        }
    }

    /// Keys that may have signed it.
    fn candidates<'k>(&self, set: &'k JwkSet) -> Vec<&'k Jwk> {
        let fits =
            |key: &&Jwk| {
                let algorithm = key.common.key_algorithm;
                algorithm.is_none_or(|of_key| of_key.to_string() == format!("{:?}", self.algorithm))
                    && key.common.public_key_use.as_ref().is_none_or(|purpose| {
                        *purpose == jsonwebtoken::jwk::PublicKeyUse::Signature
                    })
            };
        set.keys
            .iter()
            .filter(fits)
            .filter(|key| match (&self.kid, &key.common.key_id) {
                (Some(kid), Some(of_key)) => kid == of_key,
                // A set of one key needs no names.
                (Some(_), None) => set.keys.len() == 1,
                (None, _) => true,
            })
            .collect()
    }

    /// Whether it was signed by one of these keys, is of this issuer and for one of these
    /// audiences, and is good now.
    ///
    /// # Errors
    /// `token_signature`, `token_expired`, `token_not_yet_valid`, `token_audience`,
    /// `token_invalid`.
    pub(crate) fn prove(
        &self,
        set: &JwkSet,
        issuer: &str,
        audiences: &[String],
    ) -> Result<(), Problem> {
        let mut validation = Validation::new(self.algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(audiences);
        let mut refusal = ErrorCode::TokenSignature
            .problem(None, "none of the issuer's keys is the one it names");
        for key in self.candidates(set) {
            let Ok(key) = DecodingKey::from_jwk(key) else { continue };
            let Err(error) = jsonwebtoken::decode::<Claims>(self.token, &key, &validation) else {
                return Ok(());
            };
            let (code, reason) = match error.kind() {
                ErrorKind::ExpiredSignature => {
                    (ErrorCode::TokenExpired, "its exp has passed".to_owned())
                }
                ErrorKind::ImmatureSignature => {
                    (ErrorCode::TokenNotYetValid, "its nbf is yet to come".to_owned())
                }
                ErrorKind::InvalidAudience => {
                    (ErrorCode::TokenAudience, "its aud does not name this exchange".to_owned())
                }
                ErrorKind::MissingRequiredClaim(claim) => {
                    (ErrorCode::TokenInvalid, format!("it has no {claim}"))
                }
                ErrorKind::InvalidClaimFormat(claim) => {
                    (ErrorCode::TokenInvalid, format!("its {claim} is not what a {claim} is"))
                }
                ErrorKind::InvalidIssuer | ErrorKind::InvalidSubject => {
                    (ErrorCode::TokenInvalid, "its iss or sub is not what it should be".to_owned())
                }
                _ => (ErrorCode::TokenSignature, "its signature is not by this key".to_owned()),
            };
            let signed = code != ErrorCode::TokenSignature;
            refusal = code.problem(None, reason);
            if signed {
                break;
            }
        }
        Err(refusal)
    }

    /// Whether a set may hold its key.
    fn has_key(&self, set: &JwkSet) -> bool {
        !self.candidates(set).is_empty()
    }
}

/// Reads a set, passing over keys of kinds that the library does not know.
pub(crate) fn key_set(document: &Value) -> Option<JwkSet> {
    let keys = document.get("keys")?.as_array()?;
    let read = |key: &Value| serde_json::from_value::<Jwk>(key.clone()).ok();
    Some(JwkSet { keys: keys.iter().filter_map(read).collect() })
}

/// Key sets of others, as they were when they were last asked for.
#[derive(Debug, Default)]
pub(crate) struct KeySets(Mutex<HashMap<String, Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    set: Arc<JwkSet>,
    at: Instant,
}

impl KeySets {
    fn kept(&self, url: &str) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }

    /// The set at `url` that may prove the token: the kept one, unless it is old or has no such
    /// key, which is how keys are changed; then it is asked for, once in `again` at most.
    ///
    /// # Errors
    /// `issuer_away`.
    pub(crate) async fn of(
        &self,
        fetcher: &dyn Fetcher,
        url: &str,
        token: &Unproven<'_>,
        again: Duration,
    ) -> Result<Arc<JwkSet>, Problem> {
        let kept = self.kept(url);
        if let Some(kept) = &kept {
            let age = kept.at.elapsed();
            if (age < FRESH && token.has_key(&kept.set)) || age < again {
                return Ok(kept.set.clone());
            }
        }
        let asked = fetcher.get(url).await.and_then(|document| {
            key_set(&document).ok_or_else(|| CallError::Answer("with no key set".to_owned()))
        });
        match (asked, kept) {
            (Ok(set), _) => {
                let set = Arc::new(set);
                let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if all.len() >= MOST_SETS {
                    all.clear();
                }
                all.insert(url.to_owned(), Kept { set: set.clone(), at: Instant::now() });
                Ok(set)
            }
            (Err(reason), Some(kept)) if kept.at.elapsed() < STALE => {
                tracing::warn!(url, %reason, "keys are old and cannot be had anew");
                Ok(kept.set)
            }
            (Err(reason), _) => {
                tracing::warn!(url, %reason, "keys cannot be had");
                let reason = format!("the keys at {url} cannot be had: {reason}");
                Err(ErrorCode::IssuerAway.problem(None, reason))
            }
        }
    }
}
