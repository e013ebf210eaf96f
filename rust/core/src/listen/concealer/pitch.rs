//! How long a period of the voice is, all at 8 kHz.

use std::ops::RangeInclusive;

use fourwire_kernels::likeness::{correlation, likenesses};

/// A pitch period, and how sure it is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pitch {
    /// In samples at 8 kHz.
    pub(super) period: f32,
    /// How much a period resembles the one before: from 0 to 1, where they are the same.
    pub(super) likeness: f32,
}

impl Pitch {
    /// What silence has: the longest period, which repeats itself least.
    pub(super) const NONE: Self = Self { period: LONGEST as f32, likeness: 0.0 };
}

/// The shortest pitch period: a child's voice at 400 Hz.
const SHORTEST: usize = 20;

/// The longest pitch period: a voice at 66 Hz.
pub(super) const LONGEST: usize = 120;

/// How much of the end of a sound is looked for earlier on: 8 ms.
const WINDOW: usize = 64;

/// The least that is looked for where a sound is too short for more: 5 ms.
const LEAST_WINDOW: usize = 40;

/// The likeness that a period has to have more than one half as long, in all, to be preferred:
/// else the voice would be taken for one an octave lower.
const OCTAVE: f32 = 0.04;

/// The likeness that is given up for two sides of one pitch, for each part that they differ by.
const GLIDE: f32 = 1.0;

/// How much the pitch may change over a hole: by two fifths.
const LONGEST_GLIDE: f32 = 1.4;

/// How much the end of a sound resembles what came each lag earlier, from [`SHORTEST`] to
/// [`LONGEST`]; `None` where the sound is too short to tell.
type Lags = [Option<f32>; LONGEST - SHORTEST + 1];

impl Pitch {
    /// The pitch at the end of `sound`.
    pub(super) fn of(sound: &[f32]) -> Self {
        let lags = measure(sound);
        let worths = tops(&lags).map(|(lag, likeness)| (likeness - cost(lag), lag));
        best(worths).map_or(Self::NONE, |lag| refine(&lags, lag))
    }

    /// The pitch on both sides of a hole, found together: a voice keeps its pitch, roughly, while
    /// nobody hears it. The louder side has more to say.
    pub(super) fn of_both(before: &[f32], behind: &[f32]) -> (Self, Self) {
        let (here, there) = (loudness(before), loudness(behind));
        let (here, there) = (here / (here + there), there / (here + there));
        let (before, behind) = (measure(before), measure(behind));
        let pairs = tops(&before).map(|(lag, likeness)| {
            let worth = likeness - cost(lag);
            let believed = (there * worth - DOUBT, lag);
            let (partner_worth, partner) = partner(&behind, lag, there).unwrap_or(believed);
            (here * worth + partner_worth, (lag, partner))
        });
        let Some((lag, partner)) = best(pairs) else { return (Self::NONE, Self::NONE) };
        let pitch = refine(&before, lag);
        match behind[partner - SHORTEST] {
            Some(_) => (pitch, refine(&behind, partner)),
            None => (pitch, pitch),
        }
    }
}

/// The pitch behind the hole that goes best with `lag` before it, and what it is worth; `None`
/// where what comes behind is too short to tell.
fn partner(behind: &Lags, lag: usize, weight: f32) -> Option<(f32, usize)> {
    behind[lag - SHORTEST]?;
    let partners = within_glide(lag).filter_map(|partner| {
        let worth = behind[partner - SHORTEST]? - cost(partner);
        let apart = lag.abs_diff(partner) as f32 / (lag + partner) as f32;
        Some((weight * worth - GLIDE * apart, partner))
    });
    partners.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// What a likeness that is only believed in is worth less.
const DOUBT: f32 = 0.05;

fn within_glide(lag: usize) -> RangeInclusive<usize> {
    let (low, high) = (lag as f32 / LONGEST_GLIDE, lag as f32 * LONGEST_GLIDE);
    (low as usize).max(SHORTEST)..=(high as usize).min(LONGEST)
}

fn cost(lag: usize) -> f32 {
    2.0 * OCTAVE * (1.0 - SHORTEST as f32 / lag as f32)
}

fn best<T>(scored: impl Iterator<Item = (f32, T)>) -> Option<T> {
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, best)| best)
}

/// The lags at which the likeness is a local maximum.
fn tops(lags: &Lags) -> impl Iterator<Item = (usize, f32)> {
    let at = |n: usize| lags.get(n).copied().flatten().unwrap_or(f32::MIN);
    let known = lags.iter().enumerate().filter_map(|(n, likeness)| Some((n, (*likeness)?)));
    known
        .filter(move |&(n, likeness)| likeness >= at(n.wrapping_sub(1)) && likeness >= at(n + 1))
        .map(|(n, likeness)| (SHORTEST + n, likeness))
}

/// The pitch at `lag`, and between samples where the likeness is the top of a parabola.
fn refine(lags: &Lags, lag: usize) -> Pitch {
    let at = |lag: usize| lags.get(lag - SHORTEST).copied().flatten();
    let likeness = at(lag).unwrap_or(0.0);
    let top = match (at(lag.max(SHORTEST + 1) - 1), at(lag + 1)) {
        (Some(left), Some(right)) => top(left, likeness, right),
        _ => 0.0,
    };
    Pitch { period: lag as f32 + top, likeness: likeness.max(0.0) }
}

/// How far from the second of three values that are one apart the top of a parabola through them
/// lies; not beyond its neighbours' half.
pub(super) fn top(left: f32, middle: f32, right: f32) -> f32 {
    let curve = left - 2.0 * middle + right;
    if curve < 0.0 { (0.5 * (left - right) / curve).clamp(-0.5, 0.5) } else { 0.0 }
}

fn measure(sound: &[f32]) -> Lags {
    let mut lags = [None; _];
    let window = sound.len().saturating_sub(LONGEST).clamp(LEAST_WINDOW, WINDOW);
    let Some(shape) = sound.len().checked_sub(window) else { return lags };
    let longest = shape.min(LONGEST);
    let mut found = [0.0; LONGEST - SHORTEST + 1];
    let found = &mut found[..(longest + 1).saturating_sub(SHORTEST)];
    likenesses(&sound[shape..], &sound[shape - longest..], found);
    for (n, &likeness) in found.iter().enumerate() {
        lags[longest - n - SHORTEST] = Some(likeness);
    }
    lags
}

/// How loud the end of `sound` is, as an amplitude.
fn loudness(sound: &[f32]) -> f32 {
    let end = &sound[sound.len().saturating_sub(80)..];
    1.0 + correlation(end, end).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(period: f32, samples: u16) -> Vec<f32> {
        let phase = |n: u16| f32::from(n) / period * std::f32::consts::TAU;
        let sound = |phase: f32| {
            1000.0 * phase.sin() + 600.0 * (2.0 * phase).sin() + 300.0 * (5.0 * phase).cos()
        };
        (0..samples).map(|n| sound(phase(n))).collect()
    }

    #[test]
    fn the_period_of_a_voice_is_found() {
        for period in [23.0, 41.0, 64.0, 80.5, 113.0_f32] {
            let found = Pitch::of(&voice(period, 392));
            assert!((found.period - period).abs() < 0.2, "{period} was taken for {found:?}");
            assert!(found.likeness > 0.95);
        }
    }

    #[test]
    fn a_pitch_that_changes_is_found_on_both_sides() {
        let found = Pitch::of_both(&voice(60.0, 392), &voice(66.0, 240));
        assert!((found.0.period - 60.0).abs() < 0.2, "{found:?}");
        assert!((found.1.period - 66.0).abs() < 0.6, "{found:?}");
    }

    #[test]
    fn a_side_too_short_to_tell_is_believed_to_be_like_the_other() {
        let found = Pitch::of_both(&voice(60.0, 392), &voice(60.0, 40));
        assert!((found.0.period - 60.0).abs() < 0.2, "{found:?}");
        assert_eq!(found.0, found.1);
    }

    #[test]
    fn what_is_too_short_for_any_pitch_has_none() {
        assert_eq!(Pitch::of(&[1.0; 30]), Pitch::NONE);
        assert_eq!(Pitch::of_both(&[1.0; 30], &[]), (Pitch::NONE, Pitch::NONE));
    }
}
