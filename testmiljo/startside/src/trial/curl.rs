//! A call as a command to copy.

use super::{Call, FilledPart, Payload};
use crate::code::shell_word;
use crate::oppsett::Organisasjon;

impl Call<'_> {
    /// The same call for a shell. The token is fetched when it is run, since one written out would soon be too old.
    pub(crate) fn curl(&self) -> String {
        let mut lines = vec![format!(
            "curl -i -X {} {}",
            self.method,
            shell_word(self.url.as_str())
        )];
        if let Some(organisasjon) = self.organisasjon {
            lines.extend(credentials(organisasjon));
        }
        lines.extend(
            self.headers
                .iter()
                .map(|(name, value)| header(&format!("{name}: {value}"))),
        );
        lines.extend(payload(&self.payload));
        lines.join(" \\\n  ")
    }
}

fn header(line: &str) -> String {
    format!("-H {}", shell_word(line))
}

fn credentials(organisasjon: &Organisasjon) -> [String; 3] {
    let name = shell_word(&organisasjon.navn);
    [
        // In double quotes the shell still runs what is in $(…), and the name is a word of its own in there.
        format!("-H \"Authorization: Bearer $(fiks token --organisasjon {name})\""),
        header(&format!("IntegrasjonId: {}", organisasjon.integrasjon.id)),
        header(&format!(
            "IntegrasjonPassord: {}",
            organisasjon.integrasjon.passord
        )),
    ]
}

fn payload(payload: &Payload) -> Vec<String> {
    match payload {
        Payload::None => Vec::new(),
        Payload::Whole { content_type, body } => vec![
            header(&format!("Content-Type: {content_type}")),
            format!("--data-raw {}", shell_word(body)),
        ],
        Payload::Parts(parts) => parts.iter().map(part).collect(),
    }
}

/// In double quotes, curl takes a value with semicolons and commas as it is.
fn part(part: &FilledPart) -> String {
    let FilledPart {
        name,
        content_type,
        value,
        is_file,
    } = part;
    let value = value.replace('\\', r"\\").replace('"', r#"\""#);
    let file = if *is_file {
        format!(";filename={name}")
    } else {
        String::new()
    };
    format!(
        "-F {}",
        shell_word(&format!("{name}=\"{value}\"{file};type={content_type}"))
    )
}
