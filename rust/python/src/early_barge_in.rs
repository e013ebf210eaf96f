//! What a leg does before the agent knows that the caller speaks.

use std::time::Duration;

use fourwire::sound::voice_activity::Detector;
use fourwire::{Quieten, Unconfirmed};
use pyo3::prelude::*;

use crate::word::{Decibels, Span, Spelled, WaitTime, Word, millis};

#[pyclass(frozen, eq, module = "fourwire._core")]
#[derive(Clone, PartialEq)]
pub(crate) struct EarlyBargeIn {
    how: Way,
    depth: Decibels,
    confirm: WaitTime,
    clear_after: Option<WaitTime>,
    detector: Detector,
}

/// How a reply gives way, as Python names it.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Duck,
    Pause,
}

#[pymethods]
impl EarlyBargeIn {
    #[new]
    #[pyo3(
        signature = (
            how=Spelled(Way::Duck), *, depth_db=DEPTH, confirm_ms=CONFIRM, clear_after_ms=None,
            detector=Spelled(Detector::Own),
        ),
        text_signature = "(how='duck', *, depth_db=15, confirm_ms=400, clear_after_ms=None, \
            detector='own')",
    )]
    fn new(
        how: Spelled<Way>,
        depth_db: Decibels,
        confirm_ms: WaitTime,
        clear_after_ms: Option<WaitTime>,
        detector: Spelled<Detector>,
    ) -> Self {
        Self {
            how: how.0,
            depth: depth_db,
            confirm: confirm_ms,
            clear_after: clear_after_ms,
            detector: detector.0,
        }
    }

    #[getter]
    fn how(&self) -> &'static str {
        Spelled::word(self.how)
    }

    #[getter]
    fn depth_db(&self) -> u8 {
        self.depth.0
    }

    #[getter]
    fn confirm_ms(&self) -> f64 {
        millis(self.confirm.0)
    }

    #[getter]
    fn clear_after_ms(&self) -> Option<f64> {
        self.clear_after.map(|span| millis(span.0))
    }

    #[getter]
    fn detector(&self) -> &'static str {
        Spelled::word(self.detector)
    }

    fn __repr__(&self) -> String {
        let clear_after = self.clear_after_ms().map_or("None".to_owned(), |span| span.to_string());
        format!(
            "EarlyBargeIn({:?}, depth_db={}, confirm_ms={}, clear_after_ms={}, detector={:?})",
            self.how(),
            self.depth_db(),
            self.confirm_ms(),
            clear_after,
            self.detector()
        )
    }
}

impl EarlyBargeIn {
    fn inner(&self) -> fourwire::EarlyBargeIn {
        fourwire::EarlyBargeIn {
            quieten: match self.how {
                Way::Duck => Quieten::Duck(self.depth.0),
                Way::Pause => Quieten::Pause,
            },
            unconfirmed: match self.clear_after {
                Some(limit) => Unconfirmed::ClearAfter(limit.0),
                None => Unconfirmed::RestoreAfter(self.confirm.0),
            },
            detector: self.detector,
        }
    }
}

/// Early barge-in as an argument: none, a word, or all of it.
#[derive(Clone, Copy)]
pub(crate) struct Early(pub(crate) Option<fourwire::EarlyBargeIn>);

impl FromPyObject<'_, '_> for Early {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self(None));
        }
        if let Ok(all) = object.cast::<EarlyBargeIn>() {
            return Ok(Self(Some(all.get().inner())));
        }
        let Spelled(way): Spelled<Option<Way>> = object.extract()?;
        Ok(Self(way.map(|how| EarlyBargeIn { how, ..EarlyBargeIn::usual() }.inner())))
    }
}

impl EarlyBargeIn {
    fn usual() -> Self {
        Self {
            how: Way::Duck,
            depth: DEPTH,
            confirm: CONFIRM,
            clear_after: None,
            detector: Detector::Own,
        }
    }
}

impl Word for Way {
    const WHAT: &'static str = "how a reply gives way";
    const WORDS: &'static [(&'static str, Self)] = &[("duck", Self::Duck), ("pause", Self::Pause)];
}

impl Word for Option<Way> {
    const WHAT: &'static str = "early barge-in";
    const WORDS: &'static [(&'static str, Self)] =
        &[("off", None), ("duck", Some(Way::Duck)), ("pause", Some(Way::Pause))];
}

/// How much softer a reply goes on.
const DEPTH: Decibels = Decibels(15);

/// How long a barge-in is waited for.
const CONFIRM: WaitTime = Span(Duration::from_millis(400));
