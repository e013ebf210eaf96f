//! The samples around the moment of play: some that were heard, those that are ready.

/// One run of samples with a place in it up to which it was played.
#[derive(Clone, Debug)]
pub(super) struct Line {
    samples: Vec<i16>,
    /// How many of them were played.
    played: usize,
    /// How many of those are kept.
    kept: usize,
}

impl Line {
    /// A line that begins with `kept` samples of silence played, with room for `room` that are
    /// ready.
    pub(super) fn new(kept: usize, room: usize) -> Self {
        // Samples that were played are moved out only when there are as many as are ready.
        let mut samples = Vec::with_capacity(2 * (kept + room));
        samples.resize(kept, 0);
        Self { samples, played: kept, kept }
    }

    /// How many samples are ready.
    pub(super) const fn ready(&self) -> usize {
        self.samples.len() - self.played
    }

    /// Where decoded audio is appended.
    pub(super) fn end(&mut self) -> &mut Vec<i16> {
        &mut self.samples
    }

    /// All samples, and how many of them were played.
    pub(super) fn around(&self) -> (&[i16], usize) {
        (&self.samples, self.played)
    }

    /// The same, to be changed behind those that were played.
    pub(super) fn around_mut(&mut self) -> (&mut Vec<i16>, usize) {
        (&mut self.samples, self.played)
    }

    /// Drops the next `count` samples.
    pub(super) fn drop(&mut self, count: usize) {
        self.samples.drain(self.played..self.played + count);
    }

    /// The next `count` samples, which are played herewith.
    pub(super) fn play(&mut self, count: usize) -> &mut [i16] {
        self.forget();
        let start = self.played;
        self.played += count;
        &mut self.samples[start..self.played]
    }

    /// Moves what is older than is kept out of the way, now and then.
    fn forget(&mut self) {
        let old = self.played - self.kept;
        if old >= self.kept.max(self.ready()) {
            self.samples.drain(..old);
            self.played = self.kept;
        }
    }
}
