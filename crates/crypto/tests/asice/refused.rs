//! What must be refused, each with its own error.

use super::*;

#[test]
fn a_cut_container_is_never_valid() {
    for container in [
        write(&[("a.txt".to_owned(), b"Hei".to_vec())]),
        container(&[FILE], &[FILE], &[]),
    ] {
        for end in 0..container.len() {
            let outcome = read(&container[..end]);
            assert!(
                matches!(outcome, Err(Error::Truncated)),
                "cut at {end}: {:?}",
                outcome.err()
            );
        }
    }
}

#[test]
fn data_after_the_container_is_refused() {
    let mut container = write(&example());
    container.push(0);
    assert!(matches!(error_of(&container), Error::TrailingData));
}

#[test]
fn what_differs_from_the_manifest_is_told() {
    let changed: (&str, &[u8]) = ("fil.txt", b"innhald");
    let other: (&str, &[u8]) = ("annen.txt", b"mer");
    assert!(matches!(
        error_of(&container(&[changed], &[FILE], &[])),
        Error::DigestMismatch { entry: 2 }
    ));
    assert!(matches!(
        error_of(&container(&[other], &[FILE, other], &[])),
        Error::FileMissing { reference: 1 }
    ));
    assert!(matches!(
        error_of(&container(&[FILE, other], &[FILE], &[])),
        Error::NotListed { entry: 3 }
    ));
    assert!(matches!(error_of(&container(&[], &[], &[])), Error::NoFiles));
}

#[test]
fn metadata_must_belong_together() {
    let with = |more: &[(&str, &[u8])]| error_of(&container(&[FILE], &[FILE], more));
    assert!(matches!(
        with(&[("META-INF/notat.txt", b"")]),
        Error::UnknownMetadata { entry: 5 }
    ));
    assert!(matches!(
        with(&[("META-INF/signature-9.p7s", b"")]),
        Error::StraySignature { entry: 5 }
    ));
    let manifest = manifest_of(&[FILE], Some(SIGNATURE));
    let unsigned = zip_of(&[MIMETYPE, FILE, ("META-INF/ASiCManifest.xml", manifest.as_bytes())]);
    assert!(matches!(error_of(&unsigned), Error::SignatureMissing));
    assert!(matches!(
        error_of(&zip_of(&[MIMETYPE, FILE])),
        Error::MissingManifest
    ));
    let xades = zip_of(&[MIMETYPE, FILE, ("META-INF/signatures.xml", b"<a/>")]);
    assert!(matches!(error_of(&xades), Error::XadesOnly));
}

#[test]
fn a_changed_manifest_breaks_the_signature() {
    let manifest = manifest_of(&[FILE], Some(SIGNATURE));
    let signature = sign(&manifest);
    let changed = manifest.replace("<ASiC", " <ASiC");
    let own = [
        ("META-INF/ASiCManifest.xml", changed.as_bytes()),
        (SIGNATURE, &signature[..]),
    ];
    let container = zip_of(&[&[MIMETYPE, FILE], &own[..]].concat());
    assert!(matches!(error_of(&container), Error::SignatureInvalid));
}

#[test]
fn other_archives_are_no_containers() {
    assert!(matches!(error_of(&zip_of(&[FILE])), Error::NotAsice));
    assert!(matches!(
        error_of(&zip_of(&[("mimetype", b"application/zip"), FILE])),
        Error::NotAsice
    ));
    assert!(matches!(error_of(&zip_of(&[])), Error::NotAsice));
    assert!(matches!(error_of(b"%PDF-1.7 "), Error::MalformedZip { .. }));
    assert!(matches!(error_of(b""), Error::Truncated));
}

#[test]
fn dangerous_names_are_refused() {
    for name in [
        "../fil.txt",
        "/fil.txt",
        "a/../../fil.txt",
        "a\\..\\fil.txt",
        "C:\\fil.txt",
        "meta-inf/fil.txt",
    ] {
        let container = patched(name);
        assert!(
            matches!(error_of(&container), Error::FileName { entry: 2 }),
            "{name}"
        );
    }
}

/// A container whose payload file is renamed afterwards in both places, since writers refuse such names.
fn patched(name: &str) -> Vec<u8> {
    let stand_in = "x".repeat(name.len());
    let file: (&str, &[u8]) = (&stand_in, b"innhold");
    let mut container = container(&[file], &[file], &[]);
    replace(&mut container, stand_in.as_bytes(), name.as_bytes());
    container
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    for start in 0..=bytes.len() - from.len() {
        if &bytes[start..start + from.len()] == from {
            bytes[start..start + to.len()].copy_from_slice(to);
        }
    }
}

#[test]
fn directory_and_files_must_tell_the_same_story() {
    let mut renamed = container(&[FILE], &[FILE], &[]);
    let last = renamed
        .windows(7)
        .rposition(|window| window == b"fil.txt")
        .unwrap();
    renamed[last] = b'F';
    assert!(matches!(
        error_of(&renamed),
        Error::MalformedZip {
            reason: "directory of other files",
            ..
        }
    ));
}

#[test]
fn two_files_of_one_name_are_refused() {
    let pair = [("aa.txt", &b"1"[..]), ("bb.txt", b"2")];
    let mut container = container(&pair, &pair, &[]);
    replace(&mut container, b"bb.txt", b"aa.txt");
    assert!(matches!(error_of(&container), Error::DuplicateFile { entry: 3 }));
}

#[test]
fn stored_files_of_unknown_size_and_encrypted_ones_are_refused() {
    let mut container = write(&[("a.txt".to_owned(), b"Hei".to_vec())]);
    container[6] |= 8;
    assert!(matches!(
        error_of(&container),
        Error::MalformedZip {
            reason: "stored file of unknown size",
            ..
        }
    ));
    container[6] = 1;
    assert!(matches!(
        error_of(&container),
        Error::MalformedZip {
            reason: "encrypted file",
            ..
        }
    ));
}

#[test]
fn limits_hold() {
    let container = write(&example());
    let with = |limits| read_with(Reader::with_limits(container.as_slice(), limits)).unwrap_err();
    let all = Limits::default();
    assert!(matches!(
        with(Limits { files: 3, ..all }),
        Error::TooLarge {
            what: "number of files",
            ..
        }
    ));
    assert!(matches!(
        with(Limits { name_bytes: 9, ..all }),
        Error::FileName { entry: 3 }
    ));
    assert!(matches!(
        with(Limits {
            content_bytes: 69_000,
            ..all
        }),
        Error::TooLarge { what: "content", .. }
    ));
    assert!(matches!(
        with(Limits {
            metadata_bytes: 100,
            ..all
        }),
        Error::TooLarge { what: "metadata", .. }
    ));
}

/// 2 MB of one letter pack to some kB.
#[test]
fn bombs_in_the_metadata_do_not_go_off() {
    let bomb = vec![b' '; 2_000_000];
    let container = zip_of(&[MIMETYPE, FILE, ("META-INF/ASiCManifest.xml", &bomb)]);
    assert!(container.len() < 10_000);
    let limits = Limits {
        metadata_bytes: 1_000_000,
        ..Limits::default()
    };
    let outcome = read_with(Reader::with_limits(container.as_slice(), limits));
    assert!(matches!(outcome, Err(Error::TooLarge { what: "metadata", .. })));
}

#[test]
fn after_an_error_the_reader_verifies_nothing() {
    let mut bytes = write(&example());
    bytes.push(0);
    let mut reader = Reader::new(bytes.as_slice());
    let error = loop {
        match reader.next_event() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the data after the end went unnoticed"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::TrailingData));
    assert!(reader.next_event().is_err());
    assert!(matches!(reader.finish(), Err(Error::OutOfOrder(_))));
}

#[test]
fn verifying_before_the_end_is_refused() {
    let container = write(&example());
    let mut reader = Reader::new(container.as_slice());
    reader.next_event().unwrap();
    assert!(matches!(reader.finish(), Err(Error::Truncated)));
}
