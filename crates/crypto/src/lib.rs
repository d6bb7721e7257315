#![doc = include_str!("../README.md")]

pub mod asice;
mod ber;
pub mod cms;
mod error;
pub mod keystore;
mod problem;

pub mod transform;
pub mod x509;

pub use error::{Error, Result};
pub use problem::ERROR_KINDS;
