//! How long a hole is waited for.

use std::time::Duration;

/// One 512th of what the wait has above its least is given back with every packet in order, so
/// that at 20 ms a packet it halves in about seven seconds.
const SLOWNESS: u32 = 512;

/// The adaptive reorder limit.
///
/// It starts at two packet times, and never falls below: a packet overtaken by its neighbour
/// comes in that time. When a packet is seen to come behind others, in time or too late, the limit
/// rises at once to what would have caught it, and half a packet time for good measure, up to the
/// configured most. With every packet that comes in order it falls a little. A packet behind by
/// more than the most teaches nothing, because it could not have been waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    least: Duration,
    most: Duration,
    margin: Duration,
    limit: Duration,
}

impl Patience {
    pub(super) fn new(packet_time: Duration, most: Duration) -> Self {
        let least = packet_time.saturating_mul(2).min(most);
        Self { least, most, margin: packet_time / 2, limit: least }
    }

    /// How long to wait, from the arrival of the first packet behind the hole.
    pub(super) const fn limit(&self) -> Duration {
        self.limit
    }

    /// A packet came `behind` after one that should have followed it.
    pub(super) fn observe(&mut self, behind: Duration) {
        if behind <= self.most {
            self.limit = self.limit.max((behind + self.margin).min(self.most));
        }
    }

    /// A packet came in order.
    #[inline]
    pub(super) fn relax(&mut self) {
        if self.limit > self.least {
            self.limit -= (self.limit - self.least) / SLOWNESS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn the_limit_rises_to_what_was_seen_and_falls_slowly() {
        let mut patience = Patience::new(20 * MILLI, 100 * MILLI);
        assert_eq!(patience.limit(), 40 * MILLI);
        patience.observe(60 * MILLI);
        assert_eq!(patience.limit(), 70 * MILLI);
        for _ in 0..355 {
            patience.relax();
        }
        assert!((54 * MILLI..56 * MILLI).contains(&patience.limit()));
    }

    #[test]
    fn the_limit_keeps_to_its_bounds() {
        let mut patience = Patience::new(20 * MILLI, 30 * MILLI);
        assert_eq!(patience.limit(), 30 * MILLI);
        patience.observe(29 * MILLI);
        patience.observe(500 * MILLI);
        assert_eq!(patience.limit(), 30 * MILLI);
    }
}
