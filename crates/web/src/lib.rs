#![doc = include_str!("../README.md")]

mod errors;
mod page;
mod resources;
mod security;
pub mod text;
pub mod ui;

pub use errors::{ERRORS, WebError, kinds};
pub use page::{Fault, Link, Page, Site, Theme, View, finish, is_fragment_request};
pub use resources::router as resources;
