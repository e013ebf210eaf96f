//! A phone of plain sockets, and a user who waits for what the engine tells.

// Every test file compiles this for itself and uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use fourwire::wire::{PayloadType, RtpPacket, Ssrc};
use fourwire::{AudioFormat, Bridge, Event, Law, Media};
use fourwire_engine::{Closed, Engine, EngineConfig, EngineEvent, LegHandle, LegId, Remote};

/// Longer than any of these tests needs on a machine that does anything at all.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const PCMU: AudioFormat = AudioFormat::G711(Law::Mu);

pub fn engine() -> Engine {
    engine_with(|_| {})
}

pub fn engine_with(change: impl FnOnce(&mut EngineConfig)) -> Engine {
    let mut config = EngineConfig::default();
    config.address = "127.0.0.1".parse().unwrap();
    change(&mut config);
    Engine::new(config).unwrap()
}

/// Calls `phone`; the agent hears and speaks PCMU.
pub fn call(engine: &Engine, phone: &Phone) -> LegHandle {
    let leg = engine.reserve().unwrap().start(Media::g711(Law::Mu), phone.remote()).unwrap();
    leg.bridge(Bridge::new(PCMU));
    leg
}

/// Codes that differ from sample to sample, none of them one of the two zeros.
pub fn speech(samples: usize) -> Vec<u8> {
    (0..samples).map(|n| (n * 7 % 127) as u8).collect()
}

pub fn counter(leg: &LegHandle, name: &str) -> u64 {
    of(&leg.counters(), name)
}

pub fn of(entries: &[(&str, u64)], name: &str) -> u64 {
    entries.iter().find(|(it, _)| *it == name).unwrap_or_else(|| panic!("no counter {name}")).1
}

/// Waits until `done` gives something.
pub fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = done() {
            return result;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What an event was, to be kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Append(Vec<u8>),
    Audio(Vec<u8>),
    Leg(Event),
    Latched(SocketAddr),
    Closed(Closed),
}

/// Takes events and keeps what nobody asked for yet.
pub struct Listener<'a> {
    engine: &'a Engine,
    kept: VecDeque<(LegId, Told)>,
}

impl<'a> Listener<'a> {
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine, kept: VecDeque::new() }
    }

    pub fn take(&mut self) {
        let Self { engine, kept } = self;
        engine.take(|leg, event| {
            let told = match event {
                EngineEvent::Append(message) => Told::Append(message.to_vec()),
                EngineEvent::Audio { audio, .. } => Told::Audio(audio.to_vec()),
                EngineEvent::Leg(event) => Told::Leg(event),
                EngineEvent::Latched(peer) => Told::Latched(peer),
                EngineEvent::Closed(closed) => Told::Closed(closed),
                other => panic!("unknown event {other:?}"),
            };
            kept.push_back((leg, told));
        });
    }

    /// The first event of `leg` that `pick` wants.
    pub fn wait<T>(&mut self, what: &str, leg: LegId, pick: impl Fn(&Told) -> Option<T>) -> T {
        until(what, || {
            self.take();
            let at = self.kept.iter().position(|(of, told)| *of == leg && pick(told).is_some())?;
            self.kept.remove(at).and_then(|(_, told)| pick(&told))
        })
    }

    pub fn closed(&mut self, leg: LegId) -> Closed {
        self.wait("the end of the call", leg, |told| match told {
            Told::Closed(closed) => Some(closed.clone()),
            _ => None,
        })
    }

    pub fn kept(&self) -> impl Iterator<Item = &Told> {
        self.kept.iter().map(|(_, told)| told)
    }
}

/// A packet as the phone got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: Vec<u8>,
    pub source: SocketAddr,
}

/// A phone: sockets for RTP and RTCP, and a stream of its own.
pub struct Phone {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

impl Phone {
    pub fn at(address: &str) -> Self {
        let bind = || UdpSocket::bind(format!("{address}:0")).unwrap();
        let (rtp, rtcp) = (bind(), bind());
        rtp.set_read_timeout(Some(PATIENCE)).unwrap();
        rtcp.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { rtp, rtcp, ssrc: 0x1234_5678, sequence: 65_000, timestamp: 7 }
    }

    pub fn remote(&self) -> Remote {
        let (rtp, rtcp) = (self.rtp.local_addr().unwrap(), self.rtcp.local_addr().unwrap());
        Remote { rtcp, ..Remote::new(rtp) }
    }

    /// Sends `payload` as the next packet to `port` of the engine.
    pub fn say(&mut self, payload: &[u8], engine: SocketAddr) {
        let mut datagram = Vec::new();
        RtpPacket {
            marker: false,
            payload_type: PayloadType::PCMU,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: Ssrc(self.ssrc),
            csrcs: Default::default(),
            extension: None,
            payload,
        }
        .write(&mut datagram);
        self.rtp.send_to(&datagram, engine).unwrap();
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
    }

    /// The next packet that comes.
    pub fn hear(&self) -> Packet {
        let mut datagram = [0; 2048];
        let (length, source) = self.rtp.recv_from(&mut datagram).expect("a packet should come");
        let packet = RtpPacket::parse(&datagram[..length]).expect("it should be RTP");
        Packet {
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            ssrc: packet.ssrc.0,
            payload: packet.payload.to_vec(),
            source,
        }
    }

    /// Packets until one of them is as `last` wants it, that one included.
    pub fn hear_until(&self, last: impl Fn(&Packet) -> bool) -> Vec<Packet> {
        let deadline = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        while heard.last().is_none_or(|it| !last(it)) {
            assert!(Instant::now() < deadline, "waited too long for a packet");
            heard.push(self.hear());
        }
        heard
    }

    /// Whether nothing at all has come.
    pub fn heard_nothing(&self) -> bool {
        self.rtp.set_nonblocking(true).unwrap();
        self.rtp.recv_from(&mut [0; 2048]).is_err()
    }
}
