//! The sound on one side of a hole, and how it would go on.

use super::pitch::Pitch;

/// The end of a sound that breaks off. What follows a hole is one too, read backwards.
#[derive(Clone, Debug)]
pub(super) struct Side {
    /// The last sample is the one at the hole. There are up to twice as many as are wanted, so that
    /// they need not be moved for each packet.
    samples: Vec<f32>,
    /// Samples that become one at 8 kHz.
    fold: usize,
    room: usize,
    /// One over the samples of a pitch period; and of a quarter, over which seams are led over.
    period: f32,
    bend: f32,
    /// What the last sample differs by from the one a cycle before.
    step: f32,
}

impl Side {
    /// A side that has heard only silence, `room` samples of it.
    pub(super) fn new(room: usize, millisecond: usize) -> Self {
        let fold = millisecond / COARSE_MS;
        Self { samples: vec![0.0; room], fold, room, period: 1.0, bend: 1.0, step: 0.0 }
    }

    /// Takes what follows a sound for what comes before the hole.
    pub(super) fn remember(&mut self, pcm: &[i16]) {
        let recent = &pcm[pcm.len().saturating_sub(self.room)..];
        if self.samples.len() + recent.len() > 2 * self.room {
            let wanted = self.room - recent.len();
            self.samples.drain(..self.samples.len().saturating_sub(wanted));
        }
        self.samples.extend(recent.iter().map(|&sample| f32::from(sample)));
    }

    /// Takes `pcm` for what follows the hole.
    pub(super) fn turn_to(&mut self, pcm: &[i16]) {
        self.samples.clear();
        let near = &pcm[..pcm.len().min(self.room)];
        self.samples.extend(near.iter().rev().map(|&sample| f32::from(sample)));
    }

    fn sound(&self) -> &[f32] {
        &self.samples[self.samples.len().saturating_sub(self.room)..]
    }

    /// The end of the sound at 8 kHz, at which it is looked at.
    pub(super) fn look<'a>(&self, room: &'a mut Look) -> &'a [f32] {
        let sound = self.sound();
        let samples = (sound.len() / self.fold).min(room.len());
        let from = sound.len() - samples * self.fold;
        let folded = sound[from..].chunks_exact(self.fold);
        for (to, few) in room.iter_mut().zip(folded) {
            *to = few.iter().sum::<f32>() / self.fold as f32;
        }
        &room[..samples]
    }

    /// Lets the sound go on at `pitch`, its last `periods` periods over and over.
    pub(super) fn set_pitch(&mut self, pitch: Pitch, periods: usize) {
        self.period = pitch.period * self.fold as f32;
        self.bend = self.period / 4.0;
        let last = self.samples.last().copied().unwrap_or(0.0);
        let cycle = self.cycle(periods);
        self.step = last - cycle.at(cycle.length - 1.0);
    }

    /// How the sound goes on, its last `periods` periods over and over.
    pub(super) fn cycle(&self, periods: usize) -> Cycle<'_> {
        let longest = self.sound().len() as f32 - self.bend - 3.0;
        let most = (longest / self.period).max(1.0) as usize;
        let length = self.period * periods.min(most) as f32;
        Cycle { side: self, length, turn: 1.0 / length }
    }
}

/// Room for all that is looked at, at 8 kHz.
pub(super) type Look = [f32; super::HISTORY_MS * COARSE_MS];

/// What is `ahead` of the end of `sound` where its last `period` goes on over and over; not more
/// than a few periods before it.
pub(super) fn go_on(sound: &[f32], period: f32, ahead: f32) -> f32 {
    let ahead = ahead + 4.0 * period;
    let turns = (ahead / period) as i32 as f32;
    read(sound, period - (ahead - turns * period))
}

/// A few pitch periods that follow on themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycle<'a> {
    side: &'a Side,
    length: f32,
    /// The part of the cycle that a sample is.
    turn: f32,
}

impl Cycle<'_> {
    /// The sample `ahead` of the end of the sound.
    pub(super) fn at(&self, ahead: f32) -> f32 {
        let (sound, bend) = (self.side.sound(), self.side.bend);
        let turns = (ahead * self.turn) as i32 as f32;
        let from_end = (1.0 + turns) * self.length - ahead;
        let here = read(sound, from_end);
        if from_end >= bend {
            return here;
        }
        // The end of a cycle leads over to what came before its beginning.
        let before = read(sound, from_end + self.length);
        before + (here - before) * (from_end / bend)
    }

    /// The same, bent so that it begins where the sound broke off.
    pub(super) fn follow(&self, ahead: f32) -> f32 {
        let left = 1.0 - (ahead + 1.0) / self.side.bend;
        self.at(ahead) + self.side.step * left.max(0.0)
    }
}

/// Samples in a millisecond at 8 kHz.
pub(super) const COARSE_MS: usize = 8;

/// What lies `from_end` before the end of `sound`, between samples on a cubic through four of
/// them; beyond the sound, its first or last sample.
fn read(sound: &[f32], from_end: f32) -> f32 {
    let at = (sound.len() as f32 - from_end).max(0.0);
    let first = at as usize;
    let t = at - first as f32;
    let last = sound.len().saturating_sub(1);
    let near = |n: usize| sound.get(n.min(last)).copied().unwrap_or(0.0);
    let [a, b, c, d] = match first.checked_sub(1).and_then(|from| sound.get(from..from + 4)) {
        Some(&[a, b, c, d]) => [a, b, c, d],
        _ => [near(first.saturating_sub(1)), near(first), near(first + 1), near(first + 2)],
    };
    let (slope, curve, twist) = (c - a, a - 2.5 * b + 2.0 * c - 0.5 * d, d - a + 3.0 * (b - c));
    b + t * 0.5 * (slope + t * (2.0 * curve + t * twist))
}
