//! Calls in G.722, and calls that change to it and back, on a virtual clock.

#[path = "support/phone.rs"]
mod phone;

use std::time::Duration;

use fourwire::listen::{PlayoutBuffer, PlayoutConfig};
use fourwire::sound::{g722, level};
use fourwire::speak::Playout;
use fourwire::wire::{PayloadType, RtpPacket};
use fourwire::{AudioFormat, ClockRate, Codec, Event, Law, Media};
use phone::{Log, PACKET, Phone, at, bytes, hearing, samples, share_of, tone};

const PCM16: AudioFormat = AudioFormat::Pcm16(ClockRate::Hz16000);
const PCM24: AudioFormat = AudioFormat::Pcm16(ClockRate::Hz24000);
const G711: Codec = Codec::G711(Law::Mu);

#[test]
fn the_agent_hears_what_no_narrow_call_carries() {
    let mut leg = hearing(Media::new(Codec::G722), PCM16);
    let (mut log, mut phone) = (Log::default(), Phone::speaking(6000.0));
    log.talk(&mut leg, &mut phone, Codec::G722, 50);
    let heard = samples(&log.heard);
    assert_eq!(heard.len(), 16_000);
    assert!(share_of(6000.0, ClockRate::Hz16000, &heard[1600..]) > -0.1);
    assert!((level::dbov(&heard[1600..]) - level::dbov(&phone.pcm)).abs() < 0.5);
}

#[test]
fn the_clock_of_the_timestamps_is_half_that_of_the_samples() {
    let mut leg = hearing(Media::new(Codec::G722), PCM16);
    leg.say("r", "i", &bytes(&tone(6000.0, ClockRate::Hz16000, 16_000)));
    let mut log = Log::default();
    (0..50).for_each(|turn| log.drain(&mut leg, turn * 20));
    for (turn, (kind, timestamp, payload)) in log.packets.iter().enumerate() {
        assert_eq!((*kind, *timestamp), (PayloadType::G722, turn as u32 * 160));
        assert_eq!(payload.len(), 160);
    }
    let (mut decoder, mut pcm) = (g722::Decoder::new(), Vec::new());
    log.packets.iter().for_each(|(.., payload)| decoder.decode_into(payload, &mut pcm));
    assert_eq!(pcm.len(), 16_000);
    assert!(share_of(6000.0, ClockRate::Hz16000, &pcm[1600..]) > -0.1);
}

#[test]
fn lost_and_late_packets_are_made_up_for_to_the_sample() {
    let mut leg = hearing(Media::new(Codec::G722), PCM16);
    let (mut log, mut phone) = (Log::default(), Phone::speaking(500.0));
    for number in 0..50u64 {
        let packet = phone.packet(Codec::G722);
        if number % 10 != 5 {
            leg.receive(at(number * 20), &packet);
        }
        log.drain(&mut leg, number * 20);
    }
    let counters = leg.counters();
    assert_eq!((counters.lost, counters.concealed_samples), (5, 5 * 160));
    assert_eq!(samples(&log.heard).len(), 16_000);
}

#[test]
fn a_call_changes_its_codec_and_back_and_no_sample_is_missing() {
    let (wide, narrow) = (Media::new(Codec::G722), Media::new(G711));
    for format in [AudioFormat::G711(Law::Mu), PCM16, PCM24] {
        let mut leg = hearing(narrow, format);
        let (mut log, mut phone) = (Log::default(), Phone::speaking(440.0));
        for (media, packets) in [(narrow, 20), (wide, 20), (narrow, 20)] {
            leg.renegotiate(at(u64::from(phone.number) * 20), media);
            log.talk(&mut leg, &mut phone, media.codec, packets);
        }
        let second = format.rate().hertz() as usize * format.width() * 60 / 50;
        assert_eq!(log.heard.len(), second, "{format:?}");
        let counters = leg.counters();
        assert_eq!((counters.lost, counters.quiet_samples, counters.late), (0, 0, 0));
    }
}

#[test]
fn a_change_of_codec_does_not_click_in_the_agents_ear() {
    let (wide, narrow) = (Media::new(Codec::G722), Media::new(G711));
    let mut leg = hearing(narrow, PCM16);
    let (mut log, mut phone) = (Log::default(), Phone::speaking(440.0));
    for (media, packets) in [(narrow, 20), (wide, 20), (narrow, 20)] {
        leg.renegotiate(at(u64::from(phone.number) * 20), media);
        log.talk(&mut leg, &mut phone, media.codec, packets);
    }
    let step = |pcm: &[i16]| pcm.windows(2).map(|it| it[0].abs_diff(it[1])).max().unwrap();
    let heard = samples(&log.heard);
    let clean = step(&tone(440.0, ClockRate::Hz16000, 16_000));
    assert!(step(&heard) < 2 * clean, "{} {clean}", step(&heard));
}

fn take_ten(playout: &mut Playout, samples: usize, out: &mut Vec<i16>) {
    (0..10).for_each(|_| assert!(playout.take(samples, out)));
}

#[test]
fn a_reply_goes_on_at_the_very_sample_when_the_wire_changes() {
    let reply = bytes(&tone(440.0, ClockRate::Hz24000, 24_000));
    let whole = |rate| {
        let mut playout = Playout::new(rate, PCM24, PCM24);
        playout.say("r", "i", &reply);
        let mut out = Vec::new();
        playout.take(rate.hertz() as usize, &mut out);
        out
    };
    let (narrow, wide) = (whole(ClockRate::Hz8000), whole(ClockRate::Hz16000));

    let mut playout = Playout::new(ClockRate::Hz8000, PCM24, PCM24);
    playout.say("r", "i", &reply);
    let mut out = Vec::new();
    take_ten(&mut playout, 160, &mut out);
    playout.renegotiate(ClockRate::Hz16000);
    take_ten(&mut playout, 320, &mut out);
    playout.renegotiate(ClockRate::Hz8000);
    take_ten(&mut playout, 160, &mut out);

    // A resampler holds back 24 samples of the lower rate: 3 ms at 8 kHz, 1.5 ms at 16.
    assert_eq!(out[..1600], narrow[..1600]);
    assert_eq!(out[1600..][..3200], wide[3200 - 24..][..3200]);
    assert_eq!(out[4800..][..1600], narrow[3200..][..1600]);
    let sent = playout.ledger().entries().next().unwrap().sent;
    assert_eq!(sent, 600 * 24, "what is inside the resampler counts as sent until it is cut");
    assert_eq!(playout.barge_in().heard, Duration::from_millis(600 - 3 + 5));
}

#[test]
fn what_waits_to_be_said_survives_a_change_of_codec_to_the_last_sample() {
    let (wide, narrow) = (Media::new(Codec::G722), Media::new(G711));
    let mut leg = hearing(narrow, PCM24);
    leg.say("r", "i", &bytes(&tone(440.0, ClockRate::Hz24000, 24_000)));
    let mut log = Log::default();
    for turn in 0..100 {
        match turn {
            10 => leg.renegotiate(at(turn * 20), wide),
            30 => leg.renegotiate(at(turn * 20), narrow),
            _ => {}
        }
        log.drain(&mut leg, turn * 20);
    }
    let heard = Duration::from_secs(1);
    let ended =
        |event: &Event| matches!(event, Event::ReplyEnded { heard: all, .. } if *all == heard);
    assert!(log.events.iter().any(ended));
    let counters = leg.counters();
    assert_eq!((counters.reply_sent, counters.reply_discarded), (24_000, 0));
    let kinds: Vec<_> = log.packets.iter().map(|(kind, ..)| *kind).collect();
    assert!(kinds[..10].iter().chain(&kinds[30..]).all(|kind| *kind == PayloadType::PCMU));
    assert!(kinds[10..30].iter().all(|kind| *kind == PayloadType::G722));
}

#[test]
fn a_recording_keeps_its_rate_when_the_codec_changes() {
    let (wide, narrow) = (Media::new(Codec::G722), Media::new(G711));
    for rate in [ClockRate::Hz8000, ClockRate::Hz16000] {
        let mut leg = hearing(narrow, PCM16);
        leg.record(Some(rate));
        leg.say("r", "i", &bytes(&tone(700.0, ClockRate::Hz16000, 16_000)));
        let (mut log, mut phone) = (Log::default(), Phone::speaking(440.0));
        for (media, packets) in [(narrow, 15), (wide, 15), (narrow, 15)] {
            leg.renegotiate(at(u64::from(phone.number) * 20), media);
            log.talk(&mut leg, &mut phone, media.codec, packets);
        }
        assert_eq!(log.recorded.len(), 2 * rate.samples_in(45 * PACKET));
        for third in log.recorded.chunks(2 * rate.samples_in(15 * PACKET)) {
            let side = |side: usize| third.iter().skip(side).step_by(2).copied();
            let settled = rate.samples_in(2 * PACKET);
            let (caller, agent): (Vec<_>, Vec<_>) =
                (side(0).skip(settled).collect(), side(1).skip(settled).collect());
            assert!(share_of(440.0, rate, &caller) > -0.5, "{rate:?}");
            assert!(share_of(700.0, rate, &agent) > -0.5, "{rate:?}");
        }
    }
}

#[test]
fn a_loudspeaker_gets_wideband_at_its_own_pace_and_losses_made_up_for() {
    let config = PlayoutConfig { codec: Codec::G722, ..PlayoutConfig::default() };
    let (mut buffer, mut phone) = (PlayoutBuffer::new(config), Phone::speaking(500.0));
    let mut heard = Vec::new();
    for turn in 0..100u64 {
        let datagram = phone.packet(Codec::G722);
        if turn % 20 != 15 {
            buffer.receive(at(turn * 20), &RtpPacket::parse(&datagram).unwrap());
        }
        buffer.play(at(turn * 20), 320, &mut heard);
    }
    assert_eq!(heard.len(), 2 * 16_000);
    assert!(share_of(500.0, ClockRate::Hz16000, &heard[16_000..]) > -3.0);
    let counters = buffer.counters();
    assert!(counters.decoded_samples >= 90 * 320, "{counters:?}");
    assert!(counters.concealed_samples > 0, "{counters:?}");
}
