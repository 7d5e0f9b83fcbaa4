//! Writes the exports of a made-up tenant into a folder.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use figment::{Folder, Size, make};

/// Writes the exports of a tenant that never was.
#[derive(Parser)]
struct Arguments {
    /// Folder to write into; made if it is not there.
    folder: PathBuf,
    /// The same seed makes the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The tenant of the bench instead of a small one.
    #[arg(long)]
    bench: bool,
    /// Nothing is put wrong.
    #[arg(long)]
    blameless: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let size = if arguments.bench { Size::BENCH } else { Size::SMALL };
    let made = std::fs::create_dir_all(&arguments.folder).and_then(|()| {
        let mut folder = Folder(arguments.folder.clone());
        make(arguments.seed, &size, !arguments.blameless, &mut folder)
    });
    match made {
        Ok(key) => {
            for planted in &key.planted {
                use std::io::Write as _;
                let line = format!("{} {} {}\n", planted.severity, planted.code, planted.subject);
                // Whoever does not listen any more does not want the key.
                let _ = std::io::stdout().write_all(line.as_bytes());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", arguments.folder.display());
            ExitCode::FAILURE
        }
    }
}
