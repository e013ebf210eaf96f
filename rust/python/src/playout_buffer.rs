//! From packets to samples at the pace of a loudspeaker.

use std::sync::Mutex;
use std::time::Duration;

use fourwire::listen::{PlayoutBuffer as Buffer, PlayoutConfig};
use fourwire::wire::RtpPacket;
use fourwire::{Codec, Law};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::{Octets, bytes_of};
use crate::error::Error;
use crate::event::Counters;
use crate::lock::Held;
use crate::word::{AnyCodec, Field, LongestDelay, Nanoseconds, PacketTime, Span, Spelled, millis};

#[pyclass(frozen, module = "fourwire._core")]
pub(crate) struct PlayoutBuffer(Mutex<Buffer>);

#[pymethods]
impl PlayoutBuffer {
    #[new]
    #[pyo3(
        signature = (
            *,
            codec=AnyCodec(Codec::G711(Law::Mu)),
            packet_time_ms=Span(Duration::from_millis(20)),
            longest_delay_ms=Span(Duration::from_millis(500)),
        ),
        text_signature = "(*, codec='PCMU', packet_time_ms=20, longest_delay_ms=500)",
    )]
    fn new(codec: AnyCodec, packet_time_ms: PacketTime, longest_delay_ms: LongestDelay) -> Self {
        Self(Mutex::new(Buffer::new(PlayoutConfig {
            codec: codec.0,
            packet_time: packet_time_ms.0,
            longest_delay: longest_delay_ms.0,
        })))
    }

    fn receive(
        &self,
        py: Python<'_>,
        now_ns: Nanoseconds,
        datagram: Octets,
    ) -> Result<&'static str, Error> {
        let packet = RtpPacket::parse(&datagram)?;
        Ok(Spelled::word(self.0.held(py).receive(now_ns.0, &packet)))
    }

    fn play<'py>(
        &self,
        py: Python<'py>,
        now_ns: Nanoseconds,
        samples: Field<u16>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut pcm = Vec::with_capacity(usize::from(samples.0));
        self.0.held(py).play(now_ns.0, usize::from(samples.0), &mut pcm);
        bytes_of(py, &pcm)
    }

    #[getter]
    fn delay_ms(&self, py: Python<'_>) -> f64 {
        millis(self.0.held(py).delay())
    }

    #[getter]
    fn target_ms(&self, py: Python<'_>) -> f64 {
        millis(self.0.held(py).target())
    }

    #[getter]
    fn drift_ppm(&self, py: Python<'_>) -> f64 {
        self.0.held(py).drift_ppm()
    }

    fn counters(&self, py: Python<'_>) -> Counters {
        Counters::new(&self.0.held(py).counters().entries())
    }
}
