//! `migrate assess`, `operators` and `report`.

use super::Common;
use super::project::{
    ASSESSMENT, BEFORE, BOOK, CHOICE, Folder, NEED, REPORT, WORKBOOK, read_json, write, write_json,
};
use crate::cli::error::CliError;
use crate::cli::output;
use jiff::civil::Date;
use migrate::assess::{self, Assessment};
use migrate::model::{Inventory, NumberType};
use migrate::operators::{self, Book, Choice, CountryNeed, Need, Service, Traffic};
use migrate::report::{self, Report};
use numbering::Country;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

fn today(day: Option<Date>) -> Date {
    day.unwrap_or_else(|| jiff::Zoned::now().date())
}

/// Judges.
fn judge(folder: &Folder, inventory: &Inventory, day: Date) -> Result<Assessment, CliError> {
    let settings = folder.rules()?;
    assess::assess(inventory, &settings, day).map_err(|error| CliError::File {
        path: folder.dir().join(super::project::SETTINGS),
        reason: format!("{}: {error}", error.code),
    })
}

/// Keeps the verdict in the project's folder; the one before it stays beside it for the difference.
fn keep(dir: &Path, assessment: &Assessment) -> Result<(), CliError> {
    let (now, before) = (dir.join(ASSESSMENT), dir.join(BEFORE));
    if let Ok(last) = read_json::<Assessment>(&now)
        && last != *assessment
    {
        write_json(&before, &last)?;
    }
    write_json(&now, assessment)
}

/// Who is ready, who is not, what to fix first.
pub async fn assess(common: Common, day: Option<Date>) -> Result<(), CliError> {
    let folder = Folder::open(&common.project).await?;
    // Taken apart by the end of the process: millions of small texts take long one by one.
    let inventory = ManuallyDrop::new(folder.inventory().await?);
    if inventory.files.is_empty() {
        return Err(CliError::usage("nothing is imported yet: there is nothing to judge"));
    }
    let assessment = ManuallyDrop::new(judge(&folder, &inventory, today(day))?);
    let dir = folder.dir().to_owned();
    folder.close().await;
    if common.json {
        // One as large as the other: both at once.
        let (kept, printed) = std::thread::scope(|threads| {
            let kept = threads.spawn(|| keep(&dir, &assessment));
            let printed = output::large_json(&*assessment);
            (kept.join(), printed)
        });
        return kept.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).and(printed);
    }
    keep(&dir, &assessment)?;
    let head = &assessment.headline;
    let mut text = format!("verdict: {}\n", head.verdict.words());
    if assessment.people.is_empty() {
        text.push_str(
            "no account with a number or enterprise voice was found: import Get-CsOnlineUser first\n",
        );
    }
    for (readiness, count) in &head.people {
        text.push_str(&format!("{count:>9}  accounts {}\n", readiness.words()));
    }
    for (readiness, count) in &head.sites {
        text.push_str(&format!("{count:>9}  sites {}\n", readiness.words()));
    }
    text.push_str(&format!(
        "{:>9}  groups that move together, the largest of {}\n",
        head.move_groups, head.largest_group
    ));
    let works = report::worklist(&assessment);
    if !works.is_empty() {
        text.push_str("fix first:\n");
    }
    for work in works.iter().take(10) {
        let what = match work.holds_back {
            _ if work.stops_everybody => "stops everybody, ".to_owned(),
            0 => String::new(),
            accounts => format!("holds back {accounts}, "),
        };
        text.push_str(&format!("  {} ({what}{} found): {}\n", work.code, work.subjects, work.fix));
    }
    text.push_str(&format!(
        "next: meetpoint migrate report --project {}\n",
        common.project.display()
    ));
    output::print(&output::harmless(&text))
}

/// What the tenant needs of operators, by its own numbers: for each country how many numbers
/// of people and of queues and attendants, and toll-free ones.
fn need_of(inventory: &Inventory) -> Need {
    let mut countries: BTreeMap<Country, CountryNeed> = BTreeMap::new();
    for number in &inventory.numbers {
        let Some(country) = number.country else { continue };
        if number.number_type.copied() == Some(NumberType::OperatorConnect) {
            continue;
        }
        let need = countries.entry(country).or_insert_with(|| CountryNeed {
            numbers: 0,
            services: BTreeSet::new(),
            critical: false,
            stay: None,
            traffic: Traffic::default(),
        });
        need.numbers += 1;
        let service = match (number.kind, number.assignment.copied()) {
            (Some(numbering::NumberKind::TollFree), _) => Service::TollFree,
            (_, Some(migrate::model::PstnAssignment::VoiceApplicationAssigned)) => {
                Service::ServiceNumbers
            }
            (_, Some(migrate::model::PstnAssignment::ConferenceAssigned)) => Service::Conferencing,
            _ => Service::UserNumbers,
        };
        need.services.insert(service);
    }
    Need { countries, ..Need::default() }
}

/// Minor units as people write them.
fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor.unsigned_abs() % 100)
}

/// Scores operators and finds the cover.
pub async fn operators(
    common: Common,
    book: Option<PathBuf>,
    need: Option<PathBuf>,
    day: Option<Date>,
) -> Result<(), CliError> {
    let folder = Folder::open(&common.project).await?;
    let own_book = folder.dir().join(BOOK);
    let book_path = book.unwrap_or(own_book.clone());
    if !book_path.is_file() {
        return Err(CliError::Usage {
            reason: format!("there is no {}", book_path.display()),
            remedy: "Write what you know of operators into it, as docs/migration.md shows."
                .to_owned(),
        });
    }
    let book: Book = read_json(&book_path)?;
    let own_need = folder.dir().join(NEED);
    let need: Need = match need {
        Some(path) => read_json(&path)?,
        None if own_need.is_file() => read_json(&own_need)?,
        None => need_of(&folder.inventory().await?),
    };
    let choice = operators::choose(&book, &need, today(day)).map_err(|error| CliError::File {
        path: book_path.clone(),
        reason: format!("{}: {error}", error.code),
    })?;
    if book_path != own_book {
        write_json(&own_book, &book)?;
    }
    write_json(&folder.dir().join(CHOICE), &choice)?;
    folder.close().await;
    if common.json {
        return output::json(&json!({ "choice": choice, "need": need }));
    }
    let mut text = String::new();
    for score in &choice.scores {
        text.push_str(&format!("{:>6.1}  {}\n", score.total, score.operator));
    }
    let list = |operators: &[String]| match operators {
        [] => "nobody".to_owned(),
        operators => operators.join(", "),
    };
    text.push_str(&format!(
        "best cover: {}, {} {} a month\n",
        list(&choice.cover.operators),
        money(choice.cover.monthly),
        book.currency
    ));
    for gone in &choice.cover.uncovered {
        let document = serde_json::to_value(gone).unwrap_or_default();
        text.push_str(&format!("uncovered: {}\n", output::cell(&document)));
    }
    output::print(&output::harmless(&text))
}

/// The verdict as HTML and workbook.
pub async fn report(
    common: Common,
    out: Option<PathBuf>,
    day: Option<Date>,
) -> Result<(), CliError> {
    let folder = Folder::open(&common.project).await?;
    let inventory = folder.inventory().await?;
    if inventory.files.is_empty() {
        return Err(CliError::usage("nothing is imported yet: there is nothing to report"));
    }
    let assessment = judge(&folder, &inventory, today(day))?;
    keep(folder.dir(), &assessment)?;
    let before = folder.dir().join(BEFORE);
    let before: Option<Assessment> = if before.is_file() { read_json(&before).ok() } else { None };
    let (book, choice) = (folder.dir().join(BOOK), folder.dir().join(CHOICE));
    let choice: Option<(Book, Choice)> = if book.is_file() && choice.is_file() {
        Some((read_json(&book)?, read_json(&choice)?))
    } else {
        None
    };
    let name = folder.settings().await?.name;
    let told = inventory.tenant.name.text();
    let title = [name.as_str(), told].into_iter().find(|name| !name.is_empty()).unwrap_or("Tenant");
    let report = Report {
        title,
        assessment: &assessment,
        before: before.as_ref(),
        operators: choice.as_ref().map(|(book, choice)| (book, choice)),
        files: &inventory.files,
    };
    let html = out.unwrap_or(folder.dir().join(REPORT));
    let workbook = match html.file_name() {
        Some(name) if name == REPORT => html.with_file_name(WORKBOOK),
        _ => html.with_extension("xlsx"),
    };
    write(&html, report::html(&report).as_bytes())?;
    let bytes = report::workbook(&report)
        .map_err(|error| CliError::File { path: workbook.clone(), reason: error.to_string() })?;
    write(&workbook, &bytes)?;
    folder.remember(&[html.clone(), workbook.clone()]).await?;
    folder.close().await;
    if common.json {
        return output::json(&json!({ "html": html, "workbook": workbook }));
    }
    output::print(&format!("wrote {}\nwrote {}\n", html.display(), workbook.display()))
}
