//! Reading a container's manifest. What was read can be written and read again.
#![no_main]

use fiks_crypto::asice::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|xml: &[u8]| {
    if let Ok(manifest) = Manifest::parse(xml) {
        let again = Manifest::parse(manifest.to_xml().as_bytes()).expect("our own manifest");
        assert_eq!(manifest, again);
    }
});
