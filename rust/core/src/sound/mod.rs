//! Samples: companding, resampling, levels.

pub mod g711;
pub mod level;
pub mod resampler;
