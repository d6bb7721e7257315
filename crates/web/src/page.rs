//! Whole pages, fragments of pages, and failures shown as either.
//!
//! Invariant: a page works without its script. Where there is one, htmx asks for fragments and marks the request
//! with `HX-Request`; a failure answers in the form that was asked for.

use std::error::Error as _;
use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafeOutput;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::{Router, http};
use fiks_core::Problem;

use crate::errors::{WebError, kinds};
use crate::resources::{self, Resource};
use crate::security;

/// Which of KS' published themes a site wears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// For employees and developers.
    Ksdigital,
    /// For citizens.
    Minkommune,
}

impl Theme {
    pub(crate) fn resource(self) -> Resource {
        match self {
            Self::Ksdigital => resources::KSDIGITAL_CSS,
            Self::Minkommune => resources::MINKOMMUNE_CSS,
        }
    }
}

/// A text that leads somewhere.
#[derive(Clone, Debug)]
pub struct Link {
    /// What is read.
    pub text: String,
    /// Where it leads.
    pub address: String,
}

impl Link {
    /// A link with that text to that address.
    pub fn new(text: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            address: address.into(),
        }
    }
}

/// What all pages of one site have in common.
#[derive(Clone, Debug)]
pub struct Site {
    /// The site's name, in the header and after each page's title.
    pub name: String,
    /// A word beside the name, such as the environment; may be empty.
    pub label: String,
    /// Where the name leads.
    pub home: String,
    /// Its colours.
    pub theme: Theme,
    /// The main menu.
    pub navigation: Vec<Link>,
    /// One sentence at the foot of each page.
    pub footer: String,
    /// Links beside it.
    pub footer_links: Vec<Link>,
}

/// A whole page: the site's frame around `content`.
#[derive(Template)]
#[template(path = "fiks/layout.html")]
pub struct Page<'a, C: Template> {
    site: &'a Site,
    title: &'a str,
    current: &'a str,
    content: HtmlSafeOutput<C>,
}

impl<'a, C: Template> Page<'a, C> {
    /// `current` is the address in the main menu that the page belongs to.
    pub fn new(site: &'a Site, title: &'a str, current: &'a str, content: C) -> Self {
        Self {
            site,
            title,
            current,
            content: HtmlSafeOutput(content),
        }
    }
}

impl<C: Template> IntoResponse for Page<'_, C> {
    fn into_response(self) -> Response {
        View(self).into_response()
    }
}

/// A template as an answer: a fragment, or a page of its own making.
pub struct View<T: Template>(pub T);

impl<T: Template> IntoResponse for View<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(fault) => Fault::from(WebError::from(fault)).into_response(),
        }
    }
}

/// Whether htmx asks, and so a fragment is wanted instead of a page.
pub fn is_fragment_request(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// A failure on its way to the reader; [`finish`] gives it its form.
#[derive(Clone, Debug)]
pub struct Fault(Arc<dyn Problem>);

impl<P: Problem> From<P> for Fault {
    fn from(problem: P) -> Self {
        Self(Arc::new(problem))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "fiks/fault.html")]
struct FaultPage<'a> {
    text: &'a str,
    remedy: &'a str,
    code: &'a str,
    home: &'a str,
}

#[derive(Template)]
#[template(path = "fiks/fault_fragment.html")]
struct FaultFragment<'a> {
    text: &'a str,
    remedy: &'a str,
    code: &'a str,
}

/// Adds what holds for every page: failures with a form, refusal of forms from other sites, and the headers that
/// keep a browser from running anything foreign.
pub fn finish<S>(routes: Router<S>, site: Arc<Site>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    // The last one added is the outermost.
    routes
        .layer(middleware::from_fn(security::same_origin))
        .layer(middleware::from_fn_with_state(site, show_faults))
        .layer(middleware::from_fn(security::protect))
}

async fn show_faults(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let fragment = is_fragment_request(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let fault = match response.extensions_mut().remove::<Fault>() {
        Some(fault) => fault,
        None if is_html(&response) => return response,
        None => Fault::from(WebError::Plain(kinds::for_status(status))),
    };
    log(&fault);
    with_head_of(&response, status, describe(&site, &fault, fragment))
}

fn is_html(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn describe(site: &Site, fault: &Fault, fragment: bool) -> Response {
    let (kind, text) = (fault.0.kind(), fault.0.text());
    let (text, remedy, code) = (text.as_str(), kind.remedy, kind.code);
    if fragment {
        View(FaultFragment { text, remedy, code }).into_response()
    } else {
        let content = FaultPage {
            text,
            remedy,
            code,
            home: &site.home,
        };
        Page::new(site, "Feil", "", content).into_response()
    }
}

/// The new body under the old status, keeping `Allow`, which tells what would have been right.
fn with_head_of(old: &Response, status: StatusCode, mut new: Response) -> Response {
    if new.status().is_success() {
        *new.status_mut() = status;
    }
    if let Some(allow) = old.headers().get(http::header::ALLOW) {
        new.headers_mut().insert(http::header::ALLOW, allow.clone());
    }
    new
}

fn log(fault: &Fault) {
    let kind = fault.0.kind();
    if kind.status < 500 {
        return;
    }
    let mut chain = fault.0.to_string();
    let mut source = fault.0.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::error!(code = kind.code, error = chain, "page failed");
}
