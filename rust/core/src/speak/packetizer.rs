//! Numbers on outgoing packets: sequence, timestamp, marker (RFC 3550 §5.1).

use crate::wire::{PayloadType, RtpPacket, Ssrc};

/// The header of the next packet, and of all that follow.
///
/// The counters are wide and only the wire sees them wrap.
#[derive(Clone, Debug)]
pub struct Packetizer {
    ssrc: Ssrc,
    sequence: u64,
    timestamp: u64,
    packets: u64,
    octets: u64,
    /// Packets and octets of the streams before this one.
    before: (u64, u64),
}

impl Packetizer {
    /// A stream of `ssrc` that starts at these numbers, which ought to be random (RFC 3550 §5.1).
    pub fn new(ssrc: Ssrc, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            ssrc,
            sequence: first_sequence.into(),
            timestamp: first_timestamp.into(),
            packets: 0,
            octets: 0,
            before: (0, 0),
        }
    }

    /// Goes on as another stream, as a sender must whose timestamps change their clock (RFC 7160
    /// §4.1). Its name is as random as the one before, and made of it.
    pub fn begin_stream(&mut self) {
        self.ssrc = Ssrc(self.ssrc.0.wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15));
        self.before = (self.packets, self.octets);
    }

    /// Appends the packet that carries `payload` at the present timestamp.
    pub fn packet(
        &mut self,
        payload_type: PayloadType,
        marker: bool,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        self.packet_at(self.timestamp(), payload_type, marker, payload, out);
    }

    /// Appends a packet that carries `payload` at a `timestamp` of its own, as all packets of a
    /// telephone event do (RFC 4733 §2.2.2).
    pub fn packet_at(
        &mut self,
        timestamp: u32,
        payload_type: PayloadType,
        marker: bool,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let sequence = self.sequence as u16;
        let packet = RtpPacket::new(payload_type, sequence, timestamp, self.ssrc, payload);
        RtpPacket { marker, ..packet }.write(out);
        self.sequence += 1;
        self.packets += 1;
        self.octets += payload.len() as u64;
    }

    /// Let `samples` of the stream's time go by.
    pub fn advance(&mut self, samples: u64) {
        self.timestamp += samples;
    }

    /// The stream's own name.
    pub fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    /// The timestamp of the next audio packet.
    pub fn timestamp(&self) -> u32 {
        self.timestamp as u32
    }

    /// The same before it wraps.
    pub(crate) fn time(&self) -> u64 {
        self.timestamp
    }

    /// Packets made so far, in all streams.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets and payload octets of the present stream (RFC 3550 §6.4.1, sender's counts).
    pub fn sent(&self) -> (u64, u64) {
        (self.packets - self.before.0, self.octets - self.before.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wire_sees_the_counters_wrap() {
        let mut packetizer = Packetizer::new(Ssrc(7), u16::MAX, u32::MAX);
        let mut wire = Vec::new();
        packetizer.packet(PayloadType::PCMU, true, &[0xFF; 160], &mut wire);
        packetizer.advance(160);
        packetizer.packet(PayloadType::PCMU, false, &[0xFF; 160], &mut wire);

        let first = RtpPacket::parse(&wire[..172]).unwrap();
        let second = RtpPacket::parse(&wire[172..]).unwrap();
        assert_eq!((first.sequence, first.timestamp), (u16::MAX, u32::MAX));
        assert_eq!((second.sequence, second.timestamp), (0, 159));
        assert_eq!((packetizer.packets(), packetizer.sent()), (2, (2, 320)));
    }

    #[test]
    fn another_stream_counts_from_zero_under_another_name() {
        let mut packetizer = Packetizer::new(Ssrc(7), 0, 0);
        packetizer.packet(PayloadType::PCMU, true, &[0xFF; 160], &mut Vec::new());
        packetizer.begin_stream();
        assert_ne!(packetizer.ssrc(), Ssrc(7));
        assert_eq!((packetizer.packets(), packetizer.sent()), (1, (0, 0)));
    }
}
