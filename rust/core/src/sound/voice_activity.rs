//! Whether a caller speaks, known within a few hundredths of a second.
//!
//! A server that listens for speech needs a few hundred milliseconds to be sure of it. This here is
//! sure of less, but sooner, for steps that can be taken back. Every 10 ms of audio are judged:
//! how far they stand out of what the line sounds like anyway and of what may be the echo of our
//! own speech, whether they are a pure tone, and whether they are voiced. Evidence adds up, and
//! three to five such frames are speech.

mod delay;
#[cfg(feature = "earshot")]
mod earshot;
mod echo;
mod floor;
mod frames;
mod judge;
mod onset;
mod periodicity;
mod spectrum;
mod tonality;
mod voicing;

use self::echo::EchoGuard;
use self::floor::NoiseFloor;
use self::frames::{Frames, Window};
use self::judge::{Frame, judge};
use self::onset::Onset;
use self::spectrum::{BANDS, Spectrum, bands};
use self::tonality::Tonality;
use self::voicing::Voicing;
use crate::ClockRate;

pub use self::judge::Gate;
pub use self::voicing::Detector;

/// A detector of speech on one line of samples, fed in pieces of any length.
///
/// ```
/// use fourwire::{ClockRate, sound::voice_activity::{Detector, VoiceActivity}};
///
/// let mut activity = VoiceActivity::new(ClockRate::Hz8000, Detector::Own);
/// assert!(!activity.hear(&[0; 160]).speech);
/// ```
pub struct VoiceActivity {
    rate: ClockRate,
    heard: Frames,
    said: Frames,
    spectrum: Spectrum,
    floor: NoiseFloor,
    echo: EchoGuard,
    tonality: Tonality,
    voicing: Voicing,
    onset: Onset,
    /// Frames yet to come that are not judged: what was made up reaches into them, or a key does.
    blind: usize,
    gated: Gated,
}

/// What is known of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Activity {
    /// Whether the caller speaks, as far as can be told. It goes on for a fifth of a second after
    /// the last sound.
    pub speech: bool,
    /// How much speaks for it, from zero to one, at which speech begins.
    pub score: f32,
}

/// How much audio was kept from counting as speech, in frames of 10 ms, by what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gated {
    /// It hardly stood out of the background.
    pub background: u64,
    /// It was a pure tone, or two.
    pub tone: u64,
    /// It may have been the echo of what was said.
    pub echo: u64,
    /// A key was being pressed, or made-up audio reached into it.
    pub key: u64,
    /// It was made up: concealment, comfort noise.
    pub made_up: u64,
}

/// The echo of our own speech on a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Echo {
    /// After how many milliseconds it comes back.
    pub delay_ms: u32,
    /// How much softer it comes back, in decibels.
    pub return_loss_db: f32,
}

impl VoiceActivity {
    /// A detector on samples at `rate` that has heard nothing.
    pub fn new(rate: ClockRate, detector: Detector) -> Self {
        Self {
            rate,
            heard: Frames::new(rate),
            said: Frames::new(rate),
            spectrum: Spectrum::new(),
            floor: NoiseFloor::new(),
            echo: EchoGuard::new(),
            tonality: Tonality::default(),
            voicing: Voicing::new(rate, detector),
            onset: Onset::default(),
            blind: 0,
            gated: Gated::default(),
        }
    }

    /// Take in what the caller's line carried.
    pub fn hear(&mut self, pcm: &[i16]) -> Activity {
        self.voicing.hear(pcm);
        self.heard.push(pcm);
        while let Some(window) = self.heard.next() {
            self.frame(&window);
        }
        self.activity()
    }

    /// Let `samples` go by that the caller's line did not carry, but that were made up in their
    /// place. They are no speech, whatever they sound like.
    pub fn pass(&mut self, samples: usize) -> Activity {
        self.heard.skip();
        self.voicing.reset();
        let frames = self.frames_of(samples);
        self.gated.made_up = self.gated.made_up.saturating_add(frames as u64);
        for _ in 0..frames.min(FORGOTTEN) {
            self.onset.note(0.0, 0.0);
        }
        self.blind = self.blind.max(SEAM);
        self.activity()
    }

    /// Take in what was said to the caller at the same time, to know its echo. Without it there is
    /// no guard against echo.
    pub fn say(&mut self, pcm: &[i16]) {
        self.said.push(pcm);
        while let Some(window) = self.said.next() {
            if window.iter().any(|&sample| sample != 0.0) {
                self.echo.say(&bands(&self.spectrum.of(&window)));
            } else {
                self.echo.say(&[0.0; BANDS]);
            }
        }
    }

    /// Let so many samples go by in which nothing was said to the caller.
    pub fn say_nothing(&mut self, samples: usize) {
        self.said.skip();
        for _ in 0..self.frames_of(samples).min(FORGOTTEN) {
            self.echo.say(&[0.0; BANDS]);
        }
    }

    /// Go on with samples at another rate.
    pub fn renegotiate(&mut self, rate: ClockRate) {
        self.rate = rate;
        self.heard = Frames::new(rate);
        self.said = Frames::new(rate);
        self.voicing.renegotiate(rate);
    }

    /// Learn that the caller presses a key: its tone may be heard until a little after.
    pub fn key(&mut self) {
        self.blind = self.blind.max(KEY_TAIL);
    }

    /// Learn that what was taken for the beginning of speech was none: it was our echo, or is to
    /// be treated as such.
    pub fn mistaken(&mut self) {
        self.echo.was_heard();
    }

    /// What is known of the line now.
    pub fn activity(&self) -> Activity {
        self.onset.activity()
    }

    /// The echo of what is said, once it is known that there is one.
    pub fn echo(&self) -> Option<Echo> {
        self.echo.found()
    }

    /// How much audio was kept from counting as speech.
    pub fn gated(&self) -> Gated {
        self.gated
    }

    fn frames_of(&self, samples: usize) -> usize {
        samples / (self.rate.hertz() as usize / 100)
    }

    fn frame(&mut self, window: &Window) {
        self.voicing.frame(window);
        let powers = self.spectrum.of(window);
        let bands = bands(&powers);
        self.floor.hear(&bands);
        let noise = self.floor.levels();
        let echo = self.echo.hear(&bands, &noise);
        let pure = self.tonality.hear(&powers, &noise);
        let mut frame = Frame::new(&bands, &noise, &echo);
        frame.tone = pure;
        frame.blind = self.blind > 0;
        self.blind = self.blind.saturating_sub(1);
        let verdict = judge(&frame, || self.voicing.voiced());
        self.gated.note(verdict.gate);
        let began = self.onset.note(verdict.loud, verdict.voiced);
        self.echo.learn(self.onset.activity().speech, began);
    }
}

impl Gated {
    /// All of them with their names.
    pub const fn entries(&self) -> [(&'static str, u64); 5] {
        [
            ("background", self.background),
            ("tone", self.tone),
            ("echo", self.echo),
            ("key", self.key),
            ("made_up", self.made_up),
        ]
    }

    fn note(&mut self, gate: Option<Gate>) {
        let Some(gate) = gate else { return };
        *match gate {
            Gate::Background => &mut self.background,
            Gate::Tone => &mut self.tone,
            Gate::Echo => &mut self.echo,
            Gate::Blind => &mut self.key,
        } += 1;
    }
}

/// Frames after which nothing is left of what was before them.
const FORGOTTEN: usize = 100;

/// Frames after made-up audio that are mixed with its end.
const SEAM: usize = 1;

/// Frames after a packet of a telephone event in which its tone may still be heard: events are
/// told every 50 ms at the most, and tones leak past their beginning and end.
const KEY_TAIL: usize = 8;
