//! The faces over HTTP: a real server on a free port over SQLite.

mod access;
mod auth;
mod bodies;
mod compat;
mod connections;
mod edges;
mod events;
mod input;
mod lists;
mod openapi;
mod orders;
mod pages;
mod people;
mod scim;
mod server;
mod shop;
mod tokens;
mod writes;
