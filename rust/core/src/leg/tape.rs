//! Both sides of a call on one clock, as a recording wants them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::ClockRate;
use crate::sound::Splicer;

/// Interleaves what was heard and what was said, packet time by packet time.
///
/// What was said sets the clock. What was heard arrives on a clock of its own and in clumps, so it
/// waits here until its turn; where it is short, silence stands in and the samples that come later
/// are not shifted by it for good. It has one rate from its beginning to its end, whatever becomes
/// of the codec.
pub(super) struct Tape {
    caller: Splicer,
    agent: Splicer,
    coming: Vec<i16>,
    heard: VecDeque<i16>,
    said: Vec<i16>,
    frame: Vec<i16>,
    /// Frames that can be taken: silence for turns that were missed, then what was said.
    ready: u32,
    /// Samples of silence that stood in for audio yet to come.
    owed: usize,
}

impl Tape {
    /// A tape at `rate` of samples that come at `wire`.
    pub(super) fn new(wire: ClockRate, rate: ClockRate) -> Self {
        Self {
            caller: Splicer::new(wire, rate),
            agent: Splicer::new(wire, rate),
            coming: Vec::new(),
            heard: VecDeque::new(),
            said: Vec::new(),
            frame: Vec::new(),
            ready: 0,
            owed: 0,
        }
    }

    /// Take in samples at another rate from now on.
    pub(super) fn renegotiate(&mut self, wire: ClockRate) {
        self.caller.change(wire);
        self.agent.change(wire);
    }

    /// Take in samples of the caller.
    pub(super) fn hear(&mut self, pcm: &[i16]) {
        self.coming.clear();
        self.caller.process(pcm, &mut self.coming);
        let repaid = self.owed.min(self.coming.len()).min(self.surplus());
        self.owed -= repaid;
        self.heard.extend(&self.coming[repaid..]);
        let excess = self.heard.len().saturating_sub(self.samples_in(MOST_WAITING));
        self.heard.drain(..excess);
    }

    /// How much of what is coming would make the caller's side run behind.
    fn surplus(&self) -> usize {
        (self.heard.len() + self.coming.len()).saturating_sub(self.samples_in(SLACK))
    }

    fn samples_in(&self, span: Duration) -> usize {
        self.caller.to().samples_in(span)
    }

    /// Take in a packet time of the agent, which sets the length of the next frames: one for each
    /// of the turns `missed` before it, in which the caller may have spoken, and its own.
    pub(super) fn say(&mut self, pcm: &[i16], missed: u32) {
        self.said.clear();
        self.agent.process(pcm, &mut self.said);
        self.ready = missed.min(MOST_MISSED) + 1;
    }

    /// Makes the next frame, if there is one that was not taken yet. Call until false.
    #[must_use]
    pub(super) fn advance(&mut self) -> bool {
        let Some(left) = self.ready.checked_sub(1) else { return false };
        self.ready = left;
        self.frame.clear();
        for &right in &self.said {
            let left_side = self.heard.pop_front();
            self.owed += usize::from(left_side.is_none());
            self.frame.extend([left_side.unwrap_or(0), if left == 0 { right } else { 0 }]);
        }
        self.owed = self.owed.min(self.samples_in(MOST_WAITING));
        true
    }

    /// The last stretch of stereo, the caller left and the agent right.
    pub(super) fn frame(&self) -> &[i16] {
        &self.frame
    }
}

/// What may wait for its turn before the caller's side counts as late: two packets.
const SLACK: Duration = Duration::from_millis(40);

/// What may wait at all.
const MOST_WAITING: Duration = Duration::from_secs(1);

/// Turns missed in a row that are made up for: a second of them, which is also the most that the
/// caller's side brings after a stall.
const MOST_MISSED: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_left_and_the_agent_right() {
        let mut tape = Tape::new(ClockRate::Hz8000, ClockRate::Hz8000);
        tape.hear(&[1, 2]);
        tape.say(&[8, 9], 0);
        assert!(tape.advance());
        assert_eq!(tape.frame(), [1, 8, 2, 9]);
        assert!(!tape.advance());
    }

    #[test]
    fn a_clump_that_comes_late_does_not_delay_the_caller_for_good() {
        let mut tape = Tape::new(ClockRate::Hz8000, ClockRate::Hz8000);
        for _ in 0..10 {
            tape.say(&[0; 160], 0);
            assert!(tape.advance());
        }
        tape.hear(&[5; 1600]);
        for _ in 0..10 {
            tape.hear(&[6; 160]);
            tape.say(&[0; 160], 0);
            assert!(tape.advance());
        }
        assert!(tape.heard.len() <= 320, "{} samples behind", tape.heard.len());
    }
}
