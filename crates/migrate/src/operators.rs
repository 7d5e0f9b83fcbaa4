//! Which operators cover the need: a scorecard with evidence, and coverage as an optimisation
//! (`domain/migration.md` section 7).
//!
//! [`Book`] is what the tenant found out about operators, [`Need`] what it needs in each country.
//! [`choose`] is a pure function of both and of the day; money is in minor units of one currency
//! (cents) a month, so that sums are exact.

pub mod book;
pub mod cover;
pub mod score;
pub mod sensitivity;
mod tied;

pub use book::{
    Answer, Book, BookError, CountryNeed, CountryOffer, Criterion, Evidence, Need, Operator,
    Prices, Service, Traffic,
};
pub use cover::{Cover, Served, Uncovered, WhyNot};
pub use score::{Score, ScoreNote};
pub use sensitivity::{Sensitivity, WeightMove};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The whole choice as one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Every operator's score, best first.
    pub scores: Vec<Score>,
    /// The best cover of the countries.
    pub cover: Cover,
    /// The next best sets of operators, at most four.
    pub others: Vec<Cover>,
    /// The best cover with one operator fewer; `None` where one operator is used, or none.
    pub one_fewer: Option<Cover>,
    /// What changes when weights move by 20 %.
    pub sensitivity: Sensitivity,
}

/// Scores, covers and shakes the weights.
///
/// # Errors
/// [`BookError`] where the documents contradict themselves; nothing is computed then.
pub fn choose(book: &Book, need: &Need, day: Date) -> Result<Choice, BookError> {
    book.check()?;
    need.check(book)?;
    let scores = score::score(book, &book.weights, day);
    let mut covers = cover::best(book, need, &book.weights, cover::KEPT);
    let cover = covers.remove(0);
    let one_fewer = (cover.operators.len() > 1)
        .then(|| Need { most_operators: Some(cover.operators.len() - 1), ..need.clone() })
        .map(|need| cover::best(book, &need, &book.weights, 1).remove(0));
    let sensitivity = sensitivity::sensitivity(book, need, day, &scores, &cover);
    Ok(Choice { scores, cover, others: covers, one_fewer, sensitivity })
}
