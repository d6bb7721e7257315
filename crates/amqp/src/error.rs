//! What a caller of this crate can get wrong.

/// A value that AMQP 0-9-1 cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A short string holds at most 255 bytes.
    #[error("a short string holds at most 255 bytes, got {length}")]
    ShortStringTooLong {
        /// Bytes in the refused text.
        length: usize,
    },
    /// All properties must fit in one frame ([`crate::MAX_PROPERTIES`]).
    #[error("message properties take {length} bytes, at most {max} fit in one frame")]
    PropertiesTooLarge {
        /// Bytes needed.
        length: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Stored bytes are not what [`crate::Properties::encode`] makes.
    #[error("stored message properties are malformed")]
    MalformedProperties,
}
