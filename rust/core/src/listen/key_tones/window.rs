//! What one window of samples says of the eight frequencies.

use std::f32::consts::{PI, TAU};
use std::time::Duration;

use crate::ClockRate;
use crate::wire::Key;

/// The filters for samples of one rate.
pub(super) struct Bank {
    hop: usize,
    hop_time: Duration,
    /// Radians a sample.
    frequencies: [f32; 8],
    coefficients: [f32; 8],
}

/// What was found in a window: the strongest low tone and the strongest high one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    row: usize,
    column: usize,
    phases: [f32; 2],
    /// By how much each was off since the window before, as a share of its frequency.
    pub(super) off: [f32; 2],
    plausible: bool,
}

impl Look {
    /// The key that the window shows, if any.
    pub(super) fn key(&self) -> Option<Key> {
        Key::new(LAYOUT[self.row][self.column]).filter(|_| self.plausible)
    }
}

/// The output of a filter after a window.
#[derive(Clone, Copy, Default)]
struct Bin {
    energy: f32,
    phase: f32,
}

impl Bank {
    pub(super) fn new(rate: ClockRate) -> Self {
        let hertz = rate.hertz();
        let frequencies = TONES.map(|tone| TAU * tone / hertz as f32);
        Self {
            hop: (hertz * HOP_PERIODS / 8000) as usize,
            hop_time: Duration::from_micros(u64::from(HOP_PERIODS) * 125),
            frequencies,
            coefficients: frequencies.map(|frequency| 2.0 * frequency.cos()),
        }
    }

    /// Samples from one look to the next.
    pub(super) const fn hop(&self) -> usize {
        self.hop
    }

    pub(super) const fn hop_time(&self) -> Duration {
        self.hop_time
    }

    /// Samples of a window.
    pub(super) const fn length(&self) -> usize {
        2 * self.hop
    }

    /// What `window` shows; `None` where it is too quiet for any key. `before` is what the window
    /// a hop earlier showed.
    pub(super) fn look(&self, window: &[f32], before: Option<&Look>) -> Option<Look> {
        let energy: f32 = window.iter().map(|sample| sample * sample).sum();
        let length = window.len() as f32;
        if energy < length * LEAST_PEAK * LEAST_PEAK {
            return None;
        }
        let bins = self.filter(window);
        let (row, column) = (strongest(&bins[..4]), strongest(&bins[4..]));
        let found = [bins[row], bins[4 + column]];
        let phases = found.map(|bin| bin.phase);
        let known = before.filter(|before| (before.row, before.column) == (row, column));
        let drift = known.map(|before| self.drift([row, 4 + column], before.phases, phases));
        let off = drift.map_or([0.0; 2], |drift| {
            [drift[0] / self.frequencies[row], drift[1] / self.frequencies[4 + column]]
        });
        // A tone beside the middle of its filter is stronger than it seems.
        let loss = drift.map_or([1.0; 2], |drift| drift.map(|it| passed(it, length)));
        let tones = [found[0].energy / loss[0], found[1].energy / loss[1]];
        let share = if drift.is_some() { MOST_OF_IT } else { MUCH_OF_IT };
        let plausible = stands_out(&bins[..4], row)
            && stands_out(&bins[4..], column)
            && tones.iter().all(|tone| *tone >= length * LEAST_PEAK * LEAST_PEAK / 2.0)
            && (LEAST_TWIST..=MOST_TWIST).contains(&(tones[1] / tones[0]))
            && tones[0] + tones[1] >= share * energy;
        Some(Look { row, column, phases, off, plausible })
    }

    fn filter(&self, window: &[f32]) -> [Bin; 8] {
        let (mut last, mut second_last) = ([0.0f32; 8], [0.0f32; 8]);
        for &sample in window {
            for tone in 0..8 {
                let next = sample + self.coefficients[tone] * last[tone] - second_last[tone];
                second_last[tone] = last[tone];
                last[tone] = next;
            }
        }
        std::array::from_fn(|tone| {
            let (sine, cosine) = self.frequencies[tone].sin_cos();
            let real = last[tone] - second_last[tone] * cosine;
            let imaginary = second_last[tone] * sine;
            let power = real * real + imaginary * imaginary;
            let phase = imaginary.atan2(real);
            Bin { energy: 2.0 * power / window.len() as f32, phase }
        })
    }

    /// How much faster than its filter each tone turns, in radians a sample.
    fn drift(&self, tones: [usize; 2], before: [f32; 2], now: [f32; 2]) -> [f32; 2] {
        let hop = self.hop as f32;
        std::array::from_fn(|at| {
            let turned = now[at] - before[at] - self.frequencies[tones[at]] * hop;
            (turned - TAU * (turned / TAU).round()) / hop
        })
    }
}

fn strongest(bins: &[Bin]) -> usize {
    let of = |tone: &usize| bins[*tone].energy;
    (0..bins.len()).max_by(|a, b| of(a).total_cmp(&of(b))).unwrap_or(0)
}

fn stands_out(bins: &[Bin], strongest: usize) -> bool {
    let limit = bins[strongest].energy / ABOVE_OTHERS;
    bins.iter().enumerate().all(|(tone, bin)| tone == strongest || bin.energy <= limit)
}

/// The share of its energy that a tone shows which is off its filter by `drift`.
fn passed(drift: f32, length: f32) -> f32 {
    let x = (drift * length / 2.0).abs().min(PI / 2.0);
    if x < 1e-3 { 1.0 } else { (x.sin() / x).powi(2) }
}

/// The frequencies (ITU-T Q.23): the rows of the keypad, then its columns.
const TONES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];

const LAYOUT: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Samples at 8 kHz from one look to the next.
const HOP_PERIODS: u32 = 51;

/// The peak of the quietest tone that is taken: −27 dBm0, where Q.24 has −25 taken and −29 not.
/// A sine of 0 dBm0 peaks 3.14 dB below the loudest that G.711 codes.
const LEAST_PEAK: f32 = 1000.0;

/// How much stronger than the high tone the low one may be: 8 dB, and two for the measurement, into
/// which the low tone leaks.
const LEAST_TWIST: f32 = 0.1;

/// How much stronger than the low tone the high one may be: 4 dB, and one for the measurement.
const MOST_TWIST: f32 = 3.16;

/// How much stronger than its neighbours a tone is: 6 dB, at the length of the window.
const ABOVE_OTHERS: f32 = 4.0;

/// The share of all energy that two tones have where their frequencies are known.
const MOST_OF_IT: f32 = 0.82;

/// The same where they may be off by as much as is allowed.
const MUCH_OF_IT: f32 = 0.65;
