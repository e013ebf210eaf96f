//! Streaming conversion between the rates of telephony by a polyphase FIR filter.

use std::time::Duration;

use crate::ClockRate;

/// How much delay buys how much quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// 2 ms.
    LowDelay,
    /// 3 ms, and no alias above −80 dB.
    Standard,
}

/// Converts a stream of samples from one rate to another; any chunks give the same samples.
pub struct Resampler {
    up: usize,
    down: usize,
    /// Coefficients, phase by phase.
    phases: Vec<Vec<f32>>,
    history: Vec<f32>,
    phase: usize,
    delay: Duration,
}

impl Resampler {
    /// A converter from `from` to `to`.
    pub fn new(from: ClockRate, to: ClockRate, preset: Preset) -> Self {
        let (up, down) = ratio(from, to);
        if up == down {
            return Self {
                up,
                down,
                phases: Vec::new(),
                history: Vec::new(),
                phase: 0,
                delay: Duration::ZERO,
            };
        }
        let half = match preset {
            Preset::LowDelay => 0.002,
            Preset::Standard => 0.003,
        };
        let inner = f64::from(from.hertz()) * up as f64;
        let taps = (half * inner) as usize / up * up;
        let cutoff = 0.475 * f64::from(from.hertz().min(to.hertz())) / inner;
        let phases = design(2 * taps, cutoff, up);
        let history = vec![0.0; phases[0].len() - 1];
        let delay = Duration::from_secs_f64((taps as f64 - 0.5) / inner);
        Self { up, down, phases, history, phase: 0, delay }
    }

    /// Appends the samples that `input` makes due to `out`.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        if self.up == self.down {
            return out.extend_from_slice(input);
        }
        self.history.extend(input.iter().map(|&sample| f32::from(sample)));
        let length = self.phases[0].len();
        let mut at = 0;
        while at + length <= self.history.len() {
            while self.phase < self.up {
                let window = &self.history[at..at + length];
                let sum: f32 =
                    window.iter().zip(&self.phases[self.phase]).map(|(a, b)| a * b).sum();
                out.push(sum.round().clamp(-32768.0, 32767.0) as i16);
                self.phase += self.down;
            }
            self.phase -= self.up;
            at += 1;
        }
        self.history.drain(..at);
    }

    /// How much later a sample comes out than it went in.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// Forget the stream so far.
    pub fn reset(&mut self) {
        self.phase = 0;
        if let Some(first) = self.phases.first() {
            self.history.clear();
            self.history.resize(first.len() - 1, 0.0);
        }
    }
}

fn ratio(from: ClockRate, to: ClockRate) -> (usize, usize) {
    let (from, to) = (from.hertz() as usize / 8000, to.hertz() as usize / 8000);
    let divisor = (1..=6).rev().find(|d| from % d == 0 && to % d == 0).unwrap_or(1);
    (to / divisor, from / divisor)
}

fn design(taps: usize, cutoff: f64, up: usize) -> Vec<Vec<f32>> {
    let centre = (taps as f64 - 1.0) / 2.0;
    let tap = |n: usize| {
        let x = n as f64 - centre;
        let t = 2.0 * cutoff * x;
        let sinc = if t == 0.0 {
            1.0
        } else {
            (std::f64::consts::PI * t).sin() / (std::f64::consts::PI * t)
        };
        let window = bessel(8.0 * (1.0 - (x / centre).powi(2)).max(0.0).sqrt()) / bessel(8.0);
        2.0 * cutoff * sinc * window * up as f64
    };
    (0..up)
        .map(|phase| (0..taps / up).rev().map(|n| tap(n * up + phase) as f32).collect())
        .collect()
}

fn bessel(x: f64) -> f64 {
    (1..40)
        .fold((1.0, 1.0), |(sum, term), k| {
            let term = term * (x / 2.0 / f64::from(k)).powi(2);
            (sum + term, term)
        })
        .0
}
