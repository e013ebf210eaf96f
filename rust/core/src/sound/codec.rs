//! Payloads to samples and back, whatever the codec.

#[cfg(feature = "opus")]
use super::opus;
use super::{g711, g722};
use crate::{Codec, Law};

/// The way from a call's payloads to samples at [`Codec::audio_rate`]; what a codec remembers from
/// packet to packet is inside.
///
/// ```
/// use fourwire::{Codec, sound::codec::Decoder};
///
/// let mut pcm = Vec::new();
/// Decoder::new(Codec::G722).decode_into(&[0xFA; 160], 0, &mut pcm);
/// assert_eq!(pcm.len(), 320);
/// ```
pub enum Decoder {
    /// G.711.
    G711(Law),
    /// G.722.
    G722(Box<g722::Decoder>),
    /// Opus.
    #[cfg(feature = "opus")]
    Opus(opus::Decoder),
}

impl Decoder {
    /// A decoder that has heard nothing yet.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G711(law) => Self::G711(law),
            Codec::G722 => Self::G722(Box::default()),
            #[cfg(feature = "opus")]
            Codec::Opus(opus) => Self::Opus(opus::Decoder::new(opus.rate)),
        }
    }

    /// Appends the samples of `payload` to `pcm`. Those of its first `overlap` periods
    /// ([`Codec::timestamp_rate`]) are left out where that needs no decoding; a codec whose bytes
    /// cannot be cut gives them, too.
    pub fn decode_into(&mut self, payload: &[u8], overlap: usize, pcm: &mut Vec<i16>) {
        match self {
            Self::G711(law) => g711::decode_into(*law, &payload[overlap..], pcm),
            Self::G722(decoder) => decoder.decode_into(&payload[overlap..], pcm),
            #[cfg(feature = "opus")]
            Self::Opus(decoder) => decoder.decode_into(payload, pcm),
        }
    }

    /// Whether the codec makes up for losses itself.
    pub const fn conceals(&self) -> bool {
        !matches!(self, Self::G711(_) | Self::G722(_))
    }

    /// Appends `samples` samples in place of lost ones to `pcm`, by the codec's own means; where
    /// it has none, nothing, and false. `behind` is the payload that follows, where it is here.
    #[cfg_attr(
        not(feature = "opus"),
        expect(unused_variables, clippy::ptr_arg, reason = "Opus alone has means")
    )]
    pub fn conceal(&mut self, samples: usize, behind: Option<&[u8]>, pcm: &mut Vec<i16>) -> bool {
        match self {
            Self::G711(_) | Self::G722(_) => false,
            #[cfg(feature = "opus")]
            Self::Opus(decoder) => {
                decoder.conceal(samples, behind, pcm);
                true
            }
        }
    }
}

/// The way from samples at [`Codec::audio_rate`] to a call's payloads.
pub enum Encoder {
    /// G.711.
    G711(Law),
    /// G.722.
    G722(Box<g722::Encoder>),
    /// Opus.
    #[cfg(feature = "opus")]
    Opus(opus::Encoder),
}

impl Encoder {
    /// An encoder that has heard nothing yet.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G711(law) => Self::G711(law),
            Codec::G722 => Self::G722(Box::default()),
            #[cfg(feature = "opus")]
            Codec::Opus(opus) => Self::Opus(opus::Encoder::new(opus)),
        }
    }

    /// Appends the payload of `pcm`, a packet time of it, to `payload`.
    pub fn encode_into(&mut self, pcm: &[i16], payload: &mut Vec<u8>) {
        match self {
            Self::G711(law) => g711::encode_into(*law, pcm, payload),
            Self::G722(encoder) => encoder.encode_into(pcm, payload),
            #[cfg(feature = "opus")]
            Self::Opus(encoder) => encoder.encode_into(pcm, payload),
        }
    }
}
