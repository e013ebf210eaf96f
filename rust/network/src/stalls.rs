//! Times in which nothing gets through, and what waited comes all at once.

use std::time::Duration;

use crate::Random;
use crate::jitter::scale;

/// A way that stalls now and then: a packet that enters it meanwhile leaves when the stall ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalls {
    pattern: Pattern,
    between: Duration,
    lasting: Duration,
}

/// How stalls follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The same time lies between all of them.
    Regular,
    /// An exponentially distributed time lies between them, so that none foretells the next.
    Random,
}

/// Less time lies between no two stalls on average.
const LEAST_BETWEEN: Duration = Duration::from_millis(1);

/// After a pause as long as this, stalls are counted from its end.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

impl Stalls {
    /// Stalls of `lasting`, with `between` from the end of one to the beginning of the next, and
    /// before the first. `None` where less than a millisecond lies between them.
    pub const fn new(pattern: Pattern, between: Duration, lasting: Duration) -> Option<Self> {
        if between.as_nanos() < LEAST_BETWEEN.as_nanos() {
            return None;
        }
        Some(Self { pattern, between, lasting })
    }
}

/// The stall that is on, or comes next.
#[derive(Clone, Debug)]
pub(crate) struct Stalling {
    next: Option<(Duration, Duration)>,
    random: Random,
}

impl Stalling {
    pub(crate) const fn new(random: Random) -> Self {
        Self { next: None, random }
    }

    /// When a packet leaves that enters at `at`.
    pub(crate) fn leave(&mut self, stalls: &Stalls, at: Duration) -> Duration {
        let (begin, end) = self.stall_at(stalls, at);
        if at >= begin { end } else { at }
    }

    /// Other stalls apply from now on.
    pub(crate) const fn begin_anew(&mut self) {
        self.next = None;
    }

    /// The first stall that ends after `at`.
    fn stall_at(&mut self, stalls: &Stalls, at: Duration) -> (Duration, Duration) {
        let known = self.next.filter(|(_, end)| at.saturating_sub(*end) < LONGEST_PAUSE);
        let mut stall = known.unwrap_or_else(|| self.after(stalls, at));
        while stall.1 <= at {
            stall = self.after(stalls, stall.1);
        }
        self.next = Some(stall);
        stall
    }

    fn after(&mut self, stalls: &Stalls, at: Duration) -> (Duration, Duration) {
        let between = match stalls.pattern {
            Pattern::Regular => stalls.between,
            Pattern::Random => scale(stalls.between, self.random.exponential()).max(LEAST_BETWEEN),
        };
        let begin = at.saturating_add(between);
        (begin, begin.saturating_add(stalls.lasting))
    }
}
