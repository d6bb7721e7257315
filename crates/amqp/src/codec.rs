//! Bytes to frames to methods, and back.
//!
//! Framing and the few methods that arrive thousands of times a second are read here by hand, without
//! allocation; all other arguments go through `amq-protocol`, after a check that keeps its recursive table
//! parser off the stack's end. Nothing in here panics on any input, and no frame is buffered before its size
//! is known to be allowed.

pub(crate) mod encode;
pub mod frame;
pub mod method;
pub(crate) mod nesting;
pub(crate) mod reader;

pub use frame::{Frame, FrameDecoder, FrameFault, FrameKind, Item};
pub use method::{Method, MethodFault, MethodId};
