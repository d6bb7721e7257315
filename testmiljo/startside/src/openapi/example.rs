//! A value that fits a schema, to read and to start a trial call from.

use serde_json::{Map, Value, json};

use super::document::{Document, entries, items, text};

const DEEPEST: usize = 6;
const MOST_VALUES: usize = 300;

/// An example of `schema`: the document's own, or one made from types and formats. Fields that may be left out are
/// left out, unless the document has an example of them.
pub(crate) fn example(document: Document<'_>, schema: &Value) -> Value {
    Maker {
        document,
        left: MOST_VALUES,
    }
    .make(schema, 0)
}

struct Maker<'a> {
    document: Document<'a>,
    /// A schema that holds itself several times over would grow without it.
    left: usize,
}

impl<'a> Maker<'a> {
    fn make(&mut self, schema: &'a Value, depth: usize) -> Value {
        let (node, _) = self.document.resolve(schema);
        if let Some(given) = given(node) {
            return given.clone();
        }
        if depth >= DEEPEST || self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        if let Some(choice) = choice(node) {
            return self.make(choice, depth + 1);
        }
        if let Some(item) = node.get("items") {
            return Value::Array(vec![self.make(item, depth + 1)]);
        }
        if node.get("properties").is_some() || node.get("allOf").is_some() {
            return Value::Object(self.object(node, depth));
        }
        simple(node)
    }

    fn object(&mut self, node: &'a Value, depth: usize) -> Map<String, Value> {
        let required: Vec<&str> = items(node, "required").filter_map(Value::as_str).collect();
        let mut object = Map::new();
        for part in items(node, "allOf") {
            if let Value::Object(inherited) = self.make(part, depth + 1) {
                object.extend(inherited);
            }
        }
        for (name, schema) in entries(node, "properties") {
            let is_wanted = required.is_empty() || required.contains(&name.as_str());
            if is_wanted || shown(self.document.resolve(schema).0).is_some() {
                object.insert(name.clone(), self.make(schema, depth + 1));
            }
        }
        object
    }
}

/// The document's own example.
fn shown(node: &Value) -> Option<&Value> {
    node.get("example").or_else(|| items(node, "examples").next())
}

/// A value that the document names: its example, or one that is certain to be allowed.
fn given(node: &Value) -> Option<&Value> {
    let value = shown(node)
        .or_else(|| node.get("const"))
        .or_else(|| node.get("default"))
        .or_else(|| items(node, "enum").next())?;
    (!value.is_null()).then_some(value)
}

/// The first choice that is not null.
fn choice(node: &Value) -> Option<&Value> {
    items(node, "oneOf")
        .chain(items(node, "anyOf"))
        .find(|choice| text(choice, "type") != "null")
}

fn simple(node: &Value) -> Value {
    let named = node.get("type").and_then(Value::as_str);
    let kind = named.or_else(|| {
        items(node, "type")
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
    });
    match (kind.unwrap_or_default(), text(node, "format")) {
        ("string", "uuid") => json!("00000000-0000-4000-8000-000000000000"),
        ("string", "date-time") => json!("2026-01-01T12:00:00Z"),
        ("string", "date") => json!("2026-01-01"),
        ("string", "uri" | "url") => json!("https://eksempel.no"),
        ("string", "email") => json!("navn@eksempel.no"),
        ("string", _) => json!("tekst"),
        ("integer" | "number", _) => node.get("minimum").cloned().unwrap_or(json!(0)),
        ("boolean", _) => json!(true),
        ("object", _) => json!({}),
        ("array", _) => json!([]),
        _ => Value::Null,
    }
}
