//! What a playout buffer does once it is decided.

use super::{Operation, PlayoutBuffer, Status};
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
        Status {
            ready: self.line.ready(),
            lag: lag(self.position()),
            target: self.samples(self.delay.target()),
            unchanged: self.unchanged,
            made_up: self.made_up,
            starved: self.starved,
            hole: self.dejitter.hole().map(|hole| self.samples(hole as i64) as usize),
            pause: self.pause.is_some() || self.silent,
            talkspurt: talkspurt.then(|| lag(self.dejitter.end().cast_signed())),
        }
    }

    /// Does what was decided, and tells how many of the `left` samples are now in `out`.
    pub(super) fn operate(
        &mut self,
        operation: Operation,
        status: Status,
        left: usize,
        out: &mut Vec<i16>,
    ) -> usize {
        let slice = left.min(self.rate.hertz() as usize / SLICES_A_SECOND);
        match operation {
            Operation::Normal => return self.hand_out(slice.min(status.ready), out),
            Operation::Accelerate => self.accelerate(status, left, false),
            Operation::FastAccelerate => self.accelerate(status, left, true),
            Operation::Expand => self.expand(status),
            Operation::Merge => self.merge(status),
            Operation::Begin => {
                self.pause = None;
                self.pull();
            }
            Operation::Conceal => {
                let most = status.hole.filter(|&hole| hole > 0).unwrap_or(slice);
                let made_up = self.make_up(slice.min(most), out);
                self.counters.concealed_samples += made_up as u64;
                self.pull();
                return made_up;
            }
            Operation::Quiet => {
                let until = status.talkspurt.map_or(slice, |lag| (status.target - lag) as usize);
                let made_up = self.make_up(slice.min(until), out);
                self.counters.quiet_samples += made_up as u64;
                return made_up;
            }
        }
        0
    }

    fn hand_out(&mut self, count: usize, out: &mut Vec<i16>) -> usize {
        let piece = self.line.play(count);
        let merged = self.merged.min(count);
        self.concealer.hear(&mut piece[merged..]);
        self.stretch.hear(piece);
        self.merged -= merged;
        out.extend_from_slice(piece);
        self.unchanged += count;
        self.starved = 0;
        count
    }

    fn make_up(&mut self, count: usize, out: &mut Vec<i16>) -> usize {
        self.concealer.conceal(self.line.end(), count);
        out.extend_from_slice(self.line.play(count));
        self.made_up = true;
        self.starved += count;
        self.owed += count;
        count
    }

    /// Cuts out sound, as much as the lag is above its target and as is not needed right now.
    fn accelerate(&mut self, status: Status, left: usize, hurry: bool) {
        let above = (status.lag - status.target + self.limits.tolerance / 2) as usize;
        let most = above.min(status.ready.saturating_sub(left));
        let (line, at) = self.line.around();
        let removed = self.stretch.shorten(line, at, most, hurry);
        self.counters.removed_samples += removed as u64;
        self.changed(removed);
    }

    fn expand(&mut self, status: Status) {
        let below = (status.target - status.lag + self.limits.tolerance / 2) as usize;
        let (line, at) = self.line.around();
        let inserted = self.stretch.lengthen(line, at, below);
        self.counters.inserted_samples += inserted as u64;
        self.changed(inserted);
    }

    /// Where nothing could be changed, that is tried again a slice later.
    fn changed(&mut self, by: usize) {
        let slice = self.rate.hertz() as usize / SLICES_A_SECOND;
        self.unchanged = if by > 0 { 0 } else { self.limits.interval - slice };
    }

    /// Leads over to what is ready where it fits what was made up: some of it is skipped where the
    /// lag is above its target, and else a little more is made up before it.
    fn merge(&mut self, status: Status) {
        let (line, at) = self.line.around();
        let mut made_up = 0;
        if status.starved < self.limits.starvation {
            if status.lag > status.target {
                let skipped = self.stretch.fitting(line, at, Lead::Skip);
                line.drain(at..at + skipped);
                self.counters.removed_samples += skipped as u64;
            } else {
                made_up = self.stretch.fitting(line, at, Lead::Wait);
                self.concealer.conceal(&mut self.lead, made_up);
                line.splice(at..at, self.lead.drain(..));
                self.counters.concealed_samples += made_up as u64;
            }
        }
        self.hear_whole(at + made_up);
        self.merged += made_up;
        self.made_up = false;
        self.changed(0);
    }

    /// Leads over at once, and not in the pieces that samples are asked for in.
    fn hear_whole(&mut self, from: usize) {
        let slice = self.rate.hertz() as usize / SLICES_A_SECOND;
        let (line, _) = self.line.around();
        let end = line.len().min(from + slice);
        self.concealer.hear(&mut line[from..end]);
        self.merged = end - from;
    }
}
