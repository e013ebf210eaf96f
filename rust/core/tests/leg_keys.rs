//! Keys that come as tones, and what is kept from the agent and the recording.

#[path = "support/phone.rs"]
mod phone;

use std::time::Duration;

use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{AudioFormat, ClockRate, Codec, Event, InBandKeys, Law, Leg, Media, PayloadTypes};
use phone::{Log, Phone, at, hearing, samples, tone};

const EVENTS: PayloadType = PayloadType::new(101).unwrap();
const PCM: AudioFormat = AudioFormat::Pcm16(ClockRate::Hz8000);
const CODECS: [Codec; 2] = [Codec::G711(Law::Mu), Codec::G722];

fn leg(codec: Codec) -> Leg {
    let events = Some(PayloadTypes::both(EVENTS));
    let mut leg = hearing(Media { telephone_event: events, ..Media::new(codec) }, PCM);
    leg.record(Some(ClockRate::Hz8000));
    leg
}

/// A phone that says nothing for half a second, presses `5` for a tenth of one, and says no more.
fn typing() -> Phone {
    let mut phone = Phone::speaking(770.0);
    let high = tone(1336.0, ClockRate::Hz48000, phone.pcm.len());
    for (n, sample) in phone.pcm.iter_mut().enumerate() {
        let sounds = (24_000..28_800).contains(&n);
        *sample = if sounds { (*sample + high[n]) / 2 } else { 0 };
    }
    phone
}

fn event(number: u16) -> Vec<u8> {
    let mut datagram = Vec::new();
    let payload = [5, 0x8A, 0x03, 0x20];
    RtpPacket::new(EVENTS, number, 77, Ssrc(8), &payload).write(&mut datagram);
    datagram
}

fn loud(pcm: &[i16]) -> usize {
    pcm.iter().filter(|sample| sample.unsigned_abs() > 300).count()
}

fn caller(recorded: &[i16]) -> Vec<i16> {
    recorded.iter().step_by(2).copied().collect()
}

#[test]
fn a_key_in_the_audio_is_told_where_that_is_wanted_and_only_there() {
    for codec in CODECS {
        let (mut idle, mut log) = (leg(codec), Log::default());
        log.talk(&mut idle, &mut typing(), codec, 60);
        assert_eq!((&log.events[..], idle.counters().keys), (&[][..], 0));

        let (mut leg, mut log) = (leg(codec), Log::default());
        leg.hear_in_band_keys(InBandKeys::Hear);
        log.talk(&mut leg, &mut typing(), codec, 60);
        let [Event::Key { digit: '5', duration, in_band: true }] = log.events[..] else {
            panic!("{:?}", log.events)
        };
        assert!(duration.abs_diff(Duration::from_millis(100)) < Duration::from_millis(15));
        assert!(loud(&samples(&log.heard)) > 600, "{codec:?}");
        let counters = leg.counters();
        assert_eq!((counters.keys, counters.keys_in_band), (1, 1));
    }
}

#[test]
fn a_key_that_is_removed_reaches_neither_the_agent_nor_the_recording() {
    for codec in CODECS {
        let (mut leg, mut log) = (leg(codec), Log::default());
        leg.hear_in_band_keys(InBandKeys::Remove);
        log.talk(&mut leg, &mut typing(), codec, 60);
        assert_eq!(log.events.len(), 1);
        // What passes before the tone is noticed.
        let (heard, recorded) = (loud(&samples(&log.heard)), loud(&caller(&log.recorded)));
        assert!(heard < 240 && recorded < 240, "{heard} and {recorded} samples of {codec:?}");
        leg.hear_in_band_keys(InBandKeys::Off);
        assert!(leg.counters().tone_samples_removed >= 70 * 8);
    }
}

#[test]
fn while_something_secret_is_typed_neither_the_agent_nor_the_recording_hears_the_caller() {
    for codec in CODECS {
        let (mut leg, mut log) = (leg(codec), Log::default());
        let mut phone = Phone::speaking(500.0);
        log.talk(&mut leg, &mut phone, codec, 50);
        leg.mask(true);
        log.talk(&mut leg, &mut phone, codec, 30);
        leg.receive(at(u64::from(phone.number) * 20), &event(900));
        log.talk(&mut leg, &mut phone, codec, 20);
        leg.mask(false);
        log.talk(&mut leg, &mut phone, codec, 100);

        let heard = samples(&log.heard);
        let masked = 51 * 160..114 * 160;
        assert!(heard[masked.clone()].iter().all(|sample| sample.unsigned_abs() < 9), "{codec:?}");
        let recorded = caller(&log.recorded);
        let silent = recorded.chunk_by(|_, next| next.unsigned_abs() < 9).map(<[i16]>::len).max();
        let silent = silent.unwrap_or(0);
        assert!((62 * 160..72 * 160).contains(&silent), "{silent} samples of {codec:?}");
        assert!(loud(&heard[..masked.start]) + loud(&heard[masked.end..]) > 100 * 160);
        let expected = codec.audio_rate().samples_in(Duration::from_millis(1300)) as u64;
        assert_eq!(leg.counters().masked_samples, expected);
        assert_eq!(log.events.len(), 1);
    }
}
