//! Short strings that are cheap to hand around.

use std::{fmt, sync::Arc};

use crate::Error;

/// Text of at most 255 bytes, cloned without copying. Exchange names and routing keys are of this type.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShortText(Arc<str>);

impl ShortText {
    /// Takes over `text`.
    ///
    /// # Errors
    /// [`Error::ShortStringTooLong`] over 255 bytes.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, Error> {
        let text = text.into();
        if text.len() > usize::from(u8::MAX) {
            return Err(Error::ShortStringTooLong { length: text.len() });
        }
        Ok(Self(text))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ShortText {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, formatter)
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_more_bytes_than_the_length_octet_can_say() {
        assert!(ShortText::new("a".repeat(255)).is_ok());
        assert_eq!(
            ShortText::new("æ".repeat(128)),
            Err(Error::ShortStringTooLong { length: 256 })
        );
    }
}
