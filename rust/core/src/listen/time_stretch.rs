//! Changing how long sound lasts without changing its pitch.

use crate::ClockRate;
use crate::sound::level;

/// Cuts out and repeats single pitch periods, where that is not heard: in voiced sound that
/// resembles itself, and in what is hardly loud at all.
///
/// ```
/// use fourwire::{ClockRate, listen::time_stretch::TimeStretch};
///
/// let voice = (0..800).map(|n| (8000.0 * (n as f32 * 0.1).sin()) as i16);
/// let mut sound: Vec<i16> = voice.collect();
/// let mut stretch = TimeStretch::new(ClockRate::Hz8000);
/// stretch.hear(&sound[..400]);
/// let removed = stretch.shorten(&mut sound, 400, 400, false);
/// assert!(removed > 0);
/// assert_eq!(sound.len(), 800 - removed);
/// ```
#[derive(Clone, Debug)]
pub struct TimeStretch {
    /// Samples in a millisecond.
    millisecond: usize,
    /// How loud speech was lately: a mean square.
    loud: f32,
    /// Samples heard since it was last loud.
    calm: usize,
}

/// The shortest pitch period: a voice at 400 Hz.
const SHORTEST_US: usize = 2_500;

/// The longest pitch period: a voice at 66 Hz.
const LONGEST_MS: usize = 15;

/// How long the cross-fade from one place to the other lasts.
const FADE_MS: usize = 5;

/// How much before the cross-fade has to resemble, besides the fade itself.
const CONTEXT_MS: usize = 5;

/// The least likeness of two places to lead over from one to the other.
const LIKENESS: f32 = 0.85;

/// The same, in a hurry.
const HURRIED_LIKENESS: f32 = 0.4;

/// How much weaker than speech is weak: 30 dB.
const WEAK: f32 = 0.001;

/// What is weak at any rate: a mean square, about −70 dBov.
const FAINT: f32 = 100.0;

/// How long nothing is loud in a pause of speech, and not between two syllables.
const CALM_MS: usize = 100;

/// The share of the loudness that is forgotten in a second.
const FADING: f32 = 0.15;

/// How a place is found where one sound leads over to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// By skipping some of the one that comes.
    Skip,
    /// By going on in the one that goes.
    Wait,
}

impl TimeStretch {
    /// Has heard nothing; samples are at `rate`.
    pub fn new(rate: ClockRate) -> Self {
        Self { millisecond: rate.hertz() as usize / 1000, loud: 0.0, calm: 0 }
    }

    /// How much played sound has to stand before the place of a change.
    pub fn context(rate: ClockRate) -> usize {
        (LONGEST_MS + CONTEXT_MS + FADE_MS) * rate.hertz() as usize / 1000
    }

    /// Learn from what is played how loud speech is.
    pub fn hear(&mut self, pcm: &[i16]) {
        let forgotten = FADING * pcm.len() as f32 / (self.millisecond * 1000) as f32;
        self.loud = (self.loud * (1.0 - forgotten)).max(level::power(pcm) as f32);
        self.calm = if self.faint(pcm) { self.calm + pcm.len() } else { 0 };
    }

    /// Whether what is next in `sound` at `at` lies in a pause of speech.
    pub fn is_weak(&self, sound: &[i16], at: usize) -> bool {
        let soon = &sound[at..sound.len().min(at + FADE_MS * self.millisecond)];
        self.calm >= CALM_MS * self.millisecond && self.faint(soon)
    }

    fn faint(&self, part: &[i16]) -> bool {
        level::power(part) as f32 <= (self.loud * WEAK).max(FAINT)
    }

    /// How much of `sound` from `at` on is weak.
    fn weak_length(&self, sound: &[i16], at: usize) -> usize {
        let block = FADE_MS * self.millisecond;
        let weak = sound[at..].chunks_exact(block).take_while(|part| self.faint(part));
        weak.count() * block
    }

    /// Cuts one period of at most `most` samples out of `sound` at `at`, or more of a pause, and
    /// tells how many samples that were; none where it would be heard. In a `hurry` it may be.
    pub fn shorten(&self, sound: &mut Vec<i16>, at: usize, most: usize, hurry: bool) -> usize {
        let fade = FADE_MS * self.millisecond;
        let most = most.min((sound.len() - at).saturating_sub(fade));
        let weak = self.weak_length(sound, at).saturating_sub(fade).min(most);
        if weak >= fade && self.is_weak(sound, at) {
            self.leap(sound, at, weak);
            return weak;
        }
        let (lag, likeness) = self.best(sound, at, most, |lag| lag as isize);
        if lag == 0 || !self.unheard(&sound[at..at + lag + fade], likeness, hurry) {
            return 0;
        }
        self.leap(sound, at, lag);
        lag
    }

    /// Repeats one period of at most `most` samples of `sound` before `at`, there, and tells how
    /// many samples that were; none where it would be heard.
    pub fn lengthen(&self, sound: &mut Vec<i16>, at: usize, most: usize) -> usize {
        let fade = FADE_MS * self.millisecond;
        if sound.len() - at < fade {
            return 0;
        }
        let most = most.min(at.saturating_sub(CONTEXT_MS * self.millisecond));
        let (lag, likeness) = self.best(sound, at, most, |lag| -(lag as isize));
        if lag == 0 || !self.unheard(&sound[at - lag..at + fade], likeness, false) {
            return 0;
        }
        self.repeat(sound, at, lag);
        lag
    }

    /// How many samples behind `at` to skip, or to wait for, so that what comes then fits best to
    /// how `sound` before `at` would go on; zero where nothing fits better than what is there.
    pub fn fitting(&self, sound: &[i16], at: usize, lead: Lead) -> usize {
        let (past, coming) = sound.split_at(at);
        let before = at.saturating_sub(FADE_MS * self.millisecond);
        let most = before.saturating_sub(CONTEXT_MS * self.millisecond);
        let (period, _) = self.best(past, before, most, |lag| -(lag as isize));
        let window = (FADE_MS + CONTEXT_MS) * self.millisecond;
        if period == 0 || coming.len() < 2 * window {
            return 0;
        }
        let most = period.min(coming.len() - window);
        let likeness = |by: usize| {
            let (gone, skipped) = if lead == Lead::Skip { (0, by) } else { (by, 0) };
            let on = (gone..gone + window).map(|n| past[at - period + n % period]);
            correlation(on.zip(coming[skipped..].iter().copied()))
        };
        let fits = |found: (usize, f32), by| {
            let next = (by, likeness(by));
            if next.1 > found.1 + 0.05 || next.1 > found.1 && found.0 > 0 { next } else { found }
        };
        (1..most).fold((0, likeness(0)), fits).0
    }

    /// Cuts `lag` samples out of `sound` at `at`, heard or not.
    pub fn leap(&self, sound: &mut Vec<i16>, at: usize, lag: usize) {
        let fade = (FADE_MS * self.millisecond).min(lag).min(sound.len() - at - lag);
        for n in 0..fade {
            sound[at + lag + n] = mix(sound[at + n], sound[at + lag + n], n, fade);
        }
        sound.drain(at..at + lag);
    }

    /// Puts the `lag` samples before `at` there once more.
    fn repeat(&self, sound: &mut Vec<i16>, at: usize, lag: usize) {
        let fade = FADE_MS * self.millisecond;
        let old = sound.len();
        sound.resize(old + lag, 0);
        sound.copy_within(at - lag..old, at);
        // What would have come next is now one period later; it leads over to the repetition.
        for n in 0..fade {
            sound[at + n] = mix(sound[at + lag + n], sound[at + n], n, fade);
        }
    }

    /// The lag up to `most` at which what is around `at` resembles what is `shift(lag)` further on
    /// the most, first roughly and then to the sample; zero where there is none.
    fn best(
        &self,
        sound: &[i16],
        at: usize,
        most: usize,
        shift: impl Fn(usize) -> isize,
    ) -> (usize, f32) {
        let least = SHORTEST_US * self.millisecond / 1000;
        let most = most.min(LONGEST_MS * self.millisecond);
        let step = (self.millisecond / 4).max(1);
        let from = at.saturating_sub(CONTEXT_MS * self.millisecond);
        let window = from..at + FADE_MS * self.millisecond;
        let score = |lag, step| (lag, likeness(sound, window.clone(), shift(lag), step));
        let best = |found: (usize, f32), next: (usize, f32)| {
            if next.1 > found.1 { next } else { found }
        };
        let (rough, _) =
            (least..=most).step_by(step).map(|lag| score(lag, step)).fold((0, -1.0), best);
        if rough == 0 {
            return (0, 0.0);
        }
        let near = rough.saturating_sub(step - 1).max(least)..=(rough + step - 1).min(most);
        near.map(|lag| score(lag, 1)).fold((0, -1.0), best)
    }

    fn unheard(&self, changed: &[i16], likeness: f32, hurry: bool) -> bool {
        let enough = if hurry { HURRIED_LIKENESS } else { LIKENESS };
        likeness >= enough || level::power(changed) as f32 <= (self.loud * WEAK).max(FAINT)
    }
}

/// The normalised correlation of `sound` in `window` with itself `shift` further on, by every
/// `step`th sample: from −1 to 1, and zero of silence.
fn likeness(sound: &[i16], window: std::ops::Range<usize>, shift: isize, step: usize) -> f32 {
    let there = &sound[window.start.saturating_add_signed(shift)..];
    let here = sound[window].iter().step_by(step);
    correlation(here.copied().zip(there.iter().step_by(step).copied()))
}

/// From −1 to 1, and zero of silence.
fn correlation(pairs: impl Iterator<Item = (i16, i16)>) -> f32 {
    let (mut product, mut one, mut other) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        let (a, b) = (f32::from(a), f32::from(b));
        product += a * b;
        one += a * a;
        other += b * b;
    }
    let energy = (one * other).sqrt();
    if energy > 0.0 { product / energy } else { 0.0 }
}

/// Step `n` of `steps` from one sample to another.
fn mix(from: i16, to: i16, n: usize, steps: usize) -> i16 {
    let (n, steps) = (n as i32 + 1, steps as i32 + 1);
    ((i32::from(from) * (steps - n) + i32::from(to) * n) / steps) as i16
}
