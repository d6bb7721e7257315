//! What is published against what the contract files name.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::environment::binary;

/// Method and path, with the names of path parameters left out: those are not on the wire.
pub type Operation = (String, String);

/// Every published operation.
pub fn published() -> BTreeSet<Operation> {
    let output = Command::new(binary()).arg("openapi").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .keys()
            .map(move |method| (method.to_uppercase(), nameless(path)))
    });
    operations.collect()
}

fn nameless(path: &str) -> String {
    let part = |part: &str| {
        if part.starts_with('{') {
            "{}".to_owned()
        } else {
            part.to_owned()
        }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Operations of a contract file, read as text: a path stands at two spaces, a method at four.
fn contract(file: &str) -> Option<BTreeSet<Operation>> {
    let folder = std::env::var_os("FIKS_CONTRACTS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join("openapi").join(file)).ok()?;
    let mut path = String::new();
    let mut operations = BTreeSet::new();
    for line in text.lines().take_while(|line| !line.starts_with("components:")) {
        if let Some(name) = line
            .strip_prefix("  ")
            .filter(|rest| rest.starts_with('/') || rest.starts_with("? /"))
        {
            path = nameless(name.trim_start_matches("? ").trim_end_matches(':'));
        } else if let Some(name) = line.trim_start_matches([' ', ':']).strip_suffix(':')
            && ["get", "put", "post", "patch", "delete"].contains(&name)
            && line.find(name) == Some(4)
        {
            operations.insert((name.to_uppercase(), path.clone()));
        }
    }
    Some(operations)
}

#[test]
fn every_operation_of_the_scope_is_published() {
    let Some(fiksio) = contract("fiks-io.yaml") else {
        eprintln!("not compared with the contract files: they are not here (FIKS_CONTRACTS)");
        return;
    };
    let published = published();
    // Fiks Protokoll comes later; its place in the contract file is the same.
    let wanted: Vec<_> = fiksio
        .into_iter()
        .filter(|(_, path)| !path.starts_with("/fiks-protokoll/"))
        .collect();
    assert!(
        wanted.len() >= 48,
        "the contract file was not understood: {}",
        wanted.len()
    );
    let missing: Vec<_> = wanted
        .iter()
        .filter(|operation| !published.contains(*operation))
        .collect();
    assert!(missing.is_empty(), "not published: {missing:#?}");
    let issuer = contract("maskinporten-testutsteder.yaml").unwrap();
    let issuer: Vec<_> = issuer
        .into_iter()
        .map(|(method, path)| (method, format!("/maskinporten{path}")))
        .collect();
    assert_eq!(issuer.len(), 3);
    assert!(
        issuer.iter().all(|operation| published.contains(operation)),
        "{issuer:?}"
    );
}

#[test]
fn what_is_published_of_other_services_has_the_contracts_paths() {
    let files = [
        "fiks-io.yaml",
        "konfigurasjon.yaml",
        "autorisasjon.yaml",
        "dokumentlager.yaml",
    ];
    let known: Option<Vec<_>> = files.into_iter().map(contract).collect();
    let Some(known) = known else {
        eprintln!("not compared with the contract files: they are not here (FIKS_CONTRACTS)");
        return;
    };
    let known: BTreeSet<_> = known.into_iter().flatten().collect();
    let own = published()
        .into_iter()
        .filter(|(_, path)| !path.starts_with("/maskinporten/"));
    let unknown: Vec<_> = own.filter(|operation| !known.contains(operation)).collect();
    assert!(unknown.is_empty(), "in no contract: {unknown:#?}");
}
