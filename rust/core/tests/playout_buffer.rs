//! The playout buffer, through networks good and bad, on a clock of the test's own.

use std::f64::consts::TAU;
use std::time::Duration;

use fourwire::listen::dejitter::{Arrival, Restart};
use fourwire::listen::playout_buffer::{PlayoutBuffer, PlayoutConfig, PlayoutCounters};
use fourwire::sound::g711;
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{Law, Moment};
use proptest::collection::vec;
use proptest::prelude::*;

/// A sender of a tone, and an ear that listens 20 ms at a time.
struct Call {
    buffer: PlayoutBuffer,
    /// Microseconds.
    now: u64,
    chunk: usize,
    heard: Vec<i16>,
    ssrc: u32,
    /// What packet 0 has.
    sequence: u16,
    timestamp: u32,
}

impl Call {
    /// Sequence numbers and timestamps wrap within the first packets of every test.
    fn new() -> Self {
        Self {
            buffer: PlayoutBuffer::new(PlayoutConfig::default()),
            now: 0,
            chunk: 160,
            heard: Vec::new(),
            ssrc: 1,
            sequence: 0xFFFE,
            timestamp: u32::MAX - 300,
        }
    }

    /// Packet `number` of 20 ms comes at `micros`; all before is heard first.
    fn hear(&mut self, micros: u64, number: u64) -> Arrival {
        self.hear_span(micros, number, number * 160, 160)
    }

    fn hear_span(&mut self, micros: u64, number: u64, place: u64, samples: u64) -> Arrival {
        self.play_until(micros);
        let mut payload = Vec::new();
        let pcm: Vec<i16> = (place..place + samples).map(tone).collect();
        g711::encode_into(Law::Mu, &pcm, &mut payload);
        let sequence = self.sequence.wrapping_add(number as u16);
        let timestamp = self.timestamp.wrapping_add(place as u32);
        let packet =
            RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(self.ssrc), &payload);
        let said = self.buffer.receive(Moment::from_nanos(micros * 1000), &packet);
        check(self.buffer.counters());
        said
    }

    /// The ear listens whenever a chunk is over, and so before `micros`.
    fn play_until(&mut self, micros: u64) {
        while self.now < micros {
            let before = self.heard.len();
            self.buffer.play(Moment::from_nanos(self.now * 1000), self.chunk, &mut self.heard);
            assert_eq!(self.heard.len() - before, self.chunk, "always as many as asked for");
            check(self.buffer.counters());
            self.now += self.chunk as u64 * 125;
        }
    }

    fn delay_ms(&self) -> u128 {
        self.buffer.delay().as_millis()
    }
}

/// Sample `place` of a tone of 200 Hz that pauses as people do.
fn tone(place: u64) -> i16 {
    if place % 16_000 >= 12_000 {
        return 0;
    }
    ((place as f64 * TAU / 40.0).sin() * 8000.0) as i16
}

/// The steepest that the tone gets from one sample to the next, what µ-law adds to that, and a
/// quarter for what is made up.
const STEEPEST: i32 = (1256 + 256) * 5 / 4;

fn largest_step(pcm: &[i16]) -> i32 {
    pcm.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0)
}

fn check(it: PlayoutCounters) {
    let packets = it.packets;
    let known = packets.played + packets.empty + packets.duplicate + packets.late;
    let refused = packets.stray + packets.overflow + packets.discarded;
    assert_eq!(packets.received, known + refused + packets.waiting, "{it:?}");
    let in_samples =
        it.decoded_samples + it.inserted_samples + it.concealed_samples + it.quiet_samples;
    let gone = it.removed_samples + it.dropped_samples;
    assert_eq!(in_samples, it.out_samples + gone + it.waiting_samples, "{it:?}");
}

/// A network that holds packets up by what `delay` says, in microseconds, and loses what it does
/// not; packets queue up.
fn steady(call: &mut Call, numbers: std::ops::Range<u64>, delay: impl Fn(u64) -> Option<u64>) {
    let mut latest = 0;
    for number in numbers {
        if let Some(delay) = delay(number) {
            latest = latest.max(number * 20_000 + delay);
            call.hear(latest, number);
        }
    }
}

#[test]
fn a_clean_line_is_heard_as_it_was_sent_and_soon_one_packet_later() {
    let mut call = Call::new();
    steady(&mut call, 0..400, |_| Some(5_000));
    let it = call.buffer.counters();
    assert_eq!((it.concealed_samples, it.packets.late, it.removed_samples), (0, 0, 0));
    let sent: Vec<i16> = (0..call.heard.len() as u64).map(tone).collect();
    // It is faded in from the silence before, where the first samples may be zero.
    let begin = call.heard.iter().position(|&sample| sample != 0).unwrap();
    let as_sent = |begin: usize| {
        let mut pairs = call.heard[begin + 80..].iter().zip(&sent[80..]);
        pairs.all(|(a, b)| (a - b).abs() < 300)
    };
    assert!((begin - 2..=begin).any(as_sent), "samples are those that were sent");
    assert!(call.delay_ms() <= 85, "{} ms", call.delay_ms());
    steady(&mut call, 400..1000, |_| Some(5_000));
    assert!(call.delay_ms() <= 45, "{} ms", call.delay_ms());
}

#[test]
fn a_lost_packet_is_made_up_for_its_time_alone() {
    let mut call = Call::new();
    steady(&mut call, 0..1000, |n| (n % 10 != 7).then_some(5_000));
    let it = call.buffer.counters();
    assert!(it.packets.lost >= 99);
    assert_eq!(it.concealed_samples, it.packets.lost * 160);
    // The packet behind a hole is worth its time.
    assert!(call.delay_ms() <= 65, "{} ms", call.delay_ms());
    assert!(largest_step(&call.heard) <= STEEPEST, "a click of {}", largest_step(&call.heard));
}

#[test]
fn a_packet_that_others_overtook_is_heard_if_it_comes_before_its_turn() {
    for (after_its_turn, late) in [(-21_000_i64, 0), (21_000, 1)] {
        let mut call = Call::new();
        steady(&mut call, 0..300, |n| Some(if n % 4 == 0 { 70_000 } else { 0 }));
        // The fastest packets come when their last sample is over, so this one's first would be
        // due then were there no lag.
        let due = 299 * 20_000 + call.buffer.delay().as_micros() as i64;
        call.hear(301 * 20_000, 301);
        call.hear(302 * 20_000, 302);
        let before = call.buffer.counters();
        call.hear((due + after_its_turn) as u64, 300);
        let it = call.buffer.counters();
        assert_eq!(it.packets.late, late, "{after_its_turn} µs after its turn");
        assert_eq!(it.concealed_samples - before.concealed_samples, 160 * late);
    }
}

#[test]
fn the_delay_follows_jitter_up_and_down() {
    let mut call = Call::new();
    let jitter = |n: u64| n * 7919 % 90 * 1000;
    steady(&mut call, 0..1000, |_| Some(2_000));
    let calm = call.delay_ms();
    steady(&mut call, 1000..2000, |n| Some(2_000 + jitter(n)));
    let rough = call.delay_ms();
    steady(&mut call, 2000..6000, |_| Some(2_000));
    assert!(rough >= calm + 30, "{calm} ms, then {rough} ms");
    assert!(call.delay_ms() <= calm + 10, "{calm} ms, then {} ms", call.delay_ms());
    assert!(largest_step(&call.heard) <= STEEPEST, "a click of {}", largest_step(&call.heard));
}

#[test]
fn a_clock_that_runs_differently_neither_fills_nor_empties_the_buffer() {
    for ppm in [-200_i64, 200] {
        let mut call = Call::new();
        for number in 0..6000 {
            let sent = number as i64 * 20_000;
            let arrival = sent - sent * ppm / 1_000_000 + 2_000 + number as i64 * 31 % 7 * 1000;
            call.hear(arrival as u64, number);
        }
        let it = call.buffer.counters();
        assert!(call.delay_ms() <= 60, "{} ms at {ppm} ppm", call.delay_ms());
        assert_eq!((it.packets.late, it.dropped_samples), (0, 0));
        assert!(it.concealed_samples < 1600, "{it:?}");
        assert!((call.buffer.drift_ppm() - ppm as f64).abs() < 20.0);
        assert!(largest_step(&call.heard) <= STEEPEST);
    }
}

#[test]
fn a_burst_after_a_stall_is_heard_and_its_delay_given_back() {
    let mut call = Call::new();
    steady(&mut call, 0..2000, |_| Some(2_000));
    steady(&mut call, 2000..2015, |n| Some((2015 - n) * 20_000));
    steady(&mut call, 2015..2020, |_| Some(2_000));
    assert!(call.delay_ms() >= 300, "{} ms", call.delay_ms());
    steady(&mut call, 2020..2500, |_| Some(2_000));
    let it = call.buffer.counters();
    assert_eq!((it.packets.late, it.packets.lost, it.dropped_samples), (0, 0, 0));
    assert!(call.delay_ms() <= 60, "{} ms", call.delay_ms());
    assert!(largest_step(&call.heard) <= STEEPEST);
}

#[test]
fn silence_is_told_from_loss_and_takes_the_delay_with_it() {
    let mut call = Call::new();
    steady(&mut call, 0..100, |_| Some(2_000));
    let spoken = call.buffer.counters();
    // No packet for 900 ms, and no sequence number missing.
    for number in 100..150 {
        call.hear_span(900_000 + number * 20_000 + 2_000, number, 7_200 + number * 160, 160);
    }
    let it = call.buffer.counters();
    assert_eq!((it.packets.lost, it.packets.late, it.packets.restarts), (0, 0, 0));
    let concealed = it.concealed_samples - spoken.concealed_samples;
    assert!(concealed <= 960 + 80, "the first moments may be a packet held up: {concealed}");
    assert!(it.quiet_samples >= 7_200 - 960 - 480);
    assert!(call.delay_ms() <= 85, "{} ms", call.delay_ms());
}

#[test]
fn a_sender_who_says_that_he_is_silent_is_believed() {
    let mut call = Call::new();
    steady(&mut call, 0..100, |_| Some(2_000));
    let spoken = call.buffer.counters().concealed_samples;
    let (sequence, timestamp) =
        (call.sequence.wrapping_add(100), call.timestamp.wrapping_add(16_000));
    let noise = RtpPacket::new(PayloadType::CN, sequence, timestamp, Ssrc(1), &[60]);
    assert_eq!(call.buffer.receive(Moment::from_millis(2_002), &noise), Arrival::Empty);
    call.play_until(3_000_000);
    assert_eq!(call.buffer.counters().concealed_samples, spoken);
}

#[test]
fn a_stream_that_begins_anew_goes_on_in_the_same_line() {
    let mut call = Call::new();
    steady(&mut call, 0..100, |_| Some(2_000));
    (call.ssrc, call.sequence, call.timestamp) = (2, 7, 99);
    assert_eq!(call.hear(2_002_000, 100), Arrival::Restarted(Restart::Ssrc));
    steady(&mut call, 101..200, |_| Some(2_000));
    call.sequence = call.sequence.wrapping_add(20_000);
    assert_eq!(call.hear(4_002_000, 200), Arrival::Suspect);
    assert_eq!(call.hear(4_022_000, 201), Arrival::Restarted(Restart::Sequence));
    steady(&mut call, 202..300, |_| Some(2_000));
    call.timestamp = call.timestamp.wrapping_add(1_000_000);
    assert_eq!(call.hear(6_002_000, 300), Arrival::Restarted(Restart::Timestamp));
    steady(&mut call, 301..400, |_| Some(2_000));
    let it = call.buffer.counters();
    assert_eq!((it.packets.restarts, it.packets.late, it.packets.played), (3, 0, 400));
    assert!(it.concealed_samples <= 3 * 320, "{it:?}");
    assert!(call.delay_ms() <= 85, "{} ms", call.delay_ms());
}

#[test]
fn packets_may_change_their_length_in_mid_call() {
    let mut call = Call::new();
    let (mut place, mut number) = (0, 0);
    for samples in [160, 80, 480, 240, 320, 160] {
        for _ in 0..100 {
            call.hear_span((place + samples) * 125 + 2_000, number, place, samples);
            (place, number) = (place + samples, number + 1);
        }
    }
    let it = call.buffer.counters();
    assert_eq!((it.packets.late, it.packets.lost, it.packets.restarts), (0, 0, 0));
    assert!(it.concealed_samples <= 2000, "{it:?}");
    assert!(call.delay_ms() <= 80, "{} ms", call.delay_ms());
}

#[test]
fn a_packet_that_comes_twice_is_heard_once() {
    let mut call = Call::new();
    assert_eq!(call.hear(2_000, 0), Arrival::Accepted);
    assert_eq!(call.hear(22_000, 1), Arrival::Accepted);
    assert_eq!(call.hear(23_000, 1), Arrival::Duplicate);
    assert_eq!(call.hear(24_000, 0), Arrival::Duplicate);
}

#[test]
fn an_ear_that_does_not_listen_finds_no_more_than_the_longest_delay() {
    let mut call = Call::new();
    for number in 0..500 {
        call.now = u64::MAX; // Nobody listens.
        call.hear(number * 20_000, number);
    }
    let it = call.buffer.counters();
    assert!(it.waiting_samples <= 4000, "{it:?}");
    assert_eq!(it.packets.overflow, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Any packets at all, at any times, and any requests.
    #[test]
    fn whatever_comes_as_many_samples_come_out_as_were_asked_for(
        packets in vec(
            (0u32..3, any::<u16>(), 0u16..300, any::<u32>(), 0u32..2000, 0u8..4, 0usize..500, any::<bool>(), 0u64..100_000, 0usize..700),
            1..200,
        ),
        longest in 60u64..2000, packet_time in 10u64..60,
    ) {
        let mut buffer = PlayoutBuffer::new(PlayoutConfig {
            packet_time: Duration::from_millis(packet_time),
            longest_delay: Duration::from_millis(longest),
            ..PlayoutConfig::default()
        });
        let (mut micros, mut heard, payload) = (0, Vec::new(), [0x2A; 500]);
        for (ssrc, wild, near, wild_time, near_time, how, len, marker, pause, asked) in packets {
            let sequence = if how & 1 == 0 { near } else { wild };
            let timestamp = if how & 2 == 0 { near_time } else { wild_time };
            let kind = if len % 17 == 0 { PayloadType::CN } else { PayloadType::PCMU };
            let rtp = RtpPacket {
                marker,
                ..RtpPacket::new(kind, sequence, timestamp, Ssrc(ssrc / 2), &payload[..len])
            };
            let now = Moment::from_nanos(micros * 1000);
            buffer.receive(now, &rtp);
            check(buffer.counters());
            if asked % 3 > 0 {
                heard.clear();
                buffer.play(now, asked, &mut heard);
                prop_assert_eq!(heard.len(), asked);
                check(buffer.counters());
            }
            micros += pause;
            let waiting = buffer.counters().waiting_samples;
            prop_assert!(waiting <= longest * 8 + 960, "{waiting} samples wait");
        }
    }

    /// Nothing is late that was not behind a hole, and no more is dropped than was made up for it.
    #[test]
    fn a_network_that_only_delays_loses_nothing(delays in vec(0u64..120_000, 50..400), chunk in 1usize..4) {
        let mut call = Call::new();
        call.chunk = chunk * 80;
        steady(&mut call, 0..delays.len() as u64, |n| Some(delays[n as usize]));
        let it = call.buffer.counters();
        prop_assert_eq!(it.packets.played, delays.len() as u64);
        prop_assert_eq!((it.packets.late, it.packets.lost), (0, 0));
        prop_assert!(it.dropped_samples <= it.concealed_samples + it.quiet_samples, "only what came too late");
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    /// After any jitter, the delay of a calm line is the least again.
    #[test]
    fn the_delay_comes_back_to_the_least(delays in vec(0u64..200_000, 50..150)) {
        let mut call = Call::new();
        let rough = delays.len() as u64;
        steady(&mut call, 0..rough, |n| Some(delays[n as usize]));
        steady(&mut call, rough + 10..rough + 4000, |_| Some(2_000));
        prop_assert!(call.delay_ms() <= 55, "{} ms", call.delay_ms());
    }
}
