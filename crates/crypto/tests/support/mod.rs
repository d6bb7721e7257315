//! What the tests of this crate share: keys made once, and foreign programs to compare with.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use fiks_core::Timestamp;
use fiks_crypto::keystore::{Lifetime, self_signed};
use fiks_crypto::x509::{Identity, PrivateKey};

/// 2026-06-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp::from_millis(1_780_272_000_000);

static IDENTITIES: LazyLock<Vec<Identity>> = LazyLock::new(|| {
    (0..3)
        .map(|number| {
            self_signed(
                PrivateKey::generate().unwrap(),
                &format!("Test {number}"),
                lifetime(),
            )
            .unwrap()
        })
        .collect()
});

/// Ten years around [`NOW`] and the day the tests run.
pub fn lifetime() -> Lifetime {
    let five_years = 5 * 365 * 24 * 60 * 60 * 1000;
    Lifetime {
        from: NOW.plus_millis(-five_years),
        to: NOW.plus_millis(five_years),
    }
}

/// One of three identities, the same for all tests of a binary.
pub fn identity(number: usize) -> &'static Identity {
    &IDENTITIES[number]
}

/// Content that is different at every place.
pub fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| (place * 7 + place / 251 + place / 65_521) as u8)
        .collect()
}

/// Runs a foreign program. `None`, said plainly, when it isn't installed.
pub fn run(folder: &Path, program: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(program).args(arguments).current_dir(folder).output();
    if output.is_err() {
        eprintln!("NOT TESTED: {program} is not installed");
    }
    output.ok()
}

/// Runs a foreign program that must succeed, and gives its output as text.
pub fn must(folder: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = run(folder, program, arguments)?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}\n{out}{err}");
    Some(out + &err)
}

/// A folder with key and certificate of an identity: `key.pem` and `cert.pem`.
pub fn folder(identity: &Identity) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key.pem"), identity.key().to_pem().as_bytes()).unwrap();
    std::fs::write(folder.path().join("cert.pem"), identity.certificate().pem()).unwrap();
    folder
}
