//! What a call keeps in memory. In a process of its own, for it counts every byte.

use std::time::Duration;

use fourwire::sound::codec::Encoder;
use fourwire::wire::{RtpPacket, Ssrc};
use fourwire::{AudioFormat, Bridge, ClockRate, Codec, Law, Leg, LegConfig, Media, Moment};

#[path = "support/counting.rs"]
mod counting;

/// A minute of a call in which both sides speak: a reply of thirty seconds, and the back channel.
fn minute(codec: Codec, format: AudioFormat) -> Leg {
    let config = LegConfig {
        media: Media::new(codec),
        ssrc: Ssrc(1),
        first_sequence: 0,
        first_timestamp: 0,
        cname: "a@b".into(),
        unix_time_at_origin: Duration::ZERO,
    };
    let mut leg = Leg::new(config, Moment::from_millis(0));
    leg.bridge(Bridge::new(format));
    leg.record(Some(codec.audio_rate()));
    let second = vec![0x31; format.rate().hertz() as usize * format.width()];
    for _ in 0..30 {
        leg.say("r", "i", &second);
        leg.say_back_channel(&second);
    }
    let (mut payload, mut datagram) = (Vec::new(), Vec::new());
    let mut encoder = Encoder::new(codec);
    let samples = codec.audio_rate().samples_in(Duration::from_millis(20));
    encoder.encode_into(&vec![1000; samples], &mut payload);
    for number in 0..3000u32 {
        datagram.clear();
        let timestamp = number * codec.periods(&payload) as u32;
        RtpPacket::new(codec.payload_type(), number as u16, timestamp, Ssrc(7), &payload)
            .write(&mut datagram);
        let now = Moment::from_millis(u64::from(number) * 20);
        leg.receive(now, &datagram);
        while leg.poll(now).is_some() {}
    }
    leg
}

/// Bytes that a call keeps when it has said all.
fn kept(codec: Codec, format: AudioFormat) -> usize {
    drop(minute(codec, format)); // What all calls share is made with the first.
    let before = counting::held();
    let leg = minute(codec, format);
    let held = counting::held() - before + size_of::<Leg>();
    drop(leg);
    held
}

#[test]
fn a_call_that_has_said_all_keeps_less_than_two_hundred_kilobytes() {
    let pcm = AudioFormat::Pcm16;
    for (codec, format) in [
        (Codec::G711(Law::Mu), AudioFormat::G711(Law::Mu)),
        (Codec::G711(Law::Mu), pcm(ClockRate::Hz48000)),
        (Codec::G722, pcm(ClockRate::Hz16000)),
        (Codec::G722, pcm(ClockRate::Hz24000)),
    ] {
        let held = kept(codec, format);
        assert!(held < 200_000, "{codec:?} {format:?}: {held} bytes");
    }
}

#[test]
#[cfg(feature = "opus")]
fn a_call_in_opus_keeps_less_than_a_quarter_of_a_megabyte_libopus_included() {
    for rate in [ClockRate::Hz16000, ClockRate::Hz24000] {
        let opus = fourwire::sound::opus::Opus { rate, ..Default::default() };
        let held = kept(Codec::Opus(opus), AudioFormat::Pcm16(rate));
        assert!(held < 250_000, "{rate:?}: {held} bytes");
    }
}
