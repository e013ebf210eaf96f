//! `fourwire._core`: arguments in, one call, result out.
use pyo3::prelude::*;

/// The audio of a call, in Rust.
#[pymodule]
mod _core {}
