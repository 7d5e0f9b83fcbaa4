//! What must hold for any bytes at all. A fuzzer feeds these functions what it
//! thinks up, the tests feed them the corpus: both go through the same doors.
//!
//! Each function panics when its property does not hold.
#![forbid(unsafe_code)]

mod messages;
mod snapshots;

pub use messages::{digest, message, multipart, sdp, seal, stream, uri};
pub use snapshots::{FORMS, sample, snapshot};

/// What must hold for any bytes; panics when it does not.
pub type Property = fn(&[u8]);

/// Every property by the name of its fuzz target and corpus folder.
pub const TARGETS: [(&str, Property); 8] = [
    ("message", message),
    ("uri", uri),
    ("sdp", sdp),
    ("multipart", multipart),
    ("digest", digest),
    ("seal", seal),
    ("snapshot", snapshot),
    ("stream", stream),
];
