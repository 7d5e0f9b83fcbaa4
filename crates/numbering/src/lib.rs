//! What the exchange knows about telephone numbers and countries.
//!
//! [`E164`] is the one way a telephone number travels through the house: an
//! integer of at most 15 digits that is always printed with a leading `+`
//! (design section 9; ITU-T E.164). [`Country`] is an ISO 3166-1 alpha-2 code.
//! [`describe`] asks libphonenumber's metadata about a number; its answer is
//! advice (a warning), never a gate, because operators hold ranges that are
//! newer than any metadata.
//!
//! This crate knows no database, no HTTP and no time of day.

mod country;
mod e164;
mod metadata;
mod range;

pub use country::{Country, CountryError, Region};
pub use e164::{E164, E164Error};
pub use metadata::{
    Description, NumberKind, Tariff, code_admits, describe, from_dialled, is_possible, tariff,
};
pub use range::{NumberRange, RangeError};
