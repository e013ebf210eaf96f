//! Streaming conversion from one audio format to another: codec, rate, or both.

use std::time::Duration;

use super::resampler::{Preset, Resampler};
use crate::AudioFormat;

/// Converts a stream of audio as bytes to another format.
///
/// However the stream is cut, be it within a sample, the bytes that come out are the same.
///
/// ```
/// use fourwire::sound::converter::Converter;
/// use fourwire::sound::resampler::Preset;
/// use fourwire::{AudioFormat, ClockRate, Law};
///
/// let (phone, agent) = (AudioFormat::G711(Law::Mu), AudioFormat::Pcm16(ClockRate::Hz24000));
/// let mut converter = Converter::new(phone, agent, Preset::Standard);
/// let mut out = Vec::new();
/// converter.convert(&[0xFF; 160], &mut out);
/// assert_eq!(out, [0; 960]);
/// ```
#[derive(Clone)]
pub struct Converter {
    from: AudioFormat,
    to: AudioFormat,
    resampler: Resampler,
    /// The first half of a sample whose second has yet to come.
    half: Option<u8>,
    decoded: Vec<i16>,
    resampled: Vec<i16>,
}

impl Converter {
    /// A converter of audio in `from` to audio in `to`. Equal formats pass through unchanged.
    pub fn new(from: AudioFormat, to: AudioFormat, preset: Preset) -> Self {
        Self {
            from,
            to,
            resampler: Resampler::new(from.rate(), to.rate(), preset),
            half: None,
            decoded: Vec::new(),
            resampled: Vec::new(),
        }
    }

    /// Appends what `audio` makes due to `out`.
    pub fn convert(&mut self, audio: &[u8], out: &mut Vec<u8>) {
        if self.from == self.to {
            out.extend_from_slice(audio);
        } else {
            audio.chunks(PIECE).for_each(|piece| self.convert_piece(piece, out));
        }
    }

    /// The format that goes in.
    pub fn from(&self) -> AudioFormat {
        self.from
    }

    /// The format that comes out.
    pub fn to(&self) -> AudioFormat {
        self.to
    }

    /// How much later a sample comes out than it went in.
    pub fn delay(&self) -> Duration {
        self.resampler.delay()
    }

    /// Forget the stream so far: what comes next begins after silence.
    pub fn reset(&mut self) {
        self.half = None;
        self.resampler.reset();
    }

    fn convert_piece(&mut self, audio: &[u8], out: &mut Vec<u8>) {
        self.decoded.clear();
        self.decode(audio);
        self.resampled.clear();
        self.resampler.process(&self.decoded, &mut self.resampled);
        self.to.encode_into(&self.resampled, out);
    }

    fn decode(&mut self, mut audio: &[u8]) {
        if let (Some(half), Some((rest, others))) = (self.half, audio.split_first()) {
            self.from.decode_into(&[half, *rest], &mut self.decoded);
            self.half = None;
            audio = others;
        }
        let whole = audio.len() - audio.len() % self.from.width();
        self.from.decode_into(&audio[..whole], &mut self.decoded);
        self.half = self.half.or(audio.get(whole).copied());
    }
}

/// Bytes converted at a time, so that a long recording takes no more room than a short one.
const PIECE: usize = 8_192;
