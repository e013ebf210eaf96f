//! Buffers: octets and samples in, `bytes` or the caller's own buffer out.
//!
//! No memory of Python's is read after the interpreter was let go: `bytes` cannot change and are
//! shared, all else is copied at the border.

use std::ops::Deref;

use pyo3::buffer::{Element, PyBuffer, PyUntypedBuffer};
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView, PySlice};

/// Octets, given as `bytes` or as any other buffer of bytes.
pub(crate) enum Octets {
    /// Those of a `bytes` object.
    Shared(PyBackedBytes),
    /// Those of a buffer that may change.
    Copied(Vec<u8>),
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Shared(octets) => octets,
            Self::Copied(octets) => octets,
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Octets {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(octets) = object.cast::<PyBytes>() {
            return Ok(Self::Shared(octets.to_owned().into()));
        }
        let buffer = buffer_of(&object, "bytes")?;
        let octets = buffer.as_typed::<u8>().map_err(|_| unfit(&buffer, "bytes"))?;
        Ok(Self::Copied(octets.to_vec(object.py())?))
    }
}

impl Octets {
    /// Audio of `width` bytes a sample; that of two may come as a buffer of samples, too.
    pub(crate) fn of_audio(object: &Bound<'_, PyAny>, width: usize) -> PyResult<Self> {
        if width == size_of::<i16>() && !object.is_instance_of::<PyBytes>() {
            let buffer = buffer_of(object, "16-bit samples")?;
            if let Ok(samples) = buffer.as_typed::<i16>() {
                let samples = samples.to_vec(object.py())?;
                return Ok(Self::Copied(samples.iter().flat_map(|it| it.to_le_bytes()).collect()));
            }
        }
        object.extract()
    }
}

/// Octets as `bytes` of their own, for whoever keeps them.
pub(crate) struct Whole(pub(crate) PyBackedBytes);

impl<'py> FromPyObject<'_, 'py> for Whole {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(match object.extract()? {
            Octets::Shared(octets) => octets,
            Octets::Copied(octets) => PyBytes::new(object.py(), &octets).into(),
        }))
    }
}

/// Samples, given as a buffer of 16-bit integers or as the bytes of such.
pub(crate) enum Pcm {
    /// Those of a `bytes` object that lies in memory as samples do.
    Shared(PyBackedBytes),
    /// Those of a buffer that may change, or that had to be put in order.
    Copied(Vec<i16>),
}

impl Deref for Pcm {
    type Target = [i16];

    fn deref(&self) -> &[i16] {
        match self {
            Self::Shared(octets) => bytemuck::cast_slice(octets),
            Self::Copied(samples) => samples,
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for Pcm {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(octets) = object.cast::<PyBytes>() {
            return Self::of_bytes(octets.to_owned().into());
        }
        let buffer = buffer_of(&object, "16-bit samples")?;
        if let Ok(samples) = buffer.as_typed::<i16>() {
            return Ok(Self::Copied(samples.to_vec(object.py())?));
        }
        let octets = buffer.as_typed::<u8>().map_err(|_| unfit(&buffer, "16-bit samples"))?;
        samples_of(&octets.to_vec(object.py())?).map(Self::Copied)
    }
}

impl Pcm {
    fn of_bytes(octets: PyBackedBytes) -> PyResult<Self> {
        if cfg!(target_endian = "little") && bytemuck::try_cast_slice::<u8, i16>(&octets).is_ok() {
            return Ok(Self::Shared(octets));
        }
        samples_of(&octets).map(Self::Copied)
    }
}

/// The samples that `octets` stand for, little-endian.
fn samples_of(octets: &[u8]) -> PyResult<Vec<i16>> {
    let (samples, rest) = octets.as_chunks::<2>();
    if !rest.is_empty() {
        let message = format!("{} bytes are not a whole number of 16-bit samples", octets.len());
        return Err(PyValueError::new_err(message));
    }
    Ok(samples.iter().map(|&sample| i16::from_le_bytes(sample)).collect())
}

/// New `bytes` for `samples` samples, little-endian, which `make` fills in where they lie.
pub(crate) fn make_samples<'py>(
    py: Python<'py>,
    samples: usize,
    make: impl FnOnce(&mut [i16]) + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, 2 * samples, |bytes| {
        match bytemuck::try_cast_slice_mut::<u8, i16>(bytes) {
            Ok(pcm) if cfg!(target_endian = "little") => bulk(py, samples, || make(pcm)),
            _ => {
                let mut pcm = vec![0; samples];
                bulk(py, samples, || make(&mut pcm));
                bytes.copy_from_slice(bytes_of(py, &pcm)?.as_bytes());
            }
        }
        Ok(())
    })
}

/// What `samples` are as bytes, little-endian.
pub(crate) fn bytes_of<'py>(py: Python<'py>, samples: &[i16]) -> PyResult<Bound<'py, PyBytes>> {
    if cfg!(target_endian = "little") {
        return Ok(PyBytes::new(py, bytemuck::cast_slice(samples)));
    }
    PyBytes::new_with(py, 2 * samples.len(), |bytes| {
        for (bytes, sample) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
            *bytes = sample.to_le_bytes();
        }
        Ok(())
    })
}

/// Hands octets over: as `bytes`, or into `out`, and then as their number.
pub(crate) fn give_octets<'py>(
    py: Python<'py>,
    octets: &[u8],
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    match out {
        None => Ok(PyBytes::new(py, octets).into_any()),
        Some(out) => {
            require_room(octets.len(), out, "bytes")?;
            fill(out, octets)
        }
    }
}

/// Hands samples over: as `bytes`, or into `out`, and then as their number.
pub(crate) fn give_samples<'py>(
    py: Python<'py>,
    samples: &[i16],
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(out) = out else { return Ok(bytes_of(py, samples)?.into_any()) };
    require_room(2 * samples.len(), out, "16-bit samples")?;
    if buffer_of(out, "16-bit samples")?.as_typed::<i16>().is_ok() {
        return fill(out, samples);
    }
    fill(out, bytes_of(py, samples)?.as_bytes())?;
    Ok(samples.len().into_pyobject(py)?.into_any())
}

/// Fails where `out` has no room for `needed` bytes. To ask before the work is done is to lose
/// nothing where there is none.
pub(crate) fn require_room(needed: usize, out: &Bound<'_, PyAny>, what: &str) -> PyResult<()> {
    let buffer = buffer_of(out, what)?;
    if buffer.readonly() {
        return Err(PyBufferError::new_err(format!("out cannot be written to: {}", name_of(out))));
    }
    if buffer.len_bytes() < needed {
        let room = buffer.len_bytes();
        let message = format!("out has room for {room} bytes, where {needed} are needed");
        return Err(PyBufferError::new_err(message));
    }
    Ok(())
}

/// Writes `items` at the head of `out` and tells their number.
fn fill<'py, T: Element>(out: &Bound<'py, PyAny>, items: &[T]) -> PyResult<Bound<'py, PyAny>> {
    let py = out.py();
    let end = isize::try_from(items.len())?;
    let head = PyMemoryView::from(out)?.get_item(PySlice::new(py, 0, end, 1))?;
    PyBuffer::<T>::get(&head)?.copy_from_slice(py, items)?;
    Ok(items.len().into_pyobject(py)?.into_any())
}

/// Does `work` on `items` items; where there are many, other Python threads run meanwhile.
pub(crate) fn bulk<T: Send>(py: Python<'_>, items: usize, work: impl FnOnce() -> T + Send) -> T {
    if items < WORTH_DETACHING { work() } else { py.detach(work) }
}

/// Samples on which work takes about a microsecond, several times what it costs to let go of the
/// interpreter and to take hold of it again.
const WORTH_DETACHING: usize = 1_024;

fn buffer_of(object: &Bound<'_, PyAny>, what: &str) -> PyResult<PyUntypedBuffer> {
    PyUntypedBuffer::get(object).map_err(|_| {
        PyTypeError::new_err(format!("a buffer of {what} is needed, not {}", name_of(object)))
    })
}

fn unfit(buffer: &PyUntypedBuffer, what: &str) -> PyErr {
    let format = buffer.format().to_string_lossy();
    PyTypeError::new_err(format!("a buffer of {what} is needed, not one of format {format:?}"))
}

pub(crate) fn name_of(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}
