//! Sounds of a telephone line, made up and the same every time.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::f64::consts::TAU;

/// Numbers that look random (Knuth's MMIX generator).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.unit()
    }
}

/// A vowel: pulses at a pitch that falls a little, through three formants, swelling and fading.
pub(crate) fn vowel(rate: f64, seconds: f64, level_dbov: f64, dice: &mut Dice) -> Vec<f64> {
    let pitch = dice.between(90.0, 240.0);
    let formants =
        [dice.between(300.0, 750.0), dice.between(950.0, 1900.0), dice.between(2300.0, 2900.0)];
    let mut filters = formants.map(|hertz| Resonator::new(hertz, 80.0 + hertz / 25.0, rate));
    let length = (seconds * rate) as usize;
    let mut phase = 0.0;
    let mut sound: Vec<f64> = (0..length)
        .map(|n| {
            let part = n as f64 / length as f64;
            phase += pitch * (1.1 - 0.2 * part) * (1.0 + 0.01 * (dice.unit() - 0.5)) / rate;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 } + 0.1 * (dice.unit() - 0.5);
            phase = phase.fract();
            let swell = (n as f64 / (0.015 * rate)).min(1.0).min((1.0 - part) * 6.0);
            filters
                .iter_mut()
                .enumerate()
                .map(|(at, it)| it.pass(pulse) / (at + 1) as f64)
                .sum::<f64>()
                * swell
        })
        .collect();
    scale(&mut sound, level_dbov);
    sound
}

/// Words: vowels of different length with short closures between, behind each a gap.
pub(crate) fn speech(rate: f64, seconds: f64, level_dbov: f64, dice: &mut Dice) -> Vec<f64> {
    let mut sound = Vec::new();
    while sound.len() < (seconds * rate) as usize {
        let length = dice.between(0.12, 0.35);
        sound.extend(vowel(rate, length, level_dbov, dice));
        sound.extend(silence(rate, dice.between(0.03, 0.12)));
    }
    sound.truncate((seconds * rate) as usize);
    sound
}

pub(crate) fn silence(rate: f64, seconds: f64) -> Vec<f64> {
    vec![0.0; (seconds * rate) as usize]
}

pub(crate) fn noise(rate: f64, seconds: f64, level_dbov: f64, dice: &mut Dice) -> Vec<f64> {
    let mut sound: Vec<f64> =
        (0..(seconds * rate) as usize).map(|_| (0..4).map(|_| dice.unit() - 0.5).sum()).collect();
    scale(&mut sound, level_dbov);
    sound
}

pub(crate) fn tones(rate: f64, hertz: &[f64], seconds: f64, level_dbov: f64) -> Vec<f64> {
    let mut sound: Vec<f64> = (0..(seconds * rate) as usize)
        .map(|n| hertz.iter().map(|hertz| (n as f64 * hertz * TAU / rate).sin()).sum())
        .collect();
    scale(&mut sound, level_dbov);
    sound
}

/// The sum of two sounds, as long as the first.
pub(crate) fn with(mut sound: Vec<f64>, other: &[f64]) -> Vec<f64> {
    sound.iter_mut().zip(other).for_each(|(sample, other)| *sample += other);
    sound
}

pub(crate) fn samples(sound: &[f64]) -> Vec<i16> {
    sound.iter().map(|&sample| sample.round() as i16).collect()
}

fn scale(sound: &mut [f64], level_dbov: f64) {
    let power = sound.iter().map(|sample| sample * sample).sum::<f64>() / sound.len() as f64;
    let gain = 32_768.0 * 10.0_f64.powf(level_dbov / 20.0) / power.sqrt();
    sound.iter_mut().for_each(|sample| *sample *= gain);
}

struct Resonator {
    feedback: [f64; 2],
    past: [f64; 2],
}

impl Resonator {
    fn new(hertz: f64, width: f64, rate: f64) -> Self {
        let radius = (-std::f64::consts::PI * width / rate).exp();
        Self {
            feedback: [2.0 * radius * (TAU * hertz / rate).cos(), -radius * radius],
            past: [0.0; 2],
        }
    }

    fn pass(&mut self, input: f64) -> f64 {
        let output = input + self.feedback[0] * self.past[0] + self.feedback[1] * self.past[1];
        self.past = [output, self.past[0]];
        output
    }
}
