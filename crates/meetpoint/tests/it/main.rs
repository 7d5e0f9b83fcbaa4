//! The whole system, as its users have it: the real program, real sockets, and
//! other people's phones.

mod bad_input;
mod baresip;
mod cli;
mod crash;
mod demo;
mod edge;
mod fleet;
mod inside;
mod migrate;
mod nodes;
mod others;
mod policies;
mod process;
mod serve;
mod sip_parse;
#[cfg(feature = "soak")]
mod soak;
mod world;
