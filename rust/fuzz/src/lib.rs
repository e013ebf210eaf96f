//! What fourwire is held to, whatever comes: one function a target, which panics where a law is
//! broken.
//!
//! A parser is fed bytes, a buffer a sequence of operations, in which times, numbers and sizes are
//! drawn so that the near and the far-off both happen. `fuzz_targets/` hands over what libFuzzer
//! makes; nothing else is in there.

pub mod announcements;
pub mod append;
pub mod audioop;
pub mod comfort_noise;
pub mod concealer;
pub mod dejitter;
pub mod delta;
pub mod leg;
pub mod network;
#[cfg(feature = "opus")]
pub mod opus;
pub mod playout;
pub mod playout_buffer;
pub mod rtcp;
pub mod rtp;
pub mod sent_keys;
pub mod sound;
pub mod speaker;
pub mod srtp;
pub mod telephone_event;
pub mod time_stretch;

mod draw;
mod tally;

use tally::mutated;
