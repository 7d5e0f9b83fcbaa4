//! The program as a child process: what it says, and how it ends.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Starting takes a migration; building machines are busy.
pub const START: Duration = Duration::from_secs(30);

/// A command for the program, without this machine's own settings.
pub fn meetpoint() -> Command {
    program(Path::new(env!("CARGO_BIN_EXE_meetpoint")))
}

/// The same for another build of it.
pub fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MEETPOINT_") {
            command.env_remove(name);
        }
    }
    command
}

#[derive(Default)]
struct Said {
    lines: Mutex<(Vec<String>, bool)>,
    news: Condvar,
}

/// A running child; killed when the test is over, however it ends.
pub struct Process {
    child: Child,
    stdout: Arc<Said>,
    stderr: Arc<Said>,
}

fn listen(stream: impl Read + Send + 'static) -> Arc<Said> {
    let said = Arc::new(Said::default());
    let writer = said.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            writer.lines.lock().unwrap_or_else(PoisonError::into_inner).0.push(line);
            writer.news.notify_all();
        }
        writer.lines.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        writer.news.notify_all();
    });
    said
}

impl Said {
    fn find(&self, what: &str, longest: Duration, pick: impl Fn(&str) -> Option<String>) -> String {
        let deadline = Instant::now() + longest;
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = lines.0.iter().find_map(|line| pick(line)) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !lines.1,
                "the program did not say {what}; it said:\n{}",
                lines.0.join("\n")
            );
            lines = self.news.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).0.join("\n")
    }
}

impl Process {
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let stdout = listen(child.stdout.take().expect("it is piped"));
        let stderr = listen(child.stderr.take().expect("it is piped"));
        Self { child, stdout, stderr }
    }

    /// The rest of the first stderr line that begins so.
    pub fn told(&self, prefix: &str) -> String {
        self.stderr.find(prefix, START, |line| {
            line.trim_start().strip_prefix(prefix).map(|rest| rest.trim().to_owned())
        })
    }

    /// The first line, of either stream, that holds this.
    pub fn shows(&self, part: &str, longest: Duration) -> String {
        let deadline = Instant::now() + longest;
        loop {
            let (out, err) = (self.stdout.text(), self.stderr.text());
            if let Some(line) = out.lines().chain(err.lines()).find(|line| line.contains(part)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "no `{part}` from the program:\n{out}\n{err}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// The first line of stdout.
    pub fn first_line(&self) -> String {
        self.stdout.find("anything on stdout", START, |line| Some(line.to_owned()))
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([name, &pid]).status().expect("kill is there");
        assert!(status.success(), "kill {name} {pid} failed");
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("-TERM");
        self.ends(Duration::from_secs(20))
    }

    /// SIGKILL: no last word, no last write.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it was started by us");
    }

    /// Waits for the end.
    pub fn ends(&mut self, longest: Duration) -> ExitStatus {
        let deadline = Instant::now() + longest;
        loop {
            if let Some(status) = self.child.try_wait().expect("it was started by us") {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end; it said:\n{}", self.stderr());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- stderr of the program ---\n{}", self.stderr());
        }
    }
}
