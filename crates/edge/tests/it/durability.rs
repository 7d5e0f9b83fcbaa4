//! What a power cut and a kill may cost, at any point: nothing that was promised.

use crate::disk::{Dice, SimDisk};
use crate::net::{Dialog, Net, addr, caller_dialog};
use crate::world::{ALICE_NUMBER, TRUNK_A1, trunk, world};
use edge::journal::{Journal, Segments, encode};
use edge::link::WorldFile;
use feed::cdr::CdrRecord;
use feed::change::{Change, ChangeEntry};
use feed::frame::Frame;
use feed::record::{OperatorRecord, Transport};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use sip::Method;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Kinds = BTreeSet<(String, &'static str)>;

fn caller() -> SocketAddr {
    addr("198.51.100.1:5060")
}

fn phone() -> SocketAddr {
    addr("203.0.113.10:5062")
}

fn kinds(records: &[CdrRecord]) -> Kinds {
    records.iter().map(|r| (r.id.to_string(), r.event.kind())).collect()
}

/// All that an edge finds that starts on this disk.
fn found(disk: &SimDisk) -> Kinds {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (journal, _) = Journal::on(Arc::new(disk.clone()), Vec::new()).expect("opens");
    journal.join();
    let mut found = Kinds::new();
    while let Some(batch) = runtime.block_on(journal.next_batch(7)).expect("readable") {
        found.extend(kinds(&batch.body.records));
        journal.acknowledge(&batch).expect("acknowledged");
    }
    found
}

/// One edge on one disk: calls, groups and whatever a caller was told.
struct Edge {
    net: Net,
    disk: SimDisk,
    segments: Segments,
    calls: Vec<(Dialog, String)>,
    begun: u32,
    /// Records not on disk, encoded, and how many there were before.
    group: Vec<u8>,
    grouped: Vec<CdrRecord>,
    synced: Vec<CdrRecord>,
    /// Calls whose BYE was answered.
    answered: BTreeSet<String>,
}

impl Edge {
    fn new() -> Self {
        let mut net = Net::new(world(vec![trunk(TRUNK_A1, caller(), Transport::Udp)]));
        net.inbox.clear();
        net.register(phone(), "alice");
        net.disk = false;
        let disk = SimDisk::default();
        let segments = Segments::resume(Arc::new(disk.clone())).expect("an empty disk");
        Self {
            net,
            disk,
            segments,
            calls: Vec::new(),
            begun: 0,
            group: Vec::new(),
            grouped: Vec::new(),
            synced: Vec::new(),
            answered: BTreeSet::new(),
        }
    }

    fn call(&mut self) {
        self.begun += 1;
        let net = &mut self.net;
        net.invite(caller(), ALICE_NUMBER, &format!("call-{}", self.begun));
        net.expect(caller(), 100);
        let invite = net.expect_request(phone(), "INVITE");
        net.respond(phone(), &invite, 200, b"v=0 answer");
        let answer = net.expect(caller(), 200);
        let dialog = caller_dialog(caller(), &answer);
        net.within(&dialog, Method::Ack, b"");
        net.expect_request(phone(), "ACK");
        let id = answer.header("X-Meetpoint-Call-ID").expect("the call's name");
        self.calls.push((Dialog { cseq: dialog.cseq + 1, ..dialog }, id));
    }

    fn hang_up(&mut self, at: usize) {
        let (dialog, _) = &self.calls[at];
        self.net.within(dialog, Method::Bye, b"");
        let bye = self.net.expect_request(phone(), "BYE");
        self.net.respond(phone(), &bye, 200, b"");
        self.net.silent(caller());
    }

    fn hears(&mut self) {
        while let Some(bytes) = self.net.inbox.get_mut(&caller()).and_then(|q| q.pop_front()) {
            let answer = crate::net::Packet(bytes);
            assert_eq!(answer.status(), Some(200));
            let call_id = answer.header("Call-ID").expect("every response has one");
            let (_, id) = self.calls.iter().find(|(d, _)| d.call_id == call_id).expect("a call");
            self.answered.insert(id.clone());
        }
    }

    /// Writes what has gathered, as the journal's thread does.
    fn commit(&mut self) -> bool {
        let mut payload = Vec::new();
        for record in self.net.cdrs.drain(..) {
            encode(&record, &mut payload, &mut self.group);
            self.grouped.push(record);
        }
        let upto = self.net.out.recorded();
        if self.segments.commit(&self.group).is_err() {
            return false;
        }
        self.group.clear();
        self.synced.append(&mut self.grouped);
        self.net.core.journalled(self.net.at, upto, &mut self.net.out);
        self.net.pass(Duration::ZERO);
        self.hears();
        true
    }
}

/// Calls, hang-ups and syncs in any order, some of them failing half way.
fn live(seed: u64) -> (Edge, Dice) {
    let mut dice = Dice(seed);
    let mut edge = Edge::new();
    let mut talking: Vec<usize> = Vec::new();
    for _ in 0..5 + dice.roll(25) {
        match dice.roll(10) {
            0..4 => {
                edge.call();
                talking.push(edge.calls.len() - 1);
            }
            4..8 if !talking.is_empty() => {
                let which = dice.roll(talking.len() as u64) as usize;
                edge.hang_up(talking.swap_remove(which));
            }
            _ => {
                edge.disk.fail_after((dice.roll(3) == 0).then(|| dice.roll(4)));
                edge.commit();
                edge.disk.fail_after(None);
            }
        }
    }
    (edge, dice)
}

#[test]
fn whoever_was_told_that_a_call_is_over_finds_it_after_a_power_cut() {
    let mut promised = 0;
    for seed in 0..150 {
        let (edge, mut dice) = live(seed);
        let there = found(&edge.disk.after_power_cut(&mut dice));
        for id in &edge.answered {
            for kind in ["begin", "answer", "end"] {
                assert!(there.contains(&(id.clone(), kind)), "seed {seed}: {kind} of {id} is lost");
            }
        }
        let lost: Vec<_> = kinds(&edge.synced).difference(&there).cloned().collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?} were on disk, so at most a window is lost");
        promised += edge.answered.len();
    }
    assert!(promised > 150, "only {promised} calls were hung up: the test tests little");
}

#[test]
fn a_kill_costs_no_record_that_was_written() {
    for seed in 1000..1050 {
        let (mut edge, _) = live(seed);
        edge.commit();
        let there = found(&edge.disk.after_kill());
        assert_eq!(there, kinds(&edge.synced), "seed {seed}");
    }
}

#[test]
fn no_answer_leaves_while_the_disk_fails_and_all_do_when_it_is_back() {
    let mut edge = Edge::new();
    for _ in 0..3 {
        edge.call();
    }
    edge.disk.fail_after(Some(0));
    for at in 0..3 {
        edge.hang_up(at);
        assert!(!edge.commit());
    }
    edge.hears();
    assert!(edge.answered.is_empty());
    edge.call();
    edge.disk.fail_after(None);
    assert!(edge.commit());
    assert_eq!(edge.answered.len(), 3);
    assert_eq!(found(&edge.disk.after_power_cut(&mut Dice(1))), kinds(&edge.synced));
}

fn record(n: u128) -> CdrRecord {
    let event = feed::cdr::CdrEvent::Answer {
        at_us: 1,
        user: None,
        out_trunk: None,
        call_id: "c".into(),
        forwarded: None,
        bridge: None,
        operator: None,
    };
    let id = domain::CdrId(uuid::Uuid::from_u128(n));
    CdrRecord { id, edge: domain::EdgeId(uuid::Uuid::from_u128(1)), event }
}

/// Life after life on one disk, each ended by a power cut: what was synced is
/// delivered at least once, whatever was acknowledged on the way.
#[test]
fn what_is_synced_is_delivered_across_power_cuts() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for seed in 0..10 {
        let mut dice = Dice(seed);
        let mut disk = SimDisk::default();
        let (mut delivered, mut synced) = (BTreeSet::new(), BTreeSet::new());
        let mut next = 0u128;
        for _ in 0..4 {
            let (journal, mut writers) =
                Journal::on(Arc::new(disk.clone()), vec![Box::new(|| {}), Box::new(|| {})])
                    .expect("opens");
            for _ in 0..dice.roll(4) {
                for writer in &mut writers {
                    for _ in 0..=dice.roll(9) {
                        next += 1;
                        assert!(writer.append(&record(next)));
                        synced.insert(next);
                    }
                    writer.hand_over(None);
                    let deadline = Instant::now() + Duration::from_secs(20);
                    while writer.synced() < writer.taken() {
                        assert!(Instant::now() < deadline, "seed {seed}: never synced");
                        std::thread::yield_now();
                    }
                }
            }
            for _ in 0..dice.roll(3) {
                if delivered == synced {
                    break;
                }
                let max = 1 + dice.roll(20) as usize;
                let batch = runtime.block_on(journal.next_batch(max)).expect("readable");
                let batch = batch.expect("there are records and writers");
                delivered.extend(batch.body.records.iter().map(|r| r.id.0.as_u128()));
                journal.acknowledge(&batch).expect("acknowledged");
            }
            disk = disk.after_power_cut(&mut dice);
        }
        let (journal, _) = Journal::on(Arc::new(disk), Vec::new()).expect("opens");
        journal.join();
        while let Some(batch) = runtime.block_on(journal.next_batch(50)).expect("readable") {
            delivered.extend(batch.body.records.iter().map(|r| r.id.0.as_u128()));
            journal.acknowledge(&batch).expect("acknowledged");
        }
        assert_eq!(delivered, synced, "seed {seed}");
    }
}

fn name_of(world: &Snapshot) -> String {
    world.operators().next().expect("one operator").name.clone()
}

/// Changes come, are kept, synced and folded into a new snapshot, some of it
/// failing half way; then the power goes, or the process.
#[test]
fn no_change_that_was_kept_is_taken_back() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let disk = SimDisk::default();
        let open = |disk: &SimDisk| WorldFile::on(Arc::new(disk.clone()), wrap_key("t"));
        let mut file = open(&disk);
        let mut now = Snapshot::from_records(world(Vec::new()));
        file.save(&now).expect("a good disk");
        let at = |world: &Snapshot| world.position().position;
        let (mut synced, mut written, mut broken) = (at(&now), at(&now), false);
        for _ in 0..dice.roll(12) {
            let entry = ChangeEntry {
                position: now.position().position + 1,
                at_us: 0,
                change: Change::OperatorPut(OperatorRecord {
                    id: domain::OperatorId(crate::world::id(1)),
                    name: (now.position().position + 1).to_string(),
                }),
            };
            now.apply(&entry);
            let mut frame = Vec::new();
            Frame::Change(entry).encode(&mut frame).expect("short");
            let failing = dice.roll(4) == 0;
            disk.fail_after(failing.then(|| dice.roll(4)));
            file.append(&[frame], &now);
            broken |= failing;
            if !broken {
                written = at(&now);
            }
            // A save on demand is what a new epoch brings.
            for (save, asked) in [(false, dice.roll(2) == 0), (true, dice.roll(8) == 0)] {
                if asked {
                    let kept = if save { file.save(&now) } else { file.sync(&now) };
                    broken = kept.is_err();
                    if kept.is_ok() {
                        (synced, written) = (at(&now), at(&now));
                    }
                }
            }
            disk.fail_after(None);
        }
        let cut = disk.after_power_cut(&mut dice);
        for (what, disk, least) in
            [("cut", cut, synced), ("kill", disk.after_kill(), synced.max(written))]
        {
            let found =
                open(&disk).load().unwrap_or_else(|| panic!("seed {seed}: no world after {what}"));
            let position = at(&found);
            assert!(position >= least, "seed {seed}, {what}: {position:?} instead of {least:?}");
            assert!(position <= at(&now));
            if position > 1 {
                assert_eq!(name_of(&found), position.to_string(), "seed {seed}, {what}");
            }
        }
    }
}
