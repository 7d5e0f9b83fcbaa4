//! Who may know whom: the picture of `docs/architecture.md`, kept honest.

use crate::graph::{Kind, graph, root};

/// What a crate may know of the house, and which outside crates must not reach it by any way.
struct Floor {
    name: &'static str,
    may_know: &'static [&'static str],
    never_reaches: &'static [&'static str],
}

/// Sockets, servers, databases and runtimes.
const WORLD: &[&str] = &["tokio", "mio", "socket2", "sqlx", "axum", "hyper", "reqwest"];
const SQL: &[&str] = &["sqlx", "sqlx-core", "libsqlite3-sys"];
const HTTP_SERVER: &[&str] = &["axum", "axum-core", "tower-http"];

const HOUSE: &[Floor] = &[
    Floor { name: "numbering", may_know: &[], never_reaches: WORLD },
    Floor { name: "scim", may_know: &[], never_reaches: WORLD },
    Floor { name: "location", may_know: &["numbering"], never_reaches: WORLD },
    Floor { name: "sip", may_know: &[], never_reaches: WORLD },
    Floor { name: "api-types", may_know: &["numbering"], never_reaches: WORLD },
    Floor { name: "domain", may_know: &["numbering", "location"], never_reaches: WORLD },
    Floor {
        name: "softphone",
        may_know: &["sip"],
        never_reaches: &["sqlx-core", "axum-core", "hyper", "reqwest"],
    },
    Floor { name: "feed", may_know: &["domain", "numbering", "location"], never_reaches: WORLD },
    Floor { name: "migrate", may_know: &["domain", "numbering", "location"], never_reaches: WORLD },
    Floor {
        name: "store",
        may_know: &["domain", "numbering", "location"],
        never_reaches: &["axum-core", "hyper", "reqwest", "tower-http"],
    },
    Floor {
        name: "outbound",
        may_know: &[],
        never_reaches: &["sqlx-core", "axum-core", "tower-http"],
    },
    // `sip` is here for the digest's HA1 alone: the exchange never sees a message.
    Floor {
        name: "exchange",
        may_know: &[
            "api-types",
            "domain",
            "numbering",
            "location",
            "feed",
            "store",
            "sip",
            "scim",
            "outbound",
        ],
        never_reaches: HTTP_SERVER,
    },
    Floor {
        name: "edge",
        may_know: &["sip", "domain", "feed", "numbering", "location"],
        never_reaches: SQL,
    },
    Floor {
        name: "edge-host",
        may_know: &["api-types", "domain", "edge", "feed"],
        never_reaches: SQL,
    },
    Floor {
        name: "api",
        may_know: &["api-types", "domain", "exchange", "feed", "numbering", "location"],
        never_reaches: &[],
    },
    Floor {
        name: "meetpoint",
        may_know: &[
            "api",
            "api-types",
            "domain",
            "edge",
            "edge-host",
            "exchange",
            "feed",
            "location",
            "migrate",
            "numbering",
            "outbound",
            "sip",
            "softphone",
            "store",
        ],
        never_reaches: &[],
    },
    Floor {
        name: "fuzzed",
        may_know: &["sip", "feed", "domain", "numbering", "location"],
        never_reaches: WORLD,
    },
    // What the API is measured with: the API without the rest of the program, from outside.
    Floor {
        name: "gauge",
        may_know: &["api", "exchange", "feed", "store"],
        never_reaches: &["reqwest"],
    },
    Floor { name: "testkit", may_know: &[], never_reaches: WORLD },
    Floor { name: "figment", may_know: &[], never_reaches: WORLD },
    Floor { name: "tidy", may_know: &[], never_reaches: WORLD },
    Floor {
        name: "yardstick",
        may_know: &["domain", "edge", "feed", "numbering", "sip"],
        never_reaches: SQL,
    },
];

/// Named by the crate itself, whatever its neighbours bring along.
const NEVER_NAMED: &[(&str, &[&str])] = &[
    ("numbering", &["getrandom", "rand", "jiff", "chrono"]),
    ("location", &["getrandom", "rand", "chrono"]),
    ("scim", &["getrandom", "rand", "chrono"]),
    ("sip", &["getrandom", "rand", "jiff", "chrono", "serde_json"]),
    ("api-types", &["getrandom", "rand"]),
    ("domain", &["getrandom", "rand"]),
    ("feed", &["getrandom", "rand"]),
    ("migrate", &["getrandom", "rand", "chrono"]),
    ("exchange", &["sqlx", "mio", "socket2", "reqwest"]),
    ("api", &["sqlx", "mio", "socket2"]),
    ("meetpoint", &["sqlx"]),
];

/// Tests may lean on these from any floor: they are the other end of a wire.
const ANY_TEST_MAY_KNOW: &[&str] = &["softphone", "testkit", "figment", "outbound"];

/// Crates without a clock, a socket or chance of their own.
const PURE: &[&str] =
    &["numbering", "location", "scim", "sip", "api-types", "domain", "feed", "migrate"];

#[test]
fn every_crate_has_a_floor() {
    let unplaced: Vec<&str> = graph()
        .ours()
        .map(|package| package.name.as_str())
        .filter(|name| HOUSE.iter().all(|floor| floor.name != *name))
        .collect();
    assert!(unplaced.is_empty(), "place these in HOUSE: {unplaced:?}");
    let gone: Vec<&str> =
        HOUSE.iter().map(|floor| floor.name).filter(|name| graph().our(name).is_none()).collect();
    assert!(gone.is_empty(), "HOUSE names crates that are gone: {gone:?}");
}

#[test]
fn crates_know_only_what_their_floor_allows() {
    let mut faults = Vec::new();
    for floor in HOUSE {
        let Some(package) = graph().our(floor.name) else { continue };
        for (other, kind) in graph().direct(package).filter(|(other, _)| other.is_ours) {
            let other = other.name.as_str();
            let allowed = floor.may_know.contains(&other)
                || (kind == Kind::Dev && ANY_TEST_MAY_KNOW.contains(&other));
            if !allowed {
                faults.push(format!("{} must not know {other} ({kind:?})", floor.name));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn outside_crates_stay_out_of_the_floors_that_forbid_them() {
    let mut faults = Vec::new();
    for floor in HOUSE {
        let Some(package) = graph().our(floor.name) else { continue };
        for banned in floor.never_reaches {
            if let Some(way) = graph().way(package, banned) {
                faults.push(way.join(" -> "));
            }
        }
    }
    for (name, banned) in NEVER_NAMED {
        let Some(package) = graph().our(name) else { continue };
        for (other, kind) in graph().direct(package) {
            if kind == Kind::Product && banned.contains(&other.name.as_str()) {
                faults.push(format!("{name} names {}", other.name));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Clippy reads `clippy.toml` from the folder of the package it checks; the pure crates share one
/// through links, so a ban is written (and given its reason) once.
#[test]
fn pure_crates_ban_clocks_sockets_and_chance() {
    let bans = std::fs::read_to_string(root().join("crates/pure.clippy.toml"))
        .expect("the shared list of bans is there");
    for needed in ["std::time::Instant::now", "std::net::UdpSocket", "jiff::Timestamp::now"] {
        assert!(bans.contains(needed), "{needed} is no longer banned");
    }
    for name in PURE {
        let own = std::fs::read_to_string(root().join("crates").join(name).join("clippy.toml"));
        assert_eq!(own.ok().as_deref(), Some(bans.as_str()), "{name} must link pure.clippy.toml");
    }
}
