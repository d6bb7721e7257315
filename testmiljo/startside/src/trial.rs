//! Trial calls: an operation of the API, filled out in a form, sent over loopback with a ready-made organisation's
//! credentials.
//!
//! Invariant: a call goes to the environment's own API and to a published operation, whatever the form says; what
//! is read of the answer is bounded.

mod curl;
mod prefill;
mod send;

pub(crate) use prefill::Prefill;
pub(crate) use send::Outcome;

use reqwest::{Method, Url};

use crate::errors::StartsideError;
use crate::openapi::{Operation, Parameter, Place};
use crate::oppsett::Organisasjon;

/// A form as it came: names and values, in order.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The value of the field with that name; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value)
    }
}

/// The name of a parameter's field in the form.
pub(crate) fn field_name(parameter: &Parameter) -> String {
    format!("{}.{}", parameter.place.code(), parameter.field.name)
}

/// A call, ready to be sent.
pub(crate) struct Call<'a> {
    method: Method,
    url: Url,
    headers: Vec<(String, String)>,
    payload: Payload,
    organisasjon: Option<&'a Organisasjon>,
}

enum Payload {
    None,
    Whole { content_type: String, body: String },
    Parts(Vec<FilledPart>),
}

struct FilledPart {
    name: String,
    content_type: String,
    value: String,
    is_file: bool,
}

impl<'a> Call<'a> {
    /// The operation with the form's values, at the API's base address, as that organisation or as nobody.
    pub(crate) fn new(
        base: &str,
        operation: &Operation,
        form: &Form,
        organisasjon: Option<&'a Organisasjon>,
    ) -> Result<Self, StartsideError> {
        Ok(Self {
            method: operation.method.parse().map_err(invalid)?,
            url: address(base, operation, form)?,
            headers: headers(operation, form)?,
            payload: payload(operation, form),
            organisasjon,
        })
    }
}

fn invalid(cause: impl std::error::Error + Send + Sync + 'static) -> StartsideError {
    StartsideError::UgyldigKall(Box::new(cause))
}

/// What the form holds for the parameters of one place, those left empty excepted.
fn filled<'o>(
    operation: &'o Operation,
    form: &'o Form,
    place: Place,
) -> impl Iterator<Item = Result<(&'o Parameter, &'o str), StartsideError>> {
    operation
        .parameters
        .iter()
        .filter(move |parameter| parameter.place == place)
        .filter_map(|parameter| match form.get(&field_name(parameter)) {
            "" if parameter.field.required => {
                Some(Err(StartsideError::ManglerVerdi(parameter.field.name.clone())))
            }
            "" => None,
            value => Some(Ok((parameter, value))),
        })
}

fn address(base: &str, operation: &Operation, form: &Form) -> Result<Url, StartsideError> {
    let mut url = Url::parse(base).map_err(invalid)?;
    let path = filled_path(operation, form)?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(path);
    }
    for parameter in filled(operation, form, Place::Query) {
        let (parameter, value) = parameter?;
        url.query_pairs_mut().append_pair(&parameter.field.name, value);
    }
    Ok(url)
}

/// The path's parts with their parameters filled in. They are escaped when they become part of the address.
fn filled_path(operation: &Operation, form: &Form) -> Result<Vec<String>, StartsideError> {
    let mut parts: Vec<String> = operation.path.split('/').skip(1).map(str::to_owned).collect();
    for parameter in filled(operation, form, Place::Path) {
        let (parameter, value) = parameter?;
        let placeholder = format!("{{{}}}", parameter.field.name);
        for part in &mut parts {
            *part = part.replace(&placeholder, value);
        }
    }
    Ok(parts)
}

fn headers(operation: &Operation, form: &Form) -> Result<Vec<(String, String)>, StartsideError> {
    filled(operation, form, Place::Header)
        .map(|parameter| parameter.map(|(parameter, value)| (parameter.field.name.clone(), value.to_owned())))
        .collect()
}

fn payload(operation: &Operation, form: &Form) -> Payload {
    let Some(body) = operation.bodies.first() else {
        return Payload::None;
    };
    if body.is_multipart() {
        return Payload::Parts(parts(body, form));
    }
    match form.get("body") {
        "" if !body.required => Payload::None,
        text => Payload::Whole {
            content_type: body.content_type.clone(),
            body: text.to_owned(),
        },
    }
}

fn parts(body: &crate::openapi::Body, form: &Form) -> Vec<FilledPart> {
    body.parts
        .iter()
        .map(|part| FilledPart {
            value: form.get(&format!("part.{}", part.name)).to_owned(),
            is_file: part.content_type == "application/octet-stream",
            name: part.name.clone(),
            content_type: part.content_type.clone(),
        })
        .filter(|part| !part.value.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
