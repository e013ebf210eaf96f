//! Streams that are converted fragment by fragment, with a state that goes from one to the next.

use fourwire_audioop::adpcm::Adpcm;
use fourwire_audioop::ratecv::{self as linear, Request};
use fourwire_audioop::{self as arithmetic, Fragment, Width, polyphase};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::argument::{
    Argument, Bytes, Int, Named, StateInt, at, given_state, illegal_state, members, read,
    require_between,
};
use super::change::make;
use crate::buffer::bulk;
use crate::error::Error;
use crate::word::{Spelled, Word};

type Coded<'py> = Result<(Bound<'py, PyBytes>, (i32, i32)), Error>;
type Converted<'py> = Result<(Bound<'py, PyBytes>, Bound<'py, PyAny>), Error>;

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, state, /)")]
pub(crate) fn lin2adpcm<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Coded<'py> {
    let (fragment, width, state) =
        read::<(Bytes, Int, Bound<'py, PyAny>)>("lin2adpcm", args, kwargs)?;
    let fragment = Fragment::new(&fragment, width.0)?;
    let mut state = adpcm(&state, "lin2adpcm")?;
    let codes = make(args.py(), fragment.samples() / 2, |out| state.encode(fragment, out))?;
    Ok((codes, state.parts()))
}

#[pyfunction]
#[pyo3(signature = (*args, **kwargs), text_signature = "(fragment, width, state, /)")]
pub(crate) fn adpcm2lin<'py>(
    args: &Bound<'py, PyTuple>,
    kwargs: Option<Named<'_, 'py>>,
) -> Coded<'py> {
    let (codes, width, state) = read::<(Bytes, Int, Bound<'py, PyAny>)>("adpcm2lin", args, kwargs)?;
    let width = Width::new(width.0)?;
    let mut state = adpcm(&state, "adpcm2lin")?;
    let length = 2 * codes.len() * width.bytes();
    let pcm = make(args.py(), length, |out| state.decode(&codes, width, out))?;
    Ok((pcm, state.parts()))
}

fn adpcm(state: &Bound<'_, PyAny>, function: &str) -> Result<Adpcm, Error> {
    let Some(state) = given_state(state)? else { return Ok(Adpcm::default()) };
    let (predicted, index) = members::<(StateInt, StateInt)>(state, function)?;
    Ok(Adpcm::new(predicted.0, index.0)?)
}

/// How samples between samples are found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    Linear,
    Polyphase,
}

impl Word for Quality {
    const WHAT: &'static str = "quality";
    const WORDS: &'static [(&'static str, Self)] =
        &[("linear", Self::Linear), ("polyphase", Self::Polyphase)];
}

#[pyfunction]
#[pyo3(
    signature = (*args, quality=Spelled(Quality::Linear)),
    text_signature = "(fragment, width, nchannels, inrate, outrate, state, weightA=1, weightB=0, \
                      /, *, quality='linear')",
)]
pub(crate) fn ratecv<'py>(args: &Bound<'py, PyTuple>, quality: Spelled<Quality>) -> Converted<'py> {
    require_between("ratecv", args.len(), 6, 8)?;
    let fragment: Bytes = at(args, 0)?;
    let (request, state) = request(args)?;
    match quality.0 {
        Quality::Linear => by_lines(args.py(), &fragment, request, &state),
        Quality::Polyphase => by_filter(args.py(), &fragment, request, &state),
    }
}

fn request<'py>(args: &Bound<'py, PyTuple>) -> PyResult<(Request, Bound<'py, PyAny>)> {
    let int = |place| at(args, place).map(|Int(number)| number);
    let or = |place, default| if place < args.len() { int(place) } else { Ok(default) };
    let request = Request {
        width: int(1)?,
        channels: int(2)?,
        inrate: int(3)?,
        outrate: int(4)?,
        weight_a: or(6, 1)?,
        weight_b: or(7, 0)?,
    };
    Ok((request, args.get_item(5)?))
}

fn by_lines<'py>(
    py: Python<'py>,
    fragment: &[u8],
    request: Request,
    state: &Bound<'py, PyAny>,
) -> Converted<'py> {
    let conversion = linear::Conversion::new(fragment, request)?;
    let mut state = match given_state(state)? {
        None => conversion.begin()?,
        Some(state) => linear_state(&conversion, state)?,
    };
    let length = conversion.length(&state)?;
    let out = make(py, length, |out| conversion.run(&mut state, out));
    let out = out.map_err(|_| arithmetic::Error::Memory)?;
    let channels = PyTuple::new(py, state.channels.iter().map(|&[old, new]| (old, new)))?;
    Ok((out, (state.position, channels).into_bound_py_any(py)?))
}

fn linear_state(
    conversion: &linear::Conversion<'_>,
    state: &Bound<'_, PyTuple>,
) -> Result<linear::State, Error> {
    let (position, channels) = members::<(StateInt, StateTuple<'_>)>(state, "ratecv")?;
    conversion.require_channels(channels.0.len())?;
    let pairs = channels.0.iter().map(|channel| {
        let channel = StateTuple::read(&channel)?;
        let (old, new) = members::<(StateInt, StateInt)>(&channel.0, "ratecv")?;
        Ok([old.0, new.0])
    });
    Ok(linear::State { position: position.0, channels: pairs.collect::<PyResult<_>>()? })
}

/// A tuple within the state of `ratecv`.
struct StateTuple<'py>(Bound<'py, PyTuple>);

impl<'py> Argument<'py> for StateTuple<'py> {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        object.cast().cloned().map(Self).map_err(|_| illegal_state("ratecv"))
    }
}

fn by_filter<'py>(
    py: Python<'py>,
    fragment: &[u8],
    request: Request,
    state: &Bound<'py, PyAny>,
) -> Converted<'py> {
    let conversion = polyphase::Conversion::new(fragment, request)?;
    let mut state = match Option::<Py<PolyphaseState>>::read(state)? {
        None => conversion.begin(),
        Some(state) => conversion.resume(&state.get().0)?,
    };
    let out = bulk(py, fragment.len(), || conversion.run(&mut state));
    Ok((PyBytes::new(py, &out), PolyphaseState(state).into_bound_py_any(py)?))
}

#[pyclass(frozen, module = "fourwire.audioop")]
pub(crate) struct PolyphaseState(polyphase::State);

impl<'py> Argument<'py> for Option<Py<PolyphaseState>> {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        object.extract().map_err(|_| {
            PyTypeError::new_err("state must be one of quality \"polyphase\", or None")
        })
    }
}
