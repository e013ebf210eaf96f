//! Noise of a given loudness and colour.

use super::dice::Dice;
use super::lpc::{self, Lattice, Reflection, STABLE};

/// Makes noise, the same every time.
#[derive(Clone, Debug)]
pub(crate) struct ShapedNoise {
    shape: Reflection,
    /// The amplitude of the white noise that is shaped.
    amplitude: f32,
    dice: Dice,
    lattice: Lattice,
}

impl ShapedNoise {
    /// Silence, until it is told more.
    pub(crate) fn new() -> Self {
        Self {
            shape: Reflection::default(),
            amplitude: 0.0,
            dice: Dice::new(),
            lattice: Lattice::default(),
        }
    }

    /// Goes on as noise of the mean square `power` and the colour that `shape` gives it.
    pub(crate) fn become_like(&mut self, power: f32, shape: Reflection) {
        self.shape = shape;
        self.amplitude = (3.0 * power * lpc::residue(&shape)).sqrt();
    }

    /// The same with the mean square `power` and these reflection coefficients, however many.
    pub(crate) fn obey(&mut self, power: f32, coefficients: &[f32]) {
        let stable = |n: usize| coefficients.get(n).map_or(0.0, |k| k.clamp(-STABLE, STABLE));
        self.become_like(power, std::array::from_fn(stable));
    }

    /// The next sample.
    pub(crate) fn next(&mut self) -> f32 {
        self.lattice.filter(&self.shape, self.dice.throw() * self.amplitude)
    }
}
