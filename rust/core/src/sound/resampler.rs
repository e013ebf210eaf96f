//! Streaming conversion between the rates of telephony, by a polyphase FIR filter.

use std::f64::consts::PI;
use std::sync::OnceLock;
use std::time::Duration;

use fourwire_kernels::fir::{self, Bank};

use crate::ClockRate;

/// How much delay buys how much quality. Delays are those at the lower of both rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Preset {
    /// 16 samples (2 ms at 8 kHz), with a wider transition band: what lies a fifth above the band
    /// is 65 dB down.
    LowDelay,
    /// 24 samples (3 ms at 8 kHz); what would alias is 80 dB down.
    Standard,
}

impl Preset {
    /// Half the filter's length in samples at the lower rate: all of its delay.
    const fn half(self) -> usize {
        match self {
            Self::LowDelay => 16,
            Self::Standard => 24,
        }
    }

    /// The cut-off as a share of the lower rate, and the shape of the Kaiser window.
    const fn design(self) -> (f64, f64) {
        match self {
            Self::LowDelay => (0.482, 7.0),
            Self::Standard => (0.475, 8.0),
        }
    }
}

/// Converts a stream of samples from one rate to another.
///
/// However the stream is cut into chunks, the samples are the same to the bit, on any processor.
///
/// ```
/// use fourwire::ClockRate;
/// use fourwire::sound::resampler::{Preset, Resampler};
///
/// let mut up = Resampler::new(ClockRate::Hz8000, ClockRate::Hz24000, Preset::Standard);
/// let mut out = Vec::new();
/// up.process(&[1000; 160], &mut out);
/// assert_eq!(out.len(), 480);
/// assert_eq!(up.delay().as_millis(), 3);
/// assert!((out[479] - 1000).abs() <= 1);
/// ```
#[derive(Clone)]
pub struct Resampler {
    to: ClockRate,
    /// `None` where the rates are the same.
    filter: Option<Filter>,
}

#[derive(Clone)]
struct Filter {
    bank: &'static Bank,
    up: usize,
    delay: Duration,
    /// The end of the input so far, one sample short of a window.
    input: Vec<i16>,
    /// For the filter's work.
    room: Vec<f32>,
    /// Where the next output lies, in steps of the common multiple of both rates.
    position: usize,
}

impl Resampler {
    /// A converter of samples at `from` to samples at `to`. Equal rates pass through unchanged.
    pub fn new(from: ClockRate, to: ClockRate, preset: Preset) -> Self {
        Self { to, filter: (from != to).then(|| Filter::new(from, to, preset)) }
    }

    /// Appends the samples that `input` makes due to `out`.
    ///
    /// As many come out as the ratio of the rates says, whenever the input so far is a whole number
    /// of milliseconds.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        match &mut self.filter {
            Some(filter) => filter.process(input, out),
            None => out.extend_from_slice(input),
        }
    }

    /// How much later a sample comes out than it went in.
    pub fn delay(&self) -> Duration {
        self.filter.as_ref().map_or(Duration::ZERO, |filter| filter.delay)
    }

    /// The same, in samples that come out; always a whole number.
    pub fn delay_in_output_samples(&self) -> usize {
        self.to.samples_in(self.delay())
    }

    /// Forget the stream so far: what comes next begins after silence.
    pub fn reset(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.reset();
        }
    }
}

impl Filter {
    fn new(from: ClockRate, to: ClockRate, preset: Preset) -> Self {
        let (up, down) = ratio(from, to);
        let lower = from.min(to);
        let bank = shared_bank(up, down, preset);
        Self {
            bank,
            up,
            delay: lower.duration_of(preset.half() as u64),
            input: silence(bank),
            room: Vec::with_capacity(bank.room(bank.length() + PIECE)),
            position: 0,
        }
    }

    fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        input.chunks(PIECE).for_each(|piece| self.process_piece(piece, out));
    }

    fn process_piece(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.input.extend_from_slice(input);
        let outputs = self.bank.outputs(self.input.len(), self.position);
        let start = out.len();
        out.resize(start + outputs, 0);
        fir::filter(self.bank, &self.input, self.position, &mut self.room, &mut out[start..]);
        let windows = self.input.len() + 1 - self.bank.length();
        self.position = self.bank.advance(self.position, outputs) - windows * self.up;
        self.input.drain(..windows);
    }

    fn reset(&mut self) {
        self.position = 0;
        self.input.fill(0);
    }
}

/// The samples before the first, with room for those that are filtered with them.
fn silence(bank: &Bank) -> Vec<i16> {
    let mut input = Vec::with_capacity(bank.length() + PIECE);
    input.resize(bank.length() - 1, 0);
    input
}

/// Samples filtered at a time, 20 ms of the usual rate of agents: so a long recording takes no more
/// room than a frame, and all of it is there from the start.
const PIECE: usize = 480;

/// `to / from` in lowest terms.
fn ratio(from: ClockRate, to: ClockRate) -> (usize, usize) {
    let (from, to) = (from.hertz() as usize / 8000, to.hertz() as usize / 8000);
    let common = (1..=from).rev().find(|d| from % d == 0 && to % d == 0).unwrap_or(1);
    (to / common, from / common)
}

/// All streams of one ratio share their coefficients.
fn shared_bank(up: usize, down: usize, preset: Preset) -> &'static Bank {
    /// Neither side of a ratio is larger than 48 to 8.
    const SIDES: usize = 7;
    static BANKS: [OnceLock<Bank>; 2 * SIDES * SIDES] =
        [const { OnceLock::new() }; 2 * SIDES * SIDES];
    BANKS[(preset as usize * SIDES + up) * SIDES + down].get_or_init(|| design(up, down, preset))
}

/// A Kaiser-windowed low pass at the common multiple of both rates, cut into phases.
fn design(up: usize, down: usize, preset: Preset) -> Bank {
    let steps = up.max(down);
    let half = preset.half() * steps;
    let (cutoff, shape) = preset.design();
    // The tap at zero stays empty, so that the filter is symmetric about a whole sample of either
    // rate, and its delay a whole number of both.
    let mut taps: Vec<f64> = vec![0.0];
    taps.extend((1..2 * half).map(|n| {
        let place = n as f64 - half as f64;
        sinc(2.0 * cutoff / steps as f64 * place) * kaiser(place / half as f64, shape)
    }));
    let gain = up as f64 / taps.iter().sum::<f64>();
    let phase = |phase: usize| -> Vec<f32> {
        (0..taps.len() / up).rev().map(|n| (taps[n * up + phase] * gain) as f32).collect()
    };
    Bank::new(&(0..up).map(phase).collect::<Vec<_>>(), up, down)
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The Kaiser window at `x` between −1 and 1.
fn kaiser(x: f64, shape: f64) -> f64 {
    bessel_i0(shape * (1.0 - x * x).sqrt()) / bessel_i0(shape)
}

/// The modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..50 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}
