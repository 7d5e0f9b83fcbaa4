//! The scorecard: weighted means that say what they rest on.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::book::{Answer, Book, Criterion, Operator};

/// Evidence older than this is told (days).
pub const STALE_DAYS: i32 = 365;

/// Scorers further apart than this are told (points).
pub const APART: u32 = 20;

/// What weakens an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreNote {
    /// Nobody answered: 0, not the average.
    Missing,
    /// A score without a document.
    NoEvidence,
    /// Every document is older than a year.
    Stale,
    /// Fewer than two people scored.
    OneScorer,
    /// The scorers are more than 20 points apart.
    Disagreement,
}

/// One operator's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The operator's name.
    pub operator: String,
    /// 0 to 100.
    pub total: f64,
    /// Mean of the scorers by criterion, 0 to 100.
    pub by_criterion: BTreeMap<Criterion, f64>,
    /// What weakens the answers, by criterion.
    pub notes: BTreeMap<Criterion, Vec<ScoreNote>>,
}

/// Scores every operator, best first, equals by name.
pub fn score(book: &Book, weights: &BTreeMap<Criterion, u32>, day: Date) -> Vec<Score> {
    let mut scores: Vec<Score> = book
        .operators
        .iter()
        .map(|operator| Score {
            operator: operator.name.clone(),
            total: total(operator, weights),
            by_criterion: Criterion::DEFAULTS.map(|(c, _)| (c, mean(operator, c))).into(),
            notes: Criterion::DEFAULTS
                .into_iter()
                .map(|(c, _)| (c, notes(operator.answers.get(&c), day)))
                .filter(|(_, notes)| !notes.is_empty())
                .collect(),
        })
        .collect();
    scores.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.operator.cmp(&b.operator)));
    scores
}

/// The weighted mean of an operator's criteria, 0 to 100.
pub fn total(operator: &Operator, weights: &BTreeMap<Criterion, u32>) -> f64 {
    let sum: f64 = weights.values().map(|weight| f64::from(*weight)).sum();
    let weighed: f64 = weights.iter().map(|(c, w)| f64::from(*w) * mean(operator, *c)).sum();
    if sum > 0.0 { weighed / sum } else { 0.0 }
}

/// The mean of the scorers of one criterion; 0 where nobody answered.
pub fn mean(operator: &Operator, criterion: Criterion) -> f64 {
    let Some(answer) = operator.answers.get(&criterion) else { return 0.0 };
    let sum: u32 = answer.scores.values().sum();
    if answer.scores.is_empty() { 0.0 } else { f64::from(sum) / answer.scores.len() as f64 }
}

fn notes(answer: Option<&Answer>, day: Date) -> Vec<ScoreNote> {
    let Some(answer) = answer.filter(|answer| !answer.scores.is_empty()) else {
        return vec![ScoreNote::Missing];
    };
    let age = |date: Date| day.since(date).map_or(i32::MAX, |span| span.get_days());
    let lowest = answer.scores.values().min().copied().unwrap_or(0);
    let highest = answer.scores.values().max().copied().unwrap_or(0);
    let mut notes = Vec::new();
    if answer.evidence.is_empty() {
        notes.push(ScoreNote::NoEvidence);
    } else if answer.evidence.iter().all(|evidence| age(evidence.date) > STALE_DAYS) {
        notes.push(ScoreNote::Stale);
    }
    if answer.scores.len() < 2 {
        notes.push(ScoreNote::OneScorer);
    } else if highest - lowest > APART {
        notes.push(ScoreNote::Disagreement);
    }
    notes
}
