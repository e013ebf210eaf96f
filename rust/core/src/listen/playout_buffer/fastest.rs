//! The fastest packets lately, against which all others are late.

use crate::ClockRate;

/// Seconds that are looked back on: a queue that fills and drains more slowly than that is taken
/// for the way itself, and followed.
const WINDOW: i64 = 8;

/// Parts of the window.
const PARTS: usize = 20;

/// Least transit of the packets of the last seconds. A transit is a time of arrival less a
/// place in the timeline, so only differences between two of them mean something.
#[derive(Clone, Debug)]
pub(super) struct Fastest {
    /// The least of every part of the window, in a circle.
    least: [i64; PARTS],
    at: usize,
    /// Time within the present part.
    elapsed: i64,
    last_arrival: Option<i64>,
    part: i64,
    /// The longest time that passes between two packets: a silence does not age what is known.
    longest_step: i64,
}

impl Fastest {
    /// No packet was heard; times are periods of a clock of `rate`.
    pub(super) const fn new(rate: ClockRate) -> Self {
        let part = rate.hertz() as i64 * WINDOW / PARTS as i64;
        Self {
            least: [i64::MAX; PARTS],
            at: 0,
            elapsed: 0,
            last_arrival: None,
            part,
            longest_step: part / 2,
        }
    }

    /// A packet came.
    pub(super) fn hear(&mut self, arrival: i64, transit: i64) {
        let before = self.last_arrival.replace(arrival).unwrap_or(arrival);
        self.elapsed += (arrival - before).clamp(0, self.longest_step);
        while self.elapsed >= self.part {
            self.elapsed -= self.part;
            self.at = (self.at + 1) % PARTS;
            self.least[self.at] = i64::MAX;
        }
        self.least[self.at] = self.least[self.at].min(transit);
    }

    /// The least transit; `None` before the first packet.
    pub(super) fn transit(&self) -> Option<i64> {
        self.least.iter().copied().min().filter(|_| self.last_arrival.is_some())
    }

    /// Forgets all packets.
    pub(super) fn forget(&mut self) {
        self.least.fill(i64::MAX);
        self.last_arrival = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_transit_is_remembered_for_eight_seconds() {
        let mut fastest = Fastest::new(ClockRate::Hz8000);
        assert_eq!(fastest.transit(), None);
        fastest.hear(0, 50);
        for n in 1..380 {
            fastest.hear(n * 160, 90);
            assert_eq!(fastest.transit(), Some(50));
        }
        for n in 380..402 {
            fastest.hear(n * 160, 90);
        }
        assert_eq!(fastest.transit(), Some(90));
    }

    #[test]
    fn a_silence_ages_nothing() {
        let mut fastest = Fastest::new(ClockRate::Hz8000);
        fastest.hear(0, 50);
        fastest.hear(800_000, 90);
        assert_eq!(fastest.transit(), Some(50));
    }
}
