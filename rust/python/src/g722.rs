//! G.722, stream by stream.

use std::sync::Mutex;

use fourwire::sound::g722::{Decoder, Encoder, SAMPLES_AN_OCTET};
use pyo3::prelude::*;

use crate::buffer::{Octets, Pcm, bulk, give_octets, give_samples, require_room};
use crate::lock::Held;

type Out<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct G722Encoder(Mutex<Encoder>);

#[pymethods]
impl G722Encoder {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    #[pyo3(signature = (pcm, out=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        pcm: Pcm,
        out: Out<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let most = pcm.len().div_ceil(SAMPLES_AN_OCTET);
        out.map_or(Ok(()), |out| require_room(most, out, "octets"))?;
        let mut octets = Vec::with_capacity(most);
        let mut held = self.0.held(py);
        let encoder = &mut *held;
        bulk(py, pcm.len(), || encoder.encode_into(&pcm, &mut octets));
        give_octets(py, &octets, out)
    }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct G722Decoder(Mutex<Decoder>);

#[pymethods]
impl G722Decoder {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    #[pyo3(signature = (octets, out=None))]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        octets: Octets,
        out: Out<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let samples = octets.len() * SAMPLES_AN_OCTET;
        out.map_or(Ok(()), |out| require_room(2 * samples, out, "16-bit samples"))?;
        let mut pcm = Vec::with_capacity(samples);
        let mut held = self.0.held(py);
        let decoder = &mut *held;
        bulk(py, samples, || decoder.decode_into(&octets, &mut pcm));
        give_samples(py, &pcm, out)
    }
}
