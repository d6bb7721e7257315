//! Cuts a stream of BER into opening and closing of elements and pieces of content.

use super::MAX_DEPTH;
use crate::{Error, Result};

/// Identifier octet, then up to nine length octets.
const MAX_HEADER: usize = 10;

/// The start of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The identifier octet: class, constructed bit and tag number.
    pub(crate) tag: u8,
    /// Content octets; `None` for the indefinite form.
    pub(crate) length: Option<u64>,
}

impl Header {
    fn is_constructed(self) -> bool {
        self.tag & 0x20 != 0
    }

    fn is_end_of_contents(self) -> bool {
        self.tag == 0 && self.length == Some(0)
    }
}

/// What comes next in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// An element begins.
    Open(Header),
    /// A piece of the content of the primitive element that is open; never empty.
    Content(&'a [u8]),
    /// The innermost open element ends.
    Close,
}

#[derive(Debug)]
struct Frame {
    constructed: bool,
    /// Where the element ends, counted from the start of the stream; `None` for the indefinite form.
    end: Option<u64>,
    /// What no part of the element may reach beyond: its own end or the nearest one around it.
    limit: u64,
}

/// Reads one BER element and everything in it, however the bytes are cut into pieces.
#[derive(Debug, Default)]
pub(crate) struct Tokenizer {
    frames: Vec<Frame>,
    /// Octets of a header that is not complete yet.
    partial: Vec<u8>,
    position: u64,
    is_finished: bool,
}

impl Tokenizer {
    /// Takes the next token off the front of `input`; `None` when more input is needed or the element has ended.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Token<'a>>> {
        match self.frames.last() {
            None if self.is_finished => Ok(None),
            Some(frame) if frame.end == Some(self.position) && self.partial.is_empty() => {
                Ok(Some(self.close()))
            }
            Some(&Frame {
                constructed: false,
                limit,
                ..
            }) => Ok(self.content(input, limit)),
            _ => self.header(input),
        }
    }

    /// Whether the outermost element has ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Octets taken so far, except those of an unfinished header.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Says what is wrong at the present position.
    pub(crate) fn malformed(&self, reason: &'static str) -> Error {
        Error::MalformedBer {
            offset: self.position,
            reason,
        }
    }

    fn close(&mut self) -> Token<'static> {
        self.frames.pop();
        self.is_finished = self.frames.is_empty();
        Token::Close
    }

    fn content<'a>(&mut self, input: &mut &'a [u8], end: u64) -> Option<Token<'a>> {
        let rest = usize::try_from(end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let (piece, remainder) = input.split_at_checked(rest).unwrap_or((*input, &[]));
        *input = remainder;
        self.position = self.position.saturating_add(piece.len() as u64);
        (!piece.is_empty()).then_some(Token::Content(piece))
    }

    fn header<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Token<'a>>> {
        while let Some((octet, rest)) = input.split_first() {
            self.partial.push(*octet);
            *input = rest;
            if let Some(header) = self.complete_header()? {
                return self.open(header).map(Some);
            }
        }
        Ok(None)
    }

    /// The header in `partial`, when all of it has come.
    fn complete_header(&self) -> Result<Option<Header>> {
        let (tag, length, more) = match self.partial.as_slice() {
            [tag, length, more @ ..] => (*tag, *length, more),
            [tag] if tag & 0x1F == 0x1F => return Err(self.malformed("tag number above 30")),
            _ => return Ok(None),
        };
        let announced = usize::from(length & 0x7F);
        let length = match length {
            0x00..0x80 => Some(u64::from(length)),
            0x80 => None,
            _ if announced > MAX_HEADER - 2 => return Err(self.malformed("length of more than 8 octets")),
            _ if more.len() < announced => return Ok(None),
            _ => Some(more.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))),
        };
        Ok(Some(Header { tag, length }))
    }

    fn open(&mut self, header: Header) -> Result<Token<'static>> {
        let taken = self.partial.len() as u64;
        self.partial.clear();
        let enclosing = self.frames.last().map_or(u64::MAX, |frame| frame.limit);
        let start = self
            .position
            .checked_add(taken)
            .filter(|start| *start <= enclosing);
        let Some(start) = start else {
            return Err(self.malformed("element reaches beyond the one around it"));
        };
        if header.tag == 0 {
            return self.end_of_contents(header, start);
        }
        let frame = self.frame(header, start, enclosing)?;
        self.position = start;
        self.frames.push(frame);
        Ok(Token::Open(header))
    }

    fn frame(&self, header: Header, start: u64, enclosing: u64) -> Result<Frame> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(self.malformed("elements nested too deep"));
        }
        let constructed = header.is_constructed();
        let Some(length) = header.length else {
            return if constructed {
                Ok(Frame {
                    constructed,
                    end: None,
                    limit: enclosing,
                })
            } else {
                Err(self.malformed("primitive element without length"))
            };
        };
        match start.checked_add(length).filter(|end| *end <= enclosing) {
            Some(end) => Ok(Frame {
                constructed,
                end: Some(end),
                limit: end,
            }),
            None => Err(self.malformed("element reaches beyond the one around it")),
        }
    }

    fn end_of_contents(&mut self, header: Header, start: u64) -> Result<Token<'static>> {
        let is_expected = self.frames.last().is_some_and(|frame| frame.end.is_none());
        if !header.is_end_of_contents() || !is_expected {
            return Err(self.malformed("unexpected end of contents"));
        }
        self.position = start;
        Ok(self.close())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(pieces: &[&[u8]]) -> Result<(Vec<String>, bool)> {
        let mut tokenizer = Tokenizer::default();
        let mut found: Vec<String> = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(token) = tokenizer.next(&mut input)? {
                found.push(format!("{token:?}"));
            }
        }
        Ok((found, tokenizer.is_finished()))
    }

    fn reason(bytes: &[u8]) -> &'static str {
        match tokens(&[bytes]) {
            Err(Error::MalformedBer { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    const MIXED: &[u8] = &[
        0x30, 0x80, 0x24, 0x80, 4, 2, 7, 8, 4, 0, 0, 0, 0x30, 3, 2, 1, 9, 0, 0,
    ];

    #[test]
    fn definite_and_indefinite_elements_nest() {
        let (found, is_finished) = tokens(&[MIXED]).unwrap();
        let opens = found.iter().filter(|token| token.starts_with("Open")).count();
        let closes = found.iter().filter(|token| *token == "Close").count();
        assert_eq!((opens, closes), (6, 6));
        assert!(is_finished);
    }

    #[test]
    fn cutting_the_input_differently_changes_nothing() {
        let whole = tokens(&[MIXED]).unwrap();
        let bytewise: Vec<&[u8]> = MIXED.chunks(1).collect();
        let (found, is_finished) = tokens(&bytewise).unwrap();
        assert!(is_finished);
        assert_eq!(
            found.len(),
            whole.0.len() + 1,
            "only the two content octets come apart"
        );
    }

    #[test]
    fn every_truncation_is_seen_as_unfinished() {
        for end in 0..MIXED.len() {
            assert!(!tokens(&[&MIXED[..end]]).unwrap().1, "cut at {end}");
        }
    }

    #[test]
    fn children_may_not_outgrow_their_parent() {
        assert_eq!(
            reason(&[0x30, 3, 4, 5, 0, 0, 0]),
            "element reaches beyond the one around it"
        );
        assert_eq!(
            reason(&[0x30, 1, 4, 0]),
            "element reaches beyond the one around it"
        );
        let inside_indefinite = [0x30, 4, 0x30, 0x80, 4, 9];
        assert_eq!(
            reason(&inside_indefinite),
            "element reaches beyond the one around it"
        );
    }

    #[test]
    fn forms_outside_the_rules_are_refused() {
        assert_eq!(reason(&[0x04, 0x80]), "primitive element without length");
        assert_eq!(reason(&[0x30, 0x89]), "length of more than 8 octets");
        assert_eq!(reason(&[0x30, 0xFF]), "length of more than 8 octets");
        assert_eq!(reason(&[0x1F]), "tag number above 30");
        assert_eq!(reason(&[0x30, 2, 0, 0]), "unexpected end of contents");
        assert_eq!(reason(&[0, 0]), "unexpected end of contents");
        assert_eq!(reason(&[0x30, 0x80, 0, 1]), "unexpected end of contents");
        assert_eq!(reason(&[0x30, 0x80].repeat(40)), "elements nested too deep");
    }

    #[test]
    fn lengths_near_the_end_of_the_number_range_do_not_overflow() {
        let mut bytes = vec![0x30, 0x88];
        bytes.extend([0xFF; 8]);
        assert_eq!(reason(&bytes), "element reaches beyond the one around it");
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_tokens_or_a_typed_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = tokens(&[&bytes]);
        }
    }
}
