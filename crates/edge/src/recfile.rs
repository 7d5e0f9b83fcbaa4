//! Append-only record files: `length u32 LE, CRC-32 u32 LE, payload`.
//!
//! A file that was being written when the power went ends in a torn record;
//! [`records`] stops there, and everything before it is sound. A record is never
//! empty: zeros are what a power cut leaves of bytes that were not written.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

const HEAD: usize = 8;

/// Longest payload a reader believes in.
pub const MAX_RECORD: usize = 8 * 1024 * 1024;

/// Appends one record's bytes to `out`.
pub fn encode(payload: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    out.extend_from_slice(payload);
}

/// The sound records from the start of `bytes`, each with the offset behind it.
pub fn records(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let head = bytes.get(at..at + HEAD)?;
        let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
        let crc = u32::from_le_bytes(head[4..].try_into().ok()?);
        if length == 0 || length > MAX_RECORD {
            return None;
        }
        let payload = bytes.get(at + HEAD..at + HEAD + length)?;
        if crc32fast::hash(payload) != crc {
            return None;
        }
        at += HEAD + length;
        Some((at, payload))
    })
}

/// Opens a file for appending, readable by its owner only.
pub fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Makes an empty file, readable by its owner only.
pub fn create(path: &Path) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.create(true).read(true).write(true).truncate(true).mode(0o600).open(path)
}

/// Replaces a file as a whole: readers see the old bytes or the new ones, and
/// after a crash one of the two is there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    rewrite(path, bytes, File::sync_all)?;
    sync_folder_of(path)
}

/// Replaces a file as a whole for readers, but leaves it to the system when the
/// bytes reach the disk.
pub fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    rewrite(path, bytes, |_| Ok(()))
}

fn rewrite(path: &Path, bytes: &[u8], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = create(&fresh)?;
    file.write_all(bytes)?;
    sync(&file)?;
    std::fs::rename(&fresh, path)
}

/// Makes a created, renamed or removed name durable.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_tail_costs_only_itself() {
        let mut file = Vec::new();
        for payload in [&b"one"[..], b"2", b"three"] {
            encode(payload, &mut file);
        }
        let whole: Vec<&[u8]> = records(&file).map(|(_, p)| p).collect();
        assert_eq!(whole, [&b"one"[..], b"2", b"three"]);
        assert_eq!(records(&[0; 64]).count(), 0, "zeros are no records");
        for cut in 0..file.len() {
            let sound = records(&file[..cut]).count();
            let expect = if cut < 11 {
                0
            } else if cut < 20 {
                1
            } else {
                2
            };
            assert_eq!(sound, expect, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_file() {
        let mut file = Vec::new();
        encode(b"one", &mut file);
        encode(b"two", &mut file);
        file[20] ^= 1;
        assert_eq!(records(&file).count(), 1);
    }
}
