//! Samples: companding, resampling, levels.

pub mod g711;
pub mod resampler;
