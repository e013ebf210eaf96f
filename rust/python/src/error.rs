//! The one map from Rust's errors to Python's.

use std::io;

use fourwire::DigitsRefused;
use fourwire::wire::RtpError;
use fourwire_engine::ReserveError;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

pyo3::create_exception!(
    fourwire._core,
    PortsExhausted,
    PyOSError,
    "No pair of RTP ports is free; the message tells what they are doing."
);

/// Everything that the core or the engine may complain of.
pub(crate) enum Error {
    /// A datagram is no RTP packet.
    Rtp(RtpError),
    /// Digits were not taken.
    Digits(DigitsRefused),
    /// No ports were given.
    Reserve(ReserveError),
    /// The system refused something.
    System(io::Error),
    /// A port was started or closed already.
    PortSpent(u16),
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Rtp(error) => PyValueError::new_err(error.to_string()),
            Error::Digits(error) => PyValueError::new_err(error.to_string()),
            Error::Reserve(ReserveError::Socket(error)) => Self::from(Error::System(error)),
            Error::Reserve(ReserveError::Closed) => {
                PyRuntimeError::new_err(ReserveError::Closed.to_string())
            }
            Error::Reserve(error) => PortsExhausted::new_err(error.to_string()),
            Error::System(error) if error.kind() == io::ErrorKind::InvalidInput => {
                PyValueError::new_err(error.to_string())
            }
            Error::System(error) => error.into(),
            Error::PortSpent(port) => {
                PyRuntimeError::new_err(format!("port {port} was started or closed already"))
            }
        }
    }
}

impl From<RtpError> for Error {
    fn from(error: RtpError) -> Self {
        Self::Rtp(error)
    }
}

impl From<DigitsRefused> for Error {
    fn from(error: DigitsRefused) -> Self {
        Self::Digits(error)
    }
}

impl From<ReserveError> for Error {
    fn from(error: ReserveError) -> Self {
        Self::Reserve(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
