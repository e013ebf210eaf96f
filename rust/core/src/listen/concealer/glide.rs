//! How a voice gets from one side of a hole to the other in step.

use fourwire_kernels::likeness::likenesses;

use super::pitch::{LONGEST, Pitch, top};
use super::side::go_on;

/// The phase of a voice in a hole, as an even change of pitch would have it that arrives where the
/// other side goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glide {
    /// How long the hole is, in samples.
    length: f32,
    /// How much of the sound before it, continued, fills it.
    end: f32,
    /// The period before the hole over the one behind it.
    ratio: f32,
}

/// What is known of the sound on one side, at 8 kHz.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) sound: &'a [f32],
    pub(super) pitch: Pitch,
}

/// How much of the sound behind the hole has to fit: 10 ms at 8 kHz.
const FIT: usize = 80;

/// The likeness that is given up for the pitch that was expected, at half a period beside it.
const EXPECTED: f32 = 0.5;

/// The places where it may: as many as the longest pitch period has.
const SHIFTS: usize = LONGEST + 2;

/// What is looked at for it.
const TRACE: usize = SHIFTS + FIT;

impl Glide {
    /// The glide over `samples` samples, each of which is the part `fine` of one at 8 kHz, that are
    /// missing between `before` and `behind`.
    pub(super) fn over(samples: usize, fine: f32, before: Known<'_>, behind: Known<'_>) -> Self {
        let ratio = before.pitch.period / behind.pitch.period;
        let length = samples as f32;
        let expected = length * fine * (1.0 + ratio) / 2.0;
        let end = expected + ratio * misfit(before, behind, expected);
        Self { length, end: (end / fine).max(0.0), ratio }
    }

    /// How far ahead in the sound before the hole sample `n` of the hole lies: a cubic whose slope
    /// is the pitch, relatively, at both ends.
    pub(super) fn ahead(&self, n: f32) -> f32 {
        let x = n / self.length;
        let y = 1.0 - x;
        let bends = self.length * (x * y * y - self.ratio * x * x * y);
        (bends + self.end * x * x * (3.0 - 2.0 * x)).max(0.0)
    }

    /// How far behind that is, seen from the other side.
    pub(super) fn behind(&self, ahead: f32) -> f32 {
        ((self.end - ahead) / self.ratio - 1.0).max(0.0)
    }
}

/// How much later than `expected` the sound before the hole would have to go on, within half a
/// period, for what is behind the hole to follow best; in samples of the latter, at 8 kHz.
fn misfit(before: Known<'_>, behind: Known<'_>, expected: f32) -> f32 {
    let mut coming = [0.0; FIT];
    let known = behind.sound.iter().rev();
    let fit = coming.iter_mut().zip(known).map(|(to, from)| *to = *from).count();
    let ratio = before.pitch.period / behind.pitch.period;
    let half = (behind.pitch.period / 2.0).floor();
    let mut trace = [0.0; TRACE];
    let trace = &mut trace[..2 * half as usize + fit];
    for (n, sample) in trace.iter_mut().enumerate() {
        let ahead = expected + ratio * (n as f32 - half);
        *sample = go_on(before.sound, before.pitch.period, ahead);
    }
    best_fit(&coming[..fit], trace, half)
}

/// How far from `middle` the place lies where `shape` resembles `trace` most, less what is not
/// expected.
fn best_fit(shape: &[f32], trace: &[f32], middle: f32) -> f32 {
    let mut fits = [0.0; SHIFTS];
    let shifts = trace.len() + 1 - shape.len();
    likenesses(shape, trace, &mut fits[..shifts]);
    let late = |shift: usize| shift as f32 - middle;
    let worth = |shift: usize| fits[shift] - EXPECTED * late(shift).abs() / middle;
    let worths = (0..shifts).map(|shift| (worth(shift), shift));
    let Some((_, best)) = worths.max_by(|a, b| a.0.total_cmp(&b.0)) else { return 0.0 };
    let between = match best.checked_sub(1).filter(|_| best + 1 < shifts) {
        Some(left) => top(fits[left], fits[best], fits[best + 1]),
        None => 0.0,
    };
    late(best) + between
}
