//! From the protocol header to `open-ok` (specification 2.2.4), and later renewal of the password.

use amq_protocol::{
    protocol::{AMQPClass, connection},
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use secrecy::SecretString;

use super::{Call, Effect, Fault, LoginFault, Machine, Pending, Phase, Tuning, sasl};
use crate::{backend::AuthenticateError, identity::Identity, reply::ReplyCode};

/// Smallest `frame-max` that the specification allows.
const FRAME_MIN: u32 = 4096;
/// The only virtual host.
const VHOST: &str = "/";
/// What the endpoint can do that clients look for. Anything about publishing is left out, because it is not
/// true.
const CAPABILITIES: [&str; 4] = [
    "authentication_failure_close",
    "basic.nack",
    "consumer_cancel_notify",
    "per_consumer_qos",
];

impl Machine {
    pub(super) fn start(&mut self) {
        self.phase = Phase::Starting;
        let start = connection::Start {
            version_major: 0,
            version_minor: 9,
            server_properties: server_properties(&self.identity),
            mechanisms: sasl::PLAIN.into(),
            locales: "en_US".into(),
        };
        self.send_connection(connection::AMQPMethod::Start(start));
    }

    pub(super) fn on_start_ok(&mut self, start_ok: &connection::StartOk) -> Result<(), Fault> {
        self.client.failure_close = capability(&start_ok.client_properties, "authentication_failure_close");
        self.client.cancel_notify = capability(&start_ok.client_properties, "consumer_cancel_notify");
        if start_ok.mechanism.as_str() != sasl::PLAIN {
            let explanation = format!(
                "authentication mechanism '{}' is not offered, use PLAIN",
                start_ok.mechanism
            );
            return Err(Fault::new(ReplyCode::CommandInvalid, explanation));
        }
        let Some((username, secret)) = sasl::plain(start_ok.response.as_bytes()) else {
            return Err(Fault::new(ReplyCode::SyntaxError, "malformed PLAIN response"));
        };
        let checked = username.clone();
        self.pending = Some(Pending::Authenticate { username: checked });
        self.effects.push(Effect::Authenticate { username, secret });
        Ok(())
    }

    pub(super) fn on_authenticated(&mut self, username: String, result: Result<(), LoginFault>) {
        match result {
            Ok(()) => {
                self.client.username = username;
                self.tune();
            }
            Err(LoginFault::Back(error)) => self.refuse_login(&error),
            Err(LoginFault::TooManyConnections(bound)) => {
                let explanation =
                    format!("connection refused for user '{username}': limit of {bound} connections reached");
                self.close_connection(&Fault::new(ReplyCode::NotAllowed, explanation));
            }
        }
    }

    /// A client that does not know `authentication_failure_close` takes a closed socket for a refusal.
    fn refuse_login(&mut self, error: &AuthenticateError) {
        if self.client.failure_close {
            self.close_connection(&login_fault(error));
        } else {
            self.hang_up();
        }
    }

    fn tune(&mut self) {
        self.phase = Phase::Tuning;
        let tune = connection::Tune {
            channel_max: self.limits.max_channels,
            frame_max: self.limits.frame_max,
            heartbeat: self.limits.heartbeat,
        };
        self.send_connection(connection::AMQPMethod::Tune(tune));
    }

    pub(super) fn on_tune_ok(&mut self, tune_ok: &connection::TuneOk) -> Result<(), Fault> {
        let frame_max = negotiate("frame_max", tune_ok.frame_max, FRAME_MIN, self.limits.frame_max)?;
        let channel_max = negotiate(
            "channel_max",
            tune_ok.channel_max.into(),
            1,
            self.limits.max_channels.into(),
        )?;
        self.tuning = Tuning {
            frame_max,
            channel_max: u16::try_from(channel_max).unwrap_or(self.limits.max_channels),
            heartbeat: tune_ok.heartbeat,
        };
        self.effects.push(Effect::Tune(self.tuning));
        self.phase = Phase::Opening;
        Ok(())
    }

    pub(super) fn on_open(&mut self, open: &connection::Open) -> Result<(), Fault> {
        if open.virtual_host.as_str() != VHOST {
            let explanation = format!("vhost {} not found, use {VHOST}", open.virtual_host);
            return Err(Fault::new(ReplyCode::NotAllowed, explanation));
        }
        self.send_connection(connection::AMQPMethod::OpenOk(connection::OpenOk {}));
        self.phase = Phase::Running;
        self.effects.push(Effect::Established);
        Ok(())
    }

    pub(super) fn on_update_secret(&mut self, update: &connection::UpdateSecret) -> Result<(), Fault> {
        let Ok(secret) = std::str::from_utf8(update.new_secret.as_bytes()) else {
            return Err(Fault::new(ReplyCode::SyntaxError, "the new secret is not UTF-8"));
        };
        let secret = SecretString::from(secret);
        self.call(Pending::Renew, Call::Renew { secret });
        Ok(())
    }

    pub(super) fn on_renewed(&mut self, result: Result<(), AuthenticateError>) {
        match result {
            Ok(()) => {
                let ok = connection::UpdateSecretOk {};
                self.send_connection(connection::AMQPMethod::UpdateSecretOk(ok));
            }
            Err(error) => self.close_connection(&login_fault(&error)),
        }
    }

    fn send_connection(&mut self, method: connection::AMQPMethod) {
        self.send(0, AMQPClass::Connection(method));
    }
}

fn login_fault(error: &AuthenticateError) -> Fault {
    match error {
        AuthenticateError::Refused(explanation) => Fault::new(ReplyCode::AccessRefused, explanation.clone()),
        AuthenticateError::Unavailable => Fault::new(
            ReplyCode::InternalError,
            "credentials could not be checked now, try again",
        ),
    }
}

fn server_properties(identity: &Identity) -> FieldTable {
    let mut capabilities = FieldTable::default();
    for name in CAPABILITIES {
        capabilities.insert(ShortString::from(name), AMQPValue::Boolean(true));
    }
    let mut properties = FieldTable::default();
    properties.insert("capabilities".into(), AMQPValue::FieldTable(capabilities));
    for (name, value) in [("product", &identity.product), ("version", &identity.version)] {
        properties.insert(
            ShortString::from(name),
            AMQPValue::LongString(LongString::from(value.as_bytes())),
        );
    }
    properties
}

fn capability(client_properties: &FieldTable, name: &str) -> bool {
    let capabilities = client_properties
        .inner()
        .get("capabilities")
        .and_then(AMQPValue::as_field_table);
    capabilities
        .and_then(|table| table.inner().get(name)?.as_bool())
        .unwrap_or(false)
}

/// The client's value within the server's bounds; its 0 ("no limit") means the server's.
fn negotiate(field: &str, wanted: u32, min: u32, max: u32) -> Result<u32, Fault> {
    let (relation, kind, bound) = match wanted {
        0 => return Ok(max),
        _ if wanted < min => ("lower", "minimum", min),
        _ if wanted > max => ("higher", "maximum", max),
        _ => return Ok(wanted),
    };
    let explanation =
        format!("negotiated {field} = {wanted} is {relation} than the {kind} allowed value ({bound})");
    Err(Fault::new(ReplyCode::NotAllowed, explanation))
}
