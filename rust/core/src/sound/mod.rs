//! Samples: codecs, resampling, both in one, levels.

pub mod codec;
pub mod converter;
pub(crate) mod dice;
pub mod g711;
pub mod g722;
pub mod level;
pub(crate) mod lpc;
#[cfg(feature = "opus")]
pub mod opus;
pub mod resampler;
pub(crate) mod shaped_noise;
mod splicer;
pub mod tone;
pub mod voice_activity;

pub(crate) use splicer::Splicer;
