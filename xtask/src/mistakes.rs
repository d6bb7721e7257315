//! `docs/feil.md` tells what each mistake gets. Every code in its tables must stand in a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::ensure;

const PAGE: &str = "docs/feil.md";
const FOLDERS: [&str; 5] = ["crates", "tjenester", "testmiljo", "klient", "interop"];
const NOT_OURS: [&str; 2] = ["target", "node_modules"];

/// Reads the page and all tests.
pub fn check() -> anyhow::Result<()> {
    let mut tests = String::new();
    for folder in FOLDERS {
        collect(Path::new(folder), &mut tests)?;
    }
    let page = fs::read_to_string(PAGE)?;
    let codes = codes_in(&page);
    let untested: Vec<_> = codes.iter().filter(|code| !tests.contains(**code)).collect();
    ensure!(
        untested.is_empty(),
        "{PAGE} nevner koder som ingen test ser: {untested:?}"
    );
    ensure!(!codes.is_empty(), "fant ingen koder i {PAGE}");
    println!("{} feilkoder i {PAGE}, hver i en test", codes.len());
    Ok(())
}

/// Codes such as `melding.ttl_for_kort` in the rows of tables.
fn codes_in(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    quoted.filter(|text| is_code(text)).collect()
}

fn is_code(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    // AMQP's methods have the same form and are told by their class.
    let is_method = ["basic.", "channel.", "connection."]
        .iter()
        .any(|class| text.starts_with(class));
    !is_method
        && text
            .split_once('.')
            .is_some_and(|(area, name)| word(area) && word(name))
}

fn collect(folder: &Path, tests: &mut String) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() && !NOT_OURS.contains(&name) {
            collect(&path, tests)?;
        } else if let Some(text) = test_text(&path) {
            tests.push_str(&text);
        }
    }
    Ok(())
}

/// A test file whole, of another file what follows `#[cfg(test)]`.
fn test_text(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?;
    let text = match extension {
        "rs" | "java" | "py" | "js" | "ts" => fs::read_to_string(path).ok()?,
        _ => return None,
    };
    let in_folder = |name: &str| path.iter().any(|part| part == name);
    if extension != "rs" || in_folder("tests") || path.ends_with("tests.rs") {
        return Some(text);
    }
    text.split_once("#[cfg(test)]").map(|(_, tests)| tests.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_from_other_words() {
        let page =
            "`a.b` outside\n| x | `konto.ukjent` | `basic.cancel`, `Cargo.toml` or `ttl` | `ko.tom` |\n";
        assert_eq!(
            codes_in(page).into_iter().collect::<Vec<_>>(),
            ["ko.tom", "konto.ukjent"]
        );
    }
}
