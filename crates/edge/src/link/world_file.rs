use crate::recfile;
use crate::storage::{Appending, FileSystem, Storage};
use feed::{
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
        }
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.storage.read_at(name, 0, u64::MAX, &mut bytes).ok()?;
        Some(bytes)
    }

    /// The world as it was last known; `None` if there is no usable file.
    pub fn load(&mut self) -> Option<Snapshot> {
        self.whole = false;
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
        let mut read = 0;
        for (behind, wrapped) in recfile::records(&overlay) {
            let Some(frame) = self.key.unwrap(&context, wrapped) else { break };
            decoder.push(&frame);
            while let Ok(Some(frame)) = decoder.next_frame() {
                let Frame::Change(entry) = frame else { continue };
                // Entries the snapshot already has are passed over.
                world.apply(&entry);
            }
            read = behind;
        }
        self.whole = read == overlay.len();
        Some(world)
    }

    /// Keeps a whole new snapshot; the overlay starts afresh.
    pub fn save(&mut self, world: &Snapshot) -> io::Result<()> {
        self.whole = false;
        let bytes = world.write(&self.key);
        self.storage.replace("snapshot", &bytes, true)?;
        // An overlay older than the snapshot is harmless: its entries are passed over.
        self.storage.replace("overlay", &[], true)?;
        (self.overlay, self.unsynced) = (None, false);
        self.overlay_bytes = 0;
        self.snapshot_bytes = bytes.len() as u64;
        self.whole = true;
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
        for frame in frames {
            recfile::encode(&self.key.wrap(&context, frame), &mut bytes);
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
