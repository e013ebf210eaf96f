//! Audio of any rate, as overlapping windows of telephone audio.

use super::spectrum::WINDOW;
use crate::ClockRate;
use crate::sound::resampler::{Preset, Resampler};

/// Samples at 8 kHz from one window to the next: 10 ms.
pub(super) const HOP: usize = 80;

/// The last samples at 8 kHz, the newest at the end.
pub(super) type Window = [f32; WINDOW];

/// Samples in, windows out, one every 10 ms.
pub(super) struct Frames {
    rate: ClockRate,
    narrow: Resampler,
    waiting: Vec<i16>,
    taken: usize,
    window: Window,
}

impl Frames {
    pub(super) fn new(rate: ClockRate) -> Self {
        Self {
            rate,
            narrow: Resampler::new(rate, ClockRate::Hz8000, Preset::LowDelay),
            waiting: Vec::new(),
            taken: 0,
            window: [0.0; WINDOW],
        }
    }

    /// Take in `pcm`; then call [`next`](Self::next) until `None`.
    pub(super) fn push(&mut self, pcm: &[i16]) {
        self.waiting.drain(..self.taken);
        self.taken = 0;
        if self.rate == ClockRate::Hz8000 {
            self.waiting.extend_from_slice(pcm);
        } else {
            self.narrow.process(pcm, &mut self.waiting);
        }
    }

    /// The next window, if there are the samples for it.
    pub(super) fn next(&mut self) -> Option<Window> {
        let hop = self.waiting.get(self.taken..self.taken + HOP)?;
        self.window.copy_within(HOP.., 0);
        for (sample, &new) in self.window[WINDOW - HOP..].iter_mut().zip(hop) {
            *sample = f32::from(new);
        }
        self.taken += HOP;
        Some(self.window)
    }

    /// Begin anew behind something that is not to be heard.
    pub(super) fn skip(&mut self) {
        self.waiting.clear();
        self.taken = 0;
        self.narrow.reset();
        self.window = [0.0; WINDOW];
    }
}
