//! The start page.

use std::error::Error as _;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use fiks_web::ui::{self, Colour};
use fiks_web::{Fault, Page, WebError};
use serde::Deserialize;

use super::flyt::{Choice, FlowView};
use super::helse::Status;
use super::klokke::Face;
use super::{App, Context};
use crate::code::{self, Example};
use crate::errors::StartsideError;
use crate::innsikt::{Filter, Kontostand, Tilstand};
use crate::oppsett::{Oppsett, Organisasjon};

#[derive(Template)]
#[template(path = "start/page.html")]
struct Start<'a> {
    oppsett: &'a Oppsett,
    status: Status,
    klokke: Face,
    /// None when the flow can't be read; the rest of the page is useful all the same.
    flyt: Option<FlowView>,
    filter: Filter,
    chosen: Option<&'a Organisasjon>,
    examples: Vec<Example>,
}

impl Start<'_> {
    fn is_konto(&self, stand: &Kontostand) -> bool {
        self.filter.konto == Some(stand.konto.id)
    }

    /// Every state, and whether it is the one chosen.
    fn tilstander(&self) -> impl Iterator<Item = (Tilstand, bool)> {
        let chosen = self.filter.tilstand;
        Tilstand::ALL
            .into_iter()
            .map(move |tilstand| (tilstand, chosen == Some(tilstand)))
    }
}

#[derive(Deserialize)]
pub(super) struct Address {
    #[serde(default)]
    organisasjon: String,
}

/// `/`
pub(super) async fn page(
    State(context): App,
    Query(address): Query<Address>,
    Query(choice): Query<Choice>,
) -> Result<Response, Fault> {
    let context = Arc::clone(&context);
    let chosen = chosen(&context, &address);
    let filter = choice.filter();
    let (status, flyt) = tokio::join!(Status::read(&context), FlowView::read(&context, filter));
    let content = Start {
        oppsett: &context.oppsett,
        klokke: Face::read(&context),
        status,
        flyt: flyt.inspect_err(log).ok(),
        filter,
        chosen,
        examples: examples(&context, chosen)?,
    };
    Ok(Page::new(&context.site, "Oversikt", "/", content).into_response())
}

fn log(error: &StartsideError) {
    let cause = error.source().map(ToString::to_string);
    tracing::error!(%error, cause, "message flow not read");
}

/// The organisation in the address, or the first.
fn chosen<'a>(context: &'a Context, address: &Address) -> Option<&'a Organisasjon> {
    let oppsett = &context.oppsett;
    let asked = address.organisasjon.parse().ok();
    asked
        .and_then(|id| oppsett.organisasjon(id))
        .or_else(|| oppsett.organisasjoner.first())
}

fn examples(context: &Context, chosen: Option<&Organisasjon>) -> Result<Vec<Example>, WebError> {
    let Some(organisasjon) = chosen else {
        return Ok(Vec::new());
    };
    code::examples(&context.oppsett, organisasjon).map_err(WebError::from)
}
