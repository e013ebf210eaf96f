//! What a playout buffer does once it is decided.

use super::{Operation, PlayoutBuffer, Status};
use crate::listen::concealer::FORESIGHT_MS;
use crate::listen::time_stretch::Lead;

/// Parts of a second in which samples are given at a time, so that a long request is decided about
/// as often as many short ones.
const SLICES_A_SECOND: usize = 100;

impl PlayoutBuffer {
    /// What stands at the head after `done` samples of the present request.
    pub(super) fn status(&self, done: usize) -> Status {
        let after = self.periods(done);
        let lag = |position| self.samples(self.delay.lag(position, after));
        let talkspurt = self.pause.is_some() && self.dejitter.waits();
        let target = self.samples(self.delay.target());
        let (line, at) = self.line.around();
        Status {
            ready: self.line.ready(),
            lag: lag(self.position()),
            target,
            goal: self.goal(target),
            weak: self.stretch.is_weak(line, at),
            unchanged: self.unchanged,
            astray: self.astray,
            untried: self.untried,
            made_up: self.made_up,
            held: self.held,
            starved: self.starved,
            hole: self.dejitter.hole().map(|hole| self.samples(hole as i64) as usize),
            pause: self.pause.is_some() || self.silent,
            talkspurt: talkspurt.then(|| lag(self.dejitter.end().cast_signed())),
        }
    }

    /// A long pause may be made longer or shorter; one between two words stays as it is, if the
    /// lag may.
    fn goal(&self, target: i64) -> i64 {
        let pause = self.pause.map_or(0, |pause| self.samples(pause));
        if pause == 0 || pause >= self.limits.pause {
            return target;
        }
        self.played_lag.clamp(target, target + self.limits.slack)
    }

    /// Does what was decided, and tells how many of the `left` samples are now in `out`.
    pub(super) fn operate(
        &mut self,
        operation: Operation,
        status: Status,
        left: usize,
        out: &mut Vec<i16>,
    ) -> usize {
        match operation {
            Operation::Normal => return self.hand_out(status, left, out),
            Operation::Conceal => return self.conceal(status, left, out),
            Operation::Quiet => return self.be_quiet(status, left, out),
            Operation::Accelerate => self.accelerate(status, left, false),
            Operation::FastAccelerate => self.accelerate(status, left, true),
            Operation::Expand => self.expand(status),
            Operation::Bridge => self.bridge(),
            Operation::Skip => self.skip(status),
            Operation::Merge => self.merge(status),
            Operation::Begin => self.begin(),
        }
        0
    }

    fn hand_out(&mut self, status: Status, left: usize, out: &mut Vec<i16>) -> usize {
        let count = left.min(self.slice()).min(status.ready);
        let piece = self.line.play(count);
        let known = self.known.min(count);
        self.concealer.hear(&mut piece[known..]);
        self.stretch.hear(piece);
        out.extend_from_slice(piece);
        self.known -= known;
        self.played_lag = status.lag;
        self.unchanged += count;
        self.untried += count;
        let above = status.lag - status.target;
        let near = above < self.limits.above && -above < self.limits.below;
        self.astray = if near { 0 } else { self.astray + count };
        self.starved = 0;
        count
    }

    fn conceal(&mut self, status: Status, left: usize, out: &mut Vec<i16>) -> usize {
        let most = status.hole.filter(|&hole| hole > 0).unwrap_or(usize::MAX);
        let made_up = self.make_up(left.min(most), out);
        self.counters.concealed_samples += made_up as u64;
        self.pull();
        made_up
    }

    fn be_quiet(&mut self, status: Status, left: usize, out: &mut Vec<i16>) -> usize {
        let most = status.talkspurt.map_or(usize::MAX, |lag| (status.goal - lag).max(1) as usize);
        let made_up = self.make_up(left.min(most), out);
        self.counters.quiet_samples += made_up as u64;
        made_up
    }

    fn make_up(&mut self, most: usize, out: &mut Vec<i16>) -> usize {
        let count = most.min(self.slice());
        self.concealer.conceal(self.line.end(), count);
        out.extend_from_slice(self.line.play(count));
        self.made_up = true;
        self.starved += count;
        self.owed += count;
        count
    }

    /// Cuts out sound, as much as the lag is above its target and as is not needed right now.
    fn accelerate(&mut self, status: Status, left: usize, hurry: bool) {
        let above = (status.lag - status.target) as usize;
        let most = above.min(status.ready.saturating_sub(left));
        let (line, at) = self.line.around_mut();
        let removed = self.stretch.shorten(line, at, most, hurry);
        self.counters.removed_samples += removed as u64;
        self.changed(removed);
    }

    fn expand(&mut self, status: Status) {
        let below = (status.target - status.lag + self.limits.below) as usize;
        let (line, at) = self.line.around_mut();
        let inserted = self.stretch.lengthen(line, at, below);
        self.counters.inserted_samples += inserted as u64;
        self.changed(inserted);
    }

    fn changed(&mut self, by: usize) {
        self.untried = 0;
        if by > 0 {
            (self.unchanged, self.astray) = (0, 0);
        }
    }

    /// The packets of the hole are given up, and what is behind it tells how to fill it.
    fn bridge(&mut self) {
        let hole = self.dejitter.hole().unwrap_or(0);
        let filled = self.dejitter.fill_hole(hole);
        let missing = self.samples(filled as i64) as usize;
        self.pull();
        let (line, at) = self.line.around_mut();
        let foresight = FORESIGHT_MS * self.rate.hertz() as usize / 1000;
        let next = &line[at..line.len().min(at + foresight)];
        self.concealer.conceal_before(next, &mut self.lead, missing);
        line.splice(at..at, self.lead.drain(..));
        self.counters.concealed_samples += missing as u64;
        (self.known, self.held) = (missing, false);
    }

    /// So that the delay stays as it is: a rare packet that came too late is a lost one, and is
    /// noticed less than a change of pace.
    fn skip(&mut self, status: Status) {
        let overdue = (status.lag - status.target) as usize;
        // Too little of the rest to lead over to it is not worth hearing.
        let rest = status.ready.saturating_sub(overdue);
        let dropped = if rest < self.slice() { status.ready } else { overdue };
        self.line.drop(dropped);
        self.counters.dropped_samples += dropped as u64;
        self.held = false;
    }

    /// Leads over to what is ready: as it is where it was missing for its own time, and else where
    /// it fits to what was made up.
    fn merge(&mut self, status: Status) {
        let mut made_up = 0;
        if status.held && status.starved < self.limits.starvation {
            made_up = self.fit(status);
        }
        self.hear_whole(made_up);
        (self.made_up, self.held, self.untried) = (false, false, 0);
    }

    /// Skips some of what is ready where the lag is above its target, and else makes up a little
    /// more before it, and tells how much.
    fn fit(&mut self, status: Status) -> usize {
        let (line, at) = self.line.around_mut();
        if status.lag > status.target {
            let skipped = self.stretch.fitting(line, at, Lead::Skip);
            self.line.drop(skipped);
            self.counters.removed_samples += skipped as u64;
            return 0;
        }
        let made_up = self.stretch.fitting(line, at, Lead::Wait);
        self.concealer.conceal(&mut self.lead, made_up);
        line.splice(at..at, self.lead.drain(..));
        self.counters.concealed_samples += made_up as u64;
        made_up
    }

    /// Leads over behind `made_up` samples at once, and not in the pieces that samples are asked
    /// for in.
    fn hear_whole(&mut self, made_up: usize) {
        let slice = self.slice();
        let (line, at) = self.line.around_mut();
        let end = line.len().min(at + made_up + slice);
        self.concealer.hear(&mut line[at + made_up..end]);
        self.known = end - at;
    }

    fn begin(&mut self) {
        self.pause = None;
        self.pull();
        self.held = false;
    }

    const fn slice(&self) -> usize {
        self.rate.hertz() as usize / SLICES_A_SECOND
    }
}
