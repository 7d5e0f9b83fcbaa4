//! The languages of a bridge's number: a primary one and up to four more
//! (operator-connect.md 1.12), as language tags (BCP 47, RFC 5646).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Longest tag, bytes: what RFC 5646 section 4.4.1 recommends to have room for.
pub const MOST_TAG: usize = 35;
/// Most languages beside the primary one.
pub const MOST_SECONDARY: usize = 4;

/// A well-formed language tag, in the case that RFC 5646 section 2.1.1 recommends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LanguageTag(Box<str>);

/// Why a text is no language tag, or several do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LanguageError {
    /// Not well formed.
    #[error("a language is a BCP 47 tag such as en-GB, of at most {MOST_TAG} characters")]
    NotATag,
    /// Too many of them.
    #[error("beside its primary language a number has at most {MOST_SECONDARY}")]
    TooMany,
    /// One is there twice.
    #[error("a language is there twice")]
    Twice,
}

impl LanguageTag {
    /// Reads a tag: language, script, region, variants, extensions and private use in this
    /// order (RFC 5646 section 2.1). Tags that are for private use alone, and those of before
    /// RFC 4646 that do not follow its grammar, name no language that a bridge could speak.
    ///
    /// # Errors
    /// [`LanguageError::NotATag`].
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        if text.len() > MOST_TAG {
            return Err(LanguageError::NotATag);
        }
        let lower = text.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('-').collect();
        let well_formed = |part: &&str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if !parts.iter().all(well_formed) {
            return Err(LanguageError::NotATag);
        }
        let alpha = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic());
        let mut rest = parts.iter().copied().peekable();
        let mut read: Vec<String> = Vec::new();
        let language = rest.next().filter(|l| (2..=8).contains(&l.len()) && alpha(l));
        let language = language.ok_or(LanguageError::NotATag)?;
        read.push(language.to_owned());
        // Up to three extended subtags, of a short language only.
        for _ in 0..3 {
            if language.len() > 3 {
                break;
            }
            match rest.next_if(|part| part.len() == 3 && alpha(part)) {
                Some(part) => read.push(part.to_owned()),
                None => break,
            }
        }
        if let Some(script) = rest.next_if(|part| part.len() == 4 && alpha(part)) {
            read.push(format!("{}{}", script[..1].to_ascii_uppercase(), &script[1..]));
        }
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let region = |part: &str| part.len() == 2 && alpha(part) || part.len() == 3 && digits(part);
        if let Some(region) = rest.next_if(|part| region(part)) {
            read.push(region.to_ascii_uppercase());
        }
        let variant =
            |part: &str| part.len() >= 5 || part.len() == 4 && part.as_bytes()[0].is_ascii_digit();
        let mut seen: Vec<&str> = Vec::new();
        while let Some(part) = rest.next_if(|part| variant(part)) {
            if seen.contains(&part) {
                return Err(LanguageError::NotATag);
            }
            seen.push(part);
            read.push(part.to_owned());
        }
        // A singleton opens an extension of at least one longer subtag, each singleton once;
        // `x` opens what is for private use, to the end.
        while let Some(singleton) = rest.next() {
            if singleton.len() != 1 || seen.contains(&singleton) {
                return Err(LanguageError::NotATag);
            }
            seen.push(singleton);
            read.push(singleton.to_owned());
            let least = if singleton == "x" { 1 } else { 2 };
            let mut some = false;
            while let Some(part) = rest.next_if(|part| part.len() >= least) {
                some = true;
                read.push(part.to_owned());
            }
            if !some {
                return Err(LanguageError::NotATag);
            }
        }
        Ok(Self(read.join("-").into_boxed_str()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LanguageTag({})", self.0)
    }
}

impl Serialize for LanguageTag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LanguageTag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The languages in which whoever calls a number is greeted, each once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Languages {
    primary: LanguageTag,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secondary: Vec<LanguageTag>,
}

#[derive(Deserialize)]
struct Written {
    primary: LanguageTag,
    #[serde(default)]
    secondary: Vec<LanguageTag>,
}

impl TryFrom<Written> for Languages {
    type Error = LanguageError;

    fn try_from(written: Written) -> Result<Self, LanguageError> {
        Self::new(written.primary, written.secondary)
    }
}

impl Languages {
    /// A primary language and at most four more, in the order in which they are offered.
    ///
    /// # Errors
    /// [`LanguageError::TooMany`], [`LanguageError::Twice`].
    pub fn new(primary: LanguageTag, secondary: Vec<LanguageTag>) -> Result<Self, LanguageError> {
        if secondary.len() > MOST_SECONDARY {
            return Err(LanguageError::TooMany);
        }
        let twice = |at: usize, tag: &LanguageTag| *tag == primary || secondary[..at].contains(tag);
        if secondary.iter().enumerate().any(|(at, tag)| twice(at, tag)) {
            return Err(LanguageError::Twice);
        }
        Ok(Self { primary, secondary })
    }

    /// The one that is spoken first.
    pub const fn primary(&self) -> &LanguageTag {
        &self.primary
    }

    /// The others that are offered.
    pub fn secondary(&self) -> &[LanguageTag] {
        &self.secondary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_texts_are_tags() {
        for (text, expect) in [
            ("en", Some("en")),
            ("EN-gb", Some("en-GB")),
            ("zh-hant-tw", Some("zh-Hant-TW")),
            ("zh-yue-hk", Some("zh-yue-HK")),
            ("es-419", Some("es-419")),
            ("sl-rozaj-biske", Some("sl-rozaj-biske")),
            ("de-CH-1901", Some("de-CH-1901")),
            ("de-u-co-phonebk", Some("de-u-co-phonebk")),
            ("en-x-a-meeting", Some("en-x-a-meeting")),
            ("fil", Some("fil")),
            ("", None),
            ("e", None),
            ("x-private", None),
            ("i-klingon", None),
            ("en_GB", None),
            ("en-", None),
            ("en--GB", None),
            ("english1", None),
            ("en-GB-a", None),
            ("en-GB-oed", None),
            ("de-1901-1901", None),
            ("en-a-bb-a-cc", None),
            ("en-abcdefghi", None),
            ("en\r\nX: y", None),
            ("español", None),
            // 35 characters, and 36.
            ("en-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd", Some("en-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd")),
            ("en-x-aaaaaaaa-bbbbbbbb-cccccccc-dddd", None),
        ] {
            let read = LanguageTag::parse(text);
            assert_eq!(read.as_ref().ok().map(LanguageTag::as_str), expect, "{text:?}");
            if let Ok(tag) = read {
                assert_eq!(LanguageTag::parse(tag.as_str()), Ok(tag.clone()), "{text:?}");
            }
        }
    }

    #[test]
    fn a_primary_language_and_up_to_four_more() {
        let tag = |text: &str| LanguageTag::parse(text).expect(text);
        let new = |texts: &[&str]| {
            Languages::new(tag("en-GB"), texts.iter().map(|text| tag(text)).collect())
        };
        let four = ["fr-FR", "de-DE", "es-ES", "en-US"];
        assert_eq!(new(&[]).expect("one alone").secondary(), []);
        assert_eq!(new(&four).expect("four more").secondary().len(), 4);
        for (texts, expect) in [
            (&["fr-FR", "de-DE", "es-ES", "en-US", "it-IT"][..], LanguageError::TooMany),
            (&["en-gb"], LanguageError::Twice),
            (&["fr-FR", "de-DE", "FR-fr"], LanguageError::Twice),
        ] {
            assert_eq!(new(texts), Err(expect), "{texts:?}");
        }
    }
}
