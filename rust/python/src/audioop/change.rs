//! Fragments made of others.

use fourwire::Law;
use fourwire_audioop::{Fragment, Width, compress, expand};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::argument::{Bytes, Int, Named, read};
use crate::buffer::bulk;
use crate::error::Error;

type Made<'py> = Result<Bound<'py, PyBytes>, Error>;

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, factor, /)")]
pub(crate) fn mul<'py>(args: &Bound<'py, PyTuple>, kwargs: Option<Named<'_, 'py>>) -> Made<'py> {
    let (fragment, width, factor) = read::<(Bytes, Int, f64)>("mul", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    make(args.py(), fragment.len(), |out| fragment.mul(factor, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment1, fragment2, width, /)")]
pub(crate) fn add<'py>(args: &Bound<'py, PyTuple>, kwargs: Option<Named<'_, 'py>>) -> Made<'py> {
    let (fragment, other, width) = read::<(Bytes, Bytes, Int)>("add", args, kwargs)?;
    let sum = Fragment::new(&fragment, width.0)?.plus(&other)?;
    make(args.py(), fragment.len(), |out| sum.write(out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, bias, /)")]
pub(crate) fn bias<'py>(args: &Bound<'py, PyTuple>, kwargs: Option<Named<'_, 'py>>) -> Made<'py> {
    let (fragment, width, bias) = read::<(Bytes, Int, Int)>("bias", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    make(args.py(), fragment.len(), |out| fragment.bias(bias.0, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn reverse<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (fragment, width) = read::<(Bytes, Int)>("reverse", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    make(args.py(), fragment.len(), |out| fragment.reverse(out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn byteswap<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (fragment, width) = read::<(Bytes, Int)>("byteswap", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    make(args.py(), fragment.len(), |out| fragment.byteswap(out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, newwidth, /)")]
pub(crate) fn lin2lin<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (fragment, width, new) = read::<(Bytes, Int, Int)>("lin2lin", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    let new = Width::new(new.0)?;
    let length = fragment.samples() * new.bytes();
    make(args.py(), length, |out| fragment.lin2lin(new, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, lfactor, rfactor, /)")]
pub(crate) fn tomono<'py>(args: &Bound<'py, PyTuple>, kwargs: Option<Named<'_, 'py>>) -> Made<'py> {
    let (fragment, width, left, right) = read::<(Bytes, Int, f64, f64)>("tomono", args, kwargs)?;
    let stereo = Fragment::new(&fragment, width.0)?.stereo()?;
    make(args.py(), fragment.len() / 2, |out| stereo.tomono(left, right, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, lfactor, rfactor, /)")]
pub(crate) fn tostereo<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (fragment, width, left, right) = read::<(Bytes, Int, f64, f64)>("tostereo", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    make(args.py(), fragment.len() * 2, |out| fragment.tostereo(left, right, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn ulaw2lin<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (codes, width) = read::<(Bytes, Int)>("ulaw2lin", args, kwargs)?;
    let width = Width::new(width.0)?;
    make(args.py(), codes.len() * width.bytes(), |out| expand(Law::Mu, &codes, width, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn alaw2lin<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (codes, width) = read::<(Bytes, Int)>("alaw2lin", args, kwargs)?;
    let width = Width::new(width.0)?;
    make(args.py(), codes.len() * width.bytes(), |out| expand(Law::A, &codes, width, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn lin2ulaw<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (fragment, width) = read::<(Bytes, Int)>("lin2ulaw", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    make(args.py(), fragment.samples(), |out| compress(Law::Mu, fragment, out))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn lin2alaw<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Made<'py> {
    let (fragment, width) = read::<(Bytes, Int)>("lin2alaw", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    make(args.py(), fragment.samples(), |out| compress(Law::A, fragment, out))
}

/// New `bytes`, which `write` fills in where they lie.
pub(super) fn make<'py>(
    py: Python<'py>,
    length: usize,
    write: impl FnOnce(&mut [u8]) + Send,
) -> Made<'py> {
    let fill = |out: &mut [u8]| {
        bulk(py, length, || write(out));
        Ok(())
    };
    Ok(PyBytes::new_with(py, length, fill)?)
}
