//! Does the answer hang on how the criteria were weighted?

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::book::{Book, Criterion, Need, Operator};
use super::cover::{self, Cover};
use super::score::{self, Score};

/// How far each weight is moved, in percent (`domain/migration.md` section 7).
pub const MOVE_PERCENT: u32 = 20;

/// What follows from moving one weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightMove {
    /// The weight moved.
    pub criterion: Criterion,
    /// By how many percent: -20 or 20.
    pub percent: i32,
    /// Who leads then.
    pub winner: String,
    /// The leader's score then.
    pub total: f64,
    /// Is the leader another one?
    pub winner_changes: bool,
    /// The operators of the best cover then.
    pub operators: Vec<String>,
    /// Are they others?
    pub cover_changes: bool,
}

/// What changes within ±20 % of the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// One weight moved at a time.
    pub moves: Vec<WeightMove>,
    /// Whom some combination of moves within ±20 % puts before the winner: exact, since a lead is
    /// linear in the weights and so least at a corner.
    pub rivals: BTreeSet<String>,
}

/// Moves each weight by ±20 % and looks again.
pub fn sensitivity(
    book: &Book,
    need: &Need,
    day: Date,
    scores: &[Score],
    cover: &Cover,
) -> Sensitivity {
    let leader = scores.first().map(|score| score.operator.clone()).unwrap_or_default();
    let mut moves = Vec::new();
    for (criterion, weight) in book.weights.iter().filter(|(_, weight)| **weight > 0) {
        for percent in [-20_i32, 20] {
            // A hundredfold, so that 20 % of a small weight is a whole number.
            let mut weights: BTreeMap<Criterion, u32> =
                book.weights.iter().map(|(c, w)| (*c, w * 100)).collect();
            weights.insert(*criterion, weight * 100_u32.saturating_add_signed(percent));
            let Some(first) = score::score(book, &weights, day).into_iter().next() else {
                continue;
            };
            let operators = if need.point_worth == 0 {
                cover.operators.clone()
            } else {
                cover::best(book, need, &weights, 1).remove(0).operators
            };
            moves.push(WeightMove {
                criterion: *criterion,
                percent,
                winner_changes: first.operator != leader,
                winner: first.operator,
                total: first.total,
                cover_changes: operators != cover.operators,
                operators,
            });
        }
    }
    let rivals = book
        .operators
        .iter()
        .filter(|other| other.name != leader)
        .filter(|other| {
            book.operators
                .iter()
                .find(|operator| operator.name == leader)
                .is_some_and(|first| least_lead(first, other, &book.weights) < 0.0)
        })
        .map(|other| other.name.clone())
        .collect();
    Sensitivity { moves, rivals }
}

/// The least lead of `first` over `other` when every weight may move by ±20 % at once, in weighted
/// points before normalisation (which keeps the sign).
fn least_lead(first: &Operator, other: &Operator, weights: &BTreeMap<Criterion, u32>) -> f64 {
    let away = f64::from(MOVE_PERCENT) / 100.0;
    weights
        .iter()
        .map(|(criterion, weight)| {
            let lead = score::mean(first, *criterion) - score::mean(other, *criterion);
            let factor = if lead > 0.0 { 1.0 - away } else { 1.0 + away };
            f64::from(*weight) * factor * lead
        })
        .sum()
}
