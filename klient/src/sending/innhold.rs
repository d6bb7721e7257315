//! The content of a message as a stream of bytes that can be had again for another attempt, where that is possible.

use std::sync::Arc;

use bytes::Bytes;
use fiks_crypto::x509::{Certificate, Identity};
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::packing;
use crate::fil::Fil;
use crate::{Bytestrom, Feil};

/// Bytes in memory are handed to the connection in pieces, so that progress shows.
const PIECE: usize = 64 * 1024;

/// What a message carries.
pub(crate) enum Innhold {
    /// Nothing.
    Ingen,
    /// These bytes, as they are.
    Bytes(Bytes),
    /// The bytes of a stream, as they are. Taken by whoever reads first.
    Strom(Arc<Mutex<Option<Bytestrom>>>),
    /// Files, to be packed, signed and encrypted.
    Filer(Vec<Fil>),
}

/// What files are signed and encrypted with.
pub(crate) struct Seal {
    /// Who signs.
    pub(crate) signer: Identity,
    /// Whom the content is encrypted to.
    pub(crate) receiver: Certificate,
}

/// One attempt's content.
pub(super) struct Source {
    pub(super) stream: Bytestrom,
    /// Bytes, where known beforehand.
    pub(super) length: Option<u64>,
}

impl Innhold {
    pub(crate) fn strom(strom: Bytestrom) -> Self {
        Self::Strom(Arc::new(Mutex::new(Some(strom))))
    }

    pub(crate) fn has_files(&self) -> bool {
        matches!(self, Self::Filer(_))
    }

    /// Whether another attempt would have all of it.
    pub(super) fn is_repeatable(&self) -> bool {
        match self {
            Self::Strom(strom) => strom.lock().is_some(),
            Self::Ingen | Self::Bytes(_) | Self::Filer(_) => true,
        }
    }

    /// The content from its start. Nothing is read or packed before the stream is polled.
    ///
    /// Fails with [`Feil::InnholdBrukt`] when a stream has been read before, and with [`Feil::ManglerSignering`] when
    /// files come without what seals them.
    pub(super) fn source(&self, seal: Option<&Arc<Seal>>) -> Result<Option<Source>, Feil> {
        Ok(Some(match self {
            Self::Ingen => return Ok(None),
            Self::Bytes(bytes) => Source {
                stream: pieces(bytes.clone()),
                length: u64::try_from(bytes.len()).ok(),
            },
            Self::Strom(strom) if strom.lock().is_some() => Source {
                stream: taken(Arc::clone(strom)),
                length: None,
            },
            Self::Strom(_) => return Err(Feil::InnholdBrukt),
            Self::Filer(filer) => {
                let seal = Arc::clone(seal.ok_or(Feil::ManglerSignering)?);
                Source {
                    stream: packing::pack(filer.clone(), seal),
                    length: None,
                }
            }
        }))
    }
}

impl std::fmt::Debug for Innhold {
    /// Not the content itself.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ingen => formatter.write_str("Ingen"),
            Self::Bytes(bytes) => write!(formatter, "Bytes({})", bytes.len()),
            Self::Strom(_) => formatter.write_str("Strom"),
            Self::Filer(filer) => write!(formatter, "Filer({})", filer.len()),
        }
    }
}

fn pieces(bytes: Bytes) -> Bytestrom {
    let next = |mut rest: Bytes| async move {
        let piece = rest.split_to(rest.len().min(PIECE));
        (!piece.is_empty()).then_some((Ok(piece), rest))
    };
    stream::unfold(bytes, next).boxed()
}

fn taken(strom: Arc<Mutex<Option<Bytestrom>>>) -> Bytestrom {
    let take = async move { strom.lock().take().ok_or(Feil::InnholdBrukt) };
    stream::once(take).try_flatten().boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(innhold: &Innhold) -> Result<Vec<u8>, Feil> {
        let source = innhold.source(None)?.unwrap();
        let pieces: Vec<Bytes> = source.stream.try_collect().await?;
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn bytes_come_in_pieces_and_as_often_as_wanted() {
        let bytes = Bytes::from(vec![7; 3 * PIECE + 1]);
        let innhold = Innhold::Bytes(bytes.clone());
        for _ in 0..2 {
            let source = innhold.source(None).unwrap().unwrap();
            assert_eq!(source.length, Some(bytes.len() as u64));
            let pieces: Vec<Bytes> = source.stream.try_collect().await.unwrap();
            assert_eq!(pieces.len(), 4);
            assert_eq!(pieces.concat(), bytes);
        }
    }

    #[tokio::test]
    async fn a_stream_is_there_for_another_attempt_until_it_is_read() {
        let innhold = Innhold::strom(stream::iter([Ok(Bytes::from("a")), Ok(Bytes::from("b"))]).boxed());
        drop(innhold.source(None).unwrap());
        assert!(innhold.is_repeatable());
        assert_eq!(read(&innhold).await.unwrap(), b"ab");
        assert!(!innhold.is_repeatable());
        assert!(matches!(read(&innhold).await, Err(Feil::InnholdBrukt)));
    }

    #[test]
    fn files_without_a_seal_are_refused() {
        let innhold = Innhold::Filer(vec![Fil::fra_bytes("a.txt", "a")]);
        assert!(matches!(innhold.source(None), Err(Feil::ManglerSignering)));
    }

    #[test]
    fn debug_does_not_show_content() {
        assert_eq!(
            format!("{:?}", Innhold::Bytes(Bytes::from("hemmelig"))),
            "Bytes(8)"
        );
    }
}
