//! The project's own commands.
//!
//! `cargo dev [flags]` installs the front-end packages, builds, and starts `fiks dev`.
//! `cargo xtask test` installs what the tests need and runs every check; `cargo xtask test java nettleser` runs some.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod bench;
mod dev;
mod environment;
mod frontend;
mod fuzz;
mod layering;
mod mistakes;
mod postgres;
mod process;
mod rules;
mod steps;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;

const HELP: &str = "cargo xtask dev [flagg til fiks dev]   start testmiljøet (også: cargo dev)
cargo xtask test [steg …]              kontroller og test alt, eller bare noen steg
cargo xtask steg                       vis stegene
cargo xtask bench …                    mål noe som tar lang tid
cargo xtask fuzz [--sekunder N]        la hver parser for fremmede bytes få tilfeldige bytes";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nFeil: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<()> {
    std::env::set_current_dir(root())?;
    match arguments.split_first() {
        Some((command, rest)) if command == "dev" => dev::run(rest),
        Some((command, rest)) if command == "bench" => bench::run(rest),
        Some((command, rest)) if command == "fuzz" => fuzz::run(rest),
        Some((command, rest)) if command == "test" => steps::run(rest),
        Some((command, _)) if command == "steg" => {
            steps::list();
            Ok(())
        }
        _ => bail!("ukjent kommando\n\n{HELP}"),
    }
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
