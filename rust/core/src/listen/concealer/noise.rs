//! The noise of a line when nobody speaks on it.

use crate::ClockRate;
use crate::sound::level;
use crate::sound::lpc::{self, Autocorrelation, ORDER};
use crate::sound::shaped_noise::ShapedNoise;
use crate::wire::ComfortNoise;

/// Follows how quiet a line gets and how that sounds, and makes noise like it.
#[derive(Clone, Debug)]
pub(super) struct Background {
    /// Mean square of the quietest stretch lately; `None` before anything was heard.
    floor: Option<f32>,
    /// How much the floor rises with every sample.
    rise: f32,
    /// How stretches near the floor resemble themselves, each sample's share.
    resemblance: Autocorrelation,
    /// What the other side says it sounds like, which is believed.
    told: Option<ComfortNoise>,
    noise: ShapedNoise,
    /// The noise does not know yet what was heard or told last.
    changed: bool,
}

/// The loudest background that is imitated: −45 dBov. What stays louder than this is speech or
/// music, and should not be answered by hiss.
const LOUDEST: f32 = 34_000.0;

/// The loudest that is believed: −30 dBov. Some tell of full scale when they mean nothing.
const LOUDEST_TOLD: f32 = 1_073_742.0;

/// Where a floor that was digital silence begins to rise: from nothing it never would.
const FAINTEST: f32 = 1.0;

/// How fast the floor is forgotten: about 6 dB in ten seconds.
const RISE_A_SECOND: f32 = 0.14;

/// How much louder than the floor a stretch may be and still tell of the background: 3 dB.
const NEAR: f32 = 2.0;

/// How much of what is known of the colour gives way to the next stretch.
const SHARE: f32 = 0.2;

impl Background {
    pub(super) fn new(rate: ClockRate) -> Self {
        Self {
            floor: None,
            rise: RISE_A_SECOND / rate.hertz() as f32,
            resemblance: [0.0; ORDER + 1],
            told: None,
            noise: ShapedNoise::new(),
            changed: false,
        }
    }

    pub(super) fn hear(&mut self, pcm: &[i16]) {
        if pcm.is_empty() {
            return;
        }
        let power = level::power(pcm) as f32;
        let floor = self.floor.unwrap_or(power);
        let floor = power.min(floor.max(FAINTEST) * (1.0 + self.rise * pcm.len() as f32));
        self.floor = Some(floor);
        self.changed = true;
        if power <= floor * NEAR && power <= LOUDEST {
            self.listen_closely(pcm);
        }
    }

    fn listen_closely(&mut self, pcm: &[i16]) {
        for (known, heard) in self.resemblance.iter_mut().zip(lpc::autocorrelation(pcm)) {
            *known += SHARE * (heard / pcm.len() as f32 - *known);
        }
    }

    /// The next sample of noise.
    pub(super) fn next(&mut self) -> f32 {
        if std::mem::take(&mut self.changed) {
            self.change();
        }
        self.noise.next()
    }

    /// Believes what is told of the noise, or nothing any more.
    pub(super) fn believe(&mut self, told: Option<ComfortNoise>) {
        self.changed |= told != self.told;
        self.told = told;
    }

    pub(super) fn is_told(&self) -> bool {
        self.told.is_some()
    }

    fn change(&mut self) {
        match &self.told {
            Some(told) => {
                let power = level::power_of(told.level_dbov()).min(LOUDEST_TOLD);
                self.noise.obey(power, told.coefficients());
            }
            None => {
                let power = self.floor.unwrap_or(0.0).min(LOUDEST);
                self.noise.become_like(power, lpc::reflection(&self.resemblance));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise_after(heard: &[&[i16]]) -> Vec<i16> {
        let mut background = Background::new(ClockRate::Hz8000);
        heard.iter().for_each(|pcm| background.hear(pcm));
        (0..8000).map(|_| background.next() as i16).collect()
    }

    fn white(amplitude: f32) -> Vec<i16> {
        let mut noise = ShapedNoise::new();
        noise.become_like(amplitude * amplitude, [0.0; ORDER]);
        (0..160).map(|_| noise.next() as i16).collect()
    }

    #[test]
    fn noise_is_as_loud_as_the_line_was_at_its_quietest() {
        let quiet = white(50.0);
        let noise = noise_after(&[&[3000; 160], &quiet[..], &[3000; 160]]);
        assert!((level::dbov(&noise) - level::dbov(&quiet)).abs() < 1.0);
    }

    #[test]
    fn a_moment_of_digital_silence_is_forgotten_too() {
        let quiet = white(50.0);
        let minute_and_more = vec![&quiet[..]; 3500];
        let noise = noise_after(&[&[&[0; 160][..]], &minute_and_more[..]].concat());
        assert!((level::dbov(&noise) - level::dbov(&quiet)).abs() < 1.0);
    }

    #[test]
    fn noise_has_the_colour_of_the_line() {
        let hum: Vec<i16> = (0..160).map(|n| ((n as f32 * 0.3).sin() * 60.0) as i16).collect();
        let similarity = |pcm: &[i16]| {
            let like = lpc::autocorrelation(pcm);
            like[1] / like[0]
        };
        assert!(similarity(&noise_after(&[&hum[..]; 20])) > 0.8);
        assert!(similarity(&noise_after(&[&white(60.0)[..]])).abs() < 0.2);
    }

    #[test]
    fn a_line_that_was_never_quiet_is_not_answered_by_loud_hiss() {
        assert!(level::dbov(&noise_after(&[&[20_000; 160]])) < -44.0);
    }

    #[test]
    fn what_is_told_is_believed_until_it_is_told_no_more() {
        let mut background = Background::new(ClockRate::Hz8000);
        background.hear(&white(20.0));
        let mut loudness = |told: Option<ComfortNoise>| {
            background.believe(told);
            level::dbov(&(0..8000).map(|_| background.next() as i16).collect::<Vec<_>>())
        };
        let own = loudness(None);
        for (told, expected) in [(-40, -40.0), (-55, -55.0), (0, -30.0)] {
            let noise = ComfortNoise::white(told).coloured(&[-0.7, 0.3]);
            assert!((loudness(Some(noise)) - expected).abs() < 1.0, "told {told}");
        }
        assert!((loudness(None) - own).abs() < 1.0);
    }

    #[test]
    fn silence_stays_silent() {
        assert_eq!(noise_after(&[&[0; 160]]), [0; 8000]);
    }
}
