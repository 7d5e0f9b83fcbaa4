//! What a command says when it does not succeed.

use api_types::Problem;
use std::{path::PathBuf, process::ExitCode};

/// Why a command failed.
#[derive(Debug)]
pub enum CliError {
    /// Meetpoint refused.
    Refused(Box<Problem>),
    /// Nobody answers, or not as Meetpoint does.
    Unreachable {
        /// Who was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The command cannot be meant so.
    Usage {
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A file of ours or the caller's.
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The work was done and has failed in part; what failed is already on show.
    Partial {
        /// How much failed.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
}

impl CliError {
    /// Wrong usage whose remedy is the help.
    pub fn usage(reason: impl Into<String>) -> Self {
        Self::Usage { reason: reason.into(), remedy: "See the command's --help.".to_owned() }
    }

    /// Says it on stderr: code, field, reason, remedy, in the words of the API.
    pub fn report(&self, as_json: bool) -> ExitCode {
        let (code, field, reason, remedy) = match self {
            Self::Refused(problem) if as_json => {
                let text = serde_json::to_string(problem).expect("a problem is text and a number");
                eprintln!("{text}");
                return self.status();
            }
            Self::Refused(p) => {
                (p.code.as_str(), p.field.clone(), p.reason.clone(), p.remedy.clone())
            }
            Self::Unreachable { url, reason } => (
                "unreachable",
                None,
                format!("{url}: {reason}"),
                "Check the address and that Meetpoint runs there.".to_owned(),
            ),
            Self::Usage { reason, remedy } => ("usage", None, reason.clone(), remedy.clone()),
            Self::File { path, reason } => (
                "file",
                None,
                format!("{}: {reason}", path.display()),
                "Correct or remove the file.".to_owned(),
            ),
            Self::Partial { reason, remedy } => {
                ("partial", None, reason.clone(), (*remedy).to_owned())
            }
        };
        if as_json {
            let document = serde_json::json!(
                { "code": code, "field": field, "reason": reason, "remedy": remedy }
            );
            eprintln!("{document}");
            return self.status();
        }
        let status = match self {
            Self::Refused(problem) => format!(" ({})", problem.status),
            _ => String::new(),
        };
        eprintln!("error: {code}{status}");
        if let Some(field) = field {
            eprintln!("  field:  {field}");
        }
        eprintln!("  reason: {reason}");
        eprintln!("  remedy: {remedy}");
        if let Self::Refused(problem) = self
            && let Some(id) = &problem.request_id
        {
            eprintln!("  request {id}");
        }
        self.status()
    }

    fn status(&self) -> ExitCode {
        match self {
            Self::Usage { .. } => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
