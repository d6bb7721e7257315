//! From a grant to a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fiks_core::id::Orgnr;
use fiks_core::{Clock, Random, Timestamp};
use fiks_crypto::x509::Certificate;
use jsonwebtoken::jwk::JwkSet;

use crate::access_token::{AccessTokenClaims, Audience, TokenResponse};
use crate::client::Client;
use crate::errors::{GrantError, SetupError};
use crate::grant::{Assertion, ClientProof, Grant, check_times};
use crate::registry::ClientRegistry;
use crate::replay::{LIMIT, ReplayMemory};
use crate::signing_key::SigningKey;
use crate::trust::TrustedAuthorities;

/// KS' clients take ten seconds off a token's lifetime; shorter-lived ones they would fetch for every call.
const SHORTEST_TOKEN_LIFETIME: Duration = Duration::from_secs(20);

/// How an issuer is set up.
#[derive(Clone, Debug)]
pub struct IssuerConfig {
    /// Its name, which is its URL with a trailing slash, for example `https://localhost:8443/maskinporten/`. Clients
    /// must use it as `aud`, character by character.
    pub issuer: String,
    /// How long tokens live. 120 s by default, as the real ones.
    pub token_lifetime: Duration,
    /// Further values that are accepted as `aud`, for an issuer with several addresses.
    pub other_audiences: Vec<String>,
    /// Who issues the certificates that clients may use without registering them.
    pub authorities: Vec<Certificate>,
}

impl IssuerConfig {
    /// An issuer at that URL, with everything else as usual and no certificate authority.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            token_lifetime: Duration::from_mins(2),
            other_audiences: Vec::new(),
            authorities: Vec::new(),
        }
    }

    fn check(&self) -> Result<(), SetupError> {
        let is_url = self.issuer.starts_with("https://") || self.issuer.starts_with("http://");
        if !is_url || !self.issuer.ends_with('/') || self.issuer.parse::<axum::http::Uri>().is_err() {
            return Err(SetupError::IssuerUrl(self.issuer.clone()));
        }
        if self.token_lifetime < SHORTEST_TOKEN_LIFETIME {
            return Err(SetupError::TokenLifetime(SHORTEST_TOKEN_LIFETIME.as_secs()));
        }
        Ok(())
    }
}

/// A Maskinporten of our own. One per environment; share it in an [`Arc`].
pub struct Issuer {
    config: IssuerConfig,
    key: SigningKey,
    registry: Arc<dyn ClientRegistry>,
    authorities: TrustedAuthorities,
    used: ReplayMemory,
    unavailable: AtomicBool,
    clock: Clock,
    random: Random,
}

/// For whom a token is, and who acts for them.
struct Parties {
    consumer: Orgnr,
    supplier: Option<Orgnr>,
}

impl Issuer {
    /// An issuer that signs with `key` and knows the clients in `registry`. Reads the operating system's clock, since
    /// grants and tokens are shared with foreign programs.
    pub fn new(
        config: IssuerConfig,
        key: SigningKey,
        registry: Arc<dyn ClientRegistry>,
        random: Random,
    ) -> Result<Self, SetupError> {
        config.check()?;
        Ok(Self {
            authorities: TrustedAuthorities::new(&config.authorities)?,
            config,
            key,
            registry,
            used: ReplayMemory::new(LIMIT),
            unavailable: AtomicBool::new(false),
            clock: Clock::system(),
            random,
        })
    }

    /// The same with a clock of the test's own. Never give it the platform's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Its name: `iss` of its tokens, `aud` of grants.
    pub fn name(&self) -> &str {
        &self.config.issuer
    }

    /// The address of its `path`, such as `token` or `jwk`.
    pub fn address(&self, path: &str) -> String {
        format!("{}{path}", self.config.issuer)
    }

    /// The public keys of its tokens.
    pub fn jwks(&self) -> JwkSet {
        self.key.jwks()
    }

    /// Makes every token request fail with 503 `temporarily_unavailable` until it is switched back, so that clients
    /// can be tested against an issuer that is down.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.store(unavailable, Ordering::Relaxed);
    }

    /// Whether [`Self::set_unavailable`] is on.
    pub fn is_unavailable(&self) -> bool {
        self.unavailable.load(Ordering::Relaxed)
    }

    /// Issues the token that a grant asks for. The grant is used up only by success.
    pub async fn issue(&self, assertion: &str) -> Result<TokenResponse, GrantError> {
        if self.is_unavailable() {
            return Err(GrantError::Unavailable);
        }
        let now = self.clock.now();
        let assertion = Assertion::read(assertion)?;
        let client = self.client(assertion.client_id()).await?;
        let (grant, proof) = assertion.verify(&client, &self.authorities, now)?;
        self.check_audience(&grant)?;
        check_times(&grant, now)?;
        let parties = self.parties(&grant, &client).await?;
        let id = grant.jti.as_deref().unwrap_or_else(|| assertion.signed_part());
        self.used.note(&client.client_id, id, now)?;
        self.token(&grant, &client, proof, &parties)
    }

    async fn client(&self, client_id: &str) -> Result<Arc<Client>, GrantError> {
        let found = self.registry.client(client_id).await?;
        found.ok_or_else(|| GrantError::UnknownClient(client_id.to_owned()))
    }

    fn check_audience(&self, grant: &Grant) -> Result<(), GrantError> {
        let sent = &grant.audience;
        if *sent == self.config.issuer || self.config.other_audiences.contains(sent) {
            return Ok(());
        }
        Err(GrantError::Audience {
            sent: sent.clone(),
            issuer: self.config.issuer.clone(),
        })
    }

    /// Without delegation the client acts for its own organisation, with scopes that it is registered with. With
    /// `consumer_org` it acts for that organisation, with scopes that this has delegated to the client's.
    async fn parties(&self, grant: &Grant, client: &Client) -> Result<Parties, GrantError> {
        match (&grant.consumer_org, &grant.on_behalf_of) {
            (Some(_), Some(_)) => Err(GrantError::Claim("iss_onbehalfof")),
            (Some(consumer), None) => self.delegated(grant, client, consumer).await,
            (None, on_behalf_of) => {
                check_scopes(grant, client)?;
                let Some(name) = on_behalf_of else {
                    return Ok(Parties {
                        consumer: client.orgnr,
                        supplier: None,
                    });
                };
                let consumer = *client
                    .on_behalf_of
                    .get(name)
                    .ok_or(GrantError::Claim("iss_onbehalfof"))?;
                Ok(Parties {
                    consumer,
                    supplier: Some(client.orgnr),
                })
            }
        }
    }

    async fn delegated(
        &self,
        grant: &Grant,
        client: &Client,
        consumer_org: &str,
    ) -> Result<Parties, GrantError> {
        if consumer_org == client.orgnr.as_str() {
            return Err(GrantError::OwnConsumer);
        }
        let consumer = consumer_org.parse::<Orgnr>().ok();
        for scope in &grant.scopes {
            let allowed = match consumer {
                Some(consumer) => self.registry.is_delegated(scope, consumer, client.orgnr).await?,
                None => false,
            };
            if !allowed {
                return Err(not_delegated(consumer_org, scope, client));
            }
        }
        let consumer = consumer.ok_or(GrantError::Claim("consumer_org"))?;
        Ok(Parties {
            consumer,
            supplier: Some(client.orgnr),
        })
    }

    fn token(
        &self,
        grant: &Grant,
        client: &Client,
        proof: ClientProof,
        parties: &Parties,
    ) -> Result<TokenResponse, GrantError> {
        let scope = grant.scope();
        let issued_at: Timestamp = self.clock.now();
        let claims = AccessTokenClaims {
            scope: &scope,
            iss: &self.config.issuer,
            client_amr: proof,
            token_type: "Bearer",
            exp: issued_at.plus(self.config.token_lifetime).as_seconds(),
            iat: issued_at.as_seconds(),
            client_id: &client.client_id,
            jti: self.fresh_jti()?,
            consumer: parties.consumer.into(),
            supplier: parties.supplier.map(Into::into),
            delegation_source: parties.supplier.map(|_| self.name()),
            aud: Audience::of(&grant.resources),
            pid: grant.pid.as_deref(),
        };
        Ok(TokenResponse {
            access_token: self.key.sign(&claims)?,
            token_type: "Bearer",
            expires_in: self.config.token_lifetime.as_secs(),
            scope,
        })
    }

    fn fresh_jti(&self) -> Result<String, GrantError> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).map_err(|_| GrantError::Internal)?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn check_scopes(grant: &Grant, client: &Client) -> Result<(), GrantError> {
    match grant.scopes.iter().find(|scope| !client.scopes.contains(*scope)) {
        Some(missing) => Err(GrantError::Scope(missing.clone())),
        None => Ok(()),
    }
}

fn not_delegated(consumer: &str, scope: &str, client: &Client) -> GrantError {
    GrantError::NotDelegated {
        consumer: consumer.to_owned(),
        scope: scope.to_owned(),
        supplier: client.orgnr,
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Issuer")
            .field("name", &self.config.issuer)
            .finish_non_exhaustive()
    }
}
