//! Registrations on disk, so that a restarted edge still reaches its phones.

use crate::bindings::{BindingChange, Bindings, PORTIONS};
use crate::recfile;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use crate::core::Shared;

/// The file is rewritten with what still counts once it has grown by this much.
const REWRITE: u64 = 4 * 1024 * 1024;

/// Reads the file of an earlier life into `bindings`; nothing in it is an error,
/// for a phone that is forgotten registers again.
pub(crate) fn load(path: &Path, bindings: &Bindings, now_us: i64) {
    let bytes = fs::read(path).unwrap_or_default();
    let changes = recfile::records(&bytes).filter_map(|(_, payload)| {
        serde_json::from_slice::<BindingChange>(payload)
            .inspect_err(|error| tracing::warn!(%error, "a registration on disk cannot be read"))
            .ok()
    });
    bindings.load(changes, now_us);
}

/// Starts the writing thread; it ends with the last sender.
pub(crate) fn start(
    path: PathBuf,
    shared: Arc<Shared>,
) -> io::Result<(mpsc::Sender<BindingChange>, JoinHandle<()>)> {
    rewrite(&path, &shared.bindings)?;
    let (sender, incoming) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("registrations".into())
        .spawn(move || write(&path, &shared, &incoming))?;
    Ok((sender, thread))
}

fn write(path: &Path, shared: &Shared, incoming: &mpsc::Receiver<BindingChange>) {
    let mut bytes = Vec::new();
    let mut grown = 0;
    while let Ok(first) = incoming.recv() {
        bytes.clear();
        for change in std::iter::once(first).chain(incoming.try_iter()).take(4096) {
            let json = serde_json::to_vec(&change).expect("texts and numbers always serialise");
            recfile::encode(&json, &mut bytes);
        }
        grown += bytes.len() as u64;
        let kept = if grown > REWRITE {
            grown = 0;
            rewrite(path, &shared.bindings)
        } else {
            recfile::append_to(path)
                .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_data()))
        };
        if let Err(error) = kept {
            // Half a record may stand at the end now, behind which nothing is read.
            grown = REWRITE;
            tracing::error!(%error, "registrations cannot be kept on disk");
        }
    }
}

fn rewrite(path: &Path, bindings: &Bindings) -> io::Result<()> {
    let mut bytes = Vec::new();
    let ends = (0..PORTIONS).flat_map(|portion| bindings.ends(portion));
    for change in bindings.all().into_iter().map(BindingChange::Put).chain(ends) {
        let json = serde_json::to_vec(&change).expect("texts and numbers always serialise");
        recfile::encode(&json, &mut bytes);
    }
    recfile::replace(path, &bytes)
}
