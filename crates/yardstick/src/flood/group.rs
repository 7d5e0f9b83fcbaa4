//! The control group of the edge: what it has used, and what it may use.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// Microseconds of one period: short, so that a packet waits far less than a
/// retransmission for the next one; the kernel's longest.
const PERIOD_US: u64 = 5_000;
const LONGEST_US: u64 = 1_000_000;
/// The kernel's least quota.
const LEAST_US: u64 = 1_000;

pub struct Group {
    folder: PathBuf,
    pid: u32,
}

impl Group {
    pub fn new(folder: &Path, pid: u32) -> Self {
        Self { folder: folder.to_owned(), pid }
    }

    /// CPU time of all the process's threads.
    pub fn cpu(&self) -> io::Result<Duration> {
        let mut all = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            all += text
                .split_whitespace()
                .next()
                .and_then(|ns| ns.parse::<u64>().ok())
                .ok_or_else(|| io::Error::other("the kernel tells no CPU time of threads"))?;
        }
        Ok(Duration::from_nanos(all))
    }

    /// Lets it use this share of one CPU.
    pub fn limit(&self, share: f64) -> io::Result<()> {
        let period = ((LEAST_US as f64 / share) as u64).clamp(PERIOD_US, LONGEST_US);
        let quota = ((share * period as f64) as u64).max(LEAST_US);
        self.write(&quota.to_string(), "-1", period)
    }

    /// Lets it use all there is.
    pub fn unlimited(&self) -> io::Result<()> {
        self.write("max", "-1", PERIOD_US)
    }

    /// Version 2 of the interface in one file, version 1 in two.
    fn write(&self, quota: &str, none: &str, period: u64) -> io::Result<()> {
        let both = self.folder.join("cpu.max");
        if both.exists() {
            return fs::write(both, format!("{quota} {period}"));
        }
        fs::write(self.folder.join("cpu.cfs_quota_us"), none)?;
        fs::write(self.folder.join("cpu.cfs_period_us"), period.to_string())?;
        let quota = if quota == "max" { none } else { quota };
        fs::write(self.folder.join("cpu.cfs_quota_us"), quota)
    }
}
