//! Every check, in order. One command runs the same at home and in CI.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::environment::Environment;
use crate::process::{command, run as execute};
use crate::{dev, frontend, fuzz, layering, mistakes, postgres, rules, tools};

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> anyhow::Result<()>,
}

const STEPS: [Step; 11] = [
    Step {
        name: "verktoy",
        what: "installer det testene trenger",
        run: tools::install,
    },
    Step {
        name: "sider",
        what: "hent pakkene sidene bygges av",
        run: || frontend::install("crates/web"),
    },
    Step {
        name: "format",
        what: "kodeformat",
        run: format,
    },
    Step {
        name: "lag",
        what: "avhengigheter peker nedover",
        run: layering::check,
    },
    Step {
        name: "regler",
        what: "hver regel i docs/regler og hver kode i docs/feil.md har en test",
        run: || rules::check().and_then(|()| mistakes::check()),
    },
    Step {
        name: "lint",
        what: "clippy, advarsler er feil",
        run: lint,
    },
    Step {
        name: "dok",
        what: "dokumentasjonen bygger",
        run: documentation,
    },
    Step {
        name: "lisenser",
        what: "lisenser og kilder",
        run: licences,
    },
    Step {
        name: "rust",
        what: "alle Rust-tester, på SQLite og PostgreSQL, disk og S3",
        run: rust,
    },
    Step {
        name: "fremmede",
        what: "KS' Java-klient og Python mot et kjørende testmiljø",
        run: foreign,
    },
    Step {
        name: "nettleser",
        what: "sidene i Chromium, med tilgjengelighetskontroll",
        run: browser,
    },
];

/// Shows the steps.
pub fn list() {
    for step in &STEPS {
        println!("{:<10} {}", step.name, step.what);
    }
}

/// Runs the named steps, or all.
pub fn run(wanted: &[String]) -> anyhow::Result<()> {
    if let Some(unknown) = wanted
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != name.as_str()))
    {
        bail!("ukjent steg «{unknown}»; se «cargo xtask steg»");
    }
    let chosen = STEPS
        .iter()
        .filter(|step| wanted.is_empty() || wanted.iter().any(|name| name == step.name));
    let mut times = Vec::new();
    for step in chosen {
        println!("\n── {}: {}", step.name, step.what);
        let start = Instant::now();
        (step.run)().with_context(|| format!("steget «{}»", step.name))?;
        times.push(format!("{} {} s", step.name, start.elapsed().as_secs()));
    }
    println!("\nAlt i orden: {}", times.join(", "));
    Ok(())
}

fn format() -> anyhow::Result<()> {
    execute(&mut command("cargo fmt --all --check"))?;
    // Workspaces of their own.
    for folder in fuzz::FOLDERS {
        execute(command("cargo fmt --check").current_dir(folder))?;
    }
    Ok(())
}

fn lint() -> anyhow::Result<()> {
    execute(&mut command(
        "cargo clippy --workspace --all-targets -- -D warnings",
    ))?;
    execute(&mut command(
        "cargo clippy -p fiks-blobs --features s3 --all-targets -- -D warnings",
    ))
}

fn documentation() -> anyhow::Result<()> {
    execute(command("cargo doc --workspace --no-deps --quiet").env("RUSTDOCFLAGS", "-D warnings"))
}

/// The version is pinned: a newer one may judge otherwise.
fn licences() -> anyhow::Result<()> {
    let folder = Path::new("target/tools");
    if !folder.join("bin/cargo-deny").exists() {
        let install =
            "cargo install cargo-deny --version 0.20.2 --locked --debug --no-default-features --root";
        execute(
            command(install)
                .arg(folder)
                .env("CARGO_TARGET_DIR", "target/tools/build"),
        )?;
    }
    let check = "--workspace --all-features check --hide-inclusion-graph licenses bans sources";
    execute(command("target/tools/bin/cargo-deny").args(check.split_whitespace()))
}

fn rust() -> anyhow::Result<()> {
    let server = postgres::Server::start()?;
    execute(
        command("cargo test --workspace --no-fail-fast --quiet").env("FIKS_TEST_POSTGRES", server.address()),
    )?;
    // The program is built without it, so the run above does not have it.
    execute(&mut command(
        "cargo test -p fiks-blobs --features s3 --no-fail-fast --quiet",
    ))
}

fn foreign() -> anyhow::Result<()> {
    dev::build()?;
    let environment = Environment::start()?;
    python(&environment)?;
    execute(
        command("mvn -q -B test")
            .current_dir("interop/java")
            .env("FIKS_DEV_JSON", environment.dev_json())
            .env("FIKS_BIN", Environment::binary()),
    )
}

fn python(environment: &Environment) -> anyhow::Result<()> {
    // Not resolved: the link itself says which packages it sees.
    let python = std::env::current_dir()?.join("target/python/bin/python");
    if !python.exists() {
        execute(&mut command("python3 -m venv target/python"))?;
    }
    let install = "-m pip install -q --disable-pip-version-check -r interop/python/requirements.txt";
    execute(std::process::Command::new(&python).args(install.split_whitespace()))?;
    execute(
        std::process::Command::new(python)
            .args(["-m", "pytest", "-q"])
            .current_dir("interop/python")
            .env("FIKS_DEV_JSON", environment.dev_json()),
    )
}

fn browser() -> anyhow::Result<()> {
    frontend::install("interop/browser")?;
    dev::build()?;
    let environment = Environment::start()?;
    execute(
        command("npm test --silent")
            .current_dir("interop/browser")
            .env("FIKS_DEV_JSON", environment.dev_json())
            .env("FIKS_BIN", Environment::binary()),
    )
}
