//! What callers are shown by (operator-connect.md section 5 rule 8).

use super::PolicyError;
use crate::ResourceAccountId;
use serde::{Deserialize, Serialize};

/// Longest company name, characters: what networks show of it is 15 in North America,
/// and less than a header's limit everywhere.
pub const MOST_COMPANY: usize = 50;

/// Whose number people called see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Substitute {
    /// The caller's own.
    #[default]
    LineUri,
    /// None; the operator alone is told.
    Anonymous,
    /// That of a call queue or attendant.
    Resource(ResourceAccountId),
}

/// A caller-ID policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerId {
    /// Whose number is shown.
    #[serde(default)]
    pub substitute: Substitute,
    /// Shown as the caller's name instead of the person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// The person may hide their number.
    #[serde(default)]
    pub user_override: bool,
    /// The person does not see who calls from outside.
    #[serde(default)]
    pub block_incoming: bool,
}

/// May the caller be seen by whom they call?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hide {
    /// As the phone asks.
    #[default]
    AsAsked,
    /// Hidden, whatever the phone asks.
    Always,
    /// Seen, whatever the phone asks.
    Never,
}

impl CallerId {
    /// Refuses what cannot be shown.
    ///
    /// # Errors
    /// The company's name.
    pub fn check(&self) -> Result<(), PolicyError> {
        match &self.company_name {
            Some(company) if super::name(company, MOST_COMPANY).is_none() => {
                Err(PolicyError::new("company_name", super::name_reason(MOST_COMPANY)))
            }
            _ => Ok(()),
        }
    }

    /// Whether the caller is hidden: the person's own wish counts where the policy lets
    /// them, and beats a substitution.
    pub const fn hide(&self) -> Hide {
        match (self.substitute, self.user_override) {
            (Substitute::Anonymous, _) => Hide::Always,
            (_, true) => Hide::AsAsked,
            (_, false) => Hide::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_decides_what_is_hidden() {
        let resource = Substitute::Resource(ResourceAccountId(uuid::Uuid::nil()));
        for (substitute, user_override, hide) in [
            (Substitute::LineUri, false, Hide::Never),
            (Substitute::LineUri, true, Hide::AsAsked),
            (resource, false, Hide::Never),
            (resource, true, Hide::AsAsked),
            (Substitute::Anonymous, false, Hide::Always),
            (Substitute::Anonymous, true, Hide::Always),
        ] {
            let policy = CallerId { substitute, user_override, ..CallerId::default() };
            assert_eq!(policy.hide(), hide, "{substitute:?} {user_override}");
        }
    }

    #[test]
    fn a_company_has_a_name_that_fits_a_line() {
        for (name, good) in [
            ("Contoso", true),
            (&*"c".repeat(MOST_COMPANY), true),
            (&*"c".repeat(MOST_COMPANY + 1), false),
            ("", false),
            ("Con\r\ntoso", false),
        ] {
            let policy = CallerId { company_name: Some(name.into()), ..CallerId::default() };
            assert_eq!(policy.check().is_ok(), good, "{name:?}");
        }
    }
}
