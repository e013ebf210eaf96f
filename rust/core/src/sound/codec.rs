//! Payloads to samples and back, whatever the codec.

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
#[derive(Clone, Debug)]
pub enum Decoder {
    /// G.711.
    G711(Law),
    /// G.722.
    G722(Box<g722::Decoder>),
}

impl Decoder {
    /// A decoder that has heard nothing yet.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G711(law) => Self::G711(law),
            Codec::G722 => Self::G722(Box::default()),
        }
    }

    /// Appends the samples of `payload` to `pcm`, but for those of its first `overlap` periods
    /// ([`Codec::timestamp_rate`]).
    pub fn decode_into(&mut self, payload: &[u8], overlap: usize, pcm: &mut Vec<i16>) {
        match self {
            Self::G711(law) => g711::decode_into(*law, &payload[overlap..], pcm),
            Self::G722(decoder) => decoder.decode_into(&payload[overlap..], pcm),
        }
    }
}

/// The way from samples at [`Codec::audio_rate`] to a call's payloads.
#[derive(Clone, Debug)]
pub enum Encoder {
    /// G.711.
    G711(Law),
    /// G.722.
    G722(Box<g722::Encoder>),
}

impl Encoder {
    /// An encoder that has heard nothing yet.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::G711(law) => Self::G711(law),
            Codec::G722 => Self::G722(Box::default()),
        }
    }

    /// Appends the payload of `pcm`, a packet time of it, to `payload`.
    pub fn encode_into(&mut self, pcm: &[i16], payload: &mut Vec<u8>) {
        match self {
            Self::G711(law) => g711::encode_into(*law, pcm, payload),
            Self::G722(encoder) => encoder.encode_into(pcm, payload),
        }
    }
}
