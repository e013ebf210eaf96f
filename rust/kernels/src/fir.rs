//! A polyphase filter: the whole run of outputs in one call, so that neighbours overlap in the
//! processor's pipeline.

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

/// Fills `out`, whose length [`Bank::outputs`] told, with the outputs of `input` from `position`
/// on, rounded to the nearest sample and clipped.
///
/// A position counts outputs at the common multiple of both rates; the first window of `input`
/// begins at zero.
///
/// # Panics
/// Where `out` is longer than [`Bank::outputs`] allows.
#[inline]
pub fn filter(bank: &Bank, input: &[f32], position: usize, out: &mut [i16]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `wide::filter` asks for AVX2 alone, and this processor was just seen to have it.
        return unsafe { wide::filter(bank, input, position, out) };
    }
    run(bank, input, position, out, dot);
}

#[inline(always)]
fn run(
    bank: &Bank,
    input: &[f32],
    position: usize,
    out: &mut [i16],
    dot: impl Fn(&[f32], &[f32]) -> f32,
) {
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
    let eight: [f32; 8] = std::array::from_fn(|n| lanes[n] + lanes[n + 8]);
    let four: [f32; 4] = std::array::from_fn(|n| eight[n] + eight[n + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The same, spelled out: left to itself, the compiler sums two lanes at a time.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::{Bank, LANES, run};

    #[target_feature(enable = "avx2")]
    pub(super) fn filter(bank: &Bank, input: &[f32], position: usize, out: &mut [i16]) {
        run(bank, input, position, out, |window, taps| dot(window, taps));
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn dot(window: &[f32], taps: &[f32]) -> f32 {
        let (mut low, mut high) = (_mm256_setzero_ps(), _mm256_setzero_ps());
        let chunks = window.as_chunks::<LANES>().0.iter().zip(taps.as_chunks::<LANES>().0);
        for (samples, taps) in chunks {
            let ([a, b], [c, d]) = (halves(samples), halves(taps));
            low = _mm256_add_ps(low, _mm256_mul_ps(a, c));
            high = _mm256_add_ps(high, _mm256_mul_ps(b, d));
        }
        let eight = _mm256_add_ps(low, high);
        let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn halves(chunk: &[f32; LANES]) -> [__m256; 2] {
        // SAFETY: a chunk holds two vectors of eight, and unaligned loads are asked for.
        unsafe { [_mm256_loadu_ps(chunk.as_ptr()), _mm256_loadu_ps(chunk.as_ptr().add(8))] }
    }
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
            run(&bank, &input, position, &mut scalar, dot);
            prop_assert_eq!(wide, scalar);
        }
    }
}
