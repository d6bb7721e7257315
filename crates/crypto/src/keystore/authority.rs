//! Certificates of our own making.

use std::time::Duration;

use aws_lc_rs::rand::fill;
use fiks_core::Timestamp;
use fiks_core::id::Orgnr;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyUsagePurpose, SerialNumber,
};
use time::OffsetDateTime;

use super::signing::CertificateKey;
use crate::x509::{Certificate, Identity, PrivateKey};
use crate::{Error, Result};

/// The names by which a program on the same machine is reached.
pub const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// X.520 `serialNumber`: the organisation number in older virksomhetssertifikater.
const SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];
/// X.520 `organizationIdentifier`: `NTRNO-` and the organisation number in newer ones.
const ORGANIZATION_IDENTIFIER: [u64; 4] = [2, 5, 4, 97];

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// First moment; cut to whole seconds.
    pub from: Timestamp,
    /// Last moment; cut to whole seconds.
    pub to: Timestamp,
}

impl Lifetime {
    /// Valid for `days` days from `now`, and a day back for clocks that are slow.
    pub fn days(now: Timestamp, days: u32) -> Self {
        const DAY: Duration = Duration::from_hours(24);
        let back = Timestamp::from_millis(now.as_millis().saturating_sub(24 * 60 * 60 * 1000));
        Self {
            from: back,
            to: now.plus(DAY.saturating_mul(days)),
        }
    }
}

/// What a virksomhetssertifikat is for: an organisation has one of each (auth-og-konfigurasjon §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// `AUTH`: signs the grants sent to Maskinporten.
    Authentication,
    /// `ENC`: others encrypt to it.
    Encryption,
    /// `SIGN`: seals documents and containers.
    Signing,
}

impl Usage {
    fn key_usages(self) -> Vec<KeyUsagePurpose> {
        match self {
            Self::Authentication => vec![KeyUsagePurpose::DigitalSignature],
            Self::Encryption => vec![
                KeyUsagePurpose::KeyEncipherment,
                KeyUsagePurpose::DataEncipherment,
            ],
            Self::Signing => vec![KeyUsagePurpose::ContentCommitment],
        }
    }
}

/// A certificate that its own key signs: what kontoer normally have (fiks-io §5).
pub fn self_signed(key: PrivateKey, common_name: &str, lifetime: Lifetime) -> Result<Identity> {
    let mut params = params(named(common_name), lifetime)?;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
    ];
    sign_by_itself(key, &params)
}

/// A certificate authority of our own.
#[derive(Clone, Debug)]
pub struct Authority(Identity);

impl Authority {
    /// Makes a new authority with a new key.
    pub fn create(common_name: &str, lifetime: Lifetime) -> Result<Self> {
        let mut params = params(named(common_name), lifetime)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        sign_by_itself(PrivateKey::generate()?, &params).map(Self)
    }

    /// Takes up an authority that was made earlier.
    pub fn from_identity(identity: Identity) -> Self {
        Self(identity)
    }

    /// Key and certificate of the authority, to be kept for next time.
    pub fn identity(&self) -> &Identity {
        &self.0
    }

    /// The certificate that others must trust.
    pub fn certificate(&self) -> &Certificate {
        self.0.certificate()
    }

    /// A TLS certificate with a new key for host names and addresses, such as [`LOCAL_HOSTS`].
    pub fn server_certificate(&self, hosts: &[&str], lifetime: Lifetime) -> Result<Identity> {
        let common_name = hosts.first().copied().unwrap_or("server");
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).map_err(Error::NotIssued)?;
        complete(&mut params, named(common_name), lifetime)?;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(&params)
    }

    /// A certificate with a new key, of the shape of a virksomhetssertifikat: the organisation number in the subject
    /// both as `serialNumber` and as `organizationIdentifier`.
    pub fn virksomhetssertifikat(
        &self,
        orgnr: Orgnr,
        name: &str,
        usage: Usage,
        lifetime: Lifetime,
    ) -> Result<Identity> {
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CountryName, printable("NO")?);
        subject.push(DnType::OrganizationName, name);
        subject.push(
            DnType::CustomDnType(ORGANIZATION_IDENTIFIER.to_vec()),
            format!("NTRNO-{orgnr}"),
        );
        subject.push(
            DnType::CustomDnType(SERIAL_NUMBER.to_vec()),
            printable(orgnr.as_str())?,
        );
        subject.push(DnType::CommonName, name);
        let mut params = params(subject, lifetime)?;
        params.key_usages = usage.key_usages();
        self.issue(&params)
    }

    fn issue(&self, params: &CertificateParams) -> Result<Identity> {
        let key = PrivateKey::generate()?;
        let ca = self.certificate().der().into();
        let issuer = Issuer::from_ca_cert_der(&ca, CertificateKey(self.0.key())).map_err(Error::NotIssued)?;
        let issued = params
            .signed_by(&CertificateKey(&key), &issuer)
            .map_err(Error::NotIssued)?;
        Identity::new(
            key,
            Certificate::from_der(issued.der())?,
            vec![self.certificate().clone()],
        )
    }
}

fn sign_by_itself(key: PrivateKey, params: &CertificateParams) -> Result<Identity> {
    let issued = params
        .self_signed(&CertificateKey(&key))
        .map_err(Error::NotIssued)?;
    let certificate = Certificate::from_der(issued.der())?;
    Identity::new(key, certificate, Vec::new())
}

fn params(subject: DistinguishedName, lifetime: Lifetime) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    complete(&mut params, subject, lifetime)?;
    Ok(params)
}

fn complete(params: &mut CertificateParams, subject: DistinguishedName, lifetime: Lifetime) -> Result<()> {
    params.distinguished_name = subject;
    params.not_before = moment(lifetime.from)?;
    params.not_after = moment(lifetime.to)?;
    params.serial_number = Some(random_serial()?);
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    Ok(())
}

fn named(common_name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    subject
}

fn printable(text: &str) -> Result<DnValue> {
    text.try_into()
        .map(DnValue::PrintableString)
        .map_err(Error::NotIssued)
}

fn moment(timestamp: Timestamp) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(timestamp.as_seconds())
        .map_err(|_| Error::NotIssued(rcgen::Error::Time))
}

/// 127 random bits: positive whatever they are.
fn random_serial() -> Result<SerialNumber> {
    let mut octets = [0; 16];
    fill(&mut octets).map_err(|_| Error::Crypto("random numbers"))?;
    if let Some(first) = octets.first_mut() {
        *first &= 0x7F;
    }
    Ok(SerialNumber::from_slice(&octets))
}
