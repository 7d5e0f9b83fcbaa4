use crate::TempDir;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// A running PostgreSQL server that only this process talks to: a Unix socket
/// in a temporary folder, no network port.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    bin: PathBuf,
    user: Option<&'static str>,
    databases: AtomicU32,
    // Its standard input is the leash: when this process ends in whatever way,
    // the pipe closes, and the keeper stops the server and removes the folder.
    _keeper: Child,
}

/// The keeper's script: `$1` runs commands as the server's user, `$2` is the
/// server, `$3` the folder.
const KEEPER: &str = r#"
as=$1 server=$2 folder=$3
$as "$server" -D "$folder/data" -k "$folder" >"$folder/log" 2>&1 </dev/null &
pid=$!
cat >/dev/null
$as kill -INT "$(head -n1 "$folder/data/postmaster.pid")" 2>/dev/null || kill -INT $pid
wait $pid
# One that was started again is no child of ours.
n=0
while [ -e "$folder/data/postmaster.pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
rm -rf "$folder"
"#;

/// The process's cluster, started at first use.
///
/// # Panics
/// Where PostgreSQL's server programs are not installed, or do not start.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    /// One of the test's own, to be stopped and started under it. It goes when it is dropped.
    ///
    /// # Panics
    /// Where PostgreSQL's server programs are not installed, or do not start.
    pub fn start() -> Self {
        let bin = server_programs();
        let user = server_user();
        let folder = TempDir::new("pg").into_path();
        if let Some(user) = user {
            run(Command::new("chown").arg(user).arg(&folder), "hand the folder over");
        }
        let data = folder.join("data");
        run(
            as_user(user, &bin.join("initdb"))
                .args(["-U", "meetpoint", "--auth=trust", "-E", "UTF8", "--locale=C"])
                .args(["--no-sync", "-D"])
                .arg(&data),
            "initdb",
        );
        // The server outlives no test process, so nothing needs to be durable.
        let settings = "listen_addresses = ''\nmax_connections = 400\nfsync = off\n\
                        synchronous_commit = off\nfull_page_writes = off\nshared_buffers = 64MB\n";
        append(user, &data.join("postgresql.conf"), settings);
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(user.map_or(String::new(), |user| format!("runuser -u {user} --")))
            .arg(bin.join("postgres"))
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let cluster = Self { folder, bin, user, databases: AtomicU32::new(0), _keeper: keeper };
        cluster.answers();
        cluster
    }

    fn answers(&self) {
        crate::wait_for("PostgreSQL to answer", || {
            let asked = Command::new(self.bin.join("pg_isready"))
                .arg("-q")
                .arg("-h")
                .arg(&self.folder)
                .status();
            asked.is_ok_and(|status| status.success()).then_some(())
        });
    }

    /// Stops the server: connections break. What was committed is kept, which a crash of a
    /// cluster that syncs nothing would not do.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn stop(&self) {
        let mut stop = as_user(self.user, &self.bin.join("pg_ctl"));
        stop.args(["stop", "-w", "-m", "fast", "-D"]).arg(self.folder.join("data"));
        run(&mut stop, "stop the server");
    }

    /// Starts the server that was stopped, on the same data.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&self) {
        let mut start = as_user(self.user, &self.bin.join("pg_ctl"));
        start
            .args(["start", "-w", "-D"])
            .arg(self.folder.join("data"))
            .arg("-l")
            .arg(self.folder.join("log-again"))
            .arg("-o")
            .arg(format!("-k {}", self.folder.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(start.status().is_ok_and(|status| status.success()), "the server starts again");
        self.answers();
    }

    /// A fresh database; the answer is its URL.
    pub fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        run(
            Command::new(self.bin.join("createdb")).arg("-h").arg(&self.folder).args([
                "-U",
                "meetpoint",
                "-T",
                "template0",
                &name,
            ]),
            "createdb",
        );
        format!("postgres://meetpoint@localhost/{name}?host={}", self.folder.display())
    }

    /// The unprivileged user the server runs as, if this process is root.
    pub fn user(&self) -> Option<&'static str> {
        self.user
    }
}

/// The newest installed server's programs.
fn server_programs() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .collect();
    found.sort();
    if let Some((_, bin)) = found.pop() {
        return bin;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| folder.join("initdb").exists())
        .expect("PostgreSQL's server is installed (make setup installs it)")
}

/// `initdb` refuses root.
fn server_user() -> Option<&'static str> {
    let own = Command::new("id").arg("-u").output().expect("id runs");
    if own.stdout.trim_ascii() != b"0" {
        return None;
    }
    let known = |user: &&str| {
        Command::new("id").arg(user).output().is_ok_and(|output| output.status.success())
    };
    Some(["postgres", "nobody"].into_iter().find(known).expect("an unprivileged user"))
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(program);
            command
        }
    };
    // The server's user may not enter the folder the tests run in.
    command.current_dir("/");
    command
}

fn append(user: Option<&str>, file: &Path, text: &str) {
    let mut command = as_user(user, Path::new("sh"));
    command.args(["-c", r#"printf '%s' "$2" >>"$1""#, "append"]).arg(file).arg(text);
    run(&mut command, "write the settings");
}

fn run(command: &mut Command, what: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(
        output.status.success(),
        "{what}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_is_its_own() {
        let (one, two) = (cluster().database(), cluster().database());
        assert_ne!(one, two);
        let answer = Command::new(cluster().bin.join("psql"))
            .args(["-tAc", "SELECT 6 * 7", &one])
            .output()
            .expect("psql runs");
        assert_eq!(answer.stdout.trim_ascii(), b"42");
    }
}
