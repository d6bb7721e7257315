//! The API to read: a list to search, and a page for each operation.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use fiks_core::id::FiksOrgId;
use fiks_web::text::count;
use fiks_web::{Fault, Page, ui};
use serde::Deserialize;
use serde_json::Value;

use super::App;
use crate::errors::StartsideError;
use crate::openapi::{Field, Group, Operation, Parameter};
use crate::oppsett::{Oppsett, Organisasjon};
use crate::trial::{Prefill, field_name};

#[derive(Template)]
#[template(path = "api/list.html")]
struct List<'a> {
    found: Vec<(&'a Group, Vec<&'a Operation>)>,
    wanted: &'a str,
    told: String,
}

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default, rename = "q")]
    wanted: String,
}

/// `/api`
pub(super) async fn list(State(context): App, Query(search): Query<Search>) -> Response {
    let found = context.catalogue.search(&search.wanted);
    let number: usize = found.iter().map(|(_, operations)| operations.len()).sum();
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    let content = List {
        told: count(number, "operasjon", "operasjoner"),
        found,
        wanted: &search.wanted,
    };
    Page::new(&context.site, "API", "/api", content).into_response()
}

/// `/api/openapi.json`
pub(super) async fn document(State(context): App) -> Response {
    ([(CONTENT_TYPE, "application/json")], context.openapi.clone()).into_response()
}

#[derive(Template)]
#[template(path = "api/operation.html")]
struct OperationPage<'a> {
    operation: &'a Operation,
    anchor: &'a str,
    oppsett: &'a Oppsett,
    /// Who makes the trial call; nobody when none.
    organisasjon: Option<&'a Organisasjon>,
    prefill: Prefill<'a>,
}

#[derive(Deserialize)]
pub(super) struct Caller {
    organisasjon: Option<String>,
}

/// `/api/operasjon/{id}`
pub(super) async fn operation(
    State(context): App,
    Path(id): Path<String>,
    Query(caller): Query<Caller>,
) -> Result<Response, Fault> {
    let context = Arc::clone(&context);
    let (group, operation) = context
        .catalogue
        .operation(&id)
        .ok_or(StartsideError::UkjentOperasjon)?;
    let organisasjon = caller.chosen(&context.oppsett)?;
    let content = OperationPage {
        operation,
        anchor: &group.anchor,
        oppsett: &context.oppsett,
        organisasjon,
        prefill: Prefill::new(&context.oppsett, organisasjon),
    };
    let title = format!("{} {}", operation.method, operation.path);
    Ok(Page::new(&context.site, &title, "/api", content).into_response())
}

impl Caller {
    /// The first organisation unless another is named; an empty name is nobody.
    fn chosen<'a>(&self, oppsett: &'a Oppsett) -> Result<Option<&'a Organisasjon>, StartsideError> {
        match self.organisasjon.as_deref() {
            None => Ok(oppsett.organisasjoner.first()),
            Some("") => Ok(None),
            Some(name) => {
                let id: Option<FiksOrgId> = name.parse().ok();
                let found = id.and_then(|id| oppsett.organisasjon(id));
                found.map(Some).ok_or(StartsideError::UkjentOrganisasjon)
            }
        }
    }
}

impl OperationPage<'_> {
    fn is_chosen(&self, organisasjon: &Organisasjon) -> bool {
        self.organisasjon
            .is_some_and(|chosen| chosen.fiks_org_id == organisasjon.fiks_org_id)
    }

    fn value(&self, parameter: &Parameter) -> String {
        let own = self.prefill.value(&parameter.field.name);
        own.unwrap_or_else(|| parameter.example.clone())
    }
}

/// Fields as a list, those inside others indented.
#[derive(Template)]
#[template(path = "api/fields.html")]
struct Fields<'a> {
    fields: &'a [Field],
}

impl HtmlSafe for Fields<'_> {}

fn fields(fields: &[Field]) -> Fields<'_> {
    Fields { fields }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// Text in which every second piece between backticks is code.
#[derive(Template)]
#[template(path = "api/prose.html")]
struct Prose<'a> {
    text: &'a str,
}

impl HtmlSafe for Prose<'_> {}

fn prose(text: &str) -> Prose<'_> {
    Prose { text }
}

/// A description's paragraphs.
fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_piece_of_a_text_is_code() {
        let shown = |text| prose(text).render().unwrap();
        assert_eq!(shown("Tar `ttl` i <ms>."), "Tar <code>ttl</code> i &#60;ms&#62;.");
        assert_eq!(shown("Se *mer*."), "Se *mer*.");
    }

    #[test]
    fn empty_paragraphs_are_left_out() {
        let paragraphs: Vec<_> = paragraphs("Tar `ttl` i ms.\n\n\n\nSe *mer*.").collect();
        assert_eq!(paragraphs, ["Tar `ttl` i ms.", "Se *mer*."]);
        assert_eq!(super::paragraphs(" ").count(), 0);
    }
}
