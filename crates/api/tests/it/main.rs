//! The faces over HTTP: a real server on a free port over SQLite.

mod auth;
mod input;
mod openapi;
mod pages;
mod server;
mod writes;
