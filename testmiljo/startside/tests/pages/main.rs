//! The pages from outside: empty lists, hostile names, failures, and what a browser is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod flow;
mod support;
mod trial;

use fiks_startside::{Del, Flyt, Helse, Tilstand};
use support::{Environment, melding, oppsett, stand};

const HOSTILE: &str = r#""><script>alert(1)</script>'&"#;

#[tokio::test]
async fn an_empty_environment_says_so_everywhere() {
    let environment = Environment::with(|oppsett| oppsett.organisasjoner.clear());
    let page = environment.get("/").await;
    assert_eq!(page.status, 200);
    for words in [
        "Ingen meldinger ennå",
        "Ingen kontoer ennå",
        "ingen ferdige organisasjoner",
        "Ingen deler har meldt seg",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
}

#[tokio::test]
async fn an_organisation_without_a_konto_has_no_code_to_show() {
    let environment = Environment::with(|oppsett| oppsett.organisasjoner[0].kontoer.clear());
    let page = environment.get("/").await;
    assert!(page.text().contains("Koden trenger en konto"), "{}", page.body);
}

#[tokio::test]
async fn no_name_from_outside_becomes_markup() {
    let environment = Environment::with(|oppsett| {
        oppsett.organisasjoner[0].navn = HOSTILE.to_owned();
        oppsett.organisasjoner[0].kontoer[0].navn = HOSTILE.to_owned();
        oppsett.organisasjoner[0].integrasjon.passord = HOSTILE.to_owned();
        oppsett.datamappe = HOSTILE.to_owned();
    });
    let mut spor = melding(Tilstand::SendingAvvist);
    for text in [
        &mut spor.melding_type,
        &mut spor.forklaring,
        &mut spor.avsender.navn,
        &mut spor.mottaker.navn,
    ] {
        HOSTILE.clone_into(text);
    }
    let mut konto = stand();
    HOSTILE.clone_into(&mut konto.organisasjon);
    konto.advarsler = vec![HOSTILE.to_owned()];
    environment.set_flow(Flyt {
        meldinger: vec![spor],
        har_flere: false,
        kontoer: vec![konto],
    });
    environment.set_health(vec![Del {
        navn: HOSTILE.to_owned(),
        adresse: Some(HOSTILE.to_owned()),
        status: Helse::Nede,
        melding: HOSTILE.to_owned(),
    }]);
    for path in [
        "/",
        "/api/operasjon/hentTing",
        "/api/operasjon/opprettTing",
        "/api?q=%22%3E%3Cscript%3Ealert(1)",
    ] {
        let page = environment.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("<script>alert"), "{path}");
        assert!(
            !page.body.contains(r#"""><"#) && !page.body.contains("'&"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_page_forbids_what_is_foreign() {
    let environment = Environment::new();
    for path in [
        "/",
        "/api",
        "/api/operasjon/hentTing",
        "/api/openapi.json",
        "/api/operasjon/finnes-ikke",
    ] {
        let page = environment.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn no_page_holds_a_script_or_a_style_of_its_own() {
    let environment = Environment::new();
    environment.set_flow(Flyt {
        meldinger: vec![melding(Tilstand::IKo)],
        har_flere: false,
        kontoer: vec![stand()],
    });
    for path in ["/", "/api", "/api/operasjon/opprettTing"] {
        let page = environment.get(path).await;
        assert!(
            !page.body.contains("<style") && !page.body.contains(" style="),
            "{path}"
        );
        assert!(
            !page.body.contains(" onclick=") && !page.body.contains("<script>"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_does_not_exist_is_a_page_that_says_so() {
    let environment = Environment::new();
    for (path, code) in [
        ("/api/operasjon/finnes-ikke", "startside.operasjon"),
        (
            "/api/operasjon/hentTing?organisasjon=00000000-0000-0000-0000-00000000dead",
            "startside.organisasjon",
        ),
        ("/ressurser/fiks.css", "nettside.ukjent"),
    ] {
        let page = environment.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(
            page.body.contains("<!doctype html>") && page.body.contains(code),
            "{path}: {}",
            page.body
        );
    }
}

#[tokio::test]
async fn a_failed_fragment_is_a_fragment() {
    let environment = Environment::new();
    environment.break_flow();
    let fragment = environment.fragment("/flyt").await;
    assert_eq!(fragment.status, 503);
    assert!(
        !fragment.body.contains("<html") && fragment.body.contains("startside.innsikt"),
        "{}",
        fragment.body
    );
}

#[tokio::test]
async fn the_start_page_is_there_when_the_flow_is_not() {
    let environment = Environment::new();
    environment.break_flow();
    let page = environment.get("/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("Meldingsflyten kan ikke leses") && page.text().contains("IntegrasjonPassord")
    );
}

#[tokio::test]
async fn another_site_can_not_move_the_clock_or_make_calls() {
    let environment = Environment::new();
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "http://evil.example"),
    ] {
        for path in ["/klokke", "/api/prov"] {
            let answer = environment
                .post(path, "sekunder=3600&operasjon=hentTing", &[header])
                .await;
            assert_eq!(answer.status, 403, "{header:?} {path}");
            assert!(answer.body.contains("nettside.opphav"));
        }
    }
    assert!(environment.moved().is_empty());
}

#[tokio::test]
async fn the_chosen_organisation_fills_the_code() {
    let environment = Environment::new();
    let other = oppsett(8080).organisasjoner[1].clone();
    let page = environment
        .get(&format!("/?organisasjon={}", other.fiks_org_id))
        .await;
    let code = page.text();
    assert!(code.contains(&format!("UUID.fromString(\"{}\")", other.integrasjon.id)));
    assert!(code.contains(&format!("Guid.Parse(\"{}\")", other.kontoer[0].id)));
    assert!(code.contains("fiks send --fra 'Prøveby kommune'"), "{code}");
}

#[tokio::test]
async fn the_api_page_lists_and_finds_operations() {
    let environment = Environment::new();
    let all = environment.get("/api").await;
    assert!(all.body.contains("/api/operasjon/hentTing") && all.body.contains("/api/operasjon/opprettTing"));
    assert!(all.text().contains("3 operasjoner"));
    let found = environment.get("/api?q=post%20ting").await;
    assert!(
        !found.body.contains("/api/operasjon/hentTing") && found.body.contains("/api/operasjon/opprettTing")
    );
    assert!(
        environment
            .get("/api?q=finnesikke")
            .await
            .text()
            .contains("Prøv færre eller kortere ord")
    );
}

#[tokio::test]
async fn an_operation_is_told_whole() {
    let environment = Environment::new();
    let page = environment.get("/api/operasjon/opprettTing").await;
    for words in [
        "POST",
        "Opprett en ting",
        "navn",
        "største lengde 100",
        "påkrevd",
        "409",
        "Finnes fra før",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
    let get = environment.get("/api/operasjon/hentTing").await;
    assert!(
        get.body
            .contains(r#"value="00000000-0000-0000-0000-000000000201""#),
        "{}",
        get.body
    );
}

#[tokio::test]
async fn the_document_is_served_as_it_came() {
    let environment = Environment::new();
    let answer = environment.get("/api/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let served: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(served, support::openapi());
}
