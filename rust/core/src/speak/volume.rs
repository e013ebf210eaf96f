//! How loud the replies are: turned down while the caller may be speaking, and up again.

use std::time::Duration;

use crate::ClockRate;

/// A gain that changes over a few milliseconds, so that nothing clicks. At nothing it holds the
/// reply where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volume {
    from: f32,
    to: f32,
    /// Samples of the change that are yet to come.
    left: usize,
    ramp: usize,
    /// Samples of one item, at the agent's rate, that went out since it was turned down.
    softened: u64,
}

/// How long a change takes.
pub(super) const RAMP: Duration = Duration::from_millis(8);

impl Volume {
    pub(super) fn new(wire: ClockRate) -> Self {
        Self { from: 1.0, to: 1.0, left: 0, ramp: wire.samples_in(RAMP), softened: 0 }
    }

    /// Go to `gain` from here on.
    pub(super) fn turn(&mut self, gain: f32) {
        let to = gain.clamp(0.0, 1.0);
        *self = Self { from: self.now(), to, left: self.ramp, softened: 0, ..*self };
    }

    /// Be at full at once: what was turned down is gone.
    pub(super) fn reset(&mut self) {
        *self = Self { from: 1.0, to: 1.0, left: 0, softened: 0, ..*self };
    }

    /// Go on towards a wire at another rate, a change that was under way done.
    pub(super) fn renegotiate(&mut self, wire: ClockRate) {
        *self = Self { left: 0, ramp: wire.samples_in(RAMP), ..*self };
    }

    /// Another item begins.
    pub(super) fn begin_item(&mut self) {
        self.softened = 0;
    }

    /// Books `samples` of the reply as sent, and tells how many of them softer.
    pub(super) fn note_sent(&mut self, samples: usize) -> u64 {
        let softer = if self.to < 1.0 { samples as u64 } else { 0 };
        self.softened += softer;
        softer
    }

    /// Takes back the last `samples` that were booked, and tells how many of them were softer.
    pub(super) fn retract(&mut self, samples: u64) -> u64 {
        let softer = samples.min(self.softened);
        self.softened -= softer;
        softer
    }

    /// Samples of the item that plays that went out since it was turned down.
    pub(super) fn softened(&self) -> u64 {
        self.softened
    }

    /// Of the next `samples`, how many sound at all; the reply waits for the rest.
    pub(super) fn sounds_for(&self, samples: usize) -> usize {
        if self.to > 0.0 { samples } else { samples.min(self.left) }
    }

    /// Brings the next samples of the reply to their loudness.
    pub(super) fn apply(&mut self, pcm: &mut [i16]) {
        if self.left == 0 && self.to >= 1.0 {
            return;
        }
        for sample in pcm {
            self.left = self.left.saturating_sub(1);
            *sample = (f32::from(*sample) * self.now()).round() as i16;
        }
    }

    fn now(&self) -> f32 {
        self.to + (self.from - self.to) * self.left as f32 / self.ramp as f32
    }
}

/// Turns `pcm` down to nothing, from its first sample to its last.
pub(super) fn fade_out(pcm: &mut [i16]) {
    let length = pcm.len();
    for (left, sample) in (0..length).rev().zip(pcm) {
        *sample = (i64::from(*sample) * left as i64 / length as i64) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_change_of_volume_makes_a_step(turns in proptest::collection::vec((0.0f32..=1.0, 1usize..200), 1..20)) {
            let mut volume = Volume::new(ClockRate::Hz8000);
            let mut last = 10_000i16;
            for (gain, samples) in turns {
                volume.turn(gain);
                let mut pcm = vec![10_000; samples];
                volume.apply(&mut pcm);
                for sample in pcm {
                    prop_assert!(sample.abs_diff(last) <= 10_000 / 64 + 1);
                    last = sample;
                }
            }
        }
    }

    #[test]
    fn full_volume_leaves_every_sample_as_it_is() {
        let mut pcm: Vec<i16> = vec![i16::MIN, -1, 0, 1, i16::MAX];
        Volume::new(ClockRate::Hz8000).apply(&mut pcm);
        assert_eq!(pcm, [i16::MIN, -1, 0, 1, i16::MAX]);
    }
}
