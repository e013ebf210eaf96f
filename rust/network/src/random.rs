//! Where chance comes from.

use crate::Share;

/// SplitMix64 (Steele, Lea and Flood 2014): a counter, and a mixing of its bits.
///
/// All that is drawn from it is made by additions, multiplications, divisions, square roots and
/// comparisons, which IEEE 754 gives one result each.
#[derive(Clone, Debug)]
pub struct Random(u64);

/// The odd number closest to 2⁶⁴ divided by the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// The sequence of numbers that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence for one purpose, so that what is drawn for one moves nothing of another.
    pub fn stream(seed: u64, purpose: u64) -> Self {
        let mut random = Self(seed ^ Self(purpose).bits());
        Self(random.bits())
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to below 1, in steps of 2⁻⁵³.
    pub const fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, share: Share) -> bool {
        self.uniform() < share.get()
    }

    /// An exponentially distributed number with mean 1, by von Neumann's comparison of uniform
    /// numbers (1951): the length of a falling run is odd with probability e⁻ˣ.
    pub fn exponential(&mut self) -> f64 {
        let mut whole = 0.0;
        loop {
            let first = self.uniform();
            if self.falls_oddly(first) {
                return whole + first;
            }
            whole += 1.0;
        }
    }

    fn falls_oddly(&mut self, first: f64) -> bool {
        let (mut last, mut odd) = (first, true);
        loop {
            let next = self.uniform();
            if next >= last {
                return odd;
            }
            (last, odd) = (next, !odd);
        }
    }

    /// A gamma distributed number with mean 1: the mean of `shape` exponential ones.
    pub fn gamma(&mut self, shape: u8) -> f64 {
        let shape = shape.max(1);
        (0..shape).map(|_| self.exponential()).sum::<f64>() / f64::from(shape)
    }

    /// A number with a heavy tail and mean 1: Lomax's distribution of shape 2, whose variance is
    /// infinite.
    pub fn heavy_tailed(&mut self) -> f64 {
        1.0 / (1.0 - self.uniform()).sqrt() - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that the algorithm's authors' code gives.
    #[test]
    fn the_bits_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        let bits: Vec<_> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(
            bits,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    fn mean_and_variance(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let drawn: Vec<_> = (0..200_000).map(|_| draw()).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        (mean, variance)
    }

    #[test]
    fn the_distributions_have_the_moments_of_their_names() {
        let mut random = Random::new(1);
        let (mean, variance) = mean_and_variance(|| random.uniform());
        assert!((mean - 0.5).abs() < 0.005 && (variance - 1.0 / 12.0).abs() < 0.001);
        let (mean, variance) = mean_and_variance(|| random.exponential());
        assert!((mean - 1.0).abs() < 0.01 && (variance - 1.0).abs() < 0.03);
        let (mean, variance) = mean_and_variance(|| random.gamma(4));
        assert!((mean - 1.0).abs() < 0.01 && (variance - 0.25).abs() < 0.01);
        let (mean, _) = mean_and_variance(|| random.heavy_tailed().min(1000.0));
        assert!((mean - 1.0).abs() < 0.05);
    }

    /// Of Lomax's distribution of shape 2, a share of 1/(1 + x)² lies above x.
    #[test]
    fn the_heavy_tail_is_as_heavy_as_it_is_said_to_be() {
        let mut random = Random::new(2);
        let above = (0..200_000).filter(|_| random.heavy_tailed() > 9.0).count();
        assert!((1_850..2_150).contains(&above), "{above}");
    }
}
