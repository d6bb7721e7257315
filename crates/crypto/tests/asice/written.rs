//! What we write: read again, and by others.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_written_is_read_again(sizes in proptest::collection::vec(0usize..100_000, 1..4)) {
        let files: Files =
            sizes.iter().enumerate().map(|(n, size)| (format!("fil {n}.bin"), content(*size))).collect();
        let (contents, found) = read(&write(&files)).unwrap();
        prop_assert_eq!(found, files.iter().cloned().collect::<BTreeMap<_, _>>());
        prop_assert_eq!(contents.files.len(), files.len());
        prop_assert_eq!(contents.root.as_deref(), Some("fil 0.bin"));
    }

    /// Some octets mean nothing (times, versions, comments): changing them may pass. But then every file is whole.
    #[test]
    fn a_changed_container_is_refused_or_means_the_same(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let files = vec![("brev.txt".to_owned(), b"Hei der".to_vec())];
        let mut container = write(&files);
        let place = place.index(container.len());
        container[place] ^= 1 << bit;
        if let Ok((contents, found)) = read(&container) {
            prop_assert_eq!(found, files.into_iter().collect::<BTreeMap<_, _>>());
            prop_assert_eq!(&contents.signers[0].certificate, identity(0).certificate());
        }
    }

    #[test]
    fn any_bytes_end_in_a_typed_error(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(read(&bytes).is_err());
        let prefixed = [&b"PK\x03\x04"[..], &bytes].concat();
        prop_assert!(read(&prefixed).is_err());
    }
}

#[test]
fn the_report_tells_files_and_signer() {
    let (contents, _) = read(&write(&example())).unwrap();
    assert_eq!(contents.files[0].name, "brev.txt");
    assert_eq!(
        contents.files[0].mime_type.as_deref(),
        Some("application/octet-stream")
    );
    assert_eq!(
        (
            contents.files[0].size,
            contents.files[1].size,
            contents.files[2].size
        ),
        (3, 70_000, 0)
    );
    assert_eq!(contents.files[1].sha256, sha256(&content(70_000)));
    assert_eq!(&contents.signers[0].certificate, identity(0).certificate());
    assert_eq!(contents.signers[0].signed_at, Some(NOW));
}

#[test]
fn the_source_may_come_in_any_pieces() {
    let container = write(&example());
    let (_, found) = read_with(Reader::new(Dripping(&container))).unwrap();
    assert_eq!(found, example().into_iter().collect::<BTreeMap<_, _>>());
}

#[tokio::test]
async fn async_sources_are_read() {
    let container = write(&example());
    let mut reader = Reader::new(Cursor::new(container));
    let mut found: Files = Vec::new();
    while let Some(event) = reader.next_event_async().await.unwrap() {
        match event {
            Event::File { name } => found.push((name.to_owned(), Vec::new())),
            Event::Data(content) => found.last_mut().unwrap().1.extend_from_slice(content),
            Event::FileEnd => {}
        }
    }
    assert_eq!(found, example());
    assert_eq!(reader.finish().unwrap().files.len(), 3);
}

#[test]
fn a_container_in_an_envelope_is_read_through_the_decryptor() {
    let envelope = cms::encrypt(&write(&example()), identity(1).certificate()).unwrap();
    let keys = cms::Keyring::from(identity(1).key().clone());
    let (_, found) = read_with(Reader::new(cms::decrypting_reader(envelope.as_slice(), &keys))).unwrap();
    assert_eq!(found.len(), 3);
    // The container is whole inside, but the envelope isn't.
    let cut = &envelope[..envelope.len() - 1];
    let outcome = read_with(Reader::new(cms::decrypting_reader(cut, &keys)));
    assert!(matches!(outcome, Err(Error::Truncated)), "{outcome:?}");
}

/// Java's reader takes `mimetype` only stored, without descriptor; .NET's wants it first.
#[test]
fn our_containers_have_the_form_that_java_and_dotnet_read() {
    let container = write(&example());
    let flags = u16::from_le_bytes([container[6], container[7]]);
    assert_eq!(flags & 8, 0, "the first file has its sizes in front");
    let mut zip = ZipArchive::new(Cursor::new(&container)).unwrap();
    assert_eq!(zip.comment(), b"mimetype=application/vnd.etsi.asic-e+zip");
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names[..4], ["mimetype", "brev.txt", "vedlegg æøå.bin", "tom.txt"]);
    assert_eq!(names[4], "META-INF/ASiCManifest.xml");
    assert!(names[5].starts_with("META-INF/signature-"));
    assert_eq!(names[6..], ["META-INF/manifest.xml"]);
    let mimetype = zip.by_index(0).unwrap();
    assert_eq!(mimetype.compression(), CompressionMethod::Stored);
    assert_eq!(mimetype.comment(), "mimetype=application/vnd.etsi.asic-e+zip");
    drop(mimetype);
    for (name, expected) in example() {
        let mut found = Vec::new();
        zip.by_name(&name).unwrap().read_to_end(&mut found).unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn openssl_and_unzip_accept_our_containers() {
    let folder = folder(identity(0));
    std::fs::write(folder.path().join("c.asice"), write(&example())).unwrap();
    must(folder.path(), "unzip", &["-t", "c.asice"]);
    let mut zip = ZipArchive::new(std::fs::File::open(folder.path().join("c.asice")).unwrap()).unwrap();
    for (index, name) in [(4, "manifest"), (5, "signature")] {
        let mut file = std::fs::File::create(folder.path().join(name)).unwrap();
        io::copy(&mut zip.by_index(index).unwrap(), &mut file).unwrap();
    }
    let arguments = [
        "cms",
        "-verify",
        "-cades",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "signature",
        "-content",
    ];
    let trust = [
        "manifest",
        "-CAfile",
        "cert.pem",
        "-purpose",
        "any",
        "-partial_chain",
        "-out",
        "out",
    ];
    must(folder.path(), "openssl", &[&arguments[..], &trust].concat());
}

#[test]
fn the_writer_can_be_drained_as_it_goes() {
    let mut writer = Writer::new(Vec::new(), identity(0), NOW, &Random::system()).unwrap();
    let mut container = Vec::new();
    writer.start("stor.bin", "application/octet-stream").unwrap();
    for piece in content(1_000_000).chunks(10_000) {
        writer.write(piece).unwrap();
        container.append(writer.sink_mut());
    }
    writer.end().unwrap();
    container.append(&mut writer.finish().unwrap());
    assert_eq!(read(&container).unwrap().1["stor.bin"], content(1_000_000));
}

/// Packed types are wrapped only; readers see no difference.
#[test]
fn all_media_types_are_read_again() {
    let mut writer = Writer::new(Vec::new(), identity(0), NOW, &Random::system()).unwrap();
    let letters = vec![b'a'; 300_000];
    for (name, mime_type) in [
        ("a.pdf", "application/pdf"),
        ("b.txt", "text/plain"),
        ("c.png", "image/png"),
    ] {
        writer.add(name, mime_type, letters.as_slice()).unwrap();
    }
    let container = writer.finish().unwrap();
    assert!(
        (600_000..620_000).contains(&container.len()),
        "{}",
        container.len()
    );
    let (contents, found) = read(&container).unwrap();
    assert!(found.values().all(|content| *content == letters));
    assert_eq!(contents.files[0].mime_type.as_deref(), Some("application/pdf"));
}

#[test]
fn what_cannot_be_packed_hardly_grows() {
    let mut noise = vec![0; 300_000];
    Random::system().fill(&mut noise).unwrap();
    let container = write(&[("a.bin".to_owned(), noise)]);
    assert!(container.len() < 305_000, "{}", container.len());
}

#[test]
fn the_writer_refuses_names_that_readers_refuse() {
    let mut writer = Writer::new(Vec::new(), identity(0), NOW, &Random::system()).unwrap();
    for name in [
        "",
        "META-INF/x",
        "mimetype",
        "../x",
        "/x",
        "mappe/x",
        "a\\b",
        &"x".repeat(600),
    ] {
        let outcome = writer.add(name, "text/plain", &b""[..]);
        assert!(matches!(outcome, Err(Error::FileName { entry: 2 })), "{name}");
    }
    writer.add("a.txt", "text/plain", &b""[..]).unwrap();
    assert!(matches!(
        writer.add("a.txt", "text/plain", &b""[..]),
        Err(Error::DuplicateFile { entry: 3 })
    ));
}

#[test]
fn the_writer_keeps_its_order() {
    let mut writer = Writer::new(Vec::new(), identity(0), NOW, &Random::system()).unwrap();
    assert!(matches!(writer.write(b"x"), Err(Error::OutOfOrder(_))));
    assert!(matches!(writer.end(), Err(Error::OutOfOrder(_))));
    writer.start("a", "text/plain").unwrap();
    assert!(matches!(
        writer.start("b", "text/plain"),
        Err(Error::OutOfOrder(_))
    ));
    assert!(matches!(writer.finish(), Err(Error::OutOfOrder(_))));
    let empty = Writer::new(Vec::new(), identity(0), NOW, &Random::system()).unwrap();
    assert!(matches!(empty.finish(), Err(Error::NoFiles)));
}
