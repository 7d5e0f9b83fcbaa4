//! Use cases: the secrets that all edges share (design decision 3). A new one is
//! known an hour before it seals, and an old one opens for a week after.

use crate::Exchange;
use crate::act::{Done, Keep, change};
use crate::authz::Access;
use crate::cx::Cx;
use api_types::{ErrorCode, Problem, identity::EdgeKeyInfo};
use feed::change::Change;
use feed::record::EdgeKey;
use jiff::Timestamp;
use store::EdgeKeyRow;

/// How long a key is known before it seals: time for every edge to hear of it.
const KNOWN_BEFORE_US: i64 = 3600 * 1_000_000;
/// How long a key opens once another one seals. Design decision 3 wants 7 days at
/// least.
const OPENS_AFTER_US: i64 = 8 * 24 * 3600 * 1_000_000;
/// Ids there are; an edge without any key seals with one of its own, id 63.
const IDS: i64 = 63;

/// From when on the key at this place of the list, oldest first, seals.
fn seals_from_us(at: usize, row: &EdgeKeyRow) -> i64 {
    if at == 0 { 0 } else { row.created_at.saturating_add(KNOWN_BEFORE_US) }
}

/// A key as edges get it.
pub(crate) fn record(at: usize, row: EdgeKeyRow) -> Option<EdgeKey> {
    let seals_from_us = seals_from_us(at, &row);
    Some(EdgeKey { id: u8::try_from(row.id).ok()?, secret: row.secret, seals_from_us })
}

/// When each key stops opening, as far as that is known.
fn opens_until(rows: &[EdgeKeyRow]) -> Vec<Option<i64>> {
    let next = rows.iter().enumerate().skip(1);
    let mut until: Vec<_> =
        next.map(|(at, row)| Some(seals_from_us(at, row).saturating_add(OPENS_AFTER_US))).collect();
    until.push(None);
    until
}

fn time(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX)
}

fn documents(rows: &[EdgeKeyRow]) -> Vec<EdgeKeyInfo> {
    let until = opens_until(rows);
    let document = |(at, row): (usize, &EdgeKeyRow)| EdgeKeyInfo {
        id: u8::try_from(row.id).unwrap_or_default(),
        created_at: time(row.created_at),
        seals_from: time(if at == 0 { row.created_at } else { seals_from_us(at, row) }),
        opens_until: until.get(at).copied().flatten().map(time),
    };
    rows.iter().enumerate().map(document).collect()
}

impl Exchange {
    /// The keys that edges share, oldest first, without their secrets.
    ///
    /// # Errors
    /// `forbidden` for anybody but the programme owner; `busy`.
    pub async fn edge_key_list(&self, cx: &Cx) -> Result<Vec<EdgeKeyInfo>, Problem> {
        cx.programme(Access::Read)?;
        let rows = self.view(async |mut db| Ok(db.edge_key_list().await?)).await?;
        Ok(documents(&rows))
    }

    /// Adds a key that seals from in an hour on, and takes away those that have
    /// opened long enough since another one seals. No call is dropped by that
    /// unless it has lasted for more than a week without a re-INVITE or UPDATE.
    /// Returns all keys, oldest first.
    ///
    /// # Errors
    /// `conflict` while the last new key does not seal yet; `forbidden` for anybody
    /// but the programme owner; `busy`.
    pub async fn edge_key_rotate(&self, cx: &Cx) -> Result<Vec<EdgeKeyInfo>, Problem> {
        cx.programme(Access::Write)?;
        let mut secret = vec![0u8; 64];
        getrandom::fill(&mut secret).expect("the operating system gives random bytes");
        self.act(cx, "edge_key.rotate", Keep::Nothing, async |mut tx| {
            let now = tx.at();
            let mut rows = tx.edge_key_list().await?;
            let until = opens_until(&rows);
            if let Some(last) = rows.last()
                && seals_from_us(rows.len() - 1, last) > now
            {
                let from = time(seals_from_us(rows.len() - 1, last));
                let reason = format!("key {} was added before and seals from {from} on", last.id);
                let mut problem = ErrorCode::Conflict.problem(None, reason);
                problem.remedy = format!("Wait until {from}.");
                return Err(problem.into());
            }
            let newest = rows.last().map_or(0, |row| row.id);
            let free = (1..IDS).map(|n| (newest + n).rem_euclid(IDS));
            let mut free = free.filter(|id| rows.iter().all(|row| row.id != *id));
            let Some(id) = free.next().and_then(|id| u8::try_from(id).ok()) else {
                let reason = "every key id is in use: old keys have to expire first";
                return Err(ErrorCode::Conflict.problem(None, reason).into());
            };
            // Those that go are told of first: the last change names the newest key.
            let gone: Vec<i64> = std::iter::zip(&rows, until)
                .filter(|(_, until)| until.is_some_and(|until| until < now))
                .map(|(row, _)| row.id)
                .collect();
            for &old in &gone {
                tx.edge_key_remove(old).await?;
                if let Ok(id) = u8::try_from(old) {
                    let key = EdgeKey { id, secret: Vec::new(), seals_from_us: 0 };
                    change(&mut tx, &Change::EdgeKeyPut(key));
                }
            }
            rows.retain(|row| !gone.contains(&row.id));
            tx.edge_key_insert(id, &secret, now).await?;
            rows.push(EdgeKeyRow { id: i64::from(id), secret: secret.clone(), created_at: now });
            let at = rows.len() - 1;
            let seals_from_us = seals_from_us(at, &rows[at]);
            let key = EdgeKey { id, secret: secret.clone(), seals_from_us };
            change(&mut tx, &Change::EdgeKeyPut(key));
            Ok(Done { answer: documents(&rows), subject: id.to_string() })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_for_a_week_and_more_after_the_next_one_seals() {
        let row = |id, created_at| EdgeKeyRow { id, secret: vec![1; 64], created_at };
        let rows = [row(1, 5), row(2, 1_000_000)];
        let until = opens_until(&rows);
        assert_eq!(until[1], None, "the newest key has no end");
        let week = 7 * 24 * 3600 * 1_000_000;
        let seals = seals_from_us(1, &rows[1]);
        assert_eq!(seals, 3_601_000_000);
        assert!(until[0].is_some_and(|until| until > seals + week));
        assert_eq!(record(0, row(1, 5)).map(|k| k.seals_from_us), Some(0));
        assert!(documents(&rows)[0].opens_until.is_some());
    }
}
