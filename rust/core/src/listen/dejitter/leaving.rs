//! The way out: the next stretch of the timeline.

use std::ops::Range;
use std::time::Duration;

use super::decide::{First, Standing};
use super::ring::Slot;
use super::{Dejitter, LONGEST_GAP, Stretch};
use crate::Moment;

/// How much quiet comes out at a time while nothing arrives.
const QUIET_STEP: Duration = Duration::from_millis(20);

/// The last hole that was given up.
#[derive(Clone, Copy, Debug)]
pub(super) struct GivenUp {
    from: i64,
    to: i64,
    since: Moment,
}

impl GivenUp {
    pub(super) const fn numbers(&self) -> Range<i64> {
        self.from..self.to
    }

    /// When the first packet behind it came.
    pub(super) const fn since(&self) -> Moment {
        self.since
    }
}

impl Dejitter {
    /// What stands at the timeline's end at `now`.
    #[inline]
    pub(super) fn standing(&self, now: Moment) -> Standing {
        let Some(slot) = self.ring.first(self.next) else {
            let quiet_due = self.quiet_due.is_some_and(|due| due <= now);
            return Standing { first: None, given_up: false, quiet_due };
        };
        let first = self.first(slot);
        let over = || self.hole_over().is_some_and(|over| over <= now);
        let given_up = self.hurried || first.missing > 0 && over();
        Standing { first: Some(first), given_up, quiet_due: false }
    }

    /// The same, where only a hole that was filled is over.
    pub(super) fn patient_standing(&self) -> Standing {
        let first = self.ring.first(self.next).map(|slot| self.first(slot));
        Standing { first, given_up: self.hurried, quiet_due: false }
    }

    #[inline]
    fn first(&self, slot: &Slot) -> First {
        let missing = slot.number - self.next;
        First {
            missing,
            carried: (missing + self.owed) * self.last_samples.max(slot.samples),
            gap: (slot.samples > 0).then_some(slot.position - self.end),
        }
    }

    /// When the first of the packets that wait came.
    pub(super) fn hole_since(&self) -> Option<Moment> {
        self.ring.from(self.next).map(|slot| slot.arrival).min()
    }

    /// Until when the present hole is waited for.
    pub(super) fn hole_over(&self) -> Option<Moment> {
        self.hole_since().map(|since| since + self.patience.limit())
    }

    /// Starts the clock of the quiet, and forgives it what a stall of our own would make it bring.
    #[inline]
    pub(super) fn begin_quiet(&mut self, now: Moment) {
        let due = *self.quiet_due.get_or_insert(now + self.config.quiet_after);
        let behind = now.since(due);
        if behind > LONGEST_GAP {
            self.quiet_due = Some(due + (behind - LONGEST_GAP));
        }
    }

    /// Nothing is due. A hurry does not outlive what it was for.
    pub(super) fn nothing(&mut self, standing: Standing) -> Option<Stretch<'_>> {
        self.hurried &= standing.first.is_some();
        None
    }

    pub(super) fn skip(&mut self) {
        if let Some(&slot) = self.ring.get(self.next) {
            self.ring.take(&slot);
            self.advance();
        }
    }

    pub(super) fn give_up(&mut self, first: First) {
        // A packet without audio cannot tell how much the missing ones held; the next may.
        self.owed = if first.gap.is_some() { 0 } else { self.owed + first.missing };
        if first.missing == 0 {
            return;
        }
        if let Some(since) = self.hole_since() {
            let to = self.next + first.missing;
            self.given_up = Some(GivenUp { from: self.next, to, since });
        }
        self.counters.lost += first.missing.cast_unsigned();
        self.counters.losses += 1;
        self.history = self.history.checked_shl(first.missing as u32).unwrap_or(0);
        self.next += first.missing;
        self.hurried = false;
    }

    pub(super) fn conceal(&mut self, samples: i64) -> Stretch<'static> {
        self.end += samples;
        self.counters.concealed_samples += samples.cast_unsigned();
        Stretch::Lost { samples: samples as usize }
    }

    pub(super) fn be_quiet(&mut self, samples: i64) -> Stretch<'static> {
        self.end += samples;
        self.counters.quiet_samples += samples.cast_unsigned();
        Stretch::Quiet { samples: samples as usize }
    }

    /// One step of quiet, because no audio comes.
    pub(super) fn fill(&mut self) -> Stretch<'static> {
        self.quiet_due = self.quiet_due.map(|due| due + QUIET_STEP);
        self.be_quiet(self.config.clock_rate.samples_in(QUIET_STEP) as i64)
    }

    /// Takes out the next packet, and how many of its samples are out already; `None` where all
    /// are.
    #[inline]
    pub(super) fn play(&mut self) -> Option<(Slot, i64)> {
        let slot = *self.ring.get(self.next)?;
        self.ring.take(&slot);
        self.advance();
        self.owed = 0;
        let overlap = (self.end - slot.position).max(0);
        if overlap >= slot.samples {
            self.counters.late += 1;
            return None;
        }
        self.last_samples = slot.samples;
        self.end = slot.end();
        self.counters.played += 1;
        self.counters.played_samples += (slot.samples - overlap).cast_unsigned();
        self.counters.trimmed_samples += overlap.cast_unsigned();
        Some((slot, overlap))
    }

    #[inline]
    pub(super) fn received(&self, slot: &Slot, overlap: i64) -> Stretch<'_> {
        Stretch::Received {
            payload: self.ring.payload(slot),
            overlap: overlap as usize,
            samples: (slot.samples - overlap) as usize,
            timestamp: (slot.position + overlap).cast_unsigned(),
            arrival: slot.arrival,
        }
    }

    /// The next number's packet had come, and is out.
    fn advance(&mut self) {
        self.history = self.history << 1 | 1;
        self.next += 1;
    }
}
