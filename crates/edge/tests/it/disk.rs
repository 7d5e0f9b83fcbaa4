//! A disk that forgets what was not synced when its power is cut.

use edge::storage::{Appending, Storage};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// A file's bytes as readers see them, and how many of them have reached the disk.
#[derive(Clone, Debug, Default)]
struct FileState {
    bytes: Vec<u8>,
    synced: usize,
    /// What stood there before an unsynced replacement.
    before: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
struct Disk {
    files: BTreeMap<String, Arc<Mutex<FileState>>>,
    /// The names that a power cut would find.
    durable: BTreeMap<String, Arc<Mutex<FileState>>>,
    /// How many more operations succeed, if not all.
    left: Option<u64>,
}

/// A folder in memory, shared by its clones.
#[derive(Clone, Debug, Default)]
pub struct SimDisk(Arc<Mutex<Disk>>);

/// A small generator: the tests print its seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while holding it")
}

impl SimDisk {
    /// From now on only so many operations succeed; `None` for all.
    pub fn fail_after(&self, operations: Option<u64>) {
        lock(&self.0).left = operations;
    }

    fn operation(&self) -> io::Result<()> {
        match &mut lock(&self.0).left {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the disk is full")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    /// The power goes: what a machine finds that starts afterwards. Of unsynced
    /// bytes any part may be there, torn or with bits that were never written; a
    /// name that was not synced may be there or not.
    pub fn after_power_cut(&self, dice: &mut Dice) -> SimDisk {
        let disk = lock(&self.0);
        let mut names = disk.durable.clone();
        for (name, file) in &disk.files {
            if dice.roll(2) == 0 {
                names.insert(name.clone(), file.clone());
            }
        }
        let mut files = BTreeMap::new();
        for (name, file) in names {
            let file = lock(&file).clone();
            let mut bytes = match file.before {
                Some(before) if dice.roll(2) == 0 => before,
                _ => file.bytes,
            };
            if file.synced < bytes.len() {
                let keep = file.synced + dice.roll((bytes.len() - file.synced) as u64 + 1) as usize;
                bytes.truncate(keep);
                if keep > file.synced && dice.roll(3) == 0 {
                    let hole = file.synced + dice.roll((keep - file.synced) as u64) as usize;
                    bytes[hole..].fill(0);
                }
            }
            let synced = bytes.len();
            files.insert(name, Arc::new(Mutex::new(FileState { bytes, synced, before: None })));
        }
        let durable = files.clone();
        SimDisk(Arc::new(Mutex::new(Disk { files, durable, left: None })))
    }

    /// The process is killed: the system still has all that was written.
    pub fn after_kill(&self) -> SimDisk {
        let disk = lock(&self.0);
        let copy = |f: &Arc<Mutex<FileState>>| Arc::new(Mutex::new(lock(f).clone()));
        let files: BTreeMap<_, _> = disk.files.iter().map(|(n, f)| (n.clone(), copy(f))).collect();
        let durable = files.clone();
        SimDisk(Arc::new(Mutex::new(Disk { files, durable, left: None })))
    }
}

#[derive(Debug)]
struct Open(SimDisk, Arc<Mutex<FileState>>);

impl Appending for Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.0.operation() {
            // As a full disk does: part of it is there.
            lock(&self.1).bytes.extend_from_slice(&bytes[..bytes.len() / 2]);
            return Err(error);
        }
        lock(&self.1).bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.operation()?;
        let mut file = lock(&self.1);
        file.synced = file.bytes.len();
        Ok(())
    }
}

impl Storage for SimDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.0).files.keys().cloned().collect())
    }

    fn append_to(&self, name: &str) -> io::Result<Box<dyn Appending>> {
        self.operation()?;
        let file = lock(&self.0).files.entry(name.to_owned()).or_default().clone();
        Ok(Box::new(Open(self.clone(), file)))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.operation()?;
        let mut disk = lock(&self.0);
        disk.durable = disk.files.clone();
        Ok(())
    }

    fn read_at(&self, name: &str, offset: u64, max: u64, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        let file = lock(&self.0).files.get(name).cloned();
        let file = file.ok_or(io::ErrorKind::NotFound)?;
        let file = lock(&file);
        let rest = file.bytes.get(offset as usize..).unwrap_or_default();
        into.extend_from_slice(&rest[..rest.len().min(usize::try_from(max).unwrap_or(usize::MAX))]);
        Ok(())
    }

    fn replace(&self, name: &str, bytes: &[u8], durable: bool) -> io::Result<()> {
        self.operation()?;
        let mut disk = lock(&self.0);
        let before = disk.files.get(name).map(|f| lock(f).bytes.clone());
        let synced = if durable { bytes.len() } else { 0 };
        let before = if durable { None } else { Some(before.unwrap_or_default()) };
        let file = Arc::new(Mutex::new(FileState { bytes: bytes.to_vec(), synced, before }));
        disk.files.insert(name.to_owned(), file.clone());
        if durable {
            disk.durable = disk.files.clone();
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.operation()?;
        lock(&self.0).files.remove(name);
        Ok(())
    }
}
