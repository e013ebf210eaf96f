//! When frames of evidence become speech, and when it is over.

use super::Activity;

/// Evidence that adds up until it is speech.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Onset {
    score: f32,
    speech: bool,
    /// Frames since something last stood out.
    quiet: usize,
}

impl Onset {
    /// Take in the next frame: how far it stands out, and how voiced it is. True where speech
    /// begins with it.
    pub(super) fn note(&mut self, loud: f32, voiced: f32) -> bool {
        self.score = if voiced > 0.0 {
            (self.score + VOICED * voiced).min(1.0)
        } else if loud > 0.0 {
            self.score.max((self.score + UNVOICED * loud).min(HEAD_START))
        } else {
            (self.score - FADE).max(0.0)
        };
        self.quiet = if loud > 0.0 { 0 } else { self.quiet + 1 };
        let before = self.speech;
        self.speech = self.score >= 1.0 || (before && self.quiet < HANGOVER);
        self.speech && !before
    }

    pub(super) fn activity(&self) -> Activity {
        Activity { speech: self.speech, score: self.score }
    }
}

/// What a voiced frame adds: three make speech. Two would, too, if a tone were not loud for two
/// frames before it is known to be one.
const VOICED: f32 = 0.38;

/// What a frame adds that is loud and not voiced.
const UNVOICED: f32 = 0.1;

/// How far such frames get: a hiss is no speech, but the vowel after it is sooner.
const HEAD_START: f32 = 0.3;

/// What a quiet frame takes away.
const FADE: f32 = 0.15;

/// Frames of quiet after which speech is over: longer than the closure of a consonant.
const HANGOVER: usize = 20;
