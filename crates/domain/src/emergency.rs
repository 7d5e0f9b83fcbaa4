//! Which dialled strings are emergency calls (emergency.md sections 4.2 and 9;
//! design section 6).
//!
//! Recognition by the number's country only; sites and trunks add their own
//! dial strings in a later version, and locations travel then too.

use numbering::Country;

/// Emergency numbers by country, from the table of emergency.md section 9.
/// A country that is not listed still answers to 112 (ETSI, ITU-T E.161.1).
const NUMBERS: &[(&str, &[&str])] = &[
    ("AT", &["112", "122", "133", "144"]),
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
    ("HR", &["112", "192", "193", "194"]),
    ("HU", &["112", "104", "105", "107"]),
    ("IE", &["999", "112"]),
    ("IT", &["112", "113", "115", "118"]),
    ("LU", &["112", "113"]),
    ("LV", &["112", "110", "113", "01", "02", "03"]),
    ("NL", &["112", "911"]),
    ("NO", &["110", "112", "113"]),
    ("PL", &["112", "997", "998", "999"]),
    ("PT", &["112", "115"]),
    ("RO", &["112"]),
    ("SE", &["112", "90000"]),
    ("SI", &["112", "113"]),
    ("SK", &["112", "150", "155", "158"]),
    ("US", &["911", "112"]),
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
