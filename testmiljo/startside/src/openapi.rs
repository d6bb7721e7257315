//! The published OpenAPI document as people read it: operations in groups, each with its parameters, bodies and
//! answers.
//!
//! Invariant: whatever the document holds, reading it ends, takes bounded memory and never fails; what is not
//! understood is shown as it stands or left out. It is read once, at start.

mod document;
mod example;
mod operation;
mod schema;

pub(crate) use operation::{Body, Operation, Parameter, Place};
pub(crate) use schema::Field;

use document::Document;
use example::example;
use serde_json::Value;

/// Everything that is published.
pub(crate) struct Catalogue {
    /// By name.
    pub(crate) groups: Vec<Group>,
}

/// The operations of one service.
pub(crate) struct Group {
    /// The tag.
    pub(crate) name: String,
    /// The name as an anchor.
    pub(crate) anchor: String,
    /// What the document says about the tag; may be empty.
    pub(crate) description: String,
    /// By path, then method.
    pub(crate) operations: Vec<Operation>,
}

impl Catalogue {
    /// Reads an OpenAPI 3.0 or 3.1 document.
    pub(crate) fn read(openapi: &Value) -> Self {
        let document = Document(openapi);
        let mut groups: Vec<Group> = Vec::new();
        for operation in operation::read_all(document) {
            match groups.iter_mut().find(|group| group.name == operation.group) {
                Some(group) => group.operations.push(operation),
                None => groups.push(Group::starting_with(operation, document)),
            }
        }
        groups.sort_by_key(|group| group.name.to_lowercase());
        Self { groups }
    }

    /// The operation with that id, with its group.
    pub(crate) fn operation(&self, id: &str) -> Option<(&Group, &Operation)> {
        self.groups.iter().find_map(|group| {
            let operation = group.operations.iter().find(|operation| operation.id == id)?;
            Some((group, operation))
        })
    }

    /// The groups with the operations that have every word of `wanted` in method, path, id, summary or tag.
    pub(crate) fn search(&self, wanted: &str) -> Vec<(&Group, Vec<&Operation>)> {
        let words: Vec<String> = wanted.split_whitespace().map(str::to_lowercase).collect();
        self.groups
            .iter()
            .map(|group| {
                let found = group
                    .operations
                    .iter()
                    .filter(|operation| operation.matches(&words));
                (group, found.collect::<Vec<_>>())
            })
            .filter(|(_, operations)| !operations.is_empty())
            .collect()
    }
}

impl Group {
    fn starting_with(operation: Operation, document: Document<'_>) -> Self {
        let name = operation.group.clone();
        Self {
            anchor: slug(&name).to_lowercase(),
            description: document.tag_description(&name).to_owned(),
            operations: vec![operation],
            name,
        }
    }
}

/// Letters, digits and single hyphens.
fn slug(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests;
