//! A tone, as a signal to people.

use std::f64::consts::{PI, TAU};
use std::time::Duration;

use crate::ClockRate;

/// A sine of `hertz` at `dbov` (0 is the loudest there is), that swells and fades so that it does
/// not click.
pub fn tone(rate: ClockRate, hertz: f64, length: Duration, dbov: f64) -> Vec<i16> {
    let samples = rate.samples_in(length);
    let ramp = rate.samples_in(RAMP).min(samples / 2).max(1) as f64;
    let peak = f64::from(i16::MAX) * 10f64.powf(dbov.min(0.0) / 20.0);
    (0..samples)
        .map(|n| {
            let edge = n.min(samples - 1 - n) as f64;
            let swell = 0.5 - 0.5 * (PI * (edge / ramp).min(1.0)).cos();
            let phase = TAU * hertz * n as f64 / f64::from(rate.hertz());
            (peak * swell * phase.sin()).round() as i16
        })
        .collect()
}

const RAMP: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_has_its_length_pitch_and_loudness_and_soft_ends() {
        let pcm = tone(ClockRate::Hz8000, 1000.0, Duration::from_millis(200), -20.0);
        assert_eq!(pcm.len(), 1600);
        assert_eq!(pcm.iter().max(), Some(&3277));
        let ups = pcm[80..1520].windows(2).filter(|it| it[0] < 0 && it[1] >= 0).count();
        assert!((179..=181).contains(&ups), "{ups} periods in 180 ms");
        assert!(pcm[..8].iter().chain(&pcm[1592..]).all(|it| it.unsigned_abs() < 100));
    }
}
