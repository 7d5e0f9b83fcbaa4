//! What users of the library notice.

mod message;
