//! What a story says about itself: talk on stderr, one line of JSON at the end.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use softphone::PhoneError;

use super::client::Refusal;

/// What a step learnt, shown in its entry whether it went well or not.
#[derive(Debug, Default)]
pub struct Notes(Map<String, Value>);

impl Notes {
    /// Adds a fact.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Adds a fact to a list.
    pub fn push(&mut self, name: &str, value: Value) {
        let list = self.0.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = list {
            items.push(value);
        }
    }
}

/// Why a step failed: what was expected, and what was found.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self(format!("the API refused: {refusal}"))
    }
}

impl From<PhoneError> for Fault {
    fn from(error: PhoneError) -> Self {
        Self(error.to_string())
    }
}

/// Fails the step unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::demo::report::Fault(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;

/// Says where in a story an error came up.
pub trait Context<T> {
    /// Puts `what` before the error.
    fn context(self, what: &str) -> Result<T, Fault>;
}

impl<T, E: Into<Fault>> Context<T> for Result<T, E> {
    fn context(self, what: &str) -> Result<T, Fault> {
        self.map_err(|error| Fault(format!("{what}: {}", error.into())))
    }
}

/// No step may take longer.
const LONGEST_STEP: Duration = Duration::from_secs(28);

/// The report of one story.
#[derive(Debug)]
pub struct Report {
    story: &'static str,
    begun: Instant,
    steps: Vec<Value>,
    failed: bool,
    error: Option<String>,
    facts: Map<String, Value>,
}

impl Report {
    /// Begins.
    pub fn new(story: &'static str) -> Self {
        Self {
            story,
            begun: Instant::now(),
            steps: Vec::new(),
            failed: false,
            error: None,
            facts: Map::new(),
        }
    }

    /// The report of a story that could not begin.
    pub fn stillborn(story: &'static str, fault: Fault) -> Self {
        eprintln!("the story did not begin: {fault}");
        let mut report = Self::new(story);
        report.failed = true;
        report.error = Some(fault.to_string());
        report
    }

    /// Runs one step and writes its entry. `None` if it failed, or a step before
    /// it has.
    pub async fn step<T, F>(&mut self, name: &'static str, step: F) -> Option<T>
    where
        F: AsyncFnOnce(&mut Notes) -> Result<T, Fault>,
    {
        let number = self.steps.len() + 1;
        let begun = Instant::now();
        let mut notes = Notes::default();
        let result = if self.failed {
            Err(Fault("not run: a step before it failed".to_owned()))
        } else {
            within(LONGEST_STEP, step(&mut notes)).await
        };
        let ms = begun.elapsed().as_millis() as u64;
        let mut entry = Map::new();
        entry.insert("step".into(), number.into());
        entry.insert("name".into(), name.into());
        entry.insert("ok".into(), result.is_ok().into());
        entry.insert("ms".into(), ms.into());
        match &result {
            Ok(_) => eprintln!("step {number} {name}: ok ({ms} ms)"),
            Err(fault) => {
                eprintln!("step {number} {name}: FAILED ({ms} ms): {fault}");
                entry.insert("error".into(), fault.to_string().into());
                self.failed = true;
            }
        }
        entry.extend(notes.0);
        self.steps.push(entry.into());
        result.ok()
    }

    /// Adds a fact about the whole story.
    pub fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// Whether every step went well.
    pub fn ok(&self) -> bool {
        !self.failed
    }

    /// The whole report.
    pub fn json(&self) -> Value {
        let mut report = json!({
            "story": self.story,
            "ok": self.ok(),
            "ms": self.begun.elapsed().as_millis() as u64,
            "error": self.error,
            "steps": self.steps,
        });
        if let Value::Object(report) = &mut report {
            report.extend(self.facts.clone());
        }
        report
    }
}

async fn within<T>(
    longest: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(longest, work).await {
        Ok(result) => result,
        Err(_) => Err(Fault(format!("not done within {} ms", longest.as_millis()))),
    }
}

/// Asks again and again until there is an answer.
///
/// # Errors
/// [`Fault`] with `what` when time is up, or the first fault of `ask`.
pub async fn poll<T, F>(what: &str, longest: Duration, mut ask: F) -> Result<T, Fault>
where
    F: AsyncFnMut() -> Result<Option<T>, Fault>,
{
    let deadline = Instant::now() + longest;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "{what} within {} ms", longest.as_millis());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
