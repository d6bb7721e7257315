//! Re-encodes BER as DER: definite, shortest lengths, octet strings in one piece.

use super::{Header, Token, Tokenizer, push_length, tag};
use crate::{Error, Result};

#[derive(Debug)]
enum Open {
    /// An element whose content starts at that place of the output.
    Element { tag: u8, start: usize },
    /// An octet string inside one that comes in pieces: only its content counts.
    Piece,
}

/// Builds the DER of one element from its tokens.
#[derive(Debug)]
pub(crate) struct Builder {
    output: Vec<u8>,
    open: Vec<Open>,
    pieces: usize,
    limit: usize,
}

impl Builder {
    /// A builder that refuses to grow beyond `limit` octets.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            output: Vec::new(),
            open: Vec::new(),
            pieces: 0,
            limit,
        }
    }

    /// Takes one token. `true` when the element is complete.
    pub(crate) fn push(&mut self, token: &Token<'_>) -> Result<bool> {
        match token {
            Token::Open(header) => self.open(*header)?,
            Token::Content(piece) => self.output.extend_from_slice(piece),
            Token::Close => self.close(),
        }
        if self.output.len() > self.limit {
            Err(Error::TooLarge {
                what: "CMS header",
                limit: self.limit as u64,
            })
        } else {
            Ok(self.open.is_empty())
        }
    }

    /// The DER.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.output
    }

    fn open(&mut self, header: Header) -> Result<()> {
        let is_piece = matches!(header.tag, tag::OCTET_STRING | tag::OCTET_STRING_IN_PIECES);
        if self.pieces > 0 && !is_piece {
            return Err(Error::MalformedBer {
                offset: 0,
                reason: "octet string in pieces of another type",
            });
        }
        if self.pieces > 0 {
            self.pieces += 1;
            self.open.push(Open::Piece);
            return Ok(());
        }
        let mut tag = header.tag;
        if tag == tag::OCTET_STRING_IN_PIECES {
            tag = tag::OCTET_STRING;
            self.pieces = 1;
        }
        self.open.push(Open::Element {
            tag,
            start: self.output.len(),
        });
        Ok(())
    }

    fn close(&mut self) {
        self.pieces = self.pieces.saturating_sub(1);
        let Some(Open::Element { tag, start }) = self.open.pop() else {
            return;
        };
        let mut header = vec![tag];
        push_length(&mut header, self.output.len() - start);
        self.output.splice(start..start, header);
    }
}

/// The DER of the one BER element in `bytes`, of at most `limit` octets.
pub(crate) fn to_der(bytes: &[u8], limit: usize) -> Result<Vec<u8>> {
    let mut tokenizer = Tokenizer::default();
    let mut builder = Builder::new(limit);
    let mut input = bytes;
    while let Some(token) = tokenizer.next(&mut input)? {
        builder.push(&token)?;
    }
    match (tokenizer.is_finished(), input.is_empty()) {
        (true, true) => Ok(builder.finish()),
        (true, false) => Err(Error::TrailingData),
        (false, _) => Err(Error::Truncated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_stays_as_it_is() {
        let der = [0x30, 8, 2, 1, 5, 4, 3, 1, 2, 3];
        assert_eq!(to_der(&der, 100).unwrap(), der);
    }

    #[test]
    fn indefinite_and_long_lengths_become_the_shortest() {
        let ber = [0x30, 0x80, 2, 0x81, 1, 5, 0x30, 0x80, 0, 0, 0, 0];
        assert_eq!(to_der(&ber, 100).unwrap(), [0x30, 5, 2, 1, 5, 0x30, 0]);
    }

    #[test]
    fn octet_strings_in_pieces_are_joined() {
        let ber = [
            0x30, 0x80, 0x24, 0x80, 4, 1, 1, 0x24, 3, 4, 1, 2, 4, 1, 3, 0, 0, 2, 1, 9, 0, 0,
        ];
        assert_eq!(to_der(&ber, 100).unwrap(), [0x30, 8, 4, 3, 1, 2, 3, 2, 1, 9]);
    }

    #[test]
    fn other_types_inside_an_octet_string_are_refused() {
        assert!(to_der(&[0x24, 3, 2, 1, 1], 100).is_err());
    }

    #[test]
    fn growth_is_bounded() {
        let ber = [&[4, 0x81, 200][..], &[0; 200]].concat();
        assert!(matches!(
            to_der(&ber, 100),
            Err(Error::TooLarge { limit: 100, .. })
        ));
    }

    #[test]
    fn ends_are_exact() {
        assert!(matches!(to_der(&[2, 1, 1, 0], 9), Err(Error::TrailingData)));
        assert!(matches!(to_der(&[2, 1], 9), Err(Error::Truncated)));
    }
}
