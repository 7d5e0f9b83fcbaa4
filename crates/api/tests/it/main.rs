//! The faces over HTTP.

mod openapi;
