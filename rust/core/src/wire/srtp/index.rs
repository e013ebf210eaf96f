//! Packet indices of 48 bits, of which the wire carries 16 (RFC 3711 §3.3.1).

/// One more than the last index of RTP: the roll-over counter has 32 bits.
pub(super) const RTP_INDICES: u64 = 1 << 48;

/// One more than the last index of RTCP.
pub(super) const RTCP_INDICES: u64 = 1 << 31;

/// Sequence numbers in one turn of the roll-over counter.
const TURN: u64 = 1 << 16;

/// The index that a packet numbered `sequence` most likely has where `newest` is the highest so far
/// (RFC 3711 appendix A). There is nothing before the first turn, so there a leap of any width is
/// forward.
pub(super) const fn guess(newest: u64, sequence: u16) -> u64 {
    let same_turn = newest / TURN * TURN + sequence as u64;
    if same_turn > newest + TURN / 2 && same_turn >= TURN {
        same_turn - TURN
    } else if newest > same_turn + TURN / 2 {
        same_turn + TURN
    } else {
        same_turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn less_than_half_a_turn_away_the_guess_is_right(
            newest in TURN..RTP_INDICES, step in -0x7FFF..=0x7FFF_i64,
        ) {
            let index = newest.saturating_add_signed(step);
            prop_assert_eq!(guess(newest, index as u16), index);
        }

        #[test]
        fn a_guess_carries_the_number_of_the_wire(newest in 0..RTP_INDICES, sequence: u16) {
            prop_assert_eq!(guess(newest, sequence) as u16, sequence);
        }
    }

    #[test]
    fn half_a_turn_away_the_roll_over_counter_stays() {
        assert_eq!(guess(TURN + 5, 0x8005), TURN + 0x8005);
        assert_eq!(guess(TURN + 0x8005, 5), TURN + 5);
    }

    #[test]
    fn before_the_first_turn_there_is_nothing() {
        assert_eq!(guess(5, 0xFFFF), 0xFFFF);
        assert_eq!(guess(TURN + 5, 0xFFFF), 0xFFFF);
    }
}
