//! A telephone that speaks, a leg that listens, and what came of it, on a virtual clock.

// Every test file compiles this for itself and uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::f64::consts::TAU;
use std::time::Duration;

use fourwire::listen::Shape;
use fourwire::sound::codec::Encoder;
use fourwire::sound::level;
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Codec, Event, Leg, LegConfig, Media, Moment, Output, Recorded,
    Side,
};

pub const PACKET: Duration = Duration::from_millis(20);

pub fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

pub fn leg(media: Media) -> Leg {
    let config = LegConfig {
        media,
        ssrc: Ssrc(1),
        first_sequence: 0,
        first_timestamp: 0,
        cname: "a@b".into(),
        unix_time_at_origin: Duration::ZERO,
    };
    Leg::new(config, at(0))
}

pub fn tone(hertz: f64, rate: ClockRate, samples: usize) -> Vec<i16> {
    let step = hertz * TAU / f64::from(rate.hertz());
    (0..samples).map(|n| ((n as f64 * step).sin() * 8000.0) as i16).collect()
}

pub fn bytes(pcm: &[i16]) -> Vec<u8> {
    pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

pub fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect()
}

/// How much of `pcm` is a tone of `hertz`, in dB.
pub fn share_of(hertz: f64, rate: ClockRate, pcm: &[i16]) -> f64 {
    let step = hertz * TAU / f64::from(rate.hertz());
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &sample) in pcm.iter().enumerate() {
        let (sin, cos) = (n as f64 * step).sin_cos();
        (re, im) = (re + f64::from(sample) * cos, im + f64::from(sample) * sin);
    }
    let tone = 2.0 * (re * re + im * im) / (pcm.len() as f64).powi(2);
    10.0 * (tone / level::power(pcm)).log10()
}

/// A telephone that speaks a tone, packet by packet, in whatever codec it is told.
pub struct Phone {
    /// What it has to say, at 48 kHz.
    pub pcm: Vec<i16>,
    encoder: Option<(Codec, Encoder)>,
    pub number: u16,
    pub timestamp: u32,
}

impl Phone {
    pub fn speaking(hertz: f64) -> Self {
        let pcm = tone(hertz, ClockRate::Hz48000, 5 * 48_000);
        Self { pcm, encoder: None, number: 0, timestamp: 0 }
    }

    pub fn packet(&mut self, codec: Codec) -> Vec<u8> {
        let every = 48_000 / codec.audio_rate().hertz() as usize;
        let pcm = &self.pcm[usize::from(self.number) * 960..][..960];
        let pcm: Vec<i16> = pcm.iter().step_by(every).copied().collect();
        let fitting = self.encoder.take().filter(|(before, _)| *before == codec);
        let mut encoder = fitting.map_or_else(|| Encoder::new(codec), |(_, encoder)| encoder);
        let mut payload = Vec::new();
        encoder.encode_into(&pcm, &mut payload);
        self.encoder = Some((codec, encoder));
        let mut datagram = Vec::new();
        RtpPacket::new(codec.payload_type(), self.number, self.timestamp, Ssrc(7), &payload)
            .write(&mut datagram);
        self.number += 1;
        self.timestamp += codec.periods(&payload) as u32;
        datagram
    }
}

/// What came out of a leg.
#[derive(Default)]
pub struct Log {
    pub packets: Vec<(PayloadType, u32, Vec<u8>)>,
    pub heard: Vec<u8>,
    pub recorded: Vec<i16>,
    pub events: Vec<Event>,
}

/// Lays a stretch of a recording where it belongs in the interleaved `stereo`.
pub fn lay(stereo: &mut Vec<i16>, stretch: Recorded<'_>) {
    let end = stretch.position as usize + stretch.pcm.len();
    stereo.resize(stereo.len().max(2 * end), 0);
    let side = usize::from(stretch.side == Side::Agent);
    for (n, &sample) in stretch.pcm.iter().enumerate() {
        stereo[2 * (stretch.position as usize + n) + side] = sample;
    }
}

impl Log {
    pub fn drain(&mut self, leg: &mut Leg, now: u64) {
        while let Some(output) = leg.poll(at(now)) {
            match output {
                Output::Rtp(datagram) => {
                    let packet = RtpPacket::parse(datagram).unwrap();
                    let (kind, timestamp) = (packet.payload_type, packet.timestamp);
                    self.packets.push((kind, timestamp, packet.payload.to_vec()));
                }
                Output::Audio { audio, .. } => self.heard.extend(audio),
                Output::Recorded(stretch) => lay(&mut self.recorded, stretch),
                Output::Event(event) => self.events.push(event),
                Output::Rtcp(_) | Output::Append(_) => {}
            }
        }
    }

    /// `packets` packet times from `from` on in which the phone speaks.
    pub fn talk(&mut self, leg: &mut Leg, phone: &mut Phone, codec: Codec, packets: u64) {
        for _ in 0..packets {
            let now = u64::from(phone.number) * 20;
            leg.receive(at(now), &phone.packet(codec));
            self.drain(leg, now);
        }
    }
}

pub fn hearing(media: Media, format: AudioFormat) -> Leg {
    let mut leg = leg(media);
    leg.bridge(Bridge { append: PACKET, shape: Shape::Audio, ..Bridge::new(format) });
    leg
}
