//! Finished programs and commands for one organisation, ready to copy.
//!
//! Invariant: every value is written as a literal of the language it stands in, so that no path or password can
//! break the program. Builder names are those of KS' clients: `fiks-io-klient-java` 3.5.0 and
//! `KS.Fiks.IO.Client` 7.0.

use askama::Template;
use fiks_core::id::KontoId;

use crate::oppsett::{Adresser, Konto, Oppsett, Organisasjon, Tillit};

/// One way to connect.
pub(crate) struct Example {
    /// The anchor in the page.
    pub(crate) id: &'static str,
    /// Whom it is for.
    pub(crate) title: &'static str,
    /// What to know before use; may be empty.
    pub(crate) note: &'static str,
    /// The name of the file that holds the code.
    pub(crate) file: &'static str,
    /// The code.
    pub(crate) code: String,
}

/// Every way to connect, for an organisation that has a konto to connect with.
pub(crate) fn examples(oppsett: &Oppsett, organisasjon: &Organisasjon) -> askama::Result<Vec<Example>> {
    let Some(konto) = organisasjon.kontoer.first() else {
        return Ok(Vec::new());
    };
    let mottaker = oppsett.mottaker_for(organisasjon).unwrap_or(konto).id;
    let Oppsett {
        adresser,
        tillit,
        dev_json,
        ..
    } = oppsett;
    Ok(vec![
        java(&Java {
            adresser,
            tillit,
            organisasjon,
            konto,
            mottaker,
        })?,
        dotnet(&DotNet {
            adresser,
            organisasjon,
            konto,
            mottaker,
        })?,
        rust(&Rust {
            dev_json,
            organisasjon,
            konto,
            mottaker,
        })?,
        curl(&Curl {
            dev_json,
            adresser,
            organisasjon,
            konto,
            mottaker,
            passord_header: &format!("IntegrasjonPassord: {}", organisasjon.integrasjon.passord),
        })?,
        cli(&Cli {
            dev_json,
            organisasjon,
            mottaker,
        })?,
    ])
}

#[derive(Template)]
#[template(path = "code/java.txt", escape = "none")]
struct Java<'a> {
    adresser: &'a Adresser,
    tillit: &'a Tillit,
    organisasjon: &'a Organisasjon,
    konto: &'a Konto,
    mottaker: KontoId,
}

fn java(template: &Java<'_>) -> askama::Result<Example> {
    Ok(Example {
        id: "java",
        title: "KS’ Java-klient",
        note: "Maven: no.ks.fiks:fiks-io-klient-java:3.5.0. Krever Java 17.",
        file: "FiksLokalt.java",
        code: template.render()?,
    })
}

#[derive(Template)]
#[template(path = "code/dotnet.txt", escape = "none")]
struct DotNet<'a> {
    adresser: &'a Adresser,
    organisasjon: &'a Organisasjon,
    konto: &'a Konto,
    mottaker: KontoId,
}

fn dotnet(template: &DotNet<'_>) -> askama::Result<Example> {
    Ok(Example {
        id: "dotnet",
        title: "KS’ .NET-klient",
        note: "NuGet: KS.Fiks.IO.Client 7.0. Krever .NET 8.",
        file: "Program.cs",
        code: template.render()?,
    })
}

#[derive(Template)]
#[template(path = "code/rust.txt", escape = "none")]
struct Rust<'a> {
    dev_json: &'a str,
    organisasjon: &'a Organisasjon,
    konto: &'a Konto,
    mottaker: KontoId,
}

fn rust(template: &Rust<'_>) -> askama::Result<Example> {
    Ok(Example {
        id: "rust",
        title: "Rust-klient",
        note: "Klienten fiks-klient følger med plattformen.",
        file: "main.rs",
        code: template.render()?,
    })
}

#[derive(Template)]
#[template(path = "code/curl.txt", escape = "none")]
struct Curl<'a> {
    dev_json: &'a str,
    adresser: &'a Adresser,
    organisasjon: &'a Organisasjon,
    konto: &'a Konto,
    mottaker: KontoId,
    passord_header: &'a str,
}

fn curl(template: &Curl<'_>) -> askama::Result<Example> {
    Ok(Example {
        id: "curl",
        title: "curl",
        note: "Innholdet sendes som det er. KS’ klienter venter en kryptert ASiC-E-pakke.",
        file: "send.sh",
        code: template.render()?,
    })
}

#[derive(Template)]
#[template(path = "code/cli.txt", escape = "none")]
struct Cli<'a> {
    dev_json: &'a str,
    organisasjon: &'a Organisasjon,
    mottaker: KontoId,
}

fn cli(template: &Cli<'_>) -> askama::Result<Example> {
    Ok(Example {
        id: "kommandolinje",
        title: "fiks send og fiks lytt",
        note: "Signerer, krypterer og dekrypterer som KS’ klienter.",
        file: "kommandoer.sh",
        code: template.render()?,
    })
}

/// A string in double quotes, as Java, C# and Rust read it alike.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            // No path, password or name has one, and the three languages write them differently.
            control if control.is_control() => {}
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

/// A word as a POSIX shell reads it.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-/:@".contains(character);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Text for a comment, which ends with its line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_holds_whatever_a_path_or_password_has() {
        assert_eq!(quoted(r"C:\fiks\nøkler"), r#""C:\\fiks\\nøkler""#);
        assert_eq!(quoted("a\"b\nc\u{7}"), r#""a\"b\nc""#);
    }

    #[test]
    fn a_shell_word_can_not_start_another_command() {
        assert_eq!(shell_word("/var/fiks/a.p12"), "/var/fiks/a.p12");
        assert_eq!(shell_word("Testvik kommune"), "'Testvik kommune'");
        assert_eq!(shell_word("'; rm -rf ~; '"), r"''\''; rm -rf ~; '\'''");
        assert_eq!(shell_word(""), "''");
    }
}
