//! How much a stretch of audio repeats itself at the pace of a voice.

/// The lowest part of the caller's audio, at 4 kHz, and how periodic its end is.
///
/// A voice is periodic at its pitch whatever the telephone left of it; noise is not.
#[derive(Clone, Debug)]
pub(super) struct Periodicity {
    /// The last samples at 8 kHz, for the filter.
    recent: [f32; TAPS - 1],
    /// The last samples at 4 kHz, the newest at the end.
    history: [f32; HISTORY],
    last: f32,
}

/// Samples at 4 kHz that are compared: 14 ms.
const COMPARED: usize = 56;

/// The shortest and the longest pitch period: voices from 400 down to 71 Hz.
const LAGS: std::ops::RangeInclusive<usize> = 10..=56;

const HISTORY: usize = COMPARED + *LAGS.end();

/// A half-band filter, without its zeros: enough that what lies above 2 kHz does not disturb.
const TAPS: usize = 7;

/// How much of the sample before is taken away, so that rumble does not pass for a voice.
const EMPHASIS: f32 = 0.8;

impl Periodicity {
    pub(super) fn new() -> Self {
        Self { recent: [0.0; TAPS - 1], history: [0.0; HISTORY], last: 0.0 }
    }

    /// Take in the next samples at 8 kHz, an even number of at most a window.
    pub(super) fn hear(&mut self, samples: &[f32]) {
        let halved = samples.len() / 2;
        self.history.copy_within(halved.., 0);
        let mut line = [0.0; TAPS - 1 + super::frames::HOP];
        line[..TAPS - 1].copy_from_slice(&self.recent);
        line[TAPS - 1..][..samples.len()].copy_from_slice(samples);
        for n in 0..halved {
            let x = &line[2 * n..2 * n + TAPS];
            let low = 0.5 * x[3] + 0.28125 * (x[2] + x[4]) - 0.03125 * (x[0] + x[6]);
            self.history[HISTORY - halved + n] = low - EMPHASIS * self.last;
            self.last = low;
        }
        self.recent.copy_from_slice(&line[samples.len()..][..TAPS - 1]);
    }

    /// The largest likeness of the last 14 ms to what was a pitch period before: one where it
    /// repeats itself exactly, about a third in noise.
    pub(super) fn likeness(&self) -> f32 {
        let now = &self.history[HISTORY - COMPARED..];
        let power = dot(now, now);
        let mut best = 0.0_f32;
        for lag in LAGS {
            let before = &self.history[HISTORY - COMPARED - lag..HISTORY - lag];
            let likeness = dot(now, before) / (power * dot(before, before)).sqrt().max(1.0);
            best = best.max(likeness);
        }
        best
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}

/// The sum of products, in eight partial sums that the processor can keep beside one another.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}
