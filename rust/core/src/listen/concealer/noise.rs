//! The noise of a line when nobody speaks on it.

use crate::ClockRate;
use crate::sound::level;

/// Follows how quiet a line gets, and makes noise as loud.
#[derive(Clone, Debug)]
pub(super) struct Background {
    /// Mean square of the quietest stretch lately; `None` before anything was heard.
    floor: Option<f32>,
    /// How much the floor rises with every sample.
    rise: f32,
    dice: u32,
}

/// The loudest background that is imitated: −45 dBov. What stays louder than this is speech or
/// music, and should not be answered by hiss.
const LOUDEST: f32 = 34_000.0;

/// How fast the floor is forgotten: about 6 dB in ten seconds.
const RISE_A_SECOND: f32 = 0.14;

impl Background {
    pub(super) fn new(rate: ClockRate) -> Self {
        Self { floor: None, rise: RISE_A_SECOND / rate.hertz() as f32, dice: 0x2545_F491 }
    }

    pub(super) fn hear(&mut self, pcm: &[i16]) {
        if pcm.is_empty() {
            return;
        }
        let power = level::power(pcm) as f32;
        let floor = self.floor.unwrap_or(power);
        self.floor = Some(power.min(floor * (1.0 + self.rise * pcm.len() as f32)));
    }

    /// The next sample of noise. No randomness is asked for, so a call sounds the same every time.
    pub(super) fn next(&mut self) -> f32 {
        let power = self.floor.unwrap_or(0.0).min(LOUDEST);
        if power == 0.0 {
            return 0.0;
        }
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 17;
        self.dice ^= self.dice << 5;
        let even = self.dice as f32 / (1u64 << 31) as f32 - 1.0;
        even * (3.0 * power).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudness(background: &mut Background) -> f64 {
        let pcm: Vec<i16> = (0..8000).map(|_| background.next() as i16).collect();
        level::dbov(&pcm)
    }

    #[test]
    fn noise_is_as_loud_as_the_line_was_at_its_quietest() {
        let mut background = Background::new(ClockRate::Hz8000);
        background.hear(&[3000; 160]);
        background.hear(&[50; 160]);
        background.hear(&[3000; 160]);
        let expected = level::dbov(&[50; 160]);
        assert!((loudness(&mut background) - expected).abs() < 1.0);
    }

    #[test]
    fn a_line_that_was_never_quiet_is_not_answered_by_loud_hiss() {
        let mut background = Background::new(ClockRate::Hz8000);
        background.hear(&[20_000; 160]);
        assert!(loudness(&mut background) < -44.0);
    }

    #[test]
    fn silence_stays_silent() {
        let mut background = Background::new(ClockRate::Hz8000);
        background.hear(&[0; 160]);
        assert_eq!(background.next(), 0.0);
    }
}
