//! The neural detector of the crate `earshot`, fed in its own frames.

use earshot::Detector;

use crate::ClockRate;
use crate::sound::resampler::{Preset, Resampler};

/// Samples at any rate in, the probability of speech in the last 16 ms out.
pub(super) struct Earshot {
    detector: Detector,
    wide: Resampler,
    waiting: Vec<i16>,
    probability: f32,
}

/// Samples at 16 kHz in one of its frames.
const FRAME: usize = 256;

impl Earshot {
    pub(super) fn new(rate: ClockRate) -> Self {
        Self {
            detector: Detector::default(),
            wide: Resampler::new(rate, ClockRate::Hz16000, Preset::LowDelay),
            waiting: Vec::new(),
            probability: 0.0,
        }
    }

    pub(super) fn hear(&mut self, pcm: &[i16]) {
        self.wide.process(pcm, &mut self.waiting);
        let (frames, rest) = self.waiting.as_chunks::<FRAME>();
        let spent = self.waiting.len() - rest.len();
        for frame in frames {
            self.probability = self.detector.predict_i16(frame);
        }
        self.waiting.drain(..spent);
    }

    pub(super) fn renegotiate(&mut self, rate: ClockRate) {
        self.wide = Resampler::new(rate, ClockRate::Hz16000, Preset::LowDelay);
    }

    pub(super) fn probability(&self) -> f32 {
        self.probability
    }
}
