//! Countries that are tied together: by a largest share, by a least bill.
//!
//! A set of operators is given; each country takes one of its ways. Depth first, pruned by a
//! Lagrangian bound: with a price on each operator's held numbers and a discount on what it bills,
//! the countries come apart and the sum of their cheapest ways is never above the answer. Any
//! prices give a true bound, so they are found by floating point and used as whole numbers.

/// One way to deal with a country.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Who serves it; `None`: nobody, or it stays.
    pub operator: Option<usize>,
    /// What it costs, all aims in one whole number.
    pub value: i128,
    /// What the operator bills for it.
    pub billed: i128,
}

/// The countries, and what ties them.
pub struct Tied<'a> {
    /// By country: its ways, at least one without an operator.
    pub ways: &'a [Vec<Way>],
    /// By country: its numbers.
    pub numbers: &'a [i128],
    /// Most numbers of one operator.
    pub most_numbers: Option<i128>,
    /// By operator: the least it bills; 0 for one that is not taken.
    pub least: &'a [i128],
}

/// Prices are whole multiples of one in so many.
const SCALE: i128 = 64;
const ROUNDS: usize = 80;

/// What an operator's numbers cost beside their value, and what its bill saves, times [`SCALE`].
#[derive(Clone, Debug, Default)]
struct Prices {
    per_number: Vec<i128>,
    per_billed: Vec<i128>,
}

struct Search<'a> {
    tied: &'a Tied<'a>,
    prices: Prices,
    /// From each country on: the least value, the least priced value, what each operator can bill.
    rest: Vec<i128>,
    rest_priced: Vec<i128>,
    room: Vec<Vec<i128>>,
    constant: i128,
    order: Vec<Vec<usize>>,
    held: Vec<i128>,
    billed: Vec<i128>,
    picks: Vec<usize>,
    best: Option<(i128, Vec<usize>)>,
    below: i128,
    steps: &'a mut u64,
    most_steps: u64,
}

/// The cheapest choice of one way for each country, if it costs less than `below`; as value
/// (shortfalls of least bills included) and picked ways. Stops when `steps` passes `most_steps`.
pub fn solve(
    tied: &Tied<'_>,
    below: i128,
    steps: &mut u64,
    most_steps: u64,
) -> Option<(i128, Vec<usize>)> {
    let (prices, bound) = prices(tied, below);
    if bound >= below {
        return None;
    }
    let countries = tied.ways.len();
    let operators = tied.least.len();
    let mut rest = vec![0; countries + 1];
    let mut rest_priced = vec![0; countries + 1];
    let mut room = vec![vec![0; operators]; countries + 1];
    let mut order = Vec::with_capacity(countries);
    for at in (0..countries).rev() {
        let value = tied.ways[at].iter().map(|way| way.value).min().unwrap_or(0);
        let priced = (0..tied.ways[at].len()).map(|way| prices.priced(tied, at, way)).min();
        rest[at] = rest[at + 1] + value;
        rest_priced[at] = rest_priced[at + 1] + priced.unwrap_or(0);
        room[at] = room[at + 1].clone();
        for way in &tied.ways[at] {
            if let Some(operator) = way.operator {
                room[at][operator] += way.billed;
            }
        }
    }
    for at in 0..countries {
        let mut ways: Vec<usize> = (0..tied.ways[at].len()).collect();
        ways.sort_by_key(|way| prices.priced(tied, at, *way));
        order.push(ways);
    }
    let constant = prices.constant(tied);
    let mut search = Search {
        tied,
        prices,
        rest,
        rest_priced,
        room,
        constant,
        order,
        held: vec![0; operators],
        billed: vec![0; operators],
        picks: Vec::with_capacity(countries),
        best: None,
        below,
        steps,
        most_steps,
    };
    search.country(0, 0);
    search.best
}

impl Prices {
    fn none(operators: usize) -> Self {
        Self { per_number: vec![0; operators], per_billed: vec![0; operators] }
    }

    /// A way's value with its operator's prices, times [`SCALE`].
    fn priced(&self, tied: &Tied<'_>, country: usize, way: usize) -> i128 {
        let way = tied.ways[country][way];
        let extra = way.operator.map_or(0, |operator| {
            self.per_number[operator] * tied.numbers[country]
                - self.per_billed[operator] * way.billed
        });
        way.value * SCALE + extra
    }

    /// What the bound has beside the ways: times [`SCALE`].
    fn constant(&self, tied: &Tied<'_>) -> i128 {
        let most = tied.most_numbers.unwrap_or(0);
        let shares: i128 = self.per_number.iter().map(|price| price * most).sum();
        let bills: i128 = self.per_billed.iter().zip(tied.least).map(|(p, least)| p * least).sum();
        bills - shares
    }
}

/// Climbs to good prices by subgradients; answers them with their bound.
fn prices(tied: &Tied<'_>, below: i128) -> (Prices, i128) {
    let operators = tied.least.len();
    let mut now = Prices::none(operators);
    let mut best = (now.clone(), i128::MIN);
    let mut pace = 1.0_f64;
    for _ in 0..ROUNDS {
        let mut held = vec![0_i128; operators];
        let mut billed = vec![0_i128; operators];
        let mut bound = now.constant(tied);
        for country in 0..tied.ways.len() {
            let cheapest = (0..tied.ways[country].len())
                .map(|way| (now.priced(tied, country, way), way))
                .min()
                .unwrap_or_default();
            bound += cheapest.0;
            let way = tied.ways[country][cheapest.1];
            if let Some(operator) = way.operator {
                held[operator] += tied.numbers[country];
                billed[operator] += way.billed;
            }
        }
        // Rounded up: a sum of whole numbers cannot lie between.
        let whole = -(-bound).div_euclid(SCALE);
        if whole > best.1 {
            best = (now.clone(), whole);
        } else {
            pace *= 0.9;
        }
        if whole >= below {
            break;
        }
        let over: Vec<f64> = held
            .iter()
            .map(|held| tied.most_numbers.map_or(0.0, |most| (held - most) as f64))
            .collect();
        let short: Vec<f64> =
            billed.iter().zip(tied.least).map(|(billed, least)| (least - billed) as f64).collect();
        let length: f64 = over.iter().chain(&short).map(|step| step * step).sum();
        if length <= 0.0 {
            break;
        }
        let gap = if below == i128::MAX {
            whole.unsigned_abs() as f64 * 0.05 + 1.0
        } else {
            (below - whole) as f64
        };
        let step = pace * gap * SCALE as f64 / length;
        for at in 0..operators {
            let number = now.per_number[at] as f64 + step * over[at];
            now.per_number[at] = number.max(0.0).round() as i128;
            let bill = now.per_billed[at] as f64 + step * short[at];
            let most = if tied.least[at] > 0 { SCALE as f64 } else { 0.0 };
            now.per_billed[at] = bill.clamp(0.0, most).round() as i128;
        }
    }
    best
}

impl Search<'_> {
    fn country(&mut self, value: i128, priced: i128) {
        *self.steps += 1;
        if *self.steps > self.most_steps && self.best.is_some() {
            return;
        }
        let at = self.picks.len();
        let shortfall: i128 = (0..self.tied.least.len())
            .map(|o| (self.tied.least[o] - self.billed[o] - self.room[at][o]).max(0))
            .sum();
        let plain = value + self.rest[at] + shortfall;
        let bound = -(-(priced + self.rest_priced[at] + self.constant)).div_euclid(SCALE);
        if plain.max(bound) >= self.below {
            return;
        }
        if at == self.tied.ways.len() {
            self.below = plain;
            self.best = Some((plain, self.picks.clone()));
            return;
        }
        let numbers = self.tied.numbers[at];
        for next in 0..self.order[at].len() {
            let pick = self.order[at][next];
            let way = self.tied.ways[at][pick];
            if let Some(operator) = way.operator {
                let held = self.held[operator] + numbers;
                if self.tied.most_numbers.is_some_and(|most| held > most) {
                    continue;
                }
                self.held[operator] = held;
                self.billed[operator] += way.billed;
            }
            self.picks.push(pick);
            self.country(value + way.value, priced + self.prices.priced(self.tied, at, pick));
            self.picks.pop();
            if let Some(operator) = way.operator {
                self.held[operator] -= numbers;
                self.billed[operator] -= way.billed;
            }
        }
    }
}
