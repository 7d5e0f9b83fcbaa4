//! Tokens seen a moment ago, so that not every request asks PostgreSQL who its token stands for:
//! that took as long as what the request is about.
//!
//! What is remembered is forgotten as soon as anybody changes a token or whom it stands for: on this
//! node before the transaction that does so has been answered, on others when they hear of it
//! (triggers notify every node, as they do of changes). A node that does not hear remembers nothing,
//! and nothing is remembered for longer than [`KEPT`], should a connection have died unnoticed.

use crate::TokenRow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a token is remembered at most.
const KEPT: Duration = Duration::from_secs(5);
/// How many are; then all are forgotten.
const MOST: usize = 10_000;
/// The channel on which nodes hear that a token or a principal was changed.
pub(crate) const ACCESS_CHANNEL: &str = "meetpoint_access";

/// Whether a statement may change what a token opens.
pub(crate) fn changes_access(sql: &str) -> bool {
    ["UPDATE token ", "DELETE FROM token ", "UPDATE principal ", "DELETE FROM principal "]
        .iter()
        .any(|start| sql.starts_with(start))
}

/// By their hashes.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    hears: bool,
    /// Counts how often all was forgotten.
    age: u64,
    rows: HashMap<[u8; 32], (Instant, TokenRow)>,
}

/// From before a token was read: what has been forgotten since is not remembered again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(u64);

impl Seen {
    fn with<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Something was changed.
    pub fn forget(&self) {
        self.with(|memory| {
            memory.age += 1;
            memory.rows.clear();
        });
    }

    /// Whether this node hears of what others change from now on.
    pub fn hears(&self, hears: bool) {
        self.with(|memory| {
            memory.hears = hears;
            memory.age += 1;
            memory.rows.clear();
        });
    }

    /// What is remembered of a token, and else what to hand to [`Seen::keep`].
    pub fn get(&self, hash: &[u8; 32], now: Instant) -> Result<TokenRow, Age> {
        self.with(|memory| match memory.rows.get(hash) {
            Some((at, row)) if now.saturating_duration_since(*at) < KEPT => Ok(row.clone()),
            _ => Err(Age(memory.age)),
        })
    }

    /// Remembers what was read after `age` was handed out.
    pub fn keep(&self, hash: [u8; 32], row: &TokenRow, age: Age, now: Instant) {
        self.with(|memory| {
            if memory.hears && Age(memory.age) == age {
                if memory.rows.len() >= MOST {
                    memory.rows.clear();
                }
                memory.rows.insert(hash, (now, row.clone()));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn row(name: &str) -> TokenRow {
        TokenRow {
            principal_id: Uuid::nil(),
            name: name.to_owned(),
            role: "programme_owner".to_owned(),
            operator_id: None,
            tenant_id: None,
            provisioning: String::new(),
            scopes: String::new(),
            kind: "bearer".to_owned(),
            token_name: None,
            expires_at: 0,
            revoked_at: None,
            disabled_at: None,
        }
    }

    const HASH: [u8; 32] = [1; 32];

    #[test]
    fn nothing_is_remembered_from_before_a_change() {
        let (seen, now) = (Seen::default(), Instant::now());
        let age = seen.get(&HASH, now).expect_err("nothing yet");
        seen.keep(HASH, &row("deaf"), age, now);
        assert!(seen.get(&HASH, now).is_err(), "a node that hears nothing remembers nothing");
        seen.hears(true);
        let age = seen.get(&HASH, now).expect_err("nothing yet");
        seen.forget();
        seen.keep(HASH, &row("stale"), age, now);
        let age = seen.get(&HASH, now).expect_err("it was read before the change");
        seen.keep(HASH, &row("new"), age, now);
        assert_eq!(seen.get(&HASH, now).expect("remembered").name, "new");
        assert!(seen.get(&HASH, now + KEPT).is_err(), "not for ever");
        seen.hears(false);
        assert!(seen.get(&HASH, now).is_err(), "what was said meanwhile is lost");
    }

    #[test]
    fn every_statement_that_changes_what_a_token_opens_is_known() {
        let mut known = 0;
        for (name, sql) in crate::statements() {
            let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let changes = ["token", "principal"].iter().any(|table| {
                ["UPDATE", "DELETE FROM", "TRUNCATE"]
                    .iter()
                    .any(|verb| format!("{sql} ").contains(&format!("{verb} {table} ")))
            });
            assert_eq!(changes, changes_access(&sql), "{name}");
            known += usize::from(changes);
        }
        assert!(known >= 5, "only {known}");
    }
}
