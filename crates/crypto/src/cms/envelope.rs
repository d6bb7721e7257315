//! The outer structure of EnvelopedData, walked as it arrives.
//!
//! ```text
//! ContentInfo ::= SEQUENCE { id-envelopedData, [0] EnvelopedData }
//! EnvelopedData ::= SEQUENCE {
//!   version INTEGER, originatorInfo [0] OPTIONAL, recipientInfos SET OF RecipientInfo,
//!   SEQUENCE { contentType OID, AlgorithmIdentifier, encryptedContent [0] OCTET STRING },
//!   unprotectedAttrs [1] OPTIONAL }
//! ```

use const_oid::ObjectIdentifier;
use der::Decode;

use super::model::oid;
use crate::ber::{Header, Token, Tokenizer, canonical::Builder, tag};
use crate::{Error, Result};

/// Bound on everything before the content and on everything after it. One recipient takes some 500 octets.
const MAX_AROUND: usize = 64 * 1024;

/// A part of the envelope that matters.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// One RecipientInfo, in DER.
    Recipient(Vec<u8>),
    /// The AlgorithmIdentifier of the content encryption, in DER. Comes once, after all recipients.
    Cipher(Vec<u8>),
    /// Encrypted content.
    Content(&'a [u8]),
}

/// Which element the walk expects next, or is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    ContentInfo,
    ContentType,
    Explicit,
    Enveloped,
    Version,
    /// originatorInfo or recipientInfos.
    Recipients,
    /// originatorInfo was there.
    RecipientsOnly,
    Recipient,
    EncryptedContentInfo,
    InnerType,
    Cipher,
    Content,
    /// Inside the content, that many octet strings deep.
    Inside(usize),
    /// The content has ended; its SEQUENCE must too.
    AfterContent,
    /// unprotectedAttrs, or the end.
    Attributes,
    /// Only ends are left.
    Closing,
}

/// What to do with an element that has begun.
enum Action {
    /// Go into it.
    Enter(Place),
    /// Take it whole, then go on there.
    Capture(Place),
    /// Pass over it, then go on there.
    Skip(Place),
}

#[derive(Debug)]
enum Mode {
    Walk,
    Capture { builder: Builder, next: Place },
    Skip { depth: usize },
}

/// Finds the parts of one envelope.
#[derive(Debug)]
pub(super) struct Envelope {
    tokenizer: Tokenizer,
    place: Place,
    mode: Mode,
    /// Octets before the content's end, once that is known.
    content_end: u64,
}

impl Envelope {
    pub(super) fn new() -> Self {
        Self {
            tokenizer: Tokenizer::default(),
            place: Place::ContentInfo,
            mode: Mode::Walk,
            content_end: 0,
        }
    }

    /// Takes input off the front until the next part; `None` when more is needed.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Part<'a>>> {
        while let Some(token) = self.tokenizer.next(input)? {
            self.check_size()?;
            if let Some(part) = self.step(token)? {
                return Ok(Some(part));
            }
        }
        if self.tokenizer.is_finished() && !input.is_empty() {
            Err(Error::TrailingData)
        } else {
            Ok(None)
        }
    }

    /// Whether the envelope has ended.
    pub(super) fn is_finished(&self) -> bool {
        self.tokenizer.is_finished()
    }

    fn check_size(&self) -> Result<()> {
        let around = match self.place {
            Place::Content | Place::Inside(_) => 0,
            _ => self.tokenizer.position().saturating_sub(self.content_end),
        };
        if around > MAX_AROUND as u64 {
            Err(Error::TooLarge {
                what: "CMS header",
                limit: MAX_AROUND as u64,
            })
        } else {
            Ok(())
        }
    }

    fn step<'a>(&mut self, token: Token<'a>) -> Result<Option<Part<'a>>> {
        match std::mem::replace(&mut self.mode, Mode::Walk) {
            Mode::Capture { builder, next } => self.capture(builder, next, &token),
            Mode::Skip { depth } => {
                self.skip(depth, &token);
                Ok(None)
            }
            Mode::Walk => self.walk(token),
        }
    }

    fn walk<'a>(&mut self, token: Token<'a>) -> Result<Option<Part<'a>>> {
        match token {
            Token::Open(header) => match self.action(header)? {
                Action::Enter(place) => self.place = place,
                Action::Skip(place) => {
                    self.place = place;
                    self.mode = Mode::Skip { depth: 1 };
                }
                // The place stays until the element is whole: it tells what it is.
                Action::Capture(next) => return self.capture(Builder::new(MAX_AROUND), next, &token),
            },
            Token::Content(piece) => return Ok(Some(Part::Content(piece))),
            Token::Close => self.close()?,
        }
        Ok(None)
    }

    fn action(&self, header: Header) -> Result<Action> {
        use Action::{Capture, Enter, Skip};
        Ok(match (self.place, header.tag) {
            (Place::ContentInfo, tag::SEQUENCE) => Enter(Place::ContentType),
            (Place::ContentType, tag::OBJECT_IDENTIFIER) => Capture(Place::Explicit),
            (Place::Explicit, tag::CONTEXT_0) => Enter(Place::Enveloped),
            (Place::Enveloped, tag::SEQUENCE) => Enter(Place::Version),
            (Place::Version, tag::INTEGER) => Skip(Place::Recipients),
            (Place::Recipients, tag::CONTEXT_0) => Skip(Place::RecipientsOnly),
            (Place::Recipients | Place::RecipientsOnly, tag::SET) => Enter(Place::Recipient),
            (Place::Recipient, _) => Capture(Place::Recipient),
            (Place::EncryptedContentInfo, tag::SEQUENCE) => Enter(Place::InnerType),
            (Place::InnerType, tag::OBJECT_IDENTIFIER) => Capture(Place::Cipher),
            (Place::Cipher, tag::SEQUENCE) => Capture(Place::Content),
            (Place::Content, tag::CONTEXT_0 | tag::CONTEXT_0_PRIMITIVE) => Enter(Place::Inside(1)),
            (Place::Inside(depth), tag::OCTET_STRING | tag::OCTET_STRING_IN_PIECES) => {
                Enter(Place::Inside(depth + 1))
            }
            (Place::Attributes, tag::CONTEXT_1) => Skip(Place::Closing),
            _ => return Err(Error::NotEnveloped),
        })
    }

    fn close(&mut self) -> Result<()> {
        self.place = match self.place {
            Place::Recipient => Place::EncryptedContentInfo,
            Place::Inside(1) => {
                self.content_end = self.tokenizer.position();
                Place::AfterContent
            }
            Place::Inside(depth) => Place::Inside(depth - 1),
            Place::AfterContent => Place::Attributes,
            Place::Attributes | Place::Closing => Place::Closing,
            _ => return Err(Error::NotEnveloped),
        };
        Ok(())
    }

    fn capture<'a>(
        &mut self,
        mut builder: Builder,
        next: Place,
        token: &Token<'_>,
    ) -> Result<Option<Part<'a>>> {
        if !builder.push(token)? {
            self.mode = Mode::Capture { builder, next };
            return Ok(None);
        }
        let captured = builder.finish();
        match std::mem::replace(&mut self.place, next) {
            Place::ContentType => expect_type(&captured, oid::ENVELOPED_DATA),
            Place::InnerType => expect_type(&captured, oid::DATA),
            Place::Recipient => Ok(Some(Part::Recipient(captured))),
            _ => Ok(Some(Part::Cipher(captured))),
        }
    }

    fn skip(&mut self, depth: usize, token: &Token<'_>) {
        let depth = match token {
            Token::Open(_) => depth + 1,
            Token::Content(_) => depth,
            Token::Close => depth - 1,
        };
        if depth > 0 {
            self.mode = Mode::Skip { depth };
        }
    }
}

fn expect_type<'a>(captured: &[u8], expected: ObjectIdentifier) -> Result<Option<Part<'a>>> {
    match ObjectIdentifier::from_der(captured) {
        Ok(found) if found == expected => Ok(None),
        _ => Err(Error::NotEnveloped),
    }
}
