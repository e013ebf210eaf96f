//! The detector of speech by itself.

use std::sync::Mutex;

use fourwire::sound::voice_activity::{self, Activity};
use pyo3::prelude::*;

use crate::buffer::Pcm;
use crate::event::Counters;
use crate::lock::Held;
use crate::word::{Hertz, Spelled, Word};

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct VoiceActivity {
    activity: Mutex<voice_activity::VoiceActivity>,
    rate: Hertz,
}

#[pymethods]
impl VoiceActivity {
    #[new]
    #[pyo3(
        signature = (rate, *, detector=Spelled(voice_activity::Detector::Own)),
        text_signature = "(rate, *, detector='own')",
    )]
    fn new(rate: Hertz, detector: Spelled<voice_activity::Detector>) -> Self {
        let activity = voice_activity::VoiceActivity::new(rate.0, detector.0);
        Self { activity: Mutex::new(activity), rate }
    }

    fn hear(&self, py: Python<'_>, pcm: Pcm) -> bool {
        self.activity.held(py).hear(&pcm).speech
    }

    fn skip(&self, py: Python<'_>, samples: usize) -> bool {
        self.activity.held(py).pass(samples).speech
    }

    fn say(&self, py: Python<'_>, pcm: Pcm) {
        self.activity.held(py).say(&pcm);
    }

    fn key(&self, py: Python<'_>) {
        self.activity.held(py).key();
    }

    fn mistaken(&self, py: Python<'_>) {
        self.activity.held(py).mistaken();
    }

    #[getter]
    fn speech(&self, py: Python<'_>) -> bool {
        self.now(py).speech
    }

    #[getter]
    fn score(&self, py: Python<'_>) -> f32 {
        self.now(py).score
    }

    #[getter]
    fn echo(&self, py: Python<'_>) -> Option<(u32, f32)> {
        self.activity.held(py).echo().map(|echo| (echo.delay_ms, echo.return_loss_db))
    }

    #[getter]
    fn rate(&self) -> u32 {
        self.rate.0.hertz()
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        Counters::new(&self.activity.held(py).gated().entries())
    }

    fn __repr__(&self) -> String {
        format!("VoiceActivity({})", self.rate())
    }
}

impl VoiceActivity {
    fn now(&self, py: Python<'_>) -> Activity {
        self.activity.held(py).activity()
    }
}

impl Word for voice_activity::Detector {
    const WHAT: &'static str = "detector";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("own", Self::Own),
        #[cfg(feature = "earshot")]
        ("earshot", Self::Earshot),
    ];
}
