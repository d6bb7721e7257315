//! Every parser of foreign bytes against a fuzzer for a while. Not a part of `cargo xtask test`: each folder is built
//! anew with the fuzzer's own flags, which takes minutes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::process::{command, output, run as execute};

const HELP: &str =
    "cargo xtask fuzz [--sekunder N]        la hvert fuzzmål gå i N sekunder (15 når tallet ikke er gitt)";

/// The folders, each with its own workspace and lock file.
pub const FOLDERS: [&str; 2] = ["crates/crypto/fuzz", "crates/amqp/fuzz"];

const SECONDS: u32 = 15;

/// Builds and runs every target; fails at the first finding.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let seconds = seconds(arguments)?;
    let fuzzer = install()?;
    for folder in FOLDERS {
        execute(&mut cargo_fuzz(&fuzzer, folder, "build"))?;
        for target in output(&mut cargo_fuzz(&fuzzer, folder, "list"))?.lines() {
            fuzz(&fuzzer, folder, target, seconds)?;
        }
    }
    Ok(())
}

fn seconds(arguments: &[String]) -> anyhow::Result<u32> {
    match arguments {
        [] => Ok(SECONDS),
        [flag, number] if flag == "--sekunder" => number.parse().with_context(|| HELP.to_owned()),
        _ => bail!("{HELP}"),
    }
}

/// The version is pinned, as the other tools' are.
fn install() -> anyhow::Result<PathBuf> {
    let folder = std::env::current_dir()?.join("target/tools");
    let program = folder.join("bin/cargo-fuzz");
    if !program.exists() {
        let install = "cargo install cargo-fuzz --version 0.13.2 --locked --debug --root";
        execute(
            command(install)
                .arg(&folder)
                .env("CARGO_TARGET_DIR", "target/tools/build"),
        )?;
    }
    Ok(program)
}

/// What the fuzzer finds goes to `target/fuzz/<target>`: the committed inputs are few and stay so.
fn fuzz(fuzzer: &Path, folder: &str, target: &str, seconds: u32) -> anyhow::Result<()> {
    let found = std::env::current_dir()?.join("target/fuzz").join(target);
    std::fs::create_dir_all(&found)?;
    execute(
        cargo_fuzz(fuzzer, folder, "run")
            .arg(target)
            .arg(&found)
            .arg(format!("corpus/{target}"))
            .arg("--")
            .arg(format!("-max_total_time={seconds}"))
            .args([
                "-rss_limit_mb=512",
                "-timeout=10",
                "-verbosity=0",
                "-print_final_stats=1",
            ]),
    )
    .with_context(|| format!("{folder}, {target}"))
}

/// Without a sanitizer: our own code has no `unsafe`, and building takes half the time. `RUSTC_BOOTSTRAP`, since the
/// fuzzer's flags are not stable.
fn cargo_fuzz(fuzzer: &Path, folder: &str, verb: &str) -> std::process::Command {
    let mut program = std::process::Command::new(fuzzer);
    program.arg(verb).current_dir(folder).env("RUSTC_BOOTSTRAP", "1");
    if verb != "list" {
        let builds = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target/fuzz/build");
        program.args(["--sanitizer", "none", "--target-dir"]).arg(builds);
    }
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> anyhow::Result<u32> {
        seconds(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn seconds_are_a_number_or_the_usual_ones() {
        assert_eq!(given(&[]).ok(), Some(SECONDS));
        assert_eq!(given(&["--sekunder", "60"]).ok(), Some(60));
        for wrong in [&["--sekunder"][..], &["--sekunder", "mange"], &["60"]] {
            assert!(given(wrong).is_err(), "{wrong:?}");
        }
    }
}
