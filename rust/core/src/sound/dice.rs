//! Noise that nobody can tell from chance.

/// The same even noise every time, so that a call sounds the same every time: Marsaglia's xorshift
/// of 32 bits.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u32);

impl Dice {
    /// Its first throw is always the same.
    pub(crate) const fn new() -> Self {
        Self(0x2545_F491)
    }

    /// The next throw, from −1 to 1, and in the long run of a mean square of a third.
    pub(crate) fn throw(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / (1u32 << 31) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_are_even() {
        let mut dice = Dice::new();
        let throws: Vec<f32> = (0..100_000).map(|_| dice.throw()).collect();
        let mean = |of: &dyn Fn(f32) -> f32| throws.iter().map(|&it| of(it)).sum::<f32>() / 1e5;
        assert!(mean(&|it| it).abs() < 0.01);
        assert!((mean(&|it| it * it) - 1.0 / 3.0).abs() < 0.01);
        assert!(throws.iter().all(|it| it.abs() <= 1.0));
    }
}
