use crate::{Country, E164};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region};
use serde::{Deserialize, Serialize};

/// What libphonenumber's metadata says a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberKind {
    /// Bound to a place.
    Geographic,
    /// A mobile number, or one of a country where both look alike.
    Mobile,
    /// Free for the caller.
    TollFree,
    /// Premium, shared cost, VoIP, pager, unknown and the rest.
    Other,
}

/// Advice about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The country the number belongs to; `None` for international services
    /// (such as +800) and for codes no country holds.
    pub country: Option<Country>,
    /// Its kind.
    pub kind: NumberKind,
    /// Lies in a range the metadata knows. `false` calls for a warning only.
    pub known_range: bool,
}

/// Describes a number by libphonenumber's metadata.
pub fn describe(number: E164) -> Description {
    let Ok(parsed) = PhoneNumber::parse(number.to_string(), None) else {
        return Description { country: None, kind: NumberKind::Other, known_range: false };
    };
    let country =
        parsed.get_region_code().and_then(country_of).or_else(|| main_country_of_code(&parsed));
    let of_type = parsed.get_type();
    let kind = match of_type {
        PhoneNumberType::FixedLine | PhoneNumberType::FixedLineOrMobile => NumberKind::Geographic,
        PhoneNumberType::Mobile => NumberKind::Mobile,
        PhoneNumberType::TollFree => NumberKind::TollFree,
        _ => NumberKind::Other,
    };
    // A number of a known type is a valid one; asking for both would look twice.
    Description { country, kind, known_range: of_type != PhoneNumberType::Unknown }
}

/// Has any country numbers of this length behind this code? A number may be possible and yet
/// lie in no known range.
pub fn is_possible(number: E164) -> bool {
    PhoneNumber::parse(number.to_string(), None)
        .is_ok_and(|parsed| parsed.is_possible_with_reason().is_ok())
}

/// What the metadata says about what a call costs the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// The country the number belongs to; `None` for codes no country holds.
    pub country: Option<Country>,
    /// Dearer than a call to that country: premium rate, shared cost, or a code of
    /// no country (satellites, international networks and services) that is not free.
    pub premium: bool,
}

/// What a call to a number costs, as far as the metadata knows.
pub fn tariff(number: E164) -> Tariff {
    let Ok(parsed) = PhoneNumber::parse(number.to_string(), None) else {
        return Tariff { country: None, premium: true };
    };
    let country =
        parsed.get_region_code().and_then(country_of).or_else(|| main_country_of_code(&parsed));
    let premium = match parsed.get_type() {
        PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost => true,
        PhoneNumberType::TollFree => false,
        _ => country.is_none(),
    };
    Tariff { country, premium }
}

/// May a number of this calling code be one of this country? Where no country
/// holds the code (such as +800), any country may.
pub fn code_admits(number: E164, country: Country) -> bool {
    let Ok(parsed) = PhoneNumber::parse(number.to_string(), None) else { return true };
    let regions = PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(parsed.country_code);
    let mut countries = regions.into_iter().flatten().filter_map(country_of).peekable();
    countries.peek().is_none() || countries.any(|c| c == country)
}

/// Reads what a person dialled in their own country: `020 7946 0000`,
/// `00 33 …` or `+33 …`. `None` where it makes no number at all.
pub fn from_dialled(dialled: &str, home: Country) -> Option<E164> {
    if dialled.starts_with('+') {
        return E164::parse(dialled).ok();
    }
    let region = Region::from_code(home.as_str()).ok()?;
    let parsed = PhoneNumber::parse(dialled, Some(region)).ok()?;
    E164::parse(&parsed.to_string()).ok()
}

/// A number outside every known range still carries a country code: its main
/// country is the best answer, so that a consent can be checked at all.
fn main_country_of_code(parsed: &PhoneNumber) -> Option<Country> {
    let region = PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code)?;
    country_of(region)
}

/// `None` for the metadata's region 001, which is no country.
fn country_of(region: Region) -> Option<Country> {
    Country::parse(&region.as_region_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_and_kinds() {
        for (text, country, kind, known) in [
            ("+442079460000", Some("GB"), NumberKind::Geographic, true),
            ("+390612345678", Some("IT"), NumberKind::Geographic, true),
            ("+12025550123", Some("US"), NumberKind::Geographic, true),
            ("+18005550123", Some("US"), NumberKind::TollFree, true),
            ("+80012345678", None, NumberKind::TollFree, true),
            ("+4930123456", Some("DE"), NumberKind::Geographic, true),
        ] {
            let d = describe(E164::parse(text).expect("test number"));
            assert_eq!(d.country.map(|c| c.to_string()).as_deref(), country, "{text}");
            assert_eq!((d.kind, d.known_range), (kind, known), "{text}");
        }
    }

    #[test]
    fn premium_rate_shared_cost_and_satellites_are_dear() {
        for (text, country, premium) in [
            ("+442079460000", Some("GB"), false),
            ("+447400123456", Some("GB"), false),
            ("+448081570000", Some("GB"), false),
            ("+449098790000", Some("GB"), true),
            ("+448431234567", Some("GB"), true),
            ("+499001123456", Some("DE"), true),
            ("+19002345678", Some("US"), true),
            ("+18762345678", Some("JM"), false),
            ("+33123456789", Some("FR"), false),
            ("+870773111632", None, true),
            ("+881612345678", None, true),
            ("+883510012345678", None, true),
            ("+979123456789", None, true),
            ("+80012345678", None, false),
        ] {
            let t = tariff(E164::parse(text).expect("test number"));
            assert_eq!(t.country.map(|c| c.to_string()).as_deref(), country, "{text}");
            assert_eq!(t.premium, premium, "{text}");
        }
    }

    #[test]
    fn an_unknown_range_still_has_its_country() {
        let d = describe(E164::parse("+440000000000").expect("test number"));
        assert_eq!(d.country.map(|c| c.to_string()).as_deref(), Some("GB"));
        assert!(!d.known_range);
    }

    #[test]
    fn a_calling_code_admits_its_own_countries_only() {
        for (number, country, admitted) in [
            ("+4900000001", "DE", true),
            ("+4900000001", "GB", false),
            ("+440000000000", "GB", true),
            ("+440000000000", "JE", true),
            ("+440000000000", "DE", false),
            ("+10000000000", "CA", true),
            ("+10000000000", "GB", false),
            ("+80012345678", "GB", true),
            ("+2100000000", "GB", true),
        ] {
            let (n, c) = (E164::parse(number).expect("number"), Country::parse(country));
            assert_eq!(code_admits(n, c.expect("country")), admitted, "{number} {country}");
        }
    }

    #[test]
    fn possible_is_less_than_known() {
        for (number, possible, known) in [
            ("+442079460000", true, true),
            ("+15555555555", true, false),
            ("+1555555555", false, false),
            ("+4412345678910", false, false),
            ("+390612345678", true, true),
        ] {
            let number = E164::parse(number).expect("number");
            assert_eq!(
                (is_possible(number), describe(number).known_range),
                (possible, known),
                "{number}"
            );
        }
    }

    #[test]
    fn dialled_as_people_do() {
        let gb = Country::parse("GB").expect("GB");
        for dialled in ["+442079460000", "02079460000", "00442079460000"] {
            assert_eq!(
                from_dialled(dialled, gb).map(|n| n.to_string()).as_deref(),
                Some("+442079460000"),
                "{dialled}"
            );
        }
        assert_eq!(from_dialled("nonsense", gb), None);
    }

    proptest::proptest! {
        /// Of a known type and valid are the same to the metadata's own reader.
        #[test]
        fn known_ranges_are_those_of_valid_numbers(
            code in proptest::sample::select(vec!["1", "7", "44", "39", "49", "358", "800", "870", "599"]),
            digits in "[0-9]{4,11}",
        ) {
            if let Ok(number) = E164::parse(&format!("+{code}{digits}")) {
                let valid = PhoneNumber::parse(number.to_string(), None).is_ok_and(|n| n.is_valid());
                proptest::prop_assert_eq!(describe(number).known_range, valid, "{}", number);
            }
        }
    }
}
