//! WebSockets to agents that run beside the legs.

use std::sync::Mutex;
use std::time::Duration;

use fourwire_engine::link::{
    Answer, Heartbeat, LinkEvent, LinkHandle, OpenError, Opened, Request, descriptor, open,
};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::buffer::Octets;
use crate::engine::LiveLeg;
use crate::error::Error;
use crate::event::{LinkClosed, LinkHalted, LinkParted, LinkRelieved};
use crate::lock::Held;
use crate::word::Field;

/// The answer to an opening handshake, and the WebSocket where it was granted.
#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct OpenedLink {
    answer: Answer,
    opened: Mutex<Option<Opened>>,
}

#[pymethods]
impl OpenedLink {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "all but one are named")]
    #[pyo3(signature = (socket, *, host, authority, target, secure, headers, patience_s))]
    fn new(
        py: Python<'_>,
        socket: i32,
        host: String,
        authority: String,
        target: String,
        secure: bool,
        headers: Vec<(String, String)>,
        patience_s: f64,
    ) -> Result<Self, Error> {
        let patience = seconds("patience_s", patience_s)?;
        let request = Request { host, authority, target, secure, headers };
        let tcp = descriptor(socket)?;
        match py.detach(|| open(tcp, &request, patience)) {
            Ok(opened) => {
                let answer = opened.answer.clone();
                Ok(Self { answer, opened: Mutex::new(Some(opened)) })
            }
            Err(OpenError::Refused(answer)) => {
                Ok(Self { answer: *answer, opened: Mutex::new(None) })
            }
            Err(OpenError::Failed(error)) => Err(Error::System(error)),
        }
    }

    #[getter]
    fn status(&self) -> u16 {
        self.answer.status
    }

    #[getter]
    fn reason(&self) -> &str {
        &self.answer.reason
    }

    #[getter]
    fn headers(&self) -> Vec<(String, String)> {
        self.answer.headers.clone()
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.answer.body)
    }
}

impl OpenedLink {
    /// The WebSocket, once.
    pub(crate) fn take(&self, py: Python<'_>) -> Result<Opened, Error> {
        let spent = || PyValueError::new_err("no WebSocket, or one that runs already").into();
        self.opened.held(py).take().ok_or_else(spent)
    }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct LiveLink(pub(crate) LinkHandle);

#[pymethods]
impl LiveLink {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id().get()
    }

    fn send(&self, frame: Octets) {
        self.0.send(frame.to_vec());
    }

    fn backlog(&self) -> usize {
        self.0.backlog()
    }

    fn halt(&self) {
        self.0.halt();
    }

    fn join(&self, leg: &LiveLeg) {
        self.0.join(leg.inner());
    }

    fn part(&self) {
        self.0.part();
    }

    fn took(&self, size: Field<u32>) {
        self.0.took(size.0 as usize);
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (counters, told) = (self.0.counters(), PyDict::new(py));
        told.set_item("frames_sent", counters.sent)?;
        told.set_item("audio_dropped", counters.audio_dropped)?;
        told.set_item("messages_received", counters.received)?;
        told.set_item("messages_consumed", counters.consumed)?;
        Ok(told)
    }

    fn close(&self) {
        self.0.close();
    }
}

/// What is told of a link.
pub(crate) fn tell(py: Python<'_>, event: LinkEvent) -> PyResult<Bound<'_, PyAny>> {
    match event {
        LinkEvent::Message(message) => Ok(PyBytes::new(py, &message).into_any()),
        LinkEvent::Halted => LinkHalted.into_bound_py_any(py),
        LinkEvent::Parted => LinkParted.into_bound_py_any(py),
        LinkEvent::Relieved => LinkRelieved.into_bound_py_any(py),
        LinkEvent::Closed(farewell) => {
            let (code, reason, clean) = (farewell.code, farewell.reason, farewell.clean);
            LinkClosed { code, reason, clean }.into_bound_py_any(py)
        }
        _ => Ok(py.None().into_bound(py)),
    }
}

/// When to ping and how long to wait, of seconds.
pub(crate) fn heartbeat(interval: Option<f64>, patience: Option<f64>) -> Result<Heartbeat, Error> {
    Ok(Heartbeat {
        interval: interval.map(|it| seconds("ping_interval", it)).transpose()?,
        patience: patience.map(|it| seconds("ping_timeout", it)).transpose()?,
    })
}

fn seconds(name: &str, value: f64) -> Result<Duration, Error> {
    let refused = |_| PyValueError::new_err(format!("{name} is a number of seconds, not {value}"));
    Ok(Duration::try_from_secs_f64(value).map_err(refused)?)
}
