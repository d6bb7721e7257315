//! A `fiks dev` of the tests' own: in a temporary folder, on free ports, ended with them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::dev::PROGRAM;

/// A start that takes longer than this has failed.
const DEADLINE: Duration = Duration::from_mins(1);

/// A running test environment.
pub struct Environment {
    folder: PathBuf,
    program: Child,
}

impl Environment {
    /// Starts one and waits until it is ready.
    pub fn start() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("fiks-test-{}", std::process::id()));
        let mut command = Command::new(PROGRAM);
        command.arg("dev").arg("--fresh").arg("--data").arg(&folder);
        command.args([
            "--http-port=0",
            "--https-port=0",
            "--amqp-port=0",
            "--amqps-port=0",
        ]);
        let program = command.spawn().context("kunne ikke starte fiks dev")?;
        let mut environment = Self { folder, program };
        environment.await_ready()?;
        Ok(environment)
    }

    /// The file that describes it.
    pub fn dev_json(&self) -> PathBuf {
        self.folder.join("dev.json")
    }

    /// Its own folder, which goes away with it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process id of the running program.
    pub fn process(&self) -> u32 {
        self.program.id()
    }

    /// The program.
    pub fn binary() -> PathBuf {
        Path::new(PROGRAM)
            .canonicalize()
            .unwrap_or_else(|_| PathBuf::from(PROGRAM))
    }

    fn await_ready(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while !self.dev_json().exists() {
            if let Some(status) = self.program.try_wait()? {
                bail!("fiks dev stoppet før det var klart ({status})");
            }
            if start.elapsed() > DEADLINE {
                bail!("fiks dev ble ikke klart i tide");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.program.id().to_string()).status();
        let _ = self.program.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
