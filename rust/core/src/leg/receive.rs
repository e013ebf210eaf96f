//! What comes from the caller: packets sorted by what they are.

use super::config::Content;
use super::{Event, Leg, Received};
use crate::Moment;
use crate::wire::{RtpPacket, is_rtcp};

impl Leg {
    /// Take in a datagram that arrived at the RTP port at `arrival`.
    pub fn receive(&mut self, arrival: Moment, datagram: &[u8]) -> Received {
        if is_rtcp(datagram) {
            return self.receive_rtcp(arrival, datagram);
        }
        let Ok(packet) = RtpPacket::parse(datagram) else {
            self.counters.malformed += 1;
            return Received::Dropped;
        };
        self.counters.packets_received += 1;
        self.note_arrival(arrival);
        match self.media.content(packet.payload_type) {
            Some(Content::Audio) => self.receive_audio(arrival, &packet),
            Some(Content::Key) => self.receive_key(arrival, &packet),
            Some(Content::ComfortNoise) => self.receive_comfort_noise(arrival, &packet),
            None => {
                self.counters.unknown_payload_type += 1;
                self.listener.pass(arrival, &packet);
                Received::Dropped
            }
        }
    }

    /// Take in a datagram that arrived at the RTCP port at `arrival`.
    pub fn receive_rtcp(&mut self, arrival: Moment, datagram: &[u8]) -> Received {
        if self.reports.receive(arrival, datagram, self.listener.source_mut()) {
            self.events.push_back(Event::Goodbye);
        }
        Received::Rtcp
    }

    fn receive_audio(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> Received {
        if !self.media.direction.receives() {
            self.counters.unwanted += 1;
            self.listener.pass(arrival, packet);
            return Received::Dropped;
        }
        self.counters.audio_packets += 1;
        self.listener.receive(arrival, packet);
        Received::Audio
    }

    fn receive_key(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> Received {
        self.listener.pass(arrival, packet);
        self.keys.receive(arrival, packet.timestamp, packet.marker, packet.payload);
        if let Some(watch) = &mut self.watch {
            watch.key();
        }
        Received::Key
    }

    fn receive_comfort_noise(&mut self, arrival: Moment, packet: &RtpPacket<'_>) -> Received {
        if self.listener.hush(arrival, packet) {
            self.counters.comfort_noise_received += 1;
            return Received::ComfortNoise;
        }
        self.counters.malformed += 1;
        Received::Dropped
    }

    fn note_arrival(&mut self, arrival: Moment) {
        self.last_arrival = self.last_arrival.max(arrival);
        if std::mem::take(&mut self.rtp_stopped) {
            self.events.push_back(Event::RtpResumed);
        }
    }
}
