//! Random sequences of what operators and tenants do to stock and reservations, against the real
//! store and beside a model of plain maps. No answer and no state may differ. `MODEL_SEED` repeats
//! a run; it is printed.

use crate::furnished::doc;
use crate::house::{Company, cx};
use crate::model_rules::Dice;
use crate::shop::{Page, number, quote, shop};
use crate::stock::stock;
use api_types::Problem;
use exchange::{ListQuery, NumberFilter};
use serde_json::json;
use std::collections::BTreeMap;
use testkit::on_both;
use uuid::Uuid;

/// Numbers of the game; all of them lie in the operator's range.
const NUMBERS: u64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Stock,
    Reserved(usize),
    Held(usize),
}

struct Reservation {
    id: Uuid,
    company: usize,
    numbers: Vec<u64>,
    state: &'static str,
    expires: i64,
    extended: bool,
    paid: bool,
}

#[derive(Default)]
struct Model {
    places: BTreeMap<u64, Place>,
    reservations: Vec<Reservation>,
    quotes: Vec<(usize, Vec<u64>, Uuid)>,
}

impl Model {
    fn ends(&mut self, at: usize, state: &'static str) {
        self.reservations[at].state = state;
        for n in self.reservations[at].numbers.clone() {
            self.places.insert(n, Place::Stock);
        }
    }

    fn open(&self, company: usize) -> usize {
        let open = ["Reserved", "Paid", "Accepted"];
        let own = self.reservations.iter().filter(|r| r.company == company);
        own.filter(|r| open.contains(&r.state)).count()
    }
}

fn said<T>(got: &Result<T, Problem>) -> String {
    got.as_ref().err().map_or_else(|| "ok".to_owned(), |problem| problem.code.clone())
}

on_both!(stock_and_reservations_are_as_a_model_has_them, |db| {
    let steps = if db.name == "sqlite" { 400 } else { 200 };
    let seed = std::env::var("MODEL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(11);
    eprintln!("MODEL_SEED={seed}");
    let mut dice = Dice(seed | 1);
    let town = shop(db, json!({ "reservation_minutes": 5 })).await;
    let page = Page::open(&town).await;
    let (exchange, alpha) = (&town.exchange, cx(&town.alpha.actor));
    let companies: [&Company; 2] = [&town.contoso, &town.fabrikam];
    town.agree(&town.fabrikam, &town.alpha).await;
    town.settle(&town.fabrikam, "GB").await;
    let rest = json!({ "ranges": [{ "first": number(NUMBERS), "last": number(99) }] });
    exchange.stock_withdraw(&alpha, doc(rest)).await.expect("withdrawn");
    let mut model = Model::default();
    model.places.extend((0..NUMBERS).map(|n| (n, Place::Stock)));
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for step in 0..steps {
        let n = dice.below(NUMBERS as usize) as u64;
        let which = dice.below(2);
        let company = companies[which];
        let who = cx(&company.actor);
        let place = model.places.get(&n).copied();
        let (what, got, expect) = match dice.below(12) {
            0 => {
                let put = stock(
                    &town,
                    &town.alpha,
                    json!({ "entries": [{ "number": number(n) }],
                    "amount": "10", "currency": "GBP" }),
                );
                let put = put.await;
                let got = put.errors.first().map_or("ok".to_owned(), |e| e.error.code.clone());
                let expect = match place {
                    Some(Place::Held(_)) => "held_elsewhere",
                    Some(Place::Reserved(_)) => "number_reserved",
                    Some(Place::Stock) | None => {
                        model.places.insert(n, Place::Stock);
                        "ok"
                    }
                };
                ("put", got, expect)
            }
            1 => {
                let gone = exchange.stock_withdraw(&alpha, doc(json!({ "numbers": [number(n)] })));
                let gone = gone.await.expect("answers");
                let got = gone.errors.first().map_or("ok".to_owned(), |e| e.error.code.clone());
                let expect = match place {
                    Some(Place::Stock) => {
                        model.places.remove(&n);
                        "ok"
                    }
                    Some(Place::Reserved(_)) => "number_reserved",
                    Some(Place::Held(_)) | None => "not_in_stock",
                };
                ("withdraw", got, expect)
            }
            2 | 3 => {
                let mut wanted = vec![n, dice.below(NUMBERS as usize) as u64];
                wanted.sort_unstable();
                wanted.dedup();
                let free = wanted.iter().all(|n| model.places.get(n) == Some(&Place::Stock));
                let made = quote(&town, company, &wanted).await;
                let got = said(&made);
                if let Ok(made) = made {
                    model.quotes.push((which, wanted, made.id));
                }
                ("quote", got, if free { "ok" } else { "out_of_stock" })
            }
            4..=6 if !model.quotes.is_empty() => {
                let (of, numbers, id) = dice.of(&model.quotes);
                let made = exchange.reservation_create(&who, doc(json!({ "quote_id": id }))).await;
                let free = numbers.iter().all(|n| model.places.get(n) == Some(&Place::Stock));
                let expect = match free {
                    _ if of != which => "not_found",
                    _ if model.open(which) >= 10 => "too_many_reservations",
                    true => "ok",
                    false => "out_of_stock",
                };
                let got = said(&made);
                if let Ok(made) = made {
                    for n in &numbers {
                        model.places.insert(*n, Place::Reserved(model.reservations.len()));
                    }
                    model.reservations.push(Reservation {
                        id: made.id,
                        company: which,
                        numbers,
                        state: "Reserved",
                        expires: made.expires_at.as_microsecond(),
                        extended: false,
                        paid: false,
                    });
                }
                ("reserve", got, expect)
            }
            7 => {
                let order = town.upload(&town.alpha, company, &[&number(n)]);
                let (_, entries) = town.run(&town.alpha, order).await;
                let got = entries[0].error.as_ref().map_or("ok".to_owned(), |e| e.code.clone());
                let expect = match place {
                    Some(Place::Held(by)) if by == which => "already_uploaded",
                    Some(Place::Held(_)) => "held_elsewhere",
                    Some(Place::Reserved(_)) => "number_reserved",
                    Some(Place::Stock) | None => {
                        model.places.insert(n, Place::Held(which));
                        "ok"
                    }
                };
                ("upload", got, expect)
            }
            8 => {
                let mut order = town.upload(&town.alpha, company, &[&number(n)]);
                order.kind = "release".into();
                let (_, entries) = town.run(&town.alpha, order).await;
                let got = entries[0].error.as_ref().map_or("ok".to_owned(), |e| e.code.clone());
                let expect = if place == Some(Place::Held(which)) {
                    model.places.remove(&n);
                    "ok"
                } else {
                    "not_held"
                };
                ("release", got, expect)
            }
            9 if dice.one_in(6) => {
                // Time passes, by the house's own clock alone.
                let until = model.reservations.iter().map(|r| r.expires).max().unwrap_or(0);
                let due: Vec<usize> = (0..model.reservations.len())
                    .filter(|at| model.reservations[*at].state == "Reserved")
                    .collect();
                let moved = exchange.reservations_due(until).await.expect("looked");
                assert_eq!(moved as usize, due.len(), "step {step}: they expire");
                for at in due {
                    model.ends(at, "Expired");
                }
                ("expire", "ok".to_owned(), "ok")
            }
            what if !model.reservations.is_empty() => {
                let at = model.reservations.len() - 1 - dice.below(model.reservations.len().min(4));
                let (id, state) = (model.reservations[at].id, model.reservations[at].state);
                let owner = cx(&companies[model.reservations[at].company].actor);
                let reserved = state == "Reserved";
                let open = reserved || state == "Paid";
                let may = |good: bool| if good { "ok" } else { "reservation_state" };
                match (what + dice.below(5)) % 5 {
                    0 => {
                        let got = said(&exchange.reservation_cancel(&owner, id).await);
                        if reserved {
                            model.ends(at, "Cancelled");
                        }
                        ("cancel", got, may(reserved))
                    }
                    1 => {
                        let why = doc(json!({ "reason": "no" }));
                        let got = said(&exchange.reservation_decline(&alpha, id, why).await);
                        if open {
                            model.ends(at, "Declined");
                        }
                        ("decline", got, may(open))
                    }
                    2 => {
                        let got = said(&exchange.reservation_accept(&alpha, id).await);
                        exchange.orders_run().await.expect("it is run");
                        if open {
                            let Reservation { company, numbers, .. } = &model.reservations[at];
                            for n in numbers {
                                model.places.insert(*n, Place::Held(*company));
                            }
                            model.reservations[at].state = "Completed";
                        }
                        ("accept", got, may(open))
                    }
                    3 => {
                        let got = said(&page.paid(&town, id).await);
                        if reserved {
                            model.reservations[at].state = "Paid";
                        }
                        let paid = model.reservations[at].paid;
                        model.reservations[at].paid = paid || got == "ok";
                        // What was paid once is answered so for ever.
                        ("pay", got, may(open || paid || state == "Completed"))
                    }
                    _ => {
                        let got = exchange.reservation_extend(&owner, id).await;
                        let expect = match (reserved, model.reservations[at].extended) {
                            (true, false) => "ok",
                            (true, true) => "already_extended",
                            (false, _) => "reservation_state",
                        };
                        let said = said(&got);
                        if let Ok(longer) = got {
                            model.reservations[at].extended = true;
                            model.reservations[at].expires = longer.expires_at.as_microsecond();
                        }
                        ("extend", said, expect)
                    }
                }
            }
            _ => continue,
        };
        assert_eq!(got, expect, "step {step}: {what} {n} by {which}: {place:?}");
        *seen.entry(format!("{what}: {got}")).or_default() += 1;
        if step % 20 != 0 && step + 1 != steps {
            continue;
        }
        let list = ListQuery { cursor: None, limit: 1000 };
        let stocked = exchange.stock_list(&alpha, list.clone()).await.expect("a list").items;
        let stocked: BTreeMap<String, Option<Uuid>> =
            stocked.into_iter().map(|n| (n.number, n.reservation_id)).collect();
        let expect = model.places.iter().filter_map(|(n, place)| match place {
            Place::Stock => Some((number(*n), None)),
            Place::Reserved(at) => Some((number(*n), Some(model.reservations[*at].id))),
            Place::Held(_) => None,
        });
        assert_eq!(stocked, expect.collect::<BTreeMap<_, _>>(), "step {step}");
        for (which, company) in companies.iter().enumerate() {
            let who = cx(&company.actor);
            let held = exchange.number_list(&who, NumberFilter::default(), list.clone()).await;
            let held: Vec<String> =
                held.expect("numbers").items.into_iter().map(|n| n.number).collect();
            let own = model.places.iter().filter(|(_, p)| **p == Place::Held(which));
            assert_eq!(held, own.map(|(n, _)| number(*n)).collect::<Vec<_>>(), "step {step}");
            for made in exchange.reservation_list(&who, list.clone()).await.expect("a list").items {
                let known = model.reservations.iter().find(|r| r.id == made.id).expect("known");
                assert_eq!((known.company, known.state), (which, made.state.as_str()));
                let delivered = if known.state == "Completed" { made.numbers } else { 0 };
                assert_eq!(made.delivered, delivered, "step {step}");
            }
        }
    }
    for what in [
        "reserve: ok",
        "reserve: out_of_stock",
        "upload: number_reserved",
        "expire: ok",
        "accept: ok",
        "pay: ok",
        "decline: ok",
        "cancel: ok",
        "put: number_reserved",
    ] {
        assert!(seen.contains_key(what), "never {what}: {seen:?}");
    }
    eprintln!("{seen:?}");
});
