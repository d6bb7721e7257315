//! The OpenAPI document, and every route of it as nobody.

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::client::Api;

/// The operations of the contract that this service has, as in its yaml files.
const OPERATIONS: &[&str] = &[
    "addTilknyttetRessurs",
    "authenticateForIntegrasjon",
    "configureTjenesteForOrganisasjon",
    "createIntegrasjon",
    "createOrganisasjon",
    "createPassord",
    "deleteIntegrasjon",
    "deleteTilknyttetRessurs",
    "fjernTilgang",
    "fjernTypeTilgang",
    "getAllIntegrasjoner",
    "getAllOrganisasjoner",
    "getAllPrivilegier",
    "getAllTjenester",
    "getAutorisasjoner",
    "getBarn",
    "getFlereOrganisasjoner",
    "getIntegrasjon",
    "getIntegrasjonerForOrganisasjon",
    "getIntegrasjonerForOrganisasjonByTag",
    "getOrganisasjoner",
    "getPrivilegierForRessursType",
    "getRessurs",
    "getSynlige",
    "getSynligeOrganisasjoner",
    "getTjenesteByKode",
    "getTjenesteForOrganisasjonByKode",
    "getTjenester",
    "getTjenesterForOrganisasjon",
    "initializeTjenesteForOrganisasjon",
    "isAutorisert",
    "isLeaf",
    "oppdaterAktor",
    "oppdaterRessurs",
    "opprettRessurs",
    "ressursSok",
    "ressursTilgangerLookup",
    "tildelTilgang",
    "tildelTypeTilgang",
    "typeTilgangerLookup",
    "updateIntegrasjon",
    "updateIntegrasjonRoot",
    "updateOrganisasjon",
    "updateOrganisasjonRoot",
];

struct Operation {
    id: String,
    method: String,
    path: String,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            found.push(Operation {
                id,
                method: method.to_uppercase(),
                path: path.clone(),
            });
        }
    }
    found
}

fn document(api: &Api) -> Value {
    let (_, document) = fiks_konfigurasjon::router(api.world.service.clone()).split_for_parts();
    serde_json::to_value(document).unwrap()
}

#[tokio::test]
async fn every_operation_is_in_the_document_under_its_name_in_the_contract() {
    let document = document(&Api::new().await);
    let mut names: Vec<_> = operations(&document).into_iter().map(|one| one.id).collect();
    names.sort_unstable();
    assert_eq!(names, OPERATIONS);
}

#[tokio::test]
async fn every_operation_is_refused_to_whoever_proves_nothing() {
    let api = Api::new().await;
    for one in operations(&document(&api)) {
        let id = "6f2d1c4e-0b7a-4b43-9d0e-0123456789ab";
        let path = one
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { id } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let request = Request::builder()
            .method(one.method.as_str())
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let answer = api.answer(request).await;
        assert_eq!(
            answer.refusal(),
            (401, "autentisering.token_mangler".to_owned()),
            "{}",
            one.id
        );
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{}", one.id);
    }
}
