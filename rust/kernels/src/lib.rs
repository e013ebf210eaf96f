//! Inner loops, each with a scalar twin.
//!
//! The twin is plain Rust and runs anywhere. Beside it stands a build that is allowed the vector
//! instructions that this processor turns out to have: of the same source where the compiler makes
//! good vectors of it, written by hand where it does not. No build reorders or fuses floating-point
//! operations, so all give the same bits on every machine, which the tests check.
//!
//! With the feature `portable` only the twins are used.

pub mod correlation;
mod dispatch;
pub mod fir;
pub mod g711;
pub mod gain;
pub mod level;
pub mod likeness;
