//! A polyphase filter: the whole run of outputs in one call, so that neighbours overlap in the
//! processor's pipeline.

use crate::dispatch::dispatched;

/// Sums are kept in this many lanes, whatever the vector unit's width, and added up in one order:
/// so the result does not depend on the processor.
pub const LANES: usize = 16;

/// The coefficients of a conversion by `up / down`.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Phase after phase, each of `length`, oldest sample's first.
    taps: Vec<f32>,
    length: usize,
    up: usize,
    down: usize,
}

impl Bank {
    /// A bank of `up` phases, each filled up with zeros in front to a multiple of [`LANES`].
    ///
    /// # Panics
    /// Where there are not `up` phases of one length, or `up` or `down` is zero.
    pub fn new(phases: &[Vec<f32>], up: usize, down: usize) -> Self {
        assert!(up > 0 && down > 0 && phases.len() == up, "{up} phases are needed");
        let longest = phases[0].len();
        assert!(phases.iter().all(|phase| phase.len() == longest), "phases differ in length");
        let length = longest.next_multiple_of(LANES).max(LANES);
        let padding = std::iter::repeat_n(0.0, length - longest);
        let padded = |phase: &Vec<f32>| padding.clone().chain(phase.iter().copied()).collect();
        let taps = phases.iter().flat_map(|phase| -> Vec<f32> { padded(phase) }).collect();
        Self { taps, length, up, down }
    }

    /// How many input samples an output is made of.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many outputs `input` gives from `position` on.
    pub fn outputs(&self, input: usize, position: usize) -> usize {
        let windows = (input + 1).saturating_sub(self.length);
        (windows * self.up).saturating_sub(position).div_ceil(self.down)
    }

    /// The position that follows after `outputs` outputs from `position`.
    pub fn advance(&self, position: usize, outputs: usize) -> usize {
        position + outputs * self.down
    }
}

dispatched! {
    /// Fills `out`, whose length [`Bank::outputs`] told, with the outputs of `input` from
    /// `position` on, rounded to the nearest sample and clipped.
    ///
    /// A position counts outputs at the common multiple of both rates; the first window of
    /// `input` begins at zero.
    ///
    /// # Panics
    /// Where `out` is longer than [`Bank::outputs`] allows.
    pub fn filter(bank: &Bank, input: &[f32], position: usize, out: &mut [i16]) = filter_body
}

#[inline(always)]
fn filter_body(bank: &Bank, input: &[f32], position: usize, out: &mut [i16]) {
    let (mut at, mut phase) = (position / bank.up, position % bank.up);
    for sample in out {
        let window = &input[at..at + bank.length];
        let taps = &bank.taps[phase * bank.length..(phase + 1) * bank.length];
        *sample = round(dot(window, taps));
        phase += bank.down;
        while phase >= bank.up {
            phase -= bank.up;
            at += 1;
        }
    }
}

#[inline(always)]
fn dot(window: &[f32], taps: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (samples, taps) in window.as_chunks::<LANES>().0.iter().zip(taps.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            lanes[lane] += samples[lane] * taps[lane];
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// To the nearest, ties to even. Adding and taking away 1.5 · 2²³ leaves no room for a fraction,
/// and unlike `round` it needs no instruction that older processors lack.
#[inline(always)]
fn round(value: f32) -> i16 {
    const NO_FRACTION: f32 = 12_582_912.0;
    let clipped = value.clamp(f32::from(i16::MIN), f32::from(i16::MAX));
    ((clipped + NO_FRACTION) - NO_FRACTION) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn samples_are_rounded_to_the_nearest_and_clipped() {
        let rounded = [0.49, 0.51, -0.51, 1.5, 2.5, 40_000.0, -40_000.0].map(round);
        assert_eq!(rounded, [0, 1, -1, 2, 2, i16::MAX, i16::MIN]);
    }

    proptest! {
        #[test]
        fn both_builds_agree_to_the_bit(
            input in proptest::collection::vec(-32_768.0f32..32_767.0, 40..200),
            phases in proptest::collection::vec(proptest::collection::vec(-1.0f32..1.0, 20), 3),
            down in 1usize..4,
            position in 0usize..3,
        ) {
            let bank = Bank::new(&phases, 3, down);
            let outputs = bank.outputs(input.len(), position);
            let (mut wide, mut scalar) = (vec![0; outputs], vec![0; outputs]);
            filter(&bank, &input, position, &mut wide);
            filter_body(&bank, &input, position, &mut scalar);
            prop_assert_eq!(wide, scalar);
        }
    }
}
