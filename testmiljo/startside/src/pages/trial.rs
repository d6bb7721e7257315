//! Trial calls from the page of an operation.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::Form as AxumForm;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use fiks_web::ui::{self, Colour};
use fiks_web::{Fault, Page, View, is_fragment_request};

use super::App;
use crate::errors::StartsideError;
use crate::trial::{Call, Form, Outcome};

/// What was sent and what came back.
#[derive(Template)]
#[template(path = "api/outcome.html")]
struct OutcomeView {
    curl: String,
    outcome: Outcome,
}

impl HtmlSafe for OutcomeView {}

impl OutcomeView {
    fn colour(&self) -> Colour {
        if self.outcome.is_success {
            Colour::Success
        } else {
            Colour::Danger
        }
    }
}

/// The outcome as a page of its own, for those without a script.
#[derive(Template)]
#[template(path = "api/outcome_page.html")]
struct OutcomePage<'a> {
    operation: &'a str,
    view: OutcomeView,
}

/// Sends the operation in the form and shows the answer. An answer that is a refusal is still an answer: the status
/// of this page is 200.
pub(super) async fn call(
    State(context): App,
    headers: HeaderMap,
    AxumForm(form): AxumForm<Form>,
) -> Result<Response, Fault> {
    let context = Arc::clone(&context);
    let (_, operation) = context
        .catalogue
        .operation(form.get("operasjon"))
        .ok_or(StartsideError::UkjentOperasjon)?;
    let organisasjon = match form.get("organisasjon").parse() {
        Ok(id) => Some(
            context
                .oppsett
                .organisasjon(id)
                .ok_or(StartsideError::UkjentOrganisasjon)?,
        ),
        Err(_) => None,
    };
    let token = match organisasjon {
        Some(organisasjon) => Some(context.innsikt.token(organisasjon.fiks_org_id).await?),
        None => None,
    };
    let base = context.oppsett.adresser.api_http.to_string();
    let call = Call::new(&base, operation, &form, organisasjon)?;
    let outcome = call.send(&context.client, token).await?;
    let view = OutcomeView {
        curl: call.curl(),
        outcome,
    };
    if is_fragment_request(&headers) {
        return Ok(View(view).into_response());
    }
    let content = OutcomePage {
        operation: &operation.id,
        view,
    };
    Ok(Page::new(&context.site, "Svar", "/api", content).into_response())
}
