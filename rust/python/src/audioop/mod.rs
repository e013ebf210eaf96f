//! `fourwire.audioop`: the functions that `audioop` had, called as they were called.

#![allow(non_camel_case_types, reason = "`error` is the name that programs catch")]

mod argument;
mod change;
mod measure;
mod stream;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

pyo3::create_exception!(
    fourwire.audioop,
    error,
    PyException,
    "A fragment, or a number given with it, does not fit."
);

/// What `audioop` was: sound fragments of one to four bytes a sample.
#[pymodule(submodule)]
pub(crate) mod audioop {
    #[pymodule_export]
    use super::change::{
        add, alaw2lin, bias, byteswap, lin2alaw, lin2lin, lin2ulaw, mul, reverse, tomono, tostereo,
        ulaw2lin,
    };
    #[pymodule_export]
    use super::error;
    #[pymodule_export]
    use super::measure::{
        avg, avgpp, cross, findfactor, findfit, findmax, getsample, max, maxpp, minmax, rms,
    };
    #[pymodule_export]
    use super::stream::{PolyphaseState, adpcm2lin, lin2adpcm, ratecv};
}
