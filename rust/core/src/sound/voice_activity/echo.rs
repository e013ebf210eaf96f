//! What may be heard of our own speech.

use super::Echo;
use super::delay::{DelayFinder, LONGEST};
use super::spectrum::{BANDS, Bands};

/// A guard against the echo of what was said: it knows how loud that was, learns how much of it
/// comes back and when, and tells how loud an echo may be now.
///
/// At first nearly everything that is softer than what was said may be its echo. From frames in
/// which less comes back it learns that echoes are softer; from frames that are taken for the
/// caller's speech it learns nothing, unless they turn out to have been none.
#[derive(Clone, Debug)]
pub(super) struct EchoGuard {
    said: [Bands; LONGEST],
    at: usize,
    /// Frames since something last was said.
    silent: usize,
    finder: DelayFinder,
    delay: Delay,
    /// How much of what was said comes back at the most, in each band.
    gain: Bands,
    /// How loud an echo might have been in the last frame.
    expected: Bands,
    /// What came back in the last frames, from which nothing was learnt yet.
    pending: [Option<Bands>; PENDING],
    next: usize,
    /// The most that came back since speech began.
    peak: Bands,
    /// Sums of what came back and of what it is the echo of.
    back: f32,
    forth: f32,
}

/// A delay, and for how many frames it has been seen.
#[derive(Clone, Copy, Debug, Default)]
struct Delay {
    frames: usize,
    trust: usize,
}

impl EchoGuard {
    pub(super) fn new() -> Self {
        Self {
            said: [[0.0; BANDS]; LONGEST],
            at: 0,
            silent: LONGEST,
            finder: DelayFinder::new(),
            delay: Delay::default(),
            gain: [UNKNOWN; BANDS],
            expected: [0.0; BANDS],
            pending: [None; PENDING],
            next: 0,
            peak: [0.0; BANDS],
            back: 0.0,
            forth: 0.0,
        }
    }

    /// Take in how loud the next frame is that is said.
    pub(super) fn say(&mut self, bands: &Bands) {
        let sounds = bands.iter().sum::<f32>() > LOUD_ENOUGH;
        self.silent = if sounds { 0 } else { self.silent.saturating_add(1) };
        self.at = (self.at + 1) % LONGEST;
        self.said[self.at] = *bands;
        if self.silent < LONGEST {
            self.finder.say(loudness(bands));
        }
    }

    /// Take in what is heard now over a background of `noise`, and tell how loud an echo may be
    /// in it.
    pub(super) fn hear(&mut self, heard: &Bands, noise: &Bands) -> Bands {
        if self.silent >= LONGEST {
            self.pend(None);
            self.expected = [0.0; BANDS];
            return self.expected;
        }
        self.finder.hear(loudness(heard));
        self.delay.see(self.finder.found());
        self.weigh(heard, noise);
        let said = self.loudest_said();
        self.pend(Some(returned(heard, noise, &said)));
        self.expected = std::array::from_fn(|band| {
            (MARGIN * self.gain[band] * said[band]).max(REVERBERATION * self.expected[band])
        });
        self.expected
    }

    /// Learn from frames that turned out not to be the caller's speech.
    pub(super) fn learn(&mut self, speech: bool, began: bool) {
        if began {
            self.peak = [0.0; BANDS];
            self.pending.iter().flatten().for_each(|it| raise(&mut self.peak, it));
            self.pending = [None; PENDING];
        }
        let newest = (self.next + PENDING - 1) % PENDING;
        if speech {
            if let Some(returned) = self.pending[newest].take() {
                raise(&mut self.peak, &returned);
            }
        } else if let Some(oldest) = self.pending[self.next].take() {
            self.adapt(&oldest);
        }
    }

    /// Learn that what was taken for speech was an echo.
    pub(super) fn was_heard(&mut self) {
        let peak = std::mem::take(&mut self.peak);
        raise(&mut self.gain, &peak);
        self.gain = self.gain.map(|gain| gain.min(MOST));
    }

    /// The echo, where there is one.
    pub(super) fn found(&self) -> Option<Echo> {
        let delay = self.delay.known()?;
        let gain = self.back / self.forth.max(f32::MIN_POSITIVE);
        let return_loss_db = -10.0 * gain.max(LEAST).log10();
        Some(Echo { delay_ms: 10 * delay as u32, return_loss_db })
    }

    /// Compare what is heard with what was said as long ago as the echo takes.
    fn weigh(&mut self, heard: &Bands, noise: &Bands) {
        let Some(delay) = self.delay.known() else { return };
        let said: f32 = self.said_before(delay).iter().sum();
        let heard: f32 = heard.iter().zip(noise).map(|(heard, noise)| heard - noise).sum();
        self.back = WEIGHING * self.back + heard.max(0.0);
        self.forth = WEIGHING * self.forth + said;
    }

    fn adapt(&mut self, returned: &Bands) {
        for (gain, &returned) in self.gain.iter_mut().zip(returned) {
            if returned > *gain {
                *gain = (*gain * RISE).min(MOST);
            } else if returned >= 0.0 {
                *gain = (*gain * FALL).max(LEAST);
            }
        }
    }

    fn pend(&mut self, returned: Option<Bands>) {
        self.pending[self.next] = returned;
        self.next = (self.next + 1) % PENDING;
    }

    /// The loudest in each band of what may come back now.
    fn loudest_said(&self) -> Bands {
        let mut loudest = [0.0; BANDS];
        for back in self.delay.range() {
            raise(&mut loudest, self.said_before(back));
        }
        loudest
    }

    fn said_before(&self, frames: usize) -> &Bands {
        &self.said[(self.at + LONGEST - frames) % LONGEST]
    }
}

impl Delay {
    /// Take in the delay that was found in a frame, if one was.
    fn see(&mut self, found: Option<usize>) {
        match found {
            Some(frames) if frames.abs_diff(self.frames) <= 1 => {
                self.trust = (self.trust + 1).min(MOST_TRUST);
            }
            Some(frames) if self.trust == 0 => *self = Self { frames, trust: 1 },
            _ => self.trust = self.trust.saturating_sub(1),
        }
    }

    fn known(&self) -> Option<usize> {
        (self.trust >= TRUSTED).then_some(self.frames)
    }

    /// The delays to reckon with: around the one known, or all.
    fn range(&self) -> std::ops::Range<usize> {
        self.known().map_or(0..LONGEST, |delay| {
            delay.saturating_sub(BEFORE)..(delay + AFTER + 1).min(LONGEST)
        })
    }
}

/// How much of `said` came back in each band; less than nothing where that cannot be known.
fn returned(heard: &Bands, noise: &Bands, said: &Bands) -> Bands {
    std::array::from_fn(|band| {
        if said[band] < LOUD_ENOUGH || said[band] < noise[band] {
            -1.0
        } else {
            (heard[band] - noise[band]).max(0.0) / said[band]
        }
    })
}

fn raise(least: &mut Bands, by: &Bands) {
    for (least, by) in least.iter_mut().zip(by) {
        *least = least.max(*by);
    }
}

/// How loud `bands` are, in steps of three decibels.
fn loudness(bands: &Bands) -> f32 {
    (bands.iter().sum::<f32>() + 1e-7).log2()
}

/// Frames before something is learnt from what is heard: so long it may be the beginning of speech.
const PENDING: usize = 12;

/// How much comes back at the most before anything is known: 6 dB less than was said.
const UNKNOWN: f32 = 0.25;

/// The bounds of what may come back: all of it, or 60 dB less.
const MOST: f32 = 1.0;
const LEAST: f32 = 1e-6;

/// How a gain falls with each frame in which less comes back: 20 dB a second.
const FALL: f32 = 0.955;

/// How it rises with each in which more does: by 6 dB, so that one in thirty does.
const RISE: f32 = 4.0;

/// How much louder than the gain says an echo may be: 5 dB.
const MARGIN: f32 = 3.2;

/// What is left of an echo after each further frame, in a room: 1.5 dB less.
const REVERBERATION: f32 = 0.7;

/// What is left after each frame of what was weighed: half after 1.4 s.
const WEIGHING: f32 = 0.995;

/// Below this in a band, what was said is no measure of what comes back.
const LOUD_ENOUGH: f32 = 1e-6;

/// Frames that have to agree on a delay before it is relied on, and that it then lasts without.
const TRUSTED: usize = 30;
const MOST_TRUST: usize = 150;

/// Frames before and after the known delay that an echo may also come in: the network moves it,
/// and rooms draw it out.
const BEFORE: usize = 3;
const AFTER: usize = 4;
