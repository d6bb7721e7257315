//! Reading a container to its end: whole and in pieces, with the same outcome and within its limits.
#![no_main]

use fiks_crypto::asice::{Event, Limits, Reader};
use fiks_crypto_fuzz::{InPieces, piece};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    files: 64,
    name_bytes: 128,
    metadata_bytes: 64 * 1024,
    content_bytes: 1024 * 1024,
};

/// What a reader tells of a container.
#[derive(Debug, PartialEq)]
struct Seen {
    names: Vec<String>,
    /// The files with their digests, or nothing where the container is refused: how much of it came out before that
    /// depends on the pieces.
    files: Option<Vec<(String, u64, [u8; 32])>>,
}

fuzz_target!(|container: &[u8]| {
    let whole = read(container, usize::MAX);
    assert!(whole.names.len() <= LIMITS.files);
    assert!(whole.names.iter().all(|name| is_inside(name)), "{whole:?}");
    assert_eq!(whole, read(container, piece(container)));
});

fn read(container: &[u8], piece: usize) -> Seen {
    let source = InPieces {
        bytes: container,
        piece,
    };
    let mut reader = Reader::with_limits(source, LIMITS).allow_unsigned();
    let (mut names, mut octets) = (Vec::new(), 0);
    while let Ok(Some(event)) = reader.next_event() {
        match event {
            Event::File { name } => names.push(name.to_owned()),
            Event::Data(content) => octets += content.len() as u64,
            Event::FileEnd => {}
        }
    }
    assert!(octets <= LIMITS.content_bytes);
    let files = reader.finish().ok().map(|contents| {
        let files = contents.files.into_iter();
        files.map(|file| (file.name, file.size, file.sha256)).collect()
    });
    Seen { names, files }
}

/// Whether the name stays in the folder it is unpacked to.
fn is_inside(name: &str) -> bool {
    !name.starts_with('/') && !name.contains('\\') && !name.split('/').any(|step| step == "..")
}
