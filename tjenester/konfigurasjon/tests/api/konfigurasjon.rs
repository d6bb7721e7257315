//! Konfigurasjon v1: integrations, organisations, services, privileges.

use fiks_konfigurasjon::model::katalog::FIKSIO_SENDE;
use serde_json::json;

use crate::client::{Api, KONFIGURASJON, User};
use crate::support::id;

#[tokio::test]
async fn authentication_tells_whether_the_integration_is_accepted() {
    let api = Api::new().await;
    let path = format!("{KONFIGURASJON}/integrasjoner/autentisering");
    let user = api.user(&api.world.nobody).await;
    assert_eq!(api.get(&user, &path).await.ok(), json!(true));
    let wrong = User {
        passord: "feil".to_owned(),
        ..user.clone()
    };
    assert_eq!(api.get(&wrong, &path).await.ok(), json!(false));
    let unknown = User {
        id: api.world.bo.to_string(),
        ..user.clone()
    };
    assert_eq!(api.get(&unknown, &path).await.ok(), json!(false));
    let newer = api.user(&api.world.nobody).await;
    assert_eq!(api.get(&user, &path).await.ok(), json!(false));
    assert_eq!(api.get(&newer, &path).await.ok(), json!(true));
}

#[tokio::test]
async fn an_integration_lives_from_creation_to_deletion() {
    let api = Api::new().await;
    let admin = api.user(&api.world.bo_admin).await;
    let request = json!({
        "autorisertOrgnr": "971032146", "navn": "Sak og arkiv", "fiksOrganisasjonUuid": api.world.bo,
        "beskrivelse": "Til test", "ukjentFelt": 1,
    });
    let made = api
        .post(&admin, &format!("{KONFIGURASJON}/integrasjoner"), request)
        .await
        .ok();
    let path = format!("{KONFIGURASJON}/integrasjoner/{}", made["uuid"].as_str().unwrap());
    let expected = json!({
        "uuid": made["uuid"], "autorisertOrgnr": "971032146", "navn": "Sak og arkiv",
        "beskrivelse": "Til test", "global": false, "forespurtePrivilegier": [],
        "fiksOrganisasjonUuid": api.world.bo, "opprettet": made["opprettet"],
        "fiksOrganisasjonNavn": "Bø kommune", "tags": [], "tilknyttedeRessurser": [],
    });
    assert_eq!(made, expected);
    assert!(made["opprettet"].as_str().unwrap().ends_with('Z'));
    assert_eq!(api.get(&admin, &path).await.ok(), made);

    let changed = api
        .patch(&admin, &path, json!({"navn": "Nytt navn", "beskrivelse": null}))
        .await
        .ok();
    assert_eq!(
        (&changed["navn"], &changed["beskrivelse"]),
        (&json!("Nytt navn"), &json!("Til test"))
    );

    let passord = api
        .post(&admin, &format!("{path}/lagPassord"), json!(null))
        .await
        .ok();
    assert_eq!(passord.as_object().unwrap().len(), 1);
    let user = User {
        id: made["uuid"].as_str().unwrap().to_owned(),
        passord: passord["passord"].as_str().unwrap().to_owned(),
    };
    assert_eq!(api.get(&user, &path).await.ok(), changed);

    api.send(&admin, "DELETE", &path, None).await.no_content();
    assert_eq!(api.get(&user, &path).await.status, 401);
}

#[tokio::test]
async fn a_password_is_not_shown_again() {
    let api = Api::new().await;
    let admin = api.user(&api.world.bo_admin).await;
    let path = format!("{KONFIGURASJON}/integrasjoner/{}", id(&api.world.nobody));
    let shown = api
        .post(&admin, &format!("{path}/lagPassord"), json!(null))
        .await
        .ok();
    let seen = api.get(&admin, &path).await.ok();
    assert!(!seen.to_string().contains(shown["passord"].as_str().unwrap()));
}

#[tokio::test]
async fn an_integration_is_tied_to_a_ressurs_and_loosened() {
    let api = Api::new().await;
    let admin = api.user(&api.world.bo_admin).await;
    let konto = api.world.ressurs(api.world.bo, "TJENESTE_FIKSIO_KONTO").await;
    let integrasjon = format!("{KONFIGURASJON}/integrasjoner/{}", id(&api.world.nobody));
    let tie = format!("{integrasjon}/tilknyttede-ressurser/{konto}");
    api.send(&admin, "PUT", &tie, None).await.no_content();
    assert_eq!(
        api.get(&admin, &integrasjon).await.ok()["tilknyttedeRessurser"],
        json!([konto])
    );
    api.send(&admin, "DELETE", &tie, None).await.no_content();
    assert_eq!(
        api.get(&admin, &integrasjon).await.ok()["tilknyttedeRessurser"],
        json!([])
    );
}

#[tokio::test]
async fn an_organisations_integrations_are_listed_by_id_code_and_tag() {
    let api = Api::new().await;
    let (admin, root) = (
        api.user(&api.world.bo_admin).await,
        api.user(&api.world.root).await,
    );
    let (shared, own) = (id(&api.world.hol_admin), id(&api.world.nobody));
    let change = json!({"global": true, "kode": "INDEKS", "tags": ["SVARUT"]});
    api.patch(
        &root,
        &format!("{KONFIGURASJON}/root/integrasjoner/{shared}"),
        change,
    )
    .await
    .ok();
    let list = format!("{KONFIGURASJON}/organisasjoner/{}/integrasjoner", api.world.bo);
    let count = async |query: &str| {
        api.get(&admin, &format!("{list}{query}"))
            .await
            .ok()
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("").await, 4);
    assert_eq!(
        count(&format!("?integrasjonId={own}&integrasjonId={shared}")).await,
        2
    );
    assert_eq!(
        count(&format!("?integrasjonId={own}&integrasjonKode=INDEKS")).await,
        2
    );
    assert_eq!(count("?integrasjonKode=INGEN").await, 0);
    assert_eq!(count("/SVARUT").await, 1);
    assert_eq!(count("/INGEN").await, 0);
}

#[tokio::test]
async fn organisations_are_found_by_id_and_municipality_number() {
    let api = Api::new().await;
    let user = api.user(&api.world.nobody).await;
    let path = format!("{KONFIGURASJON}/organisasjoner");
    let found = api
        .get(&user, &format!("{path}?orgId={}&kommunenr=3330", api.world.bo))
        .await
        .ok();
    let expected = json!({
        "uuid": api.world.bo, "navn": "Bø kommune", "type": "KOMMUNE", "intern": false, "kommunenr": "3815",
        "orgnr": "971032146", "epost": [], "synlig": true, "konfigurert": false,
    });
    assert_eq!((found.as_array().unwrap().len(), &found[0]), (2, &expected));
    assert_eq!(api.get(&user, &path).await.ok(), json!([]));
    let request = json!({"ids": [api.world.bo], "kommunenr": ["3330"]});
    assert_eq!(api.post(&user, &path, request).await.ok(), found);
    assert_eq!(api.post(&user, &path, json!({})).await.ok(), json!([]));
    assert_eq!(
        api.get(&user, &format!("{path}/synlige")).await.ok(),
        json!([expected])
    );
}

#[tokio::test]
async fn an_organisation_is_changed_by_its_administrator() {
    let api = Api::new().await;
    let admin = api.user(&api.world.bo_admin).await;
    let path = format!("{KONFIGURASJON}/organisasjoner/{}", api.world.bo);
    let change = json!({
        "navn": "Nye Bø", "epost": ["post@bo.no"], "innbyggerkontaktEpost": "hjelp@bo.no",
        "avtaleadminFnr": "01010112345", "konfigurert": true, "orgnr": null,
    });
    let changed = api.patch(&admin, &path, change).await.ok();
    let expected = json!({
        "uuid": api.world.bo, "navn": "Nye Bø", "type": "KOMMUNE", "intern": false, "kommunenr": "3815",
        "orgnr": "971032146", "epost": ["post@bo.no"], "innbyggerkontaktEpost": "hjelp@bo.no",
        "avtaleadminFnr": "01010112345", "synlig": true, "konfigurert": true,
    });
    assert_eq!(changed, expected);
}

#[tokio::test]
async fn a_service_is_initialised_and_configured() {
    let api = Api::new().await;
    let admin = api.user(&api.world.bo_admin).await;
    let path = format!("{KONFIGURASJON}/organisasjoner/{}/tjenester", api.world.bo);
    let made = api
        .post(&admin, &format!("{path}/FIKSIO/initialiser"), json!(null))
        .await
        .ok();
    assert_eq!(
        made.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["ressursId"]
    );
    assert_eq!(
        api.post(&admin, &format!("{path}/FIKSIO/initialiser"), json!(null))
            .await
            .ok(),
        made
    );
    let configured = api
        .post(&admin, &format!("{path}/FIKSIO/konfigurer"), json!(null))
        .await
        .ok();
    let expected = json!({
        "kode": "FIKSIO", "ressursType": "TJENESTE_FIKSIO", "navn": "Fiks IO",
        "beskrivelse": configured["beskrivelse"], "initialisert": true, "konfigurert": true,
        "tilgjengeligFor": ["KOMMUNE", "FYLKESKOMMUNE", "KOMMUNAL_VIRKSOMHET", "STATLIG_VIRKSOMHET", "LEVERANDOR"],
    });
    assert_eq!(configured, expected);
    assert_eq!(api.get(&admin, &format!("{path}/FIKSIO")).await.ok(), expected);
    let all = api.get(&admin, &path).await.ok();
    assert_eq!((&all[0], &all[1]["initialisert"]), (&expected, &json!(false)));
}

#[tokio::test]
async fn the_catalogue_is_open_to_every_integration() {
    let api = Api::new().await;
    let user = api.user(&api.world.nobody).await;
    let services = api.get(&user, &format!("{KONFIGURASJON}/tjenester")).await.ok();
    assert_eq!(services["tjenester"][0]["kode"], "FIKSIO");
    let path = format!("{KONFIGURASJON}/privilegier/TJENESTE_FIKSIO_KONTO");
    let privileges = api.get(&user, &path).await.ok();
    let sending = privileges["privilegier"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["navn"] == FIKSIO_SENDE);
    let expected = json!({
        "navn": FIKSIO_SENDE, "visningsnavn": "Sende meldinger", "hjelpetekst": "Kan sende meldinger fra kontoen.",
        "ressursType": "TJENESTE_FIKSIO_KONTO", "aktorer": ["INTEGRASJON"],
    });
    assert_eq!(sending, Some(&expected));
}
