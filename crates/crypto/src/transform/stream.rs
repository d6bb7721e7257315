//! A transform between two streams of bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures::Stream;

use super::{PIECE, Transform};

/// The transformed bytes of a stream of bytes, as bodies of requests and answers are made of.
///
/// The stream only ends without error when the transform has finished without one.
pub struct TransformStream<S, T> {
    source: S,
    transform: T,
    input: Bytes,
    is_finished: bool,
}

impl<S, T: Transform> TransformStream<S, T> {
    /// Takes `source` through `transform`.
    pub fn new(source: S, transform: T) -> Self {
        Self {
            source,
            transform,
            input: Bytes::new(),
            is_finished: false,
        }
    }

    fn step(&mut self) -> io::Result<Vec<u8>> {
        let mut output = Vec::new();
        let count = self.input.len().min(PIECE);
        let piece = self.input.get(..count).unwrap_or_default();
        self.transform.update(piece, &mut output)?;
        self.input.advance(count);
        Ok(output)
    }

    fn finish(&mut self) -> io::Result<Vec<u8>> {
        let mut output = Vec::new();
        self.transform.finish(&mut output)?;
        Ok(output)
    }

    /// What to hand out of a step; `None` when it gave nothing. After an error nothing more comes.
    fn outcome(&mut self, step: io::Result<Vec<u8>>) -> Option<io::Result<Bytes>> {
        self.is_finished |= step.is_err();
        match step {
            Ok(output) if output.is_empty() => None,
            Ok(output) => Some(Ok(output.into())),
            Err(error) => Some(Err(error)),
        }
    }
}

impl<S, E, T> Stream for TransformStream<S, T>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
    T: Transform + Unpin,
{
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while !this.is_finished {
            let step = if this.input.has_remaining() {
                this.step()
            } else {
                match ready!(Pin::new(&mut this.source).poll_next(cx)) {
                    Some(Ok(input)) => {
                        this.input = input;
                        continue;
                    }
                    Some(Err(error)) => Err(io::Error::other(error)),
                    None => {
                        this.is_finished = true;
                        this.finish()
                    }
                }
            };
            if let Some(outcome) = this.outcome(step) {
                return Poll::Ready(Some(outcome));
            }
        }
        Poll::Ready(None)
    }
}
