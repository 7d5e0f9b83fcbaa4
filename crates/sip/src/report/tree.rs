//! A parsed value, ready to be written in any notation.

use crate::text::{Params, unquote};
use std::borrow::Cow;

/// A value made of named and numbered parts; text is bytes, as SIP's is.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree<'a> {
    /// Nothing: a parameter without a value, a port not written.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u64),
    /// Text.
    Text(Cow<'a, [u8]>),
    /// Values in a row.
    List(Vec<Tree<'a>>),
    /// Named values, in the order written.
    Map(Vec<(Cow<'a, [u8]>, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    pub(super) fn text(bytes: &'a [u8]) -> Self {
        Self::Text(Cow::Borrowed(bytes))
    }

    pub(super) fn maybe(bytes: Option<&'a [u8]>) -> Self {
        bytes.map_or(Self::Null, Self::text)
    }

    pub(super) fn number(number: Option<impl Into<u64>>) -> Self {
        number.map_or(Self::Null, |n| Self::Number(n.into()))
    }

    /// Names are ours, so they are written out; `Null` parts are kept.
    pub(super) fn map<const N: usize>(entries: [(&'static str, Tree<'a>); N]) -> Self {
        let entries = entries.into_iter().map(|(k, v)| (Cow::Borrowed(k.as_bytes()), v));
        Self::Map(entries.collect())
    }

    /// Parameters by name, quotes undone.
    pub(super) fn params(params: &Params<'a>) -> Self {
        let value = |v: Option<&'a [u8]>| v.map_or(Self::Null, |v| Self::Text(unquote(v)));
        Self::Map(params.iter().map(|p| (Cow::Borrowed(p.name), value(p.value))).collect())
    }
}
