//! Where stored bytes lie. An engine knows names and bytes, nothing of keys or plain text.
//!
//! Invariant: an object is visible only after `commit` has made all of it durable; whatever ends an upload
//! otherwise leaves nothing visible.

pub(crate) mod disk;
#[cfg(feature = "s3")]
pub(crate) mod objects;

use std::ops::Range;

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::buffer::Buffer;
use crate::errors::Result;
use crate::id::{Listed, ObjectName};

#[async_trait]
pub(crate) trait Engine: std::fmt::Debug + Send + Sync {
    /// Plain bytes of the largest object that fits.
    fn largest(&self) -> u64;

    /// Begins an object of at most `stored_limit` bytes.
    async fn begin(&self, name: ObjectName, stored_limit: u64) -> Result<Box<dyn Upload>>;

    /// Opens `range` of an object of exactly `size` bytes, and fails when its size is another.
    async fn open(&self, name: ObjectName, size: u64, range: Range<u64>) -> Result<Box<dyn Source>>;

    /// Removes an object. One that is not there is removed already.
    async fn delete(&self, name: ObjectName) -> Result<()>;

    async fn exists(&self, name: ObjectName) -> Result<bool>;

    /// Everything that is visible, in any order.
    fn list(&self) -> BoxStream<'static, Result<Listed>>;
}

/// An object on its way in.
#[async_trait]
pub(crate) trait Upload: Send {
    /// Appends a slab. May return before it is written; a later call then tells of the failure. Every slab but the
    /// last is a full one.
    async fn write(&mut self, slab: Buffer) -> Result<()>;

    /// Makes everything written durable, then visible. Cleans up after itself when it fails.
    async fn commit(self: Box<Self>) -> Result<()>;

    /// Removes everything written. Failures are logged: the caller has a better error to tell.
    async fn abort(self: Box<Self>);
}

/// Stored bytes on their way out, in order.
#[async_trait]
pub(crate) trait Source: Send {
    /// Fills the whole buffer with the next bytes.
    async fn fill(&mut self, buffer: Buffer) -> Result<Buffer>;
}

/// What both engines say of an object of the wrong length.
pub(crate) const WRONG_SIZE: &str = "its size is not the one it was stored with";
