//! Whether a line carries one or two pure tones.

use super::spectrum::{Bands, LINES};

/// A watch for the tones that signal on a telephone line: DTMF, ringing, busy, fax. They are one
/// or two sines, and so nearly all of their power is in two narrow peaks; of a voice it never is
/// for long.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tonality {
    /// Where the stronger peak was a frame before.
    place: usize,
    /// Frames for which a tone that was seen still counts.
    holding: usize,
}

impl Tonality {
    /// Take in the spectrum of the next frame, and tell whether it is of pure tones.
    pub(super) fn hear(&mut self, powers: &[f32; LINES], noise: &Bands) -> bool {
        let total: f32 = powers[FIRST..].iter().sum();
        let mut rest = *powers;
        rest[..FIRST].fill(0.0);
        let stronger = take_peak(&mut rest);
        take_peak(&mut rest);
        let left: f32 = rest.iter().sum();
        let stays = std::mem::replace(&mut self.place, stronger).abs_diff(stronger) <= 1;
        let background: f32 = noise.iter().sum();
        let explained = left < total * PURE_IN_NOISE && left < background * EXPLAINED;
        self.holding = if left < total * PURE || (stays && explained) {
            HOLD
        } else {
            self.holding.saturating_sub(1)
        };
        self.holding > 0
    }
}

/// Removes the strongest line of `powers`, with what a Hann window spreads it over, and tells
/// which it was.
fn take_peak(powers: &mut [f32; LINES]) -> usize {
    let mut peak = 0;
    for line in 1..LINES {
        if powers[line] > powers[peak] {
            peak = line;
        }
    }
    powers[peak.saturating_sub(SPREAD)..(peak + SPREAD + 1).min(LINES)].fill(0.0);
    peak
}

/// The first line that counts: below is hum.
const FIRST: usize = 3;

/// Lines to each side that a Hann window spreads a sine over.
const SPREAD: usize = 2;

/// The part of the power that may lie outside of the two peaks: 32 dB below. What G.711 leaves of
/// tones is purer; of a voice one frame in a thousand is.
const PURE: f32 = 6.3e-4;

/// The same where the known background explains it: 20 dB below.
const PURE_IN_NOISE: f32 = 1e-2;

/// How much more than its mean the background may be.
const EXPLAINED: f32 = 4.0;

/// How many frames a tone counts for: two that beat against each other are weak in between.
const HOLD: usize = 3;
