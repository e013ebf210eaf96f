//! The caller's keys, by whichever way they come in the audio's stream, and what is kept from others
//! while they are typed.

use std::time::Duration;

use super::{Event, Leg, LegCounters};
use crate::ClockRate;
use crate::listen::KeyTones;
use crate::wire::KeyPress;

/// What is made of the tones of keys in the caller's audio (ITU-T Q.23). Telephone events are heard
/// in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InBandKeys {
    /// Nothing.
    #[default]
    Off,
    /// They are told as keys.
    Hear,
    /// They are told as keys, and neither the agent nor the recording hears them.
    Remove,
}

/// Silence in place of the caller's audio, for the agent and in the recording.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mask {
    on: bool,
    /// Samples that are yet to be masked after its end.
    tail: usize,
    masked: u64,
}

impl Mask {
    fn set(&mut self, on: bool, rate: ClockRate) {
        if self.on && !on {
            self.tail = rate.samples_in(TAIL);
        }
        self.on = on;
    }

    pub(super) fn apply(&mut self, pcm: &mut [i16]) {
        if !self.on && self.tail == 0 {
            return;
        }
        let masked = if self.on { pcm.len() } else { self.tail.min(pcm.len()) };
        self.tail = self.tail.saturating_sub(masked);
        self.masked += masked as u64;
        pcm[..masked].fill(0);
    }
}

impl Leg {
    /// Hear the tones of keys from now on, or no longer.
    pub fn hear_in_band_keys(&mut self, how: InBandKeys) {
        if let Some(tones) = self.tones.take() {
            self.counters.tone_samples_removed += tones.removed();
            self.counters.keys_dropped += tones.dropped();
        }
        let (rate, removes) = (self.media.codec.audio_rate(), how == InBandKeys::Remove);
        self.tones = (how != InBandKeys::Off).then(|| Box::new(KeyTones::new(rate, removes)));
    }

    /// Put silence in place of the caller's audio, for the agent and in the recording, while
    /// something is typed that nobody else must know. Keys are told as ever. It goes on for 300 ms
    /// after its end, because a key is told before the last of its tone has come.
    pub fn mask(&mut self, on: bool) {
        self.mask.set(on, self.media.codec.audio_rate());
    }

    /// Lets the samples that were heard last be looked through for keys, and be masked.
    pub(super) fn look_for_keys(&mut self) {
        if let Some(tones) = &mut self.tones {
            tones.hear(&mut self.pcm);
            if let Some(watch) = self.watch.as_mut().filter(|_| tones.sounds()) {
                watch.key();
            }
            while let Some(press) = tones.poll() {
                note(&mut self.counters, &mut self.events, press, true);
            }
        }
        self.mask.apply(&mut self.pcm);
    }

    pub(super) fn note_key(&mut self, press: KeyPress) {
        note(&mut self.counters, &mut self.events, press, false);
    }

    pub(super) fn note_keys(&self, counters: &mut LegCounters) {
        counters.keys_dropped += self.keys.dropped();
        counters.masked_samples = self.mask.masked;
        if let Some(tones) = &self.tones {
            counters.tone_samples_removed += tones.removed();
            counters.keys_dropped += tones.dropped();
        }
    }
}

fn note(
    counters: &mut LegCounters,
    events: &mut std::collections::VecDeque<Event>,
    press: KeyPress,
    in_band: bool,
) {
    counters.keys += 1;
    counters.keys_in_band += u64::from(in_band);
    events.push_back(Event::Key { digit: press.key.digit(), duration: press.duration, in_band });
}

/// How long is masked after the end: longer than it takes for a key to be told whose end was lost.
const TAIL: Duration = Duration::from_millis(300);
