//! A running `fiks dev` and callers of its API.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fiks_klient::{DevMiljo, ExposeSecret as _, Klient, Konfigurasjon};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// A running program; ends with the test process.
pub struct Environment {
    folder: PathBuf,
    program: Child,
    pub dev: Value,
}

/// One for all tests. Each test makes kontoer of its own in it, so they do not see each other.
pub fn environment() -> &'static Environment {
    static SHARED: OnceLock<Environment> = OnceLock::new();
    SHARED.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("fiks-plattform-{}", std::process::id()));
        Environment::start(folder, true)
    })
}

pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_fiks")
}

impl Environment {
    pub fn start(folder: PathBuf, fresh: bool) -> Self {
        // The shell ends the program when this process has gone, also when it was killed.
        let script = "\"$0\" \"$@\" & child=$!; trap 'kill $child' TERM; while kill -0 $PPID 2>/dev/null && kill -0 $child 2>/dev/null; do sleep 0.2; done; kill $child; wait $child";
        let mut command = Command::new("sh");
        command
            .args(["-c", script, binary(), "dev", "--data"])
            .arg(&folder);
        command.args([
            "--http-port=0",
            "--https-port=0",
            "--amqp-port=0",
            "--amqps-port=0",
        ]);
        if fresh {
            command.arg("--fresh");
        }
        let _ = std::fs::remove_file(folder.join("dev.json"));
        let program = command
            .env("FIKS_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let file = folder.join("dev.json");
        let start = Instant::now();
        while !file.exists() {
            assert!(
                start.elapsed() < Duration::from_mins(1),
                "fiks dev did not become ready"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        let dev = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        Self { folder, program, dev }
    }

    pub fn dev_json(&self) -> PathBuf {
        self.folder.join("dev.json")
    }

    /// Stops it in an orderly way and waits.
    pub fn stop(&mut self) {
        Command::new("kill")
            .arg(self.dev["pid"].to_string())
            .status()
            .unwrap();
        self.program.wait().unwrap();
    }

    pub fn organisasjon(&self, index: usize) -> &Value {
        &self.dev["organisasjoner"][index]
    }

    /// A caller with the credentials of a ready-made organisation.
    pub async fn caller(&self, index: usize) -> Caller {
        Caller::new(self, &self.dev["organisasjoner"][index]).await
    }

    /// The operator.
    pub async fn operator(&self) -> Caller {
        Caller::new(self, &self.dev["administrator"]).await
    }

    /// Moves the clock.
    pub async fn advance(&self, span: &str) {
        let address = format!(
            "{}/testmiljo/api/v1/tid",
            self.dev["api"]["http"].as_str().unwrap()
        );
        let answer = reqwest::Client::new()
            .post(address)
            .json(&json!({ "fram": span }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }

    /// A client for one of an organisation's kontoer, which need not be a ready-made one.
    pub fn klient(&self, index: usize, konto: &str) -> Klient {
        let miljo = DevMiljo::les(self.dev_json()).unwrap();
        let organisasjon = self.organisasjon(index);
        let own = organisasjon["kontoer"][0]["kontoId"].as_str().unwrap();
        let id = organisasjon["fiksOrgId"].as_str().unwrap();
        let konfigurasjon: Konfigurasjon = miljo.builder(id, own).unwrap().konto(konto).build().unwrap();
        Klient::ny(konfigurasjon).unwrap()
    }
}

/// What a call was answered with.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The code of a refusal, after checking that it has the platform's form.
    #[track_caller]
    pub fn refusal(&self) -> String {
        let body = self.json();
        let keys = [
            "timestamp",
            "status",
            "error",
            "errorId",
            "path",
            "originalPath",
            "message",
            "errorCode",
            "errorJson",
        ];
        let found: Vec<_> = keys.iter().filter(|key| body.get(**key).is_some()).collect();
        assert_eq!(found.len(), keys.len(), "{body}");
        assert_eq!(body["status"], self.status);
        assert_eq!(self.headers["content-type"], "application/json");
        if self.status == 401 {
            assert_eq!(self.headers["www-authenticate"], "Bearer");
        }
        body["errorCode"].as_str().unwrap().to_owned()
    }
}

/// Someone who calls the API.
#[derive(Clone)]
pub struct Caller {
    pub base: String,
    pub client: reqwest::Client,
    pub token: Option<String>,
    pub integrasjon: Option<String>,
    pub passord: Option<String>,
}

impl Caller {
    async fn new(environment: &Environment, own: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pem = |name: &str| std::fs::read_to_string(text(&own["maskinporten"][name])).unwrap();
        let konfigurasjon = Konfigurasjon::builder()
            .api(text(&environment.dev["api"]["http"]))
            .amqp_uten_tls("localhost", 1)
            .maskinporten(
                text(&environment.dev["maskinporten"]["tokenEndpoint"]),
                text(&environment.dev["maskinporten"]["audience"]),
            )
            .virksomhetssertifikat(
                text(&own["maskinporten"]["clientId"]),
                pem("nokkelPem"),
                pem("sertifikatPem"),
            )
            .integrasjon(
                text(&own["integrasjon"]["id"]),
                text(&own["integrasjon"]["passord"]),
            )
            .konto(uuid::Uuid::nil())
            .build()
            .unwrap();
        let token = Klient::ny(konfigurasjon).unwrap().tokens().token().await.unwrap();
        Self {
            base: text(&environment.dev["api"]["http"]),
            client: reqwest::Client::new(),
            token: Some(token.expose_secret().to_owned()),
            integrasjon: Some(text(&own["integrasjon"]["id"])),
            passord: Some(text(&own["integrasjon"]["passord"])),
        }
    }

    pub fn nobody(&self) -> Self {
        Self {
            token: None,
            integrasjon: None,
            passord: None,
            ..self.clone()
        }
    }

    pub fn with_wrong_password(&self) -> Self {
        Self {
            passord: Some("feil".to_owned()),
            ..self.clone()
        }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (header, value) in [
            ("IntegrasjonId", &self.integrasjon),
            ("IntegrasjonPassord", &self.passord),
        ] {
            if let Some(value) = value {
                request = request.header(header, value);
            }
        }
        request
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    /// Sends a message of that metadata.
    pub async fn send(&self, metadata: &Value, data: Option<Vec<u8>>) -> Answer {
        let metadata = reqwest::multipart::Part::text(metadata.to_string())
            .mime_str("application/json")
            .unwrap();
        let mut form = reqwest::multipart::Form::new().part("metadata", metadata);
        if let Some(data) = data {
            form = form.part("data", reqwest::multipart::Part::bytes(data).file_name("x"));
        }
        answer(self.request("POST", "/fiks-io/api/v1/send").multipart(form)).await
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        text: response.text().await.unwrap(),
    }
}

/// An active konto of an organisation, made for one test, with the organisation's certificate.
pub async fn ny_konto(environment: &Environment, index: usize) -> String {
    let organisasjon = environment.organisasjon(index);
    let own = &organisasjon["kontoer"][0];
    let pem = std::fs::read_to_string(own["offentligNokkelPem"].as_str().unwrap()).unwrap();
    let body = json!({
        "konto": { "fiksOrgId": organisasjon["fiksOrgId"], "navn": format!("Test {}", uuid::Uuid::new_v4()) },
        "offentligNokkel": pem,
        "skalAktiveres": true,
    });
    let made = environment
        .caller(index)
        .await
        .call("POST", "/fiks-io/konto/api/v1/kontoer", Some(body))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["kontoId"].as_str().unwrap().to_owned();
    assert_eq!(made.headers["kontoid"], id.as_str());
    id
}

/// The least that a message needs.
pub fn metadata(avsender: &str, mottaker: &str) -> Value {
    json!({ "avsenderKontoId": avsender, "mottakerKontoId": mottaker, "meldingType": "ping" })
}
