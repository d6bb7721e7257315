//! Dependencies point downwards only: portaler → tjenester → crates; a service may use another service's crate, never
//! in a circle (cargo refuses circles itself). Test mode's own crates are used by the program alone.

use std::collections::HashMap;

use anyhow::ensure;
use serde_json::Value;

use crate::process::{command, output};

/// The floors, and on which floors each may stand.
const MAY_USE: [(&str, &[&str]); 7] = [
    (
        "crates/fiks",
        &["crates", "tjenester", "portaler", "testmiljo", "klient"],
    ),
    ("crates", &["crates"]),
    ("tjenester", &["crates", "tjenester"]),
    ("portaler", &["crates", "tjenester"]),
    ("testmiljo", &["crates", "tjenester"]),
    ("klient", &["crates"]),
    ("xtask", &[]),
];

/// Reads the manifests and refuses a dependency that points upwards.
pub fn check() -> anyhow::Result<()> {
    let metadata = output(&mut command("cargo metadata --format-version=1 --no-deps"))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let root = metadata
        .get("workspace_root")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let floors: HashMap<&str, String> = packages
        .iter()
        .filter_map(|package| Some((name(package)?, floor(package, root)?)))
        .collect();
    let faults: Vec<String> = packages
        .iter()
        .flat_map(|package| faults(package, &floors))
        .collect();
    ensure!(
        faults.is_empty(),
        "avhengigheter som peker oppover:\n  {}",
        faults.join("\n  ")
    );
    ensure!(floors.len() > 5, "fant ikke pakkene i arbeidsområdet");
    println!("{} pakker, ingen avhengigheter peker oppover", floors.len());
    Ok(())
}

fn name(package: &Value) -> Option<&str> {
    package.get("name")?.as_str()
}

/// `crates/fiks` for the program, else the first folder below the root.
fn floor(package: &Value, root: &str) -> Option<String> {
    let manifest = package.get("manifest_path")?.as_str()?;
    let folder = manifest
        .strip_prefix(root)?
        .trim_start_matches('/')
        .strip_suffix("/Cargo.toml")?;
    let first = folder.split('/').next()?;
    Some(if folder == "crates/fiks" {
        folder.to_owned()
    } else {
        first.to_owned()
    })
}

fn faults(package: &Value, floors: &HashMap<&str, String>) -> Vec<String> {
    let Some((own, from)) = name(package).and_then(|own| Some((own, floors.get(own)?))) else {
        return Vec::new();
    };
    let allowed = MAY_USE
        .iter()
        .find(|(floor, _)| floor == from)
        .map_or(&[][..], |(_, allowed)| allowed);
    let dependencies = package
        .get("dependencies")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let used = dependencies
        .iter()
        .filter_map(|dependency| name(dependency).map(str::to_owned));
    used.filter(|used| used != own)
        .filter_map(|used| Some((floors.get(used.as_str())?.clone(), used)))
        .filter(|(to, _)| !allowed.contains(&to.as_str()))
        .map(|(to, used)| format!("{own} ({from}) bruker {used} ({to})"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, uses: &str) -> Value {
        json!({ "name": name, "dependencies": [{ "name": uses }] })
    }

    #[test]
    fn a_dependency_upwards_is_a_fault() {
        let floors = HashMap::from([
            ("fiks-core", "crates".to_owned()),
            ("fiks-fiksio", "tjenester".to_owned()),
            ("fiks", "crates/fiks".to_owned()),
        ]);
        assert_eq!(faults(&package("fiks-core", "fiks-fiksio"), &floors).len(), 1);
        assert_eq!(faults(&package("fiks-fiksio", "fiks"), &floors).len(), 1);
        assert!(faults(&package("fiks-fiksio", "fiks-core"), &floors).is_empty());
        assert!(faults(&package("fiks", "fiks-fiksio"), &floors).is_empty());
    }
}
