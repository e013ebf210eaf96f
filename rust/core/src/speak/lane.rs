//! Audio that waits to be spoken, as it came, turned into samples only when its time has come.

use std::time::Duration;

use super::playout::LONGEST_REPLY;
use crate::sound::resampler::{Preset, Resampler};
use crate::{AudioFormat, ClockRate};

/// A queue of bytes in the agent's format that is drained as samples at the wire's rate.
///
/// Decoding waits until the last moment, so that taking in a long answer is one copy, and
/// dropping it wastes nothing.
pub(super) struct Lane {
    format: AudioFormat,
    resampler: Resampler,
    /// What came, of which the first `spent` bytes are gone.
    bytes: Vec<u8>,
    spent: usize,
    /// The samples at the agent's rate that were taken last: as many as a resampler may hold back,
    /// and those of the last frame.
    source: Vec<i16>,
    /// How many of them are to be said again, since another resampler holds less back.
    again: usize,
    /// Source samples of silence after which the resampler holds nothing but zeros.
    settling: usize,
}

impl Lane {
    pub(super) fn new(format: AudioFormat, wire: ClockRate) -> Self {
        Self {
            format,
            resampler: Resampler::new(format.rate(), wire, Preset::Standard),
            bytes: Vec::new(),
            spent: 0,
            source: Vec::new(),
            again: 0,
            settling: 0,
        }
    }

    pub(super) fn push(&mut self, audio: &[u8]) {
        // Moving what waits costs less than room for what is gone, where a part of it is.
        let fits = self.bytes.len() + audio.len() <= self.bytes.capacity();
        if !fits && self.spent > self.bytes.len() / 4 {
            self.bytes.drain(..self.spent);
            self.spent = 0;
        }
        self.bytes.extend_from_slice(audio);
    }

    /// Drop half a sample that the last audio ended in, so that the next starts on a whole one.
    pub(super) fn align(&mut self) {
        let half = (self.bytes.len() - self.spent) % self.format.width();
        self.bytes.truncate(self.bytes.len() - half);
    }

    /// How many whole samples `audio` is.
    pub(super) fn samples_of(&self, audio: &[u8]) -> usize {
        audio.len() / self.format.width()
    }

    /// Whether so many more samples may wait.
    pub(super) fn has_room(&self, samples: usize) -> bool {
        self.waiting() + samples <= self.format.rate().samples_in(LONGEST_REPLY)
    }

    /// Samples that wait, at the agent's rate. Half a sample does not count.
    pub(super) fn waiting(&self) -> usize {
        (self.bytes.len() - self.spent) / self.format.width()
    }

    /// Whether nothing waits and nothing is left inside the resampler.
    pub(super) fn is_silent(&self) -> bool {
        self.waiting() == 0 && self.settling == 0
    }

    /// Go on at another `wire` rate, from the very sample that the old resampler would have given
    /// next; tells how many samples had to be taken for that.
    pub(super) fn renegotiate(&mut self, wire: ClockRate) -> usize {
        let before = self.delay();
        self.resampler = Resampler::new(self.format.rate(), wire, Preset::Standard);
        self.again = 0;
        if self.settling == 0 {
            return 0;
        }
        let hurry = self.delay().saturating_sub(before);
        let hurried = hurry.min(self.waiting());
        self.decode(hurried);
        self.source.resize(self.source.len() + hurry - hurried, 0);
        let again = before.saturating_sub(self.delay());
        // What was held back from before the beginning is silence.
        let missing = again.saturating_sub(self.source.len());
        self.source.splice(..0, std::iter::repeat_n(0, missing));
        self.resampler.process(&self.source[..self.source.len() - again], &mut Vec::new());
        self.again = again;
        hurried
    }

    /// Appends `frame` samples at the wire's rate, silence where nothing waits, and tells how many
    /// samples at the agent's rate were taken for them.
    ///
    /// `frame` is a whole number of milliseconds of samples, so the rates divide evenly.
    pub(super) fn take(&mut self, frame: usize, wire: ClockRate, out: &mut Vec<i16>) -> usize {
        let wanted = frame * self.format.rate().hertz() as usize / wire.hertz() as usize;
        let held_back = self.format.rate().samples_in(LONGEST_DELAY);
        self.source.drain(..self.source.len().saturating_sub(held_back));
        let start = self.source.len() - self.again;
        let said_again = self.again.min(wanted);
        self.again -= said_again;
        let missing = wanted - said_again;
        let taken = missing.min(self.waiting());
        self.decode(taken);
        self.settle(missing, taken);
        self.source.resize(self.source.len() + missing - taken, 0);
        self.resampler.process(&self.source[start..start + wanted], out);
        self.give_back_room();
        taken
    }

    /// Forget all that waits, and what of it is inside the resampler.
    pub(super) fn clear(&mut self) {
        self.bytes = Vec::new();
        self.spent = 0;
        self.resampler.reset();
        (self.settling, self.again) = (0, 0);
    }

    /// How many samples at the agent's rate the resampler holds back, or are to be said again.
    pub(super) fn delay(&self) -> usize {
        self.format.rate().samples_in(self.resampler.delay()) + self.again
    }

    fn decode(&mut self, samples: usize) {
        let end = self.spent + samples * self.format.width();
        let audio = &self.bytes[self.spent..end];
        self.format.decode_into(audio, &mut self.source);
        self.spent = end;
    }

    fn settle(&mut self, wanted: usize, taken: usize) {
        let silence = wanted - taken;
        let full = 2 * self.delay() + 1;
        self.settling = if taken > 0 { full } else { self.settling }.saturating_sub(silence);
    }

    /// A long answer leaves much room behind; an empty lane does not keep it.
    fn give_back_room(&mut self) {
        if self.spent == self.bytes.len() {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_ROOM);
            self.spent = 0;
        }
    }
}

/// No resampler holds back more.
const LONGEST_DELAY: Duration = Duration::from_millis(3);

/// Bytes of room that an empty lane keeps: four seconds of G.711, 0.7 of PCM at 24 kHz. An agent
/// sends less at a time, so only a long answer takes memory anew.
const KEPT_ROOM: usize = 32 * 1024;
