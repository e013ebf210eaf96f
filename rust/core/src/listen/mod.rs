//! What the caller says: packets put in order, holes filled, samples for the agent.

pub mod concealer;
pub mod dejitter;
mod forwarder;
mod listener;
pub mod source;

pub use dejitter::{Dejitter, DejitterConfig};
pub use forwarder::{Forwarder, Shape};
pub use listener::{Heard, Listener};
pub use source::Source;
