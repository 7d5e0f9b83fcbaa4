use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A telephone number in E.164 form, held as an integer.
///
/// Accepts exactly `^\+[1-9]\d{1,14}$` (design section 9): two to fifteen
/// digits after the plus sign, the first of them not zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

/// Why a text is not an E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum E164Error {
    /// The leading `+` is missing.
    #[error("an E.164 number starts with '+'")]
    MissingPlus,
    /// Something other than a digit follows the `+`.
    #[error("only digits may follow the '+'")]
    NotDigits,
    /// No country code starts with zero.
    #[error("the first digit after '+' is a country code digit, 1 to 9")]
    LeadingZero,
    /// Fewer than two or more than fifteen digits.
    #[error("an E.164 number has 2 to 15 digits after the '+'")]
    Length,
}

impl E164 {
    /// Largest value: fifteen digits.
    pub const MAX: u64 = 999_999_999_999_999;

    /// Parses `+` and digits; nothing else is accepted, not even spaces.
    pub const fn parse(text: &str) -> Result<Self, E164Error> {
        Self::parse_bytes(text.as_bytes())
    }

    /// As [`E164::parse`], from bytes as they stand in a SIP message.
    pub const fn parse_bytes(bytes: &[u8]) -> Result<Self, E164Error> {
        if bytes.is_empty() || bytes[0] != b'+' {
            return Err(E164Error::MissingPlus);
        }
        let mut value: u64 = 0;
        let mut i = 1;
        while i < bytes.len() {
            let b = bytes[i];
            if !b.is_ascii_digit() {
                return Err(E164Error::NotDigits);
            }
            if i > 15 {
                return Err(E164Error::Length);
            }
            value = value * 10 + (b - b'0') as u64;
            i += 1;
        }
        if bytes.len() < 3 {
            return Err(E164Error::Length);
        }
        if bytes[1] == b'0' {
            return Err(E164Error::LeadingZero);
        }
        Ok(Self(value))
    }

    /// The number as an integer, as it is stored.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// From a stored integer; `None` if it has fewer than 2 or more than 15 digits.
    pub const fn from_value(value: u64) -> Option<Self> {
        if value >= 10 && value <= Self::MAX { Some(Self(value)) } else { None }
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl FromStr for E164 {
    type Err = E164Error;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for E164 {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accepts_and_refuses() {
        for (text, expect) in [
            ("+442079460000", Ok(442_079_460_000)),
            ("+10", Ok(10)),
            ("+999999999999999", Ok(E164::MAX)),
            ("442079460000", Err(E164Error::MissingPlus)),
            ("", Err(E164Error::MissingPlus)),
            ("+", Err(E164Error::Length)),
            ("+1", Err(E164Error::Length)),
            ("+1000000000000000", Err(E164Error::Length)),
            ("+0123", Err(E164Error::LeadingZero)),
            ("+44 20", Err(E164Error::NotDigits)),
            ("++44", Err(E164Error::NotDigits)),
            ("+٤٤", Err(E164Error::NotDigits)),
        ] {
            assert_eq!(E164::parse(text).map(E164::value), expect, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_prints_parses_back(value in 10u64..=E164::MAX) {
            let number = E164::from_value(value).expect("in range");
            prop_assert_eq!(E164::parse(&number.to_string()), Ok(number));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = E164::parse(&text);
        }
    }
}
