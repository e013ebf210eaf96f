//! What a call's audio is packed as on the wire, and at which rates it runs.

use std::time::Duration;

#[cfg(feature = "opus")]
use crate::sound::opus::{self, Opus};
use crate::wire::PayloadType;
use crate::{ClockRate, Law};

/// An audio codec of RTP, as an offer and its answer agree on it.
///
/// It has two rates, which need not be the same: that of the RTP timestamps, and that of the
/// samples which a decoder gives and an encoder takes.
///
/// ```
/// use fourwire::{ClockRate, Codec};
///
/// assert_eq!(Codec::G722.timestamp_rate(), ClockRate::Hz8000);
/// assert_eq!(Codec::G722.audio_rate(), ClockRate::Hz16000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711, 64 kbit/s at 8 kHz (`PCMU`, `PCMA`).
    G711(Law),
    /// G.722, 64 kbit/s at 16 kHz (`G722`).
    G722,
    /// Opus (`opus`), with the feature of that name.
    #[cfg(feature = "opus")]
    Opus(Opus),
}

impl Codec {
    /// The clock of the RTP timestamps. That of G.722 runs at half its sampling rate, by an error
    /// in an early RFC that nobody can mend any more (RFC 3551 §4.5.2).
    pub const fn timestamp_rate(self) -> ClockRate {
        match self {
            Self::G711(_) | Self::G722 => ClockRate::Hz8000,
            #[cfg(feature = "opus")]
            Self::Opus(_) => ClockRate::Hz48000, // whatever is inside (RFC 7587 §4.1)
        }
    }

    /// The rate of the samples.
    pub const fn audio_rate(self) -> ClockRate {
        match self {
            Self::G711(_) => ClockRate::Hz8000,
            Self::G722 => ClockRate::Hz16000,
            #[cfg(feature = "opus")]
            Self::Opus(opus) => opus.rate,
        }
    }

    /// The payload type that needs no agreement (RFC 3551 §6); of Opus, the one that most offer.
    pub const fn payload_type(self) -> PayloadType {
        match self {
            Self::G711(Law::Mu) => PayloadType::PCMU,
            Self::G711(Law::A) => PayloadType::PCMA,
            Self::G722 => PayloadType::G722,
            #[cfg(feature = "opus")]
            Self::Opus(_) => PayloadType::OPUS,
        }
    }

    /// How long `payload` lasts, in periods of the timestamps; zero where it holds no audio.
    pub fn periods(self, payload: &[u8]) -> usize {
        match self {
            // An octet holds two samples of G.722, which are one period.
            Self::G711(_) | Self::G722 => payload.len(),
            #[cfg(feature = "opus")]
            Self::Opus(_) => opus::periods(payload),
        }
    }

    /// How many samples are as long as `periods` of the timestamps.
    pub const fn samples(self, periods: usize) -> usize {
        periods * self.audio_rate().hertz() as usize / self.timestamp_rate().hertz() as usize
    }

    /// The longest packet time up to `wanted` that the codec can fill.
    pub(crate) const fn packet_time(self, wanted: Duration) -> Duration {
        let rate = self.timestamp_rate();
        match self {
            Self::G711(_) | Self::G722 => rate.duration_of(rate.samples_in(wanted) as u64),
            #[cfg(feature = "opus")]
            Self::Opus(_) => match wanted.as_millis() {
                60.. => Duration::from_millis(60),
                40.. => Duration::from_millis(40),
                20.. => Duration::from_millis(20),
                _ => Duration::from_millis(10),
            },
        }
    }
}
