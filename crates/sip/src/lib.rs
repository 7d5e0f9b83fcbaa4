//! SIP without sockets, clocks or threads: bytes and instants go in; bytes, events
//! and the next deadline come out.
//!
//! * [`Parser`] turns bytes into a [`Message`] of borrowed views, allocating
//!   nothing after its first messages.
//! * [`MessageBuilder`] writes requests, responses and near-copies of parsed
//!   messages into a reused buffer.
//! * [`TransactionLayer`] matches messages to transactions, absorbs and makes
//!   retransmissions, acknowledges non-2xx finals, and cancels. The four machines
//!   stand alone in [`transaction`].
//! * [`StreamFramer`] cuts TCP and TLS streams into messages and keep-alives.
//! * [`digest`] challenges, judges and answers; [`SealKeys`] seals dialogs and maps
//!   Call-IDs; [`sdp`] finds where media goes.
//!
//! What stays with the caller: dialogs, the ACK to a 2xx, Max-Forwards reaching 0
//! (483), `Require` (420), unknown schemes (416), and a 100 within 200 ms.
//!
//! ```
//! use sip::{HeaderName, MessageBuilder, Method, Parser};
//!
//! let mut out = Vec::new();
//! MessageBuilder::request(&mut out, Method::Options, b"sip:edge.example")
//!     .via("UDP", "192.0.2.1:5060", b"z9hG4bK1")
//!     .header(HeaderName::MaxForwards, "70")
//!     .header(HeaderName::From, "<sip:probe@a.example>;tag=1")
//!     .header(HeaderName::To, "<sip:edge.example>")
//!     .header(HeaderName::CallId, "ping-1")
//!     .cseq(1, Method::Options)
//!     .finish();
//!
//! let mut parser = Parser::default();
//! let message = parser.parse(&out).unwrap();
//! assert_eq!(message.method(), Method::Options);
//! assert_eq!(message.from_tag(), Some(&b"1"[..]));
//!
//! // The server side: a transaction per request, replies through it.
//! use sip::{Origin, Received, Reliability, TransactionLayer, transaction::Config};
//! let now = std::time::Instant::now();
//! let mut layer = TransactionLayer::new(Config::default(), [7; 16]);
//! let source = "192.0.2.1:5060".parse().unwrap();
//! let origin = Origin { peer: source, reliability: Reliability::Unreliable, source: Some(source) };
//! let mut wire = Vec::new();
//! let mut sink = |to: &std::net::SocketAddr, bytes: &[u8]| wire.push((*to, bytes.to_vec()));
//! let Received::Request { tx } = layer.receive(now, &origin, &message, &mut sink) else { panic!() };
//! layer.reply(now, tx, 200, Some(b"tag2"), &mut sink, |b| b.finish()).unwrap();
//! assert!(wire[0].1.starts_with(b"SIP/2.0 200 OK\r\nVia: "));
//!
//! // The client side: a fresh branch, a buffer out of the pool, a tag that comes back.
//! use sip::{ClientTx, Target};
//! let branch = layer.branch();
//! let mut request = layer.buffer();
//! MessageBuilder::request(&mut request, Method::Options, b"sip:trunk.example")
//!     .via("UDP", "edge.example:5060", branch.as_bytes())
//!     .header(HeaderName::MaxForwards, "70")
//!     .header(HeaderName::From, "<sip:edge.example>;tag=9")
//!     .header(HeaderName::To, "<sip:trunk.example>")
//!     .header(HeaderName::CallId, "ping-2")
//!     .cseq(1, Method::Options)
//!     .finish();
//! let to = Target { peer: source, reliability: Reliability::Unreliable };
//! let mut sink = |to: &std::net::SocketAddr, bytes: &[u8]| wire.push((*to, bytes.to_vec()));
//! let _tx: ClientTx = layer.request(now, to, &branch, request, 77, &mut sink).unwrap();
//! // At `layer.poll_timeout()` call `layer.handle_timeout(now, &mut sink)`, then
//! // drain `layer.poll_event()`.
//! assert!(layer.poll_timeout().is_some());
//! ```
#![forbid(unsafe_code)]

mod base64url;
pub mod build;
pub mod digest;
mod error;
mod hash;
pub mod header;
mod msg;
pub mod multipart;
mod name;
mod pages;
pub mod report;
pub mod sdp;
pub mod seal;
pub mod stream;
pub mod text;
pub mod transaction;
pub mod uri;
mod wheel;

pub use build::{Copy, MessageBuilder, ResponseHead, answer_unparsable, reason_phrase};
pub use error::ParseError;
pub use header::{CSeq, Contact, NameAddr, RAck, Reason, Seconds, Via};
pub use msg::{Header, HeaderResult, Limits, Message, Parser, StartLine};
pub use name::{HeaderName, Method};
pub use pages::Pages;
pub use seal::{SealError, SealKeyError, SealKeys, is_mapped_call_id, shard_of_call_id};
pub use stream::{Frame, StreamFramer};
pub use transaction::{
    Branch, CancelOutcome, ClientTx, Event, Origin, Received, Reliability, ServerTx, Sink, State,
    Target, Timers, TransactionLayer, TxError,
};
pub use uri::{NumberText, SipUri, TelUri, Uri, UriError, UrnUri};
pub use wheel::Wheel;
