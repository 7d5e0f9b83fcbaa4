//! Files from the samples or made up, read into memory.

use migrate::import::{self, Memory, Options, Taken};
use migrate::inventory::{Settings, build};
use migrate::model::{Inventory, Remark, RemarkKind};
use std::io::Cursor;

/// A sample of the documentation.
#[allow(clippy::disallowed_methods, reason = "tests own files, the crate does not")]
pub fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Everything a file brings.
pub fn read(name: &str, bytes: impl AsRef<[u8]>, options: &Options) -> Memory {
    let mut memory = Memory::default();
    import::read(name, "0", Cursor::new(bytes.as_ref()), options, &mut memory)
        .expect("memory keeps everything");
    memory
}

/// A file that is taken, as one.
pub fn taken(name: &str, bytes: impl AsRef<[u8]>) -> Taken {
    let mut memory = read(name, bytes, &Options::default());
    assert_eq!(memory.abandoned, [], "{name}");
    assert_eq!(memory.files.len(), 1, "{name}");
    memory.files.remove(0)
}

/// The inventory of some files.
pub fn inventory(files: impl IntoIterator<Item = Taken>) -> Inventory {
    build(Settings::default(), files)
}

/// The inventory of files of one country.
pub fn inventory_of(country: &str, files: impl IntoIterator<Item = Taken>) -> Inventory {
    let country = numbering::Country::parse(country).ok();
    build(Settings { country, ..Settings::default() }, files)
}

/// Row, code of all remarks of a kind.
pub fn told(remarks: &[Remark], kind: RemarkKind) -> Vec<(u32, &str)> {
    remarks.iter().filter(|r| r.kind == kind).map(|r| (r.at.row, r.code.as_str())).collect()
}
