//! How long a thread has been at what it does now, for others to see: whether a disk stalls.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fourwire::Moment;

/// The present stint of one thread: when it began, in nanoseconds; zero where it rests.
#[derive(Debug, Default)]
pub(super) struct Stint(AtomicU64);

impl Stint {
    pub(super) fn begin(&self, now: Moment) {
        self.0.store(now.as_nanos(), Relaxed);
    }

    pub(super) fn end(&self) {
        self.0.store(0, Relaxed);
    }

    /// How long it lasts by `now`; nothing where the thread rests.
    pub(super) fn lasts(&self, now: Moment) -> Duration {
        match self.0.load(Relaxed) {
            0 => Duration::ZERO,
            began => now.since(Moment::from_nanos(began)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stint_lasts_from_its_beginning_to_its_end() {
        let (stint, at) = (Stint::default(), Moment::from_millis);
        assert_eq!(stint.lasts(at(5_000)), Duration::ZERO);
        stint.begin(at(5_000));
        assert_eq!(stint.lasts(at(5_250)), Duration::from_millis(250));
        assert_eq!(stint.lasts(at(4_000)), Duration::ZERO); // by a clock that was read before
        stint.end();
        assert_eq!(stint.lasts(at(9_000)), Duration::ZERO);
    }
}
