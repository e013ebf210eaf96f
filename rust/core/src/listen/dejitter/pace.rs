//! How the sender's timestamps run against the real clock.

use std::time::Duration;

use crate::{ClockRate, Moment};

/// Parts of a sample that the pace is kept in. Also the share of a packet's delay that is taken
/// for the clocks' drifting apart, one part in so many: enough for ±1000 ppm, and little beside
/// any delay that lasts less than some seconds.
const PARTS: i64 = 1024;

/// How long packets may come too late, without catching up, before the timeline yields to them.
const STUBBORN: Duration = Duration::from_millis(60);

/// The longest time that is reckoned with; it keeps the arithmetic far from its bounds.
const LONGEST: Duration = Duration::from_secs(3600);

/// Tells how far the sender should have got by now, from the packets that came fastest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Parts of a sample a second.
    parts: i64,
    /// A moment, and the place in the timeline that was reached by then, in parts of a sample.
    reached: Option<(Moment, i64)>,
    late: Option<Late>,
}

/// The beginning of a run of late packets.
#[derive(Clone, Copy, Debug)]
struct Late {
    since: Moment,
    by: i64,
}

impl Pace {
    pub(super) const fn new(clock_rate: ClockRate) -> Self {
        Self { parts: clock_rate.hertz() as i64 * PARTS, reached: None, late: None }
    }

    /// How many samples `end` lies ahead of where the sender should be at `now`; negative where
    /// behind, zero where nothing is known.
    #[inline]
    pub(super) fn ahead(&self, now: Moment, end: i64) -> i64 {
        self.expected(now).map_or(0, |expected| end - expected / PARTS)
    }

    /// A packet that ends at `end` came in time.
    #[inline]
    pub(super) fn hear(&mut self, arrival: Moment, end: i64) {
        self.late = None;
        let end = end * PARTS;
        let expected = self.expected(arrival).unwrap_or(end);
        let reached = if expected > end { expected - (expected - end) / PARTS } else { end };
        self.reached = Some((arrival, reached));
    }

    /// The timeline was joined anew: what was known of the pace holds no more.
    pub(super) fn restart(&mut self, arrival: Moment, end: i64) {
        (self.reached, self.late) = (Some((arrival, end * PARTS)), None);
    }

    /// A packet came late by `by` samples. Tells whether the packets since the first late one do
    /// not catch up: then nothing was held up on the way, but the sender's timestamps stood still,
    /// or the way has become longer.
    pub(super) fn hear_late(&mut self, arrival: Moment, by: i64) -> bool {
        let first = *self.late.get_or_insert(Late { since: arrival, by });
        let elapsed = arrival.since(first.since);
        elapsed >= STUBBORN && (first.by - by) * 2 < self.parts_in(elapsed) / PARTS
    }

    #[inline]
    fn expected(&self, now: Moment) -> Option<i64> {
        self.reached.map(|(at, reached)| reached + self.parts_in(now.since(at)))
    }

    #[inline]
    fn parts_in(&self, span: Duration) -> i64 {
        (span.min(LONGEST).as_nanos() as i64 / 1000) * self.parts / 1_000_000
    }
}
