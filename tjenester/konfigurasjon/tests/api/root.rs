//! Konfigurasjon v1: what only the operator does.

use serde_json::json;

use crate::client::{Api, KONFIGURASJON};
use crate::support::id;

#[tokio::test]
async fn organisations_are_made_changed_and_listed() {
    let api = Api::new().await;
    let root = api.user(&api.world.root).await;
    let path = format!("{KONFIGURASJON}/root/organisasjoner");
    let request = json!({"navn": "KS Digital", "type": "LEVERANDOR", "intern": true, "orgnr": "971032146"});
    let made = api.post(&root, &path, request).await.ok();
    let expected = json!({
        "uuid": made["uuid"], "navn": "KS Digital", "type": "LEVERANDOR", "intern": true,
        "orgnr": "971032146", "epost": [], "synlig": true, "konfigurert": false,
    });
    assert_eq!(made, expected);
    let one = format!("{path}/{}", made["uuid"].as_str().unwrap());
    let changed = api
        .patch(
            &root,
            &one,
            json!({"intern": false, "synlig": false, "kommunenr": "0301"}),
        )
        .await
        .ok();
    assert_eq!(
        (
            &changed["intern"],
            &changed["synlig"],
            &changed["kommunenr"],
            &changed["navn"]
        ),
        (&json!(false), &json!(false), &json!("0301"), &json!("KS Digital"))
    );
    let names = api.get(&root, &path).await.ok();
    let names: Vec<_> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["navn"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Bø kommune", "Hol kommune", "KS Digital"]);
}

#[tokio::test]
async fn integrations_are_made_global_and_listed() {
    let api = Api::new().await;
    let root = api.user(&api.world.root).await;
    let path = format!("{KONFIGURASJON}/root/integrasjoner");
    let change = json!({
        "kode": "INDEKS", "global": true, "forespurtePrivilegier": ["FIKSIO.SENDE"], "tags": ["FIKSIO"],
    });
    let one = id(&api.world.nobody);
    let changed = api.patch(&root, &format!("{path}/{one}"), change).await.ok();
    assert_eq!(
        (
            &changed["kode"],
            &changed["global"],
            &changed["forespurtePrivilegier"],
            &changed["tags"]
        ),
        (
            &json!("INDEKS"),
            &json!(true),
            &json!(["FIKSIO.SENDE"]),
            &json!(["FIKSIO"])
        )
    );
    let listed = api.get(&root, &path).await.ok();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 4);
    assert!(listed.contains(&changed));
}

#[tokio::test]
async fn a_long_list_of_integrations_is_one_json_array() {
    let api = Api::new().await;
    for _ in 0..1_100 {
        api.world.caller(api.world.bo).await;
    }
    let root = api.user(&api.world.root).await;
    let answer = api
        .get(&root, &format!("{KONFIGURASJON}/root/integrasjoner"))
        .await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let listed = answer.ok();
    let mut ids: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["uuid"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_104);
}

#[tokio::test]
async fn the_whole_catalogue_is_shown() {
    let api = Api::new().await;
    let root = api.user(&api.world.root).await;
    let services = api
        .get(&root, &format!("{KONFIGURASJON}/root/tjenester"))
        .await
        .ok();
    assert_eq!(services.as_array().unwrap().len(), 2);
    let one = api
        .get(&root, &format!("{KONFIGURASJON}/root/tjenester/DOKUMENTLAGER"))
        .await
        .ok();
    assert_eq!(one, services[1]);
    let privileges = api
        .get(&root, &format!("{KONFIGURASJON}/root/privilegier"))
        .await
        .ok();
    assert_eq!(privileges["privilegier"]["ROOT"][0]["navn"], "ADMIN");
    assert_eq!(
        privileges["privilegier"]["TJENESTE_FIKSIO_KONTO"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}
