//! CSV files that come in: written to a file without a name as they arrive, so that one larger
//! than a document takes no memory, and can be read as often as a transaction runs.

use crate::auth::{idempotency_key, request_hash};
use crate::failure::{Answer, Failure, refuse};
use api_types::ErrorCode;
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use futures_util::StreamExt;
use sha2::Digest;
use std::{fs::File, io::Write};

/// Largest file, bytes: 100,000 rows of 300.
pub const MAX_FILE: u64 = 32 * 1024 * 1024;

/// A file that has come whole.
pub struct Spooled {
    /// Its bytes.
    pub file: File,
    /// The caller's key, bound to method, path, query and every byte.
    pub idempotency_key: Option<(String, [u8; 32])>,
}

/// The body is said to be CSV.
pub fn is_csv(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/csv"))
}

fn unkept(error: &std::io::Error) -> Failure {
    tracing::error!(%error, "a file could not be spooled");
    refuse(ErrorCode::Internal, None, "the file could not be kept while it was read")
}

impl<S: Send + Sync> FromRequest<S> for Spooled {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        if !is_csv(request.headers()) {
            let reason = "the body is to be text/csv";
            return Err(refuse(ErrorCode::UnsupportedMediaType, Some("Content-Type"), reason));
        }
        let key = idempotency_key(request.headers())?;
        let mut hash = request_hash(&request);
        let mut file = tempfile::tempfile().map_err(|error| unkept(&error))?;
        let mut body = request.into_body().into_data_stream();
        let mut size = 0;
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|_broken| {
                refuse(ErrorCode::MalformedCsv, None, "the file could not be read to its end")
            })?;
            size += piece.len() as u64;
            if size > MAX_FILE {
                let reason = format!("the file is larger than {MAX_FILE} bytes");
                return Err(refuse(ErrorCode::BodyTooLarge, None, reason));
            }
            hash.update(&piece);
            file.write_all(&piece).map_err(|error| unkept(&error))?;
        }
        let idempotency_key = key.map(|key| (key, hash.finalize().into()));
        Ok(Self { file, idempotency_key })
    }
}
