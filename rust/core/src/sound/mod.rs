//! Samples: codecs, resampling, both in one, levels.

pub mod codec;
pub mod converter;
pub mod g711;
pub mod g722;
pub mod level;
pub mod resampler;
mod splicer;

pub(crate) use splicer::Splicer;
