//! How samples are written, on the wire and towards the agent.

use std::time::Duration;

use crate::sound::g711;

/// Samples a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockRate {
    /// 8 kHz, the telephone network's rate.
    Hz8000,
    /// 16 kHz, wideband.
    Hz16000,
    /// 24 kHz, the usual rate of realtime voice services.
    Hz24000,
    /// 48 kHz, fullband.
    Hz48000,
}

impl ClockRate {
    /// The rate of `hertz` samples a second, or `None` where it is not one of those known here.
    pub const fn new(hertz: u32) -> Option<Self> {
        match hertz {
            8_000 => Some(Self::Hz8000),
            16_000 => Some(Self::Hz16000),
            24_000 => Some(Self::Hz24000),
            48_000 => Some(Self::Hz48000),
            _ => None,
        }
    }

    /// Samples a second.
    pub const fn hertz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
            Self::Hz48000 => 48_000,
        }
    }

    /// How many samples fit into `span`, which may lack the nanosecond that
    /// [`duration_of`](Self::duration_of) cuts off.
    pub const fn samples_in(self, span: Duration) -> usize {
        ((span.as_nanos() + 1) * self.hertz() as u128 / 1_000_000_000) as usize
    }

    /// How long `samples` samples last.
    pub const fn duration_of(self, samples: u64) -> Duration {
        Duration::from_nanos(samples * 1_000_000_000 / self.hertz() as u64)
    }
}

/// A G.711 law: how one byte of the telephone network stands for one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law, `PCMU` in RFC 3551.
    Mu,
    /// A-law, `PCMA` in RFC 3551.
    A,
}

impl Law {
    /// The code of a sample of silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }
}

/// How mono audio is written as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioFormat {
    /// One byte a sample at 8 kHz (`audio/pcmu`, `audio/pcma`).
    G711(Law),
    /// Two bytes a sample, signed, little-endian (`audio/pcm`).
    Pcm16(ClockRate),
}

impl AudioFormat {
    /// Samples a second.
    pub const fn rate(self) -> ClockRate {
        match self {
            Self::G711(_) => ClockRate::Hz8000,
            Self::Pcm16(rate) => rate,
        }
    }

    /// Bytes a sample.
    pub const fn width(self) -> usize {
        match self {
            Self::G711(_) => 1,
            Self::Pcm16(_) => 2,
        }
    }

    /// Appends the samples that `audio` stands for to `out`; half a sample at its end does not count.
    pub fn decode_into(self, audio: &[u8], out: &mut Vec<i16>) {
        match self {
            Self::G711(law) => g711::decode_into(law, audio, out),
            Self::Pcm16(_) => {
                out.extend(audio.as_chunks::<2>().0.iter().map(|&two| i16::from_le_bytes(two)));
            }
        }
    }

    /// Appends `pcm` to `out` as it is written in this format.
    pub fn encode_into(self, pcm: &[i16], out: &mut Vec<u8>) {
        match self {
            Self::G711(law) => g711::encode_into(law, pcm, out),
            Self::Pcm16(_) => {
                let start = out.len();
                out.resize(start + 2 * pcm.len(), 0);
                let places = out[start..].as_chunks_mut::<2>().0;
                places.iter_mut().zip(pcm).for_each(|(two, sample)| *two = sample.to_le_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_samples_fit_into_a_span_as_it_was_made_of() {
        for rate in [8_000, 16_000, 24_000, 48_000].map(|hertz| ClockRate::new(hertz).unwrap()) {
            for samples in 0..1000 {
                assert_eq!(rate.samples_in(rate.duration_of(samples)), samples as usize);
            }
        }
    }
}
