//! The client's half: reading challenges and answering them.

use std::borrow::Cow;

use super::{Algorithm, DigestError, directives, quoted, response};
use crate::text::{self, trim};

/// A challenge a client received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// `realm`, unquoted.
    pub realm: Cow<'a, [u8]>,
    /// `nonce`, unquoted.
    pub nonce: Cow<'a, [u8]>,
    /// `opaque`, unquoted.
    pub opaque: Option<Cow<'a, [u8]>>,
    /// `algorithm`; MD5 when absent.
    pub algorithm: Algorithm,
    /// `stale=true`: the password was right, the nonce was not.
    pub stale: bool,
}

impl<'a> Challenge<'a> {
    /// Parses a `WWW-Authenticate` or `Proxy-Authenticate` value.
    ///
    /// # Errors
    /// [`DigestError`]; try the next challenge, if there is one.
    pub fn parse(value: &'a [u8]) -> Result<Self, DigestError> {
        let (mut realm, mut nonce, mut opaque) = (None, None, None);
        let (mut algorithm, mut stale, mut auth) = (Algorithm::Md5, false, false);
        for (name, value) in directives(value).ok_or(DigestError::Scheme)? {
            let value = text::unquote(value);
            match name.to_ascii_lowercase().as_slice() {
                b"realm" => realm = Some(value),
                b"nonce" => nonce = Some(value),
                b"opaque" => opaque = Some(value),
                b"algorithm" => {
                    algorithm = Algorithm::from_bytes(&value).ok_or(DigestError::Algorithm)?;
                }
                b"stale" => stale = value.eq_ignore_ascii_case(b"true"),
                b"qop" => auth = text_list_has(&value, b"auth"),
                _ => {}
            }
        }
        if !auth {
            return Err(DigestError::Qop);
        }
        Ok(Self {
            realm: realm.ok_or(DigestError::Directive("realm"))?,
            nonce: nonce.ok_or(DigestError::Directive("nonce"))?,
            opaque,
            algorithm,
            stale,
        })
    }

    /// The first challenge of a response this crate can answer: servers list the
    /// strongest first.
    pub fn first_of(values: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        values.into_iter().find_map(|value| Self::parse(value).ok())
    }

    /// The `Authorization` (or `Proxy-Authorization`) value that answers it.
    /// `cnonce` must be unpredictable; `nc` starts at 1 and rises with each use of
    /// the nonce.
    pub fn answer(
        &self,
        username: &str,
        password: &str,
        method: &[u8],
        uri: &[u8],
        cnonce: &str,
        nc: u32,
    ) -> Vec<u8> {
        let ha1 = self.algorithm.hash(&[username.as_bytes(), &self.realm, password.as_bytes()]);
        let nc = format!("{nc:08x}");
        let cnonce = cnonce.as_bytes();
        let hex = response(self.algorithm, &ha1, &self.nonce, nc.as_bytes(), cnonce, method, uri);
        let mut out = b"Digest ".to_vec();
        let mut put = |name: &str, value: &[u8]| {
            if out.len() > 7 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            out.extend_from_slice(value);
        };
        put("username", &quoted(username.as_bytes()));
        put("realm", &quoted(&self.realm));
        put("nonce", &quoted(&self.nonce));
        put("uri", &quoted(uri));
        put("response", &quoted(hex.as_bytes()));
        put("algorithm", self.algorithm.as_str().as_bytes());
        put("qop", b"auth");
        put("nc", nc.as_bytes());
        put("cnonce", &quoted(cnonce));
        if let Some(opaque) = &self.opaque {
            put("opaque", &quoted(opaque));
        }
        out
    }
}

fn text_list_has(list: &[u8], token: &[u8]) -> bool {
    list.split(|&b| b == b',').any(|item| trim(item).eq_ignore_ascii_case(token))
}
