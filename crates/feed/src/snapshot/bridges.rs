//! Conference bridges in memory, by their numbers.

use crate::record::{BridgeNumberRecord, BridgeRecord};
use domain::{BridgeId, IdMap, TenantId, TrunkId};
use numbering::E164;

/// Everybody's bridges.
#[derive(Clone, Debug, Default)]
pub(super) struct Bridges {
    by_id: IdMap<BridgeId, BridgeRecord>,
    by_number: IdMap<E164, BridgeId>,
}

impl Bridges {
    pub(super) fn put(&mut self, bridge: BridgeRecord) {
        self.remove(bridge.id);
        for number in &bridge.numbers {
            self.by_number.insert(number.number, bridge.id);
        }
        self.by_id.insert(bridge.id, bridge);
    }

    /// A number that went to another bridge first stays there.
    pub(super) fn remove(&mut self, id: BridgeId) {
        let Some(old) = self.by_id.remove(&id) else { return };
        for number in old.numbers {
            if self.by_number.get(&number.number) == Some(&id) {
                self.by_number.remove(&number.number);
            }
        }
    }

    pub(super) fn get(&self, id: BridgeId) -> Option<&BridgeRecord> {
        self.by_id.get(&id)
    }

    pub(super) fn of(&self, number: E164) -> Option<(&BridgeRecord, &BridgeNumberRecord)> {
        if self.by_number.is_empty() {
            return None;
        }
        let bridge = self.by_id.get(self.by_number.get(&number)?)?;
        Some((bridge, bridge.numbers.iter().find(|n| n.number == number)?))
    }

    /// Does this gateway answer for a bridge of the tenant?
    pub(super) fn answered_by(&self, tenant: TenantId, gateway: TrunkId) -> bool {
        let of = |bridge: &&BridgeRecord| bridge.tenant == tenant;
        self.by_id.values().filter(of).any(|bridge| bridge.gateways.contains(&gateway))
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &BridgeRecord> {
        self.by_id.values()
    }
}
