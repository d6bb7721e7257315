//! Autorisasjon-query and -update v1.

use fiks_core::id::{ROOT, RessursId};
use fiks_konfigurasjon::model::katalog::FIKSIO_SENDE;
use serde_json::{Value, json};

use crate::client::{Api, QUERY, UPDATE, User};
use crate::support::aktor;

/// bo with a ressurs below it, and its administrator.
async fn tree() -> (Api, User, RessursId) {
    let api = Api::new().await;
    let admin = api.user(&api.world.bo_admin).await;
    let konto = api.world.ressurs(api.world.bo, "TJENESTE_FIKSIO_KONTO").await;
    (api, admin, konto)
}

fn path_of(api: &Api) -> Value {
    json!([
        {"id": api.world.bo, "type": "FIKS_ORGANISASJON", "navn": "Bø kommune"},
        {"id": ROOT, "type": "ROOT", "navn": "ROOT"},
    ])
}

fn konto_json(api: &Api, konto: RessursId) -> Value {
    json!({"id": konto, "type": "TJENESTE_FIKSIO_KONTO", "navn": "En ressurs", "path": path_of(api)})
}

#[tokio::test]
async fn a_ressurs_is_made_renamed_and_read() {
    let (api, admin, _) = tree().await;
    let request = json!({"forelderRessurs": api.world.bo, "type": "NOE_ANNET", "navn": "Skjema (nytt)"});
    let made = api.post(&admin, &format!("{UPDATE}/ressurs"), request).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let expected = json!({
        "id": made["id"], "forelder": api.world.bo, "type": "NOE_ANNET", "navn": "Skjema (nytt)",
    });
    assert_eq!(made, expected);
    let id = made["id"].as_str().unwrap();
    api.patch(
        &admin,
        &format!("{UPDATE}/ressurs/{id}"),
        json!({"navn": "Skjema"}),
    )
    .await
    .no_content();
    let read = api.get(&admin, &format!("{QUERY}/ressurser/{id}")).await.ok();
    assert_eq!(
        read,
        json!({"id": id, "type": "NOE_ANNET", "navn": "Skjema", "path": path_of(&api)})
    );
}

#[tokio::test]
async fn children_leaves_and_search_show_the_tree() {
    let (api, admin, konto) = tree().await;
    let bo = api.world.bo;
    let children = api
        .get(&admin, &format!("{QUERY}/{bo}/barn?type=TJENESTE_FIKSIO_KONTO"))
        .await
        .ok();
    assert_eq!(children, json!([konto_json(&api, konto)]));
    assert_eq!(
        api.get(&admin, &format!("{QUERY}/{bo}/barn?type=ANNET"))
            .await
            .ok(),
        json!([])
    );
    assert_eq!(
        api.get(&admin, &format!("{QUERY}/{bo}/isLeaf")).await.ok(),
        json!(false)
    );
    assert_eq!(
        api.get(&admin, &format!("{QUERY}/{konto}/isLeaf")).await.ok(),
        json!(true)
    );
    let found = api
        .get(&admin, &format!("{QUERY}/ressurser?type=TJENESTE_FIKSIO_KONTO"))
        .await
        .ok();
    assert_eq!(found, json!([konto_json(&api, konto)]));
    assert_eq!(
        api.get(&admin, &format!("{QUERY}/ressurser"))
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn a_grant_is_given_seen_and_taken_back() {
    let (api, admin, konto) = tree().await;
    let who = aktor(&api.world.nobody);
    let asked = format!("{QUERY}/isAutorisert?aktor={who}&privilegium={FIKSIO_SENDE}&ressurs={konto}");
    assert_eq!(api.get(&admin, &asked).await.ok(), json!(false));
    let grants = format!("{UPDATE}/ressurs/{konto}/tilganger");
    let request = json!({"aktor": who.0.to_uppercase(), "privilegium": FIKSIO_SENDE});
    let given = api.post(&admin, &grants, request).await.ok();
    assert_eq!(
        given,
        json!({"aktor": who, "privilegium": FIKSIO_SENDE, "ressurs": konto})
    );
    assert_eq!(api.get(&admin, &asked).await.ok(), json!(true));
    let user = api.user(&api.world.nobody).await;
    assert_eq!(api.get(&user, &asked).await.ok(), json!(true));
    let seen = api
        .get(
            &admin,
            &format!("{QUERY}/ressurser/{konto}/tilganger?aktor={who}"),
        )
        .await
        .ok();
    assert_eq!(seen, json!([{"privilegium": FIKSIO_SENDE, "aktor": who}]));
    let taken = format!("{grants}?aktor={who}&privilegium={FIKSIO_SENDE}");
    api.send(&admin, "DELETE", &taken, None).await.no_content();
    assert_eq!(api.get(&user, &asked).await.ok(), json!(false));
    assert_eq!(
        api.get(&admin, &format!("{QUERY}/ressurser/{konto}/tilganger"))
            .await
            .ok(),
        json!([])
    );
}

#[tokio::test]
async fn a_type_grant_is_given_seen_and_taken_back() {
    let (api, _, konto) = tree().await;
    let root = api.user(&api.world.root).await;
    let who = aktor(&api.world.nobody);
    let path = format!("{UPDATE}/typeTilganger/TJENESTE_FIKSIO_KONTO/tilganger");
    let request = json!({"aktor": who, "privilegium": FIKSIO_SENDE});
    let given = api.post(&root, &path, request.clone()).await.ok();
    let expected = json!({"aktor": who, "ressursType": "TJENESTE_FIKSIO_KONTO", "privilegium": FIKSIO_SENDE});
    assert_eq!(given, expected);
    let seen = api.get(&root, &format!("{QUERY}/typeTilganger")).await.ok();
    let tilganger = json!([{"privilegium": FIKSIO_SENDE, "aktor": who}]);
    assert_eq!(
        seen,
        json!([{"ressursType": "TJENESTE_FIKSIO_KONTO", "tilganger": tilganger}])
    );
    assert!(api.world.holds(&api.world.nobody, FIKSIO_SENDE, konto).await);
    api.post(&root, &format!("{path}/delete"), request)
        .await
        .no_content();
    assert!(!api.world.holds(&api.world.nobody, FIKSIO_SENDE, konto).await);
    assert_eq!(
        api.get(&root, &format!("{QUERY}/typeTilganger")).await.ok(),
        json!([])
    );
}

#[tokio::test]
async fn visible_ressurser_are_limited_as_asked() {
    let (api, admin, konto) = tree().await;
    let shown = json!({"id": konto, "type": "TJENESTE_FIKSIO_KONTO", "navn": "En ressurs"});
    let bo = api.world.bo;
    for query in [
        "?ressursType=TJENESTE_FIKSIO_KONTO".to_owned(),
        format!("?parent={bo}"),
        format!("?parent={bo}&privilegier=ADMIN&privilegier=FIKSIO.SENDE"),
    ] {
        let seen = api.get(&admin, &format!("{QUERY}/synlige{query}")).await.ok();
        assert_eq!(seen, json!({"ressurser": [shown]}), "{query}");
    }
    let all = api.get(&admin, &format!("{QUERY}/synlige")).await.ok();
    assert_eq!(all["ressurser"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_map_of_authorisations_has_levels_and_paths() {
    let (api, admin, konto) = tree().await;
    let who = aktor(&api.world.bo_admin);
    let own = format!("{QUERY}/autorisasjoner?aktor={who}");
    let direct = api.get(&admin, &own).await.ok();
    let expected = json!([{
        "aktor": who, "privilegium": "ADMIN", "privilegiumNiva": 1, "ressurs": api.world.bo, "ressursNiva": 1,
        "ressursNavn": "Bø kommune", "type": "FIKS_ORGANISASJON",
        "path": [{"id": ROOT, "type": "ROOT", "navn": "ROOT"}],
    }]);
    assert_eq!(direct, expected);
    let inherited = api
        .get(
            &admin,
            &format!("{own}&arvPrivilegier=true&type=TJENESTE_FIKSIO_KONTO"),
        )
        .await
        .ok();
    let expected = json!([{
        "aktor": who, "privilegium": "ADMIN", "privilegiumNiva": 1, "ressurs": konto, "ressursNiva": 2,
        "ressursNavn": "En ressurs", "type": "TJENESTE_FIKSIO_KONTO", "path": path_of(&api),
    }]);
    assert_eq!(inherited, expected);
    let narrow = format!(
        "{QUERY}/autorisasjoner?forelderRessurs={}&maksDybde=0&privilegium=ADMIN",
        api.world.bo
    );
    assert_eq!(api.get(&admin, &narrow).await.ok(), direct);
}

#[tokio::test]
async fn an_aktor_is_made_inactive_and_active_again() {
    let (api, admin, _) = tree().await;
    let who = aktor(&api.world.nobody);
    api.world
        .give(&api.world.nobody, FIKSIO_SENDE, api.world.bo.into())
        .await;
    let path = format!("{UPDATE}/fiksorgs/{}/aktorer/{who}", api.world.bo);
    for aktiv in [false, true] {
        let answer = api.patch(&admin, &path, json!({"aktiv": aktiv})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (201, json!({"id": who, "aktiv": aktiv}))
        );
        assert_eq!(
            api.world
                .holds(&api.world.nobody, FIKSIO_SENDE, api.world.bo.into())
                .await,
            aktiv
        );
    }
}
