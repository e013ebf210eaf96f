//! Arguments read as CPython's own functions read theirs: by place, from left to right, refused in
//! the same words.

use std::ops::Deref;

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict, PyMemoryView, PyTuple};

/// What was given by name.
pub(super) type Named<'a, 'py> = &'a Bound<'py, PyDict>;

/// The arguments of `function`, as many as `T` has.
pub(super) fn read<'py, T: Arguments<'py>>(
    function: &str,
    args: &Bound<'py, PyTuple>,
    named: Option<Named<'_, 'py>>,
) -> PyResult<T> {
    if named.is_some_and(|named| !named.is_empty()) {
        let message = format!("audioop.{function}() takes no keyword arguments");
        return Err(PyTypeError::new_err(message));
    }
    if args.len() != T::COUNT {
        let (count, given) = (T::COUNT, args.len());
        let message = format!("{function} expected {count} arguments, got {given}");
        return Err(PyTypeError::new_err(message));
    }
    T::read(args)
}

/// Fails where fewer than `least` or more than `most` arguments were given.
pub(super) fn require_between(
    function: &str,
    given: usize,
    least: usize,
    most: usize,
) -> PyResult<()> {
    let wrong = |limit: &str, count: usize| {
        let message = format!("{function} expected at {limit} {count} arguments, got {given}");
        Err(PyTypeError::new_err(message))
    };
    match given {
        given if given < least => wrong("least", least),
        given if given > most => wrong("most", most),
        _ => Ok(()),
    }
}

/// The argument at `place`.
pub(super) fn at<'py, T: Argument<'py>>(args: &Bound<'py, PyTuple>, place: usize) -> PyResult<T> {
    T::read(&args.get_item(place)?)
}

/// Something that an argument is read as.
pub(super) trait Argument<'py>: Sized {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self>;
}

/// A tuple of those.
pub(super) trait Arguments<'py>: Sized {
    const COUNT: usize;

    fn read(args: &Bound<'py, PyTuple>) -> PyResult<Self>;
}

macro_rules! arguments {
    ($($count:literal: $($name:ident $place:literal),*;)*) => {$(
        impl<'py, $($name: Argument<'py>),*> Arguments<'py> for ($($name),*) {
            const COUNT: usize = $count;

            fn read(args: &Bound<'py, PyTuple>) -> PyResult<Self> {
                Ok(($(at::<$name>(args, $place)?),*))
            }
        }
    )*};
}

arguments! {
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
}

/// The bytes of any object whose memory is one run of them, whatever it says they are.
pub(super) struct Bytes(PyBackedBytes);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'py> Argument<'py> for Bytes {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self(bytes.clone().into()));
        }
        if !PyUntypedBuffer::get(object)?.is_c_contiguous() {
            refuse(object)?;
        }
        let copy = PyMemoryView::from(object)?.call_method0("tobytes")?;
        Ok(Self(copy.cast_into::<PyBytes>()?.into()))
    }
}

/// Asks for a run of bytes where there is none, as `audioop` did, so that the object refuses in
/// words of its own.
fn refuse(object: &Bound<'_, PyAny>) -> PyResult<()> {
    object.py().import("binascii")?.call_method1("crc32", (object,)).map(drop)
}

/// What C calls an `int`.
#[derive(Clone, Copy)]
pub(super) struct Int(pub(super) i32);

impl<'py> Argument<'py> for Int {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let number = number(object, "C int")?;
        number.try_into().map(Self).map_err(|_| too_large("C int"))
    }
}

/// What C calls a `Py_ssize_t`.
#[derive(Clone, Copy)]
pub(super) struct Count(pub(super) isize);

impl<'py> Argument<'py> for Count {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let number = number(object, "C ssize_t")?;
        number.try_into().map(Self).map_err(|_| too_large("C ssize_t"))
    }
}

/// An `int` in a state, which is refused in other words.
#[derive(Clone, Copy)]
pub(super) struct StateInt(pub(super) i32);

impl<'py> Argument<'py> for StateInt {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let number = number(object, "C long")?;
        number.try_into().map(Self).map_err(|_| {
            let bound = if number < 0 { "less than minimum" } else { "greater than maximum" };
            PyOverflowError::new_err(format!("signed integer is {bound}"))
        })
    }
}

impl<'py> Argument<'py> for f64 {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        object.extract()
    }
}

impl<'py> Argument<'py> for Bound<'py, PyAny> {
    fn read(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Ok(object.clone())
    }
}

/// The members of a state, as many as `T` has.
pub(super) fn members<'py, T: Arguments<'py>>(
    state: &Bound<'py, PyTuple>,
    function: &str,
) -> PyResult<T> {
    if state.len() == T::COUNT { T::read(state) } else { Err(illegal_state(function)) }
}

/// Anything but a tuple where a state, or a part of it, is one.
pub(super) fn illegal_state(function: &str) -> PyErr {
    PyTypeError::new_err(format!("{function}(): illegal state argument"))
}

/// A state that was given; `None` at the start of a stream.
pub(super) fn given_state<'a, 'py>(
    state: &'a Bound<'py, PyAny>,
) -> PyResult<Option<&'a Bound<'py, PyTuple>>> {
    if state.is_none() {
        return Ok(None);
    }
    let tuple = state.cast::<PyTuple>();
    tuple.map(Some).map_err(|_| PyTypeError::new_err("state must be a tuple or None"))
}

fn number(object: &Bound<'_, PyAny>, kind: &str) -> PyResult<i64> {
    object.extract::<i64>().map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(object.py()) { too_large(kind) } else { error }
    })
}

fn too_large(kind: &str) -> PyErr {
    PyOverflowError::new_err(format!("Python int too large to convert to {kind}"))
}
