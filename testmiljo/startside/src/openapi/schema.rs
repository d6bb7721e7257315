//! JSON schemas as lists of fields with a type in words.
//!
//! Invariant: depth and number of fields are bounded, and a schema that holds itself is not followed again.

use serde_json::Value;

use super::document::{Document, entries, flag, items, text};

const DEEPEST: usize = 6;
const MOST_FIELDS: usize = 300;

/// One field of an object, or a variant of a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// `string (uuid)`, `liste av Konto`.
    pub(crate) kind: String,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    /// May be empty.
    pub(crate) description: String,
    /// Bounds in words; may be empty.
    pub(crate) limits: String,
    /// The values it can have, when they are listed.
    pub(crate) values: Vec<String>,
    /// The fields inside it.
    pub(crate) children: Vec<Field>,
}

impl Field {
    /// A field with that name and schema.
    pub(crate) fn read(document: Document<'_>, name: &str, schema: &Value) -> Self {
        Reader::new(document).field(name, schema)
    }
}

/// The fields of a body. A body that is no object is one field without a name.
pub(crate) fn fields_of(document: Document<'_>, schema: &Value) -> Vec<Field> {
    let root = Field::read(document, "", schema);
    if root.kind.is_empty() {
        Vec::new()
    } else if root.children.is_empty() || root.kind.starts_with(LIST) || root.kind.starts_with(CHOICE) {
        vec![root]
    } else {
        root.children
    }
}

const LIST: &str = "liste av ";
const CHOICE: &str = "én av";

struct Reader<'a> {
    document: Document<'a>,
    /// The names of the schemas that we are inside.
    open: Vec<&'a str>,
    left: usize,
}

impl<'a> Reader<'a> {
    fn new(document: Document<'a>) -> Self {
        Self {
            document,
            open: Vec::new(),
            left: MOST_FIELDS,
        }
    }

    fn field(&mut self, name: &str, schema: &'a Value) -> Field {
        let (node, reference) = self.document.resolve(schema);
        let mut field = match reference {
            None => self.unwrapped(node, None),
            Some(open) if self.open.contains(&open) => Field {
                kind: format!("{open} (se over)"),
                ..Field::default()
            },
            Some(reference) => {
                self.open.push(reference);
                let field = self.unwrapped(node, Some(reference));
                self.open.pop();
                field
            }
        };
        name.clone_into(&mut field.name);
        // What stands beside a reference speaks of this use of it.
        let own = text(schema, "description");
        if !own.is_empty() {
            own.clone_into(&mut field.description);
        }
        field.nullable |= flag(schema, "nullable");
        field
    }

    /// Sees through `oneOf` and `anyOf` with one choice besides null, which is how a document says «may be null».
    fn unwrapped(&mut self, node: &'a Value, reference: Option<&'a str>) -> Field {
        let choices: Vec<&Value> = items(node, "oneOf").chain(items(node, "anyOf")).collect();
        let real: Vec<&Value> = choices
            .iter()
            .copied()
            .filter(|choice| !is_null(choice))
            .collect();
        match *real {
            [] => self.plain(node, reference),
            [only] => {
                let mut field = self.field("", only);
                field.nullable |= real.len() < choices.len();
                field
            }
            _ => self.choice(node, &real, real.len() < choices.len()),
        }
    }

    fn choice(&mut self, node: &'a Value, choices: &[&'a Value], nullable: bool) -> Field {
        let children = self.nested(|reader| {
            choices
                .iter()
                .map(|choice| {
                    let mut field = reader.field("", choice);
                    field.name = std::mem::take(&mut field.kind);
                    field
                })
                .collect()
        });
        let names: Vec<&str> = children.iter().map(|child: &Field| child.name.as_str()).collect();
        Field {
            kind: format!("{CHOICE} {}", names.join(", ")),
            nullable,
            description: text(node, "description").to_owned(),
            children,
            ..Field::default()
        }
    }

    fn plain(&mut self, node: &'a Value, reference: Option<&'a str>) -> Field {
        let (kind, children) = self.shape(node, reference);
        Field {
            kind,
            children,
            nullable: types(node).any(|kind| kind == "null"),
            description: text(node, "description").to_owned(),
            limits: limits(node),
            values: values(node),
            ..Field::default()
        }
    }

    fn shape(&mut self, node: &'a Value, name: Option<&'a str>) -> (String, Vec<Field>) {
        if let Some(item) = node.get("items") {
            let item = self.field("", item);
            return (format!("{LIST}{}", item.kind), item.children);
        }
        let children = self.nested(|reader| reader.properties(node));
        let kind = match (name, children.is_empty()) {
            (Some(name), false) => name.to_owned(),
            _ => simple_kind(node),
        };
        (kind, children)
    }

    fn properties(&mut self, node: &'a Value) -> Vec<Field> {
        let required: Vec<&str> = items(node, "required").filter_map(Value::as_str).collect();
        let mut fields = Vec::new();
        for part in items(node, "allOf") {
            fields.extend(self.field("", part).children);
        }
        for (name, schema) in entries(node, "properties") {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let mut field = self.field(name, schema);
            field.required = required.contains(&name.as_str());
            fields.push(field);
        }
        if let Some(schema) = node
            .get("additionalProperties")
            .filter(|schema| schema.is_object())
        {
            fields.push(self.field("<valgfri nøkkel>", schema));
        }
        // JSON objects have no order of their own, so what must be there comes first.
        fields.sort_by_key(|field| !field.required);
        fields
    }

    /// What `read` finds one level further in; nothing when that is too deep.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Vec<Field>) -> Vec<Field> {
        if self.open.len() > DEEPEST || self.left == 0 {
            return Vec::new();
        }
        self.left -= 1;
        read(self)
    }
}

fn is_null(schema: &Value) -> bool {
    text(schema, "type") == "null"
}

/// The types that are named: one in OpenAPI 3.0, one or more in 3.1.
fn types(node: &Value) -> impl Iterator<Item = &str> {
    let one = node.get("type").and_then(Value::as_str);
    one.into_iter()
        .chain(items(node, "type").filter_map(Value::as_str))
}

fn simple_kind(node: &Value) -> String {
    let named: Vec<&str> = types(node).filter(|kind| *kind != "null").collect();
    let kind = if named.is_empty() && (node.get("properties").is_some() || node.get("allOf").is_some()) {
        "object".to_owned()
    } else {
        named.join(" eller ")
    };
    match text(node, "format") {
        "" => kind,
        format => format!("{kind} ({format})"),
    }
}

fn values(node: &Value) -> Vec<String> {
    items(node, "enum")
        .chain(node.get("const"))
        .filter(|value| !value.is_null())
        .map(super::operation::plain)
        .collect()
}

fn limits(node: &Value) -> String {
    const NAMED: [(&str, &str); 9] = [
        ("minimum", "minst "),
        ("maximum", "høyst "),
        ("minLength", "minste lengde "),
        ("maxLength", "største lengde "),
        ("minItems", "minst antall "),
        ("maxItems", "høyst antall "),
        ("pattern", "mønster "),
        ("default", "standard "),
        ("example", "eksempel "),
    ];
    let told: Vec<String> = NAMED
        .iter()
        .filter_map(|(key, words)| Some((words, node.get(*key)?)))
        .filter(|(_, value)| !value.is_object() && !value.is_null())
        .map(|(words, value)| format!("{words}{}", super::operation::plain(value)))
        .collect();
    told.join(", ")
}
