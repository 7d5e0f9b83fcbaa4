//! What siblings' messages do to this edge.

use super::conns::Directory;
use super::owner::call_id;
use super::plan::Told;
use super::shard::{Job, Port};
use super::{locked, wall_us};
use crate::bindings::BindingChange;
use crate::core::Shared;
use crate::fleet::Shell;
use crate::journal::JournalWriter;
use crate::overflow::{OverflowCopy, RecordId};
use crate::peer::Peer;
use arc_swap::ArcSwap;
use domain::CdrId;
use feed::cdr::CdrRecord;
use feed::record::{EdgeKey, Transport};
use feed::snapshot::Snapshot;
use std::sync::{Arc, Mutex, mpsc};

/// The parts of this edge that siblings reach.
pub(super) struct Siblings {
    pub world: Arc<ArcSwap<Snapshot>>,
    pub shared: Arc<Shared>,
    pub ports: Vec<Port>,
    pub directory: Arc<Directory>,
    pub registrar: mpsc::Sender<BindingChange>,
    pub dialog_records: mpsc::Sender<OverflowCopy>,
    pub records: Mutex<JournalWriter>,
    pub plan: Option<mpsc::Sender<Told>>,
}

impl Shell for Siblings {
    fn keys(&self) -> Vec<EdgeKey> {
        self.world.load().edge_keys().to_vec()
    }

    fn binding(&self, change: BindingChange) {
        if self.shared.bindings.merge(change.clone(), wall_us()) {
            // The registrar lives as long as a sender does.
            let _ = self.registrar.send(change);
        }
    }

    fn dialog_record(&self, copy: OverflowCopy) {
        // Told again after a broken link, most of them are here already.
        let known = !copy.bytes.is_empty() && self.shared.overflow.get(&copy.id, &mut Vec::new());
        self.shared.overflow.apply(&copy);
        if known {
            return;
        }
        // So does the writer of dialog records.
        let _ = self.dialog_records.send(copy);
    }

    fn copied(&self, id: RecordId) {
        for port in &self.ports {
            port.send(Job::Copied(id));
        }
    }

    fn record(&self, record: CdrRecord) {
        let mut records = locked(&self.records);
        records.append(&record);
        records.hand_over(None);
    }

    fn ended(&self, cdr: CdrId) {
        for port in &self.ports {
            port.send(Job::Ended(cdr));
        }
    }

    fn transmit(&self, to: Peer, bytes: Vec<u8>) {
        let shard = match to.transport {
            Transport::Udp => 0,
            Transport::Tcp => self.directory.owner(to.addr).unwrap_or(0),
        };
        self.ports[shard].hand_over_job(Job::Relay { to, bytes });
    }

    fn arrived(&self, from: Peer, bytes: Vec<u8>) {
        let shard = call_id(&bytes)
            .map_or(0, |id| usize::from(sip::seal::shard_of_call_id(id)) % self.ports.len());
        self.ports[shard].hand_over_job(Job::Stray { from, bytes });
    }

    fn addresses_changed(&self) {
        if let Some(plan) = &self.plan {
            // A plan that has ended holds nothing.
            let _ = plan.send(Told::Look);
        }
    }
}
