//! The flow of messages: where each one is, and why.
//!
//! Invariant: the fragment changes only when the flow does, so that what a reader looks at stands still; ages are
//! kept up to date by the script.

use std::fmt::Write as _;
use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use fiks_core::Timestamp;
use fiks_core::id::{FiksOrgId, KontoId};
use fiks_web::text::{self, count};
use fiks_web::ui::{self, Time};
use fiks_web::{Fault, View, is_fragment_request};
use serde::Deserialize;

use super::{App, Context, mark};
use crate::errors::StartsideError;
use crate::forklaring::{Forklaring, advarsler, forklar};
use crate::innsikt::{Filter, Flyt, Klokkestand, Kontostand, Meldingsspor, Tilstand};

/// The most messages that are shown at once.
const MOST_SHOWN: usize = 50;

const HX_REPLACE_URL: HeaderName = HeaderName::from_static("hx-replace-url");

/// What the reader has chosen to see, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    konto: String,
    #[serde(default)]
    tilstand: String,
    /// Chosen elsewhere on the page, and kept in the address.
    #[serde(default)]
    organisasjon: String,
    /// The mark of what the browser already shows.
    #[serde(default)]
    versjon: String,
}

impl Choice {
    /// What can't be read, such as an id from another environment, is no choice.
    pub(super) fn filter(&self) -> Filter {
        Filter {
            konto: self.konto.parse().ok(),
            tilstand: Tilstand::from_code(&self.tilstand),
            antall: MOST_SHOWN,
        }
    }
}

/// The flow as it is shown.
#[derive(Template)]
#[template(path = "start/flyt.html")]
pub(super) struct FlowView {
    rows: Vec<Row>,
    queues: Vec<Queue>,
    har_flere: bool,
    is_filtered: bool,
    summary: String,
    now: Timestamp,
    versjon: String,
}

struct Row {
    /// Unique in the page.
    anchor: String,
    spor: Meldingsspor,
    forklaring: Forklaring,
    now: Timestamp,
}

impl Row {
    fn new(place: usize, spor: &Meldingsspor, mottaker: Option<&Kontostand>, now: Timestamp) -> Self {
        let id = spor
            .melding_id
            .map_or_else(|| place.to_string(), |id| id.to_string());
        Self {
            anchor: format!("melding-{id}"),
            forklaring: forklar(spor, mottaker),
            spor: spor.clone(),
            now,
        }
    }

    /// The message type in pieces that a line may end after.
    fn type_parts(&self) -> impl Iterator<Item = &str> {
        self.spor.melding_type.split_inclusive('.')
    }

    fn changed(&self) -> Time {
        ui::relative_time(self.spor.sist_endret, self.now)
    }

    fn expires(&self) -> Time {
        ui::relative_time(self.spor.utloper, self.now)
    }

    fn sent_at(&self) -> Time {
        ui::local_time(self.spor.sendt)
    }

    fn changed_at(&self) -> Time {
        ui::local_time(self.spor.sist_endret)
    }

    fn expires_at(&self) -> Time {
        ui::local_time(self.spor.utloper)
    }

    /// How much it carries, and where that lies.
    fn content(&self) -> String {
        match (self.spor.storrelse, self.spor.har_dokumentlager) {
            (0, false) => "Uten innhold".to_owned(),
            (bytes, false) => text::size(bytes),
            (bytes, true) => format!("{}, i dokumentlager", text::size(bytes)),
        }
    }
}

struct Queue {
    stand: Kontostand,
    advarsler: Vec<String>,
}

impl HtmlSafe for FlowView {}

impl FlowView {
    pub(super) async fn read(context: &Context, filter: Filter) -> Result<Self, StartsideError> {
        let flyt = context.innsikt.flyt(&filter).await?;
        Ok(Self::new(flyt, filter, context.innsikt.klokke()))
    }

    fn new(flyt: Flyt, filter: Filter, klokke: Klokkestand) -> Self {
        let versjon = mark(&(&flyt, filter, klokke.foran));
        let find = |id: KontoId| flyt.kontoer.iter().find(|stand| stand.konto.id == id);
        let rows = flyt
            .meldinger
            .iter()
            .enumerate()
            .map(|(place, spor)| Row::new(place, spor, find(spor.mottaker.id), klokke.na))
            .collect();
        Self {
            summary: summary(&flyt),
            rows,
            har_flere: flyt.har_flere,
            is_filtered: filter.konto.is_some() || filter.tilstand.is_some(),
            queues: flyt.kontoer.into_iter().map(Queue::new).collect(),
            now: klokke.na,
            versjon,
        }
    }

    /// The kontoer that can be chosen.
    pub(super) fn kontoer(&self) -> impl Iterator<Item = &Kontostand> {
        self.queues.iter().map(|queue| &queue.stand)
    }
}

impl Queue {
    fn new(stand: Kontostand) -> Self {
        Self {
            advarsler: advarsler(&stand),
            stand,
        }
    }
}

/// What is read aloud when it changes.
fn summary(flyt: &Flyt) -> String {
    let sum = |of: fn(&Kontostand) -> u64| flyt.kontoer.iter().map(of).sum::<u64>();
    let mut text = format!(
        "{} og {}.",
        count(sum(|stand| stand.i_ko), "melding i kø", "meldinger i kø"),
        count(
            sum(|stand| stand.ukvitterte),
            "venter på kvittering",
            "venter på kvittering"
        ),
    );
    let troubled = flyt
        .kontoer
        .iter()
        .filter(|stand| !advarsler(stand).is_empty())
        .count();
    if troubled > 0 {
        let troubled = u64::try_from(troubled).unwrap_or(u64::MAX);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            " {}.",
            count(troubled, "konto trenger tilsyn", "kontoer trenger tilsyn")
        );
    }
    text
}

/// The flow again, or 204 when nothing is new.
pub(super) async fn fragment(
    State(context): App,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let address = address_of(&choice);
    if !is_fragment_request(&headers) {
        return Ok(Redirect::to(&format!("{address}#meldingsflyt")).into_response());
    }
    let flow = FlowView::read(&Arc::clone(&context), choice.filter()).await?;
    if flow.versjon == choice.versjon {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut response = View(flow).into_response();
    if let Ok(address) = HeaderValue::from_str(&address) {
        response.headers_mut().insert(HX_REPLACE_URL, address);
    }
    Ok(response)
}

/// The start page with that choice, so that reloading keeps it. Only what was understood is written back.
fn address_of(choice: &Choice) -> String {
    let filter = choice.filter();
    let konto = filter.konto.map(|konto| format!("konto={konto}"));
    let tilstand = filter
        .tilstand
        .map(|tilstand| format!("tilstand={}", tilstand.code()));
    let organisasjon: Option<FiksOrgId> = choice.organisasjon.parse().ok();
    let organisasjon = organisasjon.map(|id| format!("organisasjon={id}"));
    let parts: Vec<String> = [organisasjon, konto, tilstand].into_iter().flatten().collect();
    if parts.is_empty() {
        "/".to_owned()
    } else {
        format!("/?{}", parts.join("&"))
    }
}
