//! `meetpoint backup`, `meetpoint restore` and `meetpoint db copy`: straight on the database,
//! without a running Meetpoint.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use store::backup::{Backup, BackupError, TableSum, check};
use store::{OpenError, Store};

/// Which database.
#[derive(clap::Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// sqlite:///path/to/file.db or postgres://user:password@host/name [default: the SQLite file
    /// in the data folder]
    #[arg(long, env = "MEETPOINT_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Folder of the database unless another is named
    #[arg(
        long,
        env = "MEETPOINT_DATA_DIR",
        value_name = "FOLDER",
        default_value = "meetpoint-data"
    )]
    data_dir: PathBuf,
}

impl DatabaseArgs {
    /// Its address.
    pub fn url(self) -> String {
        let file = || format!("sqlite://{}", self.data_dir.join("meetpoint.db").display());
        self.database_url.unwrap_or_else(file)
    }
}

/// Write everything of one moment into a file, while the exchange goes on
#[derive(clap::Args, Clone, Debug)]
pub struct BackupArgs {
    /// The file to write
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Replace a file that is there
    #[arg(long)]
    overwrite: bool,
}

/// Put a backup into a database of either kind; stop every node of it first
#[derive(clap::Args, Clone, Debug)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Replace what the database holds
    #[arg(long)]
    overwrite: bool,
    /// Read and check the backup, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Databases.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum DbAction {
    /// Copy a database into another one, of either kind, and compare; stop every node first
    Copy {
        /// The database to read, as --database-url takes it
        from: String,
        /// The database to write
        to: String,
        /// Replace what the other database holds
        #[arg(long)]
        overwrite: bool,
        /// Read everything, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("database_url_invalid: there is no database {0}. Name one that is there")]
    NoFile(String),
    #[error("database: {0}")]
    Open(#[from] OpenError),
    #[error("{0}")]
    Backup(#[from] BackupError),
}

/// Opens a database to read it: one that is not there is not made.
async fn existing(url: &str) -> Result<Store, Failed> {
    if let Some(file) = url.strip_prefix("sqlite://") {
        let file = file.split('?').next().unwrap_or_default();
        if !Path::new(file).exists() {
            return Err(Failed::NoFile(file.to_owned()));
        }
    }
    Ok(Store::open(url).await?)
}

fn tell(table: &TableSum) {
    if table.rows > 0 {
        eprintln!("{:>12} rows  {}", table.rows, table.name);
    }
}

fn ended(what: &str, outcome: Result<Backup, Failed>) -> ExitCode {
    match outcome {
        Ok(backup) => {
            let rows: u64 = backup.tables.iter().map(|table| table.rows).sum();
            let (tables, position) = (backup.tables.len(), backup.head.position);
            eprintln!("{what}: {rows} rows of {tables} tables, change log at {position}.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("meetpoint: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `meetpoint backup`.
pub async fn backup(args: BackupArgs) -> ExitCode {
    let run = async {
        let store = existing(&args.database.url()).await?;
        let done = store.backup(&args.file, args.overwrite, tell).await;
        store.close().await;
        Ok(done?)
    };
    ended("Backed up", run.await)
}

async fn put(file: &Path, url: &str, overwrite: bool) -> Result<Backup, Failed> {
    let store = Store::open(url).await?;
    let done = store.restore(file, overwrite, tell).await;
    store.close().await;
    Ok(done?)
}

/// `meetpoint restore`.
pub async fn restore(args: RestoreArgs) -> ExitCode {
    if args.dry_run {
        let checked = check(&args.file).map_err(Failed::from);
        if let Ok(backup) = &checked {
            backup.tables.iter().for_each(tell);
        }
        return ended("The backup is whole; nothing was restored", checked);
    }
    ended("Restored and compared", put(&args.file, &args.database.url(), args.overwrite).await)
}

/// `meetpoint db …`.
pub async fn db(action: DbAction) -> ExitCode {
    let DbAction::Copy { from, to, overwrite, dry_run } = action;
    let run = async {
        let folder = tempfile::tempdir().map_err(BackupError::from)?;
        let file = folder.path().join("copy");
        let store = existing(&from).await?;
        let taken = store.backup(&file, false, |_| ()).await;
        store.close().await;
        let taken = taken?;
        if dry_run {
            taken.tables.iter().for_each(tell);
            return Ok(taken);
        }
        put(&file, &to, overwrite).await
    };
    let what = if dry_run { "Read; nothing was copied" } else { "Copied and compared" };
    ended(what, run.await)
}
