//! What the last release wrote is read, and its calls are carried on (design
//! section 5: versions N and N-1 work together).

use crate::net::{Net, Packet, addr};
use crate::world::{ALICE, ALICE_NUMBER, BOB_NUMBER, id};
use domain::UserId;
use domain::number::AssignmentTarget;
use feed::cdr::CdrEvent;
use feed::change::Change;
use feed::frame::{Frame, FrameDecoder};
use feed::snapshot::Snapshot;
use feed::wrap::wrap_key;
use numbering::E164;
use std::net::SocketAddr;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/last_release/0.1.0")
}

fn recorded(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn snapshot() -> Snapshot {
    Snapshot::open(&recorded("snapshot.bin"), &wrap_key("token")).expect("it opens")
}

fn assigned(world: &Snapshot, number: &str) -> Option<AssignmentTarget> {
    world.number_record(E164::parse(number).expect("a number"))?.target
}

#[test]
fn its_snapshot_opens_with_all_that_was_in_it() {
    let world = snapshot();
    assert_eq!(assigned(&world, ALICE_NUMBER), Some(AssignmentTarget::User(UserId(id(ALICE)))));
    assert_eq!(world.trunks().count(), 2);
    assert_eq!(world.edge_keys().len(), 1);
    let alice = world.user_record(UserId(id(ALICE))).expect("Alice");
    assert_eq!(alice.phone.as_ref().map(|p| p.username.as_str()), Some("alice"));
}

#[test]
fn its_feed_is_understood() {
    let mut decoder = FrameDecoder::default();
    decoder.push(&recorded("feed.bin"));
    let mut world = snapshot();
    let (mut changes, mut heartbeats) = (0, 0);
    while let Some(frame) = decoder.next_frame().expect("whole frames") {
        match frame {
            Frame::Change(entry) => {
                changes += 1;
                let known = matches!(
                    entry.change,
                    Change::Other { ref resource, .. } if resource != "offer"
                );
                assert!(!known, "a change of 0.1.0 was not recognised: {entry:?}");
                world.apply(&entry);
            }
            Frame::Heartbeat(position) => {
                heartbeats += 1;
                assert_eq!(position, world.position());
            }
            newer => panic!("0.1.0 wrote no {newer:?}"),
        }
    }
    assert_eq!((changes, heartbeats), (14, 1));
    assert!(assigned(&world, ALICE_NUMBER).is_some());
    assert!(assigned(&world, BOB_NUMBER).is_none(), "the feed removed it");
}

/// The lines that make up a dialog, without what each hop writes anew.
fn dialog_lines(packet: &Packet) -> Vec<String> {
    let text = packet.text();
    text.lines()
        .filter(|line| !["Via:", "Contact:", "Max-Forwards:"].iter().any(|h| line.starts_with(h)))
        .map(str::to_owned)
        .collect()
}

#[test]
fn its_calls_are_carried_on_and_end_in_the_same_record() {
    let (trunk, alice) = (addr("198.51.100.1:5060"), addr("203.0.113.10:5062"));
    for (call, by_caller) in [(1, true), (2, false)] {
        let mut net = Net::new(crate::world::world(Vec::new()));
        net.world = snapshot();
        net.register(alice, "alice");
        let (from, to) = if by_caller { (trunk, alice) } else { (alice, trunk) };
        let mut pass = |name: &str, from: SocketAddr, to: SocketAddr| -> Packet {
            net.send(from, &recorded(&format!("call{call}-{name}-in.sip")));
            let passed = net.take(to);
            let expect = Packet(recorded(&format!("call{call}-{name}-out.sip")));
            assert_eq!(dialog_lines(&passed), dialog_lines(&expect), "call {call}, {name}");
            passed
        };
        pass("ack", trunk, alice);
        let bye = pass("bye", from, to);
        net.respond(to, &bye, 200, b"");
        let id = bye.header("X-Meetpoint-Call-ID").expect("it is named");
        let ended = net.cdrs.iter().any(|r| {
            r.id.to_string() == id && matches!(r.event, CdrEvent::End { sip_code: 200, .. })
        });
        assert!(ended, "call {call}: {:?}", net.cdrs);
    }
}

#[tokio::test]
async fn its_journal_is_delivered() {
    let temp = testfolder();
    std::fs::create_dir_all(&temp.0).expect("a folder");
    std::fs::write(temp.0.join("0000000000000001.cdr"), recorded("journal.cdr")).expect("written");
    let (journal, writers) =
        edge::journal::Journal::open(&temp.0, vec![Box::new(|| {})]).expect("opened");
    drop(writers);
    let batch = journal.next_batch(100).await.expect("readable").expect("records");
    let kinds: Vec<&str> = batch.body.records.iter().map(|r| r.event.kind()).collect();
    assert_eq!(kinds, ["begin", "answer", "end", "begin", "answer", "end"]);
}

struct Folder(PathBuf);

fn testfolder() -> Folder {
    let mut name = [0; 8];
    getrandom::fill(&mut name).expect("random bytes");
    Folder(std::env::temp_dir().join(format!("last-release-{}", u64::from_le_bytes(name))))
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
