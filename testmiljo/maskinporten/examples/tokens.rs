//! How many tokens the issuer makes on one core: `cargo run --release --example tokens --features testing`.
//!
//! Grants are signed beforehand, so only the issuer's work is measured: reading and checking the grant, looking up
//! the client, signing the token. First with registered keys, then with certificates. Time is the processor time of the
//! one thread where the system tells it (Linux), so that a busy machine does not matter much.

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use fiks_core::id::Orgnr;
use fiks_core::{Random, Timestamp};
use fiks_crypto::keystore::{Authority, Lifetime, Usage};
use fiks_maskinporten::testing::{GrantDraft, registered_key};
use fiks_maskinporten::{Client, InMemoryRegistry, Issuer, IssuerConfig, SigningKey};

const ISSUER: &str = "https://localhost/maskinporten/";
const TOKENS: u32 = 5_000;

fn main() -> Result<(), Box<dyn Error>> {
    let month = Lifetime::days(Timestamp::real(), 30);
    let orgnr = Orgnr::synthetic(97_103_214);
    let authority = Authority::create("CA", month)?;
    let identity = authority.virksomhetssertifikat(orgnr, "Test", Usage::Authentication, month)?;
    let registry = Arc::new(InMemoryRegistry::new());
    let key = registered_key("en", identity.key())?;
    registry.register(Client::new("med-jwk", orgnr, ["ks:fiks"]).with_key(key));
    registry.register(Client::new("med-sertifikat", orgnr, ["ks:fiks"]));
    let config = IssuerConfig {
        authorities: vec![authority.certificate().clone()],
        ..IssuerConfig::new(ISSUER)
    };
    let issuer = Issuer::new(config, SigningKey::generate()?, registry, Random::system())?;

    let with_key = || {
        GrantDraft::new(ISSUER, "med-jwk", "ks:fiks")
            .kid("en")
            .sign(identity.key())
    };
    report("registered key", rate(&issuer, with_key)?)?;
    let with_certificate = || {
        let draft = GrantDraft::new(ISSUER, "med-sertifikat", "ks:fiks");
        draft.x5c([identity.certificate()]).sign(identity.key())
    };
    report("certificate", rate(&issuer, with_certificate)?)
}

/// Tokens a second, on this thread alone. Grants are made in small batches, so that none is ten seconds old when it is
/// used.
fn rate<E: Error + 'static>(
    issuer: &Issuer,
    grant: impl Fn() -> Result<String, E>,
) -> Result<f64, Box<dyn Error>> {
    const BATCH: u32 = 250;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut spent = 0.0;
    for _ in 0..TOKENS / BATCH {
        let grants: Vec<_> = (0..BATCH).map(|_| grant()).collect::<Result<_, _>>()?;
        let (start, processor) = (Instant::now(), processor_seconds());
        for grant in &grants {
            runtime.block_on(issuer.issue(grant))?;
        }
        spent += match (processor, processor_seconds()) {
            (Some(before), Some(after)) => after - before,
            _ => start.elapsed().as_secs_f64(),
        };
    }
    Ok(f64::from(TOKENS) / spent)
}

/// What this thread has used of a processor so far.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

fn report(what: &str, rate: f64) -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout(), "{what}: {rate:.0} tokens/s")?;
    Ok(())
}
