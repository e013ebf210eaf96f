//! One band's prediction and step size, which encoder and decoder adapt alike (ITU-T G.722
//! clauses 6.2.1.2 to 6.2.1.5 and 6.2.2.2 to 6.2.2.5).

use super::{quantizer, saturated};

/// What is the same for every sample of a band.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// The step size to begin with.
    step: i32,
    /// The largest logarithm of a step size.
    most: i32,
    /// What the logarithm's integral part is shifted against.
    shift: i32,
}

impl Scale {
    pub(super) const LOWER: Self = Self { step: 32, most: 18_432, shift: 8 };
    pub(super) const HIGHER: Self = Self { step: 8, most: 22_528, shift: 10 };

    /// SCALEL, SCALEH: the step size of a logarithm.
    const fn step(self, logarithm: i32) -> i32 {
        let fraction = POWERS[((logarithm >> 6) & 31) as usize];
        let shift = self.shift - (logarithm >> 11);
        (if shift < 0 { fraction << -shift } else { fraction >> shift }) << 2
    }
}

/// A band so far.
#[derive(Clone, Debug)]
pub(super) struct Band {
    scale: Scale,
    /// NB: the logarithm of the step size.
    logarithm: i32,
    /// DET: the step size.
    step: i32,
    /// S: what the next sample is expected to be.
    predicted: i32,
    /// SZ: the zeros' share of it.
    by_zeros: i32,
    /// RLT: the last two samples as both sides know them.
    samples: [i32; 2],
    /// PLT: the last two of what the zeros and the difference made.
    partial: [i32; 2],
    /// AL: of the two poles.
    poles: [i32; 2],
    /// BL: of the six zeros.
    zeros: [i16; 8],
    /// DLT: the last six differences.
    differences: [i16; 8],
}

impl Band {
    pub(super) const fn new(scale: Scale) -> Self {
        Self {
            scale,
            logarithm: 0,
            step: scale.step,
            predicted: 0,
            by_zeros: 0,
            samples: [0; 2],
            partial: [0; 2],
            poles: [0; 2],
            zeros: [0; 8],
            differences: [0; 8],
        }
    }

    pub(super) const fn predicted(&self) -> i32 {
        self.predicted
    }

    pub(super) const fn step(&self) -> i32 {
        self.step
    }

    /// Goes by the upper four of the lower band's six bits.
    pub(super) fn adapt_lower(&mut self, bits: u8) {
        let difference = quantizer::lower_value_of_four(bits, self.step);
        self.rescale(LOWER_GROWTH[usize::from(bits)]);
        self.predict(difference);
    }

    /// Goes by the higher band's two bits.
    pub(super) fn adapt_higher(&mut self, bits: u8) {
        let difference = quantizer::higher_value(bits, self.step);
        self.rescale(HIGHER_GROWTH[usize::from(bits)]);
        self.predict(difference);
    }

    /// LOGSCL, LOGSCH.
    fn rescale(&mut self, growth: i32) {
        self.logarithm = (((self.logarithm * 127) >> 7) + growth).clamp(0, self.scale.most);
        self.step = self.scale.step(self.logarithm);
    }

    fn predict(&mut self, difference: i32) {
        let sample = saturated(self.predicted + difference); // RECONS
        let partial = saturated(self.by_zeros + difference); // PARREC
        self.move_poles(partial);
        self.move_zeros(difference);
        self.samples = [sample, self.samples[0]];
        self.partial = [partial, self.partial[0]];
        self.by_zeros = self.sum_of_zeros();
        self.predicted = saturated(self.sum_of_poles() + self.by_zeros); // PREDIC
    }

    /// UPPOL2 and UPPOL1.
    fn move_poles(&mut self, partial: i32) {
        let [first, second] = self.poles;
        let [with_last, with_last_but_one] = self.partial.map(|it| (partial < 0) == (it < 0));
        let pull = if with_last { -saturated(first << 2) } else { saturated(first << 2) };
        let pull = saturated(pull) >> 7;
        let push = if with_last_but_one { 128 } else { -128 };
        let second = (push + pull + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let push = if with_last { 192 } else { -192 };
        let most = 15_360 - second;
        let first = saturated(push + ((first * 32_640) >> 15)).clamp(-most, most);
        self.poles = [first, second];
    }

    /// UPZERO and DELAYA.
    fn move_zeros(&mut self, difference: i32) {
        let difference = difference as i16;
        let push = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(self.differences) {
            let push = if (difference < 0) == (before < 0) { push } else { -push };
            let kept = ((i32::from(*zero) * 255) >> 8) as i16;
            *zero = kept.saturating_add(push);
        }
        let [a, b, c, d, e, ..] = self.differences;
        self.differences = [difference, a, b, c, d, e, 0, 0];
    }

    /// FILTEP.
    fn sum_of_poles(&self) -> i32 {
        let [first, second] = self.samples.map(|sample| saturated(2 * sample));
        saturated(((self.poles[0] * first) >> 15) + ((self.poles[1] * second) >> 15))
    }

    /// FILTEZ.
    fn sum_of_zeros(&self) -> i32 {
        let taps = self.zeros.iter().zip(&self.differences);
        let term = |(&zero, &before): (&i16, &i16)| {
            (i32::from(zero) * i32::from(before.saturating_mul(2))) >> 15
        };
        saturated(taps.map(term).sum())
    }
}

/// Table 15, column WL, by the four bits of table 16: how the logarithm of the step size grows.
const LOWER_GROWTH: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];

/// Table 21, column WH, by the two bits of table 20.
const HIGHER_GROWTH: [i32; 4] = [798, -214, 798, -214];

/// Table 18, column ILB: powers of two to 32 fractions.
const POWERS: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
