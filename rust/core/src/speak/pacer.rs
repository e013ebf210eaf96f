//! When the next packet is due: absolute deadlines on one grid.

use std::time::Duration;

use crate::Moment;

/// A grid of deadlines, one a packet time, that no lateness ever shifts.
#[derive(Clone, Copy, Debug)]
pub struct Pacer {
    next: Moment,
    period: Duration,
    /// How much before its time the next turn may be taken.
    haste: Duration,
}

/// A packet's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Turns that went by unused before this one, because nobody came for them in time.
    pub missed: u32,
}

impl Pacer {
    /// A grid whose first deadline is `start`. A zero `period` counts as one nanosecond.
    pub fn new(start: Moment, period: Duration) -> Self {
        let period = period.max(Duration::from_nanos(1));
        Self { next: start, period, haste: Duration::ZERO }
    }

    /// When the next packet may leave.
    pub fn deadline(&self) -> Moment {
        let haste = u64::try_from(self.haste.as_nanos()).unwrap_or(u64::MAX);
        Moment::from_nanos(self.next.as_nanos().saturating_sub(haste))
    }

    /// When the next packet is due on the grid.
    pub fn slot(&self) -> Moment {
        self.next
    }

    /// Lets the next turn, and no other, be taken up to `haste` before its time.
    pub fn hurry(&mut self, haste: Duration) {
        self.haste = haste;
    }

    /// The length of a turn.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// The turn that is due at `now`, if one is. Call once: turns missed are not made up for, or a
    /// stall would end in a burst.
    #[must_use]
    pub fn turn(&mut self, now: Moment) -> Option<Turn> {
        if now < self.deadline() {
            return None;
        }
        self.haste = Duration::ZERO;
        let late = now.since(self.next).as_nanos() / self.period.as_nanos();
        let missed = u32::try_from(late).unwrap_or(u32::MAX);
        self.next += self.period.saturating_mul(missed).saturating_add(self.period);
        Some(Turn { missed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERIOD: Duration = Duration::from_millis(20);

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn lateness_does_not_shift_the_grid() {
        let mut pacer = Pacer::new(at(0), PERIOD);
        assert_eq!(pacer.turn(at(13)), Some(Turn { missed: 0 }));
        assert_eq!(pacer.deadline(), at(20));
    }

    #[test]
    fn a_stall_ends_in_one_packet_and_not_in_a_burst() {
        let mut pacer = Pacer::new(at(0), PERIOD);
        assert_eq!(pacer.turn(at(199)), Some(Turn { missed: 9 }));
        assert_eq!(pacer.turn(at(199)), None);
        assert_eq!(pacer.deadline(), at(200));
    }

    #[test]
    fn a_turn_in_haste_comes_early_and_shifts_no_other() {
        let mut pacer = Pacer::new(at(40), PERIOD);
        pacer.hurry(Duration::from_millis(5));
        assert_eq!((pacer.deadline(), pacer.slot()), (at(35), at(40)));
        assert_eq!(pacer.turn(at(34)), None);
        assert_eq!(pacer.turn(at(35)), Some(Turn { missed: 0 }));
        assert_eq!(pacer.turn(at(59)), None);
        assert_eq!(pacer.turn(at(60)), Some(Turn { missed: 0 }));
        pacer.hurry(Duration::from_secs(1000));
        assert_eq!(pacer.deadline(), at(0));
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        assert_eq!(Pacer::new(at(5), PERIOD).turn(at(4)), None);
    }

    proptest! {
        #[test]
        fn turns_taken_and_missed_are_the_time_that_passed(steps in proptest::collection::vec(0u64..100, 1..200)) {
            let (mut pacer, mut now, mut turns) = (Pacer::new(at(0), PERIOD), 0, 0);
            for step in steps {
                now += step;
                if let Some(turn) = pacer.turn(at(now)) {
                    turns += 1 + u64::from(turn.missed);
                }
                prop_assert_eq!(turns * 20, pacer.deadline().since(at(0)).as_millis() as u64);
                prop_assert!(pacer.deadline() > at(now));
            }
        }
    }
}
