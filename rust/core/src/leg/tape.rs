//! Both sides of a call on one clock, as a recording wants them.

use std::collections::VecDeque;

/// Interleaves what was heard and what was said, packet time by packet time.
///
/// What was said sets the clock. What was heard arrives on a clock of its own and in clumps, so it
/// waits here until its turn; where it is short, silence stands in and the samples that come later
/// are not shifted by it for good.
#[derive(Debug, Default)]
pub(super) struct Tape {
    heard: VecDeque<i16>,
    frame: Vec<i16>,
    ready: bool,
    /// Samples of silence that stood in for audio yet to come.
    owed: usize,
}

impl Tape {
    /// Take in samples of the caller.
    pub(super) fn hear(&mut self, pcm: &[i16]) {
        let repaid = self.owed.min(pcm.len()).min(self.surplus(pcm.len()));
        self.owed -= repaid;
        self.heard.extend(&pcm[repaid..]);
        let excess = self.heard.len().saturating_sub(MOST_WAITING);
        self.heard.drain(..excess);
    }

    /// How much of `coming` samples would make the caller's side run behind.
    fn surplus(&self, coming: usize) -> usize {
        (self.heard.len() + coming).saturating_sub(SLACK)
    }

    /// Take in a packet time of the agent, which sets the length of the next frame.
    pub(super) fn say(&mut self, pcm: &[i16]) {
        self.frame.clear();
        for &right in pcm {
            let left = self.heard.pop_front();
            self.owed += usize::from(left.is_none());
            self.frame.extend([left.unwrap_or(0), right]);
        }
        self.owed = self.owed.min(MOST_WAITING);
        self.ready = true;
    }

    /// Whether there is a frame that was not taken yet.
    #[must_use]
    pub(super) fn advance(&mut self) -> bool {
        std::mem::take(&mut self.ready)
    }

    /// The last stretch of stereo, the caller left and the agent right.
    pub(super) fn frame(&self) -> &[i16] {
        &self.frame
    }
}

/// Samples that may wait for their turn before the caller's side counts as late: two packets.
const SLACK: usize = 320;

/// Samples that may wait at all: a second.
const MOST_WAITING: usize = 8_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_left_and_the_agent_right() {
        let mut tape = Tape::default();
        tape.hear(&[1, 2]);
        tape.say(&[8, 9]);
        assert!(tape.advance());
        assert_eq!(tape.frame(), [1, 8, 2, 9]);
        assert!(!tape.advance());
    }

    #[test]
    fn a_clump_that_comes_late_does_not_delay_the_caller_for_good() {
        let mut tape = Tape::default();
        for _ in 0..10 {
            tape.say(&[0; 160]);
        }
        tape.hear(&[5; 1600]);
        for _ in 0..10 {
            tape.hear(&[6; 160]);
            tape.say(&[0; 160]);
        }
        assert!(tape.heard.len() <= SLACK, "{} samples behind", tape.heard.len());
    }
}
