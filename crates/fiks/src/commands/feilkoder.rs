//! `fiks feilkoder`: the reference of every failure that a caller can see, from the code itself.

use super::output::line;
use crate::platform::error_kinds;

const HEAD: &str = "# Feilkoder

Laget av `fiks feilkoder`. Hvert svar fra 400 og oppover har koden i `errorCode`, og teksten og rådet i `message`.

| kode | status | hva som er galt | hva du kan gjøre |
|---|---|---|---|";

pub fn run() {
    let mut kinds = error_kinds();
    kinds.sort_by_key(|kind| kind.code);
    kinds.dedup_by_key(|kind| kind.code);
    line(HEAD);
    for kind in kinds {
        line(&format!(
            "| `{}` | {} | {} | {} |",
            kind.code,
            kind.status,
            cell(kind.text),
            cell(kind.remedy)
        ));
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
