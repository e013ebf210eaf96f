//! Both sides of a call on one clock, as a recording wants them.

use std::time::Duration;

use super::steady::Steady;
use crate::sound::Splicer;
use crate::{ClockRate, Moment};

/// Whose voice it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What was heard: left in a stereo recording.
    Caller,
    /// What was put on the wire: right in a stereo recording.
    Agent,
}

/// A stretch of one side of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded<'a> {
    /// Whose voice.
    pub side: Side,
    /// Where its first sample belongs, in samples since the recording began.
    pub position: u64,
    /// The samples, at the rate of the recording.
    pub pcm: &'a [i16],
}

/// Says of every sample where in the recording it belongs.
///
/// The clock is ours: a sample of the agent belongs where its packet left, one of the caller where
/// its packet came, less what the network held it back. So nothing is ever late in the recording
/// for good, whatever was lost, held or stalled, and whatever the caller's clock thinks of ours. It
/// has one rate from its beginning to its end, whatever becomes of the codec.
pub(super) struct Tape {
    start: Moment,
    rate: ClockRate,
    caller: Lane,
    agent: Lane,
    steady: Steady,
    shown: Vec<i16>,
}

/// One side: what waits to be taken, and where it belongs.
struct Lane {
    splicer: Splicer,
    position: u64,
    pcm: Vec<i16>,
}

impl Lane {
    fn new(wire: ClockRate, rate: ClockRate) -> Self {
        let room = rate.samples_in(ROOM);
        Self { splicer: Splicer::new(wire, rate), position: 0, pcm: Vec::with_capacity(room) }
    }

    /// Where the next sample would belong, did nothing lie between.
    fn end(&self) -> u64 {
        self.position + self.pcm.len() as u64
    }

    /// Goes on at `position`; what lies between is silence.
    fn go_to(&mut self, position: u64) {
        if self.pcm.is_empty() {
            self.position = position;
        } else {
            let room = self.pcm.capacity() - self.pcm.len();
            let gap = position.saturating_sub(self.end()).min(room as u64) as usize;
            self.pcm.resize(self.pcm.len() + gap, 0);
        }
    }
}

impl Tape {
    /// A tape at `rate` of samples that come at `wire`, whose first one goes out at `start`.
    pub(super) fn new(wire: ClockRate, rate: ClockRate, start: Moment) -> Self {
        Self {
            start,
            rate,
            caller: Lane::new(wire, rate),
            agent: Lane::new(wire, rate),
            steady: Steady::new(rate),
            shown: Vec::with_capacity(rate.samples_in(ROOM)),
        }
    }

    /// Take in samples at another rate from now on.
    pub(super) fn renegotiate(&mut self, wire: ClockRate) {
        self.caller.splicer.change(wire);
        self.agent.splicer.change(wire);
    }

    /// Take in samples of the caller whose packet came at `arrival`; `None` where none did, and they
    /// stand in for it.
    pub(super) fn hear(&mut self, pcm: &[i16], arrival: Option<Moment>, now: Moment) {
        let next = self.caller.end();
        let Lane { splicer, pcm: waiting, .. } = &mut self.caller;
        let before = waiting.len();
        splicer.process(pcm, waiting);
        let length = waiting.len() - before;
        if length == 0 {
            return;
        }
        let late = self.place(arrival.unwrap_or(now)) - next as i64;
        let step = match arrival {
            Some(_) => self.steady.judge(late, length),
            None => self.steady.bridge(late, length),
        };
        self.caller.shift(before, step);
    }

    /// Take in a packet time of the agent that goes out at `slot`.
    pub(super) fn say(&mut self, pcm: &[i16], slot: Moment) {
        let position = self.rate.samples_in(slot.since(self.start)) as u64;
        self.agent.go_to(position);
        self.agent.splicer.process(pcm, &mut self.agent.pcm);
    }

    /// Makes the next stretch, if there is one that was not taken yet. Call until `None`.
    pub(super) fn advance(&mut self) -> Option<Side> {
        let side = if self.agent.pcm.is_empty() { Side::Caller } else { Side::Agent };
        let lane = self.lane(side);
        if lane.pcm.is_empty() {
            return None;
        }
        let next = lane.end();
        let pcm = std::mem::take(&mut lane.pcm);
        lane.position = next;
        let mut emptied = std::mem::replace(&mut self.shown, pcm);
        emptied.clear();
        self.lane(side).pcm = emptied;
        Some(side)
    }

    /// The stretch that [`advance`](Self::advance) made of `side`.
    pub(super) fn stretch(&self, side: Side) -> Recorded<'_> {
        let lane = if side == Side::Caller { &self.caller } else { &self.agent };
        let position = lane.position - self.shown.len() as u64;
        Recorded { side, position, pcm: &self.shown }
    }

    /// Samples left out or put in so that the caller's clock keeps to ours.
    pub(super) const fn slipped(&self) -> u64 {
        self.steady.slipped()
    }

    /// Where `moment` lies; before the first sample, for what came before the recording began.
    fn place(&self, moment: Moment) -> i64 {
        let samples = |span| self.rate.samples_in(span) as i64;
        samples(moment.since(self.start)) - samples(self.start.since(moment))
    }

    fn lane(&mut self, side: Side) -> &mut Lane {
        if side == Side::Caller { &mut self.caller } else { &mut self.agent }
    }
}

impl Lane {
    /// Moves what lies from `at` on by `step`: a leap, or the slip of a single sample.
    fn shift(&mut self, at: usize, step: i64) {
        let new = self.pcm.len() - at;
        let middle = at + new / 2;
        match step {
            0 => {}
            1 => {
                let before = self.pcm[middle.saturating_sub(1).max(at)];
                let between = i16::midpoint(before, self.pcm[middle]);
                self.pcm.insert(middle, between);
            }
            -1 => drop(self.pcm.remove(middle)),
            ..=-2 => drop(self.pcm.drain(at..at + new.min(step.unsigned_abs() as usize))),
            2.. if at == 0 => self.position += step.unsigned_abs(),
            2.. => {
                let silence = (step as usize).min(self.pcm.capacity() - self.pcm.len());
                self.pcm.splice(at..at, std::iter::repeat_n(0, silence));
            }
        }
    }
}

/// Samples that wait as a rule: taken whenever anything is, they are what a gap of the network
/// holds back at most.
const ROOM: Duration = Duration::from_millis(300);
