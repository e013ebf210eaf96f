//! What a call keeps in memory. In a process of its own, for it counts every byte.

use std::time::Duration;

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
    let mut datagram = Vec::new();
    for number in 0..3000u32 {
        datagram.clear();
        RtpPacket::new(codec.payload_type(), number as u16, number * 160, Ssrc(7), &[0x2A; 160])
            .write(&mut datagram);
        let now = Moment::from_millis(u64::from(number) * 20);
        leg.receive(now, &datagram);
        while leg.poll(now).is_some() {}
    }
    leg
}

#[test]
fn a_call_that_has_said_all_keeps_less_than_two_hundred_kilobytes() {
    // What all calls share is made with the first.
    let pcm = AudioFormat::Pcm16;
    let calls = [
        (Codec::G711(Law::Mu), AudioFormat::G711(Law::Mu)),
        (Codec::G711(Law::Mu), pcm(ClockRate::Hz48000)),
        (Codec::G722, pcm(ClockRate::Hz16000)),
        (Codec::G722, pcm(ClockRate::Hz24000)),
    ];
    calls.iter().for_each(|&(codec, format)| drop(minute(codec, format)));
    for (codec, format) in calls {
        let before = counting::held();
        let leg = minute(codec, format);
        let held = counting::held() - before + size_of::<Leg>();
        assert!(held < 200_000, "{codec:?} {format:?}: {held} bytes");
        drop(leg);
    }
}
