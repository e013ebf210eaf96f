//! The two sides of a recording laid side by side.

use std::collections::VecDeque;

use super::tape::{Recorded, Side};

/// Stretches of either side in, stereo out: the caller left, the agent right, silence where
/// nothing was laid.
///
/// ```
/// use fourwire::{Recorded, Reel, Side};
///
/// let mut reel = Reel::new();
/// reel.lay(Recorded { side: Side::Agent, position: 1, pcm: &[8, 9] });
/// reel.lay(Recorded { side: Side::Caller, position: 0, pcm: &[1] });
/// let mut stereo = Vec::new();
/// reel.take(reel.end(), &mut stereo);
/// assert_eq!(stereo, [1, 0, 0, 8, 0, 9]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reel {
    taken: u64,
    pairs: VecDeque<[i16; 2]>,
}

impl Reel {
    /// An empty reel.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lays a stretch where it belongs. What belongs to what was taken already is left out; how
    /// many samples that is.
    pub fn lay(&mut self, stretch: Recorded<'_>) -> u64 {
        let late = self.taken.saturating_sub(stretch.position);
        let kept = stretch.pcm.get(usize::try_from(late).unwrap_or(usize::MAX)..).unwrap_or(&[]);
        let at = stretch.position.saturating_sub(self.taken) as usize;
        if !kept.is_empty() && self.pairs.len() < at + kept.len() {
            self.pairs.resize(at + kept.len(), [0; 2]);
        }
        let channel = usize::from(stretch.side == Side::Agent);
        for (pair, &sample) in self.pairs.iter_mut().skip(at).zip(kept) {
            pair[channel] = sample;
        }
        (stretch.pcm.len() - kept.len()) as u64
    }

    /// Where what was laid ends, in samples since the beginning.
    pub fn end(&self) -> u64 {
        self.taken + self.pairs.len() as u64
    }

    /// How many pairs were taken.
    pub const fn taken(&self) -> u64 {
        self.taken
    }

    /// Appends the next `pairs` to `stereo`, interleaved.
    pub fn take(&mut self, pairs: u64, stereo: &mut Vec<i16>) {
        let here = self.pairs.len().min(pairs as usize);
        stereo.extend(self.pairs.drain(..here).flatten());
        stereo.resize(stereo.len() + 2 * (pairs as usize - here), 0);
        self.taken += pairs;
    }
}
