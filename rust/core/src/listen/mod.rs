//! What the caller says: packets put in order, holes filled, samples for the agent.

pub mod concealer;
pub mod dejitter;
mod forwarder;
mod key_tones;
mod listener;
pub mod playout_buffer;
pub mod source;
pub mod time_stretch;

pub use dejitter::{Dejitter, DejitterConfig};
pub use forwarder::{Forwarder, Shape};
pub use key_tones::KeyTones;
pub use listener::{Heard, Listener};
pub use playout_buffer::{PlayoutBuffer, PlayoutConfig};
pub use source::Source;
pub use time_stretch::TimeStretch;
