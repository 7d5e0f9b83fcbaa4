use std::path::{Path, PathBuf};

/// A temporary folder that goes with its owner.
#[derive(Debug)]
pub struct TempDir(PathBuf);

impl TempDir {
    /// Makes one; `what` becomes part of its name.
    pub fn new(what: &str) -> Self {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the system has random bytes");
        let name = format!("mp-{what}-{:016x}", u64::from_le_bytes(random));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a temporary folder can be made");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves the folder to somebody else, who removes it.
    pub(crate) fn into_path(self) -> PathBuf {
        let path = self.0.clone();
        std::mem::forget(self);
        path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
