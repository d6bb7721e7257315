#![doc = include_str!("../README.md")]

mod event;
mod life;
mod recorder;
mod rules;

pub use event::{Action, Answer, Event, Feedback, History, UnreadableHistory};
pub use recorder::Recorder;
pub use rules::{Broken, Rule, check};
