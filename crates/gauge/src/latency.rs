//! How long one number, and one page, takes.

use crate::{Outcome, fill::Place, house::House, http::Http};
use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use std::fmt;
use std::time::{Duration, Instant};

/// Milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Half of the answers were quicker.
    pub p50: f64,
    /// 99 of 100 were.
    pub p99: f64,
    /// Answers.
    pub count: usize,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.3} p99 {:.3} ms", self.p50, self.p99)
    }
}

impl Latency {
    /// Of what was measured.
    pub fn of(mut all: Vec<f64>) -> Outcome<Self> {
        if all.is_empty() {
            return Err("nothing was answered".into());
        }
        all.sort_by(f64::total_cmp);
        let at = |share: f64| all[((all.len() - 1) as f64 * share).round() as usize];
        Ok(Self { p50: at(0.5), p99: at(0.99), count: all.len() })
    }
}

/// The middle one.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The same draws in every run (SplitMix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }
}

/// Every number is as likely as any other.
fn number(places: &[Place], draw: &mut Draw) -> (usize, u64) {
    let all: u64 = places.iter().map(|p| u64::from(p.count)).sum();
    let mut nth = draw.below(all);
    for (at, place) in places.iter().enumerate() {
        if nth < u64::from(place.count) {
            return (at, place.first + nth);
        }
        nth -= u64::from(place.count);
    }
    (0, places[0].first)
}

/// Runs `each` in `concurrency` tasks until the time is up; warms up for a tenth of it before.
async fn loops<F, W>(concurrency: usize, seconds: f64, each: F) -> Outcome<Latency>
where
    F: Fn(usize, Instant) -> W,
    W: Future<Output = Outcome<Vec<(Instant, f64)>>> + Send + 'static,
{
    let began = Instant::now();
    let warm = began + Duration::from_secs_f64(seconds / 10.0);
    let until = began + Duration::from_secs_f64(seconds * 1.1);
    let tasks: Vec<_> = (0..concurrency).map(|n| tokio::spawn(each(n, until))).collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await??.into_iter().filter(|(at, _)| *at >= warm).map(|(_, ms)| ms));
    }
    Latency::of(all)
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// One number by its digits, over HTTP.
pub async fn lookups(
    house: &House,
    places: &[Place],
    concurrency: usize,
    seconds: f64,
) -> Outcome<Latency> {
    loops(concurrency, seconds, |n, until| {
        let (places, address) = (places.to_vec(), house.address.clone());
        async move {
            let mut draw = Draw(n as u64);
            // A connection for each tenant: a token is one tenant's.
            let mut https: Vec<Option<Http>> = places.iter().map(|_| None).collect();
            let mut all = Vec::new();
            while Instant::now() < until {
                let (at, number) = number(&places, &mut draw);
                if https[at].is_none() {
                    https[at] = Some(Http::to(&address, &places[at].customer.token).await?);
                }
                let http = https[at].as_mut().expect("it was just made");
                let began = Instant::now();
                let answer = http.get(&format!("/tenant/v1/numbers/+{number}")).await?;
                all.push((began, ms(began)));
                if answer.status != 200 {
                    answer.json()?;
                }
            }
            Ok(all)
        }
    })
    .await
}

/// The very statement that the look-up runs, prepared, without a transaction around it.
pub async fn bare(
    url: &str,
    places: &[Place],
    concurrency: usize,
    seconds: f64,
) -> Outcome<Latency> {
    let is_lite = url.starts_with("sqlite");
    let name = if is_lite { "NUMBER_GET" } else { "NUMBER_SEEN_PG" };
    let sql = store::statements().find(|(n, _)| *n == name).ok_or("no statement")?.1;
    loops(concurrency, seconds, |n, until| {
        let (places, url) = (places.to_vec(), url.to_owned());
        async move {
            let mut draw = Draw(n as u64);
            let mut all = Vec::new();
            macro_rules! measure {
                ($connection:ty) => {{
                    let mut db = <$connection>::connect(&url).await?;
                    while Instant::now() < until {
                        let (_, number) = number(&places, &mut draw);
                        let began = Instant::now();
                        let row = sqlx::query(sql).bind(number.cast_signed());
                        let row = row.fetch_one(&mut db).await?;
                        all.push((began, ms(began)));
                        if row.get::<i64, _>("number") != number.cast_signed() {
                            return Err("another number".into());
                        }
                    }
                }};
            }
            if is_lite {
                measure!(SqliteConnection);
            } else {
                measure!(PgConnection);
            }
            Ok(all)
        }
    })
    .await
}

/// What pages are asked for, `{}` a number's first digits.
const PAGES: [&str; 5] = [
    "filter=country%20eq%20FR&sort=number",
    "filter=country%20eq%20GB%20and%20status%20eq%20Unassigned&sort=-acquired_at",
    "filter=acquired_at%20ge%202026-06-01T00:00:00Z&sort=acquired_at",
    "filter=number%20starts%20%2B{}&sort=number",
    "filter=status%20eq%20Unassigned&sort=-number",
];

/// Pages of 100, filtered and sorted; one in two goes on from the page before.
pub async fn pages(
    house: &House,
    places: &[Place],
    concurrency: usize,
    seconds: f64,
) -> Outcome<Latency> {
    loops(concurrency, seconds, |n, until| {
        let (places, address) = (places.to_vec(), house.address.clone());
        async move {
            let mut draw = Draw(n as u64 + 1000);
            let mut https: Vec<Option<Http>> = places.iter().map(|_| None).collect();
            let mut all = Vec::new();
            let mut go_on: Option<(usize, String, String)> = None;
            while Instant::now() < until {
                let (at, query, cursor) = match go_on.take() {
                    Some((at, query, cursor)) if draw.below(2) == 0 => {
                        (at, query, format!("&cursor={cursor}"))
                    }
                    _ => {
                        let (at, number) = number(&places, &mut draw);
                        let query = PAGES[draw.below(PAGES.len() as u64) as usize];
                        let digits = &number.to_string()[..8];
                        (at, query.replace("{}", digits), String::new())
                    }
                };
                if https[at].is_none() {
                    https[at] = Some(Http::to(&address, &places[at].customer.token).await?);
                }
                let http = https[at].as_mut().expect("it was just made");
                let path = format!("/tenant/v1/numbers?limit=100&{query}{cursor}");
                let began = Instant::now();
                let answer = http.get(&path).await?;
                all.push((began, ms(began)));
                let page = answer.json().map_err(|error| format!("{path}: {error}"))?;
                if let Some(cursor) = page["next_cursor"].as_str() {
                    go_on = Some((at, query, cursor.to_owned()));
                }
            }
            Ok(all)
        }
    })
    .await
}
