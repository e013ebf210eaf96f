//! How loud samples are.

use fourwire_kernels::level;

/// The largest magnitude in `pcm`, up to 32 768.
pub fn peak(pcm: &[i16]) -> u16 {
    level::peak(pcm)
}

/// The power of `pcm` in dBov: relative to a square wave at full scale, which is 0 (RFC 6465 §3.1
/// uses this measure with its sign dropped). Silence, and no samples at all, give [`SILENCE`].
///
/// ```
/// use fourwire::sound::level;
/// assert_eq!(level::dbov(&[i16::MIN; 160]), 0.0);
/// assert_eq!(level::dbov(&[0; 160]), level::SILENCE);
/// ```
pub fn dbov(pcm: &[i16]) -> f64 {
    (10.0 * (power(pcm) / (1u64 << 30) as f64).log10()).max(SILENCE)
}

/// The mean square of `pcm`; zero of no samples.
pub fn power(pcm: &[i16]) -> f64 {
    level::energy(pcm) as f64 / pcm.len().max(1) as f64
}

/// The level of digital silence: a bit below the quietest sample there is (RFC 6465 §3.1).
pub const SILENCE: f64 = -127.0;

/// How many samples are as loud as can be, and so were probably louder.
pub fn clipped(pcm: &[i16]) -> usize {
    pcm.iter().filter(|&&sample| sample == i16::MAX || sample == i16::MIN).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_at_full_scale_is_three_decibels_below_a_square() {
        let sine: Vec<i16> =
            (0..8000).map(|n| (f64::from(n) * 0.785).sin() * 32_767.0).map(|s| s as i16).collect();
        assert!((dbov(&sine) + 3.01).abs() < 0.05, "{}", dbov(&sine));
    }

    #[test]
    fn nothing_is_silent() {
        assert_eq!((dbov(&[]), peak(&[]), clipped(&[])), (SILENCE, 0, 0));
    }

    #[test]
    fn clipping_is_counted_at_both_ends() {
        assert_eq!(clipped(&[i16::MIN, 0, i16::MAX, 5]), 2);
    }
}
