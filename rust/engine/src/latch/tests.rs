//! What the latch promises, told in packets.

use super::*;
use proptest::prelude::*;

const SIGNALLED: &str = "192.0.2.1:4000";
const OTHER_PORT: &str = "192.0.2.1:61000";
const NAT: &str = "198.51.100.7:30000";
const STRANGER: &str = "203.0.113.9:5555";

fn at(text: &str) -> SocketAddr {
    text.parse().expect("a test's address")
}

fn ms(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn rtp(ssrc: u32, sequence: u16) -> Option<Proof> {
    Some(Proof { ssrc, sequence, genuine: false })
}

/// Sends `count` coherent packets of `source`, 20 ms apart from `from` on.
fn stream(latch: &mut Latch, source: &str, from: u64, count: u16) -> Vec<Verdict> {
    let packet = |n: u16| latch.judge(ms(from + 20 * u64::from(n)), at(source), rtp(7, n));
    (0..count).map(packet).collect()
}

fn accepted(verdicts: &[Verdict]) -> usize {
    let heard = |it: &&Verdict| matches!(it, Verdict::Accept | Verdict::Latch(_));
    verdicts.iter().filter(heard).count()
}

#[test]
fn the_signalled_address_is_heard_from_its_first_packet() {
    let mut latch = Latch::new(at(SIGNALLED));
    assert_eq!(latch.judge(ms(0), at(SIGNALLED), None), Verdict::Latch(at(SIGNALLED)));
    assert_eq!(latch.judge(ms(20), at(SIGNALLED), rtp(1, 2)), Verdict::Accept);
}

#[test]
fn a_stranger_is_never_heard_once_the_caller_was() {
    for injected_at in [1_000, 7_000] {
        let mut latch = Latch::new(at(SIGNALLED));
        assert_eq!(accepted(&stream(&mut latch, SIGNALLED, 0, 50)), 50);
        assert_eq!(accepted(&stream(&mut latch, STRANGER, injected_at, 150)), 0);
        assert_eq!(latch.target(), Some(at(SIGNALLED)));
        assert_eq!(accepted(&stream(&mut latch, SIGNALLED, 11_000, 50)), 50);
    }
}

#[test]
fn a_caller_behind_a_nat_is_taken_after_a_short_run_and_then_keeps_the_call() {
    let mut latch = Latch::new(at(SIGNALLED));
    let verdicts = stream(&mut latch, NAT, 0, 50);
    assert_eq!(verdicts[..3], [Verdict::Probation; 3]);
    assert_eq!(verdicts[3], Verdict::Latch(at(NAT)));
    assert_eq!(accepted(&verdicts), 47);
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 1_000, 150)), 0);
    assert_eq!(accepted(&stream(&mut latch, OTHER_PORT, 4_000, 150)), 0);
    assert_eq!(latch.target(), Some(at(NAT)));
}

#[test]
fn another_port_of_the_signalled_host_needs_less_proof_than_another_host() {
    let mut latch = Latch::new(at(SIGNALLED));
    assert_eq!(accepted(&stream(&mut latch, OTHER_PORT, 0, 10)), 9);
}

#[test]
fn the_signalled_host_takes_over_from_a_stranger_who_came_first() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, STRANGER, 0, 20);
    assert_eq!(latch.peer(), Some(at(STRANGER)));
    assert_eq!(accepted(&stream(&mut latch, OTHER_PORT, 500, 3)), 2);
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 600, 20)), 0);
}

#[test]
fn the_signalled_address_takes_over_at_any_time() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, STRANGER, 0, 500);
    assert_eq!(accepted(&stream(&mut latch, SIGNALLED, 10_000, 5)), 5);
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 10_100, 150)), 0);
}

#[test]
fn after_the_window_another_port_of_the_signalled_host_comes_too_late() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, NAT, 0, 10);
    assert_eq!(accepted(&stream(&mut latch, OTHER_PORT, 1_500, 20)), 0);
}

#[test]
fn a_stray_burst_does_not_keep_the_caller_behind_a_nat_out() {
    let mut latch = Latch::new(at(SIGNALLED));
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 0, 3)), 0);
    assert_eq!(accepted(&stream(&mut latch, NAT, 4_000, 50)), 47);
}

#[test]
fn incoherent_packets_prove_nothing() {
    let mut latch = Latch::new(at(SIGNALLED));
    for n in 0..200u16 {
        let scattered = rtp(u32::from(n), n.wrapping_mul(7919));
        let verdict = latch.judge(ms(20 * u64::from(n)), at(STRANGER), scattered);
        assert_eq!(verdict, Verdict::Probation);
    }
}

#[test]
fn what_is_not_rtp_of_the_negotiated_kind_proves_nothing() {
    let mut latch = Latch::new(at(SIGNALLED));
    for n in 0..20 {
        assert_eq!(latch.judge(ms(20 * n), at(STRANGER), None), Verdict::Reject);
    }
    assert_eq!(latch.peer(), None);
}

#[test]
fn a_run_goes_on_over_the_wrap_of_the_sequence_number() {
    let mut latch = Latch::new(at(SIGNALLED));
    for (step, sequence) in [65_534, 65_535, 0, 1].into_iter().enumerate() {
        let _ = latch.judge(ms(20 * step as u64), at(NAT), rtp(7, sequence));
    }
    assert_eq!(latch.peer(), Some(at(NAT)));
}

#[test]
fn a_new_ssrc_of_the_right_address_is_heard() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, NAT, 0, 50);
    assert_eq!(latch.judge(ms(2_000), at(NAT), rtp(0xDEAD, 9)), Verdict::Accept);
}

#[test]
fn a_new_offer_with_a_new_address_moves_the_call() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, SIGNALLED, 0, 10);
    latch.rearm(at(NAT));
    assert_eq!(latch.target(), Some(at(NAT)));
    assert_eq!(accepted(&stream(&mut latch, NAT, 1_000, 10)), 10);
    assert_eq!(accepted(&stream(&mut latch, SIGNALLED, 2_000, 10)), 0);
}

#[test]
fn a_session_refresh_opens_the_door_to_nobody() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, NAT, 0, 50);
    latch.rearm(at(SIGNALLED));
    assert_eq!(latch.target(), Some(at(NAT)));
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 1_000, 3)), 0);
    assert_eq!(accepted(&stream(&mut latch, NAT, 1_060, 10)), 10);
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 2_000, 150)), 0);
}

#[test]
fn hold_and_its_end_with_nothing_heard_between_cost_the_caller_no_packet() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, NAT, 0, 50);
    latch.rearm(at(SIGNALLED));
    latch.rearm(at(SIGNALLED));
    assert_eq!(latch.target(), Some(at(NAT)));
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 2_000, 3)), 0);
    assert_eq!(accepted(&stream(&mut latch, NAT, 2_060, 10)), 10);
}

#[test]
fn after_the_signalled_address_spoke_an_older_peer_is_a_stranger() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, NAT, 0, 50);
    latch.rearm(at(SIGNALLED));
    assert_eq!(accepted(&stream(&mut latch, SIGNALLED, 2_000, 1)), 1);
    latch.rearm(at(SIGNALLED));
    assert_eq!(accepted(&stream(&mut latch, NAT, 3_000, 3)), 0);
}

#[test]
fn a_stranger_who_came_in_while_the_caller_was_silent_is_out_when_he_speaks() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, NAT, 0, 50);
    latch.rearm(at(SIGNALLED));
    let _ = stream(&mut latch, STRANGER, 1_000, 100);
    assert_eq!(accepted(&stream(&mut latch, NAT, 3_000, 10)), 10);
    assert_eq!(accepted(&stream(&mut latch, STRANGER, 3_000, 10)), 0);
    assert_eq!(latch.target(), Some(at(NAT)));
}

#[test]
fn the_signalled_address_and_the_peer_before_it_do_not_take_turns() {
    let mut latch = Latch::new(at(SIGNALLED));
    let _ = stream(&mut latch, NAT, 0, 50);
    latch.rearm(at(SIGNALLED));
    assert_eq!(accepted(&stream(&mut latch, NAT, 1_000, 10)), 10);
    assert_eq!(accepted(&stream(&mut latch, SIGNALLED, 2_000, 10)), 10);
    assert_eq!(accepted(&stream(&mut latch, NAT, 3_000, 10)), 0);
}

#[test]
fn where_the_sdp_names_no_real_address_nobody_is_heard_and_nothing_sent() {
    for hold in ["0.0.0.0:4000", "192.0.2.1:0", "[::]:4000"] {
        let mut latch = Latch::new(at(hold));
        assert_eq!(accepted(&stream(&mut latch, STRANGER, 0, 50)), 0);
        assert_eq!(latch.target(), None);
    }
}

proptest! {
    #[test]
    fn whatever_is_sent_by_whomever_a_heard_caller_stays_heard(
        packets in proptest::collection::vec((0..3usize, 0..4u32, any::<u16>(), 0..400u64), 0..200),
    ) {
        let strangers = [OTHER_PORT, NAT, STRANGER];
        let mut latch = Latch::new(at(SIGNALLED));
        let _ = latch.judge(ms(0), at(SIGNALLED), rtp(1, 1));
        let mut now = 0;
        for (source, ssrc, sequence, pause) in packets {
            now += pause;
            let verdict = latch.judge(ms(now), at(strangers[source]), rtp(ssrc, sequence));
            prop_assert_eq!(verdict, Verdict::Reject);
            prop_assert_eq!(latch.target(), Some(at(SIGNALLED)));
            prop_assert_eq!(latch.judge(ms(now), at(SIGNALLED), None), Verdict::Accept);
        }
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_was_not_latched(
        packets in proptest::collection::vec((0..4usize, 0..2u32, 0..9u16, 0..90u64), 0..200),
    ) {
        let sources = [SIGNALLED, OTHER_PORT, NAT, STRANGER];
        let mut latch = Latch::new(at(SIGNALLED));
        let mut allowed = at(SIGNALLED);
        let mut now = 0;
        for (source, ssrc, sequence, pause) in packets {
            now += pause;
            if let Verdict::Latch(peer) = latch.judge(ms(now), at(sources[source]), rtp(ssrc, sequence)) {
                allowed = peer;
            }
            prop_assert_eq!(latch.target(), Some(allowed));
        }
    }
}

#[test]
fn who_has_the_key_of_the_call_needs_no_probation() {
    let genuine = |n| Some(Proof { ssrc: 7, sequence: n, genuine: true });
    let mut latch = Latch::new(at(SIGNALLED));
    assert_eq!(latch.judge(ms(0), at(NAT), genuine(1)), Verdict::Latch(at(NAT)));
    assert_eq!(latch.judge(ms(20), at(NAT), genuine(2)), Verdict::Accept);
    assert_eq!(latch.judge(ms(40), at(STRANGER), genuine(3)), Verdict::Reject);
}
