//! A polyphase filter: the whole run of outputs in one call, many outputs at a time.

use crate::dispatch::dispatched;

/// The coefficients of a conversion by `up / down`.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Phase after phase, each of `down` rows: every `down`-th tap, from the oldest sample's on.
    taps: Vec<f32>,
    length: usize,
    up: usize,
    down: usize,
}

impl Bank {
    /// A bank of `up` phases, each with its oldest sample's tap first.
    ///
    /// # Panics
    /// Where there are not `up` phases of one length, which `down` divides.
    pub fn new(phases: &[Vec<f32>], up: usize, down: usize) -> Self {
        assert!(up > 0 && down > 0 && phases.len() == up, "{up} phases are needed");
        let length = phases[0].len();
        assert!(length > 0 && length.is_multiple_of(down), "{length} taps are not rows of {down}");
        assert!(phases.iter().all(|phase| phase.len() == length), "phases differ in length");
        let row = |phase: &[f32], n| phase[n..].iter().copied().step_by(down).collect::<Vec<_>>();
        let rows = phases.iter().flat_map(|phase| (0..down).map(move |n| row(phase, n)));
        Self { taps: rows.flatten().collect(), length, up, down }
    }

    /// How many input samples an output is made of.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many outputs `input` samples give from `position` on.
    pub fn outputs(&self, input: usize, position: usize) -> usize {
        let windows = (input + 1).saturating_sub(self.length);
        (windows * self.up).saturating_sub(position).div_ceil(self.down)
    }

    /// The position that follows after `outputs` outputs from `position`.
    pub fn advance(&self, position: usize, outputs: usize) -> usize {
        position + outputs * self.down
    }

    /// Samples of room for the work that `input` samples make.
    pub fn room(&self, input: usize) -> usize {
        let dealt = self.down * (input.div_ceil(self.down) + LANES);
        // Where there is one plane, all samples are dealt once they are there.
        if self.down == 1 { dealt } else { 2 * dealt }
    }

    #[inline(always)]
    fn rows(&self, phase: usize) -> std::slice::ChunksExact<'_, f32> {
        self.taps[phase * self.length..][..self.length].chunks_exact(self.length / self.down)
    }
}

dispatched! {
    /// Fills `out`, whose length [`Bank::outputs`] told, with the outputs of `input` from `position`
    /// on, rounded to the nearest sample and clipped.
    ///
    /// A position counts outputs at the common multiple of both rates; the first window of `input`
    /// begins at zero. `room` is for the work and keeps its size from call to call.
    ///
    /// An output's terms are added up one by one, a row of taps after the other, so its bits do not
    /// depend on how many outputs a processor makes at a time.
    ///
    /// # Panics
    /// Where `out` is longer than [`Bank::outputs`] allows.
    pub fn filter(
        bank: &Bank, input: &[i16], position: usize, room: &mut Vec<f32>, out: &mut [i16],
    ) = filter_body
}

/// Outputs that are `up` apart have the same taps, and their windows lie `down` samples apart:
/// with every `down`-th sample side by side, one tap meets neighbours for many outputs.
#[inline(always)]
fn filter_body(bank: &Bank, input: &[i16], position: usize, room: &mut Vec<f32>, out: &mut [i16]) {
    assert!(out.len() <= bank.outputs(input.len(), position), "more outputs than input");
    room.resize(bank.room(input.len()), 0.0);
    let planes = Planes::deal(input, bank.down, room);
    for first in 0..bank.up.min(out.len()) {
        let place = position + first * bank.down;
        let filter = Filter { bank, planes, phase: place % bank.up, at: place / bank.up };
        filter.run(&mut out[first..]);
    }
}

/// The filter of every `up`-th output.
struct Filter<'a> {
    bank: &'a Bank,
    planes: Planes<'a>,
    phase: usize,
    /// Where the first output's window begins.
    at: usize,
}

impl Filter<'_> {
    #[inline(always)]
    fn run(&self, out: &mut [i16]) {
        let step = self.bank.up;
        let mut done = 0;
        let mut blocks = out.chunks_exact_mut(WHOLE * step);
        for out in &mut blocks {
            scatter(&self.sums::<BLOCK, WHOLE>(done), out, step);
            done += WHOLE;
        }
        for out in blocks.into_remainder().chunks_mut(LANES * step) {
            scatter(&self.sums::<1, LANES>(done), out, step);
            done += LANES;
        }
    }

    /// `WIDTH` outputs, `N` vectors of them, after the first `done`.
    #[inline(always)]
    fn sums<const N: usize, const WIDTH: usize>(&self, done: usize) -> [i16; WIDTH] {
        let mut sums = [[0.0; LANES]; N];
        for (n, taps) in self.bank.rows(self.phase).enumerate() {
            let samples = &self.planes.row(self.at + n)[done..];
            for (tap, samples) in taps.iter().zip(samples.windows(WIDTH)) {
                for (sums, samples) in sums.iter_mut().zip(samples.as_chunks::<LANES>().0) {
                    for lane in 0..LANES {
                        sums[lane] += samples[lane] * tap;
                    }
                }
            }
        }
        std::array::from_fn(|n| round(sums[n / LANES][n % LANES]))
    }
}

/// Puts `samples` where every `step`-th sample of `out` lies, as far as there are any.
#[inline(always)]
fn scatter(samples: &[i16], out: &mut [i16], step: usize) {
    let mut place = 0;
    for &sample in samples {
        let Some(out) = out.get_mut(place) else { return };
        *out = sample;
        place += step;
    }
}

/// Samples dealt out in turn to as many planes as there are samples between windows.
#[derive(Clone, Copy)]
struct Planes<'a> {
    /// Plane after plane, each with room behind it, so that the last windows may be read in full.
    samples: &'a [f32],
    planes: usize,
}

impl<'a> Planes<'a> {
    #[inline(always)]
    fn deal(input: &[i16], planes: usize, room: &'a mut [f32]) -> Self {
        let length = input.len().div_ceil(planes) + LANES;
        let (flat, dealt) = room.split_at_mut(planes * length);
        flat.iter_mut().zip(input).for_each(|(place, &sample)| *place = f32::from(sample));
        if planes == 1 {
            return Self { samples: flat, planes };
        }
        for (n, plane) in dealt.chunks_exact_mut(length).enumerate() {
            for (place, samples) in plane.iter_mut().zip(flat.chunks_exact(planes)) {
                *place = samples[n];
            }
        }
        Self { samples: dealt, planes }
    }

    /// Every `planes`-th sample from that at `at` on.
    #[inline(always)]
    fn row(&self, at: usize) -> &[f32] {
        let length = self.samples.len() / self.planes;
        &self.samples[at % self.planes * length..][at / self.planes..length]
    }
}

/// Outputs of one vector.
const LANES: usize = 8;

/// Vectors of outputs made at once: enough that none waits for its last sum, few enough for the
/// registers.
const BLOCK: usize = 5;

/// Outputs of a block.
const WHOLE: usize = BLOCK * LANES;

/// To the nearest, ties to even. Adding 1.5 · 2²³ leaves no room for a fraction, and puts the number
/// into the lowest bits as it stands: so no instruction is needed that older processors lack.
#[inline(always)]
fn round(value: f32) -> i16 {
    const NO_FRACTION: f32 = 12_582_912.0;
    let clipped = value.clamp(f32::from(i16::MIN), f32::from(i16::MAX));
    (clipped + NO_FRACTION).to_bits() as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: one output after the other, a row of taps after the other.
    fn by_definition(bank: &Bank, input: &[i16], position: usize, out: &mut [i16]) {
        for (n, out) in out.iter_mut().enumerate() {
            let place = position + n * bank.down;
            let mut sum = 0.0;
            for (row, taps) in bank.rows(place % bank.up).enumerate() {
                let samples = input[place / bank.up + row..].iter().step_by(bank.down);
                sum = taps.iter().zip(samples).fold(sum, |sum, (tap, &s)| sum + f32::from(s) * tap);
            }
            *out = round(sum);
        }
    }

    #[test]
    fn samples_are_rounded_to_the_nearest_and_clipped() {
        let rounded = [0.49, 0.51, -0.51, 1.5, 2.5, 40_000.0, -40_000.0].map(round);
        assert_eq!(rounded, [0, 1, -1, 2, 2, i16::MAX, i16::MIN]);
    }

    proptest! {
        #[test]
        fn all_builds_agree_to_the_bit(
            input in proptest::collection::vec(any::<i16>(), 60..400),
            taps in proptest::collection::vec(-1.0f32..1.0, 60 * 6),
            up in 1usize..7,
            down in 1usize..7,
            position in 0usize..7,
            left_over in proptest::collection::vec(any::<f32>(), 0..500),
        ) {
            let phases: Vec<Vec<f32>> = taps.chunks(60).take(up).map(<[f32]>::to_vec).collect();
            let bank = Bank::new(&phases, up, down);
            let outputs = bank.outputs(input.len(), position);
            let (mut wide, mut scalar, mut plain) =
                (vec![0; outputs], vec![0; outputs], vec![0; outputs]);
            filter(&bank, &input, position, &mut left_over.clone(), &mut wide);
            filter_body(&bank, &input, position, &mut left_over.clone(), &mut scalar);
            by_definition(&bank, &input, position, &mut plain);
            prop_assert_eq!(&wide, &plain);
            prop_assert_eq!(&scalar, &plain);
        }
    }
}
