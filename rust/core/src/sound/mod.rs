//! Samples: companding, resampling, levels.
