//! RTP packets.

use fourwire::wire::rtp::{self, Csrcs, Extension};
use fourwire::wire::{PayloadType, Ssrc};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::buffer::Octets;
use crate::error::Error;
use crate::word::{Field, SevenBits};

#[pyfunction]
pub(crate) fn is_rtcp(datagram: Octets) -> bool {
    rtp::is_rtcp(&datagram)
}

/// A packet that owns its parts, as Python's objects do.
#[pyclass(frozen, eq, hash, module = "fourwire._core")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct RtpPacket {
    marker: bool,
    payload_type: PayloadType,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    csrcs: Vec<u8>,
    extension: Option<(u16, Vec<u8>)>,
    payload: Vec<u8>,
}

#[pymethods]
impl RtpPacket {
    #[new]
    #[pyo3(signature = (*, payload_type, sequence, timestamp, ssrc, payload, marker=false, csrcs=Vec::new(), extension=None))]
    #[expect(clippy::too_many_arguments, reason = "the header has as many fields, all named")]
    fn new(
        payload_type: SevenBits,
        sequence: Field<u16>,
        timestamp: Field<u32>,
        ssrc: Field<u32>,
        payload: Octets,
        marker: bool,
        csrcs: Vec<Field<u32>>,
        extension: Option<(Field<u16>, Octets)>,
    ) -> PyResult<Self> {
        let packet = Self {
            marker,
            payload_type: payload_type.0,
            sequence: sequence.0,
            timestamp: timestamp.0,
            ssrc: ssrc.0,
            csrcs: csrcs.iter().flat_map(|csrc| csrc.0.to_be_bytes()).collect(),
            extension: extension.map(|(profile, content)| (profile.0, content.to_vec())),
            payload: payload.to_vec(),
        };
        packet.borrowed().map(drop)?;
        Ok(packet)
    }

    #[classmethod]
    fn parse(_class: &Bound<'_, PyType>, datagram: Octets) -> Result<Self, Error> {
        let packet = rtp::RtpPacket::parse(&datagram)?;
        Ok(Self {
            marker: packet.marker,
            payload_type: packet.payload_type,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            ssrc: packet.ssrc.0,
            csrcs: packet.csrcs.flat_map(u32::to_be_bytes).collect(),
            extension: packet.extension.map(|it| (it.profile(), it.content().to_vec())),
            payload: packet.payload.to_vec(),
        })
    }

    fn write<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let mut datagram = Vec::new();
        self.borrowed()?.write(&mut datagram);
        Ok(PyBytes::new(py, &datagram))
    }

    #[getter]
    fn marker(&self) -> bool {
        self.marker
    }

    #[getter]
    fn payload_type(&self) -> u8 {
        self.payload_type.get()
    }

    #[getter]
    fn sequence(&self) -> u16 {
        self.sequence
    }

    #[getter]
    fn timestamp(&self) -> u32 {
        self.timestamp
    }

    #[getter]
    fn ssrc(&self) -> u32 {
        self.ssrc
    }

    #[getter]
    fn csrcs(&self) -> Vec<u32> {
        self.csrcs.as_chunks::<4>().0.iter().map(|&csrc| u32::from_be_bytes(csrc)).collect()
    }

    #[getter]
    fn extension<'py>(&self, py: Python<'py>) -> Option<(u16, Bound<'py, PyBytes>)> {
        self.extension.as_ref().map(|(profile, content)| (*profile, PyBytes::new(py, content)))
    }

    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.payload)
    }

    fn __repr__(&self) -> String {
        format!(
            "RtpPacket(payload_type={}, sequence={}, timestamp={}, ssrc=0x{:08x}, marker={}, payload={} bytes)",
            self.payload_type,
            self.sequence,
            self.timestamp,
            self.ssrc,
            if self.marker { "True" } else { "False" },
            self.payload.len(),
        )
    }
}

impl RtpPacket {
    fn borrowed(&self) -> PyResult<rtp::RtpPacket<'_>> {
        let csrcs = Csrcs::new(&self.csrcs).ok_or_else(|| {
            let csrcs = self.csrcs.len() / 4;
            PyValueError::new_err(format!(
                "a packet has at most 15 csrcs (RFC 3550 §5.1), not {csrcs}"
            ))
        })?;
        let mut packet = rtp::RtpPacket::new(
            self.payload_type,
            self.sequence,
            self.timestamp,
            Ssrc(self.ssrc),
            &self.payload,
        );
        packet.marker = self.marker;
        packet.csrcs = csrcs;
        packet.extension = self.borrowed_extension()?;
        Ok(packet)
    }

    fn borrowed_extension(&self) -> PyResult<Option<Extension<'_>>> {
        let Some((profile, content)) = &self.extension else { return Ok(None) };
        let extension = Extension::new(*profile, content).ok_or_else(|| {
            let length = content.len();
            PyValueError::new_err(format!(
                "an extension is a whole number of 32-bit words, at most 65535 (RFC 3550 §5.3.1), not {length} bytes"
            ))
        })?;
        Ok(Some(extension))
    }
}
