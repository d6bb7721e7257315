use serde_json::{Value, json};

use super::*;
use crate::openapi::Catalogue;
use crate::testing::{oppsett, organisasjon};

const BASE: &str = "http://localhost:8080";

fn catalogue(operation: &Value) -> Catalogue {
    let path = json!({
        "parameters": [{"name": "kontoId", "in": "path", "schema": {"type": "string"}}],
        "post": operation,
    });
    Catalogue::read(&json!({"paths": {"/ting/{kontoId}/del": path}}))
}

fn form(fields: &[(&str, &str)]) -> Form {
    Form(
        fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

fn call<'a>(
    operation: &Value,
    fields: &[(&str, &str)],
    organisasjon: Option<&'a Organisasjon>,
) -> Result<Call<'a>, StartsideError> {
    let catalogue = catalogue(operation);
    Call::new(
        BASE,
        &catalogue.groups[0].operations[0],
        &form(fields),
        organisasjon,
    )
}

fn address_of(fields: &[(&str, &str)]) -> String {
    let query = json!({"parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}]});
    call(&query, fields, None).unwrap().url.to_string()
}

#[test]
fn a_value_in_the_path_can_not_lead_to_another_path() {
    assert_eq!(
        address_of(&[("path.kontoId", "a/../b?c#d")]),
        "http://localhost:8080/ting/a%2F..%2Fb%3Fc%23d/del"
    );
    let up = address_of(&[("path.kontoId", "..")]);
    assert!(up.starts_with("http://localhost:8080/ting/"), "{up}");
}

#[test]
fn an_empty_query_parameter_is_left_out() {
    assert_eq!(
        address_of(&[("path.kontoId", "a")]),
        "http://localhost:8080/ting/a/del"
    );
    assert_eq!(
        address_of(&[("path.kontoId", "a"), ("query.q", "å&b")]),
        "http://localhost:8080/ting/a/del?q=%C3%A5%26b"
    );
}

#[test]
fn a_required_parameter_without_a_value_is_named() {
    let refused = call(&json!({}), &[], None).err().unwrap();
    assert_eq!(
        fiks_core::Problem::text(&refused),
        "Operasjonen trenger en verdi for «kontoId»"
    );
}

#[test]
fn the_command_does_what_the_call_does() {
    let testvik = organisasjon(1, "Testvik kommune");
    let operation = json!({
        "parameters": [{"name": "X-Ting", "in": "header", "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
    });
    let fields = [
        ("path.kontoId", "a"),
        ("header.X-Ting", "verdi"),
        ("body", r#"{"navn": "D'Artagnan"}"#),
    ];
    assert_eq!(
        call(&operation, &fields, Some(&testvik)).unwrap().curl(),
        r#"curl -i -X POST http://localhost:8080/ting/a/del \
  -H "Authorization: Bearer $(fiks token --organisasjon 'Testvik kommune')" \
  -H 'IntegrasjonId: 00000000-0000-0000-0000-000000000101' \
  -H 'IntegrasjonPassord: it'\''s' \
  -H 'X-Ting: verdi' \
  -H 'Content-Type: application/json' \
  --data-raw '{"navn": "D'\''Artagnan"}'"#
    );
}

#[test]
fn the_command_of_nobody_has_no_credentials() {
    let command = call(&json!({}), &[("path.kontoId", "a")], None).unwrap().curl();
    assert_eq!(command, "curl -i -X POST http://localhost:8080/ting/a/del");
}

#[test]
fn a_command_with_parts_names_their_types() {
    let operation = json!({"requestBody": {"content": {"multipart/form-data": {"schema": {
        "type": "object", "required": ["metadata"],
        "properties": {"metadata": {"type": "object"}, "data": {"type": "string", "format": "binary"}},
    }}}}});
    let fields = [
        ("path.kontoId", "a"),
        ("part.metadata", r#"{"a":"b;c"}"#),
        ("part.data", "hei"),
    ];
    let command = call(&operation, &fields, None).unwrap().curl();
    assert!(
        command.contains(r#"-F 'metadata="{\"a\":\"b;c\"}";type=application/json'"#),
        "{command}"
    );
    assert!(
        command.contains(r#"-F 'data="hei";filename=data;type=application/octet-stream'"#),
        "{command}"
    );
    let without = call(&operation, &fields[..2], None).unwrap().curl();
    assert!(!without.contains("-F 'data="), "{without}");
}

#[test]
fn a_form_starts_from_the_environments_own_values() {
    let oppsett = oppsett();
    let own = oppsett.organisasjoner.first();
    let prefill = Prefill::new(&oppsett, own);
    let example = json!({
        "avsenderKontoId": "x", "mottakerKontoId": null, "liste": [{"fiksOrgId": "y"}], "kontoId": 3, "navn": "z",
    });
    let filled: Value = serde_json::from_str(&prefill.body(&example)).unwrap();
    assert_eq!(
        filled,
        json!({
            "avsenderKontoId": "00000000-0000-0000-0000-000000000201",
            "mottakerKontoId": "00000000-0000-0000-0000-000000000202",
            "liste": [{"fiksOrgId": "00000000-0000-0000-0000-000000000001"}],
            "kontoId": 3,
            "navn": "z",
        })
    );
    assert_eq!(Prefill::new(&oppsett, None).value("kontoId"), None);
    assert_eq!(prefill.body(&Value::Null), "");
}
