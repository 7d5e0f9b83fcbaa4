//! The story's own processes: a control plane and edges that can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::report::Fault;

/// A program under load on a busy machine takes its time to start.
const START: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    news: Condvar,
}

/// A child process; killed when the story is over, however it ends.
pub struct Process {
    child: Child,
    said: Arc<Said>,
}

impl Process {
    /// Starts `meetpoint` with these arguments, without this machine's own settings.
    pub fn start(arguments: &[String], secrets: &[(&str, &str)]) -> Result<Self, Fault> {
        let failed = |error| Fault(format!("meetpoint {}: {error}", arguments.join(" ")));
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MEETPOINT_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(arguments)
            .envs(secrets.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let said = Arc::new(Said::default());
        if let Some(stderr) = child.stderr.take() {
            let said = said.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    said.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    said.news.notify_all();
                }
            });
        }
        Ok(Self { child, said })
    }

    /// The rest of the first line that begins so. Blocks until it is said.
    pub fn told(&self, prefix: &str) -> Result<String, Fault> {
        let deadline = Instant::now() + START;
        let mut lines = self.said.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let rest =
                |line: &String| Some(line.trim_start().strip_prefix(prefix)?.trim().to_owned());
            if let Some(found) = lines.iter().find_map(rest) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let said = lines.join("\n");
                return Err(Fault(format!("a program never said `{prefix}`; it said: {said}")));
            }
            lines =
                self.said.news.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// SIGKILL: no last word, no last write.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // Nothing to do for one that has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// `meetpoint serve` without an edge; its database is a file beside it.
pub fn control_plane(folder: &Path, database: &str, listen: SocketAddr) -> Result<Process, Fault> {
    let arguments = [
        "serve",
        "--no-edge",
        "--requests-per-minute",
        "1000000",
        "--database-url",
        database,
        "--listen",
        &listen.to_string(),
        "--data-dir",
        &folder.display().to_string(),
    ]
    .map(str::to_owned);
    Process::start(&arguments, &[])
}

/// What one edge of the fleet is told.
pub struct EdgePlan {
    /// Where its files are.
    pub folder: std::path::PathBuf,
    /// The control plane.
    pub url: String,
    /// Its client.
    pub client: (String, String),
    /// The whole address plan, the same for all.
    pub addresses: Vec<SocketAddr>,
    /// Which of them is its own.
    pub home: usize,
    /// Where the edges talk to each other, one address each.
    pub links: Vec<SocketAddr>,
}

impl EdgePlan {
    /// Starts it, and waits until it serves its own address.
    pub fn start(&self) -> Result<Process, Fault> {
        let list = |addresses: &[SocketAddr]| {
            addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
        };
        let others: Vec<SocketAddr> = self
            .links
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != self.home)
            .map(|(_, a)| *a)
            .collect();
        let arguments = [
            "edge",
            "--url",
            &self.url,
            "--data-dir",
            &self.folder.display().to_string(),
            "--sip-udp",
            &list(&self.addresses),
            "--sip-tcp",
            &list(&self.addresses),
            "--sip-home",
            &self.addresses[self.home].ip().to_string(),
            "--fleet-listen",
            &self.links[self.home].to_string(),
            "--siblings",
            &list(&others),
            "--shards",
            "1",
        ]
        .map(str::to_owned);
        let (id, secret) = (&*self.client.0, &*self.client.1);
        let secrets = [("MEETPOINT_CLIENT_ID", id), ("MEETPOINT_CLIENT_SECRET", secret)];
        let process = Process::start(&arguments, &secrets)?;
        process.told("SIP over UDP:")?;
        Ok(process)
    }
}
