//! One very large message, by our client and by KS': the server streams, whatever the size.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::memory::{self, Memory};
use crate::dev;
use crate::environment::Environment;
use crate::process::{command, run as execute};

/// The most that the server may use above what it has at rest (kB).
const ALLOWED: u64 = 150 * 1024;

const SEND: &str = "send --fra Bergheim --til Fjordvik --fil";
/// More than one message may hold.
const TOO_MUCH: u64 = 5 * 1024 * 1024 * 1024 + 1;

/// Sends and receives `bytes` with each client, has more than the limit refused, and shows the server's memory.
pub fn run(bytes: u64) -> anyhow::Result<()> {
    dev::build()?;
    let environment = Environment::start()?;
    let idle = memory::of(environment.process())?;
    println!("I ro: {} MB", idle.now / 1024);
    let outcomes = [
        measure("Rust", bytes, &environment, by_rust)?,
        measure("Java", bytes, &environment, by_java)?,
        measure("avvist", TOO_MUCH, &environment, refused)?,
    ];
    println!("\n| klient | byte | sekunder | mest minne (MB) | over ro (MB) |\n|---|---|---|---|---|");
    for outcome in &outcomes {
        outcome.show(idle);
    }
    let greedy = outcomes.iter().find(|outcome| outcome.above(idle) > ALLOWED);
    ensure!(
        greedy.is_none(),
        "serveren brukte mer enn {} MB over ro",
        ALLOWED / 1024
    );
    Ok(())
}

struct Outcome {
    what: &'static str,
    bytes: u64,
    seconds: u64,
    memory: Memory,
}

impl Outcome {
    fn above(&self, idle: Memory) -> u64 {
        self.memory.peak.saturating_sub(idle.now)
    }

    /// A row for people, and a line for tools on the error stream.
    fn show(&self, idle: Memory) {
        let Self {
            what,
            bytes,
            seconds,
            memory,
        } = self;
        let (peak, above) = (memory.peak / 1024, self.above(idle) / 1024);
        println!("| {what} | {bytes} | {seconds} | {peak} | {above} |");
        let line = serde_json::json!({
            "bench": "stor", "klient": what, "byte": bytes, "sekunder": seconds,
            "roKb": idle.now, "mestKb": memory.peak,
        });
        eprintln!("{line}");
    }
}

fn measure(
    what: &'static str,
    bytes: u64,
    environment: &Environment,
    work: fn(&Environment, u64) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    memory::forget_peak(environment.process())?;
    let start = Instant::now();
    work(environment, bytes)?;
    Ok(Outcome {
        what,
        bytes,
        seconds: start.elapsed().as_secs(),
        memory: memory::of(environment.process())?,
    })
}

/// The command line sends and receives the file, signed and encrypted.
fn by_rust(environment: &Environment, bytes: u64) -> anyhow::Result<()> {
    let folder = environment.folder().join("stor");
    fs::create_dir_all(&folder)?;
    // What is packed already is not packed again.
    let file = folder.join("stor.zip");
    let mut random = File::open("/dev/urandom")?.take(bytes);
    io::copy(&mut random, &mut File::create(&file)?)?;
    let mut listening = fiks(environment, "lytt --organisasjon Fjordvik --antall 1 --mappe")
        .arg(folder.join("ut"))
        .spawn()
        .context("kunne ikke starte fiks lytt")?;
    let sent = execute(fiks(environment, SEND).arg(&file));
    if sent.is_err() {
        let _ = listening.kill();
    }
    ensure!(
        listening.wait()?.success() && sent.is_ok(),
        "fiks send og lytt feilet"
    );
    let received = received(&folder.join("ut"))?;
    execute(Command::new("cmp").arg(&file).arg(received))?;
    Ok(fs::remove_dir_all(folder)?)
}

fn fiks(environment: &Environment, line: &str) -> Command {
    let mut fiks = Command::new(Environment::binary());
    fiks.args(line.split_whitespace())
        .env("FIKS_DEV_JSON", environment.dev_json());
    fiks
}

/// A file of nothing but holes, which is over the limit once it is packed.
fn refused(environment: &Environment, bytes: u64) -> anyhow::Result<()> {
    let file = environment.folder().join("for-stor.zip");
    File::create(&file)?.set_len(bytes)?;
    let output = fiks(environment, SEND).arg(&file).output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    println!("{}", told.trim());
    ensure!(
        !output.status.success() && told.contains("sending.innhold_for_stort"),
        "serveren tok imot {bytes} byte"
    );
    Ok(fs::remove_file(file)?)
}

/// The one file in the one message's folder.
fn received(folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    let message = fs::read_dir(folder)?.next().context("ingenting ble mottatt")??;
    Ok(message.path().join("stor.zip"))
}

fn by_java(environment: &Environment, bytes: u64) -> anyhow::Result<()> {
    execute(
        command("mvn -q -B test -Dtest=StorMelding -Dfork.seconds=7200")
            .arg(format!("-Dfiks.bytes={bytes}"))
            .current_dir("interop/java")
            .env("FIKS_DEV_JSON", environment.dev_json())
            .env("FIKS_BIN", Environment::binary()),
    )
}
