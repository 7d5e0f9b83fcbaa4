//! Many clients on two nodes want the same numbers: who wins is a matter of luck, what stands
//! afterwards is not. `RACE_SECONDS` says how long (`make soak`: 60).

use crate::house::{Company, Town, Worker, client, cx, sign_in, town};
use api_types::number::NumberOrderCreate;
use exchange::Exchange;
use feed::change::Position;
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use sqlx::{AssertSqlSafe, Connection};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

const CLIENTS: u64 = 16;
const NUMBERS: u64 = 100;

/// A small generator, so that each client's wishes follow from its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

fn text(n: u64) -> String {
    format!("+{}", 442_079_465_000 + n)
}

/// What two companies' people and offices are, for all clients.
struct Ground {
    town: Town,
    people: [Vec<Uuid>; 2],
    locations: [Uuid; 2],
}

impl Ground {
    fn company(&self, which: usize) -> &Company {
        [&self.town.contoso, &self.town.fabrikam][which]
    }
}

/// Refusals that a race may bring; anything else is a fault.
const FAIR: [&str; 10] = [
    "already_assigned",
    "has_number",
    "not_assigned",
    "not_found",
    "conflict",
    "busy",
    "version_mismatch",
    "not_activated",
    "no_consent",
    "consent_state",
];

/// What has been granted to anybody, a bit each, as in [`ACTS`].
type Granted = Arc<AtomicU8>;

/// Each of them must have been granted once, however slow the machine.
const ACTS: [&str; 4] = ["assign", "unassign", "release", "upload"];

/// One client's wishes on one node until the time is over, or for a minute at most until each act
/// has been granted to somebody; counts what was granted.
async fn wish(
    ground: Arc<Ground>,
    node: Exchange,
    seed: u64,
    until: Instant,
    granted: Granted,
) -> BTreeMap<String, u64> {
    let last = until + Duration::from_secs(60);
    let go_on = || {
        let now = Instant::now();
        now < until || (now < last && granted.load(Ordering::Relaxed) != 0b1111)
    };
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (seed + 1));
    let mut outcomes = BTreeMap::new();
    while go_on() {
        let which = dice.below(2) as usize;
        let company = ground.company(which);
        let (tenant, operator) = (cx(&company.actor), cx(&ground.town.alpha.actor));
        let number = text(dice.below(NUMBERS));
        let parsed = number.parse().expect("a number");
        let (what, outcome) = match dice.below(5) {
            0 | 1 => {
                let person = ground.people[which][dice.below(20) as usize];
                let wish = serde_json::json!({
                    "user_id": person, "location_id": ground.locations[which],
                });
                let wish = serde_json::from_value(wish).expect("an assignment");
                ("assign", node.assignment_put(&tenant, parsed, None, wish).await.map(drop))
            }
            2 => ("unassign", node.assignment_remove(&tenant, parsed, None, None).await.map(drop)),
            kind => {
                let many: Vec<String> =
                    (0..=dice.below(8)).map(|_| text(dice.below(NUMBERS))).collect();
                let many: Vec<&str> = many.iter().map(String::as_str).collect();
                let upload = ground.town.upload(&ground.town.alpha, company, &many);
                // What one company gave back the other one gets: that is a move as operators do it.
                let (what, kind) =
                    if kind == 3 { ("release", "release") } else { ("upload", "upload") };
                let order = NumberOrderCreate { kind: kind.into(), ..upload };
                (what, node.number_order_create(&operator, order).await.map(drop))
            }
        };
        let said = match outcome {
            Ok(()) => {
                let at = ACTS.iter().position(|act| *act == what).expect("one of them");
                granted.fetch_or(1 << at, Ordering::Relaxed);
                what.to_owned()
            }
            Err(problem) => {
                assert!(FAIR.contains(&problem.code.as_str()), "{what} {number}: {problem}");
                format!("{what}: {}", problem.code)
            }
        };
        *outcomes.entry(said).or_default() += 1;
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_numbers_on_two_nodes() {
    let seconds = std::env::var("RACE_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds = Duration::from_secs(seconds.unwrap_or(3));
    let db = testkit::postgres();
    let town = town(&db).await;
    let other = crate::house::open(&db).await;
    let edge = town.exchange.client_create(&cx(&town.owner), client("edge")).await;
    let edge = sign_in(&town.exchange, &edge.expect("a client")).await;
    let (mut people, mut locations) = ([Vec::new(), Vec::new()], [Uuid::nil(); 2]);
    for (which, company) in [&town.contoso, &town.fabrikam].into_iter().enumerate() {
        town.agree(company, &town.alpha).await;
        locations[which] = town.settle(company, "GB").await;
        for n in 0..20 {
            people[which].push(town.person(company, &format!("p{n}"), &["teams_phone"]).await);
        }
    }
    let first = town.exchange.clone();
    let key = wrap_key("a token");
    let ground = Arc::new(Ground { town, people, locations });
    let workers = [Worker::start(&first), Worker::start(&other)];
    let until = Instant::now() + seconds;
    let granted = Granted::default();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|seed| {
            let node = if seed % 2 == 0 { first.clone() } else { other.clone() };
            tokio::spawn(wish(ground.clone(), node, seed, until, granted.clone()))
        })
        .collect();
    // From the middle of it: what comes after has to lead to the end.
    tokio::time::sleep(seconds / 2).await;
    let middle = first.edge_snapshot(&cx(&edge), &key).await.expect("a snapshot");
    let middle = Snapshot::open(&middle, &key).expect("it opens");
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for client in clients {
        for (said, times) in client.await.expect("a client met a fault") {
            *outcomes.entry(said).or_default() += times;
        }
    }
    for what in ACTS {
        assert!(outcomes.contains_key(what), "nobody got to {what}: {outcomes:?}");
    }

    // Orders that were taken are run to their end.
    let mut look = sqlx::PgConnection::connect(&db.url).await.expect("connects");
    let mut count = async |sql: &str| -> i64 {
        let counted = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut look).await;
        counted.unwrap_or_else(|error| panic!("{sql}: {error}"))
    };
    let patience = Instant::now() + Duration::from_secs(30) + 2 * seconds;
    while count("SELECT count(*) FROM job").await > 0 {
        assert!(Instant::now() < patience, "orders are left behind");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for worker in workers {
        worker.stop().await;
    }

    // The invariants of what is stored, each as a count of what breaks it.
    for (what, sql) in [
        (
            "a number of nobody's consent",
            "SELECT count(*) FROM number n WHERE NOT EXISTS \
            (SELECT 1 FROM consent c WHERE c.tenant_id = n.tenant_id \
             AND c.operator_id = n.operator_id AND c.status <> 'Removed')",
        ),
        (
            "a number assigned twice",
            "SELECT count(*) FROM number \
            WHERE person_id IS NOT NULL AND account_id IS NOT NULL",
        ),
        (
            "a person with two numbers",
            "SELECT count(*) FROM (SELECT person_id FROM number \
            WHERE person_id IS NOT NULL GROUP BY person_id HAVING count(*) > 1) AS twice",
        ),
        (
            "a number at another's person",
            "SELECT count(*) FROM number n \
            JOIN person p ON p.id = n.person_id WHERE p.tenant_id <> n.tenant_id",
        ),
        (
            "a number at another's location",
            "SELECT count(*) FROM number n \
            JOIN location l ON l.id = n.location_id WHERE l.tenant_id <> n.tenant_id",
        ),
        (
            "an assignment without activation",
            "SELECT count(*) FROM number \
            WHERE person_id IS NOT NULL AND activation_state <> 'Activated'",
        ),
        (
            "an order that is not counted out",
            "SELECT count(*) FROM number_order \
            WHERE done <> total OR finished_at IS NULL OR done <> succeeded + failed",
        ),
        (
            "an order whose entries say otherwise",
            "SELECT count(*) FROM number_order o WHERE \
            o.succeeded <> (SELECT count(*) FROM number_order_entry e \
                WHERE e.order_id = o.id AND e.status = 'success') \
            OR o.failed <> (SELECT count(*) FROM number_order_entry e \
                WHERE e.order_id = o.id AND e.status = 'error')",
        ),
        (
            "a number that no order accounts for",
            "SELECT abs(count(*) - COALESCE((SELECT \
            sum(CASE o.kind WHEN 'upload' THEN o.succeeded ELSE -o.succeeded END) \
            FROM number_order o), 0))::bigint FROM number",
        ),
    ] {
        assert_eq!(count(sql).await, 0, "{what}; {outcomes:?}");
    }
    let stored = count("SELECT count(*) FROM number").await;

    // Snapshot and log say exactly what the table says, wherever one began to follow.
    let end = first.edge_snapshot(&cx(&edge), &key).await.expect("a snapshot");
    let end = Snapshot::open(&end, &key).expect("it opens");
    assert_eq!(end.number_count() as i64, stored);
    let fresh = Snapshot::from_records(feed::snapshot::WorldRecords::empty(
        Position { epoch: first.epoch(), position: 0 },
        0,
    ));
    for (from, mut grown) in [("the middle", middle), ("the beginning", fresh)] {
        loop {
            let more = other.changes_since(&cx(&edge), grown.position(), 1000).await;
            let more = more.expect("changes");
            if more.is_empty() {
                break;
            }
            let before = grown.position().position;
            assert_eq!(more[0].position, before + 1, "the log has a gap");
            for change in &more {
                grown.apply(change);
            }
        }
        assert_eq!(grown.position(), end.position());
        let (grown, end): (Vec<_>, Vec<_>) = (grown.numbers().collect(), end.numbers().collect());
        assert_eq!(grown, end, "from {from}");
    }
    eprintln!("{outcomes:?}");
}
