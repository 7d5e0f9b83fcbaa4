//! Civic addresses and the places within them (emergency.md sections 1.1 and
//! 1.2; operator-connect.md 1.9).
//!
//! [`CivicAddress::parse`] is the only way to make one, so that an address that
//! exists can be used. This crate knows no database and no socket.

use numbering::Country;

/// Longest text field, characters.
pub const MAX_TEXT: usize = 200;

/// An address as somebody wrote it, before anything is known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Mandatory.
    pub company_name: String,
    /// ISO 3166-1 alpha-2, mandatory.
    pub country: String,
    /// House number.
    pub house_number: Option<String>,
    /// Street.
    pub street_name: Option<String>,
    /// City.
    pub city_or_town: Option<String>,
    /// State or province.
    pub state_or_province: Option<String>,
    /// Postal code.
    pub postal_or_zip_code: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Decimal degrees as text.
    pub latitude: Option<String>,
    /// Decimal degrees as text.
    pub longitude: Option<String>,
}

/// A civic address: one building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CivicAddress {
    fields: Draft,
    country: Country,
}

/// Why a draft is no civic address. [`AddressError::field`] names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A mandatory field is empty.
    #[error("{0} is mandatory")]
    Missing(&'static str),
    /// Not a country.
    #[error("the country is an ISO 3166-1 alpha-2 code")]
    Country,
    /// Only one of the two coordinates.
    #[error("latitude and longitude come together")]
    HalfGeocode(&'static str),
    /// Coordinates are mandatory everywhere but in Australia and Japan
    /// (emergency.md 1.1).
    #[error("latitude and longitude are required in {0}")]
    GeocodeRequired(Country),
    /// Not decimal degrees within ±90 or ±180.
    #[error("{field} is decimal degrees between -{limit} and {limit}")]
    Coordinate {
        /// `latitude` or `longitude`.
        field: &'static str,
        /// 90 or 180.
        limit: u8,
    },
    /// Longer than [`MAX_TEXT`], or with control characters.
    #[error("{0} is at most {MAX_TEXT} characters, none of them a control character")]
    Text(&'static str),
}

impl AddressError {
    /// The field to blame.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Missing(field) | Self::HalfGeocode(field) | Self::Text(field) => field,
            Self::Country => "country",
            Self::GeocodeRequired(_) => "latitude",
            Self::Coordinate { field, .. } => field,
        }
    }
}

impl CivicAddress {
    /// Checks a draft and trims its fields; empty optional fields count as absent.
    pub fn parse(draft: &Draft) -> Result<Self, AddressError> {
        let fields = Draft {
            company_name: text("company_name", &draft.company_name)?
                .ok_or(AddressError::Missing("company_name"))?,
            country: draft.country.trim().to_owned(),
            house_number: optional("house_number", &draft.house_number)?,
            street_name: optional("street_name", &draft.street_name)?,
            city_or_town: optional("city_or_town", &draft.city_or_town)?,
            state_or_province: optional("state_or_province", &draft.state_or_province)?,
            postal_or_zip_code: optional("postal_or_zip_code", &draft.postal_or_zip_code)?,
            description: optional("description", &draft.description)?,
            latitude: optional("latitude", &draft.latitude)?,
            longitude: optional("longitude", &draft.longitude)?,
        };
        if fields.country.is_empty() {
            return Err(AddressError::Missing("country"));
        }
        let country = Country::parse(&fields.country).map_err(|_| AddressError::Country)?;
        match (&fields.latitude, &fields.longitude) {
            (Some(latitude), Some(longitude)) => {
                coordinate("latitude", latitude, 90)?;
                coordinate("longitude", longitude, 180)?;
            }
            (Some(_), None) => return Err(AddressError::HalfGeocode("longitude")),
            (None, Some(_)) => return Err(AddressError::HalfGeocode("latitude")),
            (None, None) if matches!(country.as_str(), "AU" | "JP") => {}
            (None, None) => return Err(AddressError::GeocodeRequired(country)),
        }
        Ok(Self { fields: Draft { country: country.to_string(), ..fields }, country })
    }

    /// The checked fields.
    pub fn fields(&self) -> &Draft {
        &self.fields
    }

    /// The country.
    pub fn country(&self) -> Country {
        self.country
    }
}

fn text(field: &'static str, value: &str) -> Result<Option<String>, AddressError> {
    let value = value.trim();
    if value.chars().count() > MAX_TEXT || value.chars().any(char::is_control) {
        return Err(AddressError::Text(field));
    }
    Ok(if value.is_empty() { None } else { Some(value.to_owned()) })
}

fn optional(field: &'static str, value: &Option<String>) -> Result<Option<String>, AddressError> {
    value.as_deref().map_or(Ok(None), |value| text(field, value))
}

fn coordinate(field: &'static str, value: &str, limit: u8) -> Result<(), AddressError> {
    let plain = value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    match value.parse::<f64>() {
        Ok(degrees) if plain && degrees.abs() <= f64::from(limit) => Ok(()),
        _ => Err(AddressError::Coordinate { field, limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            company_name: " Contoso ".into(),
            country: "gb".into(),
            house_number: Some("1".into()),
            street_name: Some("High Street".into()),
            city_or_town: Some("London".into()),
            postal_or_zip_code: Some(String::new()),
            latitude: Some("51.5074".into()),
            longitude: Some("-0.1278".into()),
            ..Draft::default()
        }
    }

    #[test]
    fn a_good_address_is_tidied() {
        let address = CivicAddress::parse(&draft()).expect("good");
        assert_eq!(address.fields().company_name, "Contoso");
        assert_eq!(address.fields().country, "GB");
        assert_eq!(address.fields().postal_or_zip_code, None);
    }

    #[test]
    fn each_rule_refuses_its_own_case() {
        let some = |text: &str| Some(text.to_owned());
        let gb = Country::parse("GB").expect("GB");
        for (draft, error) in [
            (Draft { company_name: "  ".into(), ..draft() }, AddressError::Missing("company_name")),
            (Draft { country: String::new(), ..draft() }, AddressError::Missing("country")),
            (Draft { country: "GBR".into(), ..draft() }, AddressError::Country),
            (Draft { latitude: None, ..draft() }, AddressError::HalfGeocode("latitude")),
            (Draft { longitude: None, ..draft() }, AddressError::HalfGeocode("longitude")),
            (
                Draft { latitude: None, longitude: None, ..draft() },
                AddressError::GeocodeRequired(gb),
            ),
            (
                Draft { latitude: some("90.1"), ..draft() },
                AddressError::Coordinate { field: "latitude", limit: 90 },
            ),
            (
                Draft { longitude: some("NaN"), ..draft() },
                AddressError::Coordinate { field: "longitude", limit: 180 },
            ),
            (
                Draft { longitude: some("1e2"), ..draft() },
                AddressError::Coordinate { field: "longitude", limit: 180 },
            ),
            (Draft { street_name: some("a\nb"), ..draft() }, AddressError::Text("street_name")),
            (
                Draft { description: Some("x".repeat(201)), ..draft() },
                AddressError::Text("description"),
            ),
        ] {
            assert_eq!(CivicAddress::parse(&draft), Err(error));
        }
    }

    #[test]
    fn australia_and_japan_need_no_coordinates() {
        for country in ["AU", "JP"] {
            let draft =
                Draft { country: country.into(), latitude: None, longitude: None, ..draft() };
            assert!(CivicAddress::parse(&draft).is_ok(), "{country}");
        }
    }
}
