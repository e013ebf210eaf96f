//! G.722 (ITU-T G.722): two bands of ADPCM in 64 kbit/s, 16 kHz.
//!
//! An octet stands for two samples: the six lower bits for the band below 4 kHz, the two upper
//! ones for the band above. Arithmetic is that of the Recommendation to the bit; the samples are
//! 16 bits wide, as most implementations have them, where the Recommendation has 14 and 15.
//!
//! Names in capitals are those of the Recommendation's blocks (clauses 5 and 6).
//!
//! ```
//! use fourwire::sound::g722::{Decoder, Encoder};
//!
//! let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
//! let (mut octets, mut pcm) = (Vec::new(), Vec::new());
//! encoder.encode_into(&[500; 320], &mut octets);
//! decoder.decode_into(&octets, &mut pcm);
//! assert_eq!((octets.len(), pcm.len()), (160, 320));
//! ```

mod band;
mod qmf;
mod quantizer;

use self::band::{Band, Scale};
use self::qmf::{Analysis, Synthesis};

/// Samples of 16 kHz in, octets out.
#[derive(Clone, Debug)]
pub struct Encoder {
    analysis: Analysis,
    lower: Band,
    higher: Band,
    /// The first sample of a pair whose second has not come yet.
    odd: Option<i16>,
}

/// Octets in, samples of 16 kHz out.
#[derive(Clone, Debug)]
pub struct Decoder {
    synthesis: Synthesis,
    lower: Band,
    higher: Band,
}

/// Samples that an octet stands for.
pub const SAMPLES_AN_OCTET: usize = 2;

/// How much later a sample comes out of a decoder than it went into the encoder: that of both
/// filters together.
pub const DELAY_SAMPLES: usize = qmf::TAPS - 2;

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder that has heard nothing yet.
    pub const fn new() -> Self {
        Self {
            analysis: Analysis::new(),
            lower: Band::new(Scale::LOWER),
            higher: Band::new(Scale::HIGHER),
            odd: None,
        }
    }

    /// Appends the octets of `pcm` to `out`, which keeps its room from call to call. The last
    /// sample of an odd number waits for the next call.
    pub fn encode_into(&mut self, pcm: &[i16], out: &mut Vec<u8>) {
        let mut samples = pcm;
        if let Some((&second, rest)) = pcm.split_first()
            && let Some(first) = self.odd.take()
        {
            out.push(self.encode(first, second));
            samples = rest;
        }
        let (pairs, odd) = samples.as_chunks::<2>();
        out.extend(pairs.iter().map(|&[first, second]| self.encode(first, second)));
        if let [odd] = odd {
            self.odd = Some(*odd);
        }
    }

    fn encode(&mut self, first: i16, second: i16) -> u8 {
        let (low, high) = self.analysis.split(first, second);
        let lower = quantizer::lower(low - self.lower.predicted(), self.lower.step());
        self.lower.adapt_lower(lower >> 2);
        let higher = quantizer::higher(high - self.higher.predicted(), self.higher.step());
        self.higher.adapt_higher(higher);
        (higher << 6) | lower
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder that has heard nothing yet.
    pub const fn new() -> Self {
        Self {
            synthesis: Synthesis::new(),
            lower: Band::new(Scale::LOWER),
            higher: Band::new(Scale::HIGHER),
        }
    }

    /// Appends the samples of `octets` to `out`, which keeps its room from call to call.
    pub fn decode_into(&mut self, octets: &[u8], out: &mut Vec<i16>) {
        let start = out.len();
        out.resize(start + octets.len() * SAMPLES_AN_OCTET, 0);
        let (pairs, _) = out[start..].as_chunks_mut::<SAMPLES_AN_OCTET>();
        for (pair, &octet) in pairs.iter_mut().zip(octets) {
            *pair = self.decode(octet);
        }
    }

    fn decode(&mut self, octet: u8) -> [i16; 2] {
        let (lower, higher) = (octet & 0x3F, octet >> 6);
        let low = self.lower.predicted() + quantizer::lower_value(lower, self.lower.step());
        self.lower.adapt_lower(lower >> 2);
        let high = self.higher.predicted() + quantizer::higher_value(higher, self.higher.step());
        self.higher.adapt_higher(higher);
        self.synthesis.join(limit(low), limit(high))
    }
}

/// LIMIT (clause 6.2.1.6): a band's samples have 15 bits.
fn limit(sample: i32) -> i32 {
    sample.clamp(-16_384, 16_383)
}

/// SATURATE: to 16 bits.
fn saturated(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}
