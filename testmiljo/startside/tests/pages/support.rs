//! A platform that does what a test says, and a browser without a script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use fiks_core::id::{FiksOrgId, IntegrasjonId, KontoId, MeldingId, Orgnr};
use fiks_core::{SecretString, Timestamp};
use fiks_startside::{
    Adresse, Adresser, Del, Filter, Flyt, Innsikt, Integrasjon, Klokkestand, Konto, Kontonavn, Kontostand,
    Maskinporten, Meldingsspor, Nokkellager, Oppsett, Organisasjon, StartsideError, Tillit, Tilstand,
};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

#[derive(Default)]
struct Platform {
    /// None: out of reach.
    flow: Mutex<Option<Flyt>>,
    health: Mutex<Vec<Del>>,
    moved: Mutex<Vec<Duration>>,
    filter: Mutex<Option<Filter>>,
}

#[async_trait]
impl Innsikt for Platform {
    async fn helse(&self) -> Vec<Del> {
        self.health.lock().clone()
    }

    async fn flyt(&self, filter: &Filter) -> Result<Flyt, StartsideError> {
        *self.filter.lock() = Some(*filter);
        self.flow
            .lock()
            .clone()
            .ok_or_else(|| StartsideError::innsikt("gone"))
    }

    async fn flytt_klokke(&self, framover: Duration) -> Result<(), StartsideError> {
        self.moved.lock().push(framover);
        Ok(())
    }

    fn klokke(&self) -> Klokkestand {
        let foran: Duration = self.moved.lock().iter().sum();
        Klokkestand {
            na: Timestamp::from_millis(1_763_812_800_000).plus(foran),
            foran,
        }
    }

    async fn token(&self, organisasjon: FiksOrgId) -> Result<SecretString, StartsideError> {
        Ok(SecretString::from(format!("token-{organisasjon}")))
    }
}

/// The pages and what they look at.
pub struct Environment {
    platform: Arc<Platform>,
    pages: Router,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
    headers: HeaderMap,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as it is read: without tags, with characters for their references.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut is_tag = false;
        for character in self.body.chars() {
            match character {
                '<' => is_tag = true,
                '>' => is_tag = false,
                _ if is_tag => {}
                other => text.push(other),
            }
        }
        text.replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
    }
}

impl Environment {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Oppsett)) -> Self {
        let platform = Arc::new(Platform::default());
        *platform.flow.lock() = Some(Flyt::default());
        let mut oppsett = oppsett(8080);
        change(&mut oppsett);
        let pages = fiks_startside::router(platform.clone(), oppsett, &openapi()).unwrap();
        Self { platform, pages }
    }

    pub fn set_flow(&self, flow: Flyt) {
        *self.platform.flow.lock() = Some(flow);
    }

    pub fn break_flow(&self) {
        *self.platform.flow.lock() = None;
    }

    pub fn set_health(&self, health: Vec<Del>) {
        *self.platform.health.lock() = health;
    }

    pub fn moved(&self) -> Vec<Duration> {
        self.platform.moved.lock().clone()
    }

    pub fn last_filter(&self) -> Filter {
        self.platform.filter.lock().unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path), "").await
    }

    pub async fn fragment(&self, path: &str) -> Answer {
        self.ask(Request::get(path).header("hx-request", "true"), "")
            .await
    }

    pub async fn post(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let form = "application/x-www-form-urlencoded";
        let mut request = Request::post(path)
            .header("content-type", form)
            .header("host", "localhost:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request, body).await
    }

    async fn ask(&self, request: axum::http::request::Builder, body: &str) -> Answer {
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.pages.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

pub fn oppsett(port: u16) -> Oppsett {
    let adresse = |skjema: &str, port| Adresse {
        skjema: skjema.to_owned(),
        vert: "127.0.0.1".to_owned(),
        port,
    };
    Oppsett {
        versjon: "1".to_owned(),
        adresser: Adresser {
            api_http: adresse("http", port),
            api_https: adresse("https", 8443),
            amqp: adresse("amqp", 5672),
            amqps: adresse("amqps", 5671),
            maskinporten: Maskinporten {
                utsteder: "http://m/".to_owned(),
                token: "http://m/token".to_owned(),
            },
        },
        datamappe: "data".to_owned(),
        dev_json: "data/dev.json".to_owned(),
        tillit: Tillit {
            pem: "ca.pem".to_owned(),
            pkcs12: "ca.p12".to_owned(),
            passord: "x".to_owned(),
        },
        organisasjoner: vec![
            organisasjon(1, "Testvik kommune"),
            organisasjon(2, "Prøveby kommune"),
        ],
    }
}

fn organisasjon(number: u128, navn: &str) -> Organisasjon {
    let nokkellager = Nokkellager {
        sti: "a.p12".to_owned(),
        passord: "hemmelig".to_owned(),
        alias: "nokkel".to_owned(),
    };
    Organisasjon {
        navn: navn.to_owned(),
        orgnr: Orgnr::synthetic(31_000_000),
        fiks_org_id: FiksOrgId(Uuid::from_u128(number)),
        integrasjon: Integrasjon {
            id: IntegrasjonId(Uuid::from_u128(0x100 + number)),
            passord: format!("passord-{number}"),
        },
        klient_id: "klient".to_owned(),
        kontoer: vec![Konto {
            id: KontoId(Uuid::from_u128(0x200 + number)),
            navn: "Arkiv".to_owned(),
            nokkellager: nokkellager.clone(),
            privat_nokkel: "a.pem".to_owned(),
        }],
        nokkellager,
    }
}

fn kontonavn(number: u128) -> Kontonavn {
    Kontonavn {
        id: KontoId(Uuid::from_u128(0x200 + number)),
        navn: format!("Konto {number}"),
    }
}

pub fn melding(tilstand: Tilstand) -> Meldingsspor {
    let sendt = Timestamp::from_millis(1_763_812_740_000);
    Meldingsspor {
        melding_id: Some(MeldingId(Uuid::from_u128(0x300))),
        melding_type: "ping".to_owned(),
        avsender: kontonavn(1),
        mottaker: kontonavn(2),
        storrelse: 0,
        har_dokumentlager: false,
        tilstand,
        sendt,
        sist_endret: sendt,
        utloper: sendt.plus(Duration::from_hours(1)),
        forsok: 0,
        resendt: false,
        svar_pa: None,
        forklaring: String::new(),
    }
}

pub fn stand() -> Kontostand {
    Kontostand {
        konto: kontonavn(2),
        organisasjon: "Prøveby kommune".to_owned(),
        i_ko: 1,
        ukvitterte: 0,
        konsumenter: 1,
        prefetch: Some(10),
        har_offentlig_nokkel: true,
        advarsler: Vec::new(),
    }
}

pub fn openapi() -> Value {
    let ting = json!({"type": "object", "required": ["navn"], "properties": {
        "navn": {"type": "string", "maxLength": 100, "example": "Kaffetrakter"},
        "avsenderKontoId": {"type": "string", "format": "uuid"},
    }});
    let id = json!({"name": "kontoId", "in": "path", "schema": {"type": "string", "format": "uuid"}});
    json!({
        "openapi": "3.1.0",
        "paths": {
            "/ting/{kontoId}": {"get": {
                "operationId": "hentTing", "tags": ["Ting"], "summary": "Hent en ting", "parameters": [id],
                "responses": {"200": {"description": "Tingen", "content": {"application/json": {"schema": ting}}}},
            }},
            "/ting": {"post": {
                "operationId": "opprettTing", "tags": ["Ting"], "summary": "Opprett en ting",
                "requestBody": {"required": true, "content": {"application/json": {"schema": ting}}},
                "responses": {"201": {"description": "Opprettet"}, "409": {"description": "Finnes fra før"}},
            }},
            "/filer": {"post": {
                "operationId": "sendFil", "tags": ["Filer"], "summary": "Send en fil",
                "requestBody": {"content": {"multipart/form-data": {"schema": {
                    "type": "object", "required": ["metadata"],
                    "properties": {"metadata": ting, "data": {"type": "string", "format": "binary"}},
                }}}},
                "responses": {"202": {"description": "Mottatt"}},
            }},
        },
    })
}
