//! Calls to the platform's HTTP API with the three headers of an integration (fiks-io §2).

use std::time::Duration;

use fiks_core::ExposeSecret;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Feil;
use crate::feil::{Feltfeil, Handling};
use crate::http;
use crate::konfigurasjon::{Integrasjon, Konfigurasjon, Tidsgrenser};
use crate::maskinporten::TokenSource;
use crate::retry::{Failure, Retry};

const INTEGRASJON_ID: HeaderName = HeaderName::from_static("integrasjonid");
const INTEGRASJON_PASSORD: HeaderName = HeaderName::from_static("integrasjonpassord");
/// Biggest JSON answer that is read.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Who a call is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The integration.
    Integrasjon,
    /// Nobody: for public keys (fiks-io §4).
    Anonym,
}

/// The platform's HTTP API.
pub(crate) struct Api {
    http: reqwest::Client,
    base: Url,
    integrasjon: HeaderMap,
    tokens: TokenSource,
    limits: Tidsgrenser,
    first_pause: Duration,
}

impl Api {
    pub(crate) fn new(konfigurasjon: &Konfigurasjon) -> Result<Self, Feil> {
        let http = http::client(konfigurasjon)?;
        let limits = konfigurasjon.tidsgrenser;
        let tokens = TokenSource::new(http.clone(), konfigurasjon)?;
        Ok(Self {
            http,
            base: konfigurasjon.api.clone(),
            integrasjon: headers(&konfigurasjon.integrasjon)?,
            tokens,
            limits,
            first_pause: konfigurasjon.first_pause,
        })
    }

    pub(crate) fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    pub(crate) fn limits(&self) -> &Tidsgrenser {
        &self.limits
    }

    /// The repeats of one call.
    pub(crate) fn retry(&self) -> Retry {
        Retry::new(self.first_pause)
    }

    /// The address of an endpoint. Segments are escaped.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only URLs without host lack segments, and the configuration has refused those.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// A request with the integration's headers and a valid token.
    pub(crate) async fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Feil> {
        let token = self.tokens.token().await?;
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
        let mut bearer = bearer.map_err(|error| Feil::MaskinportenSvar(Feil::source_of(error)))?;
        bearer.set_sensitive(true);
        let request = self.http.request(method, url);
        Ok(request
            .headers(self.integrasjon.clone())
            .header(AUTHORIZATION, bearer))
    }

    /// What an answer that is no success becomes. A token that was refused is not used again.
    pub(crate) async fn refusal(&self, handling: Handling, response: Response) -> Failure {
        if response.status() == StatusCode::UNAUTHORIZED {
            self.tokens.forget().await;
        }
        http::refusal(handling, response).await
    }

    /// Gets JSON; `None` when the answer is 404. Repeated when the platform is busy or the connection fails.
    pub(crate) async fn get<T: DeserializeOwned>(&self, url: Url, access: Access) -> Result<Option<T>, Feil> {
        let handling = Handling::Katalog;
        let mut retry = self.retry();
        loop {
            let request = match access {
                Access::Integrasjon => self.request(Method::GET, url.clone()).await?,
                Access::Anonym => self.http.get(url.clone()),
            };
            match self.exchange(handling, request).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(Failure::Final(Feil::Avvist(avvisning))) if avvisning.status == 404 => return Ok(None),
                Err(failure) => retry.wait(failure).await?,
            }
        }
    }

    /// Puts JSON, which may be done twice without harm, and is repeated as [`Api::get`] is.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        handling: Handling,
        url: Url,
        body: &impl Serialize,
    ) -> Result<T, Feil> {
        let mut retry = self.retry();
        loop {
            let request = self.request(Method::PUT, url.clone()).await?.json(body);
            match self.exchange(handling, request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => retry.wait(failure).await?,
            }
        }
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        handling: Handling,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let limit = self.limits.svar;
        let response = request.timeout(limit).send().await;
        let response = response.map_err(|error| http::broken(handling, limit, error, true))?;
        if !response.status().is_success() {
            return Err(self.refusal(handling, response).await);
        }
        Ok(answer(handling, response).await?)
    }
}

/// Reads a JSON answer.
pub(crate) async fn answer<T: DeserializeOwned>(handling: Handling, response: Response) -> Result<T, Feil> {
    let body = http::read_bounded(response, LARGEST_ANSWER).await;
    let body = body.map_err(|source| Feil::Brutt { handling, source })?;
    let answer = serde_json::from_slice(&body);
    answer.map_err(|error| Feil::UventetSvar {
        handling,
        source: Feil::source_of(error),
    })
}

fn headers(integrasjon: &Integrasjon) -> Result<HeaderMap, Feil> {
    let passord = HeaderValue::from_str(integrasjon.passord.expose_secret());
    let mut passord = passord.map_err(|_| {
        let feil = "har et passord med tegn som ikke kan sendes.".to_owned();
        Feil::Konfigurasjon(vec![Feltfeil {
            felt: "integrasjon",
            feil,
        }])
    })?;
    passord.set_sensitive(true);
    let id = HeaderValue::from_str(&integrasjon.id.to_string()).map_err(|error| {
        Feil::Konfigurasjon(vec![Feltfeil {
            felt: "integrasjon",
            feil: error.to_string(),
        }])
    })?;
    Ok(HeaderMap::from_iter([
        (INTEGRASJON_ID, id),
        (INTEGRASJON_PASSORD, passord),
    ]))
}
