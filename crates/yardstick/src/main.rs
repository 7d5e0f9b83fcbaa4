//! `yardstick`: what the signalling benchmark needs besides the edge itself. It
//! is no part of the product.
//!
//! `floor` is the cheapest thing that can stand in the edge's place, a forwarder
//! that reads nothing; `world` writes what an edge knows of a great exchange.

mod flood;
mod floor;
mod world;

use clap::{Parser, Subcommand};
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures the edge against the kernel's floor and a great exchange.
#[derive(Parser)]
#[command(name = "yardstick", version, max_term_width = 100)]
struct Yardstick {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Forward datagrams between two sides without reading them
    Floor(floor::Args),
    /// Offer an edge under a quota ten times what it can carry
    Flood(flood::Args),
    /// Write the data folder of an edge, and the same numbers for others
    World(WorldArgs),
}

#[derive(clap::Args)]
struct WorldArgs {
    /// Folder to write: edge/ is an edge's data folder, beside it numbers.tsv and calls.csv
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// How many numbers
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    numbers: u32,
    /// Over how many organisations they are spread
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    tenants: u32,
    /// The edge's token, under which secrets stand in its files
    #[arg(long, default_value = "yardstick", env = "MEETPOINT_TOKEN", hide_env_values = true)]
    token: String,
    /// Where the operator's switch calls from
    #[arg(long, default_value = "127.0.0.1:5090", value_name = "ADDRESS:PORT")]
    trunk: SocketAddrV4,
    /// Where every organisation's phone is registered
    #[arg(long, default_value = "127.0.0.1:5070", value_name = "ADDRESS:PORT")]
    phones: SocketAddrV4,
    /// How many lines calls.csv gets
    #[arg(long, default_value_t = 200_000)]
    calls: u32,
}

fn main() -> ExitCode {
    let done = match Yardstick::parse().command {
        Command::Floor(args) => floor::run(&args),
        Command::Flood(args) => flood::run(&args),
        Command::World(args) => world::write(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("yardstick: {error}");
            ExitCode::FAILURE
        }
    }
}
