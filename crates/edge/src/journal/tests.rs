use super::*;
use domain::{CdrId, EdgeId};
use feed::cdr::CdrEvent;
use std::fs;
use std::path::PathBuf;
use uuid::Uuid;

fn record(n: u128) -> CdrRecord {
    CdrRecord {
        id: CdrId(Uuid::from_u128(n)),
        edge: EdgeId(Uuid::from_u128(1)),
        event: CdrEvent::Answer {
            at_us: 1,
            user: None,
            out_trunk: None,
            call_id: "c".into(),
            forwarded: None,
            bridge: None,
            operator: None,
        },
    }
}

fn open(folder: &Path) -> io::Result<(Journal, JournalWriter)> {
    let (journal, mut writers) = Journal::open(folder, vec![Box::new(|| {})])?;
    Ok((journal, writers.pop().expect("one was asked for")))
}

fn write(writer: &mut JournalWriter, n: u128) {
    assert!(writer.append(&record(n)));
    writer.hand_over(None);
}

struct Folder(PathBuf);
impl Folder {
    fn new() -> Self {
        let mut name = [0; 8];
        getrandom::fill(&mut name).expect("random bytes");
        Self(std::env::temp_dir().join(format!("journal-{}", u64::from_le_bytes(name))))
    }
}
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn ids(journal: &Journal, max: usize, acknowledge: bool) -> Vec<u128> {
    let batch = journal.next_batch(max).await.expect("readable").expect("records");
    if acknowledge {
        journal.acknowledge(&batch).expect("acknowledged");
    }
    batch.body.records.iter().map(|r| r.id.0.as_u128()).collect()
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_restart() {
    let folder = Folder::new();
    let (journal, mut writer) = open(&folder.0).expect("opened");
    for n in 1..=3 {
        write(&mut writer, n);
    }
    drop(writer);
    journal.join();
    assert_eq!(ids(&journal, 2, true).await, [1, 2]);
    drop(journal);

    let (journal, mut writer) = open(&folder.0).expect("opened again");
    write(&mut writer, 4);
    drop(writer);
    journal.join();
    assert_eq!(ids(&journal, 10, false).await, [3, 4], "three was never acknowledged");
    assert_eq!(ids(&journal, 10, true).await, [3, 4]);
    assert!(journal.next_batch(10).await.expect("readable").is_none());
    assert_eq!(
        segments(&FileSystem::new(&folder.0).expect("a folder")).expect("listed").len(),
        1,
        "delivered segments are gone"
    );
}

#[tokio::test]
async fn a_torn_record_does_not_stop_those_after_it() {
    let folder = Folder::new();
    let (journal, mut writer) = open(&folder.0).expect("opened");
    write(&mut writer, 1);
    write(&mut writer, 2);
    drop(writer);
    journal.join();
    drop(journal);
    let path = folder.0.join(segment_name(1));
    let bytes = fs::read(&path).expect("read");
    fs::write(&path, &bytes[..bytes.len() - 3]).expect("torn");

    let (journal, mut writer) = open(&folder.0).expect("opened again");
    write(&mut writer, 3);
    drop(writer);
    journal.join();
    assert_eq!(ids(&journal, 10, true).await, [1, 3]);
}

#[tokio::test]
async fn delivery_is_woken_by_a_record() {
    let folder = Folder::new();
    let (journal, mut writer) = open(&folder.0).expect("opened");
    let journal = Arc::new(journal);
    let waiting = tokio::spawn({
        let journal = journal.clone();
        async move { ids(&journal, 10, true).await }
    });
    write(&mut writer, 9);
    assert_eq!(waiting.await.expect("delivered"), [9]);
}

#[tokio::test]
async fn what_cannot_be_read_is_put_aside_before_its_segment_goes() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).expect("a folder");
    let (mut payload, mut segment) = (Vec::new(), Vec::new());
    encode(&record(1), &mut payload, &mut segment);
    recfile::encode(b"of a later release", &mut segment);
    encode(&record(2), &mut payload, &mut segment);
    let sound = segment.len();
    encode(&record(3), &mut payload, &mut segment);
    segment[sound + 5] ^= 1;
    encode(&record(4), &mut payload, &mut segment);
    fs::write(folder.0.join(segment_name(1)), &segment).expect("written");

    let (journal, mut writer) = open(&folder.0).expect("opened");
    write(&mut writer, 5);
    drop(writer);
    journal.join();
    assert_eq!(ids(&journal, 10, false).await, [1, 2, 5]);
    assert!(!folder.0.join(REFUSED).exists(), "not delivered yet: it comes again");
    assert_eq!(ids(&journal, 10, true).await, [1, 2, 5]);
    assert!(!folder.0.join(segment_name(1)).exists());
    let refused = fs::read(folder.0.join(REFUSED)).expect("what could not be read");
    let refused: Vec<&[u8]> = recfile::records(&refused).map(|(_, payload)| payload).collect();
    assert_eq!(refused, [&b"of a later release"[..]]);
    let torn = fs::read(folder.0.join(format!("{:016}.torn", 1))).expect("what was unsound");
    assert_eq!(torn, segment[sound..]);
}

/// What the system has of a folder while its process lives: what a kill leaves.
fn after_kill(folder: &Path) -> Folder {
    let copy = Folder::new();
    fs::create_dir_all(&copy.0).expect("made");
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), copy.0.join(entry.file_name())).expect("copied");
    }
    copy
}

async fn delivered(folder: &Path) -> BTreeSet<u128> {
    let (journal, writers) = Journal::open(folder, vec![Box::new(|| {})]).expect("opens");
    drop(writers);
    let mut found = BTreeSet::new();
    while let Some(batch) = journal.next_batch(100).await.expect("readable") {
        found.extend(batch.body.records.iter().map(|r| r.id.0.as_u128()));
        journal.acknowledge(&batch).expect("acknowledged");
    }
    journal.join();
    let slates = fs::read_dir(folder).expect("a folder");
    let slates = slates
        .filter(|f| f.as_ref().is_ok_and(|f| f.file_name().to_string_lossy().ends_with(SLATE)))
        .count();
    assert_eq!(slates, 0, "nothing is delivered once more at the next start");
    found
}

/// No wait for a sync anywhere: what was handed over outlives a kill.
#[tokio::test]
async fn a_kill_costs_no_record_that_was_handed_over() {
    let folder = Folder::new();
    let wakes: Vec<Wake> = vec![Box::new(|| {}), Box::new(|| {})];
    let (journal, mut writers) = Journal::open(&folder.0, wakes).expect("opens");
    let mut expected = BTreeSet::new();
    for n in 1..=200u128 {
        let writer = &mut writers[(n % 2) as usize];
        assert!(writer.append(&record(n)));
        writer.hand_over(None);
        expected.insert(n);
        if n % 50 == 0 {
            assert_eq!(delivered(&after_kill(&folder.0).0).await, expected);
        }
    }
    drop(writers);
    journal.join();
    assert_eq!(delivered(&folder.0).await, expected);
}

#[test]
fn a_full_slate_keeps_what_it_has_and_turns() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).expect("made");
    let path = folder.0.join("a.slate");
    let mut slate = Slate::on(&crate::recfile::create(&path).expect("made")).expect("mapped");
    let (mut one, mut payload) = (Vec::new(), Vec::new());
    encode(&record(1), &mut payload, &mut one);
    let fit = (slate::HALF - 8) / one.len();
    let read = || {
        let mut records = Vec::new();
        slate::read(&fs::read(&path).expect("there"), &mut records);
        records.len() / one.len()
    };
    for _ in 0..fit + 3 {
        slate.put(&one);
    }
    assert_eq!(read(), fit);
    slate.turn();
    slate.put(&one);
    assert_eq!(read(), fit + 1, "the group that is being written and one more");
    slate.turn();
    assert_eq!(read(), 1, "the older group is on disk");
    slate.put(&one);
    assert_eq!(read(), 2, "what stood in the half before is gone");
}
