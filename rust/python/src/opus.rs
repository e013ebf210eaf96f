//! Opus, packet by packet.

use std::sync::Mutex;

use fourwire::ClockRate;
use fourwire::sound::opus;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::{Octets, Pcm, bytes_of};
use crate::lock::Held;
use crate::word::{Field, Hertz};

/// What both sides said of their Opus.
#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Opus(pub(crate) opus::Opus);

#[pymethods]
impl Opus {
    #[new]
    #[pyo3(
        signature = (
            *, rate=Hertz(ClockRate::Hz24000), playback_rate=Hertz(ClockRate::Hz48000),
            bitrate=32_000, fec=true, dtx=false, cbr=false,
        ),
        text_signature = "(*, rate=24000, playback_rate=48000, bitrate=32000, fec=True, \
            dtx=False, cbr=False)",
    )]
    fn new(
        rate: Hertz,
        playback_rate: Hertz,
        bitrate: u32,
        fec: bool,
        dtx: bool,
        cbr: bool,
    ) -> Self {
        Self(opus::Opus { rate: rate.0, playback: playback_rate.0, bitrate, fec, dtx, cbr })
    }

    #[getter]
    fn rate(&self) -> u32 {
        self.0.rate.hertz()
    }

    #[getter]
    fn playback_rate(&self) -> u32 {
        self.0.playback.hertz()
    }

    #[getter]
    fn bitrate(&self) -> u32 {
        self.0.bitrate
    }

    #[getter]
    fn fec(&self) -> bool {
        self.0.fec
    }

    #[getter]
    fn dtx(&self) -> bool {
        self.0.dtx
    }

    #[getter]
    fn cbr(&self) -> bool {
        self.0.cbr
    }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct OpusEncoder(Mutex<opus::Encoder>);

#[pymethods]
impl OpusEncoder {
    #[new]
    #[pyo3(signature = (opus=None))]
    fn new(opus: Option<&Opus>) -> Self {
        let opus = opus.map_or_else(opus::Opus::default, |opus| opus.0);
        Self(Mutex::new(opus::Encoder::new(opus)))
    }

    fn encode<'py>(&self, py: Python<'py>, pcm: Pcm) -> Bound<'py, PyBytes> {
        let mut packet = Vec::new();
        let mut held = self.0.held(py);
        let encoder = &mut *held;
        py.detach(|| encoder.encode_into(&pcm, &mut packet));
        PyBytes::new(py, &packet)
    }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct OpusDecoder {
    decoder: Mutex<opus::Decoder>,
    rate: Hertz,
}

#[pymethods]
impl OpusDecoder {
    #[new]
    #[pyo3(signature = (rate=Hertz(ClockRate::Hz24000)), text_signature = "(rate=24000)")]
    fn new(rate: Hertz) -> Self {
        Self { decoder: Mutex::new(opus::Decoder::new(rate.0)), rate }
    }

    fn decode<'py>(&self, py: Python<'py>, packet: Octets) -> PyResult<Bound<'py, PyBytes>> {
        let mut pcm = Vec::new();
        let mut held = self.decoder.held(py);
        let decoder = &mut *held;
        py.detach(|| decoder.decode_into(&packet, &mut pcm));
        bytes_of(py, &pcm)
    }

    #[pyo3(signature = (milliseconds, behind=None))]
    fn conceal<'py>(
        &self,
        py: Python<'py>,
        milliseconds: Field<u16>,
        behind: Option<Octets>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut pcm = Vec::new();
        let samples = usize::from(milliseconds.0) * self.rate.0.hertz() as usize / 1000;
        let mut held = self.decoder.held(py);
        let decoder = &mut *held;
        py.detach(|| decoder.conceal(samples, behind.as_deref(), &mut pcm));
        bytes_of(py, &pcm)
    }
}
