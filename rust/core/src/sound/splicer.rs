//! Streaming conversion of samples whose rate may change in mid-stream.

use std::time::Duration;

use super::resampler::{Preset, Resampler};
use crate::ClockRate;

/// A resampler that can be told that its input goes on at another rate. As many samples come out
/// as time goes in, and nothing clicks: what the old rate left behind gives way to the new.
#[derive(Clone)]
pub(crate) struct Splicer {
    from: ClockRate,
    to: ClockRate,
    resampler: Resampler,
    /// The end of the input so far.
    recent: Vec<i16>,
    /// How the old rate would have gone on, of which the first `left` samples are mixed in.
    leaving: Vec<i16>,
    left: usize,
}

/// How long the old rate takes to give way.
const SEAM: Duration = Duration::from_millis(5);

impl Splicer {
    pub(crate) fn new(from: ClockRate, to: ClockRate) -> Self {
        Self {
            from,
            to,
            resampler: Resampler::new(from, to, Preset::Standard),
            recent: Vec::new(),
            leaving: Vec::new(),
            left: 0,
        }
    }

    /// Appends the samples that `input` makes due to `out`.
    pub(crate) fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        let start = out.len();
        self.resampler.process(input, out);
        self.remember(input);
        self.mix_leaving(&mut out[start..]);
    }

    /// Go on with input at another rate.
    ///
    /// The old is continued by its mirror image, which has no step, for as long as it fades.
    pub(crate) fn change(&mut self, from: ClockRate) {
        if from == self.from {
            return;
        }
        self.recent.reverse();
        self.leaving.clear();
        self.left = 0;
        self.resampler.process(&self.recent, &mut self.leaving);
        self.resampler = Resampler::new(from, self.to, Preset::Standard);
        self.recent.clear();
        self.from = from;
    }

    fn remember(&mut self, input: &[i16]) {
        let room = self.from.samples_in(SEAM);
        let new = &input[input.len().saturating_sub(room)..];
        let excess = (self.recent.len() + new.len()).saturating_sub(room);
        self.recent.drain(..excess);
        self.recent.extend_from_slice(new);
    }

    fn mix_leaving(&mut self, out: &mut [i16]) {
        let steps = self.leaving.len() as i64 + 1;
        for (sample, &old) in out.iter_mut().zip(&self.leaving[self.left..]) {
            self.left += 1;
            let (new, old, part) = (i64::from(*sample), i64::from(old), self.left as i64);
            *sample = (old + (new - old) * part / steps) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: ClockRate, from_ms: usize, to_ms: usize) -> Vec<i16> {
        let hertz = rate.hertz() as usize;
        (from_ms * hertz / 1000..to_ms * hertz / 1000)
            .map(|n| ((n as f64 * 2500.0 / hertz as f64).sin() * 10_000.0) as i16)
            .collect()
    }

    #[test]
    fn a_change_of_rate_neither_clicks_nor_shifts_the_clock() {
        use ClockRate::{Hz8000, Hz16000, Hz24000, Hz48000};
        for (first, second) in [(Hz8000, Hz16000), (Hz16000, Hz8000), (Hz24000, Hz8000)] {
            for to in [Hz8000, Hz16000, Hz24000, Hz48000] {
                let mut splicer = Splicer::new(first, to);
                let mut out = Vec::new();
                splicer.process(&tone(first, 0, 40), &mut out);
                splicer.change(second);
                splicer.process(&tone(second, 40, 80), &mut out);
                assert_eq!(out.len(), to.samples_in(Duration::from_millis(80)));
                let settled = to.samples_in(Duration::from_millis(10));
                let step = |pcm: &[i16]| pcm.windows(2).map(|it| it[0].abs_diff(it[1])).max();
                let clean = step(&tone(to, 0, 80)).unwrap();
                assert!(step(&out[settled..]).unwrap() < clean * 2, "{first:?} {second:?} {to:?}");
            }
        }
    }
}
