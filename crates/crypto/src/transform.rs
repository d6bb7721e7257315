//! Bytes in, bytes out, in pieces: the shape that encryption and decryption share, and what makes readers, writers
//! and streams of them.
//!
//! Invariant: no adapter holds more than one piece of [`PIECE`] input bytes and what came out of it.

mod reader;
mod stream;
mod writer;

pub use reader::TransformReader;
pub use stream::TransformStream;
pub use writer::TransformWriter;

use crate::Result;

/// Input bytes handled at a time by the adapters.
pub const PIECE: usize = 64 * 1024;

/// Turns a stream of bytes into another one.
pub trait Transform {
    /// Takes the next bytes and appends what they give to `output`. The output is at most some hundred bytes longer
    /// than the input.
    fn update(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()>;

    /// Ends the input and appends the rest of the output. Until this has succeeded, the output is provisional.
    fn finish(&mut self, output: &mut Vec<u8>) -> Result<()>;
}
