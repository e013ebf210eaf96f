//! A stream that comes on a clock of its own, kept to ours.

use std::time::Duration;

use crate::ClockRate;

/// Says by how many samples a stream has to be moved so that it stays where it belongs.
///
/// Packets are late by what the network held them back, never early. So the least lateness of the
/// last seconds is what the stream as a whole is off by: the drift of its clock, and what its first
/// packet was held back. That is made good sample by sample, too few to be heard.
#[derive(Clone, Debug)]
pub(super) struct Steady {
    /// What may be off before anything is done, in samples.
    play: i64,
    /// What is no drift any more, but a gap.
    leap: i64,
    /// The least lateness of the last stretches, in blocks; the first is the one that is filled.
    least: [i64; BLOCKS],
    filled: u32,
    blocks: usize,
    begun: bool,
    slipped: u64,
}

impl Steady {
    pub(super) fn new(rate: ClockRate) -> Self {
        Self {
            play: rate.samples_in(PLAY) as i64,
            leap: rate.samples_in(LEAP) as i64,
            least: [i64::MAX; BLOCKS],
            filled: 0,
            blocks: 0,
            begun: false,
            slipped: 0,
        }
    }

    /// By how much to move a stretch of `length` samples that came `late` samples after its place in
    /// an unbroken line. Small steps are one sample, all others a leap.
    pub(super) fn judge(&mut self, late: i64, length: usize) -> i64 {
        if !self.begun || late.abs() > self.leap {
            // One that lies as a whole before the first place is left out, and begins nothing.
            self.begun |= late + length as i64 > 0;
            self.forget();
            return late;
        }
        self.note(late);
        let off = self.least.iter().copied().min().unwrap_or(0);
        if self.blocks < ENOUGH || off.abs() <= self.play {
            return 0;
        }
        let step = off.signum();
        self.least.iter_mut().filter(|it| **it != i64::MAX).for_each(|it| *it -= step);
        self.slipped += 1;
        step
    }

    /// The same for a stretch that stands in for what has not come, which tells of no clock.
    pub(super) fn bridge(&mut self, late: i64, length: usize) -> i64 {
        if self.begun && late.abs() <= self.leap { 0 } else { self.judge(late, length) }
    }

    pub(super) const fn slipped(&self) -> u64 {
        self.slipped
    }

    fn note(&mut self, late: i64) {
        self.least[0] = self.least[0].min(late);
        self.filled += 1;
        if self.filled == BLOCK {
            self.least.rotate_right(1);
            self.least[0] = i64::MAX;
            self.filled = 0;
            self.blocks = (self.blocks + 1).min(ENOUGH);
        }
    }

    fn forget(&mut self) {
        (self.least, self.filled, self.blocks) = ([i64::MAX; BLOCKS], 0, 0);
    }
}

/// A millisecond, which nobody hears between two voices.
const PLAY: Duration = Duration::from_millis(1);

/// Networks hold nothing back for so long and go on as before; a telephone on hold does.
const LEAP: Duration = Duration::from_millis(400);

/// Stretches in a block: half a second of the usual packets.
const BLOCK: u32 = 25;

/// Blocks that are looked at, the one that fills included.
const BLOCKS: usize = 5;

/// Blocks before anything is known.
const ENOUGH: usize = 2;
