#![doc = include_str!("../README.md")]

mod backend;
pub mod codec;
pub mod connection;
mod delivery;
mod driver;
mod error;
mod identity;
mod limits;
mod metrics;
mod properties;
mod registry;
mod reply;
mod server;
mod text;

pub use backend::{
    AuthenticateError, Backend, Cancelled, ConsumeError, ConsumeOptions, ExposeSecret, Login, QueueStatus,
    SecretString, Session, Subscription,
};
pub use delivery::{Batch, Delivery, DeliveryId, Outcome};
pub use error::Error;
pub use identity::Identity;
pub use limits::Limits;
pub use metrics::{Metrics, Snapshot};
pub use properties::{EncodedProperties, MAX_PROPERTIES, Properties};
pub use reply::{Closure, ReplyCode};
pub use server::{Listener, Server};
pub use text::ShortText;
