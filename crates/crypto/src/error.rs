//! What can go wrong in this crate.

use std::io;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be read, opened, signed or made.
///
/// No variant holds content or file names: those may be personal data. Files are told by their number in the
/// container, the first one (`mimetype`) being 1. Texts for the caller come from [`fiks_core::Problem`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input ends before the structure does. What was read so far must be thrown away.
    #[error("the input ends too early")]
    Truncated,
    /// Something follows after the end of the structure.
    #[error("the input goes on after its end")]
    TrailingData,
    /// Not BER, or not in the allowed form.
    #[error("malformed BER at octet {offset}: {reason}")]
    MalformedBer {
        /// Octets before the fault.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A part is bigger than this crate reads.
    #[error("{what} is bigger than {limit}")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// The bound, in bytes or in number.
        limit: u64,
    },
    /// The crypto library refused; it gives no reasons.
    #[error("{0} failed")]
    Crypto(&'static str),

    /// CMS, but not EnvelopedData, or not in its order.
    #[error("no CMS EnvelopedData")]
    NotEnveloped,
    /// The content is encrypted with something else than AES-CBC.
    #[error("unsupported content encryption {0}")]
    UnsupportedCipher(String),
    /// No recipient for whom the key is wrapped with RSA in a supported way.
    #[error("no recipient with a supported key encryption")]
    NoUsableRecipient,
    /// None of the private keys opens the envelope.
    #[error("none of the private keys opens the envelope")]
    WrongKey,
    /// The content doesn't decrypt: damaged, or wrong key.
    #[error("the content does not decrypt")]
    ContentDamaged,

    /// The signature structure can't be read.
    #[error("malformed CMS SignedData")]
    MalformedSignature,
    /// No signer's signature fits.
    #[error("the signature does not fit")]
    SignatureInvalid,

    /// Not a zip file, or one of a form that can't be read while it arrives.
    #[error("malformed zip at octet {offset}: {reason}")]
    MalformedZip {
        /// Octets before the record at fault.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A zip file with another `mimetype`, or with neither `mimetype` nor a manifest.
    #[error("not an ASiC-E container")]
    NotAsice,
    /// A file name that is empty, absolute, leads upwards, or belongs to the container itself.
    #[error("file {entry} has a name that is not allowed")]
    FileName {
        /// Number of the file.
        entry: usize,
    },
    /// Two files with the same name.
    #[error("file {entry} has the name of an earlier one")]
    DuplicateFile {
        /// Number of the later file.
        entry: usize,
    },
    /// A file in `META-INF/` that nobody knows.
    #[error("file {entry} in META-INF is unknown")]
    UnknownMetadata {
        /// Number of the file.
        entry: usize,
    },
    /// The container has no file besides its own.
    #[error("the container is empty")]
    NoFiles,
    /// There is no CAdES manifest.
    #[error("the container has no manifest")]
    MissingManifest,
    /// The container is signed with XAdES only, which is not verified here.
    #[error("the container is signed with XAdES only")]
    XadesOnly,
    /// The manifest is no XML of the expected form.
    #[error("malformed manifest: {0}")]
    MalformedManifest(&'static str),
    /// The manifest uses another digest than SHA-256.
    #[error("the manifest uses an unsupported digest")]
    UnsupportedDigest,
    /// The manifest lists a file that is not there.
    #[error("file {reference} of the manifest is missing")]
    FileMissing {
        /// Number in the manifest, from 1.
        reference: usize,
    },
    /// A file differs from what was signed.
    #[error("file {entry} differs from its digest")]
    DigestMismatch {
        /// Number of the file.
        entry: usize,
    },
    /// A file that no manifest lists.
    #[error("file {entry} is not in the manifest")]
    NotListed {
        /// Number of the file.
        entry: usize,
    },
    /// The manifest names no signature.
    #[error("the container is not signed")]
    Unsigned,
    /// The manifest names a signature that is not there.
    #[error("the signature is missing")]
    SignatureMissing,
    /// A signature that no manifest names.
    #[error("signature file {entry} belongs to no manifest")]
    StraySignature {
        /// Number of the file.
        entry: usize,
    },
    /// Steps called in the wrong order: a fault in the program.
    #[error("called out of order: {0}")]
    OutOfOrder(&'static str),

    /// No PEM block found, or a damaged one.
    #[error("no PEM")]
    NotPem,
    /// PEM, but no certificate.
    #[error("the PEM block is no certificate")]
    NotCertificate,
    /// More than one PEM block where exactly one is expected.
    #[error("more than one PEM block")]
    SeveralPemBlocks,
    /// A private key where a public one is expected.
    #[error("a private key was uploaded")]
    PrivateKeyUploaded,
    /// The certificate can't be read.
    #[error("malformed certificate")]
    CertificateMalformed,
    /// The certificate's key is not RSA.
    #[error("the certificate's key is not RSA")]
    NotRsa,
    /// The certificate's key is too short.
    #[error("the certificate's key has {bits} bits")]
    WeakKey {
        /// Its length.
        bits: usize,
    },
    /// The certificate's key is RSA but can't be used.
    #[error("the certificate's key can't be used")]
    PublicKeyUnusable,
    /// No RSA private key of usable form.
    #[error("no usable RSA private key")]
    PrivateKeyUnusable,
    /// The private key is protected by a password.
    #[error("the private key is encrypted")]
    PrivateKeyEncrypted,
    /// Key and certificate are not a pair.
    #[error("private key and certificate do not belong together")]
    KeyMismatch,
    /// The PKCS#12 file can't be read or written, mostly because of a wrong password.
    #[error("PKCS#12")]
    KeyStore(#[source] p12_keystore::error::Error),
    /// The key store has no private key under that name.
    #[error("no such alias in the key store")]
    UnknownAlias,
    /// A certificate could not be made.
    #[error("certificate not made")]
    NotIssued(#[source] rcgen::Error),
    /// Reading or writing failed.
    #[error("input or output")]
    Io(#[source] io::Error),
}

impl From<io::Error> for Error {
    /// An error of this crate that came through `std::io` (a reader over a reader) is itself again.
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(foreign) => Self::Io(foreign),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(inner) => inner,
            Error::Truncated => Self::new(io::ErrorKind::UnexpectedEof, Error::Truncated),
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_error_survives_the_way_through_io() {
        let back = Error::from(io::Error::from(Error::WrongKey));
        assert!(matches!(back, Error::WrongKey));
        let foreign = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(&foreign, Error::Io(inner) if inner.kind() == io::ErrorKind::BrokenPipe));
    }
}
