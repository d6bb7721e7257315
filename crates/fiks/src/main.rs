#![doc = include_str!("../README.md")]

mod cli;
mod commands;
mod dev;
mod openapi;
mod platform;
mod upkeep;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};

/// The program's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(&cli.command);
    match start(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::report(&error);
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(command))
}

/// `FIKS_LOG` chooses what is logged, in the form of `RUST_LOG`.
fn log_to_stderr(command: &Command) {
    // The client reports a lost connection itself, in words for people.
    let standard = if matches!(command, Command::Dev(_)) {
        "info,sea_orm_migration=warn"
    } else {
        "warn,lapin=off"
    };
    let filter = EnvFilter::try_from_env("FIKS_LOG").unwrap_or_else(|_| EnvFilter::new(standard));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
