use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A country by its ISO 3166-1 alpha-2 code, upper case.
///
/// Only the shape (two ASCII letters) is checked; which countries the
/// programme serves is a matter of offers, not of this type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// The text is not two ASCII letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a country is an ISO 3166-1 alpha-2 code, two letters such as GB")]
pub struct CountryError;

/// A group of countries by which the directory can be filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// Europe, the Middle East and Africa.
    Emea,
    /// North, Central and South America.
    Americas,
    /// Asia and the Pacific.
    Apac,
}

impl Country {
    /// Parses two letters of either case.
    pub const fn parse(text: &str) -> Result<Self, CountryError> {
        let b = text.as_bytes();
        if b.len() == 2 && b[0].is_ascii_alphabetic() && b[1].is_ascii_alphabetic() {
            Ok(Self([b[0].to_ascii_uppercase(), b[1].to_ascii_uppercase()]))
        } else {
            Err(CountryError)
        }
    }

    /// The two upper-case letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a country is made of ASCII letters only")
    }

    /// The two letters as bytes, for fixed-width records.
    pub const fn bytes(self) -> [u8; 2] {
        self.0
    }

    /// The directory's grouping; a country in no list counts as EMEA.
    pub fn region(self) -> Region {
        const AMERICAS: &str = "AG AI AR AW BB BM BO BR BS BZ CA CL CO CR CU CW DM DO EC FK GD GF GL GP GT GY HN HT JM KN KY LC MQ MS MX NI PA PE PM PR PY SR SV SX TC TT US UY VC VE VG VI";
        const APAC: &str = "AF AS AU BD BN BT CC CK CN CX FJ FM GU HK ID IN IO JP KH KI KP KR LA LK MH MM MN MO MP MV MY NC NF NP NR NU NZ PF PG PH PK PN PW SB SG TH TK TL TO TV TW VN VU WF WS";
        let listed = |list: &str| list.split(' ').any(|c| c == self.as_str());
        if listed(AMERICAS) {
            Region::Americas
        } else if listed(APAC) {
            Region::Apac
        } else {
            Region::Emea
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Country {
    type Err = CountryError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_letters_of_either_case_and_nothing_else() {
        assert_eq!(Country::parse("gb").map(|c| c.to_string()), Ok("GB".to_owned()));
        for bad in ["", "G", "GBR", "1B", "G ", "é"] {
            assert_eq!(Country::parse(bad), Err(CountryError), "{bad:?}");
        }
    }

    #[test]
    fn regions() {
        for (code, region) in [("GB", Region::Emea), ("US", Region::Americas), ("JP", Region::Apac)]
        {
            assert_eq!(Country::parse(code).map(Country::region), Ok(region));
        }
    }
}
