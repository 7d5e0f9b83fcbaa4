//! `meetpoint migrate`: from a folder of exports to a verdict, without any server.

mod import;
mod project;
mod show;
mod verdict;

use crate::cli::error::CliError;
use crate::cli::output;
use migrate::inventory::{HandResolution, Settings};
use migrate::model::Cloud;
use numbering::Country;
use project::Folder;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which project, and how to answer.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// Folder of the project
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to do with a migration project.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Make a project: a folder with its own database
    Init {
        /// Folder; made where it does not exist
        dir: PathBuf,
        /// Name of the tenant, for reports
        #[arg(long)]
        name: Option<String>,
        /// Country of national numbers, two letters
        #[arg(long, value_name = "CODE")]
        country: Option<String>,
        /// commercial, gcc, gcc_high, dod or china
        #[arg(long, value_name = "CLOUD")]
        cloud: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Import exports: files, or folders with all that is in them
    Import(import::Import),
    /// What the imported files say, joined; as tables with --csv and --xlsx
    Inventory {
        #[command(flatten)]
        common: Common,
        /// Write a CSV file for each table into this folder
        #[arg(long, value_name = "DIR")]
        csv: Option<PathBuf>,
        /// Write all tables into this workbook
        #[arg(long, value_name = "FILE")]
        xlsx: Option<PathBuf>,
        /// List rejected rows, repairs, lost columns and conflicts
        #[arg(long)]
        remarks: bool,
    },
    /// Settle a conflict between two files by hand
    Resolve {
        #[command(flatten)]
        common: Common,
        /// user, number or site
        kind: String,
        /// Which, as `inventory --remarks` shows it
        subject: String,
        /// Field
        field: String,
        /// The value that counts
        value: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Judge: who is ready, who is not, what to fix first
    Assess {
        #[command(flatten)]
        common: Common,
        /// Day of the verdict, today if left out
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<jiff::civil::Date>,
    },
    /// Score operators and find which of them cover the countries
    Operators {
        #[command(flatten)]
        common: Common,
        /// What was found out about operators, JSON; operators.json of the project if left out
        #[arg(long, value_name = "FILE")]
        book: Option<PathBuf>,
        /// What is needed, JSON; need.json of the project, else the countries of the numbers
        #[arg(long, value_name = "FILE")]
        need: Option<PathBuf>,
        /// Day of the verdict, today if left out
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<jiff::civil::Date>,
    },
    /// Write the verdict as one HTML file and a workbook
    Report {
        #[command(flatten)]
        common: Common,
        /// HTML file; report.html of the project if left out, the workbook beside it
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Day of the verdict, today if left out
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<jiff::civil::Date>,
    },
    /// What was imported, and what was made of it
    Status {
        #[command(flatten)]
        common: Common,
    },
    /// Delete everything that was imported, and every document made
    Purge {
        #[command(flatten)]
        common: Common,
        /// Only tell what would be deleted and what would stay
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs a command.
pub async fn run(action: Action) -> ExitCode {
    let as_json = match &action {
        Action::Init { json, .. } => *json,
        Action::Import(import) => import.common.json,
        Action::Inventory { common, .. }
        | Action::Resolve { common, .. }
        | Action::Assess { common, .. }
        | Action::Operators { common, .. }
        | Action::Report { common, .. }
        | Action::Status { common }
        | Action::Purge { common, .. } => common.json,
    };
    let outcome = match action {
        Action::Init { dir, name, country, cloud, json } => {
            init(dir, name, country, cloud, json).await
        }
        Action::Import(import) => import::run(import).await,
        Action::Inventory { common, csv, xlsx, remarks } => {
            show::inventory(common, csv, xlsx, remarks).await
        }
        Action::Resolve { common, kind, subject, field, value, reason } => {
            resolve(common, HandResolution { kind, subject, field, value, reason }).await
        }
        Action::Assess { common, day } => verdict::assess(common, day).await,
        Action::Operators { common, book, need, day } => {
            verdict::operators(common, book, need, day).await
        }
        Action::Report { common, out, day } => verdict::report(common, out, day).await,
        Action::Status { common } => show::status(common).await,
        Action::Purge { common, dry_run } => project::purge(&common, dry_run).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(as_json),
    }
}

/// A count with its word.
fn counted(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn country(code: &str) -> Result<Country, CliError> {
    Country::parse(code.trim())
        .map_err(|error| CliError::usage(format!("--country {code:?}: {error}")))
}

async fn init(
    dir: PathBuf,
    name: Option<String>,
    code: Option<String>,
    cloud: Option<String>,
    json: bool,
) -> Result<(), CliError> {
    let cloud = match cloud.as_deref().map(|word| (word, Cloud::read(word))) {
        Some((word, Cloud::Other)) => {
            let known = "commercial, gcc, gcc_high, dod or china";
            return Err(CliError::usage(format!("--cloud {word:?} is not {known}")));
        }
        told => told.map(|(_, cloud)| cloud),
    };
    let settings = Settings {
        name: name.unwrap_or_default(),
        country: code.as_deref().map(country).transpose()?,
        cloud,
        resolutions: Vec::new(),
    };
    let folder = Folder::create(&dir, &settings).await?;
    folder.close().await;
    if json {
        return output::json(&serde_json::json!({ "project": dir, "settings": settings }));
    }
    let project = dir.display();
    output::print(&format!(
        "made a project in {project}\nnext: meetpoint migrate import --project {project} EXPORTS\n"
    ))
}

async fn resolve(common: Common, hand: HandResolution) -> Result<(), CliError> {
    if hand.reason.trim().is_empty() {
        return Err(CliError::usage("--reason is empty: the report shows it"));
    }
    let folder = Folder::open(&common.project).await?;
    let inventory = folder.inventory().await?;
    let known = inventory.conflicts.iter().find(|conflict| {
        conflict.kind == hand.kind
            && conflict.subject.eq_ignore_ascii_case(&hand.subject)
            && conflict.field == hand.field
    });
    let Some(conflict) = known else {
        return Err(CliError::usage(format!(
            "no conflict of {} {:?} in field {:?}: inventory --remarks lists them",
            hand.kind, hand.subject, hand.field
        )));
    };
    let values: Vec<&str> = conflict.values.iter().map(|value| value.value.as_str()).collect();
    if !values.iter().any(|value| value.eq_ignore_ascii_case(&hand.value)) {
        return Err(CliError::usage(format!(
            "{:?} is none of the values in conflict: {}",
            hand.value,
            values.join(", ")
        )));
    }
    let mut settings = folder.settings().await?;
    settings.resolutions.retain(|own| {
        own.kind != hand.kind
            || !own.subject.eq_ignore_ascii_case(&hand.subject)
            || own.field != hand.field
    });
    settings.resolutions.push(hand.clone());
    folder.put_settings(&settings).await?;
    folder.close().await;
    if common.json {
        return output::json(&serde_json::json!(hand));
    }
    output::print(&format!("{} of {} is {}\n", hand.field, hand.subject, hand.value))
}
