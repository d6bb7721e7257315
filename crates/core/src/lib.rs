#![doc = include_str!("../README.md")]

extern crate self as fiks_core;

pub mod clock;
pub mod id;
pub mod problem;
pub mod random;

pub use clock::{Clock, ClockHand, Timestamp};
pub use problem::{ErrorKind, Problem};
pub use random::Random;
pub use secrecy::{ExposeSecret, SecretString};
