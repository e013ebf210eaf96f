//! Whole legs: a second of a call in which both sides speak.

use std::time::Duration;

use fourwire::wire::{RtpPacket, Ssrc};
use fourwire::{AudioFormat, Bridge, ClockRate, Codec, Law, Leg, LegConfig, Media, Moment};

use super::Look;

pub(super) fn all(look: Look<'_>) {
    let mu = Codec::G711(Law::Mu);
    second(look, "a second of a leg, PCMU as it is", mu, AudioFormat::G711(Law::Mu));
    let pcm = AudioFormat::Pcm16(ClockRate::Hz24000);
    second(look, "a second of a leg, PCMU and PCM at 24 kHz", mu, pcm);
    second(look, "a second of a leg, G.722 and PCM at 24 kHz", Codec::G722, pcm);
}

fn second(look: Look<'_>, name: &str, codec: Codec, format: AudioFormat) {
    let mut call = Call::new(codec, format);
    look(name, None, &mut || (0..50).for_each(|_| call.packet_time()));
}

struct Call {
    leg: Leg,
    codec: Codec,
    number: u64,
    datagram: Vec<u8>,
    reply: Vec<u8>,
}

impl Call {
    fn new(codec: Codec, format: AudioFormat) -> Self {
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
        let reply = vec![0x31; format.rate().hertz() as usize / 10 * format.width()];
        let mut call = Self { leg, codec, number: 0, datagram: Vec::new(), reply };
        (0..50).for_each(|_| call.packet_time());
        call
    }

    fn packet_time(&mut self) {
        let now = Moment::from_millis(self.number * 20);
        let (sequence, timestamp) = (self.number as u16, self.number as u32 * 160);
        let payload_type = self.codec.payload_type();
        self.datagram.clear();
        RtpPacket::new(payload_type, sequence, timestamp, Ssrc(7), &[0x2A; 160])
            .write(&mut self.datagram);
        self.leg.receive(now, &self.datagram);
        if self.number.is_multiple_of(5) {
            self.leg.say("r", "i", &self.reply);
        }
        while self.leg.poll(now).is_some() {}
        self.number += 1;
    }
}
