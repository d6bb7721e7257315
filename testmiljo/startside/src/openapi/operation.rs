//! One operation of the API.

use serde_json::{Map, Value};

use super::document::{Document, entries, flag, items, text};
use super::schema::{Field, fields_of};
use super::{example, slug};

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// Headers that the platform's authentication takes (auth-og-konfigurasjon §1), shown once for all operations.
const CREDENTIALS: [&str; 3] = ["authorization", "integrasjonid", "integrasjonpassord"];

/// A method on a path.
pub(crate) struct Operation {
    /// Unique among all operations, fit for an address.
    pub(crate) id: String,
    /// `operationId` as it stands; may be empty.
    name: String,
    /// In capitals.
    pub(crate) method: String,
    /// With its parameters in braces.
    pub(crate) path: String,
    /// The first tag, or the path's first part.
    pub(crate) group: String,
    /// One line; may be empty.
    pub(crate) summary: String,
    /// More; may be empty.
    pub(crate) description: String,
    /// Whether it is on its way out.
    pub(crate) deprecated: bool,
    /// Whether it needs no credentials.
    pub(crate) open: bool,
    /// Without the credentials.
    pub(crate) parameters: Vec<Parameter>,
    /// One for each content type that it takes.
    pub(crate) bodies: Vec<Body>,
    /// By status.
    pub(crate) answers: Vec<Answer>,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    /// The word in the document.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Path, Self::Query, Self::Header]
            .into_iter()
            .find(|place| place.code() == code)
    }

    /// What a reader calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "sti",
            Self::Query => "spørring",
            Self::Header => "header",
        }
    }
}

/// A parameter.
pub(crate) struct Parameter {
    pub(crate) place: Place,
    /// Name, type, description and whether it is required.
    pub(crate) field: Field,
    /// A value to start from; may be empty.
    pub(crate) example: String,
}

/// What is sent, in one content type.
pub(crate) struct Body {
    pub(crate) content_type: String,
    pub(crate) required: bool,
    pub(crate) fields: Vec<Field>,
    /// The parts, when the content type has parts; otherwise empty.
    pub(crate) parts: Vec<Part>,
    /// A body to start from; null when there are parts.
    pub(crate) example: Value,
}

impl Body {
    /// Whether it is sent as `multipart/form-data`.
    pub(crate) fn is_multipart(&self) -> bool {
        self.content_type == "multipart/form-data"
    }
}

/// One part of a `multipart/form-data` body.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) required: bool,
    pub(crate) example: Value,
}

/// What comes back under one status.
pub(crate) struct Answer {
    /// A status code, a class such as `4XX`, or `default`.
    pub(crate) status: String,
    pub(crate) description: String,
    /// The content types, joined by commas; empty when there is no body.
    pub(crate) content_types: String,
    pub(crate) fields: Vec<Field>,
    /// A body as it may look; null when there is none.
    pub(crate) example: Value,
}

impl Answer {
    /// The first digit of the status, or nothing for `default`.
    pub(crate) fn class(&self) -> &str {
        let digits = self.status.trim_end_matches(['X', 'x']);
        digits
            .get(..1)
            .filter(|digit| digit.starts_with(|first: char| first.is_ascii_digit()))
            .unwrap_or_default()
    }

    /// The status as a reader calls it.
    pub(crate) fn status_name(&self) -> &str {
        if self.status == "default" {
            "Ellers"
        } else {
            &self.status
        }
    }

    /// What its example is called, unlike those of other answers.
    pub(crate) fn example_caption(&self) -> String {
        format!("Eksempel på svar: {}", self.status_name())
    }
}

impl Operation {
    /// What it is called: the summary, else the name, else the path.
    pub(crate) fn title(&self) -> &str {
        let names = [&self.summary, &self.name, &self.path];
        names
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("", String::as_str)
    }

    /// The path in pieces that a line may end after.
    pub(crate) fn path_parts(&self) -> impl Iterator<Item = &str> {
        self.path.split_inclusive('/')
    }

    pub(super) fn matches(&self, words: &[String]) -> bool {
        let Self {
            method,
            path,
            id,
            summary,
            group,
            ..
        } = self;
        let haystack = format!("{method} {path} {id} {summary} {group}").to_lowercase();
        words.iter().all(|word| haystack.contains(word))
    }
}

/// Every operation in the document, by path.
pub(super) fn read_all(document: Document<'_>) -> Vec<Operation> {
    let mut operations: Vec<Operation> = Vec::new();
    for (path, item) in document.paths() {
        for method in METHODS {
            if let Some(node) = item.get(method) {
                let mut operation = read(document, item, (method, path), node);
                make_unique(&mut operation.id, &operations);
                operations.push(operation);
            }
        }
    }
    operations
}

fn make_unique(id: &mut String, others: &[Operation]) {
    let is_taken = |id: &str| others.iter().any(|other| other.id == id);
    if is_taken(id) {
        // Among one more number than there are others, one is free.
        let free = (2..=others.len() + 2)
            .map(|number| format!("{id}-{number}"))
            .find(|id| !is_taken(id));
        *id = free.unwrap_or_default();
    }
}

fn read(document: Document<'_>, item: &Map<String, Value>, address: (&str, &str), node: &Value) -> Operation {
    let (method, path) = address;
    Operation {
        id: id_of(node, method, path),
        name: text(node, "operationId").to_owned(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        group: group_of(node, path),
        summary: summary_of(node),
        description: text(node, "description").to_owned(),
        deprecated: flag(node, "deprecated"),
        open: is_open(node),
        parameters: parameters_of(document, item, node),
        bodies: bodies_of(document, node),
        answers: answers_of(document, node),
    }
}

fn id_of(node: &Value, method: &str, path: &str) -> String {
    let given = slug(text(node, "operationId"));
    if given.is_empty() {
        slug(&format!("{method} {path}"))
    } else {
        given
    }
}

fn group_of(node: &Value, path: &str) -> String {
    let tag = items(node, "tags").find_map(Value::as_str);
    let first = || path.split('/').find(|part| !part.is_empty());
    tag.or_else(first).unwrap_or("Andre").to_owned()
}

/// The summary, or the description's first sentence.
fn summary_of(node: &Value) -> String {
    let summary = text(node, "summary");
    let description = text(node, "description").lines().next().unwrap_or_default();
    let chosen = if summary.is_empty() { description } else { summary };
    chosen.trim_end_matches('.').to_owned()
}

/// An empty list of requirements, or an empty requirement among them, lets anyone in.
fn is_open(node: &Value) -> bool {
    let requirements = node.get("security").and_then(Value::as_array);
    requirements
        .is_some_and(|all| all.is_empty() || all.iter().any(|one| one.as_object().is_some_and(Map::is_empty)))
}

fn parameters_of(document: Document<'_>, item: &Map<String, Value>, node: &Value) -> Vec<Parameter> {
    let shared = item
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut parameters: Vec<Parameter> = Vec::new();
    for parameter in items(node, "parameters").chain(shared) {
        let (parameter, _) = document.resolve(parameter);
        let Some(parameter) = read_parameter(document, parameter) else {
            continue;
        };
        let is_known = parameters
            .iter()
            .any(|known| known.place == parameter.place && known.field.name == parameter.field.name);
        if !is_known {
            parameters.push(parameter);
        }
    }
    parameters
}

fn read_parameter(document: Document<'_>, node: &Value) -> Option<Parameter> {
    let place = Place::from_code(text(node, "in"))?;
    let name = text(node, "name");
    if place == Place::Header && CREDENTIALS.contains(&name.to_lowercase().as_str()) {
        return None;
    }
    let schema = node.get("schema").unwrap_or(&Value::Null);
    let mut field = Field::read(document, name, schema);
    field.required = place == Place::Path || flag(node, "required");
    let description = text(node, "description");
    if !description.is_empty() {
        description.clone_into(&mut field.description);
    }
    let sample = node.get("example").cloned();
    let sample = sample.or_else(|| field.required.then(|| example(document, schema)));
    Some(Parameter {
        place,
        field,
        example: sample.map_or_else(String::new, |value| plain(&value)),
    })
}

/// A value as it is written in an address or a header.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn bodies_of(document: Document<'_>, node: &Value) -> Vec<Body> {
    let Some(body) = node.get("requestBody") else {
        return Vec::new();
    };
    let (body, _) = document.resolve(body);
    let required = flag(body, "required");
    entries(body, "content")
        .map(|(content_type, media)| read_body(document, content_type, media, required))
        .collect()
}

fn read_body(document: Document<'_>, content_type: &str, media: &Value, required: bool) -> Body {
    let schema = media.get("schema").unwrap_or(&Value::Null);
    let is_multipart = content_type == "multipart/form-data";
    Body {
        content_type: content_type.to_owned(),
        required,
        fields: fields_of(document, schema),
        parts: if is_multipart {
            parts_of(document, schema, media)
        } else {
            Vec::new()
        },
        example: if is_multipart {
            Value::Null
        } else {
            media_example(document, media)
        },
    }
}

fn parts_of(document: Document<'_>, schema: &Value, media: &Value) -> Vec<Part> {
    let (schema, _) = document.resolve(schema);
    let required: Vec<&str> = items(schema, "required").filter_map(Value::as_str).collect();
    let mut parts: Vec<Part> = entries(schema, "properties")
        .map(|(name, part)| Part {
            content_type: part_type(document, name, part, media),
            required: required.contains(&name.as_str()),
            example: part_example(document, part),
            name: name.clone(),
        })
        .collect();
    // What describes the rest comes first on the wire (fiks-io §3): required parts before optional ones.
    parts.sort_by_key(|part| !part.required);
    parts
}

/// Nobody wants to send made-up bytes.
fn part_example(document: Document<'_>, part: &Value) -> Value {
    let (schema, _) = document.resolve(part);
    if text(schema, "format") == "binary" {
        Value::Null
    } else {
        example(document, part)
    }
}

fn part_type(document: Document<'_>, name: &str, part: &Value, media: &Value) -> String {
    let given = media
        .pointer(&format!("/encoding/{name}/contentType"))
        .and_then(Value::as_str);
    let (schema, _) = document.resolve(part);
    let guessed = match (text(schema, "type"), text(schema, "format")) {
        ("string", "binary") => "application/octet-stream",
        ("string", _) => "text/plain",
        _ if schema.get("contentMediaType").is_some() => text(schema, "contentMediaType"),
        _ => "application/json",
    };
    given.unwrap_or(guessed).to_owned()
}

fn media_example(document: Document<'_>, media: &Value) -> Value {
    let given = media.get("example").or_else(|| {
        let (_, first) = entries(media, "examples").next()?;
        document.resolve(first).0.get("value")
    });
    given.cloned().unwrap_or_else(|| {
        media
            .get("schema")
            .map_or(Value::Null, |schema| example(document, schema))
    })
}

fn answers_of(document: Document<'_>, node: &Value) -> Vec<Answer> {
    entries(node, "responses")
        .map(|(status, answer)| read_answer(document, status, answer))
        .collect()
}

fn read_answer(document: Document<'_>, status: &str, answer: &Value) -> Answer {
    let (answer, _) = document.resolve(answer);
    let content: Vec<_> = entries(answer, "content").collect();
    let media = content.first().map(|(_, media)| *media);
    let schema = media.and_then(|media| media.get("schema"));
    let content_types: Vec<&str> = content.iter().map(|(kind, _)| kind.as_str()).collect();
    Answer {
        status: status.to_owned(),
        description: text(answer, "description").to_owned(),
        content_types: content_types.join(", "),
        fields: schema
            .map(|schema| fields_of(document, schema))
            .unwrap_or_default(),
        example: media.map_or(Value::Null, |media| media_example(document, media)),
    }
}
