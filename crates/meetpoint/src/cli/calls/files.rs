//! Files of call records, and what operators say of how long calls lasted.

use crate::cli::{
    client::{Client, Face, Paging, unreachable},
    error::CliError,
    output::{self, Columns},
};
use api_types::billing::{CallDurationEntry, CallDurationsPush, CallExportCreate};
use clap::{Args, Subcommand};
use reqwest::header;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::PathBuf;
use uuid::Uuid;

/// As many as one push carries; longer files become several.
const ENTRIES: usize = 1000;

/// `meetpoint call export …`.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Take a file: your calls of a time, oldest first, checked against its record
    Take(Take),
    /// Files that were taken, newest first
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// The record of one file
    Show {
        /// The export's id
        export: Uuid,
    },
}

/// `meetpoint call export take`.
#[derive(Debug, Args)]
pub struct Take {
    /// Begun at or after, `2026-11-01T00:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: jiff::Timestamp,
    /// Begun before; not after now
    #[arg(long, value_name = "TIME")]
    until: jiff::Timestamp,
    /// `csv` or `parquet`
    #[arg(long, default_value = "csv")]
    format: String,
    /// Where it is put; a file that is there stays as it is
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// `meetpoint call durations`.
#[derive(Debug, Args)]
pub struct Durations {
    /// A CSV file with a header; `-` is stdin. Columns: call_id, or sip_call_id, or caller, callee
    /// and answered_at; connected_ms, billed_ms, reference
    file: PathBuf,
}

/// `meetpoint call reconcile`.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Begun at or after, `2026-11-01T00:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: jiff::Timestamp,
    /// Begun before
    #[arg(long, value_name = "TIME")]
    until: jiff::Timestamp,
}

const EXPORTS: Columns = &[
    ("TAKEN", "ended_at"),
    ("FROM", "from"),
    ("TO", "to"),
    ("FORMAT", "format"),
    ("CALLS", "rows"),
    ("BYTES", "bytes"),
    ("SHA-256", "sha256"),
    ("BY", "principal"),
    ("ID", "id"),
];
const REFUSED: Columns = &[
    ("ENTRY", "index"),
    ("CODE", "error.code"),
    ("REASON", "error.reason"),
    ("REMEDY", "error.remedy"),
];

async fn path(client: &Client) -> Result<&'static str, CliError> {
    match client.face().await? {
        Face::Operator => Ok("/operator/v1/call-exports"),
        Face::Tenant => Ok("/tenant/v1/call-exports"),
        Face::Programme => {
            Err(CliError::usage("files of call records are tenants' and operators'"))
        }
    }
}

/// Runs `meetpoint call export …`.
pub async fn export(client: &Client, action: Export) -> Result<(), CliError> {
    let path = path(client).await?;
    match action {
        Export::Take(take) => take.run(client, path).await,
        Export::List { paging } => client.list(path, Vec::new(), &paging, EXPORTS).await,
        Export::Show { export } => {
            client.show(&client.get(&format!("{path}/{export}")).await?.body)
        }
    }
}

impl Take {
    /// The file bears its own name only once its record says that it is whole.
    async fn run(self, client: &Client, path: &str) -> Result<(), CliError> {
        let failed = |reason: String| CliError::File { path: self.out.clone(), reason };
        if self.out.exists() {
            return Err(failed("it is there already".to_owned()));
        }
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
        let mut draft =
            tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(error.to_string()))?;
        let asked = CallExportCreate { from: self.since, to: self.until, format: self.format };
        let mut response = client.download(path, &asked).await?;
        let record = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
        let record = record.unwrap_or_default().to_owned();
        let (mut digest, mut bytes) = (Sha256::new(), 0u64);
        while let Some(piece) = response.chunk().await.map_err(|error| unreachable(path, &error))? {
            digest.update(&piece);
            bytes += piece.len() as u64;
            draft.write_all(&piece).map_err(|error| failed(error.to_string()))?;
        }
        let sum: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let record = client.get(&record).await?.body;
        if record["sha256"] != *sum || record["bytes"].as_u64() != Some(bytes) {
            let reason = format!(
                "{bytes} bytes with the SHA-256 {sum} came, the record says {} and {}",
                record["bytes"], record["sha256"]
            );
            return Err(failed(reason));
        }
        draft.as_file().sync_all().map_err(|error| failed(error.to_string()))?;
        draft.persist_noclobber(&self.out).map_err(|error| failed(error.to_string()))?;
        client.show(&record)
    }
}

impl Durations {
    fn entries(&self) -> Result<Vec<CallDurationEntry>, CliError> {
        let failed = |reason: String| CliError::File { path: self.file.clone(), reason };
        let mut bytes = Vec::new();
        if self.file.as_os_str() == "-" {
            std::io::stdin().lock().read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?;
        } else {
            bytes = std::fs::read(&self.file).map_err(|e| failed(e.to_string()))?;
        }
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let entries = reader.deserialize().collect::<Result<Vec<CallDurationEntry>, _>>();
        entries.map_err(|error| failed(error.to_string()))
    }

    /// Runs it.
    pub async fn run(self, client: &Client) -> Result<(), CliError> {
        let entries = self.entries()?;
        let (mut results, mut failed) = (Vec::new(), 0);
        for (nth, some) in entries.chunks(ENTRIES).enumerate() {
            let push = CallDurationsPush { entries: some.to_vec() };
            let mut answer = client.post("/operator/v1/call-durations", &push).await?.body;
            failed += answer["failed"].as_u64().unwrap_or(0);
            for result in answer["results"].as_array_mut().into_iter().flatten() {
                let index = result["index"].as_u64().unwrap_or(0) + (nth * ENTRIES) as u64;
                result["index"] = index.into();
                results.push(result.take());
            }
        }
        if client.json {
            output::json(&Value::from(results))?;
        } else {
            let refused: Vec<Value> = results
                .iter()
                .filter(|result| !result["error"].is_null())
                .map(|result| {
                    serde_json::json!({
                        "index": result["index"], "error.code": result["error"]["code"],
                        "error.reason": result["error"]["reason"],
                        "error.remedy": result["error"]["remedy"],
                    })
                })
                .collect();
            if !refused.is_empty() {
                output::list(&refused, REFUSED)?;
            }
            eprintln!("{} of {} entries are kept", entries.len() as u64 - failed, entries.len());
        }
        if failed > 0 {
            return Err(CliError::Partial {
                reason: format!("{failed} of {} entries failed", entries.len()),
                remedy: "Correct those entries and send them again; the others are kept.",
            });
        }
        Ok(())
    }
}

impl Reconcile {
    /// Runs it.
    pub async fn run(self, client: &Client) -> Result<(), CliError> {
        let query = [("from", self.since.to_string()), ("to", self.until.to_string())];
        client.show(&client.query("/operator/v1/call-reconciliation", &query).await?)
    }
}
