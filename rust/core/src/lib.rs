//! The audio of a telephone call, as values that are fed and drained.
//!
//! Nothing here reads a clock, opens a socket or starts a thread: time is an argument
//! ([`Moment`]), packets are bytes, and what is due comes out of `poll`. A whole call runs in a
//! test faster than real time and gives the same bytes every time.
//!
//! With the feature `opus`, calls may be in Opus, too; libopus is then built along. The feature `srtp`
//! ([`wire::srtp`]) is on unless it is left out.

#![forbid(unsafe_code)]

mod codec;
mod format;
mod moment;

mod leg;
pub mod listen;
pub mod realtime;
pub mod sound;
pub mod speak;
pub mod wire;

pub use codec::Codec;
pub use format::{AudioFormat, ClockRate, Law};
pub use leg::{
    Bridge, DigitsRefused, Direction, EarlyBargeIn, Event, Idle, InBandKeys, Leg, LegConfig,
    LegCounters, Media, Output, PayloadTypes, Quieten, Received, Recorded, Reel, Side, Unconfirmed,
};
pub use moment::Moment;
