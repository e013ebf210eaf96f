//! The spectrum of a sound as a filter that would make it of white noise.

use fourwire_kernels::correlation::product;

/// Coefficients of a filter: enough for the shape of a noise, or of a vowel at 8 kHz.
pub(crate) const ORDER: usize = 10;

/// How much a sound resembles itself: [`ORDER`] lags and, at first, its energy.
pub(crate) type Autocorrelation = [f32; ORDER + 1];

/// The reflection coefficients of a lattice filter; it is stable where all are below one.
pub(crate) type Reflection = [f32; ORDER];

/// The autocorrelation of `sound`.
pub(crate) fn autocorrelation(sound: &[i16]) -> Autocorrelation {
    std::array::from_fn(|lag| product(sound.get(lag..).unwrap_or_default(), sound) as f32)
}

/// The filter that makes noise of that autocorrelation, by the recursion of Levinson and Durbin.
/// Silence has none.
pub(crate) fn reflection(autocorrelation: &Autocorrelation) -> Reflection {
    let (mut reflection, mut predictor) = ([0.0; ORDER], [0.0; ORDER]);
    let mut error = autocorrelation[0] * CORRECTION;
    if error <= 0.0 {
        return reflection;
    }
    for order in 0..ORDER {
        let known = predictor[..order].iter().zip(autocorrelation[1..=order].iter().rev());
        let explained: f32 = known.map(|(a, r)| a * r).sum();
        let k = ((explained - autocorrelation[order + 1]) / error).clamp(-STABLE, STABLE);
        let before = predictor;
        for n in 0..order {
            predictor[n] = before[n] + k * before[order - 1 - n];
        }
        predictor[order] = -k;
        reflection[order] = k;
        error *= 1.0 - k * k;
    }
    reflection
}

/// The part of a noise's power that its filter does not add.
pub(crate) fn residue(reflection: &Reflection) -> f32 {
    reflection.iter().map(|k| 1.0 - k * k).product()
}

/// White noise 40 dB below the sound, which keeps the recursion well-conditioned.
const CORRECTION: f32 = 1.0001;

/// The farthest that a coefficient may go: a filter nearer to one would ring for long.
pub(crate) const STABLE: f32 = 0.99;

/// A lattice filter of poles alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lattice {
    backward: Reflection,
}

impl Lattice {
    /// The next sample, of the next sample of white noise.
    pub(crate) fn filter(&mut self, reflection: &Reflection, white: f32) -> f32 {
        let mut forward = white;
        for order in (0..ORDER).rev() {
            forward -= reflection[order] * self.backward[order];
            let passed = self.backward[order] + reflection[order] * forward;
            if let Some(next) = self.backward.get_mut(order + 1) {
                *next = passed;
            }
        }
        self.backward[0] = forward;
        forward
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::dice::Dice;
    use proptest::prelude::*;

    fn noise(reflection: &Reflection, samples: usize) -> Vec<i16> {
        let (mut dice, mut lattice) = (Dice::new(), Lattice::default());
        (0..samples).map(|_| lattice.filter(reflection, dice.throw() * 3000.0) as i16).collect()
    }

    #[test]
    fn a_filter_is_found_again_in_the_noise_it_made() {
        let made_by = [-0.8, 0.5, -0.2, 0.1, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0];
        let found = reflection(&autocorrelation(&noise(&made_by, 100_000)));
        for (made, found) in made_by.iter().zip(found) {
            assert!((made - found).abs() < 0.02, "{made} was taken for {found}");
        }
    }

    #[test]
    fn what_the_filter_adds_is_known() {
        let shape = [-0.8, 0.5, -0.2, 0.1, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0];
        let power = |sound: &[i16]| autocorrelation(sound)[0] / sound.len() as f32;
        let gain = power(&noise(&shape, 100_000)) / power(&noise(&[0.0; ORDER], 100_000));
        assert!((gain * residue(&shape) - 1.0).abs() < 0.05);
    }

    #[test]
    fn silence_has_no_shape() {
        assert_eq!(reflection(&autocorrelation(&[0; 160])), [0.0; ORDER]);
        assert_eq!(autocorrelation(&[]), [0.0; ORDER + 1]);
    }

    proptest! {
        #[test]
        fn every_filter_is_stable(sound in proptest::collection::vec(any::<i16>(), 0..200)) {
            let reflection = reflection(&autocorrelation(&sound));
            prop_assert!(reflection.iter().all(|k| k.abs() <= STABLE));
            let (mut dice, mut lattice) = (Dice::new(), Lattice::default());
            let mut noise = (0..1000).map(|_| lattice.filter(&reflection, dice.throw()));
            prop_assert!(noise.all(|sample| sample.abs() < 1e12));
        }
    }
}
