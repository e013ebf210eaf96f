//! What stands in for packets that never came.

use crate::ClockRate;

/// Repeats what was heard last, fading.
pub struct Concealer {
    history: Vec<i16>,
    gain: f32,
}

impl Concealer {
    /// A concealer at `rate`.
    pub fn new(rate: ClockRate) -> Self {
        Self { history: vec![0; rate.hertz() as usize / 100], gain: 1.0 }
    }

    /// Remember good audio.
    pub fn hear(&mut self, pcm: &mut [i16]) {
        self.gain = 1.0;
        let keep = self.history.len();
        if pcm.len() >= keep {
            self.history.copy_from_slice(&pcm[pcm.len() - keep..]);
        }
    }

    /// Appends `samples` made-up samples.
    pub fn conceal(&mut self, out: &mut Vec<i16>, samples: usize) {
        let cycle = self.history.iter().cycle();
        for &sample in cycle.take(samples) {
            out.push((f32::from(sample) * self.gain) as i16);
            self.gain *= 0.995;
        }
    }
}
