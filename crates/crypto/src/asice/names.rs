//! File names in containers: which are allowed, and which are the container's own.

/// What a file is for, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `mimetype`.
    MimeType,
    /// A CAdES manifest, in Java's or .NET's spelling.
    Manifest,
    /// A CAdES signature.
    Signature,
    /// A XAdES signature with its manifest in it.
    Xades,
    /// The OpenDocument manifest, which repeats the names.
    OpenDocument,
    /// Anything else in `META-INF/`.
    Unknown,
    /// Payload.
    Payload,
}

const OWN_FOLDER: &str = "META-INF";

/// What the file is for; `None` when the name is not allowed.
pub(super) fn classify(name: &str, limit: usize) -> Option<Kind> {
    if !is_allowed(name, limit) {
        return None;
    }
    if name == "mimetype" {
        return Some(Kind::MimeType);
    }
    let (folder, rest) = name.split_once('/').unwrap_or((name, ""));
    if !folder.eq_ignore_ascii_case(OWN_FOLDER) {
        return Some(Kind::Payload);
    }
    // Readers differ on other spellings of the folder: for some they would be payload.
    (folder == OWN_FOLDER).then(|| own(&rest.to_ascii_lowercase()))
}

/// Readers know the container's files by these patterns, without regard to case (fiks-io §11.4).
fn own(name: &str) -> Kind {
    let is = |start, end| name.starts_with(start) && name.ends_with(end);
    match name {
        "manifest.xml" => Kind::OpenDocument,
        _ if is("asicmanifest", ".xml") => Kind::Manifest,
        _ if is("signatures", ".xml") => Kind::Xades,
        _ if is("signature", ".p7s") => Kind::Signature,
        _ => Kind::Unknown,
    }
}

/// Relative, without steps upwards, and the same file for every program and in XML.
fn is_allowed(name: &str, limit: usize) -> bool {
    let has_drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let is_text = |c: char| !c.is_control() && !matches!(c, '\\' | '\u{FFFE}' | '\u{FFFF}');
    name.len() <= limit
        && !has_drive
        && name.chars().all(is_text)
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a writer may use the name: payload, and flat, since .NET's reader loses folders (fiks-io §11.4).
pub(super) fn is_writable(name: &str, limit: usize) -> bool {
    classify(name, limit) == Some(Kind::Payload) && !name.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_containers_files_are_known() {
        for (name, kind) in [
            ("mimetype", Kind::MimeType),
            ("META-INF/ASiCManifest.xml", Kind::Manifest),
            ("META-INF/asicmanifest.xml", Kind::Manifest),
            ("META-INF/ASiCManifest1.xml", Kind::Manifest),
            ("META-INF/signature-1.p7s", Kind::Signature),
            ("META-INF/signatures.xml", Kind::Xades),
            ("META-INF/manifest.xml", Kind::OpenDocument),
            ("META-INF/other.txt", Kind::Unknown),
            ("mappe/brev.pdf", Kind::Payload),
            ("søknad æøå.pdf", Kind::Payload),
        ] {
            assert_eq!(classify(name, 512), Some(kind), "{name}");
        }
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let long = "a".repeat(513);
        for name in [
            "",
            "/etc/passwd",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            "a\\b",
            "C:a",
            "a\0b",
            "a\nb",
            "meta-inf/x",
            "META-INF",
            "META-INF/",
            &long,
        ] {
            let kind = classify(name, 512);
            assert!(
                kind.is_none() || kind == Some(Kind::Unknown),
                "{name:?}: {kind:?}"
            );
            assert!(!is_writable(name, 512), "{name:?}");
        }
    }

    #[test]
    fn writers_keep_to_flat_names() {
        assert!(is_writable("brev.pdf", 512));
        assert!(!is_writable("mappe/brev.pdf", 512));
        assert!(!is_writable("mimetype", 512));
        assert!(!is_writable("META-INF/signature.p7s", 512));
    }
}
