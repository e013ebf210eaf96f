//! After how long what was said comes back.

/// Frames of 10 ms that an echo may take.
pub(super) const LONGEST: usize = 48;

/// The likeness of what is heard to what was said so many frames before, at each delay, over the
/// last second or so.
///
/// Loudness alone is compared, not samples: it survives loudspeakers, rooms, codecs and clocks that
/// drift apart.
#[derive(Clone, Debug)]
pub(super) struct DelayFinder {
    said: Line,
    heard: Line,
    /// How far each of the last frames said was from the mean, the newest at `at`.
    off: [f32; LONGEST],
    at: usize,
    together: [f32; LONGEST],
}

/// The loudness of one side: its mean, and its variation as a sum over what is remembered.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    mean: f32,
    variation: f32,
    frames: f32,
}

impl DelayFinder {
    pub(super) fn new() -> Self {
        Self {
            said: Line::default(),
            heard: Line::default(),
            off: [0.0; LONGEST],
            at: 0,
            together: [0.0; LONGEST],
        }
    }

    /// Take in how loud the next frame was that was said, in steps of 3 dB.
    pub(super) fn say(&mut self, loudness: f32) {
        self.at = (self.at + 1) % LONGEST;
        self.off[self.at] = self.said.take(loudness);
    }

    /// Take in how loud the next frame was that was heard.
    pub(super) fn hear(&mut self, loudness: f32) {
        let heard = self.heard.take(loudness);
        let (newer, older) = self.off.split_at(self.at + 1);
        let back = newer.iter().rev().chain(older.iter().rev());
        for (sum, said) in self.together.iter_mut().zip(back) {
            *sum = MEMORY * *sum + heard * said;
        }
    }

    /// The delay in frames at which what is heard is an echo of what was said.
    pub(super) fn found(&self) -> Option<usize> {
        let mut best = 0;
        for delay in 1..LONGEST {
            if self.together[delay] > self.together[best] {
                best = delay;
            }
        }
        let alike = ALIKE * (self.said.variation * self.heard.variation).sqrt();
        let enough = self.said.varies() && self.heard.varies();
        (enough && self.together[best] > alike).then_some(best)
    }
}

impl Line {
    /// Take in the next loudness, and tell how far it is from the mean.
    fn take(&mut self, loudness: f32) -> f32 {
        self.frames = MEMORY * self.frames + 1.0;
        self.mean += (loudness - self.mean) / self.frames;
        let off = loudness - self.mean;
        self.variation = MEMORY * self.variation + off * off;
        off
    }

    /// Whether there is enough to compare: half a second, of more than steady noise.
    fn varies(&self) -> bool {
        self.frames > ENOUGH && self.variation > VARIES * self.frames
    }
}

/// What is left of the past after a frame: half of it after 0.7 s.
const MEMORY: f32 = 0.99;

/// How alike an echo is at the least. Two voices at once reach half of it by chance.
const ALIKE: f32 = 0.7;

/// Frames to be compared at the least, older ones counting less.
const ENOUGH: f32 = 40.0;

/// How much loudness varies that is compared, as a mean square: by 3 dB.
const VARIES: f32 = 1.0;
