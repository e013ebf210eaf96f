//! What 10 ms of a line are evidence of.

use super::spectrum::{BANDS, Bands};

/// What was seen in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// How far it stands out of the background, in decibels, as a mean over the bands.
    pub(super) over_noise: f32,
    /// How far it stands out of the background and of what may be our echo.
    pub(super) over_all: f32,
    /// Its power.
    pub(super) power: f32,
    /// Whether it is one or two pure tones.
    pub(super) tone: bool,
    /// Whether it is not to be judged at all.
    pub(super) blind: bool,
}

/// What kept a frame that was loud enough from counting as speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It hardly stood out of the background.
    Background,
    /// It was a pure tone, or two.
    Tone,
    /// It may have been the echo of what was said.
    Echo,
    /// A key was being pressed, or made-up audio reached into it.
    Blind,
}

/// What a frame is evidence of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Verdict {
    /// How much it stands out, from zero to one.
    pub(super) loud: f32,
    /// How much of it is a voice, from zero to one; zero where it does not stand out.
    pub(super) voiced: f32,
    /// What kept it from counting, though it stood out.
    pub(super) gate: Option<Gate>,
}

impl Frame {
    pub(super) fn new(bands: &Bands, noise: &Bands, echo: &Bands) -> Self {
        let both = std::array::from_fn(|band| noise[band].max(echo[band]));
        Self {
            over_noise: prominence(bands, noise),
            over_all: prominence(bands, &both),
            power: bands.iter().sum(),
            tone: false,
            blind: false,
        }
    }
}

/// Judges a frame; whether it is `voiced` is only asked where that matters.
pub(super) fn judge(frame: &Frame, voiced: impl FnOnce() -> f32) -> Verdict {
    let gated = |gate| Verdict { gate: Some(gate), ..Verdict::default() };
    if frame.power < SOFTEST || frame.over_noise <= 0.0 {
        return Verdict::default();
    }
    if frame.blind {
        return gated(Gate::Blind);
    }
    if frame.over_noise < LEAST_DB {
        return gated(Gate::Background);
    }
    if frame.tone {
        return gated(Gate::Tone);
    }
    if frame.over_all < LEAST_DB {
        return gated(Gate::Echo);
    }
    let loud = ((frame.over_all - LEAST_DB) / RANGE_DB).min(1.0);
    Verdict { loud, voiced: loud * voiced(), gate: None }
}

/// How far `bands` stand out of `floor`: decibels above it, as a mean over all bands. A band below
/// it does not count against the others, and one far above it counts for two strong ones.
fn prominence(bands: &Bands, floor: &Bands) -> f32 {
    let above = |band: usize| {
        let ratio = bands[band] / floor[band];
        if ratio <= 1.0 { 0.0 } else { (10.0 * ratio.log10()).min(MOST_DB) }
    };
    (0..BANDS).map(above).sum::<f32>() / BANDS as f32
}

/// Below this nothing counts: about -55 dBov.
const SOFTEST: f32 = 3e-6;

/// How far a frame has to stand out; steady noise reaches two decibels in one of a hundred.
const LEAST_DB: f32 = 2.3;

/// How much further it stands out where it counts in full.
const RANGE_DB: f32 = 4.0;

/// The most that one band counts.
const MOST_DB: f32 = 20.0;
