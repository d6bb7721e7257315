use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Instant;

use fiks_core::id::KontoId;
use fiks_crypto::x509::{Certificate, parse_public_key_upload};

use crate::api::{Access, Api};
use crate::feil::Handling;
use crate::katalog::{KatalogKonto, KeyCache, KontoStatus, Nokkelopplasting, OffentligNokkel, Oppslag};
use crate::maskinporten::TokenSource;
use crate::mottak::{Amqp, Meldingshode, Mottaker};
use crate::sending::{Seal, Sending};
use crate::{Feil, Fil, Konfigurasjon, Melding, SendtMelding};

/// A client for one konto. Cheap to clone; clones share connections, token and keys.
#[derive(Clone)]
pub struct Klient(Arc<Core>);

/// What a client and its received messages share.
pub(crate) struct Core {
    konfigurasjon: Konfigurasjon,
    api: Api,
    keys: KeyCache,
}

impl Klient {
    /// Makes a client. Nothing is contacted before it is used.
    ///
    /// Fails with [`Feil::Tls`] when the system has no certificates to trust, or the configured ones can't be used.
    pub fn ny(konfigurasjon: Konfigurasjon) -> Result<Self, Feil> {
        let api = Api::new(&konfigurasjon)?;
        Ok(Self(Arc::new(Core {
            konfigurasjon,
            api,
            keys: KeyCache::new(),
        })))
    }

    /// The konto that the client acts for.
    pub fn konto(&self) -> KontoId {
        self.0.konto()
    }

    /// Sends a message from the client's konto. Give it by reference to be able to send it once more.
    ///
    /// Files are packed into an ASiC-E container, signed, encrypted to the receiver's public key (which is asked for,
    /// and remembered for ten minutes), and streamed: memory stays constant up to the platform's 5 GB.
    ///
    /// Tried again, up to three times, only when the platform was not reached, or said that it stored nothing (429,
    /// 503). After [`Feil::Brutt`] and [`Feil::Tidsavbrudd`] nobody knows whether the message was accepted: send it
    /// again under the same [`idempotensnokkel`](Melding::idempotensnokkel).
    pub async fn send(&self, melding: impl Borrow<Melding> + Send) -> Result<SendtMelding, Feil> {
        let melding = melding.borrow();
        let seal = if melding.innhold.has_files() {
            Some(Arc::new(self.0.seal(melding.mottaker).await?))
        } else {
            None
        };
        let sending = Sending {
            api: &self.0.api,
            avsender: self.konto(),
            melding,
            seal,
        };
        let sendt = sending.send().await?;
        tracing::debug!(melding = %sendt.melding_id, "message sent");
        Ok(sendt)
    }

    /// Answers a received message, with files or without: to its sender, naming it, with its correlation id. For
    /// headers, lifetime or other content, send [`Melding::svar_pa`] instead.
    pub async fn svar(
        &self,
        mottatt: &Meldingshode,
        meldingstype: impl Into<String>,
        filer: impl IntoIterator<Item = Fil>,
    ) -> Result<SendtMelding, Feil> {
        let melding = Melding::svar_pa(mottatt, meldingstype).filer(filer);
        self.send(melding).await
    }

    /// Starts to listen on the client's konto: connects, and fails if that fails. Later losses of the connection are
    /// mended by the [`Mottaker`] itself.
    pub async fn lytt(&self) -> Result<Mottaker, Feil> {
        let amqp = Amqp::new(&self.0.konfigurasjon, self.0.api.tokens().clone());
        Mottaker::start(Box::new(amqp), Arc::clone(&self.0)).await
    }

    /// The konto that answers for someone in a protocol, if there is one.
    pub async fn oppslag(&self, oppslag: &Oppslag) -> Result<Option<KatalogKonto>, Feil> {
        let mut url = self.0.api.url(&["fiks-io", "katalog", "api", "v1", "lookup"]);
        url.query_pairs_mut()
            .append_pair("identifikator", &oppslag.identifikator)
            .append_pair("meldingProtokoll", &oppslag.meldingsprotokoll)
            .append_pair("sikkerhetsniva", &oppslag.sikkerhetsniva.to_string());
        self.0.api.get(url, Access::Integrasjon).await
    }

    /// A konto, if there is one with that id.
    pub async fn hent_konto(&self, konto: KontoId) -> Result<Option<KatalogKonto>, Feil> {
        self.0
            .api
            .get(self.0.katalog(konto, &[]), Access::Integrasjon)
            .await
    }

    /// How a konto is doing, if there is one with that id.
    pub async fn konto_status(&self, konto: KontoId) -> Result<Option<KontoStatus>, Feil> {
        self.0
            .api
            .get(self.0.katalog(konto, &["status"]), Access::Integrasjon)
            .await
    }

    /// A konto's public key as it is now, if it has one.
    pub async fn offentlig_nokkel(&self, konto: KontoId) -> Result<Option<OffentligNokkel>, Feil> {
        self.0.offentlig_nokkel(konto).await
    }

    /// Makes a certificate the public key of the client's own konto, in place of the one before. Messages that are
    /// waiting stay encrypted to the old one, so keep the old private key in the configuration for a while.
    ///
    /// Fails with [`Feil::UgyldigSertifikat`] for what is not one certificate in PEM with an RSA key of at least 2048
    /// bits, and with [`Feil::NokkelPasserIkke`] when none of the client's private keys belongs to it: messages could
    /// not be read then.
    pub async fn last_opp_offentlig_nokkel(&self, pem: &str) -> Result<OffentligNokkel, Feil> {
        let certificate = parse_public_key_upload(pem);
        let certificate = certificate.map_err(|error| Feil::UgyldigSertifikat(Arc::new(error)))?;
        let private_keys = &self.0.konfigurasjon.private_nokler;
        if !private_keys.iter().any(|key| key.belongs_to(&certificate)) {
            return Err(Feil::NokkelPasserIkke);
        }
        let konto = self.konto();
        let url = self.0.api.url(&[
            "fiks-io",
            "konto",
            "api",
            "v1",
            "kontoer",
            &konto.to_string(),
            "offentligNokkel",
        ]);
        let body = Nokkelopplasting {
            pem: &certificate.pem(),
        };
        let nokkel = self.0.api.put(Handling::Nokkelopplasting, url, &body).await?;
        self.0.keys.forget(konto);
        Ok(nokkel)
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> Arc<Core> {
        Arc::clone(&self.0)
    }

    /// The source of the client's tokens, for use with other Fiks services.
    pub fn tokens(&self) -> TokenSource {
        self.0.api.tokens().clone()
    }
}

impl Core {
    pub(crate) fn konto(&self) -> KontoId {
        self.konfigurasjon.konto
    }

    pub(crate) fn konfigurasjon(&self) -> &Konfigurasjon {
        &self.konfigurasjon
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    fn katalog(&self, konto: KontoId, more: &[&str]) -> reqwest::Url {
        let konto = konto.to_string();
        let base = ["fiks-io", "katalog", "api", "v1", "kontoer", konto.as_str()];
        self.api.url(&[base.as_slice(), more].concat())
    }

    async fn offentlig_nokkel(&self, konto: KontoId) -> Result<Option<OffentligNokkel>, Feil> {
        self.api
            .get(self.katalog(konto, &["offentligNokkel"]), Access::Anonym)
            .await
    }

    async fn seal(&self, mottaker: KontoId) -> Result<Seal, Feil> {
        let signer = self
            .konfigurasjon
            .signering
            .clone()
            .ok_or(Feil::ManglerSignering)?;
        Ok(Seal {
            signer,
            receiver: self.certificate(mottaker).await?,
        })
    }

    /// The certificate to encrypt to. Its lifetime doesn't matter (fiks-io §5).
    async fn certificate(&self, konto: KontoId) -> Result<Certificate, Feil> {
        if let Some(certificate) = self.keys.get(konto, Instant::now()) {
            return Ok(certificate);
        }
        let nokkel = self
            .offentlig_nokkel(konto)
            .await?
            .ok_or(Feil::ManglerOffentligNokkel(konto))?;
        let unusable = |error| Feil::UbrukeligNokkel {
            konto,
            source: Arc::new(error),
        };
        // Of a chain, the konto's own certificate comes first.
        let chain = Certificate::chain_from_pem(&nokkel.nokkel).map_err(unusable)?;
        let certificate = chain
            .into_iter()
            .next()
            .ok_or(Feil::ManglerOffentligNokkel(konto))?;
        self.keys.keep(konto, certificate.clone(), Instant::now());
        Ok(certificate)
    }
}

#[cfg(test)]
mod tests;
