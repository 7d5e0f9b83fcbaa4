//! Which dialled strings are emergency calls (emergency.md sections 4.2 and 9;
//! design section 6).
//!
//! The number's country has its emergency numbers; a calling profile adds dial strings of its
//! own ([`ProfileEmergency`]), and so does a tenant's policy for its gateways
//! ([`crate::policy::EmergencyCallRouting`]). Sites add theirs in a later version, and locations
//! travel then too.

use crate::CallingProfileId;
use numbering::Country;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Most digits of an emergency dial string (emergency.md section 1.6).
pub const MOST_DIGITS: usize = 10;

/// What is dialled for help: 1 to 10 digits (emergency.md section 1.6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialString {
    digits: [u8; MOST_DIGITS],
    len: u8,
}

impl DialString {
    /// Reads digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut digits = [0; MOST_DIGITS];
        digits.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self { digits, len: bytes.len() as u8 })
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        // Nothing but digits is ever written there.
        std::str::from_utf8(&self.digits[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for DialString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DialString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for DialString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DialString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is not 1 to {MOST_DIGITS} digits"))
        })
    }
}

/// Most dial strings of a calling profile. Public documents set no limit.
pub const MOST_DIAL_STRINGS: usize = 50;

/// What a calling profile says of emergency calls (operator-connect.md section 1.5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileEmergency {
    /// Numbers that its operator takes as emergency, beside those of the number's country.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dial_strings: Vec<DialString>,
    /// Another profile of the operator's, by which emergency calls leave instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<CallingProfileId>,
}

impl ProfileEmergency {
    /// It says nothing.
    pub fn is_empty(&self) -> bool {
        self.dial_strings.is_empty() && self.profile.is_none()
    }

    /// Is one of its dial strings called? A stray leading `+` is tolerated.
    pub fn recognise(&self, dialled: &str) -> Option<DialString> {
        let digits = DialString::parse(dialled.strip_prefix('+').unwrap_or(dialled))?;
        self.dial_strings.contains(&digits).then_some(digits)
    }
}

/// Test numbers by country (emergency.md section 3.2): a real emergency number never stands in for
/// one.
const TEST_NUMBERS: &[(&str, &str)] = &[("CA", "933"), ("US", "933")];

/// Is it a test number of some country?
pub fn is_test_number(digits: DialString) -> bool {
    TEST_NUMBERS.iter().any(|(_, number)| *number == digits.as_str())
}

/// What to dial of a call for help at an operator that did not name this dial string: digits of
/// somebody's own mean nothing there, or something that costs, so that the country's general number
/// stands in for them.
pub fn elsewhere(digits: DialString, country: Country) -> DialString {
    let own = numbers(country);
    if own.contains(&digits.as_str()) {
        return digits;
    }
    own.first().and_then(|general| DialString::parse(general)).unwrap_or(digits)
}

/// Emergency numbers by country, from the table of emergency.md section 9.
/// A country that is not listed still answers to 112 (ETSI, ITU-T E.161.1).
const NUMBERS: &[(&str, &[&str])] = &[
    ("AE", &["112", "997", "998", "999"]),
    ("AT", &["112", "122", "133", "144"]),
    ("AU", &["000", "112", "106"]),
    ("BE", &["112", "100", "101"]),
    ("BR", &["190", "192", "193", "112", "128"]),
    ("CA", &["911", "112"]),
    ("CH", &["112", "117", "118", "144"]),
    ("CZ", &["112", "150", "155", "156", "158"]),
    ("DE", &["110", "112"]),
    ("DK", &["112", "114"]),
    ("EE", &["112", "110"]),
    ("ES", &["112", "085", "088"]),
    ("FI", &["112"]),
    ("FR", &["112", "15", "17", "18"]),
    ("GB", &["999", "112"]),
    ("HK", &["999", "112", "992"]),
    ("HR", &["112", "192", "193", "194"]),
    ("HU", &["112", "104", "105", "107"]),
    ("IE", &["999", "112"]),
    ("IL", &["100", "112", "101", "102"]),
    ("IN", &["112", "100", "101", "102", "108"]),
    ("IT", &["112", "113", "115", "118"]),
    ("JP", &["110", "119", "118", "112"]),
    ("KR", &["112", "119"]),
    ("LT", &["112", "101", "102", "103", "01", "011", "02", "022", "03", "033"]),
    ("LU", &["112", "113"]),
    ("LV", &["112", "110", "113", "01", "02", "03"]),
    ("MX", &["911", "112", "060", "065", "066", "068", "080"]),
    ("NL", &["112", "911"]),
    ("NO", &["110", "112", "113"]),
    ("NZ", &["111", "112"]),
    ("PL", &["112", "997", "998", "999"]),
    ("PT", &["112", "115"]),
    ("RO", &["112"]),
    ("SE", &["112", "90000"]),
    ("SG", &["995", "999", "993", "112"]),
    ("SI", &["112", "113"]),
    ("SK", &["112", "150", "155", "158"]),
    ("US", &["911", "112"]),
    ("ZA", &["112", "10111", "10177"]),
];

/// The emergency numbers dialled in a country.
pub fn numbers(country: Country) -> &'static [&'static str] {
    NUMBERS
        .iter()
        .find(|(code, _)| *code == country.as_str())
        .map_or(&["112"][..], |(_, numbers)| numbers)
}

/// Is this the user part of an emergency call from a number of `country`?
///
/// A stray leading `+` is tolerated (emergency.md 4.2). Returns the digits to
/// send to the operator.
pub fn recognise(dialled: &str, country: Country) -> Option<&'static str> {
    let digits = dialled.strip_prefix('+').unwrap_or(dialled);
    numbers(country).iter().copied().find(|n| *n == digits)
}

/// Could this be an emergency call from anywhere? For what may never be refused
/// before it is known who calls: overload, not routing.
pub fn recognise_anywhere(dialled: &str) -> bool {
    let digits = dialled.strip_prefix('+').unwrap_or(dialled);
    digits.len() <= 5
        && (digits == "112" || NUMBERS.iter().any(|(_, numbers)| numbers.contains(&digits)))
}

/// Longest that an outside line's digits and what else stands before a number may be together with
/// an emergency number.
const MOST_DECORATED: usize = 6;

/// Could a dial plan make an emergency call of this, as of `9112` where 9 gets an outside line? For
/// gates that stand before anybody knows whose plan counts.
pub fn may_become(dialled: &str) -> bool {
    recognise_anywhere(dialled)
        || (dialled.len() <= MOST_DECORATED
            && (1..dialled.len()).any(|at| dialled.get(at..).is_some_and(recognise_anywhere)))
}

/// The service of `urn:service:sos` and its children (RFC 5031 section 4.2),
/// compared without regard to case; the children all fall back to the
/// country's first number.
pub fn recognise_urn(urn: &str, country: Country) -> Option<&'static str> {
    let head = urn.get(.."urn:service:sos".len())?;
    let tail = &urn[head.len()..];
    (head.eq_ignore_ascii_case("urn:service:sos") && (tail.is_empty() || tail.starts_with('.')))
        .then(|| numbers(country)[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    fn country(code: &str) -> Country {
        Country::parse(code).expect("country")
    }

    #[test]
    fn the_number_s_country_decides() {
        for (dialled, home, expect) in [
            ("999", "GB", Some("999")),
            ("112", "GB", Some("112")),
            ("911", "GB", None),
            ("911", "US", Some("911")),
            ("+911", "US", Some("911")),
            ("999", "US", None),
            ("110", "DE", Some("110")),
            ("112", "DE", Some("112")),
            ("112", "JP", Some("112")),
            ("9999", "GB", None),
            ("99", "GB", None),
            ("", "GB", None),
        ] {
            assert_eq!(recognise(dialled, country(home)), expect, "{dialled} in {home}");
        }
    }

    #[test]
    fn dial_strings_are_a_few_digits() {
        for (text, good) in [
            ("1", true),
            ("999", true),
            ("1234567890", true),
            ("12345678901", false),
            ("", false),
            ("+999", false),
            ("99 9", false),
            ("٩٩٩", false),
        ] {
            let read = DialString::parse(text);
            assert_eq!(read.is_some(), good, "{text:?}");
            let given: StrDeserializer<'_, Error> = text.into_deserializer();
            assert_eq!(DialString::deserialize(given).ok(), read, "{text:?}");
            if let Some(read) = read {
                assert_eq!((read.as_str(), &*read.to_string()), (text, text));
            }
        }
    }

    #[test]
    fn a_profile_s_dial_strings_are_emergency_and_mean_nothing_elsewhere() {
        let own = |text| DialString::parse(text).expect("digits");
        let profile = ProfileEmergency { dial_strings: vec![own("5555")], profile: None };
        for (dialled, expect) in
            [("5555", Some(own("5555"))), ("+5555", Some(own("5555"))), ("555", None), ("", None)]
        {
            assert_eq!(profile.recognise(dialled), expect, "{dialled}");
        }
        for (digits, home, expect) in [
            ("5555", "GB", "999"),
            ("112", "GB", "112"),
            ("999", "US", "911"),
            ("5555", "IS", "112"),
        ] {
            assert_eq!(elsewhere(own(digits), country(home)).as_str(), expect, "{digits} {home}");
        }
        assert!(is_test_number(own("933")) && !is_test_number(own("911")));
    }

    #[test]
    fn every_country_s_numbers_are_dial_strings() {
        for (code, numbers) in NUMBERS {
            assert!(numbers.iter().all(|n| DialString::parse(n).is_some()), "{code}");
        }
        assert!(NUMBERS.is_sorted_by_key(|(code, _)| code), "a reader finds a country");
    }

    #[test]
    fn every_country_s_numbers_are_known_anywhere() {
        for (_, numbers) in NUMBERS {
            assert!(numbers.iter().all(|n| recognise_anywhere(n)), "{numbers:?}");
        }
        assert!(recognise_anywhere("+911"));
        for (dialled, may) in [
            ("112", true),
            ("9112", true),
            ("0911", true),
            ("99999", true),
            ("9123", false),
            ("4930112", false),
        ] {
            assert_eq!(may_become(dialled), may, "{dialled}");
        }
        for other in ["", "+", "1", "9999", "442079460001"] {
            assert!(!recognise_anywhere(other), "{other}");
        }
    }

    #[test]
    fn urns_fall_back_to_the_general_number() {
        for (urn, expect) in [
            ("urn:service:sos", Some("999")),
            ("URN:SERVICE:SOS.police", Some("999")),
            ("urn:service:sos.fire", Some("999")),
            ("urn:service:sosx", None),
            ("urn:service:counseling", None),
        ] {
            assert_eq!(recognise_urn(urn, country("GB")), expect, "{urn}");
        }
    }
}
