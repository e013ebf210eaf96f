//! G.711, the resampler, and both in one.

use std::sync::Mutex;

use fourwire::sound::resampler::Preset;
use fourwire::sound::{converter, g711, resampler};
use fourwire::{AudioFormat, Law};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::{Octets, Pcm, bulk, give_octets, give_samples, make_samples, require_room};
use crate::lock::Held;
use crate::word::{Hertz, Spelled, millis};

type Out<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

#[pyfunction]
#[pyo3(signature = (codes, out=None))]
pub(crate) fn decode_pcmu<'py>(
    py: Python<'py>,
    codes: Octets,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    decode(py, Law::Mu, &codes, out)
}

#[pyfunction]
#[pyo3(signature = (codes, out=None))]
pub(crate) fn decode_pcma<'py>(
    py: Python<'py>,
    codes: Octets,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    decode(py, Law::A, &codes, out)
}

#[pyfunction]
#[pyo3(signature = (pcm, out=None))]
pub(crate) fn encode_pcmu<'py>(
    py: Python<'py>,
    pcm: Pcm,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    encode(py, Law::Mu, &pcm, out)
}

#[pyfunction]
#[pyo3(signature = (pcm, out=None))]
pub(crate) fn encode_pcma<'py>(
    py: Python<'py>,
    pcm: Pcm,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    encode(py, Law::A, &pcm, out)
}

fn decode<'py>(
    py: Python<'py>,
    law: Law,
    codes: &[u8],
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let decode = |pcm: &mut [i16]| g711::decode(law, codes, pcm);
    if out.is_none() {
        return Ok(make_samples(py, codes.len(), decode)?.into_any());
    }
    let mut pcm = vec![0; codes.len()];
    bulk(py, codes.len(), || decode(&mut pcm));
    give_samples(py, &pcm, out)
}

fn encode<'py>(
    py: Python<'py>,
    law: Law,
    pcm: &[i16],
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let encode = |codes: &mut [u8]| bulk(py, pcm.len(), || g711::encode(law, pcm, codes));
    if out.is_none() {
        let fill = |codes: &mut [u8]| {
            encode(codes);
            Ok(())
        };
        return Ok(PyBytes::new_with(py, pcm.len(), fill)?.into_any());
    }
    let mut codes = vec![0; pcm.len()];
    encode(&mut codes);
    give_octets(py, &codes, out)
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Resampler {
    resampler: Mutex<resampler::Resampler>,
    input_rate: Hertz,
    output_rate: Hertz,
}

#[pymethods]
impl Resampler {
    #[new]
    #[pyo3(
        signature = (input_rate, output_rate, preset=Spelled(Preset::Standard)),
        text_signature = "(input_rate, output_rate, preset='standard')",
    )]
    fn new(input_rate: Hertz, output_rate: Hertz, preset: Spelled<Preset>) -> Self {
        let resampler = resampler::Resampler::new(input_rate.0, output_rate.0, preset.0);
        Self { resampler: Mutex::new(resampler), input_rate, output_rate }
    }

    #[pyo3(signature = (pcm, out=None))]
    fn process<'py>(
        &self,
        py: Python<'py>,
        pcm: Pcm,
        out: Out<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let most = self.most_samples(pcm.len());
        out.map_or(Ok(()), |out| require_room(2 * most, out, "16-bit samples"))?;
        let mut resampled = Vec::with_capacity(most);
        let mut held = self.resampler.held(py);
        let resampler = &mut *held;
        bulk(py, pcm.len(), || resampler.process(&pcm, &mut resampled));
        give_samples(py, &resampled, out)
    }

    fn reset(&self, py: Python<'_>) {
        self.resampler.held(py).reset();
    }

    #[getter]
    fn delay_ms(&self, py: Python<'_>) -> f64 {
        millis(self.resampler.held(py).delay())
    }

    #[getter]
    fn input_rate(&self) -> u32 {
        self.input_rate.0.hertz()
    }

    #[getter]
    fn output_rate(&self) -> u32 {
        self.output_rate.0.hertz()
    }

    fn __repr__(&self) -> String {
        format!("Resampler({}, {})", self.input_rate(), self.output_rate())
    }
}

impl Resampler {
    /// The most samples that come out for `samples`, whatever is inside already.
    fn most_samples(&self, samples: usize) -> usize {
        (samples * self.output_rate() as usize).div_ceil(self.input_rate() as usize)
    }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Converter {
    converter: Mutex<converter::Converter>,
    input: AudioFormat,
    output: AudioFormat,
}

#[pymethods]
impl Converter {
    #[new]
    #[pyo3(
        signature = (input, output, preset=Spelled(Preset::Standard)),
        text_signature = "(input, output, preset='standard')",
    )]
    fn new(
        input: Spelled<AudioFormat>,
        output: Spelled<AudioFormat>,
        preset: Spelled<Preset>,
    ) -> Self {
        let (input, output) = (input.0, output.0);
        let converter = Mutex::new(converter::Converter::new(input, output, preset.0));
        Self { converter, input, output }
    }

    fn convert<'py>(
        &self,
        py: Python<'py>,
        audio: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let audio = Octets::of_audio(audio, self.input.width())?;
        let mut converted = Vec::new();
        let mut held = self.converter.held(py);
        let converter = &mut *held;
        bulk(py, audio.len(), || converter.convert(&audio, &mut converted));
        Ok(PyBytes::new(py, &converted))
    }

    fn reset(&self, py: Python<'_>) {
        self.converter.held(py).reset();
    }

    #[getter]
    fn delay_ms(&self, py: Python<'_>) -> f64 {
        millis(self.converter.held(py).delay())
    }

    #[getter]
    fn input(&self) -> &'static str {
        Spelled::word(self.input)
    }

    #[getter]
    fn output(&self) -> &'static str {
        Spelled::word(self.output)
    }

    fn __repr__(&self) -> String {
        format!("Converter({:?}, {:?})", self.input(), self.output())
    }
}
