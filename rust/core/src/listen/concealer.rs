//! What stands in for packets that never came.

mod noise;
mod pitch;

use self::noise::Background;
use crate::ClockRate;

/// Packet loss concealment by waveform substitution, of the class of ITU-T G.711 Appendix I.
///
/// The last pitch periods are repeated, more of them the longer a loss lasts so that it does not
/// buzz, and fade into the line's background noise within 60 ms. What comes after a loss is
/// cross-faded with what would have gone on, so no seam clicks. Unlike Appendix I, nothing is
/// delayed: the seam at the beginning is closed by bending the first few made-up samples.
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
    /// The end of what was heard, as long as [`HISTORY_MS`].
    history: Vec<f32>,
    /// One to three pitch periods that follow on themselves.
    cycle: Vec<f32>,
    at: usize,
    pitch: usize,
    /// How the cycle before this one would go on, while it gives way.
    leaving: Vec<f32>,
    /// The step between the last sample heard and the cycle's first.
    step: f32,
    /// Samples made up since the loss began; zero while nothing is lost.
    made_up: usize,
    background: Background,
}

/// Three of the longest pitch periods and a quarter, which is how far back a cycle reaches.
const HISTORY_MS: usize = 49;

/// The longest pitch period: a voice at 66 Hz.
const LONGEST_PITCH_MS: usize = 15;

/// How long a loss is before another pitch period joins the cycle, and before it begins to fade.
const GROWTH_MS: usize = 10;

/// How long a loss is when nothing of the voice is left.
const MUTE_MS: usize = 60;

/// The longest cross-fade at the end of a loss.
const LONGEST_REJOIN_MS: usize = 10;

impl Concealer {
    /// A concealer of losses in audio at `rate` that has heard only silence.
    pub fn new(rate: ClockRate) -> Self {
        let millisecond = rate.hertz() as usize / 1000;
        let longest_pitch = LONGEST_PITCH_MS * millisecond;
        Self {
            millisecond,
            history: vec![0.0; HISTORY_MS * millisecond],
            cycle: Vec::with_capacity(3 * longest_pitch),
            at: 0,
            pitch: longest_pitch,
            leaving: Vec::with_capacity(longest_pitch),
            step: 0.0,
            made_up: 0,
            background: Background::new(rate),
        }
    }

    /// Remember good audio. After a loss, its beginning is cross-faded in place.
    pub fn hear(&mut self, pcm: &mut [i16]) {
        if self.made_up > 0 {
            self.rejoin(pcm);
        }
        self.remember(pcm);
        self.background.hear(pcm);
    }

    /// Appends `samples` made-up samples to `out`.
    pub fn conceal(&mut self, out: &mut Vec<i16>, samples: usize) {
        if self.made_up == 0 && samples > 0 {
            self.begin();
        }
        out.extend(std::iter::repeat_with(|| to_sample(self.next())).take(samples));
    }

    /// Forget all that was heard.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        self.made_up = 0;
    }

    fn begin(&mut self) {
        self.pitch = pitch::period(&self.history, self.millisecond);
        self.leaving.clear();
        self.make_cycle(1);
        self.at = 0;
        let end = self.history.len();
        self.step = self.history[end - 1] - self.history[end - 1 - self.pitch];
    }

    /// Takes the last `periods` pitch periods, and bends the end of them towards what came before
    /// their beginning, so that they follow on themselves.
    fn make_cycle(&mut self, periods: usize) {
        let (length, bend) = (periods * self.pitch, self.pitch / 4);
        let start = self.history.len() - length;
        self.cycle.clear();
        self.cycle.extend_from_slice(&self.history[start..]);
        let before = &self.history[start - bend..start];
        for (n, (sample, before)) in self.cycle[length - bend..].iter_mut().zip(before).enumerate()
        {
            *sample = mix(*sample, *before, share(n, bend));
        }
    }

    fn next(&mut self) -> f32 {
        let grown = GROWTH_MS * self.millisecond;
        if self.made_up == grown || self.made_up == 2 * grown {
            self.grow(1 + self.made_up / grown);
        }
        let voice = self.voice() + self.bridge();
        let gain = self.gain();
        self.made_up += 1;
        voice * gain + self.background.next() * (1.0 - gain)
    }

    /// Goes on in a longer cycle, at the same place in the pitch period.
    fn grow(&mut self, periods: usize) {
        let fade = self.pitch / 4;
        self.leaving.clear();
        // Last first: they are taken from the end.
        let old = (0..fade).rev().map(|n| self.cycle[(self.at + n) % self.cycle.len()]);
        self.leaving.extend(old);
        self.make_cycle(periods);
        self.at %= self.pitch;
    }

    fn voice(&mut self) -> f32 {
        let sample = self.cycle[self.at];
        self.at = (self.at + 1) % self.cycle.len();
        let fade = self.pitch / 4;
        let left = self.leaving.len();
        match self.leaving.pop() {
            Some(old) => mix(old, sample, share(fade - left, fade)),
            None => sample,
        }
    }

    /// What is left of the step at the beginning of the loss, which goes away in a few
    /// milliseconds.
    fn bridge(&self) -> f32 {
        let length = self.pitch / 4;
        self.step * (1.0 - share(self.made_up, length)).max(0.0)
    }

    fn gain(&self) -> f32 {
        let (fade, mute) = (GROWTH_MS * self.millisecond, MUTE_MS * self.millisecond);
        let gone = self.made_up.saturating_sub(fade) as f32 / (mute - fade) as f32;
        (1.0 - gone).max(0.0)
    }

    /// The longer a loss, the longer the cross-fade: what was made up has drifted away.
    fn rejoin(&mut self, pcm: &mut [i16]) {
        let lost_tens = self.made_up / (GROWTH_MS * self.millisecond);
        let length = self.pitch / 4 + 4 * self.millisecond * lost_tens;
        let length = length.min(LONGEST_REJOIN_MS * self.millisecond).min(pcm.len());
        for (n, sample) in pcm[..length].iter_mut().enumerate() {
            *sample = to_sample(mix(self.next(), f32::from(*sample), share(n, length)));
        }
        self.made_up = 0;
    }

    fn remember(&mut self, pcm: &[i16]) {
        let room = self.history.len();
        let recent = &pcm[pcm.len().saturating_sub(room)..];
        self.history.copy_within(recent.len().., 0);
        let kept = room - recent.len();
        for (old, &new) in self.history[kept..].iter_mut().zip(recent) {
            *old = f32::from(new);
        }
    }
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
