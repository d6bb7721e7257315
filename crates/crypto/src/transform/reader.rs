//! Pulling through a transform.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::{PIECE, Transform};

/// Reads the transformed bytes of `source`: a [`Read`] over a [`Read`], an [`AsyncRead`] over an [`AsyncRead`].
///
/// The end (0 bytes) is only reported when the transform has finished without error, so whoever reads to the end
/// has a whole and valid input.
pub struct TransformReader<R, T> {
    source: R,
    transform: T,
    input: Box<[u8]>,
    output: Vec<u8>,
    taken: usize,
    is_finished: bool,
}

impl<R, T: Transform> TransformReader<R, T> {
    /// Reads `source` through `transform`.
    pub fn new(source: R, transform: T) -> Self {
        let input = vec![0; PIECE].into_boxed_slice();
        Self {
            source,
            transform,
            input,
            output: Vec::new(),
            taken: 0,
            is_finished: false,
        }
    }

    /// Ends reading and gives the source back, wherever it stands.
    pub fn into_inner(self) -> R {
        self.source
    }

    fn ready(&self) -> &[u8] {
        self.output.get(self.taken..).unwrap_or_default()
    }

    /// Handles the next `count` bytes of the input; none means its end.
    fn accept(&mut self, count: usize) -> io::Result<()> {
        self.output.clear();
        self.taken = 0;
        if count == 0 {
            self.is_finished = true;
            return Ok(self.transform.finish(&mut self.output)?);
        }
        let piece = self.input.get(..count).unwrap_or_default();
        Ok(self.transform.update(piece, &mut self.output)?)
    }

    fn hand_out(&mut self, limit: usize) -> &[u8] {
        let start = self.taken;
        self.taken = self.output.len().min(start + limit);
        self.output.get(start..self.taken).unwrap_or_default()
    }
}

impl<R: Read, T: Transform> Read for TransformReader<R, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready().is_empty() && !self.is_finished && !buffer.is_empty() {
            match self.source.read(&mut self.input) {
                Ok(count) => self.accept(count)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let mut piece = self.hand_out(buffer.len());
        piece.read(buffer)
    }
}

impl<R: AsyncRead + Unpin, T: Transform + Unpin> AsyncRead for TransformReader<R, T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.ready().is_empty() && !this.is_finished && buffer.remaining() > 0 {
            let mut input = ReadBuf::new(&mut this.input);
            ready!(Pin::new(&mut this.source).poll_read(cx, &mut input))?;
            let count = input.filled().len();
            this.accept(count)?;
        }
        let piece = this.hand_out(buffer.remaining());
        buffer.put_slice(piece);
        Poll::Ready(Ok(()))
    }
}
