//! What is known of operators, and what is needed of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use numbering::Country;
use serde::{Deserialize, Serialize};

/// Most operators and countries a book may hold: beyond it the exact answer may take long.
pub const MOST_OPERATORS: usize = 15;
/// See [`MOST_OPERATORS`].
pub const MOST_COUNTRIES: usize = 60;

/// A thing a country's operator must offer (`domain/migration.md` section 7, gates).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Numbers for people.
    UserNumbers,
    /// Numbers for attendants and queues.
    ServiceNumbers,
    /// Toll-free numbers.
    TollFree,
    /// Conference bridges.
    Conferencing,
    /// Teams Phone Mobile.
    Mobile,
    /// Porting from the carriers the numbers are with today.
    Porting,
    /// Static emergency addresses.
    EmergencyStatic,
    /// Dynamic emergency locations.
    EmergencyDynamic,
    /// Emergency addresses the tenant edits itself.
    EmergencyEditable,
    /// Text messages.
    Sms,
    /// Shared Calling.
    SharedCalling,
    /// The rules on recording and data of the country are met.
    Recording,
}

/// A scored dimension (`domain/migration.md` section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Countries and places covered.
    Coverage,
    /// Inbound, outbound, toll-free, mobile, conferencing.
    Services,
    /// Porting: capability, clear timelines and ownership.
    Porting,
    /// Service levels, measurement of quality, escalation.
    ServiceLevel,
    /// The cost model on the tenant's own traffic.
    Cost,
    /// Support and operations: API, portal, batch limits, address editing.
    Support,
    /// Enterprise references and stability.
    References,
}

impl Criterion {
    /// Every criterion with its default weight; together 100.
    pub const DEFAULTS: [(Self, u32); 7] = [
        (Self::Coverage, 20),
        (Self::Services, 15),
        (Self::Porting, 20),
        (Self::ServiceLevel, 15),
        (Self::Cost, 15),
        (Self::Support, 10),
        (Self::References, 5),
    ];

    /// The default weights as a map.
    pub fn default_weights() -> BTreeMap<Self, u32> {
        Self::DEFAULTS.into_iter().collect()
    }
}

/// Where an answer can be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Title or address of the document.
    pub document: String,
    /// The document's day.
    pub date: Date,
}

/// What people think of one criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who scored, and what: 0 to 100.
    pub scores: BTreeMap<String, u32>,
    /// What the scores rest on.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// Monthly prices in minor units of the book's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prices {
    /// For the country, whatever is used.
    pub fixed: i64,
    /// A number.
    pub per_number: i64,
    /// A channel.
    pub per_channel: i64,
    /// A thousand outbound minutes.
    pub per_thousand_minutes: i64,
}

/// What an operator offers in one country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountryOffer {
    /// Licensed or registered there; `None` is not answered, and counts as no.
    pub licensed: Option<bool>,
    /// Operator Connect is offered there; `None` is not answered, and counts as no.
    pub operator_connect: Option<bool>,
    /// Services offered there.
    pub services: BTreeSet<Service>,
    /// Most numbers it takes there.
    #[serde(default)]
    pub most_numbers: Option<u32>,
    /// Prices there.
    #[serde(default)]
    pub prices: Prices,
}

/// One operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Its name, unique in the book.
    pub name: String,
    /// Monthly share of what it costs to bring this operator in and to keep it.
    #[serde(default)]
    pub onboarding: i64,
    /// The least it bills a month over all countries.
    #[serde(default)]
    pub least_bill: i64,
    /// Answers by criterion; a missing one scores 0, not the average.
    #[serde(default)]
    pub answers: BTreeMap<Criterion, Answer>,
    /// Offers by country.
    #[serde(default)]
    pub countries: BTreeMap<Country, CountryOffer>,
}

/// All that was found out about operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// ISO 4217 code of all prices.
    pub currency: String,
    /// Weight of each criterion; only their proportions count.
    #[serde(default = "Criterion::default_weights")]
    pub weights: BTreeMap<Criterion, u32>,
    /// The operators.
    pub operators: Vec<Operator>,
}

/// Traffic of a country in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Channels at the busy hour (`erlang`).
    pub channels: u32,
    /// Outbound minutes.
    pub minutes: u64,
}

/// What one country needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountryNeed {
    /// Numbers to be served.
    pub numbers: u32,
    /// Services without which an operator is out.
    pub services: BTreeSet<Service>,
    /// Two operators must be able to serve it: the second one at its fixed price.
    #[serde(default)]
    pub critical: bool,
    /// Monthly cost of staying on Direct Routing. Only where it is given may the country stay.
    #[serde(default)]
    pub stay: Option<i64>,
    /// Traffic, for prices by channel and minute.
    #[serde(default)]
    pub traffic: Traffic,
}

/// What is needed everywhere, and the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Need {
    /// Needs by country.
    pub countries: BTreeMap<Country, CountryNeed>,
    /// Most operators to be used.
    pub most_operators: Option<usize>,
    /// Largest share of all numbers one operator may hold, in percent.
    pub most_share_percent: Option<u32>,
    /// Pairs that must not both be used (one owns the other, one network under both).
    pub apart: Vec<(String, String)>,
    /// What a point of score (of 100) is worth, for 1,000 numbers and a month.
    pub point_worth: i64,
}

/// A document that contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}. {remedy}")]
pub struct BookError {
    /// Stable code.
    pub code: &'static str,
    /// Where in the document.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: &'static str,
}

impl BookError {
    fn new(code: &'static str, field: String, reason: String, remedy: &'static str) -> Self {
        Self { code, field, reason, remedy }
    }
}

/// A price no bill of this world reaches, in minor units.
const MOST_MONEY: i64 = 1_000_000_000;

/// More numbers or channels than any country of a tenant has.
const MOST_COUNT: u32 = 10_000_000;

impl Book {
    /// Is the book within its limits and free of contradictions?
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), BookError> {
        if self.operators.len() > MOST_OPERATORS {
            return Err(BookError::new(
                "too_many_operators",
                "operators".into(),
                format!("{} operators", self.operators.len()),
                "keep the fifteen that matter",
            ));
        }
        if self.weights.values().all(|weight| *weight == 0) {
            return Err(BookError::new(
                "no_weight",
                "weights".into(),
                "no criterion has a weight".into(),
                "give at least one criterion a weight above 0",
            ));
        }
        if let Some((criterion, weight)) = self.weights.iter().find(|(_, weight)| **weight > 1_000)
        {
            return Err(BookError::new(
                "weight_too_high",
                format!("weights.{criterion:?}"),
                format!("{weight} is above 1,000"),
                "only proportions count: use weights that add up to 100",
            ));
        }
        let mut names = BTreeSet::new();
        for (at, operator) in self.operators.iter().enumerate() {
            let field = format!("operators[{at}]");
            if operator.name.trim().is_empty() || !names.insert(operator.name.as_str()) {
                return Err(BookError::new(
                    "operator_name",
                    format!("{field}.name"),
                    format!("`{}` is empty or used twice", operator.name),
                    "give each operator a name of its own",
                ));
            }
            for (criterion, answer) in &operator.answers {
                if let Some((who, score)) = answer.scores.iter().find(|(_, score)| **score > 100) {
                    return Err(BookError::new(
                        "score_out_of_range",
                        format!("{field}.answers.{criterion:?}.scores.{who}"),
                        format!("{score} is above 100"),
                        "score from 0 to 100",
                    ));
                }
            }
            let prices = operator.countries.values().flat_map(|offer| {
                let p = offer.prices;
                [p.fixed, p.per_number, p.per_channel, p.per_thousand_minutes]
            });
            let all = prices.chain([operator.onboarding, operator.least_bill]);
            check_money(&field, all)?;
        }
        Ok(())
    }
}

impl Need {
    /// Is the need within its limits, and does it name only operators of the book?
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self, book: &Book) -> Result<(), BookError> {
        if self.countries.len() > MOST_COUNTRIES {
            return Err(BookError::new(
                "too_many_countries",
                "countries".into(),
                format!("{} countries", self.countries.len()),
                "choose in portions of at most sixty countries",
            ));
        }
        if self.most_share_percent.is_some_and(|share| share == 0 || share > 100) {
            return Err(BookError::new(
                "share_out_of_range",
                "most_share_percent".into(),
                "not between 1 and 100".into(),
                "give a percentage, or leave it out",
            ));
        }
        for (one, other) in &self.apart {
            let known = |name: &String| book.operators.iter().any(|o| o.name == *name);
            if let Some(name) = [one, other].into_iter().find(|name| !known(name)) {
                return Err(BookError::new(
                    "unknown_operator",
                    "apart".into(),
                    format!("`{name}` is not in the book"),
                    "name operators as the book does",
                ));
            }
        }
        let absurd = |need: &CountryNeed| {
            need.numbers > MOST_COUNT
                || need.traffic.channels > MOST_COUNT
                || need.traffic.minutes > u64::from(MOST_COUNT) * 1_000
        };
        if let Some((country, _)) = self.countries.iter().find(|(_, need)| absurd(need)) {
            return Err(BookError::new(
                "need_out_of_range",
                format!("countries.{country}"),
                "more numbers, channels or minutes than a country has".into(),
                "at most 10 million numbers and channels, 10 billion minutes",
            ));
        }
        check_money("countries", self.countries.values().filter_map(|need| need.stay))?;
        check_money("point_worth", [self.point_worth])
    }
}

fn check_money(field: &str, amounts: impl IntoIterator<Item = i64>) -> Result<(), BookError> {
    match amounts.into_iter().find(|amount| !(0..=MOST_MONEY).contains(amount)) {
        None => Ok(()),
        Some(amount) => Err(BookError::new(
            "price_out_of_range",
            field.to_owned(),
            format!("{amount} minor units"),
            "prices are at least 0, in minor units (cents) a month",
        )),
    }
}

/// What serving `need` by this offer costs a month, in minor units.
pub fn monthly(offer: &CountryOffer, need: &CountryNeed) -> i128 {
    let p = offer.prices;
    let minutes = i128::from(p.per_thousand_minutes) * i128::from(need.traffic.minutes);
    i128::from(p.fixed)
        + i128::from(p.per_number) * i128::from(need.numbers)
        + i128::from(p.per_channel) * i128::from(need.traffic.channels)
        + (minutes + 500) / 1_000
}
