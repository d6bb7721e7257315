//! `docs/regler` lists the rules of the real platform and the test that holds each. A row must name at least one test,
//! as `` `path/to/file.rs::name` ``, and every test named must exist.

use std::fs;
use std::path::Path;

use anyhow::ensure;

const FOLDER: &str = "docs/regler";

/// Reads every table in the folder.
pub fn check() -> anyhow::Result<()> {
    let mut faults = Vec::new();
    let mut rows = 0;
    for entry in fs::read_dir(FOLDER)? {
        let file = entry?.path();
        let text = fs::read_to_string(&file)?;
        for (number, row) in rows_of(&text) {
            rows += 1;
            let place = format!("{}:{number}", file.display());
            faults.extend(fault_of(row, exists).map(|fault| format!("{place}: {fault}")));
        }
    }
    ensure!(faults.is_empty(), "regler uten test:\n  {}", faults.join("\n  "));
    ensure!(rows > 0, "fant ingen regler i {FOLDER}");
    println!("{rows} regler, hver med en test");
    Ok(())
}

/// Rows below the head of each table, with their line numbers.
fn rows_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| line.starts_with('|') && !line.starts_with("|-") && !line.starts_with("| Rule"))
}

fn fault_of(row: &str, exists: impl Fn(&str, &str) -> bool) -> Option<String> {
    let mut tests = tests_in(row).peekable();
    if tests.peek().is_none() {
        return Some("raden nevner ingen test".to_owned());
    }
    let missing = tests.find(|(file, name)| !exists(file, name));
    missing.map(|(file, name)| format!("{file} har ingen test «{name}»"))
}

/// The tests that the row's last column names.
fn tests_in(row: &str) -> impl Iterator<Item = (&str, &str)> {
    let column = row.trim_end_matches([' ', '|']).rsplit('|').next();
    let quoted = column.unwrap_or_default().split('`').skip(1).step_by(2);
    quoted.filter_map(|test| test.split_once("::"))
}

fn exists(file: &str, name: &str) -> bool {
    let definition = match Path::new(file)
        .extension()
        .and_then(|extension| extension.to_str())
    {
        Some("rs") => format!("fn {name}("),
        Some("py") => format!("def {name}("),
        Some("java") => format!("void {name}("),
        _ => format!("\"{name}\""),
    };
    fs::read_to_string(file).is_ok_and(|text| text.contains(&definition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_whose_test_is_gone_is_a_fault() {
        let row = "| Acks remove | §8.5 | `a/b.rs::acked`, `c.py::gone` |";
        assert_eq!(
            tests_in(row).collect::<Vec<_>>(),
            [("a/b.rs", "acked"), ("c.py", "gone")]
        );
        assert_eq!(fault_of(row, |_, _| true), None);
        let fault = fault_of(row, |_, name| name == "acked").unwrap();
        assert!(fault.contains("c.py") && fault.contains("«gone»"), "{fault}");
        assert!(fault_of("| Acks remove | §8.5 | |", |_, _| true).is_some());
    }

    #[test]
    fn only_rows_count() {
        let text =
            "# Rules\n\n| Rule | Section | Test |\n|---|---|---|\n| A | 1 | `x.rs::y` |\n\nMore | text\n";
        assert_eq!(rows_of(text).collect::<Vec<_>>(), [(5, "| A | 1 | `x.rs::y` |")]);
    }
}
