//! The front-end packages, by their lock file.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::process::{command, run};

/// Written into `node_modules` once it holds what the lock file says.
const INSTALLED: &str = "node_modules/.installed-from-lock";

/// Installs the packages in a folder, unless they are there.
pub fn install(folder: &str) -> anyhow::Result<()> {
    let folder = Path::new(folder);
    let lock = fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("{} mangler package-lock.json", folder.display()))?;
    if fs::read(folder.join(INSTALLED)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(command("npm ci --no-audit --no-fund --loglevel=error").current_dir(folder))
        .context("npm trengs for sidene: installer Node.js 20 eller nyere")?;
    fs::write(folder.join(INSTALLED), lock)?;
    Ok(())
}
