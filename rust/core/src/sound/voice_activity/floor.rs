//! How loud the line is when nobody speaks.

use super::spectrum::{BANDS, Bands};

/// The level of the background in each band: the least that was heard in the last second and a
/// quarter, for nobody speaks so long without a gap.
#[derive(Clone, Debug)]
pub(super) struct NoiseFloor {
    smoothed: Bands,
    /// The least since the current stretch began.
    least: Bands,
    /// The least of each stretch before it.
    past: [Bands; STRETCHES],
    past_least: Bands,
    heard: usize,
}

const STRETCHES: usize = 8;

/// Frames of 10 ms in a stretch.
const STRETCH: usize = 16;

/// How much of a frame goes into the smoothed level.
const SHARE: f32 = 0.3;

/// How far the least of many frames of noise lies below their mean: 4 dB.
const BIAS: f32 = 2.5;

/// The quietest background there is, in each band: about -65 dBov over all. Below that the line is
/// dead, and every rustle would tower above it.
const QUIETEST: f32 = 3e-8;

impl NoiseFloor {
    pub(super) fn new() -> Self {
        Self {
            smoothed: [0.0; BANDS],
            least: [f32::MAX; BANDS],
            past: [[f32::MAX; BANDS]; STRETCHES],
            past_least: [f32::MAX; BANDS],
            heard: 0,
        }
    }

    /// Take in the next 10 ms.
    pub(super) fn hear(&mut self, bands: &Bands) {
        let share = if self.heard == 0 { 1.0 } else { SHARE };
        for ((smoothed, least), band) in self.smoothed.iter_mut().zip(&mut self.least).zip(bands) {
            *smoothed += share * (band - *smoothed);
            *least = least.min(*smoothed);
        }
        self.heard += 1;
        if self.heard.is_multiple_of(STRETCH) {
            self.past[self.heard / STRETCH % STRETCHES] = self.least;
            self.past_least = std::array::from_fn(|band| {
                self.past.iter().fold(f32::MAX, |least, past| least.min(past[band]))
            });
            self.least = self.smoothed;
        }
    }

    /// The power of the background in each band.
    pub(super) fn levels(&self) -> Bands {
        std::array::from_fn(|band| {
            (BIAS * self.least[band].min(self.past_least[band])).max(QUIETEST)
        })
    }
}
