//! Dial plans: what people dial, made numbers (operator-connect.md section 5 rules 4
//! and 9). A result without `+` is read as dialled in the caller's own country.

use super::{Pattern, PolicyError};
use serde::{Deserialize, Serialize};

/// Most rules of a dial plan (operator-connect.md section 5 rule 9).
pub const MOST_RULES: usize = 50;
/// Longest name of a dial plan and of a rule, characters (ibid.).
pub const MOST_NAME: usize = 49;
/// Longest translation, bytes.
const MOST_TRANSLATION: usize = 64;
/// Longest result that is looked at: longer than any number.
const MOST_RESULT: usize = 32;

/// One rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NormalizationRule {
    /// What people call it.
    pub name: String,
    /// What it matches.
    pub pattern: String,
    /// What becomes of it: `+`, digits, and `$1` to `$9` or `${1}` to `${9}` for what the
    /// groups matched.
    pub translation: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Group(usize),
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    name: String,
    pattern: Pattern,
    parts: Vec<Part>,
}

/// A dial plan, ready to be used.
#[derive(Clone, Debug, PartialEq)]
pub struct DialPlan {
    rules: Vec<Rule>,
}

/// What a rule made of a dialled string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Translated {
    bytes: [u8; MOST_RESULT],
    length: usize,
}

impl Translated {
    /// Digits, perhaps with `+` before them; empty where it became too long.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    fn push(&mut self, more: &[u8]) -> bool {
        let Some(room) = self.bytes.get_mut(self.length..self.length + more.len()) else {
            self.length = 0;
            return false;
        };
        room.copy_from_slice(more);
        self.length += more.len();
        true
    }
}

impl DialPlan {
    /// Reads rules.
    ///
    /// # Errors
    /// Which rule, which field of it, and why.
    pub fn new(rules: &[NormalizationRule]) -> Result<Self, PolicyError> {
        if rules.is_empty() || rules.len() > MOST_RULES {
            let reason = format!("a dial plan has 1 to {MOST_RULES} rules");
            return Err(PolicyError::new("rules", reason));
        }
        let read = |(at, rule)| read(at, rule);
        let rules: Vec<Rule> = rules.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        for (at, rule) in rules.iter().enumerate() {
            if rules[..at].iter().any(|other| other.name == rule.name) {
                let reason = format!("{:?} names another rule too", rule.name);
                return Err(PolicyError::new(format!("rules/{at}/name"), reason));
            }
        }
        Ok(Self { rules })
    }

    /// What the first rule that matches makes of a dialled string, with the rule's name.
    pub fn apply(&self, dialled: &str) -> Option<(&str, Translated)> {
        let (rule, groups) =
            self.rules.iter().find_map(|rule| Some((rule, rule.pattern.captures(dialled)?)))?;
        let mut result = Translated::default();
        for part in &rule.parts {
            let more = match part {
                Part::Text(text) => text.as_bytes(),
                Part::Group(n) => groups.get(*n).map_or(&b""[..], |found| found.as_bytes()),
            };
            if !result.push(more) {
                break;
            }
        }
        Some((&rule.name, result))
    }
}

fn read(at: usize, rule: &NormalizationRule) -> Result<Rule, PolicyError> {
    let field = |name: &str| format!("rules/{at}/{name}");
    let name = super::name(&rule.name, MOST_NAME)
        .ok_or_else(|| PolicyError::new(field("name"), super::name_reason(MOST_NAME)))?;
    let pattern = Pattern::new(&rule.pattern)
        .map_err(|error| PolicyError::new(field("pattern"), error.to_string()))?;
    let parts = parts(&rule.translation, pattern.groups())
        .map_err(|reason| PolicyError::new(field("translation"), reason))?;
    Ok(Rule { name, pattern, parts })
}

fn parts(translation: &str, groups: usize) -> Result<Vec<Part>, String> {
    if translation.is_empty() || translation.len() > MOST_TRANSLATION {
        return Err(format!("a translation is 1 to {MOST_TRANSLATION} bytes long"));
    }
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = translation.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '+' if parts.is_empty() && text.is_empty() => text.push(c),
            '0'..='9' => text.push(c),
            '$' => {
                let braced = rest.next_if_eq(&'{').is_some();
                let group = rest.next().and_then(|c| c.to_digit(10)).filter(|n| *n > 0);
                let closed = !braced || rest.next() == Some('}');
                let Some(group) = group.filter(|_| closed) else {
                    return Err("a group is $1 to $9 or ${1} to ${9}".to_owned());
                };
                let group = group as usize;
                if group > groups {
                    return Err(format!("the pattern has {groups} groups, no ${group}"));
                }
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(Part::Group(group));
            }
            other => {
                return Err(format!(
                    "{other:?} makes no number: + before all else, digits, and groups"
                ));
            }
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, pattern: &str, translation: &str) -> NormalizationRule {
        NormalizationRule {
            name: name.into(),
            pattern: pattern.into(),
            translation: translation.into(),
        }
    }

    #[test]
    fn the_first_rule_that_matches_makes_the_number() {
        let plan = DialPlan::new(&[
            rule("extensions", r"^(\d{4})$", "+4420794$1"),
            rule("outside line", r"^9(\d+)$", "$1"),
            rule("never", r"^9911$", "+1"),
            rule("swapped", r"^#(\d)(\d)$", "+44${2}0$1"),
            rule("long", r"^\*(\d+)$", "$1$1"),
        ])
        .expect("a plan");
        for (dialled, expect) in [
            ("6001", Some(("extensions", "+44207946001"))),
            ("9999", Some(("extensions", "+44207949999"))),
            ("99911", Some(("outside line", "9911"))),
            ("#12", Some(("swapped", "+44201"))),
            ("+493012345678", None),
            ("*12345678901234567", Some(("long", ""))),
        ] {
            let found = plan.apply(dialled);
            let found = found.as_ref().map(|(rule, result)| (*rule, result.as_str()));
            assert_eq!(found, expect, "{dialled}");
        }
    }

    #[test]
    fn what_is_no_plan_says_where_and_why() {
        let good = rule("a", r"^(\d)$", "+44$1");
        let many: Vec<_> =
            (0..=MOST_RULES).map(|n| rule(&n.to_string(), r"^(\d)$", "+44$1")).collect();
        assert!(DialPlan::new(&many[..MOST_RULES]).is_ok());
        let long = "n".repeat(MOST_NAME);
        assert!(DialPlan::new(&[rule(&long, "1", "1")]).is_ok());
        for (rules, field) in [
            (vec![], "rules"),
            (many, "rules"),
            (vec![good.clone(), good.clone()], "rules/1/name"),
            (vec![rule(&format!("{long}n"), "1", "1")], "rules/0/name"),
            (vec![rule("", "1", "1")], "rules/0/name"),
            (vec![good.clone(), rule("b", "(", "1")], "rules/1/pattern"),
            (vec![rule("b", "1", "")], "rules/0/translation"),
            (vec![rule("b", "1", "$1")], "rules/0/translation"),
            (vec![rule("b", "(1)", "$2")], "rules/0/translation"),
            (vec![rule("b", "(1)", "${1")], "rules/0/translation"),
            (vec![rule("b", "(1)", "$")], "rules/0/translation"),
            (vec![rule("b", "(1)", "1+")], "rules/0/translation"),
            (vec![rule("b", "(1)", "sip:x")], "rules/0/translation"),
        ] {
            let error = DialPlan::new(&rules).expect_err("no plan");
            assert_eq!(error.field, field, "{}", error.reason);
        }
    }

    proptest::proptest! {
        /// Whatever is dialled, what comes of it is digits, perhaps with `+` before them,
        /// or what the groups took of it.
        #[test]
        fn what_comes_of_a_plan_is_what_was_dialled_or_written(
            dialled in "[0-9+*#a-z]{0,40}",
            head in "[+]?[0-9]{0,20}",
        ) {
            let translation = format!("{head}$1");
            let plan = DialPlan::new(&[rule("any", r"^9(.*)$", &translation)]).expect("a plan");
            match plan.apply(&dialled) {
                None => proptest::prop_assert!(!dialled.starts_with('9')),
                Some((_, result)) => {
                    let whole = format!("{head}{}", &dialled[1..]);
                    let fits = whole.len() <= MOST_RESULT;
                    proptest::prop_assert_eq!(result.as_str(), if fits { &*whole } else { "" });
                }
            }
        }
    }
}
