//! What is told of fragments.

use fourwire_audioop::{self as arithmetic, Fragment};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::argument::{Bytes, Count, Int, Named, read};
use crate::buffer::bulk;
use crate::error::Error;

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn max(args: &Bound<'_, PyTuple>, kwargs: Option<Named<'_, '_>>) -> Result<u32, Error> {
    let (fragment, width) = read::<(Bytes, Int)>("max", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    Ok(bulk(args.py(), fragment.samples(), || fragment.max()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn minmax(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<(i32, i32), Error> {
    let (fragment, width) = read::<(Bytes, Int)>("minmax", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    Ok(bulk(args.py(), fragment.samples(), || fragment.minmax()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn avg(args: &Bound<'_, PyTuple>, kwargs: Option<Named<'_, '_>>) -> Result<i32, Error> {
    let (fragment, width) = read::<(Bytes, Int)>("avg", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    Ok(bulk(args.py(), fragment.samples(), || fragment.avg()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn rms(args: &Bound<'_, PyTuple>, kwargs: Option<Named<'_, '_>>) -> Result<u32, Error> {
    let (fragment, width) = read::<(Bytes, Int)>("rms", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    Ok(bulk(args.py(), fragment.samples(), || fragment.rms()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn cross(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<isize, Error> {
    let (fragment, width) = read::<(Bytes, Int)>("cross", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    Ok(bulk(args.py(), fragment.samples(), || fragment.cross()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn avgpp(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<u32, Error> {
    let (fragment, width) = read::<(Bytes, Int)>("avgpp", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    Ok(bulk(args.py(), fragment.samples(), || fragment.avgpp()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, /)")]
pub(crate) fn maxpp(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<u32, Error> {
    let (fragment, width) = read::<(Bytes, Int)>("maxpp", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    Ok(bulk(args.py(), fragment.samples(), || fragment.maxpp()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, index, /)")]
pub(crate) fn getsample(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<i32, Error> {
    let (fragment, width, index) = read::<(Bytes, Int, Count)>("getsample", args, kwargs)?;
    Ok(Fragment::new(&fragment, width.0)?.sample(index.0)?)
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, reference, /)")]
pub(crate) fn findfit(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<(usize, f64), Error> {
    let (fragment, reference) = read::<(Bytes, Bytes)>("findfit", args, kwargs)?;
    Ok(bulk(args.py(), fragment.len(), || arithmetic::findfit(&fragment, &reference))?)
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, reference, /)")]
pub(crate) fn findfactor(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<f64, Error> {
    let (fragment, reference) = read::<(Bytes, Bytes)>("findfactor", args, kwargs)?;
    Ok(bulk(args.py(), fragment.len(), || arithmetic::findfactor(&fragment, &reference))?)
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, length, /)")]
pub(crate) fn findmax(
    args: &Bound<'_, PyTuple>,
    kwargs: Option<Named<'_, '_>>,
) -> Result<usize, Error> {
    let (fragment, length) = read::<(Bytes, Count)>("findmax", args, kwargs)?;
    Ok(bulk(args.py(), fragment.len(), || arithmetic::findmax(&fragment, length.0))?)
}
