//! The pages from outside: every state, empty lists, hostile names, and what a browser is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;
mod trial;

use std::time::Duration;

use fiks_startside::{Del, Flyt, Helse, Kontostand, Meldingsspor, Tilstand};
use support::{Environment, melding, oppsett, stand};

const HOSTILE: &str = r#""><script>alert(1)</script>'&"#;

#[tokio::test]
async fn every_state_has_its_name_and_its_explanation() {
    let environment = Environment::new();
    environment.set_flow(Flyt {
        meldinger: Tilstand::ALL.into_iter().map(melding).collect(),
        har_flere: true,
        kontoer: vec![stand()],
    });
    let page = environment.get("/").await;
    assert_eq!(page.status, 200);
    for words in [
        "I kø",
        "Ikke kvittert",
        "Kvittert",
        "Avvist",
        "Utløpt",
        "Levering feilet",
        "Sending avvist",
        "har kvittert (ack)",
        "nack uten requeue",
        "no.ks.fiks.kvittering.tidsavbrudd",
        "no.ks.fiks.kvittering.serverfeil.v1",
        "aldri lagt i kø",
        "Viser de 7 nyeste",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
}

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

fn mark_in(body: &str) -> String {
    let after = body.split_once(r#"name="versjon" value=""#).expect("a mark").1;
    after.split_once('"').expect("its end").0.to_owned()
}

#[tokio::test]
async fn the_flow_is_sent_again_only_when_it_has_changed() {
    let environment = Environment::new();
    let mark = mark_in(&environment.fragment("/flyt").await.body);
    let again = format!("/flyt?versjon={mark}");
    assert_eq!(environment.fragment(&again).await.status, 204);
    environment.set_flow(Flyt {
        meldinger: vec![melding(Tilstand::IKo)],
        har_flere: false,
        kontoer: vec![],
    });
    let changed = environment.fragment(&again).await;
    assert_eq!(changed.status, 200);
    assert_ne!(mark_in(&changed.body), mark);
}

#[tokio::test]
async fn a_moved_clock_changes_the_flow() {
    let environment = Environment::new();
    let mark = mark_in(&environment.fragment("/flyt").await.body);
    environment.post("/klokke", "sekunder=3600", &[]).await;
    assert_eq!(
        environment
            .fragment(&format!("/flyt?versjon={mark}"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_health_is_sent_again_only_when_it_has_changed() {
    let environment = Environment::new();
    let mark = mark_in(&environment.fragment("/helse").await.body);
    assert_eq!(
        environment
            .fragment(&format!("/helse?versjon={mark}"))
            .await
            .status,
        204
    );
    environment.set_health(vec![Del {
        navn: "Database".to_owned(),
        adresse: None,
        status: Helse::Nede,
        melding: "Disken er full".to_owned(),
    }]);
    let changed = environment.fragment(&format!("/helse?versjon={mark}")).await;
    assert!(changed.body.contains("Disken er full"));
    assert!(environment.get("/").await.body.contains("1 del er nede"));
}

#[tokio::test]
async fn the_filter_reaches_the_platform_and_stays_in_the_address() {
    let environment = Environment::new();
    let konto = "00000000-0000-0000-0000-000000000201";
    let fragment = environment
        .fragment(&format!("/flyt?konto={konto}&tilstand=AVVIST"))
        .await;
    assert_eq!(
        fragment.header("hx-replace-url"),
        format!("/?konto={konto}&tilstand=AVVIST")
    );
    let filter = environment.last_filter();
    assert_eq!(filter.konto.map(|id| id.to_string()).as_deref(), Some(konto));
    assert_eq!((filter.tilstand, filter.antall), (Some(Tilstand::Avvist), 50));
    assert!(fragment.text().contains("Ingen meldinger passer med filteret"));
}

#[tokio::test]
async fn a_choice_that_makes_no_sense_is_no_choice() {
    let environment = Environment::new();
    let fragment = environment
        .fragment("/flyt?konto=%0d%0aX&tilstand=TULL&organisasjon=<b>")
        .await;
    assert_eq!((fragment.status, fragment.header("hx-replace-url")), (200, "/"));
    assert_eq!(environment.last_filter().konto, None);
    assert_eq!(
        environment
            .get("/?organisasjon=tull&konto=&tilstand=")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_fragment_opened_as_a_page_leads_to_the_page() {
    let environment = Environment::new();
    let answer = environment.get("/flyt?tilstand=I_KO").await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/?tilstand=I_KO#meldingsflyt")
    );
    assert_eq!(environment.get("/helse").await.header("location"), "/#status");
}

#[tokio::test]
async fn the_clock_moves_by_form_with_and_without_a_script() {
    let environment = Environment::new();
    let plain = environment.post("/klokke", "sekunder=86400", &[]).await;
    assert_eq!((plain.status, plain.header("location")), (303, "/#klokke"));
    let fragment = environment
        .post("/klokke", "antall=2&enhet=dager", &[("hx-request", "true")])
        .await;
    assert_eq!(fragment.status, 200);
    assert!(
        fragment.text().contains("flyttet 2 dager framover") && fragment.text().contains("3 dager foran")
    );
    assert_eq!(
        environment.moved(),
        [Duration::from_hours(24), Duration::from_hours(48)]
    );
}

#[tokio::test]
async fn a_clock_that_can_not_be_moved_so_stays() {
    let environment = Environment::new();
    for body in [
        "",
        "sekunder=0",
        "antall=5",
        "antall=99999999&enhet=dager",
        "sekunder=-1",
        "antall=1&enhet=uker",
    ] {
        let answer = environment.post("/klokke", body, &[]).await;
        assert!(
            answer.status == 400 || answer.status == 422,
            "{body}: {}",
            answer.status
        );
        assert!(answer.body.contains("<!doctype html>"), "{body}");
    }
    assert!(environment.moved().is_empty());
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

#[tokio::test]
async fn a_message_shows_its_trace() {
    let environment = Environment::new();
    let spor = Meldingsspor {
        forsok: 2,
        resendt: true,
        storrelse: 5_800_000,
        har_dokumentlager: true,
        ..melding(Tilstand::IKo)
    };
    let kontoer = vec![Kontostand {
        konsumenter: 0,
        ..stand()
    }];
    environment.set_flow(Flyt {
        meldinger: vec![spor],
        har_flere: false,
        kontoer,
    });
    let page = environment.get("/").await;
    for words in [
        "Resendt",
        "5,8 MB, i dokumentlager",
        "leveringsforsøk 2 av 3",
        "ingen konsument er koblet til",
    ] {
        assert!(page.text().contains(words), "{words}");
    }
}
