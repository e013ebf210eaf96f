//! The one map from Rust's errors to Python's.

use std::io;

use fourwire::DigitsRefused;
use fourwire::wire::RtpError;
use fourwire::wire::srtp::{self, KeyLength};
use fourwire_audioop as audioop;
use fourwire_engine::ReserveError;
use pyo3::exceptions::{PyMemoryError, PyOSError, PyOverflowError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::audioop::error as AudioopError;

pyo3::create_exception!(
    fourwire._core,
    PortsExhausted,
    PyOSError,
    "No pair of RTP ports is free; the message tells what they are doing."
);

pyo3::create_exception!(
    fourwire._core,
    SrtpError,
    PyValueError,
    "A packet that is not protected, or not let through; the message tells why."
);

/// Everything that the core or the engine may complain of.
pub(crate) enum Error {
    /// A datagram is no RTP packet.
    Rtp(RtpError),
    /// A packet is no SRTP, forged, or there before.
    Srtp(srtp::SrtpError),
    /// A key does not fit its suite.
    SrtpKey(KeyLength),
    /// Digits were not taken.
    Digits(DigitsRefused),
    /// No ports were given.
    Reserve(ReserveError),
    /// The system refused something.
    System(io::Error),
    /// A port was started or closed already.
    PortSpent(u16),
    /// A fragment, or what was given with it, does not fit.
    Audioop(audioop::Error),
    /// Python complained already.
    Python(PyErr),
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Rtp(error) => PyValueError::new_err(error.to_string()),
            Error::Srtp(error) => SrtpError::new_err(error.to_string()),
            Error::SrtpKey(error) => PyValueError::new_err(error.to_string()),
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
            Error::Audioop(error) => of_audioop(error),
            Error::Python(error) => error,
            Error::PortSpent(port) => {
                PyRuntimeError::new_err(format!("port {port} was started or closed already"))
            }
        }
    }
}

/// The class that `audioop` raised, with its words.
fn of_audioop(error: audioop::Error) -> PyErr {
    let message = error.to_string();
    match error {
        audioop::Error::BadState => PyValueError::new_err(message),
        audioop::Error::FrameSize => PyOverflowError::new_err(message),
        audioop::Error::Memory => PyMemoryError::new_err(message),
        _ => AudioopError::new_err(message),
    }
}

impl From<audioop::Error> for Error {
    fn from(error: audioop::Error) -> Self {
        Self::Audioop(error)
    }
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<RtpError> for Error {
    fn from(error: RtpError) -> Self {
        Self::Rtp(error)
    }
}

impl From<srtp::SrtpError> for Error {
    fn from(error: srtp::SrtpError) -> Self {
        Self::Srtp(error)
    }
}

impl From<KeyLength> for Error {
    fn from(error: KeyLength) -> Self {
        Self::SrtpKey(error)
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
