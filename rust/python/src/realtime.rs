//! The messages of a realtime session that carry audio.

use fourwire::realtime::append::AppendBuilder;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::Octets;

#[pyfunction]
pub(crate) fn append_message<'py>(py: Python<'py>, audio: Octets) -> Bound<'py, PyBytes> {
    let mut message = Vec::new();
    AppendBuilder::new().build(&audio, &mut message);
    PyBytes::new(py, &message)
}
