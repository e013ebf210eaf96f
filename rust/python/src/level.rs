//! How loud samples are.

use fourwire::sound::level::{self, QUIET};
use pyo3::prelude::*;

use crate::buffer::{Pcm, bulk};

#[pyclass(frozen, eq, module = "fourwire._core")]
#[derive(PartialEq)]
pub(crate) struct Levels(level::Levels);

#[pymethods]
impl Levels {
    #[getter]
    fn samples(&self) -> u64 {
        self.0.samples()
    }

    #[getter]
    fn peak(&self) -> u16 {
        self.0.peak()
    }

    #[getter]
    fn rms(&self) -> f64 {
        self.0.rms()
    }

    #[getter]
    fn dbov(&self) -> f64 {
        self.0.dbov()
    }

    #[getter]
    fn clipped(&self) -> u64 {
        self.0.clipped()
    }

    #[pyo3(signature = (below_dbov=QUIET), text_signature = "($self, below_dbov=-60.0)")]
    fn is_silent(&self, below_dbov: f64) -> bool {
        self.0.is_below(below_dbov)
    }

    fn __add__(&self, other: &Self) -> Self {
        let mut sum = self.0;
        sum += other.0;
        Self(sum)
    }

    fn __repr__(&self) -> String {
        format!(
            "Levels(samples={}, peak={}, rms={:.1}, dbov={:.1}, clipped={})",
            self.samples(),
            self.peak(),
            self.rms(),
            self.dbov(),
            self.clipped(),
        )
    }
}

#[pyfunction]
pub(crate) fn levels(py: Python<'_>, pcm: Pcm) -> Levels {
    Levels(measure(py, &pcm))
}

#[pyfunction]
pub(crate) fn level_dbov(py: Python<'_>, pcm: Pcm) -> f64 {
    measure(py, &pcm).dbov()
}

#[pyfunction]
pub(crate) fn peak(py: Python<'_>, pcm: Pcm) -> u16 {
    measure(py, &pcm).peak()
}

#[pyfunction]
pub(crate) fn rms(py: Python<'_>, pcm: Pcm) -> f64 {
    measure(py, &pcm).rms()
}

#[pyfunction]
pub(crate) fn clipped(py: Python<'_>, pcm: Pcm) -> u64 {
    measure(py, &pcm).clipped()
}

#[pyfunction]
#[pyo3(signature = (pcm, below_dbov=QUIET), text_signature = "(pcm, below_dbov=-60.0)")]
pub(crate) fn is_silent(py: Python<'_>, pcm: Pcm, below_dbov: f64) -> bool {
    measure(py, &pcm).is_below(below_dbov)
}

fn measure(py: Python<'_>, pcm: &[i16]) -> level::Levels {
    bulk(py, pcm.len(), || level::Levels::of(pcm))
}
