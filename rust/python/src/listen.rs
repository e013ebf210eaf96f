//! From packets to one unbroken line of samples.

use std::sync::Mutex;
use std::time::Duration;

use fourwire::listen::Listener;
use fourwire::listen::dejitter::{Arrival, Restart};
use fourwire::wire::RtpPacket;
use fourwire::{Codec, Law};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::{Octets, bytes_of};
use crate::error::Error;
use crate::event::Counters;
use crate::lock::Held;
use crate::word::{AnyCodec, Nanoseconds, PacketTime, Span, Spelled, Word};

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct Dejitter(Mutex<Heard>);

struct Heard {
    listener: Listener,
    /// Room for a stretch of samples, kept from one to the next.
    pcm: Vec<i16>,
}

#[pymethods]
impl Dejitter {
    #[new]
    #[pyo3(
        signature = (*, codec=AnyCodec(Codec::G711(Law::Mu)), packet_time_ms=Span(Duration::from_millis(20))),
        text_signature = "(*, codec='PCMU', packet_time_ms=20)",
    )]
    fn new(codec: AnyCodec, packet_time_ms: PacketTime) -> Self {
        let listener = Listener::new(codec.0, packet_time_ms.0);
        Self(Mutex::new(Heard { listener, pcm: Vec::new() }))
    }

    fn receive(
        &self,
        py: Python<'_>,
        now_ns: Nanoseconds,
        datagram: Octets,
    ) -> Result<&'static str, Error> {
        let packet = RtpPacket::parse(&datagram)?;
        Ok(Spelled::word(self.0.held(py).listener.receive(now_ns.0, &packet)))
    }

    fn poll<'py>(
        &self,
        py: Python<'py>,
        now_ns: Nanoseconds,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let Heard { listener, pcm } = &mut *self.0.held(py);
        pcm.clear();
        listener.poll(now_ns.0, pcm).map(|_| bytes_of(py, pcm)).transpose()
    }

    #[getter]
    fn deadline_ns(&self, py: Python<'_>) -> Option<u64> {
        self.0.held(py).listener.deadline().map(fourwire::Moment::as_nanos)
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        Counters::new(&self.0.held(py).listener.counters().entries())
    }
}

impl Word for Arrival {
    const WHAT: &'static str = "what became of a packet";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("accepted", Self::Accepted),
        ("new ssrc", Self::Restarted(Restart::Ssrc)),
        ("sequence jumped", Self::Restarted(Restart::Sequence)),
        ("timestamp jumped", Self::Restarted(Restart::Timestamp)),
        ("empty", Self::Empty),
        ("duplicate", Self::Duplicate),
        ("late", Self::Late),
        ("suspect", Self::Suspect),
        ("stray", Self::Stray),
        ("overflow", Self::Overflow),
    ];
}
