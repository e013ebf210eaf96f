//! Silence that is told of instead of sent (RFC 3389), both ways.

use std::time::Duration;

use fourwire::listen::{Heard, Listener, Shape};
use fourwire::sound::{g711, level};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Codec, Idle, Law, Leg, LegConfig, Media, Moment, Output,
    PayloadTypes, Received,
};

const LINEAR: AudioFormat = AudioFormat::Pcm16(ClockRate::Hz8000);

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

fn leg(media: Media) -> Leg {
    let config = LegConfig {
        media,
        ssrc: Ssrc(0xFEED),
        first_sequence: 65_530,
        first_timestamp: u32::MAX - 1000,
        cname: "leg@example".into(),
        unix_time_at_origin: Duration::ZERO,
    };
    let mut leg = Leg::new(config, at(0));
    leg.bridge(Bridge { shape: Shape::Audio, ..Bridge::new(LINEAR) });
    leg
}

fn idle(idle: Idle) -> Media {
    Media { idle, comfort_noise: Some(PayloadTypes::both(PayloadType::CN)), ..Media::g711(Law::Mu) }
}

fn packet(kind: PayloadType, number: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    RtpPacket::new(kind, number, timestamp, Ssrc(7), payload).write(&mut datagram);
    datagram
}

/// What the agent hears until `to`, and what is sent.
fn run(leg: &mut Leg, from: u64, to: u64) -> (Vec<i16>, Vec<(u64, Vec<u8>)>) {
    let (mut heard, mut sent) = (Vec::new(), Vec::new());
    for now in from..to {
        while let Some(output) = leg.poll(at(now)) {
            match output {
                Output::Audio { audio, .. } => {
                    let samples = audio.chunks_exact(2);
                    heard.extend(samples.map(|it| i16::from_le_bytes([it[0], it[1]])));
                }
                Output::Rtp(datagram) => sent.push((now, datagram.to_vec())),
                _ => {}
            }
        }
    }
    (heard, sent)
}

#[test]
fn a_silence_sounds_as_the_caller_says_until_he_speaks() {
    let mut leg = leg(Media::g711(Law::Mu));
    for number in 0..5 {
        leg.receive(
            at(20 * u64::from(number)),
            &packet(PayloadType::PCMU, number, 160 * u32::from(number), &[0x90; 160]),
        );
    }
    run(&mut leg, 0, 100);
    let noise = packet(PayloadType::CN, 5, 800, &[45, 60, 140]);
    assert_eq!(leg.receive(at(100), &noise), Received::ComfortNoise);
    let (heard, _) = run(&mut leg, 100, 1000);
    let quiet = &heard[heard.len() - 3200..];
    assert!((level::dbov(quiet) + 45.0).abs() < 1.5, "{}", level::dbov(quiet));

    leg.receive(at(1000), &packet(PayloadType::PCMU, 6, 8000, &[0xFF; 160]));
    let (heard, _) = run(&mut leg, 1000, 2000);
    let quiet = &heard[heard.len() - 3200..];
    assert!(level::dbov(quiet) < -60.0, "{}", level::dbov(quiet));
    let counters = leg.counters();
    assert_eq!((counters.comfort_noise_received, counters.unknown_payload_type), (1, 0));
    assert_eq!(counters.lost, 0);
}

#[test]
fn a_silence_that_was_told_of_is_not_filled_with_the_last_word() {
    let loudest = |told: bool| {
        let mut leg = leg(Media::g711(Law::Mu));
        for number in 0..5 {
            leg.receive(
                at(20 * u64::from(number)),
                &packet(
                    PayloadType::PCMU,
                    number,
                    160 * u32::from(number),
                    &[0x90, 0x10].repeat(80),
                ),
            );
        }
        run(&mut leg, 0, 100);
        if told {
            leg.receive(at(100), &packet(PayloadType::CN, 5, 800, &[70]));
        }
        let (heard, _) = run(&mut leg, 100, 600);
        let quiet = &heard[heard.len().saturating_sub(1600)..];
        let after = heard.iter().rev().take_while(|it| it.abs() < 100).count();
        (quiet.len(), heard.len() - after)
    };
    let ((_, told), (_, untold)) = (loudest(true), loudest(false));
    assert!(told + 240 < untold, "loud for {told} samples, and {untold} where nothing was told");
}

#[test]
fn comfort_noise_without_a_level_is_counted_and_dropped() {
    let mut leg = leg(Media::g711(Law::Mu));
    assert_eq!(leg.receive(at(0), &packet(PayloadType::CN, 0, 0, &[])), Received::Dropped);
    assert_eq!(leg.counters().malformed, 1);
}

#[test]
fn comfort_noise_is_known_by_the_number_that_was_agreed_on() {
    let number = PayloadType::new(110).unwrap();
    let mut leg =
        leg(Media { comfort_noise: Some(PayloadTypes::both(number)), ..Media::g711(Law::Mu) });
    assert_eq!(leg.receive(at(0), &packet(number, 0, 0, &[50])), Received::ComfortNoise);
    assert_eq!(leg.receive(at(0), &packet(PayloadType::CN, 1, 0, &[50])), Received::Dropped);
}

#[test]
fn silence_is_sent_packet_by_packet_unless_wished_otherwise() {
    let (_, sent) = run(&mut leg(Media::g711(Law::Mu)), 0, 1000);
    assert_eq!(sent.len(), 50);
    let silent = |datagram: &[u8]| RtpPacket::parse(datagram).unwrap().payload == [0xFF; 160];
    assert!(sent.iter().all(|(_, datagram)| silent(datagram)));
}

#[test]
fn an_idle_line_has_a_faint_noise_where_that_is_wished_or_comfort_noise_is_not_taken() {
    let untaken = Media { comfort_noise: None, ..idle(Idle::ComfortNoise) };
    for media in [idle(Idle::Noise), untaken] {
        let (_, sent) = run(&mut leg(media), 0, 1000);
        let mut pcm = Vec::new();
        for (_, datagram) in &sent {
            let packet = RtpPacket::parse(datagram).unwrap();
            assert_eq!(packet.payload_type, PayloadType::PCMU);
            g711::decode_into(Law::Mu, packet.payload, &mut pcm);
        }
        assert_eq!(pcm.len(), 8000);
        assert!((level::dbov(&pcm) + 62.0).abs() < 1.5, "{}", level::dbov(&pcm));
    }
}

#[test]
fn a_silence_is_told_of_now_and_then_and_the_next_word_has_the_marker() {
    let mut leg = leg(idle(Idle::ComfortNoise));
    let (_, mut sent) = run(&mut leg, 0, 1500);
    leg.say("resp", "item", &[0x20; 320 * 5]);
    sent.extend(run(&mut leg, 1500, 3000).1);

    let kinds: Vec<(u64, PayloadType, bool)> = sent
        .iter()
        .map(|(now, datagram)| {
            let packet = RtpPacket::parse(datagram).unwrap();
            (*now, packet.payload_type, packet.marker)
        })
        .collect();
    let told: Vec<u64> = kinds.iter().filter(|it| it.1 == PayloadType::CN).map(|it| it.0).collect();
    // Silent from the start, and again when the last word is out.
    assert_eq!(told, [200, 700, 1200, 1820, 2320, 2820]);
    let marked: Vec<u64> = kinds.iter().filter(|it| it.2).map(|it| it.0).collect();
    assert_eq!(marked, [0, 1500]);
    assert_eq!(leg.counters().comfort_noise_sent, 6);
    assert_eq!(leg.counters().packets_sent, sent.len() as u64);
}

#[test]
fn the_other_side_hears_an_unbroken_line_of_what_is_told_and_said() {
    let mut leg = leg(idle(Idle::ComfortNoise));
    let mut listener = Listener::new(Codec::G711(Law::Mu), Duration::from_millis(20));
    let (mut pcm, mut lost) = (Vec::new(), 0);
    for now in 0..4000 {
        if now == 2000 {
            leg.say("resp", "item", &[0x20; 320 * 5]);
        }
        while let Some(output) = leg.poll(at(now)) {
            let Output::Rtp(datagram) = output else { continue };
            let packet = RtpPacket::parse(datagram).unwrap();
            if packet.payload_type == PayloadType::CN {
                assert!(listener.hush(at(now), &packet));
            } else {
                listener.receive(at(now), &packet);
            }
        }
        while let Some(heard) = listener.poll(at(now), &mut pcm) {
            lost += u32::from(heard == Heard::Concealed);
        }
    }
    assert_eq!(lost, 0);
    let behind = 4000 * 8 - pcm.len();
    assert!(behind <= 220 * 8, "{behind} samples behind the clock");
    let quiet = level::dbov(&pcm[8000..12_000]);
    assert!((quiet + 62.0).abs() < 1.5, "{quiet}");
    let spoken = pcm.iter().position(|it| it.abs() > 1000).unwrap();
    assert!((2000 * 8 - 160..2000 * 8 + 320).contains(&spoken), "speech at sample {spoken}");
}
