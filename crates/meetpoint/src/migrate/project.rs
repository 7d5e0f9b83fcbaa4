//! A project's folder: its database, its settings, and the documents made.

use super::Common;
use crate::cli::error::CliError;
use crate::cli::output;
use migrate::assess;
use migrate::import::{ImportedFile, Mapping, Rows};
use migrate::inventory::{Builder, Settings};
use migrate::model::{FileId, Inventory, Remark};
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
    use std::io::Write;
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
        .and_then(|mut file| file.write_all(bytes))
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
        let mut builder = Builder::new(self.settings().await?);
        // The database is read while what came from it is joined.
        let (to, mut from) = mpsc::channel::<Imported>(8);
        let joining = tokio::task::spawn_blocking(move || {
            let mut id = FileId::default();
            while let Some(imported) = from.blocking_recv() {
                match imported {
                    Imported::File(file, remarks) => id = builder.file(*file, remarks),
                    Imported::Rows(rows) => builder.rows(id, &rows),
                }
            }
            builder.finish()
        });
        let gone = |_| unreadable(&"the inventory was given up");
        for part in self.store.parts().await.map_err(failed)? {
            let file: ImportedFile =
                serde_json::from_str(&part.head).map_err(|error| unreadable(&error))?;
            let mut remarks: Vec<Remark> = Vec::new();
            for seq in 0.. {
                let body = self.store.chunk(part.id, "remarks", seq).await.map_err(failed)?;
                let Some(body) = body else { break };
                let more: Vec<Remark> =
                    serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
                remarks.extend(more);
            }
            to.send(Imported::File(Box::new(file), remarks)).await.map_err(gone)?;
            for seq in 0.. {
                let body = self.store.chunk(part.id, "rows", seq).await.map_err(failed)?;
                let Some(body) = body else { break };
                let rows = Rows::from_bytes(&body).map_err(|error| unreadable(&error))?;
                to.send(Imported::Rows(rows)).await.map_err(gone)?;
            }
        }
        drop(to);
        joining.await.map_err(|error| unreadable(&error))
    }
}

/// Deletes the database and every document made, and the folder if nothing else is in it.
pub fn purge(common: &Common) -> Result<(), CliError> {
    let dir = &common.project;
    if !dir.join(DATABASE).is_file() {
        return Err(CliError::Usage {
            reason: format!("{} is no migration project", dir.display()),
            remedy: "Name the folder that init made.".to_owned(),
        });
    }
    let made = [
        DATABASE,
        "project.db-wal",
        "project.db-shm",
        "project.db-journal",
        SETTINGS,
        ASSESSMENT,
        BEFORE,
        BOOK,
        NEED,
        CHOICE,
        REPORT,
        WORKBOOK,
    ];
    let tables = dir.join("inventory");
    let mut gone = 0;
    // The database last: while it is there, purge can be repeated.
    for name in made.iter().rev() {
        let path = dir.join(name);
        match std::fs::remove_file(&path) {
            Ok(()) => gone += 1,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(file_error(&path, error)),
        }
    }
    match std::fs::remove_dir_all(&tables) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(file_error(&tables, error));
        }
        _ => {}
    }
    let left: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    if left.is_empty() {
        std::fs::remove_dir(dir).map_err(|error| file_error(dir, error))?;
    }
    if common.json {
        return output::json(&serde_json::json!({ "deleted": gone, "left": left }));
    }
    let rest = match left.as_slice() {
        [] => "the folder is gone".to_owned(),
        left => format!("not made by this program and left alone: {}", left.join(", ")),
    };
    output::print(&format!("deleted {gone} files; {rest}\n"))
}
