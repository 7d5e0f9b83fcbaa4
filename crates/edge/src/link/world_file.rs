use crate::recfile;
use crate::storage::{Appending, FileSystem, Storage};
use feed::{
    change::{Change, ChangeEntry},
    frame::{Frame, FrameDecoder},
    snapshot::Snapshot,
    wrap::WrapKey,
};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Rewrite the snapshot once the overlay is longer than this, bytes, and longer
/// than the snapshot itself.
const OVERLAY: u64 = 4 * 1024 * 1024;

/// Who writes: another version knows other fields and kinds of change, and what
/// it wrote lacks those that only this one knows.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The resource by which a record of the overlay names its writer.
const WRITTEN_BY: &str = "written_by";

/// Names the writer of the snapshot with these bytes: a version that knows
/// nothing of this file replaces the snapshot only, and is found out by that.
fn snapshot_mark(snapshot: &[u8]) -> Vec<u8> {
    format!("{VERSION} {:08x}\n", crc32fast::hash(snapshot)).into_bytes()
}

/// Names the writer of an overlay's record; at position 0, so that every reader
/// passes over it.
fn record_mark() -> Change {
    Change::Other { resource: WRITTEN_BY.to_owned(), id: VERSION.to_owned() }
}

/// Binds an overlay to its epoch: the changes of another life of the log do not
/// open, whichever of the two files was replaced before a crash.
fn context(world: &Snapshot) -> Vec<u8> {
    [&b"edge overlay"[..], world.position().epoch.as_bytes()].concat()
}

/// What an edge starts from when the control plane is gone: a snapshot file and
/// the changes since, both readable by their owner only. Changes carry secrets,
/// so each stands encrypted under the same key as the snapshot's own.
#[derive(Debug)]
pub struct WorldFile {
    storage: Arc<dyn Storage>,
    key: WrapKey,
    overlay: Option<Box<dyn Appending>>,
    /// Something was appended since the last sync.
    unsynced: bool,
    overlay_bytes: u64,
    snapshot_bytes: u64,
    /// Snapshot and overlay together are the world up to the last change kept.
    /// A torn tail, a foreign overlay or a failed write make it false, and then
    /// nothing may be appended: a reader would never get past the damage, or
    /// would pass over the hole.
    whole: bool,
    /// All of it was written by this version.
    own: bool,
}

impl WorldFile {
    /// In `folder`, which is made if need be.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(folder: &Path, key: WrapKey) -> io::Result<Self> {
        Ok(Self::on(Arc::new(FileSystem::new(folder)?), key))
    }

    /// On any storage.
    pub fn on(storage: Arc<dyn Storage>, key: WrapKey) -> Self {
        Self {
            storage,
            key,
            overlay: None,
            unsynced: false,
            overlay_bytes: 0,
            snapshot_bytes: 0,
            whole: false,
            own: false,
        }
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.storage.read_at(name, 0, u64::MAX, &mut bytes).ok()?;
        Some(bytes)
    }

    /// The world as it was last known; `None` if there is no usable file.
    pub fn load(&mut self) -> Option<Snapshot> {
        (self.whole, self.own) = (false, false);
        let bytes = self.read("snapshot")?;
        self.snapshot_bytes = bytes.len() as u64;
        let mut world = match Snapshot::open(&bytes, &self.key) {
            Ok(world) => world,
            Err(error) => {
                tracing::error!(code = error.code(), %error, "the snapshot file cannot be used");
                return None;
            }
        };
        let context = context(&world);
        let overlay = self.read("overlay").unwrap_or_default();
        self.overlay_bytes = overlay.len() as u64;
        let mut decoder = FrameDecoder::default();
        let mark = record_mark();
        let mut own = self.read("written-by").is_some_and(|by| by == snapshot_mark(&bytes));
        let mut read = 0;
        for (behind, wrapped) in recfile::records(&overlay) {
            let Some(frame) = self.key.unwrap(&context, wrapped) else { break };
            decoder.push(&frame);
            let mut marked = false;
            while let Ok(Some(frame)) = decoder.next_frame() {
                let Frame::Change(entry) = frame else { continue };
                // Entries the snapshot already has are passed over.
                world.apply(&entry);
                marked |= entry.position == 0 && entry.change == mark;
            }
            own &= marked;
            read = behind;
        }
        (self.whole, self.own) = (read == overlay.len(), own);
        Some(world)
    }

    /// Whether what was loaded may lack what only this version knows: another one
    /// wrote it, or part of it.
    pub fn is_foreign(&self) -> bool {
        !self.own
    }

    /// Keeps a whole new snapshot; the overlay starts afresh.
    pub fn save(&mut self, world: &Snapshot) -> io::Result<()> {
        self.whole = false;
        let bytes = world.write(&self.key);
        self.storage.replace("snapshot", &bytes, true)?;
        // An overlay older than the snapshot is harmless: its entries are passed over.
        self.storage.replace("overlay", &[], true)?;
        // Last: until it is there, the file counts as another version's.
        self.storage.replace("written-by", &snapshot_mark(&bytes), true)?;
        (self.overlay, self.unsynced) = (None, false);
        self.overlay_bytes = 0;
        self.snapshot_bytes = bytes.len() as u64;
        (self.whole, self.own) = (true, true);
        Ok(())
    }

    /// Keeps changes that came since, as frames; `world` is the world after them.
    /// A kill costs none of them from now on, a power cut none after
    /// [`WorldFile::sync`], which also mends what fails here.
    pub fn append(&mut self, frames: &[Vec<u8>], world: &Snapshot) {
        if std::mem::take(&mut self.whole) {
            self.whole = match self.write(frames, world) {
                Ok(()) => true,
                Err(error) => {
                    tracing::error!(%error, "changes cannot be added to the snapshot file");
                    false
                }
            };
        }
    }

    fn write(&mut self, frames: &[Vec<u8>], world: &Snapshot) -> io::Result<()> {
        let (context, mut bytes) = (context(world), Vec::new());
        let mut mark = Vec::new();
        Frame::Change(ChangeEntry { position: 0, at_us: 0, change: record_mark() })
            .encode(&mut mark)
            .map_err(|error| io::Error::other(error.to_string()))?;
        for frame in frames {
            let marked = [&frame[..], &mark].concat();
            recfile::encode(&self.key.wrap(&context, &marked), &mut bytes);
        }
        let file = match &mut self.overlay {
            Some(file) => file,
            none => none.insert(self.storage.append_to("overlay")?),
        };
        file.append(&bytes)?;
        self.unsynced = true;
        self.overlay_bytes += bytes.len() as u64;
        Ok(())
    }

    /// What was appended has reached the disk when this returns. Rewrites the
    /// snapshot when the overlay has grown long, or is not sound.
    ///
    /// # Errors
    /// The storage's.
    pub fn sync(&mut self, world: &Snapshot) -> io::Result<()> {
        if !self.whole || self.overlay_bytes > OVERLAY.max(self.snapshot_bytes) {
            return self.save(world);
        }
        if let Some(file) = self.overlay.as_mut().filter(|_| self.unsynced) {
            self.whole = false;
            file.sync()?;
            (self.whole, self.unsynced) = (true, false);
        }
        Ok(())
    }
}
