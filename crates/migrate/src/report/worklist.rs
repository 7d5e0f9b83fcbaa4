//! What to fix first: by how many it holds back, and by what it takes.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt, HashSet};
use serde::{Deserialize, Serialize};

use crate::assess::{Assessment, Effort, Readiness, Rule};
use crate::model::{Finding, Severity};

/// One rule as a piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Its code.
    pub code: String,
    /// Its gravest severity in this assessment.
    pub severity: Severity,
    /// Subjects it speaks about.
    pub subjects: usize,
    /// It stops every move.
    pub stops_everybody: bool,
    /// People who are not ready, or cannot be judged, for it among other things.
    pub holds_back: usize,
    /// People for whom it is the only thing.
    pub alone: usize,
    /// What it takes.
    pub effort: Effort,
    /// What to do: the first finding's words.
    pub fix: String,
    /// What it costs, where the findings agree on one cost, or their number.
    pub cost: String,
}

/// The rules that spoke, the most useful first: what stops everybody, then by people held back for
/// the effort it takes. Rules that only inform are left out.
pub fn worklist(assessment: &Assessment) -> Vec<Work> {
    let mut by_code: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in assessment.findings.iter().filter(|f| f.severity > Severity::Info) {
        by_code.entry(&finding.code).or_default().push(finding);
    }
    let stops: HashSet<&str> =
        assessment.headline.stops_everybody.iter().map(String::as_str).collect();
    let gravest: HashMap<&str, Severity> = by_code
        .iter()
        .map(|(code, findings)| {
            (*code, findings.iter().map(|f| f.severity).max().unwrap_or(Severity::Info))
        })
        .collect();
    let mut holds: HashMap<&str, (usize, usize)> = HashMap::new();
    for person in assessment.people.iter().filter(|p| p.readiness >= Readiness::Unknown) {
        let weighs = |code: &&str| {
            gravest.get(code).is_some_and(|severity| Readiness::of(*severity) == person.readiness)
        };
        let codes: Vec<&str> = person.because.iter().map(String::as_str).filter(weighs).collect();
        for code in &codes {
            let (all, alone) = holds.entry(code).or_default();
            *all += 1;
            *alone += usize::from(codes.len() == 1);
        }
    }
    let mut works: Vec<Work> = by_code
        .iter()
        .map(|(code, findings)| {
            let (holds_back, alone) = holds.get(code).copied().unwrap_or_default();
            let costs: HashSet<&str> = findings.iter().map(|f| f.cost.as_str()).collect();
            let cost = match (costs.len(), findings.len()) {
                (1, 1) => findings[0].cost.clone(),
                (1, many) if !findings[0].cost.is_empty() => {
                    format!("{many} times {}", findings[0].cost)
                }
                (1, _) => String::new(),
                (_, many) => format!("{many} different ones, see the list"),
            };
            Work {
                code: (*code).to_owned(),
                severity: gravest[code],
                subjects: findings.len(),
                stops_everybody: stops.contains(code),
                holds_back,
                alone,
                effort: Rule::find(code).map_or(Effort::Days, Rule::effort),
                fix: findings[0].fix.clone(),
                cost,
            }
        })
        .collect();
    works.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.code.cmp(&b.code)));
    works
}

/// Stops everybody, people for the effort (those it alone holds back count double), severity,
/// subjects.
fn rank(work: &Work) -> (bool, usize, Severity, usize) {
    let weight = match work.effort {
        Effort::Minutes => 25,
        Effort::Days => 5,
        Effort::Weeks => 1,
    };
    let people = (work.holds_back + work.alone) * weight;
    (work.stops_everybody, people, work.severity, work.subjects)
}
