//! SRTP, one direction at a time.

use std::sync::Mutex;

use fourwire::wire::srtp::{self, MasterKey, Suite};
use fourwire_engine as engine;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::Octets;
use crate::error::Error;
use crate::event::Counters;
use crate::lock::Held;
use crate::word::{Spelled, Word};

impl Word for Suite {
    const WHAT: &'static str = "crypto suite";
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::AesCm128HmacSha1_80.name(), Self::AesCm128HmacSha1_80),
        (Self::AesCm128HmacSha1_32.name(), Self::AesCm128HmacSha1_32),
        (Self::AeadAes128Gcm.name(), Self::AeadAes128Gcm),
    ];
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct SrtpKeys(engine::SrtpKeys);

impl SrtpKeys {
    pub(crate) fn inner(&self) -> engine::SrtpKeys {
        self.0.clone()
    }
}

#[pymethods]
impl SrtpKeys {
    #[new]
    fn new(suite: Spelled<Suite>, send: Octets, receive: Octets) -> Result<Self, Error> {
        let send = MasterKey::new(suite.0, &send)?;
        Ok(Self(engine::SrtpKeys { send, receive: MasterKey::new(suite.0, &receive)? }))
    }

    #[getter]
    fn suite(&self) -> &'static str {
        self.0.send.suite().name()
    }

    fn __repr__(&self) -> String {
        format!("SrtpKeys({:?})", self.suite())
    }
}

/// One end, and the packet that it works on: where this lies is kept from call to call.
struct Desk<T> {
    end: T,
    packet: Vec<u8>,
}

impl<T> Desk<T> {
    fn new(end: T) -> Mutex<Self> {
        Mutex::new(Self { end, packet: Vec::new() })
    }

    /// Lays a copy of `packet` before this end.
    fn lay(&mut self, packet: &[u8]) -> (&mut T, &mut Vec<u8>) {
        self.packet.clear();
        self.packet.extend_from_slice(packet);
        (&mut self.end, &mut self.packet)
    }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct SrtpSender {
    suite: Suite,
    desk: Mutex<Desk<srtp::SrtpSender>>,
}

type Given<'py> = Result<Bound<'py, PyBytes>, Error>;

#[pymethods]
impl SrtpSender {
    #[new]
    fn new(suite: Spelled<Suite>, key: Octets) -> Result<Self, Error> {
        let key = MasterKey::new(suite.0, &key)?;
        Ok(Self { suite: suite.0, desk: Desk::new(srtp::SrtpSender::new(&key)) })
    }

    fn protect<'py>(&self, py: Python<'py>, packet: Octets) -> Given<'py> {
        let mut desk = self.desk.held(py);
        let (sender, packet) = desk.lay(&packet);
        sender.protect(packet)?;
        Ok(PyBytes::new(py, packet))
    }

    fn protect_rtcp<'py>(&self, py: Python<'py>, packet: Octets) -> Given<'py> {
        let mut desk = self.desk.held(py);
        let (sender, packet) = desk.lay(&packet);
        sender.protect_rtcp(packet)?;
        Ok(PyBytes::new(py, packet))
    }

    #[getter]
    fn suite(&self) -> &'static str {
        self.suite.name()
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        Counters::new(&self.desk.held(py).end.counters().entries())
    }

    fn __repr__(&self) -> String {
        format!("SrtpSender({:?})", self.suite.name())
    }
}

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct SrtpReceiver {
    suite: Suite,
    desk: Mutex<Desk<srtp::SrtpReceiver>>,
}

#[pymethods]
impl SrtpReceiver {
    #[new]
    fn new(suite: Spelled<Suite>, key: Octets) -> Result<Self, Error> {
        let key = MasterKey::new(suite.0, &key)?;
        Ok(Self { suite: suite.0, desk: Desk::new(srtp::SrtpReceiver::new(&key)) })
    }

    fn unprotect<'py>(&self, py: Python<'py>, datagram: Octets) -> Given<'py> {
        let mut desk = self.desk.held(py);
        let (receiver, datagram) = desk.lay(&datagram);
        Ok(PyBytes::new(py, receiver.unprotect(datagram)?))
    }

    fn unprotect_rtcp<'py>(&self, py: Python<'py>, datagram: Octets) -> Given<'py> {
        let mut desk = self.desk.held(py);
        let (receiver, datagram) = desk.lay(&datagram);
        Ok(PyBytes::new(py, receiver.unprotect_rtcp(datagram)?))
    }

    #[getter]
    fn suite(&self) -> &'static str {
        self.suite.name()
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        Counters::new(&self.desk.held(py).end.counters().entries())
    }

    fn __repr__(&self) -> String {
        format!("SrtpReceiver({:?})", self.suite.name())
    }
}
