//! The signed request for a token (auth-og-konfigurasjon §3.1–3.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fiks_core::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use uuid::Uuid;

use crate::Feil;
use crate::konfigurasjon::{Legitimasjon, Maskinportenklient};

/// The one scope for all Fiks services.
const SCOPE: &str = "ks:fiks";
/// Longest lifetime of a grant that Maskinporten takes.
const LIFETIME_SECONDS: i64 = 120;

/// Maskinporten refuses unknown claims, so these are all.
#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    scope: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

/// Signs grants for one client.
pub(super) struct Signer {
    klient_id: String,
    audience: String,
    header: Header,
    key: EncodingKey,
}

impl Signer {
    pub(super) fn new(klient: &Maskinportenklient) -> Result<Self, Feil> {
        let key = EncodingKey::from_rsa_pem(klient.nokkel.to_pem().as_bytes());
        let key = key.map_err(|error| Feil::MaskinportenSignering(Feil::source_of(error)))?;
        Ok(Self {
            klient_id: klient.klient_id.clone(),
            audience: klient.audience.clone(),
            header: header(&klient.legitimasjon),
            key,
        })
    }

    /// A grant made now. Each has its own `jti`, since none can be used twice.
    pub(super) fn sign(&self, now: Timestamp) -> Result<String, Feil> {
        let claims = Claims {
            aud: &self.audience,
            iss: &self.klient_id,
            scope: SCOPE,
            jti: Uuid::new_v4().to_string(),
            iat: now.as_seconds(),
            exp: now.as_seconds() + LIFETIME_SECONDS,
        };
        let signed = jsonwebtoken::encode(&self.header, &claims, &self.key);
        signed.map_err(|error| Feil::MaskinportenSignering(Feil::source_of(error)))
    }
}

/// As KS' Java client writes it: no `typ`, and of the chain the organisation's own certificate only.
fn header(legitimasjon: &Legitimasjon) -> Header {
    let mut header = Header::new(Algorithm::RS256);
    header.typ = None;
    match legitimasjon {
        Legitimasjon::Sertifikat(certificate) => header.x5c = Some(vec![STANDARD.encode(certificate.der())]),
        Legitimasjon::Nokkelid(kid) => header.kid = Some(kid.clone()),
    }
    header
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use fiks_crypto::x509::SignatureAlgorithm;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    fn decoded(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_grant_has_exactly_the_agreed_header_and_claims() {
        let organisation = testing::identity("organisation");
        let builder = testing::builder().virksomhetssertifikat(
            "klient-1",
            testing::key_pem(&organisation),
            organisation.chain_pem(),
        );
        let konfigurasjon = builder.build().unwrap();
        let signer = Signer::new(&konfigurasjon.maskinporten).unwrap();
        let grant = signer.sign(Timestamp::from_millis(1_700_000_000_999)).unwrap();
        let parts: Vec<_> = grant.split('.').collect();

        let x5c = STANDARD.encode(organisation.certificate().der());
        assert_eq!(decoded(parts[0]), json!({"alg": "RS256", "x5c": [x5c]}));
        let mut claims = decoded(parts[1]);
        let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert!(jti.as_str().unwrap().parse::<Uuid>().is_ok());
        let expected = json!({
            "aud": "https://maskinporten.example/", "iss": "klient-1", "scope": "ks:fiks",
            "iat": 1_700_000_000, "exp": 1_700_000_120,
        });
        assert_eq!(claims, expected);

        let signed = format!("{}.{}", parts[0], parts[1]);
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        let certificate = organisation.certificate();
        certificate
            .verify(SignatureAlgorithm::Rs256, signed.as_bytes(), &signature)
            .unwrap();
    }

    #[test]
    fn a_registered_key_is_named_and_no_certificate_sent() {
        let key = testing::key_pem(&testing::identity("organisation"));
        let konfigurasjon = testing::builder()
            .registrert_nokkel("klient-1", key, "kid-1")
            .build()
            .unwrap();
        let signer = Signer::new(&konfigurasjon.maskinporten).unwrap();
        let grant = signer.sign(Timestamp::real()).unwrap();
        assert_eq!(
            decoded(grant.split('.').next().unwrap()),
            json!({"alg": "RS256", "kid": "kid-1"})
        );
    }

    #[test]
    fn no_two_grants_are_the_same() {
        let konfigurasjon = testing::builder().build().unwrap();
        let signer = Signer::new(&konfigurasjon.maskinporten).unwrap();
        let now = Timestamp::real();
        assert_ne!(signer.sign(now).unwrap(), signer.sign(now).unwrap());
    }
}
