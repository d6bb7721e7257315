//! The content of a received message: as it came, or decrypted.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use fiks_crypto::cms;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use super::mottatt::MottattMelding;
use crate::{Bytestrom, Feil};

impl MottattMelding {
    /// The content as it was sent: encrypted, unless the sender chose otherwise. Can be read again by another call;
    /// large content is downloaded from dokumentlager each time.
    ///
    /// Fails with [`Feil::UtenInnhold`], and with the failures of a download. An error in the stream means that the
    /// content broke off.
    pub async fn raa_strom(&self) -> Result<Bytestrom, Feil> {
        match self.hode.dokumentlager_id {
            Some(dokument) => crate::nedlasting::download(self.core.api(), dokument).await,
            None if self.body.is_empty() => Err(Feil::UtenInnhold),
            None => Ok(stream::iter([Ok(self.body.clone())]).boxed()),
        }
    }

    /// The decrypted content; each of the configured private keys is tried. It is provisional until the stream has
    /// ended without error. When it is a container with files, use [`filer`](Self::filer) or
    /// [`skriv_til`](Self::skriv_til), which verify it.
    ///
    /// Fails as [`raa_strom`](Self::raa_strom) does, with [`Feil::ManglerPrivatNokkel`], and in the stream with
    /// [`Feil::Dekryptering`].
    pub async fn dekrypter(&self) -> Result<Bytestrom, Feil> {
        Ok(self
            .plaintext()
            .await?
            .map_err(|error| failure(error.into()))
            .boxed())
    }

    /// The decrypted content with errors that the container's reader takes.
    pub(super) async fn plaintext(&self) -> Result<BoxStream<'static, io::Result<Bytes>>, Feil> {
        let konfigurasjon = self.core.konfigurasjon();
        if konfigurasjon.private_nokler.is_empty() {
            return Err(Feil::ManglerPrivatNokkel);
        }
        Ok(cms::decrypting_stream(self.raa_strom().await?, &konfigurasjon.keyring).boxed())
    }
}

/// Ours again, if it was ours before it went through the decryption; else a failure of envelope or container.
pub(super) fn failure(error: fiks_crypto::Error) -> Feil {
    use fiks_crypto::Error;
    match error {
        Error::Io(inner) => inner
            .downcast::<Feil>()
            .unwrap_or_else(|other| Feil::Skriving(Arc::new(other))),
        Error::NotEnveloped
        | Error::MalformedBer { .. }
        | Error::UnsupportedCipher(_)
        | Error::NoUsableRecipient
        | Error::WrongKey
        | Error::ContentDamaged => Feil::Dekryptering(Arc::new(error)),
        _ => Feil::UgyldigPakke(Arc::new(error)),
    }
}
