//! `meetpoint events`.

use super::{
    Global,
    client::Client,
    error::CliError,
    output::{self, cell},
    webhooks::face,
};
use clap::Args;
use serde_json::Value;
use std::time::Duration;

/// Heartbeats come each 10 seconds: who hears none of three is cut off.
const SILENCE: Duration = Duration::from_secs(30);
/// How long to wait before coming again.
const AGAIN: Duration = Duration::from_secs(2);

/// `meetpoint events`.
#[derive(Debug, Args)]
pub struct Events {
    #[command(flatten)]
    global: Global,
    /// Stay and show what happens, also after the connection broke
    #[arg(long)]
    follow: bool,
    /// What follows this event: its id, a time, `start` or `now` [default: now with --follow, else
    /// start]
    #[arg(long)]
    from: Option<String>,
    /// Only events of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
}

impl Events {
    /// Wants JSON.
    pub fn json(&self) -> bool {
        self.global.json
    }

    /// Shows events, a line each.
    pub async fn run(self) -> Result<(), CliError> {
        let client = Client::new(&self.global)?;
        let path = format!("{}/events", face(&client).await?);
        let mut from = self.from.clone();
        let mut has_begun = false;
        loop {
            let mut query = vec![("follow", self.follow.to_string())];
            if !self.types.is_empty() {
                query.push(("type", self.types.join(",")));
            }
            let start = (!self.follow).then(|| "start".to_owned());
            query.extend(from.clone().or(start).map(|from| ("from", from)));
            let read = self.read(&client, &path, &query, &mut from, &mut has_begun).await;
            match read {
                Ok(()) if !self.follow => return Ok(()),
                Err(error) if !self.follow || !has_begun || !may_pass(&error) => {
                    return Err(error);
                }
                // The server stopped, or the network did: it goes on behind the last event.
                Ok(()) | Err(_) => {
                    eprintln!("the stream ended; coming again");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    async fn read(
        &self,
        client: &Client,
        path: &str,
        query: &[(&str, String)],
        from: &mut Option<String>,
        has_begun: &mut bool,
    ) -> Result<(), CliError> {
        let mut response = client.stream(path, query).await?;
        *has_begun = true;
        let broken = |reason: &str| CliError::Unreachable {
            url: path.to_owned(),
            reason: reason.to_owned(),
        };
        let mut reader = Reader::default();
        loop {
            let chunk = tokio::time::timeout(SILENCE, response.chunk()).await;
            let chunk = chunk.map_err(|_| broken("nothing was heard for 30 s"))?;
            let Some(chunk) = chunk.map_err(|_| broken("the connection broke"))? else {
                return Ok(());
            };
            reader.push(&chunk);
            while let Some(data) = reader.next() {
                self.show(&data)?;
            }
            if let Some(last) = &reader.last_id {
                *from = Some(last.clone());
            }
        }
    }

    fn show(&self, data: &str) -> Result<(), CliError> {
        let Ok(event) = serde_json::from_str::<Value>(data) else { return Ok(()) };
        if self.global.json {
            return output::print(&format!("{event}\n"));
        }
        output::print(&format!(
            "{}  {:<24}  {}  [{}]\n",
            cell(&event["timestamp"]),
            cell(&event["type"]),
            cell(&event["data"]),
            cell(&event["id"])
        ))
    }
}

/// Is it a failure that is over some time?
fn may_pass(error: &CliError) -> bool {
    match error {
        CliError::Unreachable { .. } => true,
        CliError::Refused(problem) => problem.status == 503,
        _ => false,
    }
}

/// Reads Server-Sent Events (HTML living standard, section 9.2.6), as far as ours go.
#[derive(Default)]
struct Reader {
    bytes: Vec<u8>,
    id: Option<String>,
    data: String,
    /// Of the last event, or of a comment that said how far the log was read.
    last_id: Option<String>,
}

impl Reader {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next event's data.
    fn next(&mut self) -> Option<String> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]);
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                self.last_id = self.id.clone().or(self.last_id.take());
                let data = std::mem::take(&mut self.data);
                if !data.is_empty() {
                    return Some(data);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => self.id = Some(value.to_owned()),
                "data" => self.data.push_str(value),
                // Comments, the type (which stands in the data too), the time to wait.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_events_however_they_are_cut() {
        let text = "retry: 2000\nid: e-1\nevent: a\ndata: {\"a\":\"ü\"}\n\n: alive\nid: e-3\n\n\
            id: e-4\r\ndata: {}\r\n\r\nid: e-5\ndata: cut";
        for size in 1..text.len() {
            let mut reader = Reader::default();
            let mut seen = Vec::new();
            for part in text.as_bytes().chunks(size) {
                reader.push(part);
                while let Some(data) = reader.next() {
                    seen.push((data, reader.last_id.clone().expect("an id")));
                }
            }
            let expect = [("{\"a\":\"ü\"}", "e-1"), ("{}", "e-4")];
            let expect = expect.map(|(data, id)| (data.to_owned(), id.to_owned()));
            assert_eq!(seen, expect, "by {size} bytes");
            assert_eq!(reader.last_id.as_deref(), Some("e-4"), "a cut event does not count");
        }
    }
}
