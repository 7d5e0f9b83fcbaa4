//! As little of an HTTP client as can be: one connection kept, one request at a time, so that
//! next to nothing of what is measured is the client's.

use crate::Outcome;
use serde_json::Value;
use std::fmt::Write as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection with its caller's token.
pub struct Http {
    stream: TcpStream,
    address: String,
    token: String,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, if the status is a good one.
    pub fn json(&self) -> Outcome<Value> {
        if !(200..300).contains(&self.status) {
            return Err(format!("{}: {}", self.status, String::from_utf8_lossy(&self.body)).into());
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Http {
    /// Connects.
    pub async fn to(address: &str, token: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (address, token) = (address.to_owned(), token.to_owned());
        Ok(Self { stream, address, token, buffer: Vec::with_capacity(1 << 16) })
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        more: &str,
        kind: &str,
        body: &[u8],
    ) -> Outcome<()> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n{more}", self.address);
        if !self.token.is_empty() {
            write!(head, "authorization: Bearer {}\r\n", self.token)?;
        }
        if !body.is_empty() {
            write!(head, "content-type: {kind}\r\ncontent-length: {}\r\n", body.len())?;
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.stream.write_all(&bytes).await?;
        Ok(())
    }

    /// The next answer's head; what follows it stays in the buffer.
    async fn head(&mut self) -> Outcome<(u16, String)> {
        let end = loop {
            let end = self.buffer.windows(4).position(|w| w == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server hung up".into());
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        self.buffer.drain(..end);
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no status")?;
        Ok((status, head))
    }

    async fn answer(&mut self) -> Outcome<Answer> {
        let (status, head) = self.head().await?;
        let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(Ok(0), |text| text.trim().parse())?;
        while self.buffer.len() < length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server hung up".into());
            }
        }
        Ok(Answer { status, body: self.buffer.drain(..length).collect() })
    }

    /// Asks, and waits for the answer.
    pub async fn get(&mut self, path: &str) -> Outcome<Answer> {
        self.send("GET", path, "", "", b"").await?;
        self.answer().await
    }

    /// Sends JSON.
    pub async fn json(&mut self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let bytes = serde_json::to_vec(body)?;
        self.send(method, path, "", "application/json", &bytes).await?;
        self.answer().await?.json().map_err(|error| format!("{method} {path}: {error}").into())
    }

    /// Sends a CSV file.
    pub async fn csv(&mut self, path: &str, bytes: &[u8]) -> Outcome<Value> {
        self.send("POST", path, "", "text/csv", bytes).await?;
        self.answer().await?.json().map_err(|error| format!("POST {path}: {error}").into())
    }

    /// Changes what is at this version.
    pub async fn patch(&mut self, path: &str, version: i64, body: &Value) -> Outcome<Value> {
        let bytes = serde_json::to_vec(body)?;
        let held = format!("if-match: \"{version}\"\r\n");
        self.send("PATCH", path, &held, "application/json", &bytes).await?;
        self.answer().await?.json().map_err(|error| format!("PATCH {path}: {error}").into())
    }

    /// A token for a client.
    pub async fn token(address: &str, id: &str, secret: &str) -> Outcome<String> {
        let mut http = Self::to(address, "").await?;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let kind = "application/x-www-form-urlencoded";
        http.send("POST", "/oauth/token", "", kind, form.as_bytes()).await?;
        let answer = http.answer().await?.json()?;
        Ok(answer["access_token"].as_str().ok_or("no token")?.to_owned())
    }

    /// Opens a body that has no end.
    pub async fn stream(mut self, path: &str) -> Outcome<Stream> {
        self.send("GET", path, "", "", b"").await?;
        let (status, _) = self.head().await?;
        if status != 200 {
            return Err(format!("{path}: {status}").into());
        }
        Ok(Stream { http: self })
    }
}

/// A body in chunks (RFC 9112 section 7.1).
pub struct Stream {
    http: Http,
}

impl Stream {
    /// The next chunk.
    pub async fn next(&mut self) -> Outcome<Vec<u8>> {
        let http = &mut self.http;
        loop {
            if let Some(line) = http.buffer.windows(2).position(|w| w == b"\r\n") {
                let size = usize::from_str_radix(std::str::from_utf8(&http.buffer[..line])?, 16)?;
                if http.buffer.len() >= line + 2 + size + 2 {
                    let chunk = http.buffer[line + 2..line + 2 + size].to_vec();
                    http.buffer.drain(..line + 2 + size + 2);
                    return Ok(chunk);
                }
            }
            if http.stream.read_buf(&mut http.buffer).await? == 0 {
                return Err("the feed ended".into());
            }
        }
    }
}
