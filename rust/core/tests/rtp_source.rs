//! What is told of a sender's stream: RFC 3550 §A.1, §A.3 and §A.8.

use std::time::Duration;

use fourwire::listen::source::{Heard, MAX_DROPOUT, MAX_MISORDER, Source, Start};
use fourwire::wire::rtcp::NtpTime;
use fourwire::wire::{PayloadType, ReportBlock, RtpPacket, Ssrc};
use fourwire::{ClockRate, Moment};
use proptest::prelude::*;

/// A source, and packets of 20 ms for it.
struct Listening {
    source: Source,
    ssrc: u32,
}

impl Listening {
    fn new() -> Self {
        Self { source: Source::new(ClockRate::Hz8000), ssrc: 1 }
    }

    fn hear(&mut self, millis: u64, sequence: u16, timestamp: u32) -> Heard {
        let ssrc = Ssrc(self.ssrc);
        let packet = RtpPacket::new(PayloadType::PCMU, sequence, timestamp, ssrc, &[]);
        self.source.hear(Moment::from_millis(millis), &packet, true)
    }

    /// The packet of a sender that is never delayed, and where it starts a stream, how.
    fn hear_in_time(&mut self, sequence: u16) -> Option<Start> {
        let millis = u64::from(sequence) * 20;
        match self.hear(millis, sequence, u32::from(sequence) * 160) {
            Heard::Placed(place) => place.start,
            other => panic!("{sequence}: {other:?}"),
        }
    }

    fn report(&mut self) -> ReportBlock {
        self.source.report(Moment::from_millis(0)).unwrap()
    }
}

#[test]
fn nothing_is_reported_of_a_sender_that_was_not_heard() {
    assert_eq!(Source::new(ClockRate::Hz8000).report(Moment::from_millis(0)), None);
}

#[test]
fn the_first_packet_counts() {
    let mut listening = Listening::new();
    assert_eq!(listening.hear_in_time(7), Some(Start::First));
    assert_eq!(listening.source.ssrc(), Some(Ssrc(1)));
    let report = listening.report();
    assert_eq!((report.highest_sequence, report.cumulative_lost), (7, 0));
}

#[test]
fn losses_are_told_since_the_beginning_and_since_the_last_report() {
    let mut listening = Listening::new();
    for sequence in (0..10).filter(|it| it % 2 == 0 || *it == 9) {
        listening.hear_in_time(sequence);
    }
    let report = listening.report();
    assert_eq!((report.cumulative_lost, report.fraction_lost), (4, (4 * 256 / 10) as u8));
    for sequence in 10..20 {
        listening.hear_in_time(sequence);
    }
    let report = listening.report();
    assert_eq!((report.cumulative_lost, report.fraction_lost), (4, 0));
}

#[test]
fn duplicates_count_against_the_losses() {
    let mut listening = Listening::new();
    for sequence in [0, 1, 1, 1] {
        listening.hear_in_time(sequence);
    }
    let report = listening.report();
    assert_eq!((report.cumulative_lost, report.fraction_lost), (-2, 0));
}

#[test]
fn the_highest_number_counts_its_wraps() {
    let mut listening = Listening::new();
    for turn in 0..131_080u32 {
        listening.hear(u64::from(turn) * 20, turn as u16, turn * 160);
    }
    let report = listening.report();
    assert_eq!((report.highest_sequence, report.cumulative_lost), (131_079, 0));
}

#[test]
fn a_number_within_the_bounds_is_no_jump_and_one_beyond_is() {
    let far = |sequence: u16| {
        let mut listening = Listening::new();
        listening.hear_in_time(1000);
        listening.hear(0, sequence, 0)
    };
    assert!(matches!(far(1000 + MAX_DROPOUT - 1), Heard::Placed(_)));
    assert_eq!(far(1000 + MAX_DROPOUT), Heard::Suspect);
    assert!(matches!(far(1000 - MAX_MISORDER), Heard::Placed(_)));
    assert_eq!(far(1000 - MAX_MISORDER - 1), Heard::Suspect);
}

#[test]
fn two_packets_in_a_row_confirm_a_jump() {
    let mut listening = Listening::new();
    listening.hear_in_time(1000);
    assert_eq!(listening.hear(20, 30_000, 0), Heard::Suspect);
    assert_eq!(listening.hear(40, 30_002, 320), Heard::Suspect);
    let Heard::Placed(place) = listening.hear(60, 30_003, 480) else { panic!() };
    assert_eq!(place.start, Some(Start::SequenceJump));
    let report = listening.report();
    assert_eq!((report.highest_sequence, report.cumulative_lost), (30_003, 0));
}

#[test]
fn a_packet_in_its_place_disproves_a_jump() {
    let mut listening = Listening::new();
    listening.hear_in_time(1000);
    assert_eq!(listening.hear(20, 30_000, 0), Heard::Suspect);
    assert_eq!(listening.hear_in_time(1001), None);
    assert_eq!(listening.hear(40, 30_001, 0), Heard::Suspect);
}

#[test]
fn another_ssrc_is_reported_from_its_own_beginning() {
    let mut listening = Listening::new();
    for sequence in [0, 5] {
        listening.hear_in_time(sequence);
    }
    listening.ssrc = 2;
    assert_eq!(listening.hear_in_time(6), Some(Start::NewSsrc));
    let report = listening.report();
    assert_eq!((report.ssrc, report.cumulative_lost), (Ssrc(2), 0));
}

#[test]
fn a_steady_sender_has_no_jitter_and_an_unsteady_one_what_the_rfc_says() {
    let mut listening = Listening::new();
    for sequence in 0..100 {
        listening.hear_in_time(sequence);
    }
    assert_eq!(listening.source.jitter(), Duration::ZERO);
    // Every second packet 10 ms late: all differences are 80 periods, to which the estimate tends.
    for sequence in 100..600u16 {
        let late = u64::from(sequence % 2) * 10;
        listening.hear(u64::from(sequence) * 20 + late, sequence, u32::from(sequence) * 160);
    }
    assert!((79..=80).contains(&listening.report().jitter));
}

#[test]
fn telephone_events_stay_out_of_the_jitter() {
    let mut listening = Listening::new();
    for sequence in 0..3 {
        listening.hear_in_time(sequence);
    }
    let event = RtpPacket::new(PayloadType::CN, 3, 480, Ssrc(1), &[]);
    for sequence in 3..20 {
        let at = Moment::from_millis(u64::from(sequence) * 20);
        listening.source.hear(at, &RtpPacket { sequence, ..event }, false);
    }
    listening.hear_in_time(20);
    assert_eq!(listening.source.jitter(), Duration::ZERO);
}

#[test]
fn the_longest_gap_between_packets_is_kept() {
    let mut listening = Listening::new();
    for (millis, sequence) in [(0, 0), (20, 1), (170, 2), (190, 3)] {
        listening.hear(millis, sequence, 0);
    }
    assert_eq!(listening.source.longest_gap(), Duration::from_millis(150));
}

#[test]
fn a_report_refers_to_the_last_sender_report_of_the_same_source() {
    let mut listening = Listening::new();
    listening.hear_in_time(0);
    let at = Moment::from_millis;
    listening.source.hear_sender_report(at(1000), Ssrc(9), NtpTime(0xFFFF_0000));
    assert_eq!((listening.report().last_sr, listening.report().delay_since_last_sr), (0, 0));
    listening.source.hear_sender_report(at(1000), Ssrc(1), NtpTime(0x0001_2345_6789_0000));
    let report = listening.source.report(at(3500)).unwrap();
    assert_eq!((report.last_sr, report.delay_since_last_sr), (0x2345_6789, 5 << 15));
}

proptest! {
    #[test]
    fn whatever_comes_the_figures_stay_within_their_fields(
        packets in prop::collection::vec((0u32..3, any::<u16>(), any::<u32>(), any::<u64>()), 1..200),
    ) {
        let mut source = Source::new(ClockRate::Hz48000);
        for (ssrc, sequence, timestamp, nanos) in packets {
            let packet = RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(ssrc), &[]);
            source.hear(Moment::from_nanos(nanos), &packet, true);
            let report = source.report(Moment::from_nanos(nanos / 2)).unwrap();
            prop_assert!((-0x80_0000..=0x7F_FFFF).contains(&report.cumulative_lost));
        }
    }
}
