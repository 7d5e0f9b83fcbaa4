//! Which operators for which countries: an exact answer by branch and bound.
//!
//! The model of `domain/migration.md` section 7. First as few numbers as possible are left without
//! an operator, then as few critical ones as possible without a second, then the cost is least,
//! less what the score is worth. All sums are whole numbers, so equal is equal.
//!
//! The outer search takes operators in or leaves them out. Where nothing ties countries together
//! (no largest share, no least bill) each country then takes its cheapest; otherwise an inner search
//! goes through the countries. Both prune by what the remaining countries cost at least.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use numbering::Country;
use serde::{Deserialize, Serialize};

use super::book::{Book, CountryNeed, CountryOffer, Criterion, Need, Operator, Service, monthly};
use super::{score, tied};

/// How many of the best sets of operators are kept.
pub const KEPT: usize = 5;

/// Steps of the search before it stops and says so.
const MOST_STEPS: u64 = 20_000_000;

/// Why an operator does not serve a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum WhyNot {
    /// The book has no offer of it there.
    NoOffer,
    /// Not licensed there.
    NotLicensed,
    /// Nobody answered whether it is licensed there.
    LicenceNotAnswered,
    /// Operator Connect is not offered there.
    NotOffered,
    /// Nobody answered whether Operator Connect is offered there.
    OfferNotAnswered,
    /// Services that are needed and not offered.
    ServicesMissing {
        /// Which.
        services: BTreeSet<Service>,
    },
    /// It takes fewer numbers there than are needed.
    TooManyNumbers {
        /// Most it takes.
        most: u32,
    },
    /// It could, but a limit of the need keeps it out (most operators, share, pairs apart).
    KeptOut,
}

/// A country with its operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Who serves it.
    pub operator: String,
    /// Who could take over, in a critical country.
    pub second: Option<String>,
    /// Monthly cost in minor units, the second operator's fixed price included.
    pub monthly: i64,
}

/// A country nobody serves, and why each operator does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uncovered {
    /// The country.
    pub country: Country,
    /// Its numbers.
    pub numbers: u32,
    /// One reason for each operator of the book.
    pub why: BTreeMap<String, WhyNot>,
}

/// A set of operators and what each serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    /// The operators used, by name.
    pub operators: Vec<String>,
    /// Countries served.
    pub served: BTreeMap<Country, Served>,
    /// Countries that stay on Direct Routing because it is cheaper and allowed, with their cost.
    pub stays: BTreeMap<Country, i64>,
    /// Countries nobody serves.
    pub uncovered: Vec<Uncovered>,
    /// Critical countries without a second operator.
    pub unsecured: Vec<Country>,
    /// Monthly cost of all, in minor units: services, least bills, onboarding, what stays.
    pub monthly: i64,
    /// Nothing better exists. `false` where the search was cut off.
    pub proven: bool,
}

/// Lexicographic: numbers uncovered, critical numbers without a second, money less worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Price {
    uncovered: i128,
    unsecured: i128,
    money: i128,
}

impl std::ops::Add for Price {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            uncovered: self.uncovered + other.uncovered,
            unsecured: self.unsecured + other.unsecured,
            money: self.money + other.money,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    By { operator: usize, second: Option<usize> },
    Stay,
    Nobody,
}

/// A way to deal with one country.
#[derive(Clone, Copy, Debug)]
struct Course {
    way: Way,
    price: Price,
    /// What the operator bills for it, for its least bill.
    billed: i128,
}

/// One country, ready for the search.
struct Place<'a> {
    country: Country,
    need: &'a CountryNeed,
    /// By operator: what it bills and what its score is worth; `None` where a gate keeps it out.
    offers: Vec<Option<(i128, i128)>>,
    /// By operator: its fixed price as a second.
    fixed: Vec<i128>,
}

struct Search<'a> {
    book: &'a Book,
    places: Vec<Place<'a>>,
    most_operators: usize,
    most_numbers: Option<i128>,
    apart: Vec<(usize, usize)>,
    kept: usize,
    best: Vec<(Price, u32, Vec<Way>)>,
    aims: Aims,
    steps: u64,
}

/// The best sets of operators, best first, at most `kept` and at least one.
///
/// The documents must have passed [`Book::check`] and [`Need::check`].
pub fn best(
    book: &Book,
    need: &Need,
    weights: &BTreeMap<Criterion, u32>,
    kept: usize,
) -> Vec<Cover> {
    let total: i128 = need.countries.values().map(|n| i128::from(n.numbers)).sum();
    let index = |name: &str| book.operators.iter().position(|o| o.name == name);
    let mut places: Vec<Place<'_>> = need
        .countries
        .iter()
        .map(|(country, needed)| Place {
            country: *country,
            need: needed,
            offers: book
                .operators
                .iter()
                .map(|operator| {
                    let offer = operator.countries.get(country)?;
                    why_not(Some(offer), needed).is_none().then(|| {
                        (monthly(offer, needed), worth(operator, needed, need.point_worth, weights))
                    })
                })
                .collect(),
            fixed: book
                .operators
                .iter()
                .map(|o| o.countries.get(country).map_or(0, |offer| offer.prices.fixed.into()))
                .collect(),
        })
        .collect();
    // What fits least is placed first.
    places.sort_by_key(|place| (Reverse(place.need.numbers), place.country));
    let aims = Aims::new(&places, book).expect("checked documents leave room for their sums");
    let mut search = Search {
        book,
        places,
        most_operators: need.most_operators.unwrap_or(usize::MAX),
        most_numbers: need.most_share_percent.map(|share| total * i128::from(share) / 100),
        apart: need.apart.iter().filter_map(|(a, b)| Some((index(a)?, index(b)?))).collect(),
        kept: kept.max(1),
        best: Vec::new(),
        aims,
        steps: 0,
    };
    search.operators(0, 0);
    let proven = search.steps <= MOST_STEPS;
    let found = std::mem::take(&mut search.best);
    found.iter().map(|(_, _, ways)| search.cover(ways, proven)).collect()
}

/// The first gate that keeps an operator out of a country (`domain/migration.md` section 7).
pub fn why_not(offer: Option<&CountryOffer>, need: &CountryNeed) -> Option<WhyNot> {
    let Some(offer) = offer else { return Some(WhyNot::NoOffer) };
    match (offer.licensed, offer.operator_connect) {
        (None, _) => return Some(WhyNot::LicenceNotAnswered),
        (Some(false), _) => return Some(WhyNot::NotLicensed),
        (_, None) => return Some(WhyNot::OfferNotAnswered),
        (_, Some(false)) => return Some(WhyNot::NotOffered),
        (Some(true), Some(true)) => {}
    }
    let services: BTreeSet<Service> = need.services.difference(&offer.services).copied().collect();
    if !services.is_empty() {
        return Some(WhyNot::ServicesMissing { services });
    }
    offer
        .most_numbers
        .filter(|most| *most < need.numbers)
        .map(|most| WhyNot::TooManyNumbers { most })
}

/// What an operator's score is worth in a country, rounded to a minor unit.
fn worth(
    operator: &Operator,
    need: &CountryNeed,
    point_worth: i64,
    weights: &BTreeMap<Criterion, u32>,
) -> i128 {
    let thousands = f64::from(need.numbers) / 1_000.0;
    (score::total(operator, weights) * thousands * point_worth as f64).round() as i128
}

/// The order of sets: by price, then the fewest operators, then the one that differs first by an
/// operator earlier in the book.
fn rank(price: Price, set: u32) -> (Price, u32, Reverse<u32>) {
    (price, set.count_ones(), Reverse(set.reverse_bits()))
}

impl Search<'_> {
    /// Takes the operator `at` in or leaves it out; `taken` has a bit for each one taken.
    fn operators(&mut self, at: usize, taken: u32) {
        self.steps += 1;
        if self.steps > MOST_STEPS && !self.best.is_empty() {
            return;
        }
        let undecided = (!0_u32 << at) & ((1_u32 << self.book.operators.len()) - 1);
        let least = self.places.iter().map(|p| cheapest(p, taken | undecided).price);
        let bound = least.fold(self.entry(taken), |sum, price| sum + price);
        if !self.may_enter(bound) {
            return;
        }
        if at == self.book.operators.len() {
            self.assign(taken);
            return;
        }
        let clash = self.apart.iter().any(|(a, b)| {
            (*a == at && taken & (1 << b) != 0) || (*b == at && taken & (1 << a) != 0)
        });
        if !clash && (taken.count_ones() as usize) < self.most_operators {
            self.operators(at + 1, taken | (1 << at));
        }
        self.operators(at + 1, taken);
    }

    /// What it costs to bring the taken operators in.
    fn entry(&self, taken: u32) -> Price {
        let fees = self.each(taken).map(|operator| i128::from(operator.onboarding));
        Price { money: fees.sum(), ..Price::default() }
    }

    fn each(&self, taken: u32) -> impl Iterator<Item = &Operator> {
        (0..)
            .zip(&self.book.operators)
            .filter(move |(at, _)| taken & (1 << at) != 0)
            .map(|(_, o)| o)
    }

    /// May a set enter that costs at least so much? One that costs the same may: ties are settled
    /// by [`rank`].
    fn may_enter(&self, price: Price) -> bool {
        self.best.len() < self.kept || self.best.last().is_some_and(|(worst, ..)| price <= *worst)
    }

    /// Gives each country to one of the taken operators as cheaply as can be.
    fn assign(&mut self, taken: u32) {
        let entry = self.entry(taken);
        let tied = self.most_numbers.is_some() || self.each(taken).any(|o| o.least_bill > 0);
        if !tied {
            let options: Vec<Course> = self.places.iter().map(|p| cheapest(p, taken)).collect();
            let price = options.iter().fold(entry, |sum, option| sum + option.price);
            self.keep(price, taken, options.iter().map(|option| option.way).collect());
            return;
        }
        let options: Vec<Vec<Course>> =
            self.places.iter().map(|place| options(place, taken)).collect();
        let ways: Vec<Vec<tied::Way>> = options
            .iter()
            .map(|courses| courses.iter().map(|course| self.aims.way(course)).collect())
            .collect();
        let numbers: Vec<i128> =
            self.places.iter().map(|place| i128::from(place.need.numbers)).collect();
        let least: Vec<i128> = (0_u32..)
            .zip(&self.book.operators)
            .map(|(at, o)| if taken & (1 << at) == 0 { 0 } else { i128::from(o.least_bill) })
            .collect();
        let tied = tied::Tied {
            ways: &ways,
            numbers: &numbers,
            most_numbers: self.most_numbers,
            least: &least,
        };
        let below = match self.best.last() {
            // One more, since a set that costs the same may enter.
            Some((worst, ..)) if self.best.len() >= self.kept => {
                self.aims.value(*worst) - self.aims.value(entry) + 1
            }
            _ => i128::MAX,
        };
        let Some((value, picks)) = tied::solve(&tied, below, &mut self.steps, MOST_STEPS) else {
            return;
        };
        let picked: Vec<Course> =
            picks.iter().zip(&options).map(|(pick, courses)| courses[*pick]).collect();
        let price = picked.iter().fold(entry, |sum, course| sum + course.price);
        // What the ways do not say is the shortfall of least bills.
        let shortfall = value - picked.iter().map(|c| self.aims.value(c.price)).sum::<i128>();
        let price = price + Price { money: shortfall, ..Price::default() };
        self.keep(price, taken, picked.iter().map(|course| course.way).collect());
    }

    /// Keeps a set that uses all it takes: one that does not is another set with a needless fee.
    fn keep(&mut self, price: Price, taken: u32, ways: Vec<Way>) {
        let used = ways.iter().fold(0_u32, |used, way| match way {
            Way::By { operator, second } => {
                used | (1 << operator) | second.map_or(0, |second| 1 << second)
            }
            Way::Stay | Way::Nobody => used,
        });
        if used != taken || !self.may_enter(price) {
            return;
        }
        match self.best.iter_mut().find(|(_, set, _)| *set == taken) {
            Some(held) if price < held.0 => *held = (price, taken, ways),
            Some(_) => {}
            None => self.best.push((price, taken, ways)),
        }
        self.best.sort_by_key(|(price, set, _)| rank(*price, *set));
        self.best.truncate(self.kept);
    }

    fn cover(&self, ways: &[Way], proven: bool) -> Cover {
        let name = |at: usize| self.book.operators[at].name.clone();
        let mut cover = Cover {
            operators: Vec::new(),
            served: BTreeMap::new(),
            stays: BTreeMap::new(),
            uncovered: Vec::new(),
            unsecured: Vec::new(),
            monthly: 0,
            proven,
        };
        let mut used = BTreeSet::new();
        let mut billed = vec![0_i128; self.book.operators.len()];
        let mut money = 0_i128;
        for (place, way) in self.places.iter().zip(ways) {
            match *way {
                Way::By { operator, second } => {
                    used.insert(operator);
                    used.extend(second);
                    let own = place.offers[operator].map_or(0, |(monthly, _)| monthly);
                    let second_fee = second.map_or(0, |second| place.fixed[second]);
                    billed[operator] += own;
                    money += second_fee;
                    if place.need.critical && second.is_none() {
                        cover.unsecured.push(place.country);
                    }
                    let served = Served {
                        operator: name(operator),
                        second: second.map(name),
                        monthly: in_64_bits(own + second_fee),
                    };
                    cover.served.insert(place.country, served);
                }
                Way::Stay => {
                    let stay = place.need.stay.unwrap_or(0);
                    money += i128::from(stay);
                    cover.stays.insert(place.country, stay);
                }
                Way::Nobody => cover.uncovered.push(self.uncovered(place)),
            }
        }
        for operator in &used {
            let terms = &self.book.operators[*operator];
            money += billed[*operator].max(terms.least_bill.into()) + i128::from(terms.onboarding);
        }
        cover.monthly = in_64_bits(money);
        cover.operators = used.into_iter().map(name).collect();
        cover.operators.sort();
        cover.uncovered.sort_by_key(|uncovered| uncovered.country);
        cover.unsecured.sort();
        cover
    }

    fn uncovered(&self, place: &Place<'_>) -> Uncovered {
        let why = self
            .book
            .operators
            .iter()
            .map(|operator| {
                let offer = operator.countries.get(&place.country);
                (operator.name.clone(), why_not(offer, place.need).unwrap_or(WhyNot::KeptOut))
            })
            .collect();
        Uncovered { country: place.country, numbers: place.need.numbers, why }
    }
}

/// The three aims in one whole number: the heavier aim outweighs all of the lighter.
struct Aims {
    uncovered: i128,
    unsecured: i128,
}

impl Aims {
    /// `None` where the instance is so absurd that no whole number of this machine holds it.
    fn new(places: &[Place<'_>], book: &Book) -> Option<Self> {
        let mut money: i128 = 1;
        let mut numbers: i128 = 1;
        for place in places {
            let most = place.offers.iter().flatten().map(|(bill, worth)| bill.max(worth)).max();
            let fee = place.fixed.iter().max().copied().unwrap_or(0);
            let stay = i128::from(place.need.stay.unwrap_or(0));
            money += most.copied().unwrap_or(0).max(0) + fee + stay;
            numbers += i128::from(place.need.numbers.max(1));
        }
        for operator in &book.operators {
            money += i128::from(operator.onboarding) + i128::from(operator.least_bill);
        }
        let unsecured = money.checked_mul(2)?;
        let uncovered = unsecured.checked_mul(numbers.checked_add(1)?)?;
        // Room for sums of them, and for the bound's finer units.
        uncovered.checked_mul(numbers)?.checked_mul(1 << 6)?;
        Some(Self { uncovered, unsecured })
    }

    fn value(&self, price: Price) -> i128 {
        price.uncovered * self.uncovered + price.unsecured * self.unsecured + price.money
    }

    fn way(&self, course: &Course) -> tied::Way {
        let operator = match course.way {
            Way::By { operator, .. } => Some(operator),
            Way::Stay | Way::Nobody => None,
        };
        tied::Way { operator, value: self.value(course.price), billed: course.billed }
    }
}

/// Prices were held below [`super::book::MOST_COUNTRIES`] times a bounded sum, yet numbers multiply
/// them: an absurd bill is shown as the highest one.
fn in_64_bits(money: i128) -> i64 {
    i64::try_from(money).unwrap_or(i64::MAX)
}

/// Every way to deal with a country by the operators of `allowed`, cheapest first.
fn options(place: &Place<'_>, allowed: u32) -> Vec<Course> {
    let able = |at: &usize| allowed & (1 << at) != 0 && place.offers[*at].is_some();
    let weight = i128::from(place.need.numbers.max(1));
    let mut options: Vec<Course> = (0..place.offers.len())
        .filter(able)
        .filter_map(|operator| {
            let (billed, worth) = place.offers[operator]?;
            let second = place
                .need
                .critical
                .then(|| {
                    let others = (0..place.offers.len()).filter(able).filter(|o| *o != operator);
                    others.min_by_key(|other| (place.fixed[*other], *other))
                })
                .flatten();
            let price = Price {
                uncovered: 0,
                unsecured: if place.need.critical && second.is_none() { weight } else { 0 },
                money: billed - worth + second.map_or(0, |second| place.fixed[second]),
            };
            Some(Course { way: Way::By { operator, second }, price, billed })
        })
        .collect();
    if let Some(stay) = place.need.stay {
        let price = Price { money: stay.into(), ..Price::default() };
        options.push(Course { way: Way::Stay, price, billed: 0 });
    }
    let price = Price { uncovered: weight, ..Price::default() };
    options.push(Course { way: Way::Nobody, price, billed: 0 });
    options.sort_by_key(|option| option.price);
    options
}

fn cheapest(place: &Place<'_>, allowed: u32) -> Course {
    let all = options(place, allowed);
    all.into_iter().next().unwrap_or(Course {
        way: Way::Nobody,
        price: Price::default(),
        billed: 0,
    })
}
