//! Measurements that take too long for the tests. Results go to docs/benchmarks.md, with the machine they come from.

mod memory;
mod stor;

use anyhow::bail;

const HELP: &str =
    "cargo xtask bench stor [--kort]   én melding på 2 GB (kort: 200 MB), med Rust- og Java-klienten:
                                  hvor mye minne serveren bruker";

/// Runs one measurement.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let brief = arguments.iter().any(|argument| argument == "--kort");
    match arguments.first().map(String::as_str) {
        Some("stor") => stor::run(if brief { 200_000_000 } else { 2_000_000_000 }),
        _ => bail!("ukjent måling\n\n{HELP}"),
    }
}
