use std::error::Error;

use super::*;

#[test]
fn a_failure_says_what_where_and_what_to_do() {
    let feil = Feil::Tidsavbrudd {
        handling: Handling::Sending,
        grense: Duration::from_mins(1),
    };
    let text = feil.to_string();
    assert!(
        text.starts_with("Plattformen svarte ikke i tide. Grensen ved sending av melding er 60 s."),
        "{text}"
    );
    assert!(text.contains("samme idempotensnøkkel"), "{text}");
    assert!(text.ends_with("[plattform.tidsavbrudd]"), "{text}");
}

#[test]
fn the_source_is_kept_but_not_repeated() {
    let feil = Feil::Fil {
        nummer: 2,
        source: Arc::new(io::Error::other("no such device")),
    };
    assert!(!feil.to_string().contains("no such device"));
    assert_eq!(feil.source().unwrap().to_string(), "no such device");
}

#[test]
fn codes_are_unique() {
    let mut codes: Vec<_> = ALL.iter().map(|kind| kind.code).collect();
    codes.sort_unstable();
    let count = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

#[test]
fn only_what_passes_by_itself_is_temporary() {
    let refused = |status| Feil::Avvist(Box::new(Avvisning::read(Handling::Sending, status, b"")));
    assert!(refused(503).er_forbigaende());
    assert!(refused(500).er_forbigaende());
    assert!(!refused(403).er_forbigaende());
    assert!(!Feil::InnholdBrukt.er_forbigaende());
    assert!(Feil::AmqpTidsavbrudd(Duration::from_secs(1)).er_forbigaende());
}

#[test]
fn all_faults_of_a_configuration_are_told_at_once() {
    let fault = |felt, feil: &str| Feltfeil {
        felt,
        feil: feil.to_owned(),
    };
    let feil = Feil::Konfigurasjon(vec![fault("api", "mangler."), fault("konto", "er ikke en UUID.")]);
    assert!(feil.to_string().contains("api: mangler. konto: er ikke en UUID."));
}
