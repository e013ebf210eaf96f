//! The caller's speech as one unbroken line of samples.

use std::time::Duration;

use super::concealer::Concealer;
use super::dejitter::{Arrival, Dejitter, DejitterConfig, DejitterCounters, Stretch};
use super::source::Source;
use crate::sound::g711;
use crate::wire::rtp::RtpPacket;
use crate::{ClockRate, Law, Moment};

/// G.711 packets in, samples out: in order, holes filled, as many as time has passed.
///
/// ```
/// use std::time::Duration;
/// use fourwire::{Law, Moment, listen::Listener, wire::{PayloadType, RtpPacket, Ssrc}};
///
/// let mut listener = Listener::new(Law::Mu, Duration::from_millis(20));
/// let packet = RtpPacket::new(PayloadType::PCMU, 1, 160, Ssrc(9), &[0xFF; 160]);
/// listener.receive(Moment::from_millis(0), &packet);
/// let mut pcm = Vec::new();
/// while listener.poll(Moment::from_millis(0), &mut pcm).is_some() {}
/// assert_eq!(pcm.len(), 160);
/// ```
pub struct Listener {
    law: Law,
    dejitter: Dejitter,
    concealer: Concealer,
}

/// Where samples came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A packet that arrived then.
    Received(Moment),
    /// Concealment of a packet that did not.
    Concealed,
    /// Comfort noise while the caller sends nothing.
    Quiet,
}

impl Listener {
    /// A listener to packets of `law` that last about `packet_time`.
    pub fn new(law: Law, packet_time: Duration) -> Self {
        let clock_rate = ClockRate::Hz8000;
        Self {
            law,
            dejitter: Dejitter::new(DejitterConfig {
                clock_rate,
                packet_time,
                ..Default::default()
            }),
            concealer: Concealer::new(clock_rate),
        }
    }

    /// Read what is yet to be polled by another law.
    pub fn renegotiate(&mut self, law: Law) {
        self.law = law;
    }

    /// Give up waiting for what is missing now: all that has arrived can then be polled.
    pub fn hurry(&mut self) {
        self.dejitter.hurry();
    }

    /// Take in a packet that arrived at `arrival`.
    pub fn receive(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> Arrival {
        self.dejitter.receive(arrival, packet, packet.payload.len())
    }

    /// Take in a packet that is not to be heard, such as a telephone event or comfort noise: where
    /// it is of the same stream, its sequence number is not missing. Other streams are ignored, for
    /// some gateways send their events as one of their own.
    pub fn pass(&mut self, arrival: Moment, packet: &RtpPacket<'_>) {
        if self.source().ssrc() == Some(packet.ssrc) {
            self.dejitter.receive(arrival, &RtpPacket { payload: &[], ..*packet }, 0);
        }
    }

    /// Appends the next samples at 8 kHz to `pcm`, if any are due at `now`. Call until `None`.
    pub fn poll(&mut self, now: Moment, pcm: &mut Vec<i16>) -> Option<Heard> {
        let start = pcm.len();
        Some(match self.dejitter.poll(now)? {
            Stretch::Received { payload, arrival, .. } => {
                g711::decode_into(self.law, payload, pcm);
                self.concealer.hear(&mut pcm[start..]);
                Heard::Received(arrival)
            }
            Stretch::Lost { samples } => {
                self.concealer.conceal(pcm, samples);
                Heard::Concealed
            }
            // A stream that stops is faded out just like a loss, and goes on as comfort noise.
            Stretch::Quiet { samples } => {
                self.concealer.conceal(pcm, samples);
                Heard::Quiet
            }
        })
    }

    /// When to call [`poll`](Self::poll) again though nothing arrived.
    pub fn deadline(&self) -> Option<Moment> {
        self.dejitter.deadline()
    }

    /// The stream that is heard.
    pub fn source(&self) -> &Source {
        self.dejitter.source()
    }

    /// The stream that is heard, to be reported about.
    pub fn source_mut(&mut self) -> &mut Source {
        self.dejitter.source_mut()
    }

    /// What arrived and what became of it.
    pub fn counters(&self) -> DejitterCounters {
        self.dejitter.counters()
    }
}
