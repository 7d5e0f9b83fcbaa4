//! `meetpoint sip parse`: what a datagram is, as a line of JSON.

use serde_json::{Map, Value, json};
use sip::Limits;
use sip::report::{BodyReport, HeaderReport, Report, StartLineReport, Tree, Verdict};
use std::borrow::Cow;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Commands about SIP messages.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Judge one datagram: a line of JSON; exit status 0 if it is accepted, 1 if not, 2 if
    /// FILE cannot be read
    Parse {
        /// The datagram, byte for byte; `-` for standard input
        file: PathBuf,
    },
}

/// One byte more than any datagram holds is enough to refuse what is no datagram.
const MOST: u64 = 65_536;

/// Runs it.
pub fn run(action: Action) -> ExitCode {
    let Action::Parse { file } = action;
    let outcome = read(&file).and_then(|bytes| {
        let report = Report::of(&bytes, &Limits::default());
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", document(&report)).and_then(|()| out.flush())?;
        Ok(report.verdict)
    });
    match outcome {
        Ok(Verdict::Accept) => ExitCode::SUCCESS,
        Ok(Verdict::Reject) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: file");
            eprintln!("  reason: {}: {error}", file.display());
            eprintln!("  remedy: Name a file with one SIP datagram, or - for standard input.");
            ExitCode::from(2)
        }
    }
}

fn read(file: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(MOST).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(MOST).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Text as JSON can hold it: what is not UTF-8 shows as replacement characters.
fn text(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(bytes).into_owned())
}

fn maybe(bytes: Option<&[u8]>) -> Value {
    bytes.map_or(Value::Null, text)
}

fn document(report: &Report<'_>) -> Value {
    let deviations: Vec<Value> = report
        .deviations
        .iter()
        .map(|d| {
            json!({
                "code": d.code,
                "section": d.rule,
                "field": d.field,
                "reason": d.reason,
                "fatal": d.fatal,
            })
        })
        .collect();
    // A multipart is shown by its parts; its own type stands among the headers.
    let parts = match &report.body {
        None => &[][..],
        Some(body) if body.parts.is_empty() => std::slice::from_ref(body),
        Some(body) => &body.parts,
    };
    json!({
        "verdict": match report.verdict {
            Verdict::Accept => "accept",
            Verdict::Reject => "reject",
        },
        "response_code": report.response_code,
        "refusal": report.refusal.map(|r| json!({ "section": r.rule, "reason": r.reason })),
        "start_line": report.start_line.as_ref().map(start_line),
        "headers": report.headers.iter().map(header).collect::<Vec<_>>(),
        "body_parts": parts.iter().map(part).collect::<Vec<_>>(),
        "deviations": deviations,
    })
}

fn start_line(line: &StartLineReport<'_>) -> Value {
    match line {
        StartLineReport::Request { method, uri, version } => json!({
            "kind": "request",
            "method": text(method),
            "uri": text(uri),
            "version": text(version),
        }),
        StartLineReport::Response { version, status, reason } => json!({
            "kind": "response",
            "version": text(version),
            // A status that is no number is shown as it stands.
            "status": std::str::from_utf8(status)
                .ok()
                .and_then(|s| s.parse::<u64>().ok())
                .map_or_else(|| text(status), Value::from),
            "reason": text(reason),
        }),
    }
}

fn header(header: &HeaderReport<'_>) -> Value {
    json!({
        "name": text(&header.name),
        "written": text(header.written),
        "value": text(&header.value),
        "parsed": header.parsed.as_ref().map(tree),
    })
}

fn part(entity: &BodyReport<'_>) -> Value {
    let shown = std::str::from_utf8(entity.bytes).ok().filter(|t| !t.contains('\0'));
    json!({
        "content_type": entity.media.as_ref().map(tree),
        "disposition": text(entity.disposition),
        "handling_required": entity.required,
        "content_id": maybe(entity.content_id),
        "transfer_encoding": maybe(entity.transfer_encoding),
        "length": entity.bytes.len(),
        // The parts show what a multipart holds.
        "text": shown.filter(|_| entity.parts.is_empty()),
        "parsed": entity.parsed.as_ref().map(tree),
        "parts": entity.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

fn tree(node: &Tree<'_>) -> Value {
    match node {
        Tree::Null => Value::Null,
        Tree::Flag(flag) => Value::Bool(*flag),
        Tree::Number(number) => Value::from(*number),
        Tree::Text(bytes) => text(bytes),
        Tree::List(items) => Value::Array(items.iter().map(tree).collect()),
        Tree::Map(entries) => {
            let key = |k: &Cow<'_, [u8]>| String::from_utf8_lossy(k).into_owned();
            Value::Object(entries.iter().map(|(k, v)| (key(k), tree(v))).collect::<Map<_, _>>())
        }
    }
}
