//! Digest authentication (RFC 7616, RFC 8760): SHA-256 and MD5, `qop=auth`, from
//! stored HA1 values, with nonces any holder of the key can verify.

mod client;
mod counts;

pub use client::Challenge;
pub use counts::{NonceCounts, ReplayWindow};

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::base64url;
use crate::text::{self, CommaList, is_lws, trim};
use crate::uri::Uri;

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `SHA-256` (RFC 8760), offered first.
    Sha256,
    /// `MD5`, for phones that know nothing else.
    Md5,
}

impl Algorithm {
    /// Name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        [Self::Sha256, Self::Md5]
            .into_iter()
            .find(|a| a.as_str().as_bytes().eq_ignore_ascii_case(bytes))
    }

    fn hash(self, parts: &[&[u8]]) -> Hex {
        match self {
            Self::Sha256 => Hex::new(&joined::<Sha256>(parts)),
            Self::Md5 => Hex::new(&joined::<Md5>(parts)),
        }
    }
}

fn joined<D: Digest>(parts: &[&[u8]]) -> impl AsRef<[u8]> + use<D> {
    let mut hash = D::new();
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize()
}

/// A hash in lower-case hexadecimal, without heap memory.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hex {
    len: u8,
    text: [u8; 64],
}

impl Hex {
    fn new(hash: &impl AsRef<[u8]>) -> Self {
        let mut hex = Self { len: 0, text: [0; 64] };
        for &byte in hash.as_ref() {
            for nibble in [byte >> 4, byte & 15] {
                hex.text[usize::from(hex.len)] = b"0123456789abcdef"[usize::from(nibble)];
                hex.len += 1;
            }
        }
        hex
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }
}

/// What a server stores instead of a password: `H(user:realm:password)`, for one
/// or both algorithms. As good as the password within its realm, so keep it
/// encrypted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ha1 {
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// MD5.
    pub md5: Option<[u8; 16]>,
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1(hidden)")
    }
}

impl Ha1 {
    /// Both hashes of a password.
    pub fn from_password(username: &str, realm: &str, password: &str) -> Self {
        let parts = [username.as_bytes(), realm.as_bytes(), password.as_bytes()];
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(joined::<Sha256>(&parts).as_ref());
        let mut md5 = [0; 16];
        md5.copy_from_slice(joined::<Md5>(&parts).as_ref());
        Self { sha256: Some(sha256), md5: Some(md5) }
    }

    fn hex(&self, algorithm: Algorithm) -> Option<Hex> {
        match algorithm {
            Algorithm::Sha256 => self.sha256.map(|h| Hex::new(&h)),
            Algorithm::Md5 => self.md5.map(|h| Hex::new(&h)),
        }
    }
}

/// Directives of a `Digest` header, raw.
pub(crate) fn directives(value: &[u8]) -> Option<impl Iterator<Item = (&[u8], &[u8])>> {
    let value = trim(value);
    let gap = value.iter().position(|&b| is_lws(b))?;
    if !value[..gap].eq_ignore_ascii_case(b"Digest") {
        return None;
    }
    Some(CommaList::new(&value[gap..]).filter(|item| !item.is_empty()).map(|item| {
        match memchr::memchr(b'=', item) {
            Some(eq) => (trim(&item[..eq]), trim(&item[eq + 1..])),
            None => (item, &item[item.len()..]),
        }
    }))
}

/// What a client sent in `Authorization` or `Proxy-Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// `username`, unquoted.
    pub username: Cow<'a, [u8]>,
    /// `realm`, unquoted.
    pub realm: Cow<'a, [u8]>,
    /// `nonce`, unquoted.
    pub nonce: Cow<'a, [u8]>,
    /// `uri`, unquoted.
    pub uri: Cow<'a, [u8]>,
    /// `response`, unquoted hexadecimal.
    pub response: Cow<'a, [u8]>,
    /// `algorithm`; MD5 when absent.
    pub algorithm: Algorithm,
    /// `cnonce`, unquoted.
    pub cnonce: Cow<'a, [u8]>,
    /// `nc` as written, eight hexadecimal digits.
    pub nc_text: &'a [u8],
    /// `nc` as a number.
    pub nc: u32,
}

/// Why a header holds no usable credentials or challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestError {
    /// Another scheme than `Digest`.
    Scheme,
    /// A directive is missing or unreadable.
    Directive(&'static str),
    /// An algorithm this crate does not compute.
    Algorithm,
    /// Another `qop` than `auth`, or none.
    Qop,
}

impl DigestError {
    /// Stable machine-readable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme => "digest-scheme",
            Self::Directive(_) => "digest-directive",
            Self::Algorithm => "digest-algorithm",
            Self::Qop => "digest-qop",
        }
    }
}

impl std::fmt::Display for DigestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directive(name) => write!(f, "{}: {name} missing or unreadable", self.code()),
            other => f.write_str(other.code()),
        }
    }
}

impl std::error::Error for DigestError {}

impl<'a> Credentials<'a> {
    /// Parses a header value.
    ///
    /// # Errors
    /// [`DigestError`]: answer 400, or challenge anew for [`DigestError::Algorithm`]
    /// and [`DigestError::Qop`].
    pub fn parse(value: &'a [u8]) -> Result<Self, DigestError> {
        let mut found: [Option<&'a [u8]>; 9] = [None; 9];
        const NAMES: [&str; 9] =
            ["username", "realm", "nonce", "uri", "response", "algorithm", "qop", "cnonce", "nc"];
        for (name, value) in directives(value).ok_or(DigestError::Scheme)? {
            let known = NAMES.iter().position(|n| n.as_bytes().eq_ignore_ascii_case(name));
            if let Some(at) = known {
                // Twice means one of them is meant for someone else to read.
                if found[at].replace(value).is_some() {
                    return Err(DigestError::Directive(NAMES[at]));
                }
            }
        }
        let raw = |at: usize| found[at].ok_or(DigestError::Directive(NAMES[at]));
        let text = |at: usize| raw(at).map(text::unquote);
        let algorithm = match found[5] {
            None => Algorithm::Md5,
            Some(name) => {
                Algorithm::from_bytes(&text::unquote(name)).ok_or(DigestError::Algorithm)?
            }
        };
        match found[6] {
            Some(qop) if text::unquote(qop).eq_ignore_ascii_case(b"auth") => {}
            _ => return Err(DigestError::Qop),
        }
        let nc_text = raw(8)?;
        let nc = std::str::from_utf8(nc_text)
            .ok()
            .filter(|t| t.len() == 8 && t.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|t| u32::from_str_radix(t, 16).ok())
            .ok_or(DigestError::Directive("nc"))?;
        Ok(Self {
            username: text(0)?,
            realm: text(1)?,
            nonce: text(2)?,
            uri: text(3)?,
            response: text(4)?,
            algorithm,
            cnonce: text(7)?,
            nc_text,
            nc,
        })
    }
}

/// What a server concludes. Answer [`Verdict::Wrong`] and
/// [`Verdict::UnknownUser`] alike, or users can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The client knows the password and the nonce is fresh. Check the nonce count
    /// with [`NonceCounts`].
    Ok,
    /// The client knows the password but the nonce is old or from elsewhere:
    /// challenge with `stale=true`.
    Stale,
    /// The response does not match.
    Wrong,
    /// The digest `uri` is not the Request-URI, or the realm is not ours.
    Malformed,
    /// There is no such user, or not with this algorithm.
    UnknownUser,
}

/// Issues challenges of one realm and judges what comes back. Two with the same
/// secret accept each other's nonces.
#[derive(Clone)]
pub struct Authenticator {
    realm: String,
    mac: Hmac<Sha256>,
    nonce_life_s: u64,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("realm", &self.realm).finish_non_exhaustive()
    }
}

const NONCE_MAC_LEN: usize = 16;
const NONCE_HEAD_LEN: usize = 6 + 8;
/// How far ahead another edge's clock may be.
const NONCE_SKEW_S: u64 = 60;

fn minted_at(head: &[u8]) -> u64 {
    let mut time = [0; 8];
    time[2..].copy_from_slice(&head[..6]);
    u64::from_be_bytes(time)
}

/// When a nonce of ours was made, seconds since 1970.
fn minted(nonce: &[u8]) -> Option<u64> {
    let mut raw = Vec::with_capacity(30);
    base64url::decode_into(nonce, &mut raw)?;
    (raw.len() >= NONCE_HEAD_LEN).then(|| minted_at(&raw))
}

impl Authenticator {
    /// For `realm`, with a nonce secret shared by all edges and nonces that live
    /// `nonce_life_s` seconds.
    pub fn new(realm: &str, secret: &[u8; 32], nonce_life_s: u64) -> Self {
        let mac = Hmac::new_from_slice(secret).expect("HMAC takes keys of any length");
        Self { realm: realm.to_owned(), mac, nonce_life_s }
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    fn nonce_mac(&self, head: &[u8], context: &[u8]) -> [u8; NONCE_MAC_LEN] {
        let mut mac = self.mac.clone();
        mac.update(head);
        mac.update(&(context.len() as u32).to_be_bytes());
        mac.update(context);
        mac.update(self.realm.as_bytes());
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }

    /// A nonce: time, salt and their MAC over realm and `context` (what the nonce
    /// is bound to, such as the source address; may be empty). `salt` should not
    /// repeat, since nonce counts are kept per nonce.
    pub fn nonce(&self, now_unix_s: u64, salt: u64, context: &[u8]) -> String {
        let mut out = Vec::with_capacity(40);
        out.extend_from_slice(&now_unix_s.to_be_bytes()[2..]);
        out.extend_from_slice(&salt.to_be_bytes());
        let mac = self.nonce_mac(&out, context);
        out.extend_from_slice(&mac);
        base64url::encode_tail(&mut out, 0);
        String::from_utf8(out).expect("base64url is ASCII")
    }

    fn nonce_is_fresh(&self, nonce: &[u8], now_unix_s: u64, context: &[u8]) -> bool {
        let mut raw = Vec::with_capacity(30);
        if nonce.len() != 40 || base64url::decode_into(nonce, &mut raw).is_none() {
            return false;
        }
        let (head, mac) = raw.split_at(NONCE_HEAD_LEN);
        if !bool::from(self.nonce_mac(head, context).ct_eq(mac)) {
            return false;
        }
        let minted = minted_at(head);
        minted <= now_unix_s.saturating_add(NONCE_SKEW_S)
            && now_unix_s.saturating_sub(minted) <= self.nonce_life_s
    }

    /// The values of the `WWW-Authenticate` (or `Proxy-Authenticate`) headers, one
    /// each, strongest first (RFC 8760 section 2.3).
    pub fn challenges(&self, nonce: &str, stale: bool) -> [String; 2] {
        let stale = if stale { ", stale=true" } else { "" };
        let realm = quoted(self.realm.as_bytes());
        let realm = String::from_utf8_lossy(&realm);
        [Algorithm::Sha256, Algorithm::Md5].map(|algorithm| {
            format!(
                "Digest realm={realm}, nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                algorithm.as_str()
            )
        })
    }

    /// Judges `credentials` for a request. `ha1` is what is stored for the user,
    /// `None` if there is no such user; the work done is the same either way.
    pub fn verify(
        &self,
        credentials: &Credentials<'_>,
        method: &[u8],
        request_uri: &[u8],
        ha1: Option<&Ha1>,
        now_unix_s: u64,
        context: &[u8],
    ) -> Verdict {
        if *credentials.realm != *self.realm.as_bytes() || !same_uri(&credentials.uri, request_uri)
        {
            return Verdict::Malformed;
        }
        let stored = ha1.and_then(|ha1| ha1.hex(credentials.algorithm));
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| credentials.algorithm.hash(&[b"nobody"]));
        let want = response(
            credentials.algorithm,
            &stored,
            &credentials.nonce,
            credentials.nc_text,
            &credentials.cnonce,
            method,
            &credentials.uri,
        );
        let given = credentials.response.to_ascii_lowercase();
        let right = bool::from(want.as_bytes().ct_eq(&given));
        let fresh = self.nonce_is_fresh(&credentials.nonce, now_unix_s, context);
        match (known, right, fresh) {
            (false, _, _) => Verdict::UnknownUser,
            (true, false, _) => Verdict::Wrong,
            (true, true, false) => Verdict::Stale,
            (true, true, true) => Verdict::Ok,
        }
    }
}

fn response(
    algorithm: Algorithm,
    ha1: &Hex,
    nonce: &[u8],
    nc: &[u8],
    cnonce: &[u8],
    method: &[u8],
    uri: &[u8],
) -> Hex {
    let ha2 = algorithm.hash(&[method, uri]);
    algorithm.hash(&[ha1.as_bytes(), nonce, nc, cnonce, b"auth", ha2.as_bytes()])
}

fn same_uri(a: &[u8], b: &[u8]) -> bool {
    a == b
        || match (Uri::parse(a), Uri::parse(b)) {
            (Ok(Uri::Sip(a)), Ok(Uri::Sip(b))) => a.same_target(&b),
            _ => false,
        }
}

fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    out.push(b'"');
    for &b in bytes {
        match b {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', b]),
            b'\r' | b'\n' => out.push(b' '),
            other => out.push(other),
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &[u8] = b"sip:pbx.example";

    fn server() -> Authenticator {
        Authenticator::new("pbx.example", &[3; 32], 300)
    }

    #[test]
    fn rfc_7616_example_holds() {
        // Section 3.9.1, both algorithms.
        for (algorithm, want) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = Challenge {
                realm: b"http-auth@example.org".as_slice().into(),
                nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".as_slice().into(),
                opaque: None,
                algorithm,
                stale: false,
            };
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let value =
                challenge.answer("Mufasa", "Circle of Life", b"GET", b"/dir/index.html", cnonce, 1);
            let credentials = Credentials::parse(&value).unwrap();
            assert_eq!(credentials.response.as_ref(), want.as_bytes());
        }
    }

    fn attempt(password: &str, edit: impl Fn(String) -> String, now: u64) -> Verdict {
        let nonce = server().nonce(1_000_000, 42, b"ctx");
        let [sha, md5] = server().challenges(&nonce, false);
        let mut verdicts = [sha, md5].map(|challenge| {
            let challenge = Challenge::parse(challenge.as_bytes()).unwrap();
            let value = challenge.answer("al\"ice", password, b"REGISTER", URI, "c", 1);
            let value = edit(String::from_utf8(value).unwrap());
            let ha1 = Ha1::from_password("al\"ice", "pbx.example", "secret");
            match Credentials::parse(value.as_bytes()) {
                Err(_) => Verdict::Malformed,
                Ok(c) => {
                    assert_eq!(c.username.as_ref(), b"al\"ice");
                    server().verify(&c, b"REGISTER", URI, Some(&ha1), now, b"ctx")
                }
            }
        });
        verdicts.sort_by_key(|v| format!("{v:?}"));
        assert_eq!(verdicts[0], verdicts[1], "both algorithms agree");
        verdicts[0]
    }

    #[test]
    fn verdicts() {
        let same = |s: String| s;
        assert_eq!(attempt("secret", same, 1_000_010), Verdict::Ok);
        assert_eq!(attempt("Secret", same, 1_000_010), Verdict::Wrong);
        assert_eq!(attempt("secret", same, 1_000_301), Verdict::Stale);
        assert_eq!(attempt("secret", same, 999_000), Verdict::Stale, "minted in the future");
        assert_eq!(attempt("wrong", same, 1_000_301), Verdict::Wrong, "stale only if right");
        let replaced = |a: &'static str, b: &'static str| move |s: String| s.replace(a, b);
        assert_eq!(
            attempt("secret", replaced("nc=00000001", "nc=00000002"), 1_000_010),
            Verdict::Wrong
        );
        assert_eq!(
            attempt("secret", replaced("nc=00000001", "nc=1"), 1_000_010),
            Verdict::Malformed
        );
        assert_eq!(
            attempt("secret", replaced("sip:pbx", "sip:other"), 1_000_010),
            Verdict::Malformed
        );
        assert_eq!(
            attempt("secret", replaced("qop=auth", "qop=auth-int"), 1_000_010),
            Verdict::Malformed
        );
        assert_eq!(
            attempt("secret", replaced("realm=\"pbx", "realm=\"x"), 1_000_010),
            Verdict::Malformed
        );
        assert_eq!(attempt("secret", replaced("Digest ", "Basic "), 1_000_010), Verdict::Malformed);
    }

    #[test]
    fn an_unknown_user_and_a_foreign_nonce_are_seen() {
        let ha1 = Ha1::from_password("a", "pbx.example", "p");
        let foreign = Authenticator::new("pbx.example", &[4; 32], 300);
        for (mint, context, want) in [
            (server(), &b"x"[..], Verdict::Ok),
            (server(), b"y", Verdict::Stale),
            (foreign, b"x", Verdict::Stale),
        ] {
            let nonce = mint.nonce(1_000, 1, b"x");
            let [challenge, _] = mint.challenges(&nonce, false);
            let challenge = Challenge::parse(challenge.as_bytes()).unwrap();
            let value = challenge.answer("a", "p", b"INVITE", URI, "c", 1);
            let c = Credentials::parse(&value).unwrap();
            assert_eq!(server().verify(&c, b"INVITE", URI, Some(&ha1), 1_001, context), want);
            assert_eq!(
                server().verify(&c, b"INVITE", URI, None, 1_001, context),
                Verdict::UnknownUser
            );
        }
    }
}
