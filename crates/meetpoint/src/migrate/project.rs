//! A project's folder: its database, its settings, and the documents made.

use super::{Common, counted};
use crate::cli::error::CliError;
use crate::cli::output;
use migrate::assess;
use migrate::import::{ImportedFile, Mapping, Rows};
use migrate::inventory::{Builder, CallFile, Calls, Settings};
use migrate::model::{FileId, Inventory, Remark};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use store::{Project, StoreError};
use tokio::sync::mpsc;

/// The database.
const DATABASE: &str = "project.db";
/// What the project decides for the verdict; people edit it.
pub const SETTINGS: &str = "settings.json";
/// The last verdict, and the one before it.
pub const ASSESSMENT: &str = "assessment.json";
/// See [`ASSESSMENT`].
pub const BEFORE: &str = "assessment.before.json";
/// Operators' book and what is needed, where people put them.
pub const BOOK: &str = "operators.json";
/// See [`BOOK`].
pub const NEED: &str = "need.json";
/// The choice of operators.
pub const CHOICE: &str = "choice.json";
/// The report.
pub const REPORT: &str = "report.html";
/// Its workbook.
pub const WORKBOOK: &str = "report.xlsx";
/// In the database: files that were written by somebody's wish, for the purge.
const WRITTEN: &str = "written";

/// From the database to the inventory.
enum Imported {
    File(Box<ImportedFile>, Vec<Remark>),
    Rows(Rows),
}

/// An open project.
pub struct Folder {
    dir: PathBuf,
    store: Project,
}

/// A failure of the project's database, told as the file's.
pub fn store_error(dir: &Path, error: &StoreError) -> CliError {
    CliError::File { path: dir.join(DATABASE), reason: error.to_string() }
}

fn file_error(path: &Path, error: impl std::fmt::Display) -> CliError {
    CliError::File { path: path.to_owned(), reason: error.to_string() }
}

/// Reads a JSON document, naming the field that is wrong.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| file_error(path, error))?;
    serde_json::from_str(&text).map_err(|error| file_error(path, error))
}

/// Writes a file whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes a document whole or not at all, without a second copy of it in memory.
pub fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), CliError> {
    write_with(path, |file| {
        let mut file = std::io::BufWriter::with_capacity(1 << 18, file);
        serde_json::to_writer(&mut file, value)?;
        file.flush()
    })
}

fn write_with(
    path: &Path,
    content: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>,
) -> Result<(), CliError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut file| content(&mut file))
        .and_then(|()| std::fs::rename(&part, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        file_error(path, error)
    })
}

impl Folder {
    /// Makes a project; a folder that holds one already is refused.
    pub async fn create(dir: &Path, settings: &Settings) -> Result<Self, CliError> {
        use std::os::unix::fs::DirBuilderExt;
        let database = dir.join(DATABASE);
        if database.exists() {
            return Err(CliError::Usage {
                reason: format!("{} holds a project already", dir.display()),
                remedy: "Choose another folder, or purge that one first.".to_owned(),
            });
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|error| file_error(dir, error))?;
        let store = Project::open(&database, true).await.map_err(|e| store_error(dir, &e))?;
        let folder = Self { dir: dir.to_owned(), store };
        folder.put_settings(settings).await?;
        if !dir.join(SETTINGS).exists() {
            let text = serde_json::to_string_pretty(&assess::Settings::default())
                .map_err(|error| file_error(&dir.join(SETTINGS), error))?;
            write(&dir.join(SETTINGS), format!("{text}\n").as_bytes())?;
        }
        Ok(folder)
    }

    /// Opens a project.
    pub async fn open(dir: &Path) -> Result<Self, CliError> {
        let database = dir.join(DATABASE);
        if !database.is_file() {
            return Err(CliError::Usage {
                reason: format!("{} is no migration project", dir.display()),
                remedy: format!("Make one: meetpoint migrate init {}", dir.display()),
            });
        }
        let store = Project::open(&database, false).await.map_err(|e| store_error(dir, &e))?;
        Ok(Self { dir: dir.to_owned(), store })
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its database.
    pub fn store(&self) -> &Project {
        &self.store
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }

    async fn document<T: serde::de::DeserializeOwned + Default>(
        &self,
        name: &str,
    ) -> Result<T, CliError> {
        let text = self.store.document(name).await.map_err(|e| store_error(&self.dir, &e))?;
        match text {
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| file_error(&self.dir.join(DATABASE), error)),
            None => Ok(T::default()),
        }
    }

    async fn put<T: serde::Serialize>(&self, name: &str, value: &T) -> Result<(), CliError> {
        let text = serde_json::to_string(value)
            .map_err(|error| file_error(&self.dir.join(DATABASE), error))?;
        self.store.put_document(name, &text).await.map_err(|e| store_error(&self.dir, &e))
    }

    /// What the administrator said of the tenant.
    pub async fn settings(&self) -> Result<Settings, CliError> {
        self.document("settings").await
    }

    /// Keeps it.
    pub async fn put_settings(&self, settings: &Settings) -> Result<(), CliError> {
        self.put("settings", settings).await
    }

    /// Remembered mappings.
    pub async fn mappings(&self) -> Result<Vec<Mapping>, CliError> {
        self.document("mappings").await
    }

    /// Keeps them.
    pub async fn put_mappings(&self, mappings: &[Mapping]) -> Result<(), CliError> {
        self.put("mappings", &mappings).await
    }

    /// Remembers files that were written where somebody wished.
    pub async fn remember(&self, paths: &[PathBuf]) -> Result<(), CliError> {
        let mut written: BTreeSet<PathBuf> = self.document(WRITTEN).await?;
        let before = written.len();
        written.extend(paths.iter().filter_map(|path| std::fs::canonicalize(path).ok()));
        if written.len() == before { Ok(()) } else { self.put(WRITTEN, &written).await }
    }

    /// What the project decides for the verdict.
    pub fn rules(&self) -> Result<assess::Settings, CliError> {
        let path = self.dir.join(SETTINGS);
        if path.exists() { read_json(&path) } else { Ok(assess::Settings::default()) }
    }

    /// The inventory of everything imported, made file by file.
    pub async fn inventory(&self) -> Result<Inventory, CliError> {
        let failed = |error: StoreError| store_error(&self.dir, &error);
        let unreadable =
            |error: &dyn std::fmt::Display| file_error(&self.dir.join(DATABASE), error);
        let settings = self.settings().await?;
        let mut parts: Vec<(i64, ImportedFile)> = Vec::new();
        for part in self.store.parts().await.map_err(failed)? {
            let file = serde_json::from_str(&part.head).map_err(|error| unreadable(&error))?;
            parts.push((part.id, file));
        }
        // The database is read while what came from it is joined, and calls, of which there are
        // most and which nothing else needs yet, beside everything else.
        let mut calls = Calls::new(&settings);
        let (calls_to, mut calls_from) = mpsc::channel::<(CallFile, Rows)>(8);
        let of_calls = tokio::task::spawn_blocking(move || {
            while let Some((file, rows)) = calls_from.blocking_recv() {
                calls.rows(&file, &rows);
            }
            calls
        });
        let (to, mut from) = mpsc::channel::<Imported>(8);
        let joined = tokio::task::spawn_blocking(move || {
            let mut builder = Builder::new(settings);
            let mut id = FileId::default();
            while let Some(imported) = from.blocking_recv() {
                match imported {
                    Imported::File(file, remarks) => id = builder.file(*file, remarks),
                    Imported::Rows(rows) => builder.rows(id, &rows),
                }
            }
            builder
        });
        let given_up = || unreadable(&"the inventory was given up");
        let call_file = |at: usize, file: &ImportedFile| {
            CallFile::of(FileId(u32::try_from(at).unwrap_or(u32::MAX)), file)
        };
        let read_calls = async {
            for (at, (part, file)) in parts.iter().enumerate() {
                let Some(file) = call_file(at, file) else { continue };
                for seq in 0.. {
                    let Some(rows) = self.rows(*part, seq).await? else { break };
                    calls_to.send((file.clone(), rows)).await.map_err(|_| given_up())?;
                }
            }
            drop(calls_to);
            Ok::<(), CliError>(())
        };
        let read_others = async {
            for (at, (part, file)) in parts.iter().enumerate() {
                let mut remarks: Vec<Remark> = Vec::new();
                for seq in 0.. {
                    let body = self.store.chunk(*part, "remarks", seq).await.map_err(failed)?;
                    let Some(body) = body else { break };
                    let more: Vec<Remark> =
                        serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
                    remarks.extend(more);
                }
                let told = Imported::File(Box::new(file.clone()), remarks);
                to.send(told).await.map_err(|_| given_up())?;
                if call_file(at, file).is_some() {
                    continue;
                }
                for seq in 0.. {
                    let Some(rows) = self.rows(*part, seq).await? else { break };
                    to.send(Imported::Rows(rows)).await.map_err(|_| given_up())?;
                }
            }
            drop(to);
            Ok::<(), CliError>(())
        };
        tokio::try_join!(read_calls, read_others)?;
        let mut builder = joined.await.map_err(|error| unreadable(&error))?;
        builder.take_over(of_calls.await.map_err(|error| unreadable(&error))?);
        tokio::task::spawn_blocking(move || builder.finish())
            .await
            .map_err(|error| unreadable(&error))
    }

    /// Some rows of a part; `None` behind the last ones.
    async fn rows(&self, part: i64, seq: i64) -> Result<Option<Rows>, CliError> {
        let body = self.store.chunk(part, "rows", seq).await;
        let body = body.map_err(|error| store_error(&self.dir, &error))?;
        let rows = body.map(|body| Rows::from_bytes(&body)).transpose();
        rows.map_err(|error| file_error(&self.dir.join(DATABASE), error))
    }
}

/// What a purge deletes and what it leaves.
#[derive(Default)]
struct Purge {
    /// Files that this program made in the folder, the database last.
    made: Vec<PathBuf>,
    /// Folders of the folder that hold such files.
    folders: BTreeSet<PathBuf>,
    /// Tables and reports that it wrote elsewhere, as far as they are there still.
    elsewhere: Vec<PathBuf>,
}

impl Purge {
    async fn of(dir: &Path) -> Self {
        let mut purge = Self::default();
        let documents =
            [SETTINGS, ASSESSMENT, BEFORE, BOOK, NEED, CHOICE, REPORT, WORKBOOK].map(PathBuf::from);
        let tables = migrate::export::table_names();
        let tables = tables.iter().map(|name| Path::new("inventory").join(format!("{name}.csv")));
        let mut inside: Vec<PathBuf> = documents.into_iter().chain(tables).collect();
        // A database that cannot be read any more is deleted all the same.
        if let Ok(folder) = Folder::open(dir).await {
            let written: BTreeSet<PathBuf> = folder.document(WRITTEN).await.unwrap_or_default();
            folder.close().await;
            let own = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
            for path in written {
                match path.strip_prefix(&own) {
                    Ok(path) => inside.push(path.to_owned()),
                    Err(_) if path.is_file() => purge.elsewhere.push(path),
                    Err(_) => {}
                }
            }
        }
        // The database last: while it is there, purge can be repeated.
        let database = ["project.db-wal", "project.db-shm", "project.db-journal", DATABASE];
        for path in inside.into_iter().chain(database.map(PathBuf::from)) {
            // What a crash left half written goes too.
            let mut part = path.clone().into_os_string();
            part.push(".part");
            for path in [PathBuf::from(part), path] {
                let known = purge.made.contains(&path);
                if !known && dir.join(&path).symlink_metadata().is_ok_and(|found| !found.is_dir()) {
                    let folders = path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty());
                    purge.folders.extend(folders.map(Path::to_owned));
                    purge.made.push(path);
                }
            }
        }
        purge
    }

    /// What stays in the folder, by its own names.
    fn left(&self, dir: &Path) -> Vec<String> {
        let mut left = Vec::new();
        let mut open = vec![PathBuf::new()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(dir.join(&folder)).into_iter().flatten().flatten() {
                let path = folder.join(entry.file_name());
                if self.folders.contains(&path) {
                    open.push(path);
                } else if !self.made.contains(&path) {
                    left.push(path.display().to_string());
                }
            }
        }
        left.sort();
        left
    }

    fn delete(&self, dir: &Path) -> Result<(), CliError> {
        for name in &self.made {
            let path = dir.join(name);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(file_error(&path, error));
                }
                _ => {}
            }
        }
        // The innermost first; one with somebody's own files stays.
        for folder in self.folders.iter().rev() {
            let _ = std::fs::remove_dir(dir.join(folder));
        }
        if self.left(dir).is_empty() {
            std::fs::remove_dir(dir).map_err(|error| file_error(dir, error))?;
        }
        Ok(())
    }
}

/// Deletes the database and every document made, and the folder if nothing else is in it; a dry
/// run only tells what it would delete.
pub async fn purge(common: &Common, dry_run: bool) -> Result<(), CliError> {
    let dir = &common.project;
    if !dir.join(DATABASE).is_file() {
        return Err(CliError::Usage {
            reason: format!("{} is no migration project", dir.display()),
            remedy: "Name the folder that init made.".to_owned(),
        });
    }
    let purge = Purge::of(dir).await;
    let left = purge.left(dir);
    if !dry_run {
        purge.delete(dir)?;
    }
    let shown = |paths: &[PathBuf]| -> Vec<String> {
        paths.iter().map(|path| path.display().to_string()).collect()
    };
    let (made, elsewhere) = (shown(&purge.made), shown(&purge.elsewhere));
    if common.json {
        return output::json(&serde_json::json!({
            "dry_run": dry_run, "deleted": if dry_run { 0 } else { made.len() },
            "files": made, "left": left, "elsewhere": elsewhere,
        }));
    }
    let mut text = format!(
        "{} {} in {}: {}\n",
        if dry_run { "would delete" } else { "deleted" },
        counted(made.len() as u64, "file", "files"),
        dir.display(),
        made.join(", ")
    );
    text.push_str(&match (left.as_slice(), dry_run) {
        ([], true) => "the folder would be gone; your exports stay\n".to_owned(),
        ([], false) => "the folder is gone; your exports are yours to delete\n".to_owned(),
        (left, _) => format!("not made by this program and left alone: {}\n", left.join(", ")),
    });
    if !elsewhere.is_empty() {
        text.push_str(&format!(
            "written elsewhere from this project, and yours to delete: {}\n",
            elsewhere.join(", ")
        ));
    }
    if dry_run {
        text.push_str("nothing was deleted\n");
    }
    output::print(&output::harmless(&text))
}
