//! Samples: companding, resampling, both in one, levels.

pub mod converter;
pub mod g711;
pub mod level;
pub mod resampler;
