//! The whole system, as its users have it.

mod cli;
