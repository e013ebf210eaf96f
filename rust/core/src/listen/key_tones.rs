//! Keys of a telephone by their sound (ITU-T Q.23), for lines that know no telephone events.
//!
//! Each key is two tones at once, one of four low and one of four high. Every 6.4 ms the last
//! 12.8 ms are looked at, by Goertzel's filter at the eight frequencies. A window is of a key where
//! one low and one high tone stand out of their neighbours, hold nearly all of the energy, are loud
//! enough and about as loud as each other. Four such windows in a row are a key (so a tone of 40 ms
//! is one, and a tone of 24 ms is none), if the phase also advanced from window to window as those
//! frequencies have it: that tells a tone that is off by 1.5 % from one that is off by 3.5 %, which
//! no filter of this length could. The numbers are those of ITU-T Q.24, Annex A; speech seldom
//! holds all of this for so long.

mod window;

use std::collections::VecDeque;

use self::window::{Bank, Look};
use crate::ClockRate;
use crate::wire::{Key, KeyPress};

/// A listener for the tones of keys in samples of one rate.
///
/// ```
/// use fourwire::{ClockRate, listen::KeyTones};
///
/// let mut tones = KeyTones::new(ClockRate::Hz8000, false);
/// let sine = |hertz: f64, n: usize| (hertz * n as f64 * std::f64::consts::TAU / 8000.0).sin();
/// let five = (0..800).map(|n| (8000.0 * (sine(770.0, n) + sine(1336.0, n))) as i16);
/// let mut pcm: Vec<i16> = five.chain([0; 800]).collect();
/// tones.hear(&mut pcm);
/// assert_eq!(tones.poll().map(|press| press.key.digit()), Some('5'));
/// ```
pub struct KeyTones {
    removes: bool,
    bank: Bank,
    /// The samples of a window, the newest last.
    window: Vec<f32>,
    /// How many samples came since the last look.
    fresh: usize,
    before: Option<Look>,
    run: Option<Run>,
    presses: VecDeque<KeyPress>,
    dropped: u64,
    removed: u64,
}

/// Windows in a row that showed the same key.
#[derive(Clone, Copy, Debug)]
struct Run {
    key: Key,
    /// Windows from the first to the last that showed it.
    length: u32,
    /// Windows since then that did not.
    missed: u32,
    /// By how much both tones were off, as shares of their frequencies, summed up.
    off: [f32; 2],
    /// Whether the key is believed.
    down: bool,
}

/// What a window makes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// It goes on.
    Goes,
    /// It is a key now.
    Down,
    /// It may only pause.
    Pauses,
    /// It is over and was a key.
    Released,
    /// It is over and was none.
    Nothing,
}

impl KeyTones {
    /// A listener at `rate`. Where it `removes`, keys are silenced in what it hears, but for about
    /// 20 ms that pass before a tone is noticed.
    pub fn new(rate: ClockRate, removes: bool) -> Self {
        let bank = Bank::new(rate);
        Self {
            removes,
            window: vec![0.0; bank.length()],
            bank,
            fresh: 0,
            before: None,
            run: None,
            presses: VecDeque::with_capacity(MOST_WAITING),
            dropped: 0,
            removed: 0,
        }
    }

    /// Go on with samples at another rate; a key that is down counts as released.
    pub fn renegotiate(&mut self, rate: ClockRate) {
        if let Some(run) = self.run.take() {
            self.note(run);
        }
        let next = Self::new(rate, self.removes);
        (self.bank, self.window, self.fresh, self.before) = (next.bank, next.window, 0, None);
    }

    /// Take in what the line carried, and silence the keys in it where that is asked for.
    /// Afterwards [`poll`](Self::poll).
    pub fn hear(&mut self, pcm: &mut [i16]) {
        let hop = self.bank.hop();
        let (mut at, mut silent) = (0, 0);
        while at < pcm.len() {
            let end = pcm.len().min(at + hop - self.fresh);
            self.take(&pcm[at..end]);
            self.fresh += end - at;
            at = end;
            if self.fresh == hop {
                self.fresh = 0;
                self.look();
                silent = self.silence(pcm, silent.max(end.saturating_sub(2 * hop)), end);
            }
        }
        let rest = pcm.len().saturating_sub(self.fresh);
        self.silence(pcm, silent.max(rest), pcm.len());
    }

    /// A key that was pressed and released. Call until `None`.
    pub fn poll(&mut self) -> Option<KeyPress> {
        self.presses.pop_front()
    }

    /// Whether something sounds that is a key or about to be one.
    pub fn sounds(&self) -> bool {
        self.run.is_some_and(|run| run.length >= SUSPICION && run.missed < PAUSE)
    }

    /// Keys that came faster than they were taken.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Samples that were silenced.
    pub const fn removed(&self) -> u64 {
        self.removed
    }

    fn take(&mut self, pcm: &[i16]) {
        let kept = self.window.len() - pcm.len();
        self.window.copy_within(pcm.len().., 0);
        for (place, &sample) in self.window[kept..].iter_mut().zip(pcm) {
            *place = f32::from(sample);
        }
    }

    /// Silences a stretch where a key sounds; up to where `pcm` is settled now.
    fn silence(&mut self, pcm: &mut [i16], from: usize, to: usize) -> usize {
        if !self.removes || !self.sounds() {
            return from;
        }
        self.removed += (to - from) as u64;
        pcm[from..to].fill(0);
        to
    }

    /// Judges the window as it is now.
    fn look(&mut self) {
        let look = self.bank.look(&self.window, self.before.as_ref());
        let shown = look.as_ref().and_then(Look::key);
        self.follow(shown, look.as_ref().map_or([0.0; 2], |look| look.off));
        self.before = look;
    }

    fn follow(&mut self, shown: Option<Key>, off: [f32; 2]) {
        let Some(mut run) = self.run.take() else {
            self.run = shown.map(Run::new);
            return;
        };
        match run.next(shown, off) {
            Next::Goes | Next::Down | Next::Pauses => self.run = Some(run),
            Next::Released => self.note(run),
            Next::Nothing => self.run = shown.map(Run::new),
        }
    }

    fn note(&mut self, run: Run) {
        if !run.down {
            return;
        }
        if self.presses.len() == MOST_WAITING {
            self.dropped += 1;
            return;
        }
        let duration = self.bank.hop_time() * run.length;
        self.presses.push_back(KeyPress { key: run.key, duration });
    }
}

impl Run {
    const fn new(key: Key) -> Self {
        Self { key, length: 1, missed: 0, off: [0.0; 2], down: false }
    }

    fn next(&mut self, shown: Option<Key>, off: [f32; 2]) -> Next {
        if shown == Some(self.key) {
            self.length += 1 + std::mem::take(&mut self.missed);
            if self.down {
                return Next::Goes;
            }
            self.off = [self.off[0] + off[0], self.off[1] + off[1]];
            return self.judge();
        }
        self.missed += 1;
        match (self.down, self.missed < RELEASE) {
            (true, true) => Next::Pauses,
            (true, false) => Next::Released,
            (false, _) => Next::Nothing,
        }
    }

    fn judge(&mut self) -> Next {
        if self.length < ENOUGH {
            return Next::Goes;
        }
        let pairs = (self.length - 1) as f32;
        if self.off.iter().any(|off| (off / pairs).abs() > MOST_OFF) {
            return Next::Nothing;
        }
        self.down = true;
        Next::Down
    }
}

/// Windows that make a key: what a tone of 40 ms always has, and one of 24 ms never.
const ENOUGH: u32 = 4;

/// Windows after which a tone is silenced, though it may turn out to be none.
const SUSPICION: u32 = 2;

/// Windows without the tone that a key survives: what an interruption of 10 ms takes.
const PAUSE: u32 = 4;

/// Windows without the tone that end a key: fewer than a pause of 40 ms has.
const RELEASE: u32 = 6;

/// How far off a tone may be: midway between the 1.5 % that have to be taken and the 3.5 % that
/// must not be.
const MOST_OFF: f32 = 0.025;

/// Keys that may wait; one takes at least 80 ms.
const MOST_WAITING: usize = 8;
