//! What changed since the last run.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use crate::assess::{Assessment, Readiness};
use crate::model::{Finding, Severity};

/// One finding that came, went or changed its severity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Rule.
    pub code: String,
    /// Subject.
    pub subject: String,
    /// Severity then; `None`: it is new.
    pub before: Option<Severity>,
    /// Severity now; `None`: it is gone.
    pub after: Option<Severity>,
}

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Findings, the gravest now first.
    pub findings: Vec<Change>,
    /// By code: how many came, and how many went.
    pub by_code: BTreeMap<String, (usize, usize)>,
    /// People by verdict then and now.
    pub people: BTreeMap<Readiness, (usize, usize)>,
}

impl Difference {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.people.values().all(|(before, after)| before == after)
    }
}

/// Compares two assessments, finding by finding.
pub fn difference(before: &Assessment, after: &Assessment) -> Difference {
    let mut difference = Difference::default();
    let mut known: HashMap<(&str, &str), Severity> = before.findings.iter().map(key).collect();
    for finding in &after.findings {
        let was = known.remove(&(finding.code.as_str(), finding.subject.as_str()));
        if was != Some(finding.severity) {
            if was.is_none() {
                difference.by_code.entry(finding.code.clone()).or_default().0 += 1;
            }
            difference.findings.push(Change {
                code: finding.code.clone(),
                subject: finding.subject.clone(),
                before: was,
                after: Some(finding.severity),
            });
        }
    }
    for ((code, subject), severity) in known {
        difference.by_code.entry(code.to_owned()).or_default().1 += 1;
        difference.findings.push(Change {
            code: code.to_owned(),
            subject: subject.to_owned(),
            before: Some(severity),
            after: None,
        });
    }
    difference.findings.sort_by(|a, b| {
        (b.after, b.before, &a.code, &a.subject).cmp(&(a.after, a.before, &b.code, &b.subject))
    });
    let count = |assessment: &Assessment, readiness| {
        assessment.headline.people.get(&readiness).copied().unwrap_or(0)
    };
    for readiness in Readiness::ALL {
        let pair = (count(before, readiness), count(after, readiness));
        difference.people.insert(readiness, pair);
    }
    difference
}

fn key(finding: &Finding) -> ((&str, &str), Severity) {
    ((finding.code.as_str(), finding.subject.as_str()), finding.severity)
}
