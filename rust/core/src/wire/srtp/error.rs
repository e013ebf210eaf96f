//! Why a packet was refused, and how many were.

use std::fmt;

use crate::wire::RtpError;

/// Why a packet was neither protected nor let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SrtpError {
    /// It is shorter than its header and its tag.
    Truncated {
        /// How many bytes these need.
        needed: usize,
        /// How many bytes there are.
        got: usize,
    },
    /// It is of another version than 2.
    Version {
        /// The first two bits.
        found: u8,
    },
    /// It is longer than any datagram.
    Oversized {
        /// How many bytes there are.
        got: usize,
    },
    /// Its tag is not what the key makes of it: it was changed, or is of another key.
    AuthenticationFailed,
    /// Its index was there before, or is too old to tell. One to be protected would have had the
    /// keystream of another.
    Replayed,
    /// It is RTCP in the clear.
    Unencrypted,
    /// It is of one source more than are kept in mind.
    TooManySources,
    /// Its index is past the last that the key may be used for: 2⁴⁸ packets of RTP, 2³¹ of RTCP
    /// (RFC 3711 §9.2).
    KeyExhausted,
}

impl fmt::Display for SrtpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, got } => {
                write!(f, "SRTP packet ends at byte {got}, its header and tag need {needed}")
            }
            Self::Version { found } => write!(f, "SRTP version is {found}, only 2 exists"),
            Self::Oversized { got } => write!(f, "SRTP packet of {got} bytes fits no datagram"),
            Self::AuthenticationFailed => f.write_str("SRTP tag does not fit packet and key"),
            Self::Replayed => f.write_str("SRTP index was used before, or is too old to tell"),
            Self::Unencrypted => f.write_str("SRTCP packet is not encrypted"),
            Self::TooManySources => f.write_str("SRTP packet is of one source too many"),
            Self::KeyExhausted => f.write_str("SRTP key has no index left, a new one is needed"),
        }
    }
}

impl std::error::Error for SrtpError {}

impl From<RtpError> for SrtpError {
    fn from(error: RtpError) -> Self {
        match error {
            RtpError::Truncated { needed, got } => Self::Truncated { needed, got },
            RtpError::Version { found } => Self::Version { found },
            // Padding is encrypted: nobody looks at it here.
            RtpError::Padding { available, .. } => Self::Truncated { needed: 1, got: available },
        }
    }
}

/// What became of all packets of one direction, RTP and RTCP together: their sum is what was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SrtpCounters {
    /// Protected, or let through.
    pub passed: u64,
    /// No RTP or RTCP, or RTCP in the clear.
    pub malformed: u64,
    /// With a tag that does not fit.
    pub unauthenticated: u64,
    /// There before, or too old to tell.
    pub replayed: u64,
    /// Of one source too many.
    pub overflow: u64,
    /// Past the last index of the key.
    pub exhausted: u64,
}

impl SrtpCounters {
    /// Every counter with its name.
    pub const fn entries(&self) -> [(&'static str, u64); 6] {
        [
            ("passed", self.passed),
            ("malformed", self.malformed),
            ("unauthenticated", self.unauthenticated),
            ("replayed", self.replayed),
            ("overflow", self.overflow),
            ("exhausted", self.exhausted),
        ]
    }

    /// Counts what became of a packet, and hands it on.
    pub(super) fn count<T>(&mut self, outcome: Result<T, SrtpError>) -> Result<T, SrtpError> {
        let counter = match outcome {
            Ok(_) => &mut self.passed,
            Err(SrtpError::AuthenticationFailed) => &mut self.unauthenticated,
            Err(SrtpError::Replayed) => &mut self.replayed,
            Err(SrtpError::TooManySources) => &mut self.overflow,
            Err(SrtpError::KeyExhausted) => &mut self.exhausted,
            Err(
                SrtpError::Truncated { .. }
                | SrtpError::Version { .. }
                | SrtpError::Oversized { .. }
                | SrtpError::Unencrypted,
            ) => &mut self.malformed,
        };
        *counter += 1;
        outcome
    }
}
