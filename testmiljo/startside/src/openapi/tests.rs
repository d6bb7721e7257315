use serde_json::{Value, json};

use super::*;

fn read(schemas: &Value, operation: &Value) -> Catalogue {
    Catalogue::read(&json!({
        "openapi": "3.1.0",
        "tags": [{"name": "Fiks IO", "description": "Meldinger"}],
        "paths": {"/ting/{id}": {
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "string", "format": "uuid"}}],
            "post": operation,
        }},
        "components": {"schemas": schemas},
    }))
}

fn body(schemas: &Value, schema: &Value) -> Body {
    let operation =
        json!({"requestBody": {"required": true, "content": {"application/json": {"schema": schema}}}});
    let mut catalogue = read(schemas, &operation);
    catalogue.groups.remove(0).operations.remove(0).bodies.remove(0)
}

fn operations(catalogue: &Catalogue) -> impl Iterator<Item = &Operation> {
    catalogue.groups.iter().flat_map(|group| &group.operations)
}

fn fields(schema: &Value) -> Vec<Field> {
    body(&json!({}), schema).fields
}

#[test]
fn operations_are_grouped_by_tag_and_else_by_the_path() {
    let tagged = read(&json!({}), &json!({"tags": ["Fiks IO"]}));
    assert_eq!(tagged.groups[0].name, "Fiks IO");
    assert_eq!(tagged.groups[0].anchor, "fiks-io");
    assert_eq!(tagged.groups[0].description, "Meldinger");
    assert_eq!(read(&json!({}), &json!({})).groups[0].name, "ting");
}

#[test]
fn an_operation_without_an_id_gets_one_and_no_two_share_one() {
    let catalogue = Catalogue::read(&json!({"paths": {
        "/a": {"get": {"operationId": "hent"}, "post": {}},
        "/b": {"get": {"operationId": "hent"}},
    }}));
    let ids: Vec<_> = operations(&catalogue)
        .map(|operation| operation.id.as_str())
        .collect();
    assert_eq!(ids, ["hent", "post-a", "hent-2"]);
}

#[test]
fn a_search_finds_operations_that_have_every_word() {
    let catalogue = read(
        &json!({}),
        &json!({"summary": "Lagre en ting", "operationId": "lagre"}),
    );
    let found = |wanted| catalogue.search(wanted).len();
    assert_eq!(
        (
            found(""),
            found("POST ting"),
            found("lagre EN"),
            found("slett ting")
        ),
        (1, 1, 1, 0)
    );
}

#[test]
fn parameters_of_the_path_are_shared_and_credentials_are_left_out() {
    let catalogue = read(
        &json!({}),
        &json!({"parameters": [
            {"name": "antall", "in": "query", "required": true, "schema": {"type": "integer", "minimum": 1}},
            {"name": "IntegrasjonId", "in": "header", "schema": {"type": "string"}},
        ]}),
    );
    let parameters = &catalogue.groups[0].operations[0].parameters;
    let told: Vec<_> = parameters
        .iter()
        .map(|parameter| {
            (
                parameter.field.name.as_str(),
                parameter.place,
                parameter.field.required,
            )
        })
        .collect();
    assert_eq!(told, [("antall", Place::Query, true), ("id", Place::Path, true)]);
    assert_eq!(parameters[0].example, "1");
    assert_eq!(parameters[1].field.kind, "string (uuid)");
}

#[test]
fn null_among_the_choices_reads_as_nullable() {
    let schemas = json!({"Konto": {"type": "object", "properties": {"navn": {"type": ["string", "null"]}}}});
    let schema = json!({"type": "object", "properties": {
        "konto": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Konto", "description": "Hvem"}]},
        "gammel": {"type": "string", "nullable": true},
    }});
    let fields = body(&schemas, &schema).fields;
    let [gammel, konto] = &fields[..] else {
        panic!("{fields:?}")
    };
    assert!(gammel.nullable && konto.nullable && konto.children[0].nullable);
    assert_eq!(
        (konto.kind.as_str(), konto.description.as_str()),
        ("Konto", "Hvem")
    );
}

#[test]
fn a_choice_lists_its_variants() {
    let fields = fields(&json!({"oneOf": [{"type": "string"}, {"type": "integer", "format": "int64"}]}));
    assert_eq!(fields[0].kind, "én av string, integer (int64)");
    assert_eq!(fields[0].children.len(), 2);
}

#[test]
fn a_list_tells_what_it_is_of() {
    let fields = fields(
        &json!({"type": "array", "items": {"type": "object", "properties": {"a": {"type": "boolean"}}}}),
    );
    assert_eq!(fields[0].kind, "liste av object");
    assert_eq!(fields[0].children[0].name, "a");
}

#[test]
fn bounds_and_values_are_told_in_words() {
    let fields = fields(&json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "integer", "minimum": 1000, "maximum": 5}, "b": {"enum": ["JA", "NEI", null]},
    }}));
    assert_eq!(fields[0].limits, "minst 1000, høyst 5");
    assert!(fields[0].required && !fields[1].required);
    assert_eq!(fields[1].values, ["JA", "NEI"]);
}

#[test]
fn all_of_joins_the_fields_of_its_parts() {
    let schemas = json!({"Grunn": {"type": "object", "properties": {"id": {"type": "string"}}}});
    let schema =
        json!({"allOf": [{"$ref": "#/components/schemas/Grunn"}], "properties": {"mer": {"type": "string"}}});
    let body = body(&schemas, &schema);
    let names: Vec<_> = body.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["id", "mer"]);
    assert_eq!(body.example, json!({"id": "tekst", "mer": "tekst"}));
}

#[test]
fn a_schema_that_holds_itself_ends() {
    let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let schemas = json!({
        "Tre": {"type": "object", "properties": {
            "barn": {"type": "array", "items": to("Tre")}, "a": to("Tre"), "b": to("Valg"), "c": to("Tre"),
        }},
        "Valg": {"oneOf": [to("Valg"), to("Tre")]},
        "Null": {"anyOf": [to("Null"), {"type": "null"}]},
        "Ring": to("Ring"),
    });
    for name in ["Tre", "Valg", "Null", "Ring"] {
        let body = body(&schemas, &to(name));
        assert!(body.example.to_string().len() < 20_000, "{name}");
    }
    let tree = body(&schemas, &to("Tre"));
    assert!(
        tree.fields
            .iter()
            .any(|field| field.kind == "liste av Tre (se over)"),
        "{:?}",
        tree.fields
    );
}

#[test]
fn an_example_prefers_what_the_document_gives() {
    let schema = json!({"type": "object", "required": ["id", "type", "nar", "med"], "properties": {
        "id": {"type": "string", "format": "uuid"},
        "type": {"type": "string", "example": "ping"},
        "nar": {"type": "string", "format": "date-time"},
        "valgfri": {"enum": ["JA", "NEI"]}, "vist": {"type": "string", "example": "ja"},
        "med": {"type": "integer", "default": 7},
    }});
    assert_eq!(
        body(&json!({}), &schema).example,
        json!({
            "id": "00000000-0000-4000-8000-000000000000", "type": "ping", "nar": "2026-01-01T12:00:00Z", "med": 7,
            "vist": "ja",
        })
    );
}

#[test]
fn a_multipart_body_is_shown_in_parts_with_their_types() {
    let operation = json!({"requestBody": {"content": {"multipart/form-data": {
        "schema": {"type": "object", "required": ["metadata"], "properties": {
            "data": {"type": "string", "format": "binary"},
            "metadata": {"type": "object", "properties": {"ttl": {"type": "integer"}}},
        }},
        "encoding": {"metadata": {"contentType": "application/json; charset=UTF-8"}},
    }}}});
    let catalogue = read(&json!({}), &operation);
    let body = &catalogue.groups[0].operations[0].bodies[0];
    let parts: Vec<_> = body
        .parts
        .iter()
        .map(|part| (part.name.as_str(), part.content_type.as_str(), part.required))
        .collect();
    assert_eq!(
        parts,
        [
            ("metadata", "application/json; charset=UTF-8", true),
            ("data", "application/octet-stream", false)
        ]
    );
}

#[test]
fn an_operation_that_lets_anyone_in_says_so() {
    let open =
        |security: Value| read(&json!({}), &json!({"security": security})).groups[0].operations[0].open;
    assert!(open(json!([])) && open(json!([{"bearer": []}, {}])));
    assert!(!open(json!([{"bearer": []}])) && !open(Value::Null));
}

#[test]
fn a_document_that_makes_no_sense_gives_what_it_can() {
    for nonsense in [
        json!(null),
        json!([]),
        json!({"paths": []}),
        json!({"paths": {"/a": 3}}),
        json!({"paths": {"/a": {"get": {"parameters": {}, "responses": 4, "requestBody": "x", "tags": [1]}}}}),
        json!({"paths": {"/a": {"get": {"requestBody": {"$ref": "#/nowhere"}, "responses": {"200": {"content": []}}}}}}),
    ] {
        assert!(operations(&Catalogue::read(&nonsense)).count() <= 1, "{nonsense}");
    }
}
