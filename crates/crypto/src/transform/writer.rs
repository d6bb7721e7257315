//! Pushing through a transform.

use std::io::{self, Write};

use super::{PIECE, Transform};
use crate::Result;

/// Writes what it is given to `sink`, transformed.
///
/// [`TransformWriter::finish`] must be called: dropping the writer leaves the output without its end, which every
/// reader takes for a truncated one.
pub struct TransformWriter<W, T> {
    sink: W,
    transform: T,
    output: Vec<u8>,
}

impl<W: Write, T: Transform> TransformWriter<W, T> {
    /// Writes to `sink` through `transform`.
    pub fn new(sink: W, transform: T) -> Self {
        Self {
            sink,
            transform,
            output: Vec::new(),
        }
    }

    /// Writes the end, flushes, and gives the sink back.
    pub fn finish(mut self) -> Result<W> {
        self.output.clear();
        self.transform.finish(&mut self.output)?;
        self.sink.write_all(&self.output)?;
        self.sink.flush()?;
        Ok(self.sink)
    }
}

impl<W: Write, T: Transform> Write for TransformWriter<W, T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let (piece, _) = buffer.split_at_checked(PIECE).unwrap_or((buffer, &[]));
        self.output.clear();
        self.transform.update(piece, &mut self.output)?;
        self.sink.write_all(&self.output)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
