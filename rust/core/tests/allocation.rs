//! A call that runs allocates nothing: its buffers have found their size after a second.

use std::time::Duration;

use fourwire::listen::{PlayoutBuffer, PlayoutConfig};
use fourwire::sound::codec::Encoder;
use fourwire::wire::rtcp::{self, NtpTime, ReportBlock, SenderInfo};
use fourwire::wire::{PayloadType, RtpPacket, Ssrc, TelephoneEvent};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Codec, EarlyBargeIn, Law, Leg, LegConfig, Media, Moment,
    PayloadTypes,
};

#[path = "support/counting.rs"]
mod counting;

#[test]
fn a_playout_buffer_allocates_nothing() {
    let mut buffer = PlayoutBuffer::new(PlayoutConfig::default());
    let mut heard = Vec::with_capacity(160);
    let mut before = 0;
    for number in 0..2000_u64 {
        if number == 100 {
            before = counting::made();
        }
        let now = Moment::from_millis(number * 20);
        heard.clear();
        buffer.play(now, 160, &mut heard);
        // Jitter, loss, stalls and bursts, so that everything it can do is done.
        let arrivals = if number % 100 < 20 { 0..0 } else { number..number + 1 };
        let arrivals = if number % 100 == 20 { number - 20..number + 1 } else { arrivals };
        for packet in arrivals.filter(|packet| packet % 10 != 9) {
            let (sequence, timestamp) = (packet as u16, packet as u32 * 160);
            let packet = RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(7), &SOUND);
            buffer.receive(now, &packet);
        }
    }
    assert_eq!(counting::made() - before, 0);
    let it = buffer.counters();
    assert!(it.removed_samples > 0 && it.concealed_samples > 0 && it.quiet_samples > 0, "{it:?}");
}

/// 20 ms of a tone of 400 Hz.
const SOUND: [u8; 160] = {
    let (wave, mut sound) = ([0xFF, 0x9C, 0x8F, 0x8A, 0x88, 0x8A, 0x8F, 0x9C], [0; 160]);
    let mut n = 0;
    while n < sound.len() {
        let code = wave[n % 8];
        sound[n] = if n % 16 < 8 { code } else { code & 0x7F };
        n += 1;
    }
    sound
};

const KEYS: PayloadType = PayloadType::new(101).unwrap();

fn leg(codec: Codec, format: AudioFormat) -> Leg {
    let config = LegConfig {
        media: Media { telephone_event: Some(PayloadTypes::both(KEYS)), ..Media::new(codec) },
        ssrc: Ssrc(1),
        first_sequence: 0,
        first_timestamp: 0,
        cname: "a@b".into(),
        unix_time_at_origin: Duration::ZERO,
    };
    let mut leg = Leg::new(config, Moment::from_millis(0));
    let early_barge_in = Some(EarlyBargeIn::default());
    leg.bridge(Bridge { early_barge_in, ..Bridge::new(format) });
    leg.record(Some(codec.audio_rate()));
    leg
}

/// A packet of a tone.
fn speech(codec: Codec) -> Vec<u8> {
    let samples = codec.audio_rate().samples_in(Duration::from_millis(20));
    let pcm: Vec<i16> = (0..samples).map(|n| (n as i16 % 64 - 32) * 200).collect();
    let mut payload = Vec::new();
    Encoder::new(codec).encode_into(&pcm, &mut payload);
    payload
}

/// A call in which both sides speak, press keys and report, and every tenth packet is lost.
struct Call {
    leg: Leg,
    payload_type: PayloadType,
    payload: Vec<u8>,
    periods: u16,
    number: u64,
    datagram: Vec<u8>,
    reply: Vec<u8>,
}

impl Call {
    fn new(codec: Codec, format: AudioFormat) -> Self {
        let mut leg = leg(codec, format);
        let reply =
            vec![0x31; format.rate().samples_in(Duration::from_millis(200)) * format.width()];
        // A reply comes ahead of its time, so the lane does not run dry between its pieces.
        leg.say("r", "i", &reply);
        let payload = speech(codec);
        let periods = codec.periods(&payload) as u16;
        let payload_type = codec.payload_type();
        let datagram = Vec::with_capacity(200);
        Self { leg, payload_type, payload, periods, number: 0, datagram, reply }
    }

    fn packet_time(&mut self) {
        let now = Moment::from_millis(self.number * 20);
        if self.number % 10 != 9 {
            self.hear(now);
        }
        // While keys are sent, replies wait.
        if self.leg.playout().waiting() < Duration::from_millis(200) {
            self.leg.say("r", "i", &self.reply);
        }
        if self.number % 200 == 100 {
            self.leg.send_digits("1#", Duration::from_millis(80), Duration::from_millis(40)).ok();
        }
        if self.number % 100 == 50 {
            self.report(now);
        }
        while self.leg.poll(now).is_some() {}
        self.number += 1;
    }

    /// Hears a packet of speech, or of a key that is down in every fifth second.
    fn hear(&mut self, now: Moment) {
        let packet = u32::from(self.periods);
        let (sequence, timestamp) = (self.number as u16, self.number as u32 * packet);
        let down = (self.number % 250) as u16;
        let key = TelephoneEvent {
            event: 5,
            end: down > 6,
            volume: 10,
            duration: self.periods.saturating_mul(down + 1),
        };
        let (payload_type, timestamp, payload) = if down < 10 {
            (KEYS, timestamp - u32::from(down) * packet, &key.to_bytes()[..])
        } else {
            (self.payload_type, timestamp, &self.payload[..])
        };
        self.datagram.clear();
        RtpPacket::new(payload_type, sequence, timestamp, Ssrc(7), payload)
            .write(&mut self.datagram);
        self.leg.receive(now, &self.datagram);
    }

    fn report(&mut self, now: Moment) {
        self.datagram.clear();
        let block = ReportBlock { ssrc: Ssrc(1), jitter: 7, ..Default::default() };
        let ntp = NtpTime::from_unix(Duration::from_nanos(now.as_nanos()));
        let sent = SenderInfo { ntp, rtp_timestamp: 0, packets: 0, octets: 0 };
        rtcp::write_sender_report(&mut self.datagram, Ssrc(7), &sent, &[block]);
        rtcp::write_source_description(&mut self.datagram, Ssrc(7), "b@c");
        self.leg.receive_rtcp(now, &self.datagram);
    }
}

#[test]
fn a_call_that_runs_allocates_nothing() {
    let pcm = AudioFormat::Pcm16;
    for (codec, format) in [
        #[cfg(feature = "opus")]
        (Codec::Opus(Default::default()), pcm(ClockRate::Hz24000)),
        (Codec::G711(Law::Mu), AudioFormat::G711(Law::Mu)),
        (Codec::G711(Law::Mu), AudioFormat::G711(Law::A)),
        (Codec::G711(Law::A), pcm(ClockRate::Hz24000)),
        (Codec::G722, pcm(ClockRate::Hz16000)),
        (Codec::G722, pcm(ClockRate::Hz24000)),
    ] {
        let mut call = Call::new(codec, format);
        (0..500).for_each(|_| call.packet_time());
        let before = counting::made();
        (0..2000).for_each(|_| call.packet_time());
        assert_eq!(counting::made() - before, 0, "{codec:?} {format:?}");
        let counters = call.leg.counters();
        assert!(counters.keys >= 8 && counters.rtcp_received >= 20, "{counters:?}");
        assert!(counters.lost > 0, "{counters:?}");
    }
}
