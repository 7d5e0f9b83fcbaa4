//! The other end of a webhook: a real HTTP server on a free port, and a check of the signature
//! that owes nothing to the code that made it.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One request that came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method and path: `POST /hook`.
    pub line: String,
    /// Header fields by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// A header field, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Does one of its signatures belong to this `whsec_…` secret? By the definitions: HMAC of
    /// RFC 2104 over SHA-256, base64 of RFC 4648, and the Standard Webhooks specification.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = unbase64(secret.strip_prefix("whsec_").expect("a webhook secret"));
        let mut signed =
            format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"))
                .into_bytes();
        signed.extend_from_slice(&self.body);
        let expect = hmac(&key, &signed);
        self.header("webhook-signature")
            .split(' ')
            .filter_map(|one| one.strip_prefix("v1,"))
            .any(|one| unbase64(one) == expect)
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

/// RFC 4648 section 4.
pub fn unbase64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = LETTERS.iter().position(|letter| *letter == byte).expect("base64");
        bits = (bits << 6) | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers with this status.
    Status(u16),
    /// Answers with this status and header fields, `Name: value`.
    With(u16, Vec<String>),
    /// Answers with this status and body.
    Body(u16, Vec<u8>),
    /// Says nothing while the receiver lives.
    Hang,
    /// Closes the connection without an answer.
    Close,
    /// Answers 200 with a body that does not end.
    Endless,
}

/// A server that keeps what came. It ends with this.
pub struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
    over: Arc<AtomicBool>,
}

impl Receiver {
    /// Takes everything.
    pub fn start() -> Self {
        Self::with(|_, _| Reply::Status(204))
    }

    /// Does with each request what it is told; the second argument counts them from 0.
    pub fn with(reply: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::<Mutex<Vec<Received>>>::default();
        let over = Arc::<AtomicBool>::default();
        let reply = Arc::new(reply);
        std::thread::spawn({
            let (seen, over) = (seen.clone(), over.clone());
            move || {
                while let Ok((stream, _)) = listener.accept() {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let (seen, over, reply) = (seen.clone(), over.clone(), reply.clone());
                    std::thread::spawn(move || serve(&stream, &seen, &over, reply.as_ref()));
                }
            }
        });
        Self { address, seen, over }
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where to post to.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What came so far, in the order of its coming.
    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so much has come; panics after 20 seconds. Blocks.
    pub fn wait(&self, count: usize) -> Vec<Received> {
        self.wait_until(&format!("{count} requests"), |seen| seen.len() >= count)
    }

    /// Waits until what came is as wanted.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let seen = self.seen();
            if wanted(&seen) {
                return seen;
            }
            let lines: Vec<_> = seen.iter().map(|r| String::from_utf8_lossy(&r.body)).collect();
            assert!(Instant::now() < deadline, "waited in vain for {what}; came: {lines:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    stream: &TcpStream,
    seen: &Mutex<Vec<Received>>,
    over: &AtomicBool,
    reply: &(impl Fn(&Received, usize) -> Reply + ?Sized),
) {
    let mut reader = BufReader::new(stream);
    let mut out = stream;
    while let Some(request) = read(&mut reader) {
        let count = {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(request.clone());
            seen.len() - 1
        };
        let mut body = Vec::new();
        let (status, headers) = match reply(&request, count) {
            Reply::Status(status) => (status, Vec::new()),
            Reply::With(status, headers) => (status, headers),
            Reply::Body(status, bytes) => {
                body = bytes;
                (status, Vec::new())
            }
            Reply::Close => return,
            Reply::Hang => {
                while !over.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                return;
            }
            Reply::Endless => {
                let mut sent = out.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while sent.is_ok() && !over.load(Ordering::SeqCst) {
                    sent = out.write_all(&[b'x'; 4096]);
                }
                return;
            }
        };
        let mut answer = format!("HTTP/1.1 {status} Status\r\n");
        for header in headers {
            answer += &format!("{header}\r\n");
        }
        if status != 204 {
            answer += &format!("Content-Length: {}\r\n", body.len());
        }
        answer += "\r\n";
        if out.write_all(answer.as_bytes()).and_then(|()| out.write_all(&body)).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = field.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, and the example of the Standard Webhooks libraries.
    #[test]
    fn knows_a_signature() {
        let mac = hmac(b"Jefe", b"what do ya want for nothing?");
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let headers = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ];
        let mut received = Received {
            line: String::new(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body: br#"{"test": 2432232314}"#.to_vec(),
        };
        assert!(received.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert!(!received.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"));
        received.body.push(b' ');
        assert!(!received.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    }
}
