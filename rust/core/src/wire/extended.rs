//! Sequence numbers and timestamps, widened so that they never wrap.
//!
//! This is the only place where a wrap is thought about: past it, numbers only grow.

/// How far an extended number starts from zero, so that what precedes the first packet has room.
const ROOM: u64 = 1 << 32;

/// A sequence number of 64 bits, whose low 16 the wire carries (RFC 3550 §A.1).
///
/// ```
/// use fourwire::wire::ExtendedSequence;
/// let last = ExtendedSequence::first(0xFFFF);
/// assert_eq!(last.nearest(0x0001).after(last), 2);
/// assert_eq!(last.nearest(0xFFFE).after(last), -1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedSequence(u64);

impl ExtendedSequence {
    /// The number of the first packet that is heard.
    pub const fn first(wire: u16) -> Self {
        Self(ROOM + wire as u64)
    }

    /// The reading of `wire` that lies closest to `self`.
    pub const fn nearest(self, wire: u16) -> Self {
        let step = wire.wrapping_sub(self.0 as u16).cast_signed();
        Self(self.0.saturating_add_signed(step as i64))
    }

    /// How many packets `self` comes after `other`; negative where it comes before.
    pub const fn after(self, other: Self) -> i64 {
        self.0.cast_signed() - other.0.cast_signed()
    }

    /// The number before this one.
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// What a report block carries: the wire's 16 bits, above them the wraps so far
    /// (RFC 3550 §6.4.1).
    pub const fn reported(self) -> u32 {
        self.0 as u32 // The room is a whole number of 32-bit turns, so it falls off.
    }
}

/// A timestamp of 64 bits, whose low 32 the wire carries (RFC 3550 §5.1). Its unit is one period
/// of the payload's clock: a sample, for G.711.
///
/// ```
/// use fourwire::wire::ExtendedTimestamp;
/// let last = ExtendedTimestamp::first(u32::MAX);
/// assert_eq!(last.nearest(159).after(last), 160);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedTimestamp(u64);

impl ExtendedTimestamp {
    /// The timestamp of the first packet that is heard.
    pub const fn first(wire: u32) -> Self {
        Self(ROOM + wire as u64)
    }

    /// The reading of `wire` that lies closest to `self`.
    pub const fn nearest(self, wire: u32) -> Self {
        let step = wire.wrapping_sub(self.0 as u32).cast_signed();
        Self(self.0.saturating_add_signed(step as i64))
    }

    /// How many clock periods `self` comes after `other`; negative where it comes before.
    pub const fn after(self, other: Self) -> i64 {
        self.0.cast_signed() - other.0.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_widened_number_is_the_one_of_its_kind_that_lies_closest(start: u16, steps: Vec<i16>) {
            let (mut sequence, mut place) = (ExtendedSequence::first(start), i64::from(start));
            let mut timestamp = ExtendedTimestamp::first(start.into());
            for step in steps {
                // Less than half a turn below where it began, a number is still above zero.
                let step = if place < 0 { step.saturating_abs() } else { step };
                place += i64::from(step);
                let (before, wide) = (sequence, timestamp);
                sequence = sequence.nearest(place as u16);
                timestamp = timestamp.nearest(place as u32);
                prop_assert_eq!(sequence.after(before), i64::from(step));
                prop_assert_eq!(timestamp.after(wide), i64::from(step));
                prop_assert_eq!(sequence.reported() as u16, place as u16);
            }
        }
    }

    #[test]
    fn a_number_below_the_first_still_has_a_place() {
        let first = ExtendedSequence::first(0);
        assert_eq!(first.nearest(0xFF00).after(first), -256);
    }

    #[test]
    fn a_report_carries_the_wraps_above_the_wire_number() {
        let before = ExtendedSequence::first(0xFFFF);
        assert_eq!(before.reported(), 0xFFFF);
        assert_eq!(before.nearest(3).reported(), 0x0001_0003);
    }

    #[test]
    fn ten_turns_of_the_wire_number_are_ten_turns() {
        let first = ExtendedSequence::first(60_000);
        let last = (0..655_360u32).fold(first, |at, step| at.nearest((60_000 + step) as u16));
        assert_eq!(last.after(first), 655_359);
    }
}
