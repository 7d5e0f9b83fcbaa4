//! Numbers that are not let in, and numbers that nobody has (operator-connect.md
//! section 5 rule 11). Both are a tenant's as a whole, not of one person.

use super::{Pattern, PolicyError, name, name_reason};
use crate::{ResourceAccountId, UserId};
use serde::{Deserialize, Serialize};

/// Most blocked patterns, exceptions and treatments of a tenant, of each. Public
/// documents set no limit; all of them are looked at in the way of a call.
pub const MOST_ENTRIES: usize = 200;
/// Longest name, characters.
const MOST_NAME: usize = 49;

/// Callers that are not let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedNumbers {
    /// What people call it.
    pub name: String,
    /// What the caller's number matches, as `+` and digits, or what stands in its place.
    pub pattern: String,
    /// `false` keeps it, without effect.
    pub enabled: bool,
    /// Where their calls go instead; refused if left out, unless they hear an announcement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_to: Option<ResourceAccountId>,
    /// The announcement that they hear instead, by its name. Releases before 0.3 do not know it and
    /// refuse the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<String>,
}

/// Where a blocked caller is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect<'r> {
    /// To a call queue.
    ResourceAccount(ResourceAccountId),
    /// To an announcement of this name.
    Announcement(&'r str),
}

/// Callers that are let in though they are blocked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExemptNumbers {
    /// What people call it.
    pub name: String,
    /// What the caller's number matches.
    pub pattern: String,
    /// `false` keeps it, without effect.
    pub enabled: bool,
}

/// Who answers for a number that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TreatmentTarget {
    /// A person.
    User(UserId),
    /// A call queue.
    ResourceAccount(ResourceAccountId),
    /// An announcement, by its name (operator-connect.md section 5 rule 11).
    Announcement(String),
}

/// What becomes of calls to numbers of the tenant that nobody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnassignedTreatment {
    /// What people call it.
    pub name: String,
    /// What the called number matches, as `+` and digits.
    pub pattern: String,
    /// The lowest that matches counts; each has its own.
    pub priority: u32,
    /// Who answers.
    pub target: TreatmentTarget,
}

/// All of it, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreeningRules {
    /// Callers that are not let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<BlockedNumbers>,
    /// Exceptions from that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<ExemptNumbers>,
    /// Numbers that nobody has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unassigned: Vec<UnassignedTreatment>,
}

impl ScreeningRules {
    /// There is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.blocked.is_empty() && self.exempt.is_empty() && self.unassigned.is_empty()
    }
}

/// The rules, ready to be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screening {
    blocked: Vec<(String, Pattern, Sent)>,
    exempt: Vec<(String, Pattern)>,
    /// By priority.
    unassigned: Vec<(String, Pattern, TreatmentTarget)>,
}

/// Where a blocked caller is sent, as it is kept.
#[derive(Clone, Debug, PartialEq)]
enum Sent {
    Nowhere,
    ResourceAccount(ResourceAccountId),
    Announcement(String),
}

/// What the rules say of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'r> {
    /// Nothing.
    Pass,
    /// An exception lets it in.
    Exempt {
        /// Its name.
        rule: &'r str,
    },
    /// It is not let in.
    Blocked {
        /// The rule's name.
        rule: &'r str,
        /// Where it goes instead.
        redirect_to: Option<Redirect<'r>>,
    },
}

impl Screening {
    /// Reads rules.
    ///
    /// # Errors
    /// Which entry of which list, which field of it, and why.
    pub fn new(rules: &ScreeningRules) -> Result<Self, PolicyError> {
        let blocked = entries("blocked", &rules.blocked, |e| (&e.name, &e.pattern))?;
        let exempt = entries("exempt", &rules.exempt, |e| (&e.name, &e.pattern))?;
        let unassigned = entries("unassigned", &rules.unassigned, |e| (&e.name, &e.pattern))?;
        for (at, entry) in rules.blocked.iter().enumerate() {
            if entry.redirect_to.is_some() && entry.announcement.is_some() {
                let reason = "a blocked caller is sent to a call queue or hears an announcement";
                return Err(PolicyError::new(
                    format!("blocked/{at}/redirect_to_announcement"),
                    reason,
                ));
            }
        }
        for (at, entry) in rules.unassigned.iter().enumerate() {
            if rules.unassigned[..at].iter().any(|other| other.priority == entry.priority) {
                let reason = format!("priority {} is another treatment's too", entry.priority);
                return Err(PolicyError::new(format!("unassigned/{at}/priority"), reason));
            }
        }
        let mut unassigned: Vec<_> = unassigned.zip(&rules.unassigned).collect();
        unassigned.sort_by_key(|(_, entry)| entry.priority);
        Ok(Self {
            blocked: blocked
                .zip(&rules.blocked)
                .filter(|(_, entry)| entry.enabled)
                .map(|((name, pattern), entry)| {
                    let sent = match (entry.redirect_to, &entry.announcement) {
                        (Some(account), _) => Sent::ResourceAccount(account),
                        (None, Some(name)) => Sent::Announcement(name.clone()),
                        (None, None) => Sent::Nowhere,
                    };
                    (name, pattern, sent)
                })
                .collect(),
            exempt: exempt
                .zip(&rules.exempt)
                .filter(|(_, entry)| entry.enabled)
                .map(|(read, _)| read)
                .collect(),
            unassigned: unassigned
                .into_iter()
                .map(|((name, pattern), entry)| (name, pattern, entry.target.clone()))
                .collect(),
        })
    }

    /// Is this caller let in? The first blocked pattern counts; an exception beats all.
    pub fn caller(&self, caller: &str) -> Verdict<'_> {
        let Some((rule, _, sent)) =
            self.blocked.iter().find(|(_, pattern, _)| pattern.matches(caller))
        else {
            return Verdict::Pass;
        };
        match self.exempt.iter().find(|(_, pattern)| pattern.matches(caller)) {
            Some((rule, _)) => Verdict::Exempt { rule },
            None => {
                let redirect_to = match sent {
                    Sent::Nowhere => None,
                    Sent::ResourceAccount(account) => Some(Redirect::ResourceAccount(*account)),
                    Sent::Announcement(name) => Some(Redirect::Announcement(name)),
                };
                Verdict::Blocked { rule, redirect_to }
            }
        }
    }

    /// Who answers for a number that nobody has, with the rule's name.
    pub fn unassigned(&self, called: &str) -> Option<(&str, &TreatmentTarget)> {
        let found = self.unassigned.iter().find(|(_, pattern, _)| pattern.matches(called))?;
        Some((&found.0, &found.2))
    }

    /// Has it a rule for numbers that nobody has?
    pub fn treats_unassigned(&self) -> bool {
        !self.unassigned.is_empty()
    }

    /// Has it a rule for callers?
    pub fn screens_callers(&self) -> bool {
        !self.blocked.is_empty()
    }
}

fn entries<'r, T>(
    list: &str,
    given: &'r [T],
    parts: impl Fn(&'r T) -> (&'r String, &'r String),
) -> Result<std::vec::IntoIter<(String, Pattern)>, PolicyError> {
    if given.len() > MOST_ENTRIES {
        return Err(PolicyError::new(list, format!("there are at most {MOST_ENTRIES} of them")));
    }
    let mut read: Vec<(String, Pattern)> = Vec::with_capacity(given.len());
    for (at, entry) in given.iter().enumerate() {
        let (given_name, pattern) = parts(entry);
        let field = |part: &str| format!("{list}/{at}/{part}");
        let named = name(given_name, MOST_NAME)
            .ok_or_else(|| PolicyError::new(field("name"), name_reason(MOST_NAME)))?;
        if read.iter().any(|(other, _)| *other == named) {
            let reason = format!("{named:?} names another one too");
            return Err(PolicyError::new(field("name"), reason));
        }
        let pattern = Pattern::new(pattern)
            .map_err(|error| PolicyError::new(field("pattern"), error.to_string()))?;
        read.push((named, pattern));
    }
    Ok(read.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn blocked(name: &str, pattern: &str, redirect: Option<u128>) -> BlockedNumbers {
        let redirect_to = redirect.map(|n| ResourceAccountId(Uuid::from_u128(n)));
        BlockedNumbers {
            name: name.into(),
            pattern: pattern.into(),
            enabled: true,
            redirect_to,
            announcement: None,
        }
    }

    fn exempt(name: &str, pattern: &str) -> ExemptNumbers {
        ExemptNumbers { name: name.into(), pattern: pattern.into(), enabled: true }
    }

    fn treatment(name: &str, pattern: &str, priority: u32, user: u128) -> UnassignedTreatment {
        let target = TreatmentTarget::User(UserId(Uuid::from_u128(user)));
        UnassignedTreatment { name: name.into(), pattern: pattern.into(), priority, target }
    }

    #[test]
    fn who_is_let_in() {
        let heard = BlockedNumbers {
            announcement: Some("Closed".into()),
            ..blocked("heard", "^.39", None)
        };
        let off = BlockedNumbers { enabled: false, ..blocked("off", "33", None) };
        let rules = ScreeningRules {
            blocked: vec![
                blocked("premium", r"^\+1900", Some(7)),
                blocked("germany", r"^\+49", None),
                blocked("hidden", "^anonymous$", None),
                off,
                heard,
            ],
            exempt: vec![exempt("berlin", r"^\+4930")],
            unassigned: Vec::new(),
        };
        let screening = Screening::new(&rules).expect("rules");
        let queue = Some(Redirect::ResourceAccount(ResourceAccountId(Uuid::from_u128(7))));
        let closed = Some(Redirect::Announcement("Closed"));
        for (caller, expect) in [
            ("+442079460001", Verdict::Pass),
            ("+33123456789", Verdict::Pass),
            ("+19005550100", Verdict::Blocked { rule: "premium", redirect_to: queue }),
            ("+498912345", Verdict::Blocked { rule: "germany", redirect_to: None }),
            ("+390612345", Verdict::Blocked { rule: "heard", redirect_to: closed }),
            ("+493012345", Verdict::Exempt { rule: "berlin" }),
            ("anonymous", Verdict::Blocked { rule: "hidden", redirect_to: None }),
        ] {
            assert_eq!(screening.caller(caller), expect, "{caller}");
        }
    }

    #[test]
    fn the_lowest_priority_that_matches_answers() {
        let rules = ScreeningRules {
            unassigned: vec![
                treatment("all", r"^\+44", 20, 1),
                treatment("sales", r"^\+44207946", 10, 2),
            ],
            ..ScreeningRules::default()
        };
        let screening = Screening::new(&rules).expect("rules");
        assert!(screening.treats_unassigned() && !screening.screens_callers());
        for (called, expect) in
            [("+442079460001", Some("sales")), ("+441130000000", Some("all")), ("+4930", None)]
        {
            assert_eq!(screening.unassigned(called).map(|(rule, _)| rule), expect, "{called}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let many = |n: usize| (0..n).map(|n| exempt(&n.to_string(), "1")).collect::<Vec<_>>();
        let of = |exempt| ScreeningRules { exempt, ..ScreeningRules::default() };
        assert!(Screening::new(&of(many(MOST_ENTRIES))).is_ok());
        for (rules, field) in [
            (of(many(MOST_ENTRIES + 1)), "exempt"),
            (of(vec![exempt("a", "1"), exempt("a", "2")]), "exempt/1/name"),
            (of(vec![exempt(" ", "1")]), "exempt/0/name"),
            (of(vec![exempt("a", "[")]), "exempt/0/pattern"),
            (
                ScreeningRules {
                    blocked: vec![BlockedNumbers {
                        announcement: Some("Closed".into()),
                        ..blocked("a", "1", Some(7))
                    }],
                    ..ScreeningRules::default()
                },
                "blocked/0/redirect_to_announcement",
            ),
            (
                ScreeningRules {
                    unassigned: vec![treatment("a", "1", 1, 1), treatment("b", "2", 1, 1)],
                    ..ScreeningRules::default()
                },
                "unassigned/1/priority",
            ),
        ] {
            assert_eq!(Screening::new(&rules).expect_err("wrong").field, field);
        }
    }
}
