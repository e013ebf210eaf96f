//! How loud samples are.

use std::ops::AddAssign;

use fourwire_kernels::level;

/// How loud a run of samples is, found in one look at them.
///
/// ```
/// use fourwire::sound::level::Levels;
///
/// let mut levels = Levels::of(&[i16::MIN; 160]);
/// assert_eq!((levels.dbov(), levels.rms(), levels.clipped()), (0.0, 32_768.0, 160));
/// levels += Levels::of(&[0; 160]);
/// assert_eq!(levels.peak(), 32_768);
/// assert!((levels.dbov() + 3.01).abs() < 0.01);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    samples: u64,
    level: level::Level,
}

impl Levels {
    /// The levels of `pcm`.
    pub fn of(pcm: &[i16]) -> Self {
        Self { samples: pcm.len() as u64, level: level::measure(pcm, CLIPPING) }
    }

    /// How many samples there are.
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// The largest magnitude, up to 32 768.
    pub const fn peak(&self) -> u16 {
        self.level.peak
    }

    /// How many samples reach [`CLIPPING`], and so were probably louder once.
    pub const fn clipped(&self) -> u64 {
        self.level.at_limit
    }

    /// The mean square; zero of no samples.
    pub fn power(&self) -> f64 {
        self.level.energy as f64 / self.samples.max(1) as f64
    }

    /// The root of the mean square, up to 32 768.
    pub fn rms(&self) -> f64 {
        self.power().sqrt()
    }

    /// The power in dBov: relative to a square wave at full scale, which is 0 (RFC 6465 §3.1 uses
    /// this measure with its sign dropped). Silence, and no samples at all, give [`SILENCE`].
    pub fn dbov(&self) -> f64 {
        (10.0 * (self.power() / (1u64 << 30) as f64).log10()).max(SILENCE)
    }

    /// Whether the power is below `dbov`; that of no samples is below everything but [`SILENCE`].
    pub fn is_below(&self, dbov: f64) -> bool {
        self.dbov() < dbov
    }
}

/// The levels of both runs taken as one.
impl AddAssign for Levels {
    fn add_assign(&mut self, other: Self) {
        self.samples += other.samples;
        self.level.peak = self.level.peak.max(other.level.peak);
        self.level.energy += other.level.energy;
        self.level.at_limit += other.level.at_limit;
    }
}

/// The largest magnitude in `pcm`, up to 32 768.
pub fn peak(pcm: &[i16]) -> u16 {
    Levels::of(pcm).peak()
}

/// The power of `pcm` in dBov, as [`Levels::dbov`].
pub fn dbov(pcm: &[i16]) -> f64 {
    Levels::of(pcm).dbov()
}

/// The mean square of `pcm`; zero of no samples.
pub fn power(pcm: &[i16]) -> f64 {
    Levels::of(pcm).power()
}

/// The mean square of what has that level.
pub(crate) fn power_of(dbov: i8) -> f32 {
    let full_scale = (1u64 << 30) as f64;
    (full_scale * TENTH_OF_A_BEL.powi(i32::from(dbov))) as f32
}

/// The ratio of powers that a decibel is.
const TENTH_OF_A_BEL: f64 = 1.258_925_411_794_167_2;

/// The level of digital silence: a bit below the quietest sample there is (RFC 6465 §3.1).
pub const SILENCE: f64 = -127.0;

/// A level in dBov below which a telephone line counts as silent: above its hiss and the noise of
/// companding it, far below speech (which lies about −26, ITU-T P.56).
pub const QUIET: f64 = -60.0;

/// The magnitude from which a sample counts as clipped: that of the loudest µ-law code (ITU-T G.711
/// table 2a). A-law reaches a little higher, and linear samples do by a fifth of a decibel.
pub const CLIPPING: u16 = 32_124;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Law;
    use crate::sound::g711;

    #[test]
    fn a_sine_at_full_scale_is_three_decibels_below_a_square() {
        let sine: Vec<i16> =
            (0..8000).map(|n| (f64::from(n) * 0.785).sin() * 32_767.0).map(|s| s as i16).collect();
        assert!((dbov(&sine) + 3.01).abs() < 0.05, "{}", dbov(&sine));
    }

    #[test]
    fn nothing_is_silent() {
        let levels = Levels::of(&[]);
        assert_eq!(
            (levels.dbov(), levels.rms(), levels.peak(), levels.clipped()),
            (SILENCE, 0.0, 0, 0)
        );
    }

    #[test]
    fn what_either_law_clips_is_clipped_at_both_ends() {
        for law in [Law::Mu, Law::A] {
            let mut codes = Vec::new();
            g711::encode_into(law, &[i16::MIN, 0, i16::MAX, 30_000], &mut codes);
            let mut heard = Vec::new();
            g711::decode_into(law, &codes, &mut heard);
            assert_eq!(Levels::of(&heard).clipped(), 2, "{law:?}");
        }
        assert_eq!(Levels::of(&[i16::MIN, 0, i16::MAX, 5]).clipped(), 2);
    }

    #[test]
    fn levels_of_pieces_add_up_to_those_of_the_whole() {
        let pcm: Vec<i16> = (0..1000).map(|n| (n * 31 % 2000 - 1000) as i16).collect();
        let mut sum = Levels::default();
        pcm.chunks(170).for_each(|piece| sum += Levels::of(piece));
        assert_eq!(sum, Levels::of(&pcm));
    }
}
