//! Whom people may call outside (the field's outbound calling restriction,
//! `OnlineDialOutPolicy`; emergency.md section 7: never an emergency call).

use numbering::{Country, E164, tariff};
use serde::{Deserialize, Serialize};

/// How far calls may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Anywhere.
    InternationalAndDomestic,
    /// Within the caller's country, and to what is free for the caller.
    Domestic,
    /// Nowhere outside: colleagues and help only.
    None,
}

/// What a person may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialOut {
    /// How far.
    pub reach: Reach,
    /// Premium rate, shared cost and satellites too.
    #[serde(default = "yes")]
    pub premium: bool,
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
            assert_eq!(DialOut { reach, premium }.check(dialled, home), expect, "{dialled}");
        }
    }
}
