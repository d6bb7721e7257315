//! Files → ASiC-E, signed → CMS, encrypted to the receiver (fiks-io §11.1), in one pass.
//!
//! Invariant: what is in memory is one buffer of file, one of container and the pieces that wait to be sent:
//! less than a megabyte, whatever the files' size. Packing waits when nobody takes what is packed, and stops when
//! nobody will.

use std::io::{self, BufWriter, Read, Write};
use std::sync::Arc;

use bytes::Bytes;
use fiks_core::{Random, Timestamp};
use fiks_crypto::asice::Writer;
use fiks_crypto::cms;
use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc;

use super::innhold::Seal;
use crate::fil::Fil;
use crate::{Bytestrom, Feil};

/// Bytes of file read at a time, and of envelope sent at a time.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait to be sent.
const WAITING: usize = 4;

type Piece = Result<Bytes, Feil>;

/// The envelope around the files. Packing begins when the stream is polled, on a thread for blocking work.
pub(super) fn pack(filer: Vec<Fil>, seal: Arc<Seal>) -> Bytestrom {
    let start = async move {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            if let Err(feil) = write(&filer, &seal, sender.clone()) {
                // Nobody listens any more: nobody is left to tell.
                drop(sender.blocking_send(Err(feil)));
            }
        });
        stream::unfold(receiver, |mut receiver| async move {
            Some((receiver.recv().await?, receiver))
        })
    };
    stream::once(start).flatten().boxed()
}

fn write(filer: &[Fil], seal: &Seal, sender: mpsc::Sender<Piece>) -> Result<(), Feil> {
    let sink = BufWriter::with_capacity(PIECE, Pieces(sender));
    let envelope = cms::encrypting_writer(sink, &seal.receiver).map_err(packing)?;
    let mut container =
        Writer::new(envelope, &seal.signer, Timestamp::real(), &Random::system()).map_err(packing)?;
    let mut buffer = vec![0; PIECE];
    for (index, fil) in filer.iter().enumerate() {
        add(&mut container, fil, index + 1, &mut buffer)?;
    }
    let envelope = container.finish().map_err(packing)?;
    envelope.finish().map_err(packing)?;
    Ok(())
}

fn add<W: Write>(container: &mut Writer<W>, fil: &Fil, nummer: usize, buffer: &mut [u8]) -> Result<(), Feil> {
    let unreadable = |error| Feil::Fil {
        nummer,
        source: Arc::new(error),
    };
    let mut content = fil.open().map_err(unreadable)?;
    container.start(&fil.navn, &fil.mime_type).map_err(packing)?;
    loop {
        match content.read(buffer) {
            Ok(0) => return container.end().map_err(packing),
            Ok(count) => container
                .write(buffer.get(..count).unwrap_or_default())
                .map_err(packing)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
}

fn packing(error: fiks_crypto::Error) -> Feil {
    Feil::Pakking(Arc::new(error))
}

/// Hands each write on as a piece.
struct Pieces(mpsc::Sender<Piece>);

impl Write for Pieces {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(buffer);
        let sent = self.0.blocking_send(Ok(piece));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use fiks_crypto::asice::{Event, Reader};
    use fiks_crypto::cms::Keyring;
    use futures::TryStreamExt;

    use super::*;
    use crate::testing;

    fn seal() -> (Arc<Seal>, Keyring) {
        let (signer, receiver) = (testing::identity("sender"), testing::identity("receiver"));
        let seal = Seal {
            signer,
            receiver: receiver.certificate().clone(),
        };
        (Arc::new(seal), Keyring::from(receiver.key().clone()))
    }

    async fn packed(filer: Vec<Fil>, seal: &Arc<Seal>) -> Result<Vec<u8>, Feil> {
        let pieces: Vec<Bytes> = pack(filer, Arc::clone(seal)).try_collect().await?;
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn the_receiver_gets_the_files_signed_by_the_sender() {
        let (seal, keys) = seal();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stor.bin");
        let large: Vec<u8> = (0..5_000_000u32)
            .map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        std::fs::write(&path, &large).unwrap();
        let filer = vec![Fil::fra_bytes("brev.txt", "hei"), Fil::fra_disk(&path).unwrap()];
        let envelope = packed(filer, &seal).await.unwrap();

        let container = cms::decrypt(&envelope, &keys).unwrap();
        let mut reader = Reader::new(container.as_slice());
        let mut contents = Vec::new();
        while let Some(event) = reader.next_event().unwrap() {
            match event {
                Event::File { .. } => contents.push(Vec::new()),
                Event::Data(data) => contents.last_mut().unwrap().extend_from_slice(data),
                Event::FileEnd => {}
            }
        }
        let verified = reader.finish().unwrap();
        let names: Vec<_> = verified
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.mime_type.as_deref()))
            .collect();
        assert_eq!(
            names,
            [
                ("brev.txt", Some("text/plain")),
                ("stor.bin", Some("application/octet-stream"))
            ]
        );
        assert_eq!(contents, [b"hei".to_vec(), large]);
        assert_eq!(&verified.signers[0].certificate, seal.signer.certificate());
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_told_by_its_number() {
        let (seal, _) = seal();
        let filer = vec![
            Fil::fra_bytes("a.txt", "a"),
            Fil::fra_disk("/nowhere/b.txt").unwrap(),
        ];
        assert!(matches!(
            packed(filer, &seal).await,
            Err(Feil::Fil { nummer: 2, .. })
        ));
    }

    #[tokio::test]
    async fn a_name_used_twice_or_with_a_folder_is_refused() {
        let (seal, _) = seal();
        for names in [["a.txt", "a.txt"], ["a.txt", "mappe/b.txt"]] {
            let filer = names.map(|navn| Fil::fra_bytes(navn, "x")).to_vec();
            assert!(
                matches!(packed(filer, &seal).await, Err(Feil::Pakking(_))),
                "{names:?}"
            );
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn packing_stops_when_nobody_takes_the_pieces() {
        let (seal, _) = seal();
        let endless = Fil::fra_disk("/dev/urandom").unwrap();
        let mut envelope = pack(vec![endless], seal);
        assert!(envelope.next().await.unwrap().is_ok());
        // The runtime waits for blocking work when it ends, so a thread that went on would hang this test.
        drop(envelope);
    }
}
