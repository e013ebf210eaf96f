//! A call on a virtual clock: a leg with an agent on one side, a telephone on the other, and a
//! network each way between them.

// Every test file compiles this for itself and uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::f64::consts::TAU;
use std::time::Duration;

use fourwire::listen::Shape;
use fourwire::listen::playout_buffer::{PlayoutBuffer, PlayoutConfig, PlayoutCounters};
use fourwire::sound::g711;
use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{
    AudioFormat, Bridge, ClockRate, Law, Leg, LegConfig, LegCounters, Media, Moment, Output,
    Received,
};
use fourwire_network::{Conditions, Counters, Network};

const PCM: AudioFormat = AudioFormat::Pcm16(ClockRate::Hz8000);

/// What the telephone's user says: two tones that do not repeat together, so that a sample tells
/// its place, and whose steps are bounded.
pub fn tone(place: u64) -> i16 {
    let at = place as f64 / 8000.0;
    ((TAU * 203.7 * at).sin() * 4000.0 + (TAU * 331.3 * at).sin() * 4000.0) as i16
}

/// The steepest that the tone gets from one sample to the next, and what µ-law adds to that.
pub const STEEPEST: i32 = 640 + 1041 + 2 * 128;

/// A packet as it is sent.
#[derive(Clone, Debug)]
pub struct Packet {
    /// When its last sample was spoken, by the sender's clock.
    pub sent: Duration,
    /// Where its first sample is in what is said.
    pub place: u64,
    pub samples: u64,
    pub datagram: Vec<u8>,
}

/// A telephone that is spoken into without pause.
#[derive(Clone, Debug)]
pub struct Telephone {
    pub place: u64,
    sequence: u16,
    timestamp: u32,
    pub ssrc: u32,
    pub packets: Vec<Packet>,
}

impl Telephone {
    /// Sequence numbers and timestamps wrap within the first packets of every call.
    pub fn new() -> Self {
        let (sequence, timestamp) = (0xFFF0, u32::MAX - 3000);
        Self { place: 0, sequence, timestamp, ssrc: 1, packets: Vec::new() }
    }

    /// Says `packets` packets of `millis` each.
    pub fn say(mut self, packets: usize, millis: u64) -> Self {
        for _ in 0..packets {
            self.say_packet(millis * 8);
        }
        self
    }

    fn say_packet(&mut self, samples: u64) {
        let pcm: Vec<i16> = (self.place..self.place + samples).map(tone).collect();
        let (mut payload, mut datagram) = (Vec::new(), Vec::new());
        g711::encode_into(Law::Mu, &pcm, &mut payload);
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        RtpPacket::new(PayloadType::PCMU, sequence, timestamp, Ssrc(self.ssrc), &payload)
            .write(&mut datagram);
        let sent = Duration::from_micros((self.place + samples) * 125);
        self.packets.push(Packet { sent, place: self.place, samples, datagram });
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
        self.place += samples;
    }

    /// Is silent for so long, and sends nothing (silence suppression).
    pub fn pause(mut self, millis: u64) -> Self {
        self.place += millis * 8;
        self.timestamp = self.timestamp.wrapping_add(millis as u32 * 8);
        self
    }

    /// Goes on with another SSRC and other numbers.
    pub fn restart(mut self) -> Self {
        self.ssrc += 1;
        self.jump_in_sequence(20_000).jump_in_timestamp(1_000_000_007)
    }

    pub fn jump_in_sequence(mut self, by: u16) -> Self {
        self.sequence = self.sequence.wrapping_add(by);
        self
    }

    pub fn jump_in_timestamp(mut self, by: u32) -> Self {
        self.timestamp = self.timestamp.wrapping_add(by);
        self
    }
}

/// When a packet came, and how much of the call was out then.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    pub place: u64,
    pub samples: u64,
    /// Samples that the agent had heard just before, and once it was taken in.
    pub before: u64,
    pub after: u64,
}

/// All that happened.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// What the agent heard.
    pub heard: Vec<i16>,
    pub came: Vec<Came>,
    /// When each packet left towards the telephone, and what it was.
    pub sent: Vec<(Moment, Vec<u8>)>,
    /// What the telephone's loudspeaker played, always 20 ms every 20 ms.
    pub played: Vec<i16>,
    pub counters: LegCounters,
    pub to_agent: Counters,
    pub to_telephone: Counters,
    pub ear: PlayoutCounters,
}

impl Call {
    /// A number that differs where anything at all does (FNV-1a).
    pub fn hash(&self) -> u64 {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        let everything = format!("{self:?}");
        everything.bytes().fold(0xCBF2_9CE4_8422_2325, step)
    }
}

/// A call through `conditions` both ways, from the first packet to half a second after the last.
/// At `renegotiated`, a new offer and answer agree on the same again (RFC 3264 §8).
pub fn call(
    telephone: &Telephone,
    conditions: &Conditions,
    seed: u64,
    renegotiated: Option<Duration>,
) -> Call {
    let mut line = Line::new(conditions, seed);
    // The sender's clock may be fast: all that it sends is sent before anything arrives.
    for packet in &telephone.packets {
        line.to_agent.send(packet.sent, packet.clone());
    }
    let end = telephone.packets.last().map_or(Duration::ZERO, |it| it.sent) + SILENCE;
    let mut renegotiated = renegotiated;
    while let Some(now) = line.next().filter(|&now| now <= end) {
        if renegotiated.take_if(|at| *at <= now).is_some() {
            line.leg.renegotiate(moment(now), Media::g711(Law::Mu));
        }
        line.step(now);
    }
    line.hang_up()
}

const SILENCE: Duration = Duration::from_millis(500);
const TURN: Duration = Duration::from_millis(20);

/// The leg, the telephone's ear, and what is between them.
struct Line {
    leg: Leg,
    to_agent: Network<Packet>,
    to_telephone: Network<Vec<u8>>,
    ear: PlayoutBuffer,
    ear_due: Duration,
    call: Call,
}

impl Line {
    fn new(conditions: &Conditions, seed: u64) -> Self {
        let config = LegConfig {
            media: Media::g711(Law::Mu),
            ssrc: Ssrc(0xFEED),
            first_sequence: 65_530,
            first_timestamp: u32::MAX - 1000,
            cname: "leg@example".into(),
            unix_time_at_origin: Duration::ZERO,
        };
        let mut leg = Leg::new(config, Moment::default());
        let append = Duration::from_millis(10);
        leg.bridge(Bridge { append, shape: Shape::Audio, ..Bridge::new(PCM) });
        let answer: Vec<u8> = (0..60 * 8000).flat_map(|at| tone(at).to_le_bytes()).collect();
        leg.say("resp", "item", &answer);
        Self {
            leg,
            to_agent: Network::new(conditions.clone(), seed),
            to_telephone: Network::new(conditions.clone(), seed + 1),
            ear: PlayoutBuffer::new(PlayoutConfig::default()),
            ear_due: Duration::ZERO,
            call: Call::default(),
        }
    }

    /// When something happens next.
    fn next(&self) -> Option<Duration> {
        let leg = self.leg.deadline();
        let leg = Duration::from_nanos(leg.as_nanos());
        let networks = [self.to_agent.deadline(), self.to_telephone.deadline()];
        networks.into_iter().flatten().chain([leg, self.ear_due]).min()
    }

    fn step(&mut self, now: Duration) {
        self.drain(now);
        while let Some((at, packet)) = self.to_agent.poll(now) {
            let before = self.call.heard.len() as u64;
            let taken = self.leg.receive(moment(at), &packet.datagram);
            assert_eq!(taken, Received::Audio);
            self.drain(now);
            let Packet { place, samples, .. } = packet;
            self.call.came.push(Came {
                place,
                samples,
                before,
                after: self.call.heard.len() as u64,
            });
        }
        while let Some((at, datagram)) = self.to_telephone.poll(now) {
            self.ear.receive(moment(at), &RtpPacket::parse(&datagram).expect("ours"));
        }
        if self.ear_due <= now {
            self.ear.play(moment(now), 160, &mut self.call.played);
            self.ear_due += TURN;
        }
    }

    fn drain(&mut self, now: Duration) {
        while let Some(output) = self.leg.poll(moment(now)) {
            match output {
                Output::Rtp(datagram) => {
                    self.call.sent.push((moment(now), datagram.to_vec()));
                    self.to_telephone.send(now, datagram.to_vec());
                }
                Output::Audio { audio, .. } => {
                    let (samples, _) = audio.as_chunks::<2>();
                    self.call.heard.extend(samples.iter().map(|it| i16::from_le_bytes(*it)));
                }
                _ => {}
            }
        }
    }

    fn hang_up(mut self) -> Call {
        self.call.counters = self.leg.counters();
        self.call.to_agent = self.to_agent.counters();
        self.call.to_telephone = self.to_telephone.counters();
        self.call.ear = self.ear.counters();
        self.call
    }
}

fn moment(now: Duration) -> Moment {
    Moment::from_nanos(now.as_nanos() as u64)
}
