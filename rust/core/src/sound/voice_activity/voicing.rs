//! Which detector tells voice from other sounds.

#![cfg_attr(
    not(feature = "earshot"),
    allow(unused_variables, reason = "our own detector hears windows at 8 kHz alone")
)]

use super::frames::{HOP, Window};
use super::periodicity::Periodicity;
use super::spectrum::WINDOW;
use crate::ClockRate;

/// Who tells voice from other sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Detector {
    /// The pitch of the voice, looked for here.
    #[default]
    Own,
    /// The neural network of the crate `earshot`.
    #[cfg(feature = "earshot")]
    Earshot,
}

/// A detector with what it remembers.
pub(super) enum Voicing {
    Own(Box<Periodicity>),
    #[cfg(feature = "earshot")]
    Earshot(Box<super::earshot::Earshot>),
}

impl Voicing {
    pub(super) fn new(rate: ClockRate, detector: Detector) -> Self {
        match detector {
            Detector::Own => Self::Own(Box::new(Periodicity::new())),
            #[cfg(feature = "earshot")]
            Detector::Earshot => Self::Earshot(Box::new(super::earshot::Earshot::new(rate))),
        }
    }

    /// Take in samples at the line's rate.
    pub(super) fn hear(&mut self, pcm: &[i16]) {
        match self {
            Self::Own(_) => {}
            #[cfg(feature = "earshot")]
            Self::Earshot(earshot) => earshot.hear(pcm),
        }
    }

    /// Take in the next frame at 8 kHz.
    pub(super) fn frame(&mut self, window: &Window) {
        match self {
            Self::Own(periodicity) => periodicity.hear(&window[WINDOW - HOP..]),
            #[cfg(feature = "earshot")]
            Self::Earshot(_) => {}
        }
    }

    /// How much of a voice the last frame is, from zero to one.
    pub(super) fn voiced(&self) -> f32 {
        match self {
            Self::Own(periodicity) => between(periodicity.likeness(), 0.45, 0.75),
            #[cfg(feature = "earshot")]
            Self::Earshot(earshot) => between(earshot.probability(), 0.3, 0.7),
        }
    }

    /// Go on with samples at another rate.
    pub(super) fn renegotiate(&mut self, rate: ClockRate) {
        match self {
            Self::Own(_) => {}
            #[cfg(feature = "earshot")]
            Self::Earshot(earshot) => earshot.renegotiate(rate),
        }
    }

    /// Forget what was heard.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Own(periodicity) => periodicity.reset(),
            #[cfg(feature = "earshot")]
            Self::Earshot(_) => {}
        }
    }
}

/// How far `value` is on its way from `none` to `all`.
fn between(value: f32, none: f32, all: f32) -> f32 {
    ((value - none) / (all - none)).clamp(0.0, 1.0)
}
