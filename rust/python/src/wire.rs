//! RTP packets.

use std::hash::{Hash, Hasher};

use fourwire::wire::rtp::{self, Csrcs, Extension};
use fourwire::wire::{RtpError, Ssrc};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::buffer::{Octets, Whole};
use crate::error::Error;
use crate::word::{Field, SevenBits};

#[pyfunction]
pub(crate) fn is_rtcp(datagram: Octets) -> bool {
    rtp::is_rtcp(&datagram)
}

/// A packet as its datagram, which was seen to be one: fields are read when they are asked for.
#[pyclass(frozen, eq, hash, module = "fourwire._core")]
pub(crate) struct RtpPacket(PyBackedBytes);

#[pymethods]
impl RtpPacket {
    #[new]
    #[pyo3(signature = (payload_type, sequence, timestamp, ssrc, payload, *, marker=false, csrcs=Vec::new(), extension=None))]
    #[expect(clippy::too_many_arguments, reason = "the header has as many fields")]
    fn new(
        py: Python<'_>,
        payload_type: SevenBits,
        sequence: Field<u16>,
        timestamp: Field<u32>,
        ssrc: Field<u32>,
        payload: Octets,
        marker: bool,
        csrcs: Vec<Field<u32>>,
        extension: Option<(Field<u16>, Octets)>,
    ) -> PyResult<Self> {
        let csrcs: Vec<u8> = csrcs.iter().flat_map(|csrc| csrc.0.to_be_bytes()).collect();
        let packet = rtp::RtpPacket {
            marker,
            csrcs: csrcs_of(&csrcs)?,
            extension: extension.as_ref().map(extension_of).transpose()?,
            ..rtp::RtpPacket::new(payload_type.0, sequence.0, timestamp.0, Ssrc(ssrc.0), &payload)
        };
        Ok(Self(written(py, &packet)))
    }

    #[staticmethod]
    fn parse(datagram: Whole) -> Result<Self, Error> {
        rtp::RtpPacket::parse(&datagram.0)?;
        Ok(Self(datagram.0))
    }

    fn write(&self, py: Python<'_>) -> Result<PyBackedBytes, Error> {
        let packet = self.read()?;
        // Padding is all that a datagram may have beyond what we would write.
        let is_bare = packet.written_len() == self.0.len();
        Ok(if is_bare { self.0.clone_ref(py) } else { written(py, &packet) })
    }

    #[getter]
    fn marker(&self) -> Result<bool, Error> {
        Ok(self.read()?.marker)
    }

    #[getter]
    fn payload_type(&self) -> Result<u8, Error> {
        Ok(self.read()?.payload_type.get())
    }

    #[getter]
    fn sequence(&self) -> Result<u16, Error> {
        Ok(self.read()?.sequence)
    }

    #[getter]
    fn timestamp(&self) -> Result<u32, Error> {
        Ok(self.read()?.timestamp)
    }

    #[getter]
    fn ssrc(&self) -> Result<u32, Error> {
        Ok(self.read()?.ssrc.0)
    }

    #[getter]
    fn csrcs(&self) -> Result<Vec<u32>, Error> {
        Ok(self.read()?.csrcs.collect())
    }

    #[getter]
    fn extension<'py>(&self, py: Python<'py>) -> Result<Option<(u16, Bound<'py, PyBytes>)>, Error> {
        let extension = self.read()?.extension;
        Ok(extension.map(|it| (it.profile(), PyBytes::new(py, it.content()))))
    }

    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>, Error> {
        Ok(PyBytes::new(py, self.read()?.payload))
    }

    fn __repr__(&self) -> Result<String, Error> {
        let packet = self.read()?;
        Ok(format!(
            "RtpPacket(payload_type={}, sequence={}, timestamp={}, ssrc=0x{:08x}, marker={}, payload={} bytes)",
            packet.payload_type,
            packet.sequence,
            packet.timestamp,
            packet.ssrc.0,
            if packet.marker { "True" } else { "False" },
            packet.payload.len(),
        ))
    }
}

impl RtpPacket {
    fn read(&self) -> Result<rtp::RtpPacket<'_>, RtpError> {
        rtp::RtpPacket::parse(&self.0)
    }
}

/// Padding does not count.
impl PartialEq for RtpPacket {
    fn eq(&self, other: &Self) -> bool {
        self.read() == other.read()
    }
}

impl Hash for RtpPacket {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.read().hash(state);
    }
}

fn written(py: Python<'_>, packet: &rtp::RtpPacket<'_>) -> PyBackedBytes {
    let mut datagram = Vec::new();
    packet.write(&mut datagram);
    PyBytes::new(py, &datagram).into()
}

fn csrcs_of(csrcs: &[u8]) -> PyResult<Csrcs<'_>> {
    Csrcs::new(csrcs).ok_or_else(|| {
        let csrcs = csrcs.len() / 4;
        PyValueError::new_err(format!("a packet has at most 15 csrcs (RFC 3550 §5.1), not {csrcs}"))
    })
}

fn extension_of((profile, content): &(Field<u16>, Octets)) -> PyResult<Extension<'_>> {
    Extension::new(profile.0, content).ok_or_else(|| {
        let length = content.len();
        PyValueError::new_err(format!(
            "an extension is a whole number of 32-bit words, at most 65535 (RFC 3550 §5.3.1), not {length} bytes"
        ))
    })
}
