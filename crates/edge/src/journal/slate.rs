//! Where records stand from the moment a shard hands them over until their group is
//! on disk: pages of a file that the system keeps when the process is killed. Putting
//! a record there costs a copy, no system call, and never waits for the disk.
//!
//! Two halves take turns: one gathers while the other holds the group that is being
//! written. Records stand in a half as they do in a segment, and behind the last one
//! zeros.
#![allow(unsafe_code)]

use crate::recfile;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{Ordering, compiler_fence};

/// Bytes of one half: some 4,000 records, ten times what an edge gathers at its
/// busiest while a disk syncs. Pages that were never needed are not in memory.
pub const HALF: usize = 1024 * 1024;

/// What ends the records of a half.
const END: [u8; 8] = [0; 8];

/// The mapped file.
#[derive(Debug)]
pub struct Slate {
    base: NonNull<u8>,
    second: bool,
    used: usize,
}

// SAFETY: nothing else has the mapping, and it is tied to no thread.
unsafe impl Send for Slate {}

impl Slate {
    /// On a new file, which gets its size and its place on the disk here, so that no
    /// write can fail later.
    ///
    /// # Errors
    /// The disk's, for example when it is full.
    pub fn on(file: &File) -> io::Result<Self> {
        // SAFETY: a call on an open file.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, 2 * HALF as libc::off_t) } {
            0 => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
        // SAFETY: a new mapping, at an address the system chooses, of a file that has
        // as many bytes.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                2 * HALF,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, second: false, used: 0 })
    }

    fn half(&mut self) -> &mut [u8] {
        // SAFETY: within the mapping, which lives as long as `self`, the only way to it.
        unsafe {
            let start = self.base.add(if self.second { HALF } else { 0 });
            std::slice::from_raw_parts_mut(start.as_ptr(), HALF)
        }
    }

    /// Puts whole records behind the others, unless the half is full: then they are in
    /// memory only, as the disk has taken nothing for long.
    pub fn put(&mut self, records: &[u8]) {
        let at = self.used;
        let behind = at + records.len();
        if records.len() < END.len() || behind + END.len() > HALF {
            return;
        }
        let half = self.half();
        half[behind..behind + END.len()].copy_from_slice(&END);
        half[at + END.len()..behind].copy_from_slice(&records[END.len()..]);
        // The head that makes them readable comes last, should the process end here.
        compiler_fence(Ordering::SeqCst);
        half[at..at + END.len()].copy_from_slice(&records[..END.len()]);
        compiler_fence(Ordering::SeqCst);
        self.used = behind;
    }

    /// Goes on in the other half, whose records are on disk.
    pub fn turn(&mut self) {
        self.second = !self.second;
        self.used = 0;
        self.half()[..END.len()].copy_from_slice(&END);
        compiler_fence(Ordering::SeqCst);
    }
}

impl Drop for Slate {
    fn drop(&mut self) {
        // SAFETY: mapped in `on`, and nothing refers to it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), 2 * HALF) };
    }
}

/// Appends the records that a killed process left in a slate's file.
pub fn read(file: &[u8], out: &mut Vec<u8>) {
    for half in file.chunks(HALF) {
        let end = recfile::records(half).last().map_or(0, |(behind, _)| behind);
        out.extend_from_slice(&half[..end]);
    }
}
