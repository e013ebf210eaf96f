//! Opus: what comes through, what stands in for a loss, and calls that change to it and back.
#![cfg(feature = "opus")]

#[path = "support/phone.rs"]
mod phone;

use std::time::Duration;

use fourwire::listen::playout_buffer::{PlayoutBuffer, PlayoutConfig};
use fourwire::sound::level;
use fourwire::sound::opus::{Decoder, Encoder, Opus, periods};
use fourwire::wire::{PayloadType, ReportBlock, RtpPacket, Ssrc, rtcp};
use fourwire::{AudioFormat, ClockRate, Codec, Event, Law, Media, PayloadTypes};
use phone::{Log, Phone, at, bytes, hearing, leg, samples, share_of, tone};
use proptest::prelude::*;

const RATES: [ClockRate; 4] =
    [ClockRate::Hz8000, ClockRate::Hz16000, ClockRate::Hz24000, ClockRate::Hz48000];
const EVENTS: PayloadType = PayloadType::new(101).unwrap();

fn opus(rate: ClockRate) -> Codec {
    Codec::Opus(Opus { rate, ..Opus::default() })
}

/// Something like a voice: a buzz that glides, louder and softer.
fn voice(rate: ClockRate, samples: usize) -> Vec<i16> {
    let hertz = f64::from(rate.hertz());
    (0..samples)
        .map(|n| {
            let time = n as f64 / hertz;
            let phase = time * (120.0 + 30.0 * (time * 9.0).sin());
            let buzz: f64 = (1..12)
                .map(|k| (phase * std::f64::consts::TAU * f64::from(k)).sin() / f64::from(k))
                .sum();
            (buzz * 5000.0 * (0.6 + 0.4 * (time * 21.0).sin())) as i16
        })
        .collect()
}

fn packets(opus: Opus, pcm: &[i16]) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(opus);
    let frame = opus.rate.hertz() as usize / 50;
    pcm.chunks_exact(frame)
        .map(|frame| {
            let mut packet = Vec::new();
            encoder.encode_into(frame, &mut packet);
            packet
        })
        .collect()
}

#[test]
fn a_tone_comes_through_at_every_rate_and_from_every_rate_to_every_other() {
    for from in RATES {
        let packets = packets(
            Opus { rate: from, ..Opus::default() },
            &tone(1000.0, from, from.hertz() as usize),
        );
        assert!(packets.iter().all(|packet| periods(packet) == 960));
        for to in RATES {
            let (mut decoder, mut pcm) = (Decoder::new(to), Vec::new());
            packets.iter().for_each(|packet| decoder.decode_into(packet, &mut pcm));
            assert_eq!(pcm.len(), to.hertz() as usize);
            let settled = &pcm[pcm.len() / 5..];
            assert!(share_of(1000.0, to, settled) > -1.0, "{from:?} to {to:?}");
        }
    }
}

#[test]
fn a_lost_packet_is_told_of_by_the_next_one() {
    let rate = ClockRate::Hz16000;
    let pcm = voice(rate, 16_000 * 2);
    let packets = packets(Opus { rate, ..Opus::default() }, &pcm);
    let error = |fec: bool| {
        let (mut decoder, mut clean) = (Decoder::new(rate), Decoder::new(rate));
        let (mut errors, mut heard, mut truth) = (0.0, Vec::new(), Vec::new());
        for (number, packet) in packets.iter().enumerate() {
            heard.clear();
            truth.clear();
            clean.decode_into(packet, &mut truth);
            if number % 10 == 7 && number > 20 {
                decoder.conceal(320, fec.then(|| &packets[number + 1][..]), &mut heard);
                let error: Vec<i16> =
                    heard.iter().zip(&truth).map(|(a, b)| a.saturating_sub(*b)).collect();
                errors += level::power(&error) / level::power(&truth).max(1.0);
            } else {
                decoder.decode_into(packet, &mut heard);
            }
        }
        errors
    };
    assert!(error(true) < error(false) / 2.0, "{} {}", error(true), error(false));
}

#[test]
fn silence_costs_next_to_nothing_where_the_other_side_wants_it_so() {
    let opus = Opus { dtx: true, ..Opus::default() };
    let packets = packets(opus, &[0; 48_000]);
    let small = packets.iter().filter(|packet| packet.len() <= 2).count();
    assert!(small > packets.len() / 2, "{small} of {}", packets.len());
    assert!(packets.iter().all(|packet| periods(packet) == 960));
}

#[test]
fn the_agent_hears_and_is_heard_at_its_own_rate() {
    for rate in RATES {
        let format = AudioFormat::Pcm16(rate);
        let mut leg = hearing(Media::new(opus(rate)), format);
        leg.say("r", "i", &bytes(&tone(1000.0, rate, rate.hertz() as usize)));
        let (mut log, mut phone) = (Log::default(), Phone::speaking(700.0));
        log.talk(&mut leg, &mut phone, opus(rate), 50);
        let heard = samples(&log.heard);
        assert_eq!(heard.len(), rate.hertz() as usize);
        assert!(share_of(700.0, rate, &heard[heard.len() / 5..]) > -1.0, "{rate:?}");
        let (mut decoder, mut said) = (Decoder::new(rate), Vec::new());
        for (turn, (kind, timestamp, packet)) in log.packets.iter().enumerate() {
            assert_eq!((*kind, *timestamp), (PayloadType::OPUS, turn as u32 * 960));
            decoder.decode_into(packet, &mut said);
        }
        assert!(share_of(1000.0, rate, &said[said.len() / 5..]) > -1.0, "{rate:?}");
    }
}

#[test]
fn losses_and_pauses_are_as_long_as_they_were() {
    let codec = opus(ClockRate::Hz24000);
    let mut leg = hearing(Media::new(codec), AudioFormat::Pcm16(ClockRate::Hz24000));
    let (mut log, mut phone) = (Log::default(), Phone::speaking(500.0));
    for number in 0..100u64 {
        let packet = phone.packet(codec);
        let lost = number % 10 == 5;
        if !lost && !(60..80).contains(&number) {
            leg.receive(at(number * 20), &packet);
        } else if number >= 60 && !lost {
            phone.number -= 1; // A pause of the sender's: no number is missing.
            phone.pcm.drain(..960);
        }
        log.drain(&mut leg, number * 20);
    }
    let counters = leg.counters();
    assert!(counters.quiet_samples >= 17 * 960, "{}", counters.quiet_samples);
    assert_eq!(samples(&log.heard).len(), 2 * 24_000);
}

#[test]
fn a_call_changes_to_opus_and_back_and_no_sample_is_missing() {
    let codecs = [
        Codec::G711(Law::Mu),
        opus(ClockRate::Hz24000),
        Codec::G722,
        opus(ClockRate::Hz48000),
        Codec::G711(Law::A),
    ];
    let format = AudioFormat::Pcm16(ClockRate::Hz24000);
    let mut leg = hearing(Media::new(codecs[0]), format);
    leg.say("r", "i", &bytes(&tone(440.0, ClockRate::Hz24000, 24_000)));
    let (mut log, mut phone) = (Log::default(), Phone::speaking(440.0));
    for codec in codecs {
        leg.renegotiate(at(u64::from(phone.number) * 20), Media::new(codec));
        log.talk(&mut leg, &mut phone, codec, 15);
    }
    assert_eq!(samples(&log.heard).len(), 75 * 480);
    let counters = leg.counters();
    assert_eq!((counters.lost, counters.quiet_samples, counters.late), (0, 0, 0));
    let heard = Duration::from_secs(1);
    let ended =
        |event: &Event| matches!(event, Event::ReplyEnded { heard: all, .. } if *all == heard);
    assert!(log.events.iter().any(ended));
    assert_eq!((counters.reply_sent, counters.reply_discarded), (24_000, 0));
}

#[test]
fn another_clock_is_another_stream() {
    let mut leg = leg(Media::g711(Law::Mu));
    let mut ssrcs = Vec::new();
    for (turn, codec) in
        [Codec::G711(Law::Mu), Codec::G722, opus(ClockRate::Hz16000)].into_iter().enumerate()
    {
        let now = at(turn as u64 * 20);
        leg.renegotiate(now, Media::new(codec));
        while let Some(output) = leg.poll(now) {
            if let fourwire::Output::Rtp(datagram) = output {
                ssrcs.push(RtpPacket::parse(datagram).unwrap().ssrc);
            }
        }
    }
    assert_eq!(ssrcs[..2], [Ssrc(1), Ssrc(1)]);
    assert_ne!(ssrcs[2], Ssrc(1));
}

#[test]
fn keys_are_told_by_the_clock_that_the_phone_knows() {
    for (event_rate, told) in [(ClockRate::Hz48000, 4800), (ClockRate::Hz8000, 800)] {
        let both = Some(PayloadTypes::both(EVENTS));
        let codec = opus(ClockRate::Hz24000);
        let mut leg = leg(Media { telephone_event: both, event_rate, ..Media::new(codec) });
        leg.send_digits("5", Duration::from_millis(100), Duration::from_millis(40)).unwrap();
        let mut log = Log::default();
        (0..10).for_each(|turn| log.drain(&mut leg, turn * 20));
        let keys: Vec<_> = log.packets.iter().filter(|(kind, ..)| *kind == EVENTS).collect();
        assert_eq!(keys.len(), 7);
        assert!(keys.iter().all(|(_, timestamp, _)| *timestamp == 0), "{event_rate:?}");
        let (.., last) = keys[6];
        assert_eq!(u16::from_be_bytes([last[2], last[3]]), told);

        let mut datagram = Vec::new();
        RtpPacket::new(EVENTS, 1, 0, Ssrc(7), last).write(&mut datagram);
        leg.receive(at(200), &datagram);
        log.drain(&mut leg, 200);
        let key = Event::Key { digit: '5', duration: Duration::from_millis(100), in_band: false };
        assert!(log.events.contains(&key));
    }
}

#[test]
fn what_the_other_side_said_of_our_stream_is_read_by_the_clock_that_this_had() {
    let mut leg = leg(Media::g711(Law::Mu));
    let block = ReportBlock { ssrc: Ssrc(1), jitter: 80, ..Default::default() };
    let mut datagram = Vec::new();
    rtcp::write_receiver_report(&mut datagram, Ssrc(7), &[block]);
    leg.receive(at(10), &datagram);
    leg.renegotiate(at(20), Media::new(opus(ClockRate::Hz16000)));
    assert_eq!(leg.counters().remote_jitter_us, 10_000);
}

#[test]
fn the_largest_gap_of_a_call_outlives_a_change_of_its_clock() {
    let mut leg = hearing(Media::g711(Law::Mu), AudioFormat::Pcm16(ClockRate::Hz24000));
    let mut phone = Phone::speaking(440.0);
    for now in [0, 150] {
        leg.receive(at(now), &phone.packet(Codec::G711(Law::Mu)));
    }
    leg.renegotiate(at(150), Media::new(opus(ClockRate::Hz16000)));
    assert_eq!(leg.counters().largest_gap_us, 150_000);
}

/// Its timestamp and its duration would be read by the clock of the new one.
#[test]
fn a_key_is_not_pressed_again_in_the_stream_after_it() {
    let events = Some(PayloadTypes::both(EVENTS));
    let narrow = Media { telephone_event: events, ..Media::g711(Law::Mu) };
    let wide = Media {
        telephone_event: events,
        event_rate: ClockRate::Hz8000,
        ..Media::new(opus(ClockRate::Hz24000))
    };
    for (first, second) in [(narrow, wide), (wide, narrow)] {
        let (mut leg, mut log) = (leg(first), Log::default());
        leg.send_digits("56", Duration::from_millis(100), Duration::from_millis(40)).unwrap();
        (0..3).for_each(|turn| log.drain(&mut leg, turn * 20));
        leg.renegotiate(at(50), second);
        (3..20).for_each(|turn| log.drain(&mut leg, turn * 20));
        let keys = log.packets.iter().filter(|(kind, ..)| *kind == EVENTS);
        let digits: Vec<_> = keys.map(|(.., payload)| payload[0]).collect();
        assert_eq!(digits, [5, 5, 5, 6, 6, 6, 6, 6, 6, 6]);
    }
}

#[test]
fn packets_are_all_of_one_length_where_that_is_wished_for() {
    let mut said = voice(ClockRate::Hz24000, 24_000);
    said.extend([0; 12_000]);
    let lengths = |cbr| {
        let packets = packets(Opus { cbr, ..Opus::default() }, &said);
        packets.iter().map(Vec::len).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(lengths(true), [80].into()); // 32 kbit/s, 20 ms
    assert!(lengths(false).len() > 5);
}

#[test]
fn a_loss_of_any_length_is_made_up_and_its_end_is_what_was_said() {
    let said = voice(ClockRate::Hz48000, 48_000);
    let packets = packets(Opus { rate: ClockRate::Hz48000, ..Opus::default() }, &said);
    let end = |lost: usize| {
        let (mut decoder, mut pcm) = (Decoder::new(ClockRate::Hz48000), Vec::new());
        decoder.conceal(lost, Some(&packets[20]), &mut pcm);
        assert_eq!(pcm.len(), lost);
        level::Levels::of(&pcm[lost - 960..]).dbov()
    };
    assert!((end(960 * 3_000) - end(960 * 2)).abs() < 1.0);
}

proptest! {
    #[test]
    fn any_bytes_are_as_many_samples_as_they_say(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..20),
        which in 0usize..4,
    ) {
        let (mut decoder, mut pcm) = (Decoder::new(RATES[which]), Vec::new());
        let hertz = RATES[which].hertz() as usize;
        for packet in packets {
            pcm.clear();
            decoder.decode_into(&packet, &mut pcm);
            prop_assert_eq!(pcm.len(), periods(&packet) * hertz / 48_000);
            pcm.clear();
            decoder.conceal(hertz / 50, Some(&packet), &mut pcm);
            prop_assert_eq!(pcm.len(), hertz / 50);
        }
    }
}

proptest! {
    #[test]
    fn an_ear_gets_what_it_asks_for_whatever_the_timestamps(
        turns in proptest::collection::vec((0u64..80, 0u16..4, 0u32..6_000, 0usize..1_000), 1..120),
        kinds in proptest::collection::vec(any::<u8>(), 1..4),
        which in 0usize..4,
        longest_delay in (20u64..600).prop_map(Duration::from_millis),
    ) {
        let codec = opus(RATES[which]);
        let config = PlayoutConfig { codec, longest_delay, ..PlayoutConfig::default() };
        let (mut buffer, mut heard) = (PlayoutBuffer::new(config), Vec::new());
        let (mut now, mut number, mut timestamp, mut asked) = (0, 0, 0, 0);
        for (turn, (pause, step, samples, wanted)) in turns.into_iter().enumerate() {
            (now, number, timestamp) = (now + pause, number + step, timestamp + samples);
            let payload = [kinds[turn % kinds.len()], 2];
            let packet =
                RtpPacket::new(PayloadType::OPUS, number, timestamp, Ssrc(1), &payload);
            buffer.receive(at(now), &packet);
            buffer.play(at(now), wanted, &mut heard);
            asked += wanted;
        }
        prop_assert_eq!(heard.len(), asked);
        let it = buffer.counters();
        prop_assert_eq!(
            it.decoded_samples + it.inserted_samples + it.concealed_samples + it.quiet_samples,
            it.out_samples + it.removed_samples + it.dropped_samples + it.waiting_samples
        );
    }
}

/// The timestamps of Opus count finer than its samples, and nobody makes a sender keep to these.
#[test]
fn an_ear_that_stalled_gets_over_a_hole_that_ends_between_two_samples() {
    for (rate, off) in RATES.into_iter().flat_map(|rate| (0..7).map(move |off| (rate, off))) {
        let config = PlayoutConfig { codec: opus(rate), ..PlayoutConfig::default() };
        let (mut buffer, mut heard) = (PlayoutBuffer::new(config), Vec::new());
        let chunk = rate.hertz() as usize / 50;
        for number in (0..80_u16).filter(|&number| number != 20) {
            let timestamp = u32::from(number) * 960 + if number > 20 { off } else { 0 };
            let packet = RtpPacket::new(PayloadType::OPUS, number, timestamp, Ssrc(1), &[0x78]);
            buffer.receive(at(u64::from(number) * 20), &packet);
            if !(10..60).contains(&number) {
                buffer.play(at(u64::from(number) * 20), chunk, &mut heard);
            }
        }
        assert_eq!(heard.len(), 30 * chunk);
        let packets = buffer.counters().packets;
        assert_eq!((packets.played, packets.lost), (79, 1), "{rate:?}, {off} off");
    }
}
