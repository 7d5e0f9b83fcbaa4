//! The other end of a mail: Exim, on a free port, which puts what it takes into a folder.

use crate::TempDir;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A mail server. It takes mail for everybody but `nobody@…`; told so, it is too busy for any. With a
/// certificate it offers STARTTLS, and behind that wants `meetpoint` with the password `secret`.
#[derive(Debug)]
pub struct MailServer {
    address: SocketAddr,
    folder: TempDir,
    stopped: Arc<AtomicBool>,
}

/// One mail that came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// As it was sent, headers and text.
    pub text: String,
}

impl Mail {
    /// A header field's value, empty where there is none; lines are unfolded.
    pub fn header(&self, name: &str) -> String {
        let text = self.text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
        let head = text.split("\n\n").next().unwrap_or_default();
        let found = head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    }
}

impl MailServer {
    /// Starts one without TLS.
    ///
    /// # Panics
    /// Where Exim is not installed.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// Starts one with a certificate and its key, both in PEM.
    ///
    /// # Panics
    /// Where Exim is not installed.
    pub fn with_tls(certificate: &str, key: &str) -> Self {
        Self::with(Some((certificate, key)))
    }

    fn with(tls: Option<(&str, &str)>) -> Self {
        let folder = TempDir::new("mail");
        let root = folder.path();
        for part in ["spool", "log", "in"] {
            std::fs::create_dir(root.join(part)).expect("it is ours");
        }
        let mut settings = include_str!("exim.conf").replace("FOLDER", &root.display().to_string());
        if let Some((certificate, key)) = tls {
            std::fs::write(root.join("certificate.pem"), certificate).expect("it is ours");
            std::fs::write(root.join("key.pem"), key).expect("it is ours");
            settings = settings.replace("#TLS ", "");
        } else {
            settings = settings.replace("#CLEAR ", "");
        }
        let path = root.join("exim.conf");
        std::fs::write(&path, settings).expect("it is ours");
        // Exim does little as root, and reads its settings from nobody else's file.
        let hand = |path: &Path| {
            let done = Command::new("chown").arg("-R").arg("Debian-exim").arg(path).status();
            assert!(done.is_ok_and(|status| status.success()), "Exim is not installed");
        };
        hand(root);
        let done = Command::new("chown").arg("root").arg(&path).status();
        assert!(done.is_ok_and(|status| status.success()), "the settings stay root's");

        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let stopped = Arc::new(AtomicBool::new(false));
        let over = stopped.clone();
        std::thread::spawn(move || serve(&listener, &path, &over));
        Self { address, folder, stopped }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it answers every recipient with 451, or no more.
    pub fn be_busy(&self, busy: bool) {
        let path = self.folder.path().join("busy");
        if busy {
            std::fs::write(path, "").expect("it is ours");
        } else {
            let _ = std::fs::remove_file(path);
        }
    }

    /// What came, in no order, once it is so many: a mail is answered for before it lies in its folder.
    ///
    /// # Panics
    /// Where they do not come, or more do.
    pub fn mails_once(&self, count: usize) -> Vec<Mail> {
        crate::wait_for(&format!("{count} mails"), || {
            let mails = self.mails();
            assert!(mails.len() <= count, "{mails:#?}");
            (mails.len() == count).then_some(mails)
        })
    }

    /// What came so far, in no order.
    pub fn mails(&self) -> Vec<Mail> {
        let entries = std::fs::read_dir(self.folder.path().join("in/new"));
        let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths.collect();
        paths.sort();
        let read = |path: PathBuf| Mail { text: std::fs::read_to_string(path).expect("a mail") };
        paths.into_iter().map(read).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes up who waits for the next connection.
        let _ = std::net::TcpStream::connect(self.address);
    }
}

/// Hands each connection to an Exim of its own, as inetd does.
fn serve(listener: &TcpListener, settings: &Path, stopped: &AtomicBool) {
    for stream in listener.incoming() {
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let answers = stream.try_clone().expect("a socket can be cloned");
        let started = Command::new("exim4")
            .arg("-C")
            .arg(settings)
            .args(["-bs", "-odi"])
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(stream)))
            .stdout(Stdio::from(OwnedFd::from(answers)))
            .stderr(Stdio::null())
            .spawn();
        let mut child = started.expect("Exim starts");
        std::thread::spawn(move || child.wait());
    }
}
