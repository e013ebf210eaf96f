//! Inner loops, each written once and compiled twice.
//!
//! The plain build of a loop is its scalar twin and runs anywhere. The other build is allowed the
//! vector instructions that this processor turns out to have; the compiler makes vectors of the
//! same source, but for the few loops that it has to be told how to. Neither reorders or fuses
//! floating-point operations, so both give the same bits on every machine, which the tests check.

mod dispatch;
pub mod fir;
pub mod g711;
pub mod level;
