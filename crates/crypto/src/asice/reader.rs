//! A container read from a source of bytes.

use std::io::{self, Read};

use tokio::io::{AsyncRead, AsyncReadExt};

use super::parser::{Found, Parser};
use super::{Contents, Limits};
use crate::{Error, Result};

const BUFFER: usize = 64 * 1024;

/// What comes next in a container.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A file of the payload begins. Names are relative, without steps upwards.
    File {
        /// Its name.
        name: &'a str,
    },
    /// Content of the file, at most 32 KiB.
    Data(&'a [u8]),
    /// The file has ended.
    FileEnd,
}

/// Where [`Reader::extract`] puts the files.
pub trait Sink {
    /// A file begins.
    fn begin(&mut self, name: &str) -> io::Result<()>;
    /// Takes content of the file.
    fn write(&mut self, content: &[u8]) -> io::Result<()>;
    /// The file has ended.
    fn end(&mut self) -> io::Result<()>;
}

/// Reads a container from a blocking or an async source, in one pass and constant memory.
///
/// Take the events until there are none, then call [`Reader::finish`]: only that verifies, so nothing that was handed
/// out may be used before.
///
/// # Errors
/// [`Error::Truncated`], [`Error::MalformedZip`], [`Error::NotAsice`], [`Error::FileName`], [`Error::DuplicateFile`],
/// [`Error::UnknownMetadata`] and [`Error::TooLarge`] while reading; the others of containers from
/// [`Reader::finish`].
pub struct Reader<R> {
    source: R,
    parser: Parser,
    buffer: Box<[u8]>,
    /// The part of the buffer that is not used yet.
    filled: std::ops::Range<usize>,
    is_unsigned_allowed: bool,
    /// Whether reading has failed: nothing is true of the container then.
    is_broken: bool,
}

impl<R> Reader<R> {
    /// Reads with [`Limits::default`]; refuses unsigned containers.
    pub fn new(source: R) -> Self {
        Self::with_limits(source, Limits::default())
    }

    /// Reads with other limits.
    pub fn with_limits(source: R, limits: Limits) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        let parser = Parser::new(limits);
        Self {
            source,
            parser,
            buffer,
            filled: 0..0,
            is_unsigned_allowed: false,
            is_broken: false,
        }
    }

    /// Accepts containers whose manifest names no signature, which is what .NET clients without a certificate make
    /// (fiks-io §11.5). A signature that is there must still verify.
    #[must_use]
    pub fn allow_unsigned(mut self) -> Self {
        self.is_unsigned_allowed = true;
        self
    }

    /// Verifies signature and digests, and tells what the container held.
    ///
    /// Fails with [`Error::Truncated`] when the events were not taken to the end.
    pub fn finish(self) -> Result<Contents> {
        if self.is_broken {
            return Err(Error::OutOfOrder("reading has failed"));
        }
        self.parser.finish()?.verify(self.is_unsigned_allowed)
    }

    /// Works on what is in the buffer.
    fn step(&mut self) -> Result<Found> {
        if self.is_broken {
            return Err(Error::OutOfOrder("reading has failed"));
        }
        let mut input = self.buffer.get(self.filled.clone()).unwrap_or_default();
        let found = self.parser.step(&mut input);
        self.filled.start = self.filled.end - input.len();
        found
    }

    fn refill(&mut self, count: usize) -> Result<()> {
        self.filled = 0..count;
        if count == 0 { Err(Error::Truncated) } else { Ok(()) }
    }

    /// What to hand out; remembers a failure.
    fn event(&mut self, found: Result<Found>) -> Result<Option<Event<'_>>> {
        self.is_broken |= found.is_err();
        Ok(match found? {
            Found::File => Some(Event::File {
                name: self.parser.name(),
            }),
            Found::Data => Some(Event::Data(self.parser.content())),
            Found::FileEnd => Some(Event::FileEnd),
            Found::Finished | Found::NeedInput => None,
        })
    }
}

impl<R: Read> Reader<R> {
    /// The next event; `None` at the end. The source is read to its own end then, so that what decrypts it gets to
    /// check that.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>> {
        let found = self.advance();
        self.event(found)
    }

    /// Reads everything into `sink` and verifies it.
    pub fn extract(mut self, sink: &mut impl Sink) -> Result<Contents> {
        while let Some(event) = self.next_event()? {
            match event {
                Event::File { name } => sink.begin(name)?,
                Event::Data(content) => sink.write(content)?,
                Event::FileEnd => sink.end()?,
            }
        }
        self.finish()
    }

    fn advance(&mut self) -> Result<Found> {
        let mut found = self.step()?;
        while found == Found::NeedInput {
            let count = self.read()?;
            self.refill(count)?;
            found = self.step()?;
        }
        if found == Found::Finished && self.read()? > 0 {
            return Err(Error::TrailingData);
        }
        Ok(found)
    }

    fn read(&mut self) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// The next event of an async source; `None` at its end. Safe to cancel.
    pub async fn next_event_async(&mut self) -> Result<Option<Event<'_>>> {
        let found = self.advance_async().await;
        self.event(found)
    }

    async fn advance_async(&mut self) -> Result<Found> {
        let mut found = self.step()?;
        while found == Found::NeedInput {
            let count = self.source.read(&mut self.buffer).await?;
            self.refill(count)?;
            found = self.step()?;
        }
        if found == Found::Finished && self.source.read(&mut self.buffer).await? > 0 {
            return Err(Error::TrailingData);
        }
        Ok(found)
    }
}
