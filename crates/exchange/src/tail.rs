//! Whom the newest changes concern, in memory: of the many who follow the events of a node, those
//! whom a change does not concern are not sent to the database for nothing. What a change says is
//! not kept here: whoever it concerns reads it from the log, behind the wall.

use crate::Exchange;
use crate::authz::Party;
use feed::change::Position;
use std::collections::VecDeque;
use store::{ChangeOwner, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Changes that are kept in mind.
const MOST: usize = 20_000;
/// Changes that are read at a time.
const READ: u32 = 1_000;

/// What is known, and since when.
#[derive(Debug, Default)]
pub(crate) struct Tail(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// When the log was last asked; `None` before the first time.
    asked: Option<Instant>,
    /// What stands at or before this is not known, …
    from: u64,
    /// … what stands behind it up to here is.
    to: u64,
    /// Oldest first. The house's own changes concern the programme owner alone and are left out.
    owners: VecDeque<(u64, ChangeOwner)>,
}

impl Known {
    fn push(&mut self, position: u64, owner: ChangeOwner) {
        self.to = position;
        if owner != ChangeOwner::default() {
            self.owners.push_back((position, owner));
        }
        while self.owners.len() > MOST {
            if let Some((gone, _)) = self.owners.pop_front() {
                self.from = gone;
            }
        }
    }

    /// How far a party may go on from `after` without missing anything; `None` where it has to
    /// look into the log.
    fn nothing_until(&self, party: Party, after: u64) -> Option<u64> {
        if !(self.from..=self.to).contains(&after) {
            return None;
        }
        let concerned = |owner: &ChangeOwner| match party {
            Party::Programme => true,
            Party::Tenant(tenant) => owner.tenant == Some(tenant),
            Party::Operator(operator) => owner.operator == Some(operator),
        };
        let news = self.owners.iter().rev().take_while(|(position, _)| *position > after);
        let is_quiet = !news.into_iter().any(|(_, owner)| concerned(owner));
        is_quiet.then_some(self.to)
    }
}

impl Exchange {
    /// How far a party may go on from `after` without missing anything; `None` where it has to
    /// look into the log. Many who ask at once are answered by one look.
    pub(crate) async fn nothing_until(
        &self,
        party: Party,
        after: Position,
    ) -> Result<Option<Position>, StoreError> {
        if party == Party::Programme || after.epoch != self.epoch() {
            return Ok(None);
        }
        let came = Instant::now();
        let mut known = self.inner.tail.0.lock().await;
        // A look that began after this one came has seen all that this one could see.
        if known.asked.is_none_or(|asked| asked < came) {
            let asked = Instant::now();
            let mut db = self.inner.store.read().await?;
            if known.asked.is_none() {
                known.to = db.change_newest().await?;
                known.from = known.to;
            }
            loop {
                let rows = db.change_owners(known.to, READ).await?;
                for row in &rows {
                    let owner = ChangeOwner { tenant: row.tenant_id, operator: row.operator_id };
                    known.push(row.pos.cast_unsigned(), owner);
                }
                if rows.len() < READ as usize {
                    break;
                }
            }
            known.asked = Some(asked);
        }
        let until = known.nothing_until(party, after.position);
        Ok(until.map(|position| Position { position, ..after }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::{of_both, of_tenant};
    use domain::{OperatorId, TenantId};
    use uuid::Uuid;

    #[test]
    fn only_the_concerned_have_to_look() {
        let tenant = |n| TenantId(Uuid::from_u128(n));
        let operator = |n| OperatorId(Uuid::from_u128(n));
        let mut known = Known { from: 10, to: 10, ..Known::default() };
        known.push(11, of_tenant(tenant(1)));
        known.push(12, ChangeOwner::default());
        known.push(14, of_both(tenant(1), operator(1)));
        for (party, after, expect) in [
            (Party::Tenant(tenant(1)), 10, None),
            (Party::Tenant(tenant(1)), 11, None),
            (Party::Tenant(tenant(1)), 14, Some(14)),
            (Party::Tenant(tenant(2)), 10, Some(14)),
            (Party::Tenant(tenant(2)), 12, Some(14)),
            (Party::Operator(operator(1)), 13, None),
            (Party::Operator(operator(2)), 10, Some(14)),
            // Not known, or not there yet.
            (Party::Tenant(tenant(2)), 9, None),
            (Party::Tenant(tenant(2)), 15, None),
        ] {
            assert_eq!(known.nothing_until(party, after), expect, "{party:?} {after}");
        }
        for position in 15..15 + MOST as u64 {
            known.push(position, of_tenant(tenant(3)));
        }
        assert_eq!(known.owners.len(), MOST);
        assert_eq!(known.nothing_until(Party::Tenant(tenant(2)), 12), None, "forgotten");
        assert_eq!(known.nothing_until(Party::Tenant(tenant(2)), 14), Some(known.to));
    }
}
