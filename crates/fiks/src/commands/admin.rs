//! `fiks admin`: administration through the published API, as the operator of the test environment.

use std::time::Duration;

use anyhow::Context as _;
use fiks_core::ExposeSecret as _;
use fiks_klient::{Klient, Konfigurasjon};
use reqwest::Method;
use serde_json::{Value, json};

use super::environment;
use super::output::line;
use crate::cli::{
    self, AdminCommand, IntegrasjonCommand, KontoCommand, OrganisasjonCommand, RessursCommand, Tilgang,
    TilgangCommand,
};
use crate::dev::DevJson;

pub async fn run(flags: cli::Admin) -> anyhow::Result<()> {
    environment(&flags.environment)?;
    let api = Api::open(&flags.environment).await?;
    match flags.command {
        AdminCommand::Organisasjon(command) => organisasjon(&api, command).await,
        AdminCommand::Integrasjon(command) => integrasjon(&api, command).await,
        AdminCommand::Ressurs(command) => ressurs(&api, command).await,
        AdminCommand::Tilgang(command) => tilgang(&api, command).await,
        AdminCommand::Konto(command) => konto(&api, command).await,
        AdminCommand::Privilegier => {
            api.show(Method::GET, "/konfigurasjon/api/v1/root/privilegier", None)
                .await
        }
    }
}

async fn organisasjon(api: &Api, command: OrganisasjonCommand) -> anyhow::Result<()> {
    const PATH: &str = "/konfigurasjon/api/v1/root/organisasjoner";
    match command {
        OrganisasjonCommand::List => api.show(Method::GET, PATH, None).await,
        OrganisasjonCommand::Opprett {
            navn,
            orgnr,
            organisasjonstype,
            kommunenr,
        } => {
            let body =
                json!({ "navn": navn, "orgnr": orgnr, "type": organisasjonstype, "kommunenr": kommunenr });
            api.show(Method::POST, PATH, Some(body)).await
        }
    }
}

async fn integrasjon(api: &Api, command: IntegrasjonCommand) -> anyhow::Result<()> {
    const PATH: &str = "/konfigurasjon/api/v1/integrasjoner";
    match command {
        IntegrasjonCommand::List { fiks_org_id } => {
            let path = format!("/konfigurasjon/api/v1/organisasjoner/{fiks_org_id}/integrasjoner");
            api.show(Method::GET, &path, None).await
        }
        IntegrasjonCommand::Opprett {
            fiks_org_id,
            navn,
            autorisert_orgnr,
        } => {
            let body = json!({
                "fiksOrganisasjonUuid": fiks_org_id, "navn": navn, "autorisertOrgnr": autorisert_orgnr,
            });
            api.show(Method::POST, PATH, Some(body)).await
        }
        IntegrasjonCommand::LagPassord { id } => {
            api.show(Method::POST, &format!("{PATH}/{id}/lagPassord"), None)
                .await
        }
        IntegrasjonCommand::Slett { id } => api.show(Method::DELETE, &format!("{PATH}/{id}"), None).await,
    }
}

async fn ressurs(api: &Api, command: RessursCommand) -> anyhow::Result<()> {
    match command {
        RessursCommand::Vis { id } => {
            let query = "/autorisasjon-query/api/v1/autorisasjon";
            api.show(Method::GET, &format!("{query}/ressurser/{id}"), None)
                .await?;
            api.show(Method::GET, &format!("{query}/{id}/barn"), None).await
        }
        RessursCommand::Opprett {
            forelder,
            ressurstype,
            navn,
        } => {
            let body = json!({ "forelderRessurs": forelder, "type": ressurstype, "navn": navn });
            api.show(Method::POST, "/autorisasjon-update/api/v1/ressurs", Some(body))
                .await
        }
    }
}

async fn tilgang(api: &Api, command: TilgangCommand) -> anyhow::Result<()> {
    let update = |tilgang: &Tilgang| {
        format!(
            "/autorisasjon-update/api/v1/ressurs/{}/tilganger",
            tilgang.ressurs
        )
    };
    match command {
        TilgangCommand::List { ressurs } => {
            let path = format!("/autorisasjon-query/api/v1/autorisasjon/ressurser/{ressurs}/tilganger");
            api.show(Method::GET, &path, None).await
        }
        TilgangCommand::Gi(tilgang) => {
            let body = json!({ "aktor": tilgang.aktor, "privilegium": tilgang.privilegium });
            api.show(Method::POST, &update(&tilgang), Some(body)).await
        }
        TilgangCommand::Fjern(tilgang) => {
            let path = format!(
                "{}?aktor={}&privilegium={}",
                update(&tilgang),
                tilgang.aktor,
                tilgang.privilegium
            );
            api.show(Method::DELETE, &path, None).await
        }
    }
}

async fn konto(api: &Api, command: KontoCommand) -> anyhow::Result<()> {
    const PATH: &str = "/fiks-io/konto/api/v1/kontoer";
    match command {
        KontoCommand::List { fiks_org_id } => {
            let filter = fiks_org_id
                .map(|id| format!("?fiksOrgId={id}"))
                .unwrap_or_default();
            api.show(
                Method::GET,
                &format!("/fiks-io/konto/api/v1/kontosok{filter}"),
                None,
            )
            .await
        }
        KontoCommand::Opprett {
            fiks_org_id,
            navn,
            sertifikat,
        } => {
            let pem = sertifikat
                .map(std::fs::read_to_string)
                .transpose()
                .context("kan ikke lese sertifikatet")?;
            let body = json!({
                "konto": { "fiksOrgId": fiks_org_id, "navn": navn }, "offentligNokkel": pem, "skalAktiveres": true,
            });
            api.show(Method::POST, PATH, Some(body)).await
        }
        KontoCommand::Slett { id } => api.show(Method::DELETE, &format!("{PATH}/{id}"), None).await,
    }
}

/// The API, called as the operator.
struct Api {
    client: reqwest::Client,
    dev: DevJson,
    token: String,
}

impl Api {
    async fn open(environment: &cli::Environment) -> anyhow::Result<Self> {
        let dev: DevJson = serde_json::from_slice(&std::fs::read(&environment.dev_json)?)?;
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()?;
        let token = operator(&dev)?.tokens().token().await;
        let token = token.map_err(|error| anyhow::anyhow!(error.forklaring()))?;
        Ok(Self {
            client,
            token: token.expose_secret().to_owned(),
            dev,
        })
    }

    /// Calls an operation and prints what it answers.
    async fn show(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<()> {
        let integrasjon = &self.dev.administrator.integrasjon;
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.dev.api.http))
            .bearer_auth(&self.token)
            .header("IntegrasjonId", integrasjon.id.to_string())
            .header("IntegrasjonPassord", &integrasjon.passord);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request
            .send()
            .await
            .context("testmiljøet svarer ikke; kjører «fiks dev»?")?;
        let status = answer.status();
        let text = answer.text().await?;
        let value: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if !status.is_success() {
            let message = value
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or("ukjent feil");
            anyhow::bail!("{message} ({status})");
        }
        match value {
            Value::String(text) if text.is_empty() => line("Utført."),
            value => line(&serde_json::to_string_pretty(&value)?),
        }
        Ok(())
    }
}

/// A client for the operator's tokens. It has no konto, so it is used for nothing else.
fn operator(dev: &DevJson) -> anyhow::Result<Klient> {
    let own = &dev.administrator;
    let key = std::fs::read_to_string(&own.maskinporten.nokkel_pem)?;
    let certificate = std::fs::read_to_string(&own.maskinporten.sertifikat_pem)?;
    let konfigurasjon = Konfigurasjon::builder()
        .api(&dev.api.http)
        .amqp_uten_tls(&dev.amqp.host, dev.amqp.port)
        .maskinporten(&dev.maskinporten.token_endpoint, &dev.maskinporten.audience)
        .virksomhetssertifikat(&own.maskinporten.client_id, key, certificate)
        .integrasjon(own.integrasjon.id, own.integrasjon.passord.clone())
        .konto(uuid::Uuid::nil())
        .build()?;
    Ok(Klient::ny(konfigurasjon)?)
}
