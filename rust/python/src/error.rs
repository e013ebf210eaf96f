//! The one map from the core's errors to Python's.

use fourwire::leg::DigitsRefused;
use fourwire::wire::RtpError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Everything that the core or the engine may complain of.
pub(crate) enum Error {
    /// A datagram is no RTP packet.
    Rtp(RtpError),
    /// Digits were not taken.
    Digits(DigitsRefused),
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Rtp(error) => PyValueError::new_err(error.to_string()),
            Error::Digits(error) => PyValueError::new_err(error.to_string()),
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
