//! What the agent has yet to say.

use std::sync::Mutex;

use fourwire::speak::{self, Change, Said};
use fourwire::{AudioFormat, ClockRate};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::buffer::{Octets, give_samples};
use crate::event::{Counters, Drained, Interruption, ReplyEnded, ReplyStarted};
use crate::leg::PCMU;
use crate::lock::Held;
use crate::word::{Field, Hertz, Spelled, Word, millis};

impl Word for Said {
    const WHAT: &'static str = "what became of audio";
    const WORDS: &'static [(&'static str, Self)] =
        &[("queued", Self::Queued), ("refused", Self::Refused), ("overflow", Self::Overflow)];
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Playout(Mutex<speak::Playout>);

#[pymethods]
impl Playout {
    #[new]
    #[pyo3(
        signature = (*, output=PCMU, back_channel=None, rate=Hertz(ClockRate::Hz8000)),
        text_signature = "(*, output='audio/pcmu', back_channel=None, rate=8000)",
    )]
    fn new(
        output: Spelled<AudioFormat>,
        back_channel: Option<Spelled<AudioFormat>>,
        rate: Hertz,
    ) -> Self {
        let back_channel = back_channel.unwrap_or(output);
        Self(Mutex::new(speak::Playout::new(rate.0, output.0, back_channel.0)))
    }

    fn begin_response(&self, py: Python<'_>, response: &str) {
        self.0.held(py).begin_response(response);
    }

    #[pyo3(signature = (audio, *, response="", item=""))]
    fn say(&self, py: Python<'_>, audio: Octets, response: &str, item: &str) -> &'static str {
        Spelled::word(self.0.held(py).say(response, item, &audio))
    }

    fn say_back_channel(&self, py: Python<'_>, audio: Octets) -> &'static str {
        Spelled::word(self.0.held(py).say_back_channel(&audio))
    }

    #[pyo3(signature = (samples, out=None))]
    fn take<'py>(
        &self,
        py: Python<'py>,
        samples: Field<u16>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut frame = Vec::new();
        self.0.held(py).take(samples.0.into(), &mut frame);
        give_samples(py, &frame, out)
    }

    fn barge_in(&self, py: Python<'_>) -> Interruption {
        self.0.held(py).barge_in().into()
    }

    fn clear(&self, py: Python<'_>) -> Interruption {
        self.0.held(py).clear().into()
    }

    fn change<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let change = self.0.held(py).change();
        change.map(|change| told(py, change)).transpose()
    }

    fn heard_ms(&self, py: Python<'_>, item: &str) -> Option<f64> {
        self.0.held(py).ledger().heard(item).map(millis)
    }

    #[getter]
    fn waiting_ms(&self, py: Python<'_>) -> f64 {
        millis(self.0.held(py).waiting())
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        let counters = self.0.held(py).counters();
        Counters::new(&[
            ("received", counters.received),
            ("sent", counters.sent),
            ("discarded", counters.discarded),
            ("refused", counters.refused),
            ("overflowed", counters.overflowed),
            ("back_channel", counters.back_channel),
            ("interruptions", counters.interruptions),
        ])
    }
}

fn told(py: Python<'_>, change: Change) -> PyResult<Bound<'_, PyAny>> {
    match change {
        Change::Started { item } => {
            ReplyStarted { item: item.into(), at_ns: 0 }.into_bound_py_any(py)
        }
        Change::Ended { item, heard } => {
            ReplyEnded { item: item.into(), heard_ms: millis(heard), at_ns: 0 }
                .into_bound_py_any(py)
        }
        Change::Drained => Drained.into_bound_py_any(py),
    }
}

impl From<speak::Interruption> for Interruption {
    fn from(cut: speak::Interruption) -> Self {
        Self {
            response: cut.response.map(Into::into),
            item: cut.item.map(Into::into),
            heard_ms: millis(cut.heard),
            discarded_ms: millis(cut.discarded),
            softened_ms: millis(cut.softened),
        }
    }
}
