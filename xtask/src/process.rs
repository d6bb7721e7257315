//! Running other programs.

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// A command from a line without quotes.
pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Runs a command with its output shown; fails when it fails.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("kunne ikke starte: {shown}"))?;
    ensure!(status.success(), "{shown} feilet ({status})");
    Ok(())
}

/// What a command prints; fails when it fails.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = show(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("kunne ikke starte: {shown}"))?;
    ensure!(output.status.success(), "{shown} feilet ({})", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
