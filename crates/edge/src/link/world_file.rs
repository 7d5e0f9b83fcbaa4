use crate::recfile;
use feed::{
    frame::{Frame, FrameDecoder},
    snapshot::Snapshot,
    wrap::WrapKey,
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

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
    folder: PathBuf,
    key: WrapKey,
    overlay: Option<File>,
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
    pub fn new(folder: &Path, key: WrapKey) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let size = |name: &str| fs::metadata(folder.join(name)).map_or(0, |m| m.len());
        Ok(Self {
            folder: folder.to_owned(),
            key,
            overlay: None,
            overlay_bytes: size("overlay"),
            snapshot_bytes: size("snapshot"),
            whole: false,
        })
    }

    /// The world as it was last known; `None` if there is no usable file.
    pub fn load(&mut self) -> Option<Snapshot> {
        self.whole = false;
        let bytes = fs::read(self.folder.join("snapshot")).ok()?;
        let mut world = match Snapshot::open(&bytes, &self.key) {
            Ok(world) => world,
            Err(error) => {
                tracing::error!(code = error.code(), %error, "the snapshot file cannot be used");
                return None;
            }
        };
        let context = context(&world);
        let overlay = fs::read(self.folder.join("overlay")).unwrap_or_default();
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
        recfile::replace(&self.folder.join("snapshot"), &bytes)?;
        // An overlay older than the snapshot is harmless: its entries are passed over.
        recfile::replace(&self.folder.join("overlay"), &[])?;
        self.overlay = None;
        self.overlay_bytes = 0;
        self.snapshot_bytes = bytes.len() as u64;
        self.whole = true;
        Ok(())
    }

    /// Keeps changes that came since, as frames; `world` is the world after them.
    /// Rewrites the snapshot when the overlay has grown long, or is not sound.
    pub fn append(&mut self, frames: &[Vec<u8>], world: &Snapshot) -> io::Result<()> {
        if !self.whole || self.overlay_bytes > OVERLAY.max(self.snapshot_bytes) {
            return self.save(world);
        }
        let (context, mut bytes) = (context(world), Vec::new());
        for frame in frames {
            recfile::encode(&self.key.wrap(&context, frame), &mut bytes);
        }
        let file = match &mut self.overlay {
            Some(file) => file,
            none => none.insert(recfile::append_to(&self.folder.join("overlay"))?),
        };
        self.whole = false;
        file.write_all(&bytes)?;
        file.sync_data()?;
        self.whole = true;
        self.overlay_bytes += bytes.len() as u64;
        Ok(())
    }
}
