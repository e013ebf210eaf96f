//! The de-jitter under networks made at random: what must hold in every one of them.

use std::time::Duration;

use fourwire::Moment;
use fourwire::listen::dejitter::{Dejitter, DejitterConfig, DejitterCounters, Stretch};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use proptest::collection::vec;
use proptest::prelude::*;

/// One packet's way: what the sender does and what the network makes of it.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// Samples it carries; none for an event.
    samples: u32,
    /// Samples of silence before it.
    silence: u32,
    lost: bool,
    twice: bool,
    /// What it is held up for, in microseconds.
    delay: u64,
}

/// A packet under way, and how the sender numbered it.
#[derive(Clone, Copy, Debug)]
struct Sent {
    sequence: u16,
    timestamp: u32,
    /// Its place in the sender's own time, in samples.
    place: u64,
    samples: u32,
    /// Microseconds.
    arrival: u64,
}

/// What came out, and how it compares with what was sent.
#[derive(Debug, Default)]
struct Heard {
    end: u64,
    received: u64,
    lost: u64,
    quiet: u64,
    /// For each packet that came out, its place in the timeline and its first byte.
    places: Vec<(u64, u64)>,
    /// How far the timeline was ahead of the sender at the worst, in samples.
    ahead: i64,
}

/// A byte that tells its place in the sender's time.
fn sample(place: u64) -> u8 {
    (place % 251) as u8
}

/// The packets of a sender whose numbers start just before they wrap, in the order of arrival.
fn network(fates: &[Fate], in_order: bool) -> Vec<Sent> {
    let (mut sequence, mut place) = (0xFFF0u16, 0u64);
    let mut sent = Vec::new();
    for fate in fates {
        place += u64::from(fate.silence);
        let due = (place + u64::from(fate.samples)) * 125;
        let packet = Sent {
            sequence,
            timestamp: (u32::MAX - 3000).wrapping_add(place as u32),
            place,
            samples: fate.samples,
            arrival: due + fate.delay,
        };
        if !fate.lost {
            sent.push(packet);
        }
        if fate.twice {
            sent.push(Sent { arrival: packet.arrival + 7_000, ..packet });
        }
        sequence = sequence.wrapping_add(1);
        place += u64::from(fate.samples);
    }
    if in_order {
        let mut latest = 0;
        for packet in &mut sent {
            latest = latest.max(packet.arrival);
            packet.arrival = latest;
        }
    }
    sent.sort_by_key(|it| it.arrival);
    sent
}

/// Lets the packets come, polling every 5 ms and whenever one has come.
fn listen(dejitter: &mut Dejitter, packets: &[Sent], hurry_every: u64) -> Heard {
    let mut heard = Heard::default();
    let first = packets.first().copied();
    let last = packets.last().map_or(0, |it| it.arrival) + 400_000;
    let mut waiting = packets.iter().peekable();
    for tick in 0..=last / 5_000 {
        let now = tick * 5_000;
        while let Some(packet) = waiting.next_if(|it| it.arrival <= now) {
            hear(dejitter, packet);
            take(dejitter, packet.arrival, &mut heard);
        }
        if hurry_every > 0 && tick % hurry_every == 0 {
            dejitter.hurry();
        }
        take(dejitter, now, &mut heard);
        if let Some(first) = first {
            let clock = (now.saturating_sub(first.place * 125)) / 125;
            heard.ahead = heard.ahead.max(heard.end as i64 - clock as i64);
        }
    }
    heard
}

fn hear(dejitter: &mut Dejitter, packet: &Sent) {
    let payload: Vec<u8> =
        (packet.place..packet.place + u64::from(packet.samples)).map(sample).collect();
    let rtp =
        RtpPacket::new(PayloadType::PCMU, packet.sequence, packet.timestamp, Ssrc(1), &payload);
    let arrival = Moment::from_nanos(packet.arrival * 1000);
    dejitter.receive(arrival, &rtp, payload.len());
    check_packets(dejitter.counters());
}

fn take(dejitter: &mut Dejitter, micros: u64, heard: &mut Heard) {
    while let Some(stretch) = dejitter.poll(Moment::from_nanos(micros * 1000)) {
        heard.end += match stretch {
            Stretch::Received { payload, overlap, samples, timestamp, .. } => {
                let payload = &payload[overlap..];
                assert_eq!(payload.len(), samples);
                assert_eq!(timestamp, heard.end, "each stretch begins where the last ended");
                assert!(!payload.is_empty());
                heard.received += 1;
                heard.places.push((timestamp, u64::from(payload[0])));
                let runs_on = payload.windows(2).all(|it| (it[0] + 1) % 251 == it[1]);
                assert!(runs_on, "samples of a packet follow each other");
                payload.len() as u64
            }
            Stretch::Lost { samples } => {
                assert!((1..=8000).contains(&samples));
                heard.lost += samples as u64;
                samples as u64
            }
            Stretch::Quiet { samples } => {
                assert!((1..=8000).contains(&samples));
                heard.quiet += samples as u64;
                samples as u64
            }
        };
    }
    assert!(dejitter.deadline().is_none_or(|due| due > Moment::from_nanos(micros * 1000)));
    let counters = dejitter.counters();
    let out = counters.played_samples + counters.concealed_samples + counters.quiet_samples;
    assert_eq!(out, heard.end, "what came out is the timeline");
    assert_eq!((counters.concealed_samples, counters.quiet_samples), (heard.lost, heard.quiet));
}

fn check_packets(it: DejitterCounters) {
    let known = it.played + it.empty + it.duplicate + it.late + it.stray + it.overflow;
    assert_eq!(it.received, known + it.discarded + it.waiting, "{it:?}");
}

/// Where no stream was joined anew, every sample stands as far from the first as it was sent.
fn check_places(heard: &Heard) {
    let Some(&(origin, first)) = heard.places.first() else { return };
    for &(timestamp, byte) in &heard.places {
        assert_eq!(u64::from(sample(first + timestamp - origin)), byte, "at {timestamp}");
    }
}

fn packet_time() -> impl Strategy<Value = u32> {
    prop_oneof![8 => Just(160u32), 1 => Just(80), 1 => Just(240), 1 => Just(320), 1 => Just(480)]
}

/// Any packet in any network whose delay stays below `most` microseconds.
fn fate(most: u64) -> impl Strategy<Value = Fate> {
    let silence = prop_oneof![30 => Just(0u32), 1 => 1u32..24_000];
    let delay = prop_oneof![6 => 0..most.min(8_000), 1 => 0..most];
    let carries_audio = prop::bool::weighted(0.97);
    let (lost, twice) = (prop::bool::weighted(0.1), prop::bool::weighted(0.05));
    (packet_time(), carries_audio, silence, lost, twice, delay).prop_map(
        |(samples, audible, silence, lost, twice, delay)| Fate {
            samples: if audible { samples } else { 0 },
            silence,
            lost,
            twice,
            delay,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn packets_add_up_and_every_sample_is_in_its_place(
        fates in vec(fate(500_000), 1..200), hurry_every in 0u64..30,
    ) {
        let packets = network(&fates, false);
        let mut dejitter = Dejitter::new(DejitterConfig::default());
        let heard = listen(&mut dejitter, &packets, hurry_every);
        let counters = dejitter.counters();
        check_packets(counters);
        prop_assert_eq!(counters.waiting, 0);
        prop_assert_eq!(counters.received, packets.len() as u64);
        if counters.restarts == 0 && counters.trimmed_samples == 0 {
            check_places(&heard);
        }
    }

    /// In order, without loss, and with no pause as long as the quiet: nothing is invented or dropped.
    #[test]
    fn a_network_that_only_delays_costs_nothing(mut fates in vec(fate(135_000), 2..200)) {
        for fate in &mut fates {
            (fate.lost, fate.twice, fate.silence) = (false, false, 0);
            fate.samples = fate.samples.max(80);
        }
        let packets = network(&fates, true);
        let mut dejitter = Dejitter::new(DejitterConfig::default());
        let heard = listen(&mut dejitter, &packets, 0);
        let counters = dejitter.counters();
        prop_assert_eq!((heard.received, heard.lost), (packets.len() as u64, 0));
        prop_assert_eq!((counters.late, counters.restarts, counters.trimmed_samples), (0, 0, 0));
        check_places(&heard);
    }

    /// Packets that others overtake, by no more than a hole is waited for, are all heard.
    #[test]
    fn reordering_within_two_packet_times_costs_nothing(delays in vec(0u64..40_000, 2..200)) {
        let fates: Vec<_> = delays
            .iter()
            .enumerate()
            // The first decides where the timeline begins: nothing can come before it.
            .map(|(index, &delay)| Fate {
                samples: 160,
                silence: 0,
                lost: false,
                twice: false,
                delay: if index == 0 { 0 } else { delay },
            })
            .collect();
        let packets = network(&fates, false);
        let mut dejitter = Dejitter::new(DejitterConfig::default());
        let heard = listen(&mut dejitter, &packets, 0);
        prop_assert_eq!((heard.received, heard.lost), (packets.len() as u64, 0));
        check_places(&heard);
    }

    /// Every sample that is missing, and none besides, is concealed.
    #[test]
    fn losses_are_concealed_to_the_sample(lost in vec(prop::bool::weighted(0.1), 2..200)) {
        let mut fates: Vec<_> = lost
            .iter()
            .map(|&lost| Fate { samples: 160, silence: 0, lost, twice: false, delay: 0 })
            .collect();
        let last = fates.len() - 1;
        (fates[0].lost, fates[last].lost) = (false, false);
        for three in fates.chunks_mut(4) {
            three[0].lost = false; // So that no outage is long enough to be filled.
        }
        let missing = fates.iter().filter(|it| it.lost).count() as u64;
        let packets = network(&fates, false);
        let mut dejitter = Dejitter::new(DejitterConfig::default());
        let heard = listen(&mut dejitter, &packets, 0);
        prop_assert_eq!(heard.lost, missing * 160);
        prop_assert_eq!(dejitter.counters().lost, missing);
        check_places(&heard);
    }

    /// Neither stalls nor losses nor silence let the timeline run ahead of the real clock: what
    /// comes out by now was sent by now.
    #[test]
    fn the_timeline_never_runs_ahead_of_the_clock(fates in vec(fate(800_000), 2..200)) {
        let mut fates = fates;
        fates[0] = Fate { samples: 160, silence: 0, lost: false, twice: false, delay: 0 };
        let packets = network(&fates, true);
        let mut dejitter = Dejitter::new(DejitterConfig::default());
        let heard = listen(&mut dejitter, &packets, 0);
        if dejitter.counters().restarts == 0 {
            prop_assert!(heard.ahead <= 0, "{} samples ahead", heard.ahead);
        }
    }

    /// Any packets at all, at any times.
    #[test]
    fn whatever_comes_the_timeline_has_no_holes_and_packets_add_up(
        packets in vec(
            (0u32..3, any::<u16>(), 0u16..300, any::<u32>(), 0u32..2000, 0u8..4, 0usize..2000, any::<bool>(), 0u64..500_000, 0u8..40),
            1..150,
        ),
        reorder_limit in 0u64..1000, quiet_after in 20u64..500, packet_time in 0u64..100,
    ) {
        let millis = Duration::from_millis;
        let mut dejitter = Dejitter::new(DejitterConfig {
            packet_time: millis(packet_time),
            reorder_limit: millis(reorder_limit),
            quiet_after: millis(quiet_after),
            ..DejitterConfig::default()
        });
        let (mut heard, mut micros, payload) = (Heard::default(), 0, [0; 2000]);
        for (ssrc, wild, near, wild_time, near_time, how, len, marker, pause, act) in packets {
            let sequence = if how & 1 == 0 { near } else { wild };
            let timestamp = if how & 2 == 0 { near_time } else { wild_time };
            let rtp = RtpPacket {
                marker,
                ..RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(ssrc / 2), &payload[..len / 4])
            };
            let samples = if act % 5 == 0 { len } else { len / 4 };
            dejitter.receive(Moment::from_nanos(micros * 1000), &rtp, samples);
            check_packets(dejitter.counters());
            match act {
                0 => dejitter.reset(),
                1..5 => dejitter.hurry(),
                _ => {}
            }
            micros += if act % 3 == 0 { pause } else { 0 };
            if act % 4 != 0 {
                take_any(&mut dejitter, micros, &mut heard);
            }
        }
        take_any(&mut dejitter, micros + 2_000_000, &mut heard);
        prop_assert_eq!(dejitter.counters().waiting, u64::from(dejitter.counters().waiting > 0));
    }
}

/// As [`take`], where payloads mean nothing.
fn take_any(dejitter: &mut Dejitter, micros: u64, heard: &mut Heard) {
    let now = Moment::from_nanos(micros * 1000);
    while let Some(stretch) = dejitter.poll(now) {
        match stretch {
            Stretch::Received { timestamp, .. } => assert!(timestamp >= heard.end),
            Stretch::Lost { samples } | Stretch::Quiet { samples } => {
                assert!((1..=8000).contains(&samples));
            }
        }
        let it = dejitter.counters();
        heard.end = it.played_samples + it.concealed_samples + it.quiet_samples;
        check_packets(it);
    }
    assert!(dejitter.deadline().is_none_or(|due| due > now));
}
