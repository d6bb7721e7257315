//! Looking things up in the JSON of an OpenAPI document.

use serde_json::{Map, Value};

/// References followed in a row before giving up.
const LONGEST_CHAIN: usize = 8;

/// An OpenAPI document.
#[derive(Clone, Copy)]
pub(crate) struct Document<'a>(pub(crate) &'a Value);

impl<'a> Document<'a> {
    /// What `node` refers to, or `node` itself; with the last name that was followed.
    pub(crate) fn resolve(self, node: &'a Value) -> (&'a Value, Option<&'a str>) {
        let (mut node, mut name) = (node, None);
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = node.get("$ref").and_then(Value::as_str) else {
                break;
            };
            let Some(target) = reference
                .strip_prefix('#')
                .and_then(|pointer| self.0.pointer(pointer))
            else {
                break;
            };
            name = reference.rsplit('/').next();
            node = target;
        }
        (node, name)
    }

    /// The paths with their items.
    pub(crate) fn paths(self) -> impl Iterator<Item = (&'a String, &'a Map<String, Value>)> {
        entries(self.0, "paths").filter_map(|(path, item)| Some((path, item.as_object()?)))
    }

    /// What the document says about a tag; empty when it says nothing.
    pub(crate) fn tag_description(self, name: &str) -> &'a str {
        items(self.0, "tags")
            .find(|tag| text(tag, "name") == name)
            .map_or("", |tag| text(tag, "description"))
    }
}

/// The text under `key`; empty when there is none.
pub(crate) fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether `key` is `true`.
pub(crate) fn flag(node: &Value, key: &str) -> bool {
    node.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The elements of the list under `key`.
pub(crate) fn items<'a>(node: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    node.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The entries of the object under `key`.
pub(crate) fn entries<'a>(
    node: &'a Value,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    node.get(key).and_then(Value::as_object).into_iter().flatten()
}
