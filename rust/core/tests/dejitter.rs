//! The de-jitter, through networks good and bad, on a clock of the test's own.

use std::time::Duration;

use fourwire::listen::dejitter::{Arrival, Dejitter, DejitterConfig, Restart, Stretch};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{ClockRate, Moment};

/// A piece of the timeline as a test writes it: packets by the first byte of their payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Out {
    Packet(u8),
    Lost(usize),
    Quiet(usize),
}

use Out::{Lost, Packet, Quiet};

/// A sender whose packets are numbered from 0, and the de-jitter that hears them.
struct Call {
    dejitter: Dejitter,
    /// The number of sequence, timestamp and SSRC that packet 0 has.
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    end: u64,
}

impl Call {
    fn new() -> Self {
        Self::with(DejitterConfig::default())
    }

    /// Sequence numbers and timestamps wrap within the first packets of every test.
    fn with(config: DejitterConfig) -> Self {
        let dejitter = Dejitter::new(config);
        Self { dejitter, sequence: 0xFFFE, timestamp: u32::MAX - 300, ssrc: 1, end: 0 }
    }

    /// Packet `number` of 20 ms comes at `millis`.
    fn hear(&mut self, millis: u64, number: u8) -> Arrival {
        self.hear_timed(millis, number, u32::from(number) * 160)
    }

    /// The same, `samples` after packet 0.
    fn hear_timed(&mut self, millis: u64, number: u8, samples: u32) -> Arrival {
        self.hear_as(millis, number, samples, 160, false)
    }

    fn hear_as(
        &mut self,
        millis: u64,
        number: u8,
        after: u32,
        samples: usize,
        marker: bool,
    ) -> Arrival {
        let payload = vec![number; samples];
        let packet = RtpPacket {
            marker,
            ..RtpPacket::new(
                PayloadType::PCMU,
                self.sequence.wrapping_add(number.into()),
                self.timestamp.wrapping_add(after),
                Ssrc(self.ssrc),
                &payload,
            )
        };
        self.dejitter.receive(Moment::from_millis(millis), &packet, samples)
    }

    /// All that comes out at `millis`.
    fn take(&mut self, millis: u64) -> Vec<Out> {
        let mut out = Vec::new();
        while let Some(stretch) = self.dejitter.poll(Moment::from_millis(millis)) {
            let (piece, samples) = match stretch {
                Stretch::Received { payload, samples, timestamp, .. } => {
                    assert_eq!(timestamp, self.end, "each stretch begins where the last ended");
                    (Packet(payload[0]), samples)
                }
                Stretch::Lost { samples } => (Lost(samples), samples),
                Stretch::Quiet { samples } => (Quiet(samples), samples),
            };
            self.end += samples as u64;
            out.push(piece);
        }
        out
    }

    fn deadline(&self) -> Option<u64> {
        self.dejitter.deadline().map(|due| due.as_nanos() / 1_000_000)
    }

    /// Packets of a good network, one every 20 ms, heard and taken.
    fn talk(&mut self, numbers: std::ops::Range<u8>) {
        for number in numbers {
            let millis = u64::from(number) * 20;
            assert_eq!(self.hear(millis, number), Arrival::Accepted);
            assert_eq!(self.take(millis), [Packet(number)]);
        }
    }
}

#[test]
fn audio_that_continues_the_timeline_is_handed_on_at_once() {
    let mut call = Call::new();
    call.talk(0..50);
    assert_eq!(call.dejitter.counters().played, 50);
}

#[test]
fn a_packet_overtaken_by_its_neighbours_is_waited_for() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear(80, 4);
    assert_eq!(call.take(80), []);
    call.hear(100, 3);
    assert_eq!(call.take(100), [Packet(3), Packet(4)]);
    assert_eq!(call.dejitter.counters().reordered, 1);
}

#[test]
fn what_does_not_come_is_given_up_after_two_packet_times_and_is_exactly_as_long() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear(100, 5);
    assert_eq!(call.deadline(), Some(140));
    assert_eq!(call.take(139), []);
    assert_eq!(call.take(140), [Lost(320), Packet(5)]);
    assert_eq!(call.dejitter.counters().lost, 2);
    assert_eq!(call.hear(141, 3), Arrival::Late);
    assert_eq!(call.hear(141, 3), Arrival::Duplicate);
}

#[test]
fn a_hurry_gives_up_the_present_hole_and_no_other() {
    let mut call = Call::new();
    call.talk(0..1);
    call.hear(40, 2);
    call.hear(60, 4);
    call.dejitter.hurry();
    assert_eq!(call.take(60), [Lost(160), Packet(2)]);
    assert_eq!(call.take(99), []);
    assert_eq!(call.take(100), [Lost(160), Packet(4)]);
}

#[test]
fn a_hurry_without_a_hole_is_forgotten() {
    let mut call = Call::new();
    call.talk(0..1);
    call.dejitter.hurry();
    call.hear(40, 2);
    assert_eq!(call.take(40), []);
    call.dejitter.hurry();
    assert_eq!(call.take(41), [Lost(160), Packet(2)]);
    call.hear(80, 4);
    assert_eq!(call.take(80), []);
}

#[test]
fn patience_grows_with_the_reordering_that_is_seen_and_not_beyond_its_limit() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear(80, 4);
    assert_eq!(call.take(120), [Lost(160), Packet(4)]);
    assert_eq!(call.hear(125, 3), Arrival::Late); // 45 ms behind
    assert_eq!(call.dejitter.reorder_limit(), Duration::from_millis(55));
    call.hear(140, 6);
    assert_eq!(call.take(194), []);
    call.hear(194, 5);
    assert_eq!(call.take(194), [Packet(5), Packet(6)]);
    assert_eq!(call.dejitter.reorder_limit(), Duration::from_millis(60));
}

#[test]
fn a_gap_that_no_missing_packet_explains_was_silence() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear_timed(160, 3, 8 * 160);
    assert_eq!(call.take(160), [Quiet(5 * 160), Packet(3)]);
    let counters = call.dejitter.counters();
    assert_eq!((counters.lost, counters.quiet_samples), (0, 800));
}

#[test]
fn loss_is_told_from_the_silence_beside_it() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear_timed(160, 4, 8 * 160); // 3 is lost, and time besides
    assert_eq!(call.take(200), [Lost(160), Quiet(4 * 160), Packet(4)]);
}

#[test]
fn packets_without_audio_are_not_missing() {
    let mut call = Call::new();
    call.talk(0..3);
    for number in 3..8 {
        let millis = u64::from(number) * 20;
        assert_eq!(call.hear_as(millis, number, 3 * 160, 0, number == 3), Arrival::Empty);
        assert_eq!(call.take(millis), []);
    }
    call.hear(160, 8);
    assert_eq!(call.take(160), [Quiet(5 * 160), Packet(8)]);
    assert_eq!(call.dejitter.counters().lost, 0);
}

#[test]
fn audio_lost_before_a_packet_without_any_is_concealed_when_the_next_tells_how_much() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear_as(80, 4, 4 * 160, 0, true);
    assert_eq!(call.take(120), []);
    call.hear(120, 6);
    call.hear(120, 5);
    assert_eq!(call.take(120), [Lost(160), Quiet(160), Packet(5), Packet(6)]);
}

#[test]
fn quiet_comes_at_the_pace_of_the_clock_when_nothing_else_does() {
    let mut call = Call::new();
    call.talk(0..3); // The last comes at 40 ms.
    assert_eq!(call.deadline(), Some(240));
    assert_eq!(call.take(239), []);
    assert_eq!(call.take(240), [Quiet(160)]);
    assert_eq!(call.deadline(), Some(260));
    assert_eq!(call.take(300), [Quiet(160); 3]);
    // The rest of the silence comes out, to the sample, when the caller speaks again.
    call.hear_timed(1000, 3, 50 * 160);
    assert_eq!(call.take(1000).len(), 1 + 1);
    assert_eq!(call.end, 51 * 160);
}

#[test]
fn quiet_comes_too_where_nothing_was_ever_heard() {
    let mut call = Call::new();
    assert_eq!(call.deadline(), None);
    assert_eq!(call.take(1000), []);
    assert_eq!(call.take(1200), [Quiet(160)]);
    call.hear(1210, 0);
    assert_eq!(call.take(1210), [Packet(0)]);
}

#[test]
fn a_network_that_stalls_for_less_than_the_quiet_costs_nothing() {
    let mut call = Call::new();
    call.talk(0..3);
    assert_eq!(call.take(235), []);
    for number in 3..12 {
        call.hear(235, number);
    }
    assert_eq!(call.take(235), (3..12).map(Packet).collect::<Vec<_>>());
}

#[test]
fn a_longer_stall_costs_no_more_than_was_filled() {
    let mut call = Call::new();
    call.talk(0..3);
    assert_eq!(call.take(299), [Quiet(160); 3]);
    let arrivals: Vec<_> = (3..15).map(|number| call.hear(300, number)).collect();
    assert_eq!(arrivals[..3], [Arrival::Late; 3]);
    assert_eq!(arrivals[3..], [Arrival::Accepted; 9]);
    assert_eq!(call.take(300), (6..15).map(Packet).collect::<Vec<_>>());
}

#[test]
fn of_a_packet_across_the_end_of_the_quiet_the_rest_is_heard() {
    let mut call = Call::new();
    call.talk(0..1);
    assert_eq!(call.take(200), [Quiet(160)]);
    call.hear_timed(210, 1, 240);
    assert_eq!(call.take(210), [Packet(1)]);
    assert_eq!(call.end, 400);
    assert_eq!(call.dejitter.counters().trimmed_samples, 80);
}

#[test]
fn packets_of_any_length_may_follow_each_other() {
    let mut call = Call::new();
    let mut after = 0;
    for (number, millis) in [10, 60, 20, 40, 30].into_iter().enumerate() {
        let samples = millis * 8;
        call.hear_as(after / 8, number as u8, after as u32, samples, false);
        assert_eq!(call.take(after / 8), [Packet(number as u8)]);
        after += samples as u64;
    }
    assert_eq!(call.end, 160 * 8);
}

#[test]
fn what_comes_twice_is_heard_once() {
    let mut call = Call::new();
    call.talk(0..3);
    assert_eq!(call.hear(50, 2), Arrival::Duplicate);
    call.hear(80, 4);
    assert_eq!(call.hear(80, 4), Arrival::Duplicate);
    assert_eq!(call.dejitter.counters().duplicate, 2);
}

#[test]
fn another_ssrc_is_heard_from_its_first_packet_on() {
    let mut call = Call::new();
    call.talk(0..3);
    (call.ssrc, call.sequence, call.timestamp) = (2, 500, 7_000_000);
    assert_eq!(call.hear(60, 0), Arrival::Restarted(Restart::Ssrc));
    assert_eq!(call.take(60), [Packet(0)]);
    call.hear(80, 1);
    assert_eq!(call.take(80), [Packet(1)]);
}

#[test]
fn time_that_passes_before_another_ssrc_is_quiet() {
    let mut call = Call::new();
    call.talk(0..3);
    (call.ssrc, call.sequence, call.timestamp) = (2, 500, 7_000_000);
    call.hear(160, 0);
    assert_eq!(call.take(160), [Quiet(5 * 160), Packet(0)]);
}

#[test]
fn stragglers_of_a_replaced_ssrc_are_not_heard_but_its_return_is() {
    let mut call = Call::new();
    call.talk(0..3);
    let first = (call.ssrc, call.sequence, call.timestamp);
    (call.ssrc, call.sequence, call.timestamp) = (2, 500, 7_000_000);
    call.hear(60, 0);
    let second = (call.ssrc, call.sequence, call.timestamp);
    (call.ssrc, call.sequence, call.timestamp) = first;
    assert_eq!(call.hear(61, 3), Arrival::Stray);
    (call.ssrc, call.sequence, call.timestamp) = second;
    assert_eq!(call.hear(80, 1), Arrival::Accepted);
    (call.ssrc, call.sequence, call.timestamp) = first;
    assert_eq!(call.hear(100, 5), Arrival::Stray);
    assert_eq!(call.hear(120, 6), Arrival::Restarted(Restart::Ssrc));
}

#[test]
fn packets_that_wait_for_a_hole_are_heard_although_the_ssrc_changes() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear(80, 4);
    (call.ssrc, call.sequence, call.timestamp) = (2, 500, 7_000_000);
    call.hear(100, 0);
    assert_eq!(call.take(120), [Lost(160), Packet(4), Packet(0)]);
}

#[test]
fn sequence_numbers_that_jump_are_believed_when_the_next_confirms_them() {
    let mut call = Call::new();
    call.talk(0..3);
    (call.sequence, call.timestamp) = (30_000, 99);
    assert_eq!(call.hear(60, 0), Arrival::Suspect);
    assert_eq!(call.take(60), []);
    assert_eq!(call.hear(80, 1), Arrival::Restarted(Restart::Sequence));
    assert_eq!(call.take(80), [Packet(0), Packet(1)]);
}

#[test]
fn a_single_packet_with_a_strange_sequence_number_is_nobodys() {
    let mut call = Call::new();
    call.talk(0..3);
    let sequence = std::mem::replace(&mut call.sequence, 30_000);
    assert_eq!(call.hear(60, 9), Arrival::Suspect);
    call.sequence = sequence;
    assert_eq!(call.hear(60, 3), Arrival::Accepted);
    assert_eq!(call.take(60), [Packet(3)]);
    assert_eq!(call.dejitter.counters().stray, 1);
}

#[test]
fn timestamps_that_jump_are_joined_where_the_clock_says() {
    for jump in [1_000_000, 100_000u32.wrapping_neg(), 8000] {
        let mut call = Call::new();
        call.talk(0..3);
        call.timestamp = call.timestamp.wrapping_add(jump);
        assert_eq!(call.hear(60, 3), Arrival::Restarted(Restart::Timestamp), "{jump}");
        assert_eq!(call.take(60), [Packet(3)]);
        call.hear(80, 4);
        assert_eq!(call.take(80), [Packet(4)]);
    }
}

#[test]
fn timestamps_that_stood_still_during_a_pause_are_joined_at_the_marker() {
    let mut call = Call::new();
    call.talk(0..3);
    let quiet = call.take(1040).len();
    assert_eq!(quiet, 41);
    let arrival = call.hear_as(1040, 3, 3 * 160, 160, true);
    assert_eq!(arrival, Arrival::Restarted(Restart::Timestamp));
    assert_eq!(call.take(1040), [Quiet(1280), Packet(3)]);
    assert_eq!(call.end, (1040 / 20 + 1) * 160);
}

#[test]
fn timestamps_that_stood_still_without_a_marker_are_joined_when_they_do_not_catch_up() {
    let mut call = Call::new();
    call.talk(0..3);
    let mut arrivals = Vec::new();
    for number in 3..8 {
        let millis = 980 + u64::from(number) * 20;
        call.take(millis);
        arrivals.push(call.hear(millis, number));
    }
    assert_eq!(arrivals[..3], [Arrival::Late; 3]);
    assert_eq!(arrivals[3], Arrival::Restarted(Restart::Timestamp));
    assert_eq!(arrivals[4], Arrival::Accepted);
}

#[test]
fn no_restart_brings_more_than_a_second_of_quiet() {
    let mut call = Call::new();
    call.talk(0..3);
    (call.ssrc, call.sequence, call.timestamp) = (2, 500, 7_000_000);
    call.hear(60_000, 0);
    assert_eq!(call.take(60_000), [Quiet(8000), Packet(0)]);
}

#[test]
fn a_stall_of_our_own_brings_no_more_than_a_second_of_quiet() {
    let mut call = Call::new();
    call.talk(0..3);
    assert_eq!(call.take(3_600_000).len(), 51);
}

#[test]
fn an_outage_of_hundreds_of_packets_is_one_loss() {
    let mut call = Call::new();
    call.talk(0..3);
    let millis = (0..250).map(|tick| tick * 20);
    let quiet: usize = millis.map(|millis| call.take(millis).len()).sum();
    assert_eq!(quiet, 238);
    call.sequence = call.sequence.wrapping_add(250);
    call.timestamp = call.timestamp.wrapping_add(250 * 160);
    call.hear(5000, 0);
    assert_eq!(call.take(5040), [Lost(9 * 160), Packet(0)]);
    assert_eq!(call.end, 251 * 160);
    assert_eq!(call.dejitter.counters().restarts, 0);
}

#[test]
fn what_does_not_fit_is_counted() {
    let mut call = Call::new();
    let packet = RtpPacket::new(PayloadType::PCMU, 0, 0, Ssrc(1), &[0; 1400]);
    let now = Moment::from_millis(0);
    assert_eq!(call.dejitter.receive(now, &packet, 1400), Arrival::Overflow);
    for number in 1..=65 {
        call.hear(0, number);
    }
    assert_eq!(call.dejitter.counters().overflow, 2);
    assert_eq!(call.take(0).len(), 64);
}

#[test]
fn a_reset_forgets_the_stream_and_goes_on_with_the_timeline() {
    let mut call = Call::new();
    call.talk(0..3);
    call.hear(80, 4);
    call.dejitter.reset();
    assert_eq!(call.take(120), []);
    (call.sequence, call.timestamp) = (9, 9);
    assert_eq!(call.hear(120, 0), Arrival::Accepted);
    assert_eq!(call.take(120), [Packet(0)]);
    assert_eq!(call.end, 4 * 160);
    assert_eq!(call.dejitter.counters().discarded, 1);
}

#[test]
fn other_clock_rates_count_their_own_samples() {
    let config = DejitterConfig { clock_rate: ClockRate::Hz16000, ..DejitterConfig::default() };
    let mut call = Call::with(config);
    call.hear_as(0, 0, 0, 320, false);
    assert_eq!(call.take(200), [Packet(0), Quiet(320)]);
    assert_eq!(call.end, 640);
}
