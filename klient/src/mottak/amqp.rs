//! The AMQP connection itself: one connection, one channel, one consumer (fiks-io §8.1–8.2).
//!
//! Invariant: each connection is opened with a token that is valid then, and never closed because the token's time
//! passes (fiks-io §8.8). The password is in no URL, since URLs end up in logs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fiks_core::id::{IntegrasjonId, KontoId};
use fiks_core::{ExposeSecret, SecretString};
use futures::StreamExt;
use lapin::auth::AuthProvider;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::tcp::{AMQPUriTcpExt, OwnedTLSConfig};
use lapin::types::{FieldTable, LongString, ShortString};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Channel, Connection, ConnectionProperties, Consumer, ErrorKind};
use parking_lot::Mutex;
use tokio::time::timeout;

use super::broker::{Broker, Link, Session};
use super::socket::{Guard, socket_of};
use crate::Feil;
use crate::konfigurasjon::{AmqpAdresse, Konfigurasjon, Tidsgrenser};
use crate::maskinporten::TokenSource;

/// What KS' clients ask for.
const HEARTBEAT_SECONDS: u16 = 60;
const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;

/// Connects to one konto's queue.
pub(crate) struct Amqp {
    adresse: AmqpAdresse,
    integrasjon: IntegrasjonId,
    passord: SecretString,
    tokens: TokenSource,
    konto: KontoId,
    prefetch: u16,
    name: String,
    authorities: Option<String>,
    limits: Tidsgrenser,
    /// The consumer tag that the server made, kept over reconnections as KS' clients do.
    tag: Mutex<ShortString>,
}

/// An open connection. The channel ends with it.
struct Open {
    connection: Connection,
    _channel: Channel,
    limit: Duration,
}

/// SASL PLAIN, answered from here so that the credentials stay out of the URL.
struct Plain(SecretString);

impl AuthProvider for Plain {
    fn mechanism(&self) -> ShortString {
        "PLAIN".into()
    }

    fn auth_starter(&self) -> Result<LongString, String> {
        Ok(self.0.expose_secret().into())
    }
}

impl Amqp {
    pub(crate) fn new(konfigurasjon: &Konfigurasjon, tokens: TokenSource) -> Self {
        let authorities: String = konfigurasjon
            .ekstra_ca
            .iter()
            .map(fiks_crypto::x509::Certificate::pem)
            .collect();
        Self {
            adresse: konfigurasjon.amqp.clone(),
            integrasjon: konfigurasjon.integrasjon.id,
            passord: konfigurasjon.integrasjon.passord.clone(),
            tokens,
            konto: konfigurasjon.konto,
            prefetch: konfigurasjon.forhandsuthenting,
            name: konfigurasjon.tilkoblingsnavn.clone(),
            authorities: Some(authorities).filter(|pem| !pem.is_empty()),
            limits: konfigurasjon.tidsgrenser,
            tag: Mutex::new(ShortString::default()),
        }
    }

    /// User, and password and token with one space between (fiks-io §8.1).
    async fn credentials(&self) -> Result<Plain, Feil> {
        let token = self.tokens.token().await?;
        let (passord, token) = (self.passord.expose_secret(), token.expose_secret());
        Ok(Plain(format!("\0{}\0{passord} {token}", self.integrasjon).into()))
    }

    fn uri(&self) -> AMQPUri {
        let AmqpAdresse { host, port, tls } = self.adresse.clone();
        AMQPUri {
            scheme: if tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo::default(),
                host,
                port,
            },
            vhost: "/".to_owned(),
            query: AMQPQueryString {
                heartbeat: Some(HEARTBEAT_SECONDS),
                ..AMQPQueryString::default()
            },
        }
    }

    async fn open(&self) -> Result<Connection, Feil> {
        let properties = ConnectionProperties::default()
            .with_connection_name(self.name.as_str().into())
            .with_auth_provider(self.credentials().await?);
        let runtime = lapin::runtime::default_runtime().map_err(broken)?;
        let tls = OwnedTLSConfig {
            identity: None,
            cert_chain: self.authorities.clone(),
        };
        let limit = self.limits.tilkobling;
        let guard = Guard::default();
        let watched = guard.watched();
        let connection = Connection::connector(
            self.uri(),
            runtime,
            async move |uri, runtime| {
                let stream = timeout(limit, uri.connect_with_config_async(tls.as_ref(), &runtime)).await;
                let stream = stream.map_err(std::io::Error::from)??;
                if let Some(socket) = socket_of!(&stream) {
                    watched.opened(&socket)?;
                }
                Ok(stream)
            },
            properties,
        );
        // The socket has its own limit; the login that follows gets as long again.
        let connection = timeout(limit * 2, connection)
            .await
            .map_err(|_| Feil::AmqpTidsavbrudd(limit * 2))?;
        guard.connected();
        connection.map_err(broken)
    }

    async fn consume(&self, channel: &Channel) -> Result<Consumer, lapin::Error> {
        let queue = format!("fiksio.konto.{}", self.konto);
        channel
            .basic_qos(self.prefetch, BasicQosOptions::default())
            .await?;
        let tag = self.tag.lock().clone();
        let consumer = channel
            .basic_consume(
                queue.as_str().into(),
                tag,
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        *self.tag.lock() = consumer.tag();
        Ok(consumer)
    }

    async fn start(&self, connection: Connection) -> Result<Session, Feil> {
        let channel = connection.create_channel().await.map_err(broken)?;
        let consumer = self
            .consume(&channel)
            .await
            .map_err(|error| self.not_consumed(error))?;
        let open = Open {
            connection,
            _channel: channel,
            limit: self.limits.tilkobling,
        };
        Ok(Session::new(consumer.boxed(), Arc::new(open)))
    }

    fn not_consumed(&self, error: lapin::Error) -> Feil {
        match reply_code(&error) {
            Some(ACCESS_REFUSED | NOT_FOUND) => Feil::AmqpKonto {
                konto: self.konto,
                source: Feil::source_of(error),
            },
            _ => broken(error),
        }
    }
}

#[async_trait]
impl Broker for Amqp {
    async fn connect(&self) -> Result<Session, Feil> {
        let connection = match self.open().await {
            Err(feil @ Feil::AmqpAvvist(_)) => {
                self.tokens.forget().await;
                return Err(feil);
            }
            opened => opened?,
        };
        let limit = self.limits.svar;
        let session = timeout(limit, self.start(connection)).await;
        session.unwrap_or(Err(Feil::AmqpTidsavbrudd(limit)))
    }

    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[async_trait]
impl Link for Open {
    async fn close(&self) {
        let closed = timeout(self.limit, self.connection.close(200, "OK".into())).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::debug!("amqp connection not closed politely");
        }
    }
}

fn broken(error: lapin::Error) -> Feil {
    match reply_code(&error) {
        Some(ACCESS_REFUSED) => Feil::AmqpAvvist(Feil::source_of(error)),
        _ => Feil::Amqp(Feil::source_of(error)),
    }
}

fn reply_code(error: &lapin::Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
