//! Whom people may call outside, and whom their meetings may (the field's outbound calling
//! restrictions, `OnlineDialOutPolicy`, whose two halves are `AllowPSTNOutboundCallingType` and
//! `AllowPSTNConferencingDialOutType`; emergency.md section 7: never an emergency call).

use numbering::{Country, E164, tariff};
use serde::{Deserialize, Serialize};

/// How far calls may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Anywhere.
    #[default]
    InternationalAndDomestic,
    /// Within the caller's country, and to what is free for the caller.
    Domestic,
    /// Nowhere outside: colleagues and help only.
    None,
}

impl Reach {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    fn is_anywhere(&self) -> bool {
        *self == Self::InternationalAndDomestic
    }
}

/// What a person may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialOut {
    /// How far.
    pub reach: Reach,
    /// Premium rate, shared cost and satellites too.
    #[serde(default = "yes")]
    pub premium: bool,
    /// How far calls out of meetings that they organise may go. Anywhere by default, as in the
    /// field, and for policies of before.
    #[serde(default, skip_serializing_if = "Reach::is_anywhere")]
    pub conferencing: Reach,
}

const fn yes() -> bool {
    true
}

impl DialOut {
    /// May a person at home in a country call this number? `Err` says what it is.
    ///
    /// # Errors
    /// The kind of destination that is not allowed.
    pub fn check(self, dialled: E164, home: Country) -> Result<(), &'static str> {
        if self.reach == Reach::InternationalAndDomestic && self.premium {
            return Ok(());
        }
        if self.reach == Reach::None {
            return Err("outside");
        }
        let tariff = tariff(dialled);
        if tariff.premium && !self.premium {
            return Err("premium");
        }
        // A code of no country is abroad unless it is free.
        let abroad = tariff.country.map_or(tariff.premium, |country| country != home);
        if abroad && self.reach == Reach::Domestic { Err("international") } else { Ok(()) }
    }

    /// May a meeting whose organiser is at home in a country call this number? What is premium
    /// is asked alike.
    ///
    /// # Errors
    /// The kind of destination that is not allowed.
    pub fn check_conferencing(self, dialled: E164, home: Country) -> Result<(), &'static str> {
        Self { reach: self.conferencing, ..self }.check(dialled, home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_call_may_go() {
        use Reach::{Domestic, InternationalAndDomestic as All};
        let home = Country::parse("GB").expect("GB");
        for (reach, premium, dialled, expect) in [
            (All, true, "+33123456789", Ok(())),
            (All, true, "+449098790000", Ok(())),
            (All, false, "+449098790000", Err("premium")),
            (All, false, "+33123456789", Ok(())),
            (Domestic, true, "+442079460001", Ok(())),
            (Domestic, true, "+33123456789", Err("international")),
            (Domestic, true, "+449098790000", Ok(())),
            (Domestic, false, "+449098790000", Err("premium")),
            (Domestic, true, "+80012345678", Ok(())),
            (Domestic, true, "+881612345678", Err("international")),
            (Reach::None, true, "+442079460001", Err("outside")),
        ] {
            let dialled = E164::parse(dialled).expect("number");
            // Each half minds its own.
            for (this, other) in [(reach, All), (reach, Reach::None)] {
                let of_person = DialOut { reach: this, premium, conferencing: other };
                assert_eq!(of_person.check(dialled, home), expect, "{dialled}");
                let of_meeting = DialOut { reach: other, premium, conferencing: this };
                assert_eq!(of_meeting.check_conferencing(dialled, home), expect, "{dialled}");
            }
        }
    }
}
