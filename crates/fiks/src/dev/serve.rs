//! Bringing everything up, and down again.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use fiks_amqp::{Limits, Listener};
use fiks_blobs::BlobStore;
use fiks_core::{Clock, ClockHand, Random};
use fiks_database::Database;
use fiks_fiksio::amqp::AmqpBackend;
use fiks_http::server::Server;
use fiks_identity::{TokenRules, TokenValidator, TrustedIssuer};
use fiks_maskinporten::{InMemoryRegistry, Issuer, IssuerConfig};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use utoipa_axum::router::OpenApiRouter;

use super::dev_json::{Amqp, Api, DevJson, Maskinporten, Tls};
use super::folder::Folder;
use super::innsikt::{self, DevInnsikt};
use super::keys::{CA_PEM, Keys, STORE_PASSWORD, TRUST_STORE};
use super::ports::{Listeners, Ports};
use super::seed::{self, Seeded};
use super::testapi::{self, TestClock};
use crate::openapi;
use crate::platform::{Ground, Platform, migrations};

/// What `fiks dev` was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    pub data: PathBuf,
    pub fresh: bool,
    pub ports: Ports,
}

/// Where the simulated Maskinporten is mounted.
const MASKINPORTEN: &str = "/maskinporten";

/// Serves until `stop` becomes true. Calls `ready` once everything answers and `dev.json` is written.
pub async fn run(
    options: &Options,
    stop: watch::Receiver<bool>,
    ready: impl FnOnce(&DevJson),
) -> anyhow::Result<()> {
    let folder = Folder::open(&options.data, options.fresh)?;
    let listeners = Listeners::bind(options.ports).await?;
    let environment = Environment::open(folder, listeners.ports()?).await?;
    let (inner_stop, stopped) = watch::channel(false);
    let mut background = JoinSet::new();
    environment.platform.spawn_background(&mut background, &stopped);
    let mut servers = JoinSet::new();
    environment.spawn_servers(&mut servers, listeners, &stopped)?;
    environment.folder.write_json("dev.json", &environment.dev_json)?;
    ready(&environment.dev_json);
    let mut stop = stop;
    let _ = stop.wait_for(|stop| *stop).await;
    environment.folder.remove("dev.json")?;
    environment.platform.fiksio.broker().begin_stopping();
    inner_stop.send_replace(true);
    while servers.join_next().await.is_some() {}
    while background.join_next().await.is_some() {}
    environment.platform.database.close().await?;
    Ok(())
}

struct Environment {
    folder: Folder,
    platform: Platform,
    issuer: Arc<Issuer>,
    tls: TlsAcceptor,
    hand: ClockHand,
    dev_json: DevJson,
}

impl Environment {
    async fn open(folder: Folder, ports: Ports) -> anyhow::Result<Self> {
        let random = Random::system();
        let keys = Keys::open(&folder, &random)?;
        let database = open_database(&folder).await?;
        let (clock, hand) = Clock::movable(testapi::stored_offset(&database).await?);
        let registry = Arc::new(InMemoryRegistry::new());
        let issuer = Arc::new(issuer(&keys, ports, registry.clone(), random.clone())?);
        let documents = folder.path("dokumenter");
        let blobs = BlobStore::on_disk(
            &documents,
            "dokumentlager".parse()?,
            keys.master_keys.clone(),
            random.clone(),
        )
        .await?;
        let trusted = TrustedIssuer::with_keys(issuer.name(), &issuer.jwks())?;
        let platform = Platform::new(Ground {
            database,
            clock,
            random: random.clone(),
            blobs,
            passwords: keys.passwords.clone(),
            tokens: TokenValidator::new(vec![trusted], TokenRules::default()),
        });
        let seeded = seed::seed(&folder, &keys, &platform, &registry, &random).await?;
        let dev_json = dev_json(&folder, ports, &issuer, seeded);
        Ok(Self {
            folder,
            platform,
            issuer,
            tls: keys.tls,
            hand,
            dev_json,
        })
    }

    fn spawn_servers(
        &self,
        servers: &mut JoinSet<()>,
        listeners: Listeners,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let router = self.router()?;
        servers.spawn(Server::plain(listeners.http, router.clone()).run(stop.clone()));
        servers.spawn(Server::tls(listeners.https, self.tls.clone(), router).run(stop.clone()));
        let backend = AmqpBackend::new(self.platform.fiksio.clone(), self.platform.authenticator.clone());
        let identity = fiks_amqp::Identity {
            product: "fiks".to_owned(),
            version: crate::VERSION.to_owned(),
        };
        let amqp = Arc::new(fiks_amqp::Server::new(
            Arc::new(backend),
            identity,
            Limits::default(),
        ));
        for listener in [
            Listener::plain(listeners.amqp),
            Listener::tls(listeners.amqps, self.tls.clone()),
        ] {
            let (amqp, mut stop) = (amqp.clone(), stop.clone());
            servers.spawn(async move {
                let stopping = async move {
                    let _ = stop.wait_for(|stop| *stop).await;
                };
                amqp.serve(listener, stopping).await;
            });
        }
        Ok(())
    }

    fn router(&self) -> anyhow::Result<Router> {
        let published = published(&self.platform, self.issuer.clone());
        let (routes, document) = published.split_for_parts();
        let document = serde_json::to_value(openapi::complete(document))?;
        let clock = TestClock {
            hand: self.hand.clone(),
            database: self.platform.database.clone(),
        };
        let insight = DevInnsikt::new(self.platform.clone(), clock.clone(), self.dev_json.clone());
        let pages = fiks_startside::router(Arc::new(insight), innsikt::oppsett(&self.dev_json), &document)?;
        let routes = routes.merge(testapi::router(clock)).merge(pages);
        Ok(fiks_http::finish(routes, self.platform.http_ground()))
    }
}

/// Every published operation of the test environment.
pub fn published(platform: &Platform, issuer: Arc<Issuer>) -> OpenApiRouter {
    platform
        .api()
        .nest(MASKINPORTEN, fiks_maskinporten::router(issuer))
}

async fn open_database(folder: &Folder) -> anyhow::Result<Database> {
    let path = folder.path("database/fiks.db");
    let options = fiks_database::Options::default();
    let database = Database::open(&format!("sqlite:{}", path.display()), &options)
        .await
        .with_context(|| format!("kan ikke åpne databasen {}", path.display()))?;
    migrations()
        .run(&database)
        .await
        .context("databasen kunne ikke oppgraderes")?;
    Ok(database)
}

fn issuer(
    keys: &Keys,
    ports: Ports,
    registry: Arc<InMemoryRegistry>,
    random: Random,
) -> anyhow::Result<Issuer> {
    let mut config = IssuerConfig::new(format!("http://127.0.0.1:{}{MASKINPORTEN}/", ports.http));
    config.authorities = vec![keys.authority.certificate().clone()];
    let signing_key = keys.signing_key.clone();
    Ok(Issuer::new(config, signing_key, registry, random)?)
}

fn dev_json(folder: &Folder, ports: Ports, issuer: &Issuer, seeded: Seeded) -> DevJson {
    DevJson {
        versjon: 1,
        api: Api {
            http: format!("http://127.0.0.1:{}", ports.http),
            https: format!("https://localhost:{}", ports.https),
        },
        amqp: Amqp {
            host: "localhost".to_owned(),
            port: ports.amqp,
            tls_port: ports.amqps,
        },
        maskinporten: Maskinporten {
            issuer: issuer.name().to_owned(),
            token_endpoint: issuer.address("token"),
            audience: issuer.name().to_owned(),
        },
        tls: Tls {
            ca_pem: folder.path(CA_PEM),
            truststore: folder.path(TRUST_STORE),
            truststore_passord: STORE_PASSWORD.to_owned(),
        },
        data: folder.path(""),
        pid: std::process::id(),
        organisasjoner: seeded.organisasjoner,
        administrator: seeded.administrator,
    }
}
