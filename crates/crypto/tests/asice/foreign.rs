//! What others write.

use super::*;

#[test]
fn containers_of_the_dotnet_shape_are_read() {
    let manifest = dotnet_manifest(&[FILE], Some(SIGNATURE));
    let folder = folder(identity(0));
    std::fs::write(folder.path().join("manifest"), &manifest).unwrap();
    // The same signer twice and the certificate once, as .NET has it; only one signer where OpenSSL is missing.
    let sign = [
        "cms", "-sign", "-binary", "-outform", "DER", "-in", "manifest", "-out", "one", "-md", "sha256",
    ];
    let key = ["-signer", "cert.pem", "-inkey", "key.pem"];
    let resign = [
        "cms", "-resign", "-binary", "-inform", "DER", "-outform", "DER", "-in", "one", "-out", "two",
    ];
    let signature = match must(
        folder.path(),
        "openssl",
        &[&sign[..], &key, &["-nocerts"]].concat(),
    ) {
        Some(_) => {
            must(folder.path(), "openssl", &[&resign[..], &key].concat());
            std::fs::read(folder.path().join("two")).unwrap()
        }
        None => self::sign(&manifest),
    };
    let entries = [
        MIMETYPE,
        FILE,
        ("META-INF/asicmanifest.xml", manifest.as_bytes()),
        (SIGNATURE, &signature),
    ];
    let (contents, found) = read(&zip_of(&entries)).unwrap();
    assert_eq!(found["fil.txt"], b"innhold");
    assert_eq!(&contents.signers[0].certificate, identity(0).certificate());
    assert_eq!(contents.root, None);
}

#[test]
fn unsigned_containers_are_read_only_when_asked_for() {
    let manifest = dotnet_manifest(&[FILE], None);
    let container = zip_of(&[MIMETYPE, FILE, ("META-INF/asicmanifest.xml", manifest.as_bytes())]);
    assert!(matches!(error_of(&container), Error::Unsigned));
    let (contents, found) = read_with(Reader::new(container.as_slice()).allow_unsigned()).unwrap();
    assert_eq!(found["fil.txt"], b"innhold");
    assert!(contents.signers.is_empty());
}

#[test]
fn allowing_unsigned_does_not_allow_a_wrong_signature() {
    let manifest = manifest_of(&[FILE], Some(SIGNATURE));
    let other = sign("another manifest");
    let own = [
        ("META-INF/ASiCManifest.xml", manifest.as_bytes()),
        (SIGNATURE, &other[..]),
    ];
    let container = zip_of(&[&[MIMETYPE, FILE], &own[..]].concat());
    let outcome = read_with(Reader::new(container.as_slice()).allow_unsigned());
    assert!(matches!(outcome, Err(Error::SignatureInvalid)));
}

#[test]
fn several_manifests_may_share_the_files() {
    let other: (&str, &[u8]) = ("annen.txt", b"mer");
    let first = manifest_of(&[FILE], Some(SIGNATURE));
    let second = manifest_of(&[FILE, other], Some("META-INF/signature-2.p7s"));
    let (one, two) = (sign(&first), sign(&second));
    let own = [
        ("META-INF/ASiCManifest.xml", first.as_bytes()),
        (SIGNATURE, &one),
        ("META-INF/ASiCManifest2.xml", second.as_bytes()),
        ("META-INF/signature-2.p7s", &two),
    ];
    let (contents, _) = read(&zip_of(&[&[MIMETYPE, FILE, other], &own[..]].concat())).unwrap();
    assert_eq!(contents.signers.len(), 2);
}

/// Sizes of 64 bits, in front of the content and behind it, however small the content.
#[test]
fn zip64_is_read() {
    let manifest = manifest_of(&[FILE], Some(SIGNATURE));
    let signature = sign(&manifest);
    let own = [
        ("META-INF/ASiCManifest.xml", manifest.as_bytes()),
        (SIGNATURE, &signature[..]),
    ];
    let entries = [&[MIMETYPE, FILE], &own[..]].concat();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .large_file(true);
    let mut ahead = ZipWriter::new(Cursor::new(Vec::new()));
    let mut behind = ZipWriter::new_stream(Vec::new());
    for (name, content) in entries {
        ahead.start_file(name, options).unwrap();
        ahead.write_all(content).unwrap();
        behind.start_file(name, options).unwrap();
        behind.write_all(content).unwrap();
    }
    assert_eq!(
        read(&ahead.finish().unwrap().into_inner()).unwrap().1["fil.txt"],
        b"innhold"
    );
    assert_eq!(
        read(&behind.finish().unwrap().into_inner()).unwrap().1["fil.txt"],
        b"innhold"
    );
}

#[test]
fn folders_in_names_are_read() {
    let file: (&str, &[u8]) = ("mappe/fil.txt", b"innhold");
    assert_eq!(
        read(&container(&[file], &[file], &[])).unwrap().1["mappe/fil.txt"],
        b"innhold"
    );
}

/// Java's reader doesn't ask where `mimetype` stands, nor whether it is there.
#[test]
fn mimetype_may_stand_anywhere() {
    let manifest = manifest_of(&[FILE], Some(SIGNATURE));
    let signature = sign(&manifest);
    let own = [
        ("META-INF/ASiCManifest.xml", manifest.as_bytes()),
        (SIGNATURE, &signature[..]),
    ];
    assert!(read(&zip_of(&[&[FILE], &own[..]].concat())).is_ok());
    assert!(read(&zip_of(&[&[FILE], &own[..], &[MIMETYPE]].concat())).is_ok());
}
