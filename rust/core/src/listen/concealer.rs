//! What stands in for packets that never came.

mod glide;
mod noise;
mod pitch;
mod side;

use std::ops::Range;

use self::glide::{Glide, Known};
use self::noise::Background;
use self::pitch::Pitch;
use self::side::{COARSE_MS, Look, Side};
use crate::ClockRate;
use crate::wire::ComfortNoise;

/// Packet loss concealment by waveform substitution, better than ITU-T G.711 Appendix I.
///
/// Where it is known what comes after a loss, the voice on both sides of it is continued into it,
/// period by period. The pitch glides so that both are in step, and one gives way to the other.
///
/// Where it is not, the last pitch periods are repeated, more of them the longer a loss lasts so
/// that it does not buzz, and fade into the line's background noise. What comes after is then
/// cross-faded with what would have gone on. Unlike in Appendix I nothing is delayed: the seam at
/// the beginning is closed by bending the first few made-up samples.
///
/// ```
/// use fourwire::{ClockRate, listen::concealer::Concealer};
///
/// let mut concealer = Concealer::new(ClockRate::Hz8000);
/// let mut heard = vec![500; 160];
/// concealer.hear(&mut heard);
/// concealer.conceal(&mut heard, 160);
/// assert_eq!(heard.len(), 320);
/// ```
#[derive(Clone, Debug)]
pub struct Concealer {
    /// Samples in a millisecond.
    millisecond: usize,
    before: Side,
    behind: Side,
    /// Samples made up since the loss began without knowing what comes after; zero while nothing
    /// is lost.
    made_up: usize,
    background: Background,
}

/// Three of the longest pitch periods and a quarter, which is how far back a cycle reaches.
const HISTORY_MS: usize = 49;

/// Room to look at a side, empty.
const LOOK: Look = [0.0; _];

/// How long a loss is before another pitch period joins those that are repeated.
const GROWTH_MS: usize = 20;

/// The same where the other side is known: made-up sound is never farther from a true one than
/// half the loss.
const KNOWN_GROWTH_MS: usize = 50;

/// How far from true sound the voice begins to fade, and where nothing of it is left.
const FADE_MS: usize = 10;
const MUTE_MS: usize = 100;

/// How soon the voice is gone where the other side has said that it is silent.
const SILENT_MS: usize = 10;

/// The same where the other side is known.
const KNOWN_FADE_MS: usize = 60;
const KNOWN_MUTE_MS: usize = 160;

/// The cross-fade at the end of a loss whose end was not foreseen.
const REJOIN_MS: usize = 5;

/// The cross-fade to a longer cycle.
const GROW_MS: usize = 2;

/// The least that has to be known of what comes after a loss to lead over to it.
const LEAST_KNOWN_MS: usize = 5;

impl Concealer {
    /// A concealer of losses in audio at `rate` that has heard only silence.
    pub fn new(rate: ClockRate) -> Self {
        let millisecond = rate.hertz() as usize / 1000;
        Self {
            millisecond,
            before: Side::new(HISTORY_MS * millisecond, millisecond),
            behind: Side::new(FORESIGHT_MS * millisecond, millisecond),
            made_up: 0,
            background: Background::new(rate),
        }
    }

    /// Remember good audio. After a loss whose end was not foreseen, its beginning is cross-faded
    /// in place.
    pub fn hear(&mut self, pcm: &mut [i16]) {
        self.background.hear(pcm);
        if self.made_up > 0 {
            self.rejoin(pcm);
        }
        self.before.remember(pcm);
    }

    /// Take the line's background for what the other side says it is, or again for what was heard
    /// of it. While it is told, the other side is silent: what is made up soon is noise alone.
    pub fn believe(&mut self, told: Option<ComfortNoise>) {
        self.background.believe(told);
    }

    /// Appends `samples` made-up samples to `out`.
    pub fn conceal(&mut self, out: &mut Vec<i16>, samples: usize) {
        if self.made_up == 0 && samples > 0 {
            self.before.set_pitch(Pitch::of(self.before.look(&mut { LOOK })), 1);
        }
        out.extend(std::iter::repeat_with(|| to_sample(self.next())).take(samples));
    }

    /// The same where `next` is known to follow; a few packets of it help, more than
    /// [`FORESIGHT_MS`] do not. It is yet to be heard.
    pub fn conceal_before(&mut self, next: &[i16], out: &mut Vec<i16>, samples: usize) {
        if self.made_up > 0 || next.len() < LEAST_KNOWN_MS * self.millisecond {
            return self.conceal(out, samples);
        }
        self.behind.turn_to(next);
        let glide = self.glide(samples);
        let from = out.len();
        self.lead_over(&glide, out, samples);
        self.before.remember(&out[from..]);
    }

    /// Finds out how the voice gets over `samples` samples.
    fn glide(&mut self, samples: usize) -> Glide {
        let (mut before, mut behind) = (LOOK, LOOK);
        let (before, behind) = (self.before.look(&mut before), self.behind.look(&mut behind));
        let (pitch, other) = Pitch::of_both(before, behind);
        let periods = self.periods(samples);
        self.before.set_pitch(pitch, periods);
        self.behind.set_pitch(other, periods);
        let fine = COARSE_MS as f32 / self.millisecond as f32;
        let (before, behind) =
            (Known { sound: before, pitch }, Known { sound: behind, pitch: other });
        Glide::over(samples, fine, before, behind)
    }

    fn lead_over(&mut self, glide: &Glide, out: &mut Vec<i16>, samples: usize) {
        let periods = self.periods(samples);
        let fade = KNOWN_FADE_MS * self.millisecond..KNOWN_MUTE_MS * self.millisecond;
        let (before, behind) = (self.before.cycle(periods), self.behind.cycle(periods));
        out.extend((0..samples).map(|n| {
            let (since, until) = (gain(n, &fade), gain(samples - 1 - n, &fade));
            let ahead = glide.ahead(n as f32);
            let (gone, coming) = (before.follow(ahead), behind.follow(glide.behind(ahead)));
            let voice = mix(gone * since, coming * until, share(n, samples));
            let left = since.max(until);
            let noise = if left < 1.0 { self.background.next() } else { 0.0 };
            to_sample(voice + noise * (1.0 - left))
        }));
    }

    /// The pitch periods that take turns in `samples` samples.
    fn periods(&self, samples: usize) -> usize {
        1 + samples / (KNOWN_GROWTH_MS * self.millisecond)
    }

    fn next(&mut self) -> f32 {
        let fade = if self.background.is_told() { 0..SILENT_MS } else { FADE_MS..MUTE_MS };
        let gain =
            gain(self.made_up, &(fade.start * self.millisecond..fade.end * self.millisecond));
        let voice = if gain > 0.0 { self.voice() } else { 0.0 };
        self.made_up += 1;
        voice * gain + self.background.next() * (1.0 - gain)
    }

    /// The voice as it goes on, in a longer cycle from time to time; one gives way to the next
    /// within a few milliseconds.
    fn voice(&self) -> f32 {
        let grown = GROWTH_MS * self.millisecond;
        let periods = 1 + (self.made_up / grown).min(2);
        let ahead = self.made_up as f32;
        let voice = self.before.cycle(periods).follow(ahead);
        let (young, fade) = (self.made_up - (periods - 1) * grown, GROW_MS * self.millisecond);
        if periods == 1 || young >= fade {
            return voice;
        }
        mix(self.before.cycle(periods - 1).at(ahead), voice, share(young, fade))
    }

    fn rejoin(&mut self, pcm: &mut [i16]) {
        let length = (REJOIN_MS * self.millisecond).min(pcm.len());
        for (n, sample) in pcm[..length].iter_mut().enumerate() {
            *sample = to_sample(mix(self.next(), f32::from(*sample), share(n, length)));
        }
        self.made_up = 0;
    }
}

/// How much of what comes after a loss is worth knowing.
pub const FORESIGHT_MS: usize = 30;

/// What is left `away` from true sound: all before the fade, nothing after it.
fn gain(away: usize, fade: &Range<usize>) -> f32 {
    let gone = away.saturating_sub(fade.start) as f32 / fade.len() as f32;
    (1.0 - gone).max(0.0)
}

/// How far step `n` of `steps` is from one end of a fade to the other; never quite at either.
fn share(n: usize, steps: usize) -> f32 {
    (n + 1) as f32 / (steps + 1) as f32
}

/// `from` with `part` of it replaced by `to`.
fn mix(from: f32, to: f32, part: f32) -> f32 {
    from + (to - from) * part
}

fn to_sample(value: f32) -> i16 {
    value.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}
