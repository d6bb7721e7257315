//! Which certificates are believed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fiks_core::Timestamp;
use fiks_crypto::x509::{Certificate, Validity};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use crate::client::Client;
use crate::errors::{GrantError, SetupError};

/// Longer chains are refused unread; Norwegian virksomhetssertifikater have three certificates.
const LONGEST_CHAIN: usize = 6;

/// The authorities whose certificates any client may use.
pub(crate) struct TrustedAuthorities(Vec<TrustAnchor<'static>>);

impl TrustedAuthorities {
    pub(crate) fn new(certificates: &[Certificate]) -> Result<Self, SetupError> {
        certificates
            .iter()
            .map(anchor)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The client's own certificate from an `x5c` header: registered on the client, or issued by a trusted authority
    /// to the organisation that owns the client. KS' clients send their own certificate only, Digdir's documentation
    /// asks for the whole chain (auth-og-konfigurasjon §3.1, §3.2).
    pub(crate) fn accept(
        &self,
        x5c: &serde_json::Value,
        client: &Client,
        now: Timestamp,
    ) -> Result<Certificate, GrantError> {
        let chain = read_chain(x5c).ok_or(GrantError::CertificateChain)?;
        let (own, above) = chain.split_first().ok_or(GrantError::CertificateChain)?;
        let certificate = Certificate::from_der(own).map_err(|_| GrantError::CertificateChain)?;
        if certificate.validity_at(now) != Validity::Valid {
            return Err(GrantError::Certificate);
        }
        if !client.certificates.contains(&certificate) {
            self.check_issuer(own, above, now)?;
            check_owner(&certificate, client)?;
        }
        Ok(certificate)
    }

    fn check_issuer(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<(), GrantError> {
        let seconds = u64::try_from(now.as_seconds()).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let entity = EndEntityCert::try_from(own).map_err(|_| GrantError::Certificate)?;
        entity
            .verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &self.0,
                above,
                time,
                AnyPurpose,
                None,
                None,
            )
            .map(drop)
            .map_err(|_| GrantError::Certificate)
    }
}

fn anchor(certificate: &Certificate) -> Result<TrustAnchor<'static>, SetupError> {
    let der = CertificateDer::from(certificate.der());
    let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|_| SetupError::Certificate)?;
    Ok(anchor.to_owned())
}

/// Standard Base64 of DER, the client's own certificate first (RFC 7515 §4.1.6).
fn read_chain(x5c: &serde_json::Value) -> Option<Vec<CertificateDer<'static>>> {
    let texts = x5c.as_array().filter(|texts| texts.len() <= LONGEST_CHAIN)?;
    texts
        .iter()
        .map(|text| Some(STANDARD.decode(text.as_str()?).ok()?.into()))
        .collect()
}

/// Without this a certificate of one organisation would open the clients of all others.
fn check_owner(certificate: &Certificate, client: &Client) -> Result<(), GrantError> {
    if certificate.orgnr() == Some(client.orgnr) {
        return Ok(());
    }
    Err(GrantError::CertificateOwner {
        certificate: certificate.orgnr(),
        client: client.orgnr,
    })
}

/// Virksomhetssertifikater are for sealing; the purposes known from TLS say nothing about that.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
