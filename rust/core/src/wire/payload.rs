//! The two numbers that say what a packet carries and who sent it.

use std::fmt;

/// A payload type as the RTP header carries it: seven bits (RFC 3550 §5.1).
///
/// ```
/// use fourwire::wire::PayloadType;
/// assert_eq!(PayloadType::new(8), Some(PayloadType::PCMA));
/// assert_eq!(PayloadType::new(128), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadType(u8);

impl PayloadType {
    /// G.711 µ-law (RFC 3551 §6).
    pub const PCMU: Self = Self(0);
    /// G.711 A-law (RFC 3551 §6).
    pub const PCMA: Self = Self(8);
    /// G.722; its RTP clock runs at 8 kHz although it samples at 16 kHz (RFC 3551 §4.5.2).
    pub const G722: Self = Self(9);
    /// Opus; no static type, but what most offer it by.
    pub const OPUS: Self = Self(111);
    /// Comfort noise (RFC 3389 §4).
    pub const CN: Self = Self(13);

    /// `None` where `bits` does not fit the header.
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < 128 { Some(Self(bits)) } else { None }
    }

    /// The type of a header's second byte, whose top bit is the marker.
    pub(crate) const fn of_header(byte: u8) -> Self {
        Self(byte & 0x7F)
    }

    /// The number itself, below 128.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A synchronization source: the random number by which a sender is known (RFC 3550 §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ssrc(pub u32);

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}
