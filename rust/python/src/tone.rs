//! A tone, as a signal to people.

use std::time::Duration;

use fourwire::sound::tone::tone as sine;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::bytes_of;
use crate::word::Hertz;

#[pyfunction]
#[pyo3(
    signature = (rate, hertz, duration_ms, dbov=LOUDNESS),
    text_signature = "(rate, hertz, duration_ms, dbov=-20.0)",
)]
pub(crate) fn tone(
    py: Python<'_>,
    rate: Hertz,
    hertz: f64,
    duration_ms: f64,
    dbov: f64,
) -> PyResult<Bound<'_, PyBytes>> {
    if !(1.0..=60_000.0).contains(&duration_ms) || !hertz.is_finite() || !dbov.is_finite() {
        let told = format!("a tone of {hertz} Hz at {dbov} dBov cannot last {duration_ms} ms");
        return Err(PyValueError::new_err(told));
    }
    bytes_of(py, &sine(rate.0, hertz, Duration::from_secs_f64(duration_ms / 1000.0), dbov))
}

/// As loud as people speak on the telephone.
const LOUDNESS: f64 = -20.0;
