//! `cargo dev`.

use std::os::unix::process::CommandExt as _;

use crate::frontend;
use crate::process;

/// Installs the front-end packages, builds, and becomes `fiks dev`.
pub fn run(flags: &[String]) -> anyhow::Result<()> {
    frontend::install("crates/web")?;
    build()?;
    let failed = process::command(PROGRAM).arg("dev").args(flags).exec();
    Err(failed.into())
}

/// Where the program is once it is built.
pub const PROGRAM: &str = "target/debug/fiks";

/// Builds the program.
pub fn build() -> anyhow::Result<()> {
    process::run(&mut process::command("cargo build --package fiks"))
}
