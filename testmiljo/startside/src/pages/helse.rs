//! What runs, and whether it is well.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use fiks_web::text::count;
use fiks_web::ui::{self, Colour};
use fiks_web::{View, is_fragment_request};
use serde::Deserialize;

use super::{App, Context, mark};
use crate::innsikt::{Del, Helse};

/// The parts of the platform.
#[derive(Template)]
#[template(path = "start/helse.html")]
pub(super) struct Status {
    deler: Vec<Del>,
    versjon: String,
}

impl HtmlSafe for Status {}

impl Status {
    pub(super) async fn read(context: &Context) -> Self {
        let deler = context.innsikt.helse().await;
        Self {
            versjon: mark(&deler),
            deler,
        }
    }

    /// All of it in one word and colour.
    pub(super) fn summary(&self) -> (Colour, String) {
        let nede = self.how_many(Helse::Nede);
        let redusert = self.how_many(Helse::Redusert);
        if nede > 0 {
            (Colour::Danger, count(nede, "del er nede", "deler er nede"))
        } else if redusert > 0 {
            (
                Colour::Warning,
                count(redusert, "del trenger tilsyn", "deler trenger tilsyn"),
            )
        } else {
            (Colour::Success, "Alt virker".to_owned())
        }
    }

    fn how_many(&self, status: Helse) -> u64 {
        let found = self.deler.iter().filter(|del| del.status == status).count();
        u64::try_from(found).unwrap_or(u64::MAX)
    }
}

impl Helse {
    fn name(self) -> &'static str {
        match self {
            Self::Oppe => "Virker",
            Self::Redusert => "Trenger tilsyn",
            Self::Nede => "Nede",
        }
    }

    fn colour(self) -> Colour {
        match self {
            Self::Oppe => Colour::Success,
            Self::Redusert => Colour::Warning,
            Self::Nede => Colour::Danger,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Known {
    #[serde(default)]
    versjon: String,
}

/// The parts again, or 204 when nothing is new.
pub(super) async fn fragment(
    State(context): App,
    Query(known): Query<Known>,
    headers: HeaderMap,
) -> Response {
    if !is_fragment_request(&headers) {
        return Redirect::to("/#status").into_response();
    }
    let status = Status::read(&Arc::clone(&context)).await;
    if status.versjon == known.versjon {
        return StatusCode::NO_CONTENT.into_response();
    }
    View(status).into_response()
}
