//! What the tests need besides Rust, installed by package name where this machine lacks it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::process::{command, run};

/// A tool, how to see that it is there, and the Debian package that has it.
struct Tool {
    program: &'static str,
    package: &'static str,
}

const TOOLS: [Tool; 6] = [
    Tool {
        program: "npm",
        package: "npm",
    },
    Tool {
        program: "mvn",
        package: "maven",
    },
    Tool {
        program: "java",
        package: "default-jdk-headless",
    },
    Tool {
        program: "python3",
        package: "python3-venv",
    },
    Tool {
        program: "openssl",
        package: "openssl",
    },
    Tool {
        program: "chromium",
        package: "chromium",
    },
];

/// Installs what is missing, or says what to install.
pub fn install() -> anyhow::Result<()> {
    let missing = TOOLS
        .iter()
        .filter(|tool| !is_installed(tool.program))
        .map(|tool| tool.package);
    let missing: Vec<_> = missing.chain(postgres_package()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_installed("apt-get") {
        bail!("installer dette først: {}", missing.join(", "));
    }
    let mut apt = if is_root() {
        command("apt-get")
    } else {
        command("sudo apt-get")
    };
    run(apt.arg("update").arg("-qq"))?;
    let mut apt = if is_root() {
        command("apt-get")
    } else {
        command("sudo apt-get")
    };
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-qq", "--no-install-recommends"]);
    run(apt.args(&missing)).with_context(|| format!("installer selv: {}", missing.join(", ")))
}

fn postgres_package() -> Option<&'static str> {
    crate::postgres::programs().is_none().then_some("postgresql")
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether this process may do everything.
pub fn is_root() -> bool {
    let own = Path::new("/proc/self");
    std::os::unix::fs::MetadataExt::uid(&match own.metadata() {
        Ok(metadata) => metadata,
        Err(_) => return false,
    }) == 0
}

/// A command as another user when this process is root, since some programs refuse root.
pub fn as_user(user: &str, program: &Path) -> Command {
    if is_root() {
        let mut command = command(&format!("runuser -u {user} --"));
        command.arg(program);
        command
    } else {
        Command::new(program)
    }
}
