//! `migrate import`: files and folders into the project.

use super::project::{Folder, store_error};
use super::{Common, counted, country};
use crate::cli::error::CliError;
use crate::cli::output;
use migrate::import::{self, ImportError, ImportedFile, Mapping, Options, Rows, Sink};
use migrate::model::{Remark, RemarkKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use store::ProjectSource;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Remarks kept together.
const REMARKS: usize = 2000;
/// Files from which on progress is told, and how often: bytes.
const PROGRESS: u64 = 64 << 20;
/// Pieces of a file that may wait for the disk, each of some hundred kilobytes.
const AHEAD: usize = 24;
/// Remarks shown for a file; `inventory --remarks` has all.
const SHOWN: usize = 8;

/// Import exports.
#[derive(Debug, clap::Args)]
pub struct Import {
    #[command(flatten)]
    pub common: Common,
    /// Files, or folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// What the columns of an unknown table mean: KIND:FIELD=COLUMN,FIELD=COLUMN; remembered
    /// for files with the same columns
    #[arg(long, value_name = "MAPPING")]
    map: Option<String>,
    /// Site these files are about
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Country of their national numbers, two letters
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
}

/// How a file was read: another way means reading it again.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct How {
    site: Option<String>,
    country: Option<String>,
    map: Option<String>,
}

/// What became of one part of a file.
#[derive(Debug, Serialize)]
struct Told {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// `imported`, `replaced`, `unchanged`, `refused`.
    status: &'static str,
    rows: u64,
    rejected: u64,
    remarks: Vec<Remark>,
    /// How many remarks there are; `remarks` holds the first of them.
    remark_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<serde_json::Value>,
}

/// From the reading thread to the database.
enum Piece {
    /// The file will be read; it takes the place of its former self or not.
    Source(ProjectSource, bool),
    Begin,
    Rows(Vec<u8>),
    Remarks(Vec<u8>),
    End(String),
    Abandon,
}

/// The reading thread's sink: pieces go through a channel, so that reading and writing overlap.
struct Channel {
    to: mpsc::Sender<Piece>,
    remarks: Vec<Remark>,
    first: Vec<Remark>,
    count: usize,
    told: Vec<Told>,
    columns: Vec<Vec<String>>,
}

impl Channel {
    fn send(&self, piece: Piece) -> Result<(), ImportError> {
        let gone = |_| ImportError::Keep("the project's database does not take it".to_owned());
        self.to.blocking_send(piece).map_err(gone)
    }

    fn flush(&mut self) -> Result<(), ImportError> {
        if self.remarks.is_empty() {
            return Ok(());
        }
        let body = serde_json::to_vec(&std::mem::take(&mut self.remarks))
            .map_err(|error| ImportError::Keep(error.to_string()))?;
        self.send(Piece::Remarks(body))
    }
}

impl Sink for Channel {
    fn begin(&mut self, _name: &str) -> Result<(), ImportError> {
        self.remarks.clear();
        self.first.clear();
        self.count = 0;
        self.send(Piece::Begin)
    }

    fn rows(&mut self, rows: Rows) -> Result<(), ImportError> {
        self.send(Piece::Rows(rows.to_bytes()))
    }

    fn remark(&mut self, remark: Remark) -> Result<(), ImportError> {
        self.count += 1;
        if self.first.len() < 200 {
            self.first.push(remark.clone());
        }
        self.remarks.push(remark);
        if self.remarks.len() >= REMARKS { self.flush() } else { Ok(()) }
    }

    fn end(&mut self, file: ImportedFile) -> Result<(), ImportError> {
        self.flush()?;
        let head =
            serde_json::to_string(&file).map_err(|error| ImportError::Keep(error.to_string()))?;
        self.send(Piece::End(head))?;
        self.columns.push(file.source.columns.clone());
        self.told.push(Told {
            file: file.source.name,
            kind: Some(file.source.kind.word()),
            status: "imported",
            rows: file.source.rows,
            rejected: file.source.rejected,
            remarks: std::mem::take(&mut self.first),
            remark_count: self.count,
            error: None,
        });
        Ok(())
    }

    fn abandon(&mut self, name: &str, error: ImportError) -> Result<(), ImportError> {
        self.send(Piece::Abandon)?;
        self.told.push(Told {
            file: name.to_owned(),
            kind: None,
            status: "refused",
            rows: 0,
            rejected: 0,
            remarks: Vec::new(),
            remark_count: 0,
            error: Some(json!({
                "code": error.code(), "reason": error.to_string(), "remedy": error.remedy()
            })),
        });
        Ok(())
    }
}

/// A file that tells how far it was read.
struct Watched {
    file: File,
    name: String,
    size: u64,
    read: u64,
    said: u64,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        if self.size >= PROGRESS && self.read >= self.said + PROGRESS {
            self.said = self.read;
            eprintln!("{}: {} of {} MB", self.name, self.read >> 20, self.size >> 20);
        }
        Ok(count)
    }
}

impl Seek for Watched {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

/// A file on its way: what was read of it, and how its reading ends.
struct Reading {
    from: mpsc::Receiver<Piece>,
    task: JoinHandle<Result<Outcome, CliError>>,
}

/// How the reading of a file ended.
enum Outcome {
    /// Read: what became of its parts, and the columns of those that were taken.
    Read(Vec<Told>, Vec<Vec<String>>),
    /// The same bytes are known already.
    Unchanged(Told),
    /// It is the file that was still on its way: to be begun again once that is kept.
    Again,
}

/// Begins to read a file in a thread of its own. `known` is what the project has, `under_way`
/// what may soon be in it too.
fn begin(
    path: PathBuf,
    how: String,
    options: Options,
    known: Vec<ProjectSource>,
    under_way: Option<ProjectSource>,
) -> Reading {
    let (to, from) = mpsc::channel(AHEAD);
    let task = tokio::task::spawn_blocking(move || {
        let wrong = |error: std::io::Error| CliError::File {
            path: path.clone(),
            reason: error.to_string(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut file = File::open(&path).map_err(wrong)?;
        let size = file.metadata().map_err(wrong)?.len();
        let sha256 = digest(&mut file).map_err(wrong)?;
        // A relative and an absolute way to one file are the same file.
        let key = path.canonicalize().map_err(wrong)?.to_string_lossy().into_owned();
        if under_way.is_some_and(|other| other.path == key || other.sha256 == sha256) {
            return Ok(Outcome::Again);
        }
        let before = known.iter().find(|source| source.path == key);
        let same = match before {
            // Its former self, if it differs, must go, whatever else has these bytes.
            Some(own) => Some(own).filter(|own| own.sha256 == sha256 && own.options == how),
            None => known.iter().find(|other| other.sha256 == sha256),
        };
        if let Some(source) = same {
            return Ok(Outcome::Unchanged(unchanged(name, source, &key)));
        }
        let source = ProjectSource { path: key, sha256: sha256.clone(), options: how };
        let mut sink = Channel {
            to,
            remarks: Vec::new(),
            first: Vec::new(),
            count: 0,
            told: Vec::new(),
            columns: Vec::new(),
        };
        let failed = |error: ImportError| wrong(std::io::Error::other(error.to_string()));
        sink.send(Piece::Source(source, before.is_some())).map_err(failed)?;
        let watched = Watched { file, name: name.clone(), size, read: 0, said: 0 };
        import::read(&name, &sha256, watched, &options, &mut sink).map_err(failed)?;
        Ok(Outcome::Read(sink.told, sink.columns))
    });
    Reading { from, task }
}

fn unchanged(name: String, known: &ProjectSource, key: &str) -> Told {
    let note = if known.path == key {
        Vec::new()
    } else {
        vec![Remark {
            kind: RemarkKind::Duplicate,
            at: migrate::model::SourceRef::default(),
            code: "same_file".to_owned(),
            message: format!("the same bytes were imported as {}", known.path),
            remedy: String::new(),
        }]
    };
    Told {
        file: name,
        kind: None,
        status: "unchanged",
        rows: 0,
        rejected: 0,
        remark_count: note.len(),
        remarks: note,
        error: None,
    }
}

fn digest(file: &mut File) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All files below some paths, each once, in the order of names.
fn files(paths: &[PathBuf], project: &Path) -> Result<Vec<PathBuf>, CliError> {
    let own = project.canonicalize().ok();
    let mut found = Vec::new();
    let mut waiting: Vec<(PathBuf, usize)> = Vec::new();
    for path in paths {
        let wrong = |error: std::io::Error| CliError::File {
            path: path.clone(),
            reason: error.to_string(),
        };
        let kind = std::fs::metadata(path).map_err(wrong)?;
        if kind.is_dir() {
            waiting.push((path.clone(), 0));
        } else {
            found.push(path.clone());
        }
        while let Some((dir, depth)) = waiting.pop() {
            if dir.canonicalize().ok() == own || depth > 16 {
                continue;
            }
            let wrong = |error: std::io::Error| CliError::File {
                path: dir.clone(),
                reason: error.to_string(),
            };
            let mut inside = Vec::new();
            for entry in std::fs::read_dir(&dir).map_err(wrong)? {
                let entry = entry.map_err(wrong)?;
                let kind = entry.file_type().map_err(wrong)?;
                let hidden = entry.file_name().to_string_lossy().starts_with(['.', '~']);
                if hidden {
                    continue;
                }
                if kind.is_dir() {
                    waiting.push((entry.path(), depth + 1));
                } else if kind.is_file() {
                    inside.push(entry.path());
                }
            }
            found.append(&mut inside);
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Runs the import.
pub async fn run(import: Import) -> Result<(), CliError> {
    let folder = Folder::open(&import.common.project).await?;
    let own = import.map.as_deref().map(Mapping::parse).transpose().map_err(|error| {
        CliError::Usage { reason: error.to_string(), remedy: error.remedy().to_owned() }
    })?;
    let of_country = import.country.as_deref().map(country).transpose()?;
    let how = How {
        site: import.site.clone(),
        country: of_country.map(|country| country.to_string()),
        map: import.map.clone(),
    };
    let how = serde_json::to_string(&how).unwrap_or_default();
    let mut mappings = folder.mappings().await?;
    let paths = files(&import.paths, folder.dir())?;
    let options = Options {
        mappings: own.iter().cloned().chain(mappings.iter().cloned()).collect(),
        site: import.site.clone(),
        country: of_country,
        limits: import::Limits::default(),
    };
    let failed = |error: store::StoreError| store_error(folder.dir(), &error);
    let mut known = folder.store().sources().await.map_err(failed)?;
    let mut told: Vec<Told> = Vec::new();
    let mut ahead: Option<Reading> = None;
    for (at, path) in paths.iter().enumerate() {
        let start = |path: &PathBuf, known: &[ProjectSource], under_way| {
            begin(path.clone(), how.clone(), options.clone(), known.to_vec(), under_way)
        };
        let mut reading = ahead.take().unwrap_or_else(|| start(path, &known, None));
        // The next file is read while this one goes to the disk.
        let mut next = |source: &ProjectSource| {
            ahead = paths.get(at + 1).map(|path| start(path, &known, Some(source.clone())));
        };
        let (mut outcome, mut source) = one(&folder, path, reading, &mut next).await?;
        if matches!(outcome, Outcome::Again) {
            reading = start(path, &known, None);
            (outcome, source) = one(&folder, path, reading, &mut next).await?;
        }
        if let Some(source) = source {
            known.retain(|own| own.path != source.path);
            known.push(source);
        }
        let (mut more, columns) = match outcome {
            Outcome::Read(told, columns) => (told, columns),
            Outcome::Unchanged(told) => (vec![told], Vec::new()),
            Outcome::Again => continue,
        };
        if let Some(own) = &own {
            for columns in columns {
                let signature = import::signature(&columns);
                mappings.retain(|known| known.signature != signature);
                mappings.push(Mapping { signature, ..own.clone() });
            }
            folder.put_mappings(&mappings).await?;
        }
        if !import.common.json {
            more.iter().try_for_each(say)?;
        }
        told.append(&mut more);
    }
    folder.close().await;
    let refused = told.iter().filter(|told| told.status == "refused").count();
    let rejected: u64 = told.iter().map(|told| told.rejected).sum();
    if import.common.json {
        output::json(&json!({ "files": told, "refused": refused, "rejected_rows": rejected }))?;
    } else {
        let files = counted(told.len() as u64, "file", "files");
        let rows = counted(rejected, "row", "rows");
        let mut text = format!("{files}, {refused} refused, {rows} rejected\n");
        if told.len() > refused {
            let project = import.common.project.display();
            text.push_str(&format!("next: meetpoint migrate assess --project {project}\n"));
        }
        output::print(&output::harmless(&text))?;
    }
    if told.is_empty() {
        return Err(CliError::usage("there is no file to import"));
    }
    match refused {
        0 => Ok(()),
        count => Err(CliError::Partial {
            reason: format!("files refused: {count}"),
            remedy: "Mend or leave out the files named above; what was taken need not be imported again.",
        }),
    }
}

/// One file: nothing of it is kept unless all of it is. Answers what was kept, too.
async fn one(
    folder: &Folder,
    path: &Path,
    mut reading: Reading,
    begun: &mut impl FnMut(&ProjectSource),
) -> Result<(Outcome, Option<ProjectSource>), CliError> {
    let failed = |error: store::StoreError| store_error(folder.dir(), &error);
    let mut keeping = None;
    let mut part = None;
    let (mut rows, mut remarks) = (0, 0);
    while let Some(piece) = reading.from.recv().await {
        if let Piece::Source(source, replaces) = piece {
            begun(&source);
            let kept = folder.store().replace(&source).await.map_err(failed)?;
            keeping = Some((kept, source, replaces));
            continue;
        }
        let Some((kept, ..)) = &mut keeping else { continue };
        match (piece, part) {
            (Piece::Begin, _) => {
                part = Some(kept.part().await.map_err(failed)?);
                (rows, remarks) = (0, 0);
            }
            (Piece::Rows(body), Some(id)) => {
                kept.chunk(id, "rows", rows, body).await.map_err(failed)?;
                rows += 1;
            }
            (Piece::Remarks(body), Some(id)) => {
                kept.chunk(id, "remarks", remarks, body).await.map_err(failed)?;
                remarks += 1;
            }
            (Piece::End(head), Some(id)) => {
                kept.describe(id, &head).await.map_err(failed)?;
                part = None;
            }
            (Piece::Abandon, Some(id)) => {
                kept.drop_part(id).await.map_err(failed)?;
                part = None;
            }
            _ => {}
        }
    }
    let mut outcome = reading
        .task
        .await
        .map_err(|error| CliError::File { path: path.to_owned(), reason: error.to_string() })??;
    let (Outcome::Read(told, columns), Some((kept, source, replaces))) = (&mut outcome, keeping)
    else {
        return Ok((outcome, None));
    };
    // A file of which nothing was taken is not remembered: it may be read otherwise next time,
    // and what an earlier version of it said stays.
    if columns.is_empty() {
        drop(kept);
        return Ok((outcome, None));
    }
    kept.commit().await.map_err(failed)?;
    if replaces {
        told.iter_mut().filter(|t| t.status == "imported").for_each(|t| t.status = "replaced");
    }
    Ok((outcome, Some(source)))
}

/// A file in a few lines.
fn say(told: &Told) -> Result<(), CliError> {
    let mut text = match (&told.kind, &told.error) {
        (_, Some(error)) => format!(
            "{}: refused: {}: {}\n  {}\n",
            told.file,
            error["code"].as_str().unwrap_or_default(),
            error["reason"].as_str().unwrap_or_default(),
            error["remedy"].as_str().unwrap_or_default()
        ),
        (Some(kind), None) => {
            let rejected = match told.rejected {
                0 => String::new(),
                count => format!(", {count} rejected"),
            };
            let rows = counted(told.rows, "row", "rows");
            format!("{}: {kind}, {rows}{rejected} ({})\n", told.file, told.status)
        }
        (None, None) => format!("{}: {}\n", told.file, told.status),
    };
    let mut last = "";
    for remark in told.remarks.iter().take(SHOWN) {
        text.push_str(&format!("  row {}: {}: {}\n", remark.at.row, remark.code, remark.message));
        // One command brings several lost columns back: it is said once.
        if !remark.remedy.is_empty() && remark.remedy != last {
            text.push_str(&format!("    {}\n", remark.remedy));
            last = &remark.remedy;
        }
    }
    if told.remark_count > SHOWN {
        text.push_str(&format!(
            "  and {} more: meetpoint migrate inventory --remarks\n",
            told.remark_count - SHOWN
        ));
    }
    output::print(&output::harmless(&text))
}
