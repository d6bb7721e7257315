//! The message flow, the status and the clock: what is shown, and when it is sent again.

use std::time::Duration;

use fiks_startside::{Del, Flyt, Helse, Kontostand, Meldingsspor, Tilstand};

use crate::support::{Environment, melding, stand};

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
        .fragment("/flyt?konto=%0d%0aX&tilstand=TULL&organisasjon=%3Cb%3E")
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
