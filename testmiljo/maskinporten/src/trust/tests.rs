use fiks_core::id::Orgnr;
use fiks_crypto::keystore::{Authority, Lifetime, Usage, self_signed};
use fiks_crypto::x509::{Identity, PrivateKey};
use serde_json::{Value, json};

use super::*;

fn orgnr() -> Orgnr {
    "971032146".parse().unwrap()
}

fn month() -> Lifetime {
    Lifetime::days(Timestamp::real(), 30)
}

fn authority() -> Authority {
    Authority::create("Test CA", month()).unwrap()
}

fn issued(authority: &Authority, orgnr: Orgnr) -> Identity {
    authority
        .virksomhetssertifikat(orgnr, "Test", Usage::Authentication, month())
        .unwrap()
}

fn x5c<'a>(chain: impl IntoIterator<Item = &'a Certificate>) -> Value {
    chain
        .into_iter()
        .map(|certificate| STANDARD.encode(certificate.der()))
        .collect()
}

fn client() -> Client {
    Client::new("klient", orgnr(), ["ks:fiks"])
}

fn accept(trusted: &Authority, x5c: &Value, client: &Client) -> Result<Certificate, GrantError> {
    let authorities = TrustedAuthorities::new(&[trusted.certificate().clone()]).unwrap();
    authorities.accept(x5c, client, Timestamp::real())
}

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted_alone_and_with_its_chain() {
    let authority = authority();
    let identity = issued(&authority, orgnr());
    let alone = accept(&authority, &x5c([identity.certificate()]), &client());
    assert_eq!(&alone.unwrap(), identity.certificate());
    assert!(accept(&authority, &x5c(identity.chain()), &client()).is_ok());
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let identity = issued(&authority(), orgnr());
    let refused = accept(&authority(), &x5c(identity.chain()), &client());
    assert!(matches!(refused, Err(GrantError::Certificate)));
}

#[test]
fn a_self_signed_certificate_is_refused_unless_it_is_registered() {
    let key = PrivateKey::generate().unwrap();
    let own = self_signed(key, "test", month()).unwrap();
    let header = x5c([own.certificate()]);
    assert!(matches!(
        accept(&authority(), &header, &client()),
        Err(GrantError::Certificate)
    ));
    let registered = client().with_certificate(own.certificate().clone());
    assert!(accept(&authority(), &header, &registered).is_ok());
}

#[test]
fn a_certificate_opens_only_the_clients_of_its_organisation() {
    let authority = authority();
    let other: Orgnr = "987654325".parse().unwrap();
    let identity = issued(&authority, other);
    match accept(&authority, &x5c([identity.certificate()]), &client()) {
        Err(GrantError::CertificateOwner { certificate, client }) => {
            assert_eq!((certificate, client), (Some(other), orgnr()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_of_no_organisation_opens_nothing() {
    let authority = authority();
    let server = authority.server_certificate(&["localhost"], month()).unwrap();
    let refused = accept(&authority, &x5c([server.certificate()]), &client());
    assert!(matches!(
        refused,
        Err(GrantError::CertificateOwner {
            certificate: None,
            ..
        })
    ));
}

#[test]
fn a_certificate_counts_only_in_its_time() {
    let authority = authority();
    let past = Lifetime {
        from: Timestamp::from_millis(0),
        to: Timestamp::from_millis(1_000),
    };
    let identity = authority
        .virksomhetssertifikat(orgnr(), "Test", Usage::Authentication, past)
        .unwrap();
    let header = x5c([identity.certificate()]);
    assert!(matches!(
        accept(&authority, &header, &client()),
        Err(GrantError::Certificate)
    ));
    let registered = client().with_certificate(identity.certificate().clone());
    assert!(matches!(
        accept(&authority, &header, &registered),
        Err(GrantError::Certificate)
    ));
}

#[test]
fn the_authority_itself_is_no_client() {
    let authority = authority();
    let refused = accept(&authority, &x5c([authority.certificate()]), &client());
    assert!(matches!(refused, Err(GrantError::Certificate)));
}

#[test]
fn what_is_no_list_of_certificates_is_refused() {
    let authority = authority();
    let identity = issued(&authority, orgnr());
    let text = STANDARD.encode(identity.certificate().der());
    let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([0xff; 30]);
    for header in [
        json!(text),
        json!([]),
        json!([7]),
        json!(["***"]),
        json!([url_safe]),
        json!([STANDARD.encode("nonsense")]),
        json!([identity.certificate().pem()]),
        json!(vec![text; LONGEST_CHAIN + 1]),
    ] {
        let refused = accept(&authority, &header, &client());
        assert!(matches!(refused, Err(GrantError::CertificateChain)), "{header}");
    }
}
