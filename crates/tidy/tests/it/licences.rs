//! Only licences that let anyone run, change and pass on Meetpoint may come in.

use crate::graph::graph;

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Does the SPDX expression leave a way that needs allowed licences only?
///
/// Knows `AND`, `OR`, `WITH`, brackets, and the slash that old crates write for `OR`; `AND` binds
/// tighter than `OR` (SPDX 2.3, annex D).
fn allowed(expression: &str) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let verdict = any(&mut rest)?;
    match rest {
        [] => Ok(verdict),
        [word, ..] => Err(format!("unexpected `{word}` in `{expression}`")),
    }
}

fn any(rest: &mut &[&str]) -> Result<bool, String> {
    let mut verdict = all(rest)?;
    while let ["OR", tail @ ..] = *rest {
        *rest = tail;
        verdict |= all(rest)?;
    }
    Ok(verdict)
}

fn all(rest: &mut &[&str]) -> Result<bool, String> {
    let mut verdict = one(rest)?;
    while let ["AND", tail @ ..] = *rest {
        *rest = tail;
        verdict &= one(rest)?;
    }
    Ok(verdict)
}

fn one(rest: &mut &[&str]) -> Result<bool, String> {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let verdict = any(rest)?;
            let [")", tail @ ..] = *rest else { return Err("a bracket is not closed".into()) };
            *rest = tail;
            Ok(verdict)
        }
        // An exception only adds permissions to the licence before it.
        [licence, "WITH", _exception, tail @ ..] => {
            *rest = tail;
            Ok(ALLOWED.contains(licence))
        }
        [")" | "AND" | "OR" | "WITH", ..] | [] => Err("a licence name is missing".into()),
        [licence, tail @ ..] => {
            *rest = tail;
            Ok(ALLOWED.contains(licence))
        }
    }
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let refused: Vec<String> = graph()
        .packages
        .values()
        .filter_map(|package| {
            let name = format!("{} {}", package.name, package.version);
            match package.licence.as_deref().map(allowed) {
                Some(Ok(true)) => None,
                Some(Ok(false)) => Some(format!("{name}: {:?}", package.licence)),
                Some(Err(reason)) => Some(format!("{name}: {reason}")),
                None => Some(format!("{name}: names no licence")),
            }
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn expressions_are_read_as_spdx_says() {
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT/Apache-2.0", true),
        ("GPL-2.0 / LGPL-2.1", false),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("GPL-2.0 WITH Classpath-exception-2.0 OR ISC", true),
        ("ISC AND (Apache-2.0 OR ISC) AND (MIT-0 OR BSD-3-Clause)", true),
    ] {
        assert_eq!(allowed(expression), Ok(expected), "{expression}");
    }
    for broken in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "AND MIT", "MIT )"] {
        assert!(allowed(broken).is_err(), "`{broken}` is not an expression");
    }
}
