//! The listener for the tones of keys by itself.

use std::sync::Mutex;

use fourwire::{InBandKeys, listen};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::{Pcm, bytes_of};
use crate::event::Key;
use crate::lock::Held;
use crate::word::{Hertz, Word, millis};

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct KeyTones(Mutex<listen::KeyTones>);

#[pymethods]
impl KeyTones {
    #[new]
    #[pyo3(signature = (rate, *, remove=false))]
    fn new(rate: Hertz, remove: bool) -> Self {
        Self(Mutex::new(listen::KeyTones::new(rate.0, remove)))
    }

    fn hear<'py>(&self, py: Python<'py>, pcm: Pcm) -> PyResult<Bound<'py, PyBytes>> {
        let mut heard = pcm.to_vec();
        self.0.held(py).hear(&mut heard);
        bytes_of(py, &heard)
    }

    fn poll(&self, py: Python<'_>) -> Option<Key> {
        self.0.held(py).poll().map(|press| Key {
            digit: press.key.digit(),
            duration_ms: millis(press.duration),
            in_band: true,
        })
    }

    #[getter]
    fn sounds(&self, py: Python<'_>) -> bool {
        self.0.held(py).sounds()
    }
}

impl Word for InBandKeys {
    const WHAT: &'static str = "what is made of the tones of keys";
    const WORDS: &'static [(&'static str, Self)] =
        &[("off", Self::Off), ("hear", Self::Hear), ("remove", Self::Remove)];
}
